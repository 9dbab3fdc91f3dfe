# The one list of commands; `make` alone prints it. Everything happens in .venv and build/.

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
STAMP := .venv/.ready
COMPILED := $(wildcard host/quelea/reference/twin/*.py) \
    $(shell find host -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h')
TOOLS := $(wildcard tools/*.py tools/*/*.py)

.DEFAULT_GOAL := help
.PHONY: help env run test check bench mutants conform clean

help: ## Print this list.
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
	@echo "  ARGS=... is handed to quelea and pytest, for example: make run ARGS='--nodes 8'"

env: $(STAMP) ## Prepare .venv: all packages, the compiled reference, the command quelea.

$(STAMP): pyproject.toml setup.py tools/env.sh $(COMPILED)
	@sh tools/env.sh "$(PYTHON)" $?
	@touch $@

run: env ## Start an emulated fleet with two liars and watch it agree.
	$(BIN)/quelea fleet $(ARGS)

test: env ## Run every test; what cannot run here is named with the command that installs it.
	@$(BIN)/python tools/missing.py
	$(BIN)/python tools/suite.py $(ARGS)

check: env ## Lint, types, spelling, house rules, derived files and vectors.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=tools $(BIN)/mypy $(TOOLS)
	MYPYPATH=host:shared:firmware $(BIN)/mypy bench/__main__.py bench/plots.py
	$(BIN)/codespell
	$(BIN)/python tools/tidy.py
	$(BIN)/python tools/derive.py --check
	$(BIN)/python tools/oracle.py --check
	$(BIN)/python tools/networks.py --check
	$(BIN)/python tools/wiring.py --check
	$(BIN)/quelea games --check

bench: env ## Measure kernels and firmware against peers and limits; pictures in runs/bench/.
	$(BIN)/python -m bench --plot runs/bench $(ARGS)

mutants: env ## Plant every known error in the nodes' code; a checker must find each.
	$(BIN)/quelea mutants --write $(ARGS)
	$(BIN)/python tools/derive.py

conform: env ## Hold every target found here to the reference, bit for bit.
	$(BIN)/quelea conform $(ARGS)

clean: ## Delete what was built; keeps .venv and runs/.
	rm -rf build dist *.egg-info host/*.egg-info .pytest_cache .mypy_cache .ruff_cache $(STAMP)
	find host shared firmware tests tools -name __pycache__ -prune -exec rm -rf {} +
	find host -name '*.so' -delete
