"""Run by the interpreter of a project's environment: compiles the author's modules for the bundle.

`python bytecode.py SOURCE TARGET`: compiles into each .pyc below TARGET the .py of the same name below SOURCE;
the result does not depend on the project's path. Prints the names without a source. Imports nothing of gfplug.
"""

import os
import py_compile
import sys


def main(source: str, target: str) -> None:
    """Compile each module that has a source."""
    for folder, _, names in os.walk(target):
        for name in sorted(names):
            if not name.endswith(".pyc"):
                continue
            compiled = os.path.join(folder, name)  # noqa: PTH118 - as os.walk gives it
            relative = os.path.relpath(compiled, target)[: -len("c")]
            module = os.path.join(source, relative)  # noqa: PTH118
            if not os.path.isfile(module):  # noqa: PTH113
                sys.stdout.write(relative + "\n")
                continue
            py_compile.compile(
                module,
                cfile=compiled,
                dfile=os.path.join(os.path.basename(target), relative).replace(os.sep, "/"),  # noqa: PTH118, PTH119
                doraise=True,
                optimize=0,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
