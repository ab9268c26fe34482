# make run       start the gateway: with config.json its channels, without one a chat page to try out
# make install   put it into .venv without starting it; again after an upgrade
# make test      every test; what needs a tool that is not there is skipped with a sentence
# make check     lint, strict types, the shape of the house, packages with known faults

PYTHON ?= python3
BIN := .venv/bin
NEEDS_PYTHON := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: run install test test-long check format bench clean

run: .venv/.installed
	@$(BIN)/gateway run

install: .venv/.installed

# two at a time: most of them wait, for a process to start or a timer to end
test: .venv/.installed-dev
	$(BIN)/pytest --numprocesses 2 --dist loadfile

# the runs that take minutes, an hour in all: hundreds of kills, a hundred thousand inputs for each parser, weeks of load
test-long: .venv/.installed-dev
	$(BIN)/pytest -m long --timeout 3600 -s

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py
	@$(BIN)/python -m tests.audit

format: .venv/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: .venv/.installed-dev
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c '$(NEEDS_PYTHON)' || { echo "Python 3.11 or newer is needed: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing; on Debian and Ubuntu: apt install python3-venv"; exit 1; }

# not compiled here: Python does that at the first start, and only for what is used, a quarter of the space
.venv/.installed: pyproject.toml | .venv/bin/python
	@echo "installing into .venv …"
	@$(BIN)/pip install --quiet --no-compile --disable-pip-version-check --editable '.[all]'
	@echo "done; so that this shell finds the command \`gateway\`: . .venv/bin/activate"
	@touch $@

.venv/.installed-dev: pyproject.toml | .venv/bin/python
	@echo "installing into .venv, with the tools for tests …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	@touch $@ .venv/.installed
