"""The compiled launchers for `--libc bundled`, one for each machine, their source, and `make.py`, which compiles it."""
