# Two commands for a fresh machine: `make demo` and `make test`. Inside are plain pip, gfplug, ruff, mypy and pytest.
PYTHON ?= python3

.PHONY: demo test

.venv/gfplug: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: .venv/gfplug runtime/pyproject.toml
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --editable runtime
	touch $@

demo: .venv/gfplug
	rm -rf demo
	.venv/bin/gfplug new signals demo --org demo --defaults
	.venv/bin/gfplug build demo
	.venv/bin/gfplug call query demo/dist

test: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/python tests/check_types.py
	.venv/bin/python -m pytest --numprocesses=2 --dist=loadgroup
