# Everything a person types. `make run` and `make test` are the two commands of the README.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# every extra but ib-async, which cannot be there beside ib
EXTRAS := backtrader build cluster dev ib postgres search web
# what the image of the Dockerfile has
IMAGE  := build ib postgres web

.DEFAULT_GOAL := help
.PHONY: help setup run test prove figures matrix lint fix bench golden lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY) ## install into .venv exactly what requirements.lock says, with every extra

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(not (3, 11) <= v <= (3, 13))' \
	  || { echo "Python 3.11, 3.12 or 3.13 is needed: say make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

run: $(READY) ## the 5/1 SLOB over the bundled synthetic sample, with a report
	$(BIN)/engine run strategies/slob_5_1.yaml --instrument MNQ --report runs/sample

test: $(READY) ## every test: examples, laws, golden files, command line
	$(BIN)/python -m pytest -n auto

prove: $(READY) ## the long proofs: thousands of seeds, and the planted bugs
	HYPOTHESIS_PROFILE=prove $(BIN)/python -m pytest -n auto -m law --timeout 0
	$(BIN)/python -m tests.planted_bugs

figures: $(READY) ## the figures of live trading, in one table: make figures SHARE=test|ci|prove
	$(BIN)/python -m tests.live_figures --share $(or $(SHARE),test)

# ib_async cannot be installed beside ib_insync (both bring `eventkit`), so it lies in a folder
matrix: $(READY) .ib-async/.ready ## both client libraries x server versions x carriers, and the engine on each
	$(BIN)/python -m tests.adapters.gateway.smoke ib_insync
	PYTHONPATH=.ib-async $(BIN)/python -m tests.adapters.gateway.smoke ib_async
	$(BIN)/python -m tests.proofs.libraries

.ib-async/.ready: requirements.ib-async.lock $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
	  --target .ib-async -r requirements.ib-async.lock
	@touch $@

lint: $(READY) ## style, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: $(READY) ## format, and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## the benchmark table, beside the yardstick where ../shared is there
	$(BIN)/python -m benchmarks

golden: $(READY) ## rewrite golden/ from the interpreter, then show what moved
	$(BIN)/python -m pytest tests/golden --snapshot-update
	git diff --stat -- golden/

lock: ## write the locks anew from pyproject.toml (needs uv)
	uv pip compile pyproject.toml $(EXTRAS:%=--extra %) --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --quiet -o requirements.lock
	uv pip compile pyproject.toml $(IMAGE:%=--extra %) --universal --python-version 3.11 \
	  --constraint requirements.lock --generate-hashes --no-emit-index-url --no-header --quiet \
	  -o requirements.image.lock
	printf 'ib-async>=2.1,<3\naeventkit>=2.1,<3\n' | uv pip compile - --no-deps --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet \
	  -o requirements.ib-async.lock

clean: ## remove what was made here
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
