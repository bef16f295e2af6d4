# Needs Python 3.11 or newer and a package index. Everything is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WITH_BIN := PATH="$$PWD/$(BIN):$$PATH"
PYTEST := $(WITH_BIN) $(BIN)/python -m pytest -q -n 2 --allow-hosts=127.0.0.1
RUNTIME := 3.13

CDK := $(WITH_BIN) node_modules/.bin/cdk
FOLDER := $(if $(TARGETS),--context targets=$(TARGETS))
TOLD := $(if $(MAIL),--context notification_email=$(MAIL)) $(if $(PAGES),--context page_email=$(PAGES))

# Installing takes a minute or two: each stage has its line, and on a terminal pip shows its own besides.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-deps
install = [ -t 1 ] || quiet=--quiet; \
	echo "installing the packages of $(1) into $(VENV), which may take a minute or two" \
	&& $(PIP) $$quiet --no-compile --require-hashes --requirement $(1) \
	&& echo "installing this project" && $(PIP) $$quiet --editable .

# Set where this runs, it would have each of a hundred processes compile boto3, moto and pytest's modules anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo serve synth bootstrap deploy destroy verify-aws bench faults test lint check rest runtime runtime-tests audit lock schemas docs pictures clean
.NOTPARALLEL:

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

demo: $(VENV)/demo  ## run six rollouts on the embedded AWS; make demo ONLY=slow runs one; make demo LIVE=1 shows a page
	@$(BIN)/python -m demo $(if $(LIVE),live --port '$(or $(PORT),8470)',rollouts $(if $(ONLY),--only $(ONLY)))

serve: $(VENV)/demo  ## serve the embedded AWS with the sample on port 4566 (PORT); TARGETS=folder serves an account for your own APIs (TRAFFIC, HISTORY, ACCOUNT)
	@$(BIN)/python -m demo serve --port '$(or $(PORT),4566)' --speed 60$(if $(ACCOUNT), --account '$(ACCOUNT)')$(if $(TARGETS), --targets '$(TARGETS)')$(if $(TRAFFIC), --traffic '$(TRAFFIC)')$(if $(HISTORY), --history '$(HISTORY)')

synth: $(VENV)/dev node_modules  ## write the CloudFormation templates to cdk.out
	$(CDK) synth --quiet $(FOLDER)

bootstrap: $(VENV)/dev node_modules  ## prepare the account and Region of your AWS credentials for the CDK; needed once
	$(CDK) bootstrap

deploy: $(VENV)/dev node_modules  ## deploy the controller with your AWS credentials; TARGETS=folder deploys its targets too; MAIL and PAGES subscribe an address to notifications and pages
	$(CDK) deploy --require-approval $(or $(APPROVAL),broadening) $(FOLDER) $(TOLD) $(or $(STACKS),$(if $(TARGETS),--all,canary))

destroy: $(VENV)/dev node_modules  ## delete the deployed stacks, unless a target is not at rest; TARGETS as in make deploy
	$(CDK) destroy $(FOLDER) $(or $(STACKS),--all)

verify-aws: $(VENV)/demo  ## check in your AWS account what no recorded answer settles; prints the cost first, cleans up afterwards
	@$(BIN)/python -m verify $(ARGS)

bench: $(VENV)/dev  ## compare the judge with other tools (well over an hour); QUICK=1 takes minutes; KEEP=1 keeps a full run in the docs
	$(BIN)/python -m bench.judge $(if $(QUICK),--quick)
	$(BIN)/python -m bench.shapes $(if $(QUICK),--quick)
	$(if $(KEEP),$(BIN)/python -m bench.judge.keep)

test: $(VENV)/test  ## test rules, edge, tasks, some executions, one demo scenario, a minute of faults; COVERAGE=1 measures branches
	$(PYTEST) -m "not slow" $(if $(COVERAGE),--cov --cov-report=term-missing:skip-covered)

lint: $(VENV)/dev  ## run ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy functions/canary infra/canary_cdk infra/cost_at_rest.py app.py bench canary_cli canary_machine demo embedded_aws laptop tests/faults/small verify

