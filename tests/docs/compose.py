"""Check the compose file that `docker compose up` would read in this folder: it parses, and its mounts exist."""

import sys
from pathlib import Path

import yaml

services = yaml.safe_load(Path("docker-compose.yaml").read_text(encoding="utf-8"))["services"]
mounted = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
missing = [path for path in mounted if not Path(path).is_dir()]
if "./dist" not in mounted or missing:
    sys.exit(f"docker-compose.yaml mounts {mounted}, of which {missing} are not there")
