# Everything that a person or CI does here. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
UV := .local/bootstrap/bin/uv
BIN := .venv/bin
LOCAL := .local/venv/bin/python
# Run inside portal/; the Node is ours, whatever the system has.
NPM := cd portal && PATH="$(CURDIR)/.local/node/bin:$$PATH" npm
LOCKS := bootstrap local portal sam
COMPILE := $(UV) pip compile -q --universal --generate-hashes --no-header --python-version 3.11

.PHONY: help
help: ## List what can be done
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# ---- Set-up: each environment is made anew only when its lock has changed -------------------------
$(UV): requirements/bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "billfold: Python 3.11 or newer is needed; set PYTHON=/path/to/it" >&2; exit 1; }
	@echo "Installing the installer"
	@$(PYTHON) -m venv --clear .local/bootstrap
	@.local/bootstrap/bin/python -m pip install -q --disable-pip-version-check --require-hashes \
	  -r requirements/bootstrap.txt >.local/bootstrap/log 2>&1 \
	  || { echo "billfold: the package registry cannot be reached; .local/bootstrap/log says more" >&2; exit 1; }
	@touch $@

# $(call environment,folder,lock,words)
define environment
	@echo "Installing $(3)"
	@{ $(UV) venv -q --clear --python $(PYTHON) $(1) && $(UV) pip sync -q --python $(1) --require-hashes $(2); } \
	  2>.local/install.log \
	  || { echo "billfold: $(3) cannot be installed; .local/install.log says more" >&2; exit 1; }
endef

.venv/ready: $(UV) requirements/dev.txt pyproject.toml
	$(call environment,.venv,requirements/dev.txt,the tools for tests and checks)
	@$(UV) pip install -q --python .venv --no-deps --no-build-isolation -e .
	@touch $@

.local/venv/ready: $(UV) requirements/local.txt
	$(call environment,.local/venv,requirements/local.txt,the embedded stack)
	@touch $@

.local/sam/ready: $(UV) requirements/sam.txt
	$(call environment,.local/sam,requirements/sam.txt,SAM)
	@touch $@

.local/node/ready: $(UV) requirements/portal.txt
	$(call environment,.local/node,requirements/portal.txt,Node)
	@touch $@

.PHONY: setup
setup: .venv/ready .local/venv/ready ## Install everything that the other targets need

# ---- The portal: built anew only when something of it has changed ---------------------------------
PORTAL_SOURCES := $(shell find portal -mindepth 1 \( -name node_modules -o -name dist \) -prune -o -print 2>/dev/null)

