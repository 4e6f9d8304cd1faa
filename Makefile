# The two commands of the README are `make run` and `make test`; each does all of its own set-up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ARGS ?=
RUN_STAMP := .venv/.installed-run
DEV_STAMP := .venv/.installed-dev
WEB := web/dist/index.html
WEB_INPUTS := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist*' -not -name schema.d.ts -not -name openapi.json -not -name build.log)
API_INPUTS := $(shell find api -name '*.py') core/problems.py
INPUTS := pyproject.toml requirements.lock runtime/requirements.lock .ci/install
# The tests on a real Kubernetes have a target of their own. To have `make test` run them too: `NOT_YET :=`.
NOT_YET := --ignore=tests/cluster
TESTS := tests --ignore=tests/bench $(NOT_YET)
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11

# What pytest has rewritten is kept, as `make install` keeps what it has compiled: 5 s of every run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(DEV_STAMP) ## Make .venv and runtime/.venv from the lock files; leaves .venv/bin/paaks

.PHONY: run
run: $(RUN_STAMP) ## Start the platform on this machine (ARGS="--api-port 0 …" is handed to `paaks up`)
	@(nice $(MAKE) --no-print-directory web >web/build.log 2>&1 || echo "the web could not be built: web/build.log" >&2) &
	@exec .venv/bin/paaks up $(ARGS)

.PHONY: web
web: $(WEB) ## Build the web (web/dist), if something of it has changed

.PHONY: test
test: $(DEV_STAMP) $(WEB) ## Test what this machine can run: unit, integration, conformance, acceptance (ARGS="-k push")
	@.ci/npm run --silent test
	@.venv/bin/python -m pytest $(TESTS) $(ARGS)

.PHONY: test-web
test-web: $(DEV_STAMP) $(WEB) ## Test the web in a real browser, Debian's chromium-headless-shell (ARGS="-k keyboard")
	@.venv/bin/python -m pytest tests/web $(ARGS)

.PHONY: screenshots
screenshots: $(DEV_STAMP) $(WEB) ## Take the pictures of docs/screenshots, light and dark
	@PAAKS_TEST_SCREENSHOTS=docs/screenshots .venv/bin/python -m pytest -q tests/web/test_screenshots.py

.PHONY: test-cluster
test-cluster: $(DEV_STAMP) ## Test on a real Kubernetes, built and started here (root, Go), or PAAKS_TEST_KUBECONFIG
	@.venv/bin/python -m pytest tests/cluster $(ARGS)

.PHONY: cluster
cluster: $(DEV_STAMP) ## Start that Kubernetes for a person, and print its KUBECONFIG; Ctrl-C ends it
	@exec .venv/bin/python -m tests.cluster

.PHONY: check
check: $(DEV_STAMP) ## Lint, format check, types, import contracts, house limits, documentation
	.ci/build-web packages
	.ci/npm run --silent check
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest -q tests/test_house.py tests/test_docs.py

.PHONY: bench
bench: $(DEV_STAMP) $(WEB) ## Measure, beside a bare `git push`, and write docs/benchmarks.md; fails on no figure
	@PYTHONPATH=tests/acceptance .venv/bin/python tests/bench $(ARGS)

.PHONY: bench-cluster
bench-cluster: $(DEV_STAMP) ## The same on a real Kubernetes, beside a rollout by hand: docs/benchmarks-kubernetes.md
	@PYTHONPATH=.:tests/bench .venv/bin/python tests/bench/kubernetes.py $(ARGS)

.PHONY: soak
soak: $(DEV_STAMP) ## The tests with all their rounds (an hour or so)
	@SOAK=1 .venv/bin/python -m pytest $(TESTS) $(ARGS)

.PHONY: format
format: $(DEV_STAMP) ## Format, and mend what ruff can mend
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

.PHONY: lock
lock: $(DEV_STAMP) ## Pin what pyproject.toml and runtime/requirements.in ask for (ARGS=--upgrade for the newest)
	$(UV_COMPILE) $(ARGS) pyproject.toml -o requirements.lock
	$(UV_COMPILE) $(ARGS) pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock
	$(UV_COMPILE) $(ARGS) runtime/requirements.in -o runtime/requirements.lock
	$(UV_COMPILE) $(ARGS) web/requirements.in -o web/requirements.lock

.PHONY: clean
clean: ## Remove what can be made again: environments, caches, bytecode. Keeps .paaks, the data
	rm -rf .venv runtime/.venv web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(DEV_STAMP): $(INPUTS) requirements-dev.lock
	@.ci/install requirements-dev.lock
	@touch $(RUN_STAMP) $@

$(RUN_STAMP): $(INPUTS)
	@.ci/install requirements.lock
	@touch $@

$(WEB): $(WEB_INPUTS) $(API_INPUTS) .ci/build-web | $(RUN_STAMP)
	@.ci/build-web