check: COVERAGE := 1
check: lint test rest  ## run everything: make lint, make test with coverage, then make rest

rest: lint node_modules runtime $(VENV)/docs/installed  ## run the slow tests: faults, templates, all executions under their roles, the README's commands, the docs' site, Python 3.13
	$(PYTEST) -m "slow and not deployed"
	$(PYTEST) --deployed tests/executions tests/infra/test_deployed.py -k "not unknowns"

runtime:  ## test rules, edge, aws and tasks on Python 3.13, the functions' runtime, if it is installed
	@python="$$(sh .ci/find-python $(RUNTIME))"; if [ -n "$$python" ]; \
	then $(MAKE) --no-print-directory VENV=.venv/$(RUNTIME) PYTHON="$$python" runtime-tests; \
	else echo "no Python $(RUNTIME) is on the PATH or in pyenv, so nothing is tested on the runtime of the functions"; fi

runtime-tests: $(VENV)/test
	$(PYTEST) -m "not slow" tests/rules tests/edge tests/aws tests/tasks

faults: $(VENV)/dev  ## run 10,000 rollouts with faults in the small world and 500 in the full one (an hour); ARGS="--only edits:51" repeats one
	@$(BIN)/python -m tests.faults $(ARGS)

audit: $(VENV)/dev  ## check the locked dependencies for known vulnerabilities; needs the public package index
	$(BIN)/pip-audit --requirement requirements.txt --require-hashes

lock:  ## update the locked dependencies; needs uv
	uv pip compile pyproject.toml --group demo --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements-demo.txt
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements.txt
	uv pip compile pyproject.toml --group test --constraint requirements.txt --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements-test.txt
	uv pip compile --group pyproject.toml:docs --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url -o requirements-docs.txt
	uv pip compile infra/canary_cdk/packages.in --constraint requirements.txt --python-platform aarch64-manylinux_2_28 --python-version $(RUNTIME) --only-binary :all: --generate-hashes --no-header --no-annotate --no-emit-index-url -o infra/canary_cdk/packages.txt

docs: $(VENV)/docs/installed  ## build the site of the docs in site/; a broken link fails it
	@$(VENV)/docs/bin/python -m sphinx --fail-on-warning --keep-going --quiet --write-all --jobs 2 --doctree-dir site/.doctrees docs site
	@echo "open site/index.html"

pictures: $(VENV)/dev  ## draw every picture in docs again; needs Graphviz and Chromium
	$(BIN)/python -m tests.docs.pictures

schemas: $(VENV)/dev  ## write the JSON schemas of inputs, targets and the command's answers
	$(BIN)/python -m canary.edge.schemas
	$(BIN)/python -m canary_cli.schemas
	$(BIN)/python -m demo.schemas

clean:  ## remove the virtual environment and caches
	rm -rf .venv node_modules cdk.out reports site .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

node_modules: package.json package-lock.json | $(VENV)/dev
	@echo "installing the packages of package-lock.json into node_modules"
	@$(WITH_BIN) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"Python 3.11 or newer is needed, {sys.executable} is {sys.version.split()[0]}; say make PYTHON=/path/to/python3.11")'
	@echo "making the virtual environment $(VENV)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/docs/installed: requirements-docs.txt | $(BIN)/python
	@echo "installing the packages of requirements-docs.txt into $(VENV)/docs"
	@$(BIN)/python -m venv $(VENV)/docs
	@$(VENV)/docs/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --require-hashes --requirement requirements-docs.txt
	@touch $@

$(VENV)/demo: requirements-demo.txt pyproject.toml | $(BIN)/python
	@$(call install,requirements-demo.txt)
	@touch $@

$(VENV)/test: requirements-test.txt pyproject.toml | $(BIN)/python
	@$(call install,requirements-test.txt)
	@touch $@ $(VENV)/demo

$(VENV)/dev: requirements.txt pyproject.toml infra/canary_cdk/packages.txt | $(BIN)/python
	@$(call install,requirements.txt)
	@$(BIN)/python -P infra/canary_cdk/packages.py || echo "make synth will try again; the tests before it do not need them"
	@touch $@ $(VENV)/test $(VENV)/demo
