# The commands of this project. `make` alone lists them.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed

# Lines and branches of the engine that tests reach, in percent, at least.
COVERED := 100

.PHONY: help setup drill machine-drill package site test test-all coverage sessions machine-test faults mutants \
  sabotage guests check clean
help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 16

setup: $(STAMP)  ## install everything into .venv

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; this is $$($(PYTHON) --version)"; \
	    echo "HINT: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 4; }
	@echo "installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check -e '.[sandbox,test]'
	@touch $(STAMP)

drill: setup  ## run readiness, a drill and validation on a sandbox
	@$(VENV)/bin/pytest suites/readiness suites/drill suites/validate --rollback-target=sandbox

machine-drill: setup  ## the same on a whole host: systemd, nginx, PostgreSQL, over ssh
	@$(VENV)/bin/python scripts/dev/build_machine
	@$(VENV)/bin/pytest suites/readiness suites/drill suites/validate --rollback-target=machine

test: setup  ## run our own tests: units, contracts, the main promises; ten minutes
	@$(VENV)/bin/python scripts/dev/own_tests

test-all: setup  ## run all other tests except the long ones below; half an hour
	@$(VENV)/bin/python scripts/dev/own_tests --slow

sessions: setup  ## run the whole sessions that test-all leaves; an hour
	$(VENV)/bin/pytest -q -n 2 --dist loadfile -m long \
	  tests/plugin tests/fleet tests/architecture tests/unit

machine-test: setup  ## run all tests on a whole host and with containers; half an hour or more
	@$(VENV)/bin/python scripts/dev/build_machine
	$(VENV)/bin/pytest tests/machine tests/shapes tests/containers \
	  tests/unit/agent/services/test_conformance.py

faults: setup  ## run the fault tests: kills, errors, power cuts, edges, mutants; in two processes
	ROLLBACK_FAULTS=all nice $(VENV)/bin/pytest -q -n 2 --dist worksteal -o timeout=14400 tests/faults

mutants: setup  ## run every proof of the restore on each mutant of it: a table; hours, in two processes
	ROLLBACK_FAULTS=mutants nice $(VENV)/bin/pytest -q -n 2 --dist worksteal -o timeout=14400 \
	  tests/faults/test_mutants.py -k which_proof

sabotage: setup  ## play every defect of the sabotage library, renew docs/sabotage.md; an hour
	@rm -rf build/sabotage
	-ROLLBACK_SABOTAGE=build/sabotage nice $(VENV)/bin/pytest -q tests/sabotage
	$(VENV)/bin/python -m tests.sabotage.matrix build/sabotage > docs/sabotage.md

guests: setup  ## play readiness in folders of other people, and their tests; renew docs/guests.md; an hour
	@rm -rf build/guests
	-ROLLBACK_GUESTS=build/guests nice $(VENV)/bin/pytest -q -n 2 --dist worksteal tests/guests
	$(VENV)/bin/python -m tests.guests.tables build/guests > docs/guests.md

coverage: setup  ## measure coverage of the agent, the gate and the actions
	rm -f .coverage .coverage.*
	ROLLBACK_FAULTS=few $(VENV)/bin/coverage run -m pytest -q -m "not long" \
	  tests/unit tests/contract tests/faults
	$(VENV)/bin/coverage combine -q
	$(VENV)/bin/coverage report --sort=miss --fail-under=$(COVERED)

package: setup  ## build wheel and sdist into build/dist, and check what an index and a user get
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check build twine \
	  "readme_renderer[md]" check-wheel-contents pyroma
	@rm -rf build/dist
	$(VENV)/bin/python -m build --outdir build/dist .
	$(VENV)/bin/twine check --strict build/dist/*
	$(VENV)/bin/check-wheel-contents build/dist/*.whl
	$(VENV)/bin/pyroma --min 9 build/dist/*.tar.gz
	@rm -rf build/lib build/bdist.*

site: setup  ## build the site of the documents into build/site, without network; no dead link
	@NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build -f scripts/dev/site/mkdocs.yml
	@echo "built: build/site/index.html"

check: setup  ## format, lint, types, tests
	scripts/dev/check

clean:  ## remove what setup installed
	rm -rf $(VENV) build
