# Needs Python 3.11 or newer, make and a C library; everything else comes from requirements.lock.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
CLIP ?=
# Or each of the processes that tests start compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test browser check frontend bench soak fuzz clean lock

help: ## Show what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/installed ## Install the pinned dependencies into .venv

.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Custos needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Custos needs Python 3.11 or newer, $(PYTHON) is older: say make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Installing the pinned dependencies into .venv (about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Package a clip from start to end, verify it, keep serving (CLIP=path for your own)
	@$(BIN)/custos demo $(if $(CLIP),--clip "$(CLIP)")

test: setup browser ## Run every test
	@# A worker more than two processors: each waits for its engines now and then. Four take a third longer.
	@$(BIN)/python -m pytest -n 3 --no-loadscope-reorder --durations=20 --durations-min=5

browser: setup ## Find a Chromium for the browser tests, or fetch one (no root needed)
	@# Without one the other tests still run, and those of the browser fail.
	-@$(BIN)/python -m tests.browser.chromium

check: setup ## Format, lint, types and import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

frontend: ## Build what the pages take from npm (needs Node)
	@cd api/web/frontend && npm ci --ignore-scripts --no-audit --no-fund && npm run build

bench: setup ## Print speeds as ratios against the bare tools, taken in one run
	@$(BIN)/python -m benchmarks

soak: setup ## Kill processes at random, 1,200 times, and look for loss
	@$(BIN)/python -m tests.soak --kills 1000 --rounds 200

fuzz: setup ## Hand the verifier what an enemy might, for ten minutes (SEED=n for the same again)
	@$(BIN)/python -m tests.fuzz --seconds 600 $(if $(SEED),--seed "$(SEED)")

lock: ## Renew requirements.lock (needs uv)
	@uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q -o requirements.lock

clean: ## Remove what was made, the demonstration's data included
	@rm -rf .venv build demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
