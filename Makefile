# The two commands of the README are `make run` and `make test`; each does all of its own set-up.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
ARGS ?=
RUN_STAMP := .venv/.installed-run
DEV_STAMP := .venv/.installed-dev
INPUTS := pyproject.toml requirements.lock runtime/requirements.lock .ci/install
# The tests on a real Kubernetes have a target of their own. To have `make test` run them too: `NOT_YET :=`.
NOT_YET := --ignore=tests/cluster
TESTS := tests --ignore=tests/bench $(NOT_YET)
UV_COMPILE := .venv/bin/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(DEV_STAMP) ## Make .venv and runtime/.venv from the lock files; leaves .venv/bin/paaks

.PHONY: run
run: $(RUN_STAMP) ## Start the platform on this machine (ARGS="--api-port 0 …" is handed to `paaks up`)
	@exec .venv/bin/paaks up $(ARGS)

.PHONY: test
test: $(DEV_STAMP) ## Test what this machine can run: unit, integration, conformance, acceptance (ARGS="-k push")
	@.venv/bin/python -m pytest $(TESTS) $(ARGS)

.PHONY: test-cluster
test-cluster: $(DEV_STAMP) ## Test on a real Kubernetes, built and started here (root, Go), or PAAKS_TEST_KUBECONFIG
	@.venv/bin/python -m pytest tests/cluster $(ARGS)

.PHONY: cluster
cluster: $(DEV_STAMP) ## Start that Kubernetes for a person, and print its KUBECONFIG; Ctrl-C ends it
	@exec .venv/bin/python -m tests.cluster

.PHONY: check
check: $(DEV_STAMP) ## Lint, format check, types, import contracts, house limits, documentation
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest -q tests/test_house.py tests/test_docs.py

.PHONY: bench
bench: $(DEV_STAMP) ## Measure, beside a bare `git push`, and write docs/benchmarks.md; fails on no figure
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

.PHONY: clean
clean: ## Remove what can be made again: environments, caches, bytecode. Keeps .paaks, the data
	rm -rf .venv runtime/.venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(DEV_STAMP): $(INPUTS) requirements-dev.lock
	@.ci/install requirements-dev.lock
	@touch $(RUN_STAMP) $@

$(RUN_STAMP): $(INPUTS)
	@.ci/install requirements.lock
	@touch $@
