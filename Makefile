# Everything a developer runs. A fresh machine needs Python >= 3.11 and make.
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(shell $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v $(p))))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CANDLES ?=

.PHONY: all help env demo test soak lint types format migrations schema docs bench wheel clean
.DEFAULT_GOAL := all

all: lint types test  ## lint, types and tests: what CI runs

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

env: $(READY)  ## the virtual environment, with the package installed editable

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer was not found: install it, or run make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## an embedded PostgreSQL, candles, a strategy and its trades (CANDLES=file to load your own)
	@$(BIN)/tradingdb demo $(if $(CANDLES),--candles "$(CANDLES)")

test: $(READY)  ## the whole suite, on a real PostgreSQL
	@# what pytest compiles is kept for the next run, also where the environment says otherwise
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses 2 --dist worksteal

soak: $(READY)  ## what the suite does small, at full size: a storm over the ledger, fifty killed writers of candles
	$(BIN)/python tests/services/ledger/storm.py
	$(BIN)/python tests/candles/killed_writers.py

lint: $(READY)  ## ruff, and squawk over the SQL of every revision
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/tradingdb migrate sql > $(VENV)/revisions.sql && $(BIN)/squawk --config .squawk.toml $(VENV)/revisions.sql

format: $(READY)  ## rewrite the code in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)  ## mypy, strict
	$(BIN)/mypy

schema: $(READY)  ## write what is made from the models: docs/schema, and the types of the contracts
	$(BIN)/python docs/schema_pages.py
	$(BIN)/python -m tradingdb.schemas.stubs

docs: $(READY)  ## build the documentation into docs/_build/html, without network
	$(BIN)/python docs/schema_pages.py --check
	$(BIN)/python -m sphinx -W --keep-going --quiet --fresh-env --builder html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: $(READY)  ## how fast it is, against named rivals; writes docs/performance.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	$(BIN)/python benchmarks/candles.py --docs
	$(BIN)/python benchmarks/sealed.py --docs
	$(BIN)/python benchmarks/ledger.py --docs
	$(BIN)/python benchmarks/performance.py --docs
	$(BIN)/python benchmarks/memory.py --docs

wheel: $(READY)  ## build the wheel into dist/
	$(BIN)/python -m hatchling build -t wheel

clean:  ## remove what make made (never a database)
	rm -rf $(VENV) dist docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
