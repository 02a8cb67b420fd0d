# Two commands for a fresh machine: `make demo` and `make test`; `make check` and `make unit` are the quick part of `make test`,
# which leaves out what needs a server, a browser or builds, or takes long, unless GFPLUG_REQUIRE_ALL is set, as `.ci/run` sets it;
# `make fuzz` is the long form of tests/fuzz, `make pythons` the quick tests and a project on every Python (.ci/noxfile.py);
# `make platforms`, by hand and as root, puts up other platforms on this machine.
# Inside are plain pip, gfplug, ruff, mypy and pytest.
PYTHON ?= python3
unexport PYTHONDONTWRITEBYTECODE  # where it is set, each run and each of its workers compiles every module anew

.PHONY: demo test check platform-types unit fuzz pythons platforms prerequisites preview-assets release-check

.venv/gfplug: pyproject.toml | prerequisites
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

.venv/dev: .venv/gfplug runtime/pyproject.toml
	.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]' --editable runtime
	touch $@

prerequisites:
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not on PATH; README.md says what to install" >&2; exit 1; }
	@$(PYTHON) .ci/prerequisites.py $(MAKECMDGOALS)

demo: .venv/gfplug
	rm -rf demo
	.venv/bin/gfplug new signals demo --org demo --defaults
	.venv/bin/gfplug build demo
	.venv/bin/gfplug call query demo/dist

check: .venv/dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/python tests/check_types.py

platform-types: .venv/dev
	.venv/bin/python tests/check_types.py win32 darwin

unit: .venv/dev
	.venv/bin/python -m pytest --numprocesses=4 --hypothesis-profile=quick -m "not slow" tests/cli tests/runtime

fuzz: .venv/dev
	GFPLUG_FUZZ_EXAMPLES=$${GFPLUG_FUZZ_EXAMPLES:-3000} .venv/bin/python -m pytest --numprocesses=2 --timeout=3600 tests/fuzz

pythons: .venv/dev
	.venv/bin/python -m nox --noxfile .ci/noxfile.py

platforms: .venv/dev
	.venv/bin/python tests/platforms/linux_arm64.py
	.venv/bin/python tests/platforms/windows.py

# The page of `gfplug preview`, where Node.js and npm are; GRAFANA=13.2.2 builds it for one version only.
preview-assets:
	$(PYTHON) preview/build_page.py $(if $(GRAFANA),--grafana $(GRAFANA))

test: check
	.venv/bin/python -m pytest --numprocesses=2 --dist=loadscope $(if $(GFPLUG_REQUIRE_ALL),,--ignore=tests/databases -m "not (browser or bundles or databases or network or long or soak)")

# What the release workflow does with a tag, without publishing; PREVIEW=1 builds the page of `gfplug preview` too.
release-check: build/release/.tools
	rm -rf build/release/packages build/release/notes.md
	build/release/venv/bin/python .ci/release/build.py build/release $(if $(PREVIEW),--preview)
	build/release/venv/bin/python .ci/release/try_packages.py build/release/packages

build/release/.tools: .ci/release/requirements.txt
	$(PYTHON) -m venv build/release/venv
	build/release/venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@
