# The commands of this project. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: help setup test check clean
help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## install everything into .venv

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[sandbox,test]'
	@touch $(STAMP)

test: setup  ## run our own tests
	$(VENV)/bin/pytest tests

check: setup  ## format, lint, types
	$(VENV)/bin/ruff format --check plugins suites tests scripts conftest.py
	$(VENV)/bin/ruff check plugins suites tests scripts conftest.py
	$(VENV)/bin/mypy

clean:  ## remove what setup made
	rm -rf $(VENV) build