portal/node_modules/ready: .local/node/ready portal/package-lock.json
	@echo "Installing the portal's packages"
	@($(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error) >.local/portal.log 2>&1 \
	  || { echo "billfold: the portal's packages cannot be installed; .local/portal.log says more" >&2; exit 1; }
	@touch $@

portal/dist/index.html: portal/node_modules/ready $(PORTAL_SOURCES)
	@echo "Building the portal"
	@($(NPM) run --silent build) >.local/portal.log 2>&1 \
	  || { echo "billfold: the portal cannot be built; .local/portal.log says more" >&2; exit 1; }
	@touch $@

.PHONY: portal portal-check
portal: portal/dist/index.html ## Build the portal into portal/dist, unless nothing has changed
portal-check: portal/node_modules/ready
	@echo "portal"; for task in check generate:check; do \
	  ($(NPM) run --silent $$task) >.local/portal.log 2>&1 || { cat .local/portal.log; exit 1; }; done

# ---- The embedded stack ---------------------------------------------------------------------------
.PHONY: run up down reset status autopay trail compare restore-drill
run: .local/venv/ready portal ## Start the whole product in the foreground; Ctrl-C stops it
	@exec $(LOCAL) -m local run
up: .local/venv/ready portal ## Start it in the background and wait until it is healthy
	@$(LOCAL) -m local up
down: .local/venv/ready ## Stop it
	@$(LOCAL) -m local down
reset: .local/venv/ready ## Stop it and forget its data
	@$(LOCAL) -m local reset
status: .local/venv/ready ## Show what runs, and how much memory it takes
	@$(LOCAL) -m local status
autopay: .venv/ready ## Run automatic payment: make autopay, or as if it were DATE=2026-12-24
	@$(BIN)/python -m local.autopay "$(DATE)"
trail: .venv/ready ## Show what happened to a customer: make trail CUSTOMER=cust-1001
	@$(BIN)/python -m local.look trail "$(CUSTOMER)"
compare: .venv/ready ## Reconcile Stripe with the ledger: make compare DAY=2026-11-23
	@$(BIN)/python -m local.look compare "$(DAY)"
restore-drill: setup portal ## Restore the table of a stack of its own to an earlier point: nobody is charged twice
	@$(BIN)/python -m local.restore_drill

# ---- Proof ----------------------------------------------------------------------------------------
benchmarks/node_modules/ready: .local/node/ready benchmarks/package-lock.json
	@echo "Installing Lighthouse"
	@(cd benchmarks && PATH="$(CURDIR)/.local/node/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund \
	  --loglevel=error) >.local/bench.log 2>&1 \
	  || { echo "billfold: Lighthouse cannot be installed; .local/bench.log says more" >&2; exit 1; }
	@touch $@

.PHONY: test prove bench check openapi openapi-check requirements-check format
test: setup .local/sam/ready portal ## Run every test
	@$(BIN)/python -m local.browser
	@$(BIN)/pytest -q $(TESTS)

prove: setup ## The whole proof, some two hours on two free cores; PARTS="crash model" for some, SHARE=0.1 for a sample
	@SHARE=$(or $(SHARE),1) $(BIN)/python -m tests.proof.prove $(PARTS)

bench: setup portal benchmarks/node_modules/ready ## Measure, against the bars; writes benchmarks/results.json
	@$(BIN)/python -m local.browser
	@$(BIN)/python -m benchmarks

check: .venv/ready openapi-check requirements-check portal-check ## Lint, types, direction of imports, template, drift
	@echo "ruff"; $(BIN)/ruff format -q --check . && $(BIN)/ruff check -q .
	@echo "mypy"; $(BIN)/mypy --no-error-summary
	@echo "import-linter"; $(BIN)/lint-imports --no-logo >.local/imports.log || { cat .local/imports.log; exit 1; }
	@echo "cfn-lint"; $(BIN)/cfn-lint template.yaml waf.yaml

openapi: .venv/ready ## Write docs/openapi.yaml from the code
	@$(BIN)/python -m local.openapi
openapi-check: .venv/ready
	@echo "OpenAPI"; $(BIN)/python -m local.openapi --check

requirements-check: $(UV)
	@echo "locks"; mkdir -p .local/locks; cp requirements/*.txt .local/locks/; \
	cp layers/billfold/requirements.txt .local/locks/layer.txt; \
	$(COMPILE) pyproject.toml -o .local/locks/layer.txt; \
	for group in $(LOCKS); do $(COMPILE) --group $$group -o .local/locks/$$group.txt; done; \
	$(COMPILE) --group dev pyproject.toml -o .local/locks/dev.txt; \
	for group in dev $(LOCKS); do cmp -s .local/locks/$$group.txt requirements/$$group.txt \
	  || { echo "requirements/$$group.txt is not what pyproject.toml asks for: run 'make lock'"; exit 1; }; done; \
	cmp -s .local/locks/layer.txt layers/billfold/requirements.txt \
	  || { echo "layers/billfold/requirements.txt is not what pyproject.toml asks for: run 'make lock'"; exit 1; }

format: .venv/ready ## Format and mend what can be mended
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

# ---- Deployment, locks, documents -----------------------------------------------------------------
.PHONY: build publish lock walkthrough screenshots env-vars
build: .local/sam/ready portal ## sam build, without Docker; then `sam deploy --guided`
	@PATH="$(CURDIR)/.local/bootstrap/bin:$$PATH" SAM_CLI_TELEMETRY=0 .local/sam/bin/sam build

publish: .venv/ready portal ## Put the portal into the deployed stack `billfold`, or STACK=another
	@$(BIN)/python -m local.publish $(or $(STACK),billfold)

lock: $(UV) ## Compile all locks from pyproject.toml, keeping what still fits; UPGRADE=1 takes newer
	@$(COMPILE) $(if $(UPGRADE),--upgrade) pyproject.toml -o layers/billfold/requirements.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) --group dev pyproject.toml -o requirements/dev.txt
	@for group in $(LOCKS); do \
	  $(COMPILE) $(if $(UPGRADE),--upgrade) --group $$group -o requirements/$$group.txt; done

env-vars: .venv/ready ## Write local/env-vars.json for `sam local invoke` from the running stack
	@$(BIN)/python -m local.env_vars

walkthrough: .venv/ready ## Write docs/walkthrough.md from the running stack
	@$(BIN)/python -m local.walkthrough

screenshots: setup portal ## Write docs/images/*.png from the portal in a browser
	@$(BIN)/python -m local.browser
	@$(BIN)/python -m local.screenshots
