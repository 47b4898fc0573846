# Everything a newcomer needs. Wants only Python 3.11 or newer and make; `make PYTHON=python3.13 …`
# takes another Python.
PYTHON ?= python3
VENV := .venv
PEERS := quixstreams bytewax plot
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
# No build scripts run and nothing unpinned comes in; modules compile when they are first used.
INSTALL := $(PIP) install --no-compile --only-binary=:all: --require-hashes
# Modules are compiled once, even where the environment says otherwise: that takes each start of a
# command 0.7 s less of its 1.9.
export PYTHONDONTWRITEBYTECODE :=
# Go's versions of Prometheus 3.13 and Alertmanager 0.34.
PROMETHEUS := v0.313.5
ALERTMANAGER := v0.34.2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo up down test ingest kafka scale alerts deployment browser faults crash soak fuzz invariants check \
	sbom audit monitoring format bench bench-size peers dashboards questions requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.project $(VENV)/.dev ## everything to work on Trucewatch, in .venv

demo: $(VENV)/.project ## the truce of early 2026, judged before your eyes
	@$(BIN)/truce demo

up: ## the whole stack in containers: Kafka, worker, Prometheus, Alertmanager, Grafana
	@$(WITH_DOCKER)
	@[ -s deploy/secrets/grafana-password ] || { \
		mkdir -p -m 700 deploy/secrets && \
		head -c 18 /dev/urandom | base64 >deploy/secrets/grafana-password && \
		chmod 444 deploy/secrets/grafana-password; }
	@$(COMPOSE) up --detach --build
	@echo "Grafana http://localhost:3000 (admin, password in deploy/secrets/grafana-password)," \
		"worker http://localhost:6066, Prometheus http://localhost:9090," \
		"Alertmanager http://localhost:9093, Kafka localhost:9092"

down: ## end it; its volumes stay, with all that it holds
	@$(WITH_DOCKER)
	@$(COMPOSE) down

# Where CI is set, `make invariants` follows, with more logs than are taken here.
test: setup ## all tests but those on Kafka, on PostgreSQL, of alerting, of the deployment, of faults and of load
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --durations=10 --ignore=tests/kafka \
		--ignore=tests/alerts --ignore=tests/faults --ignore=tests/scale \
		$(if $(filter true,$(CI)),$(INVARIANTS:%=--ignore=%)) \
		-m 'not deployment and not ingest and not openapi and not faults and not browser'

ingest: setup ## POST /events under 200 clients, killed under load, and by its OpenAPI document
	@TRUCE_INGEST_EXAMPLES=$${TRUCE_INGEST_EXAMPLES:-150} \
		$(BIN)/python -m pytest -q --durations=10 tests/http -rP -m "ingest or openapi"

kafka: setup ## the tests on a real Apache Kafka: wants Java 17 and Maven
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --durations=10 tests/kafka

scale: setup $(VENV)/peers/s3/.installed ## a lake in PostgreSQL and on S3, of one worker and of several: wants Debian's postgresql, Java 17, Maven
	@$(BIN)/python -m pytest -q -rs -n 2 --dist worksteal --durations=10 -o faulthandler_timeout=900 tests/scale

alerts: setup ## from the log to a person: wants Debian's prometheus and prometheus-alertmanager
	@$(BIN)/python -m pytest -q tests/alerts

deployment: setup ## what is deployed, with real tools: wants Prometheus, kubectl, Go, Maven, Java 21, root, buildah or an engine
	@$(BIN)/python -m pytest -q --durations=10 -m deployment tests/deploy

browser: setup ## the pages in a real browser: wants Chromium; TRUCE_SCREENSHOTS=docs writes the pictures
	@$(BIN)/python -m pytest -q -rPs --durations=10 -m browser tests/web

faults: setup ## a full disk, a hanging broker, odd clocks, full memory: minutes, not seconds
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal --durations=10 -m faults tests/faults tests/rebuild tests/storage tests/lake tests/backup tests/worker

crash: setup ## 200 SIGKILLs in one replay; TRUCE_CRASH_KILLS, _EVENTS and _SEED choose others
	@PYTHONPATH=. $(BIN)/python tests/faults/crash.py

soak: setup ## half an hour of load and faults; TRUCE_SOAK_MINUTES, _RATE and _SEED choose others
	@PYTHONPATH=. $(BIN)/python tests/faults/soak.py

fuzz: setup ## the tests with broken input, ten times as much of it
	@HYPOTHESIS_PROFILE=fuzz TRUCE_FUZZ_INPUTS=$${TRUCE_FUZZ_INPUTS:-1000000} \
		$(BIN)/python -m pytest -q --durations=10 -m fuzz -o faulthandler_timeout=3600

invariants: setup ## what must always hold, on 2,000 generated logs each; TRUCE_INVARIANT_LOGS chooses
	@HYPOTHESIS_PROFILE=invariants $(BIN)/python -m pytest -q -n 2 --dist worksteal \
		--durations=10 -o faulthandler_timeout=1800 $(INVARIANTS)

