# pubflow. `make demo` runs the main job, `make test` passes all tests; both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

.PHONY: help setup demo test check bench chaos clean
help:
	@echo "make demo    the main job on the real 2016 report, start to public page"
	@echo "make test    format, lint, types, floors, migrations and all tests, with the seconds of each room"
	@echo "make check   the same without the tests"
	@echo "make bench   measurements, as tables and as JSON in bench/results/"
	@echo "make chaos   500 kills at named points, clock steps, full disks and more against real processes; half an hour"
	@echo "make clean   remove what the others made"

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info < (3, 14)))' \
		|| { echo "pubflow needs Python 3.11 to 3.13; this is $$($(PYTHON) --version). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@$(BIN)/python -c 'from pubflow.service.prefect_guard import migrated_database; migrated_database()'
	@touch $@

demo: $(READY)
	@$(BIN)/pubflow demo

check: $(READY)
	@$(BIN)/python scripts/check.py

test: $(READY)
	@scripts/debian-packages chromium strace openssl go:golang-go \
		/usr/share/gocode/src/golang.org/x/mod:golang-golang-x-mod-dev
	@$(BIN)/python scripts/check.py --tests

bench: $(READY)
	@$(BIN)/python -m bench

chaos: $(READY)
	@scripts/debian-packages strace
	@$(BIN)/python -m chaos

clean:
	rm -rf $(VENV) pubflow-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
