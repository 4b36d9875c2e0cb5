# Everything here sets up what it needs by itself; nothing has to be run before.
PYTHON ?= python3.11
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE =

.PHONY: help setup check test test-unit bench soak demo world manifests sbom audit lock clean

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## Make the virtual environment with the locked dependencies

.venv/.ready: pyproject.toml locks/dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or say make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r locks/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch .venv/.demo $@

# A part of the above, and all that the demo needs; most of it is never run, and compiling it takes a quarter of the time.
.venv/.demo: pyproject.toml locks/demo.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or say make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r locks/demo.txt
	@touch $@

check: setup ## Format, lint, types, imports: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	$(BIN)/python -m tests.house

test-unit: setup ## The tests that need no servers: some 3 minutes of processor
	$(BIN)/pytest -q -m "not world and not index and not process" --numprocesses 2

test: check test-unit ## Everything: checks, and all tests on a real control plane and DynamoDB Local
	$(BIN)/python -m tests.world build
	$(BIN)/pytest -n 2 --dist loadfile -m "world or index or process"

bench: setup ## The benchmarks, with what they must reach: PARTS="idle takeover" for some, ROUNDS=1, JSON=results.json
	$(BIN)/python -m benchmarks $(PARTS) --rounds $(or $(ROUNDS),3) $(if $(JSON),--json $(JSON))

soak: setup ## Long faults, 50 kills, and 20 minutes of changes with flat memory and latency: an hour
	FAULT_SECONDS=30 FAULT_KILLS=50 FAULT_THOROUGH=1 $(BIN)/pytest --timeout 900 tests/e2e/test_faults.py tests/e2e/test_faults_line.py tests/e2e/test_faults_storm.py tests/e2e/test_faults_silence.py
	FAULT_SECONDS=30 $(BIN)/pytest tests/e2e/test_leading.py
	$(BIN)/python -m benchmarks.soak

world: setup ## A control plane with GPU nodes and a table, for a shell; until Ctrl-C
	@$(BIN)/python -m tests.world

demo: .venv/.demo ## The controller at work on this machine, with Python alone; options in DEMO=--fast
	@$(BIN)/python -m gco_stream demo $(DEMO)

manifests: setup ## Renew what is kept of k8s/ as built
	@$(BIN)/python -m tests.k8s.built

sbom: .venv-audit/.ready ## What the image is made of, from its lock: CycloneDX, as dist/sbom.cdx.json
	@mkdir -p $(dir $(SBOM))
	.venv-audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application --output-reproducible --of JSON --output-file $(SBOM) locks/run.txt

SBOM ?= dist/sbom.cdx.json

# Strict, since pip-audit finds nothing wrong with what it could not ask about.
audit: .venv-audit/.ready ## Known vulnerabilities of what is locked; asks an advisory service
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement locks/run.txt
	.venv-audit/bin/pip-audit --strict --disable-pip --require-hashes --requirement locks/build.txt

.venv-audit/.ready: locks/audit.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r locks/audit.txt
	@touch $@

lock: ## Renew locks/ from pyproject.toml
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check pip-tools
	.venv-lock/bin/pip-compile $(LOCK_OPTIONS) --output-file locks/run.txt pyproject.toml
	.venv-lock/bin/pip-compile $(LOCK_OPTIONS) --extra demo --constraint locks/run.txt --output-file locks/demo.txt pyproject.toml
	.venv-lock/bin/pip-compile $(LOCK_OPTIONS) --extra dev --extra demo --constraint locks/demo.txt --output-file locks/dev.txt pyproject.toml
	.venv-lock/bin/pip-compile $(LOCK_OPTIONS) --build-deps-for wheel --only-build-deps --constraint locks/dev.txt --output-file locks/build.txt pyproject.toml
	.venv-lock/bin/pip-compile $(LOCK_OPTIONS) --output-file locks/audit.txt locks/audit.in
	rm -rf .venv-lock

LOCK_OPTIONS := --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-find-links

clean: ## Remove what was made here; the cache of the test world stays
	rm -rf .venv .venv-audit dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
