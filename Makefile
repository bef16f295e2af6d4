# Needs Python 3.11 or newer and a package index. Everything is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
PYTEST := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -q -n 2 --allow-hosts=127.0.0.1

CDK := PATH="$(CURDIR)/$(BIN):$$PATH" node_modules/.bin/cdk
FOLDER := $(if $(TARGETS),--context targets=$(TARGETS))

.DEFAULT_GOAL := help
.PHONY: help demo serve synth deploy destroy verify-aws bench test lint check audit lock schemas picture clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: .venv/demo  ## six rollouts on the embedded AWS; make demo ONLY=slow runs one
	@$(BIN)/python -m local demo $(if $(ONLY),--only $(ONLY))

serve: .venv/demo  ## the embedded AWS with the sample, on port 4566
	@$(BIN)/python -m local serve --port 4566 --speed 60

synth: .venv/dev node_modules  ## the CloudFormation templates, in cdk.out
	$(CDK) synth --quiet $(FOLDER)

deploy: .venv/dev node_modules  ## the controller into the account and Region of your AWS credentials; with TARGETS=folder its targets too
	$(CDK) deploy --require-approval broadening $(FOLDER) $(or $(STACKS),$(if $(TARGETS),--all,canary))

destroy: .venv/dev node_modules  ## out of them again, unless a target is not at rest; TARGETS as in make deploy
	$(CDK) destroy $(FOLDER) $(or $(STACKS),--all)

verify-aws: .venv/demo  ## asks your account what no record settles, and removes what it made; says first what it costs
	@$(BIN)/python -m verify $(ARGS)

bench: .venv/dev  ## the judge beside its peers, an hour or so; make bench QUICK=1 takes a few minutes
	$(BIN)/python -m bench.judge $(if $(QUICK),--quick)

test: .venv/dev  ## rules, edge, tasks, journeys, one demo scenario, a minute of fault samples
	$(PYTEST) -m "not slow"

lint: .venv/dev  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy functions/canary infra/canary_cdk infra/cost_at_rest.py app.py bench local statemachine verify

check: lint node_modules  ## everything: coverage, every fault, the templates, their roles under all journeys, the README's commands
	$(PYTEST) -m "not slow" --cov --cov-report=term-missing:skip-covered
	$(PYTEST) -m slow
	$(PYTEST) --deployed tests/journeys tests/infra/test_deployed.py -k "not unknowns"

audit: .venv/dev  ## known vulnerabilities in the locked dependencies; needs the public package index
	$(BIN)/pip-audit --requirement requirements.txt --require-hashes

lock:  ## lock the dependencies anew; needs uv
	uv pip compile pyproject.toml --group demo --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements-demo.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements.txt

picture: .venv/dev  ## the README's picture, from the state machine; needs Graphviz
	$(BIN)/python -m statemachine.diagram

schemas: .venv/dev  ## the JSON schemas of inputs and targets, from the edge
	$(BIN)/python -m canary.edge.schemas

clean:  ## remove the virtual environment and caches
	rm -rf .venv node_modules cdk.out .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

node_modules: package.json package-lock.json | .venv/dev
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}; say make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv .venv

.venv/demo: requirements-demo.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes --requirement requirements-demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

.venv/dev: requirements.txt pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --require-hashes --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@ .venv/demo
