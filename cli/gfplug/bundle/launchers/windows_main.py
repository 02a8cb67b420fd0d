"""The `__main__.py` of the Windows launcher: runs in the project's interpreter, which has the runtime, not gfplug.

`launch.json` beside it in the zip says what to start.
"""

import json
import os
import pkgutil
import runpy
import sys


def main() -> None:
    """Run the project's source, or print the plugin's address and keep running."""
    config = json.loads(pkgutil.get_data("__main__", "launch.json") or b"{}")
    if config["address"]:
        from gfruntime.serving import host_process, standalone  # noqa: PLC0415  # the other way needs neither

        standalone.redirect_host(config["address"], pid=0, host=host_process.find())
        return
    os.environ["GFPLUG_LINK"] = config["link"]
    os.environ["PYTHONPATH"] = config["source"]
    sys.path[:1] = [config["source"]]
    sys.argv[:] = ["gfruntime.dev"]
    runpy.run_module("gfruntime.dev", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