check: setup ## style, types, layers, SQL, and the files of the containers
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/sqlfluff lint --disable-progress-bar --nocolor analytics
	@$(BIN)/hadolint deploy/Dockerfile
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml

sbom: setup ## what the image ships, as CycloneDX: build/sbom.json, checked by schema and pins
	@mkdir -p build
	@cat requirements/runtime.txt requirements/boundaries.txt | \
		$(BIN)/cyclonedx-py requirements - --pyproject pyproject.toml \
		--output-reproducible --spec-version 1.6 --output-file build/sbom.json 2>/dev/null
	@$(BIN)/python -m deploy.supply sbom build/sbom.json

audit: setup ## is anything known against what the image ships? Wants a network; says so without
	@$(BIN)/python -m deploy.supply audit

monitoring: .tools/.promtool-$(PROMETHEUS) .tools/.amtool-$(ALERTMANAGER) ## newer promtool and amtool for make deployment: wants Go, takes minutes

format: setup ## write Python and SQL as `make check` wants them
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format
	@$(BIN)/sqlfluff fix --disable-progress-bar --nocolor analytics

bench: setup peers ## speed beside peers, latency, rebuild, verify, what-if: tables; ONLY=speed,peers,…
	@PYTHONPATH=. $(BIN)/python tests/bench/bench.py $(if $(ONLY),--only $(ONLY)) $(BENCH)

bench-size: setup peers ## cost over size: tables, and the figures and plot in docs/
	@PYTHONPATH=. $(BIN)/python tests/bench/bench.py --only size $(BENCH)

# What is measured against, what draws, and the served S3 are installed beside the project and not into it.
peers: $(PEERS:%=$(VENV)/peers/%/.installed)

dashboards: setup ## write deploy/grafana/*.json
	@$(BIN)/python -m deploy.grafana.dashboards

questions: setup ## write docs/questions.md from analytics/examples/*.sql
	@$(BIN)/python -m tests.cli.asking.questions

requirements: setup ## pin the newest allowed versions, with hashes
	@rm -f requirements/*.txt
	@$(LOCK) --group build -o requirements/build.txt
	@$(LOCK) pyproject.toml --extra web -o requirements/runtime.txt
	@$(LOCK) --no-deps --group boundaries -o requirements/boundaries.txt
	@$(LOCK) --group dev -c requirements/runtime.txt -o requirements/dev.txt
	@for peer in $(PEERS) s3; do $(LOCK) --group $$peer -o requirements/peers-$$peer.txt || exit; done

clean: ## remove .venv, caches and build leftovers; data directories stay
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find streams analytics schemas tests deploy -name __pycache__ -type d -prune -exec rm -rf {} +

COMPOSE := docker compose --file deploy/compose.yaml
WITH_DOCKER := docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1 || { \
	echo "This wants Docker, with its compose plugin and its engine running." \
		"Without: make demo, or truce run" >&2; exit 1; }

INVARIANTS := tests/properties tests/verify/test_two_roads.py tests/rebuild/test_rebuild_property.py \
	tests/lake/test_lake_property.py

# One file for all Pythons and platforms; without the index it came from.
LOCK := UV_CUSTOM_COMPILE_COMMAND='make requirements' $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links

# Prometheus 3 and its contemporary: the tests use them beside those that are installed. `clean`
# leaves them. Prometheus' own go.mod forbids `go install`, and its ways to find targets are not needed.

.tools/.promtool-$(PROMETHEUS):
	@rm -rf .tools/module .tools/promtool
	@mkdir -p .tools/module
	@cd .tools/module && go mod init promtool.invalid && \
		go get github.com/prometheus/prometheus/cmd/promtool@$(PROMETHEUS) && \
		go build -tags remove_all_sd -o ../promtool github.com/prometheus/prometheus/cmd/promtool
	@touch $@

.tools/.amtool-$(ALERTMANAGER):
	@mkdir -p .tools
	@rm -f .tools/amtool
	@GOBIN=$(CURDIR)/.tools go install github.com/prometheus/alertmanager/cmd/amtool@$(ALERTMANAGER)
	@touch $@

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Trucewatch needs Python 3.11 or newer: make PYTHON=/path/to/python3 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: install its venv package" \
			"(Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@echo "Setting up $(VENV): once, about half a minute" >&2
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt requirements/boundaries.txt | $(VENV)/.created
	@$(INSTALL) -r requirements/build.txt -r requirements/runtime.txt
	@$(INSTALL) --no-deps -r requirements/boundaries.txt
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.runtime
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	@echo "Adding the development tools" >&2
	@$(INSTALL) -r requirements/dev.txt
	@touch $@

$(VENV)/peers/%/.installed: requirements/peers-%.txt | $(VENV)/.created
	@echo "Setting up $(@D)" >&2
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --no-input --quiet install --no-compile \
		--only-binary=:all: --require-hashes -r $<
	@touch $@
