SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules
.DEFAULT_GOAL := help
.SUFFIXES:

PIPELINE :=
DATE :=
FROM :=
TO :=
SQL :=
FORMAT := table
PORT :=
UNPAUSE :=
TARGET :=
export PIPELINE DATE FROM TO SQL FORMAT PORT TARGET

TOOLS := .venv/bin
ON_TARGET = @[[ -n "$$TARGET" ]] || { echo 'tandem: TARGET is not set. Allowed: athena, snowflake. Example: make $@ TARGET=athena' >&2; exit 2; }
WINDOW = $(if $(DATE),--date "$$DATE") $(if $(FROM),--from "$$FROM") $(if $(TO),--to "$$TO")

## list the verbs
.PHONY: help
help:
	@awk '/^## /{text=substr($$0,4)} /^[a-z-]+:/{if(text){sub(/:.*/,"",$$1);printf "  make %-15s %s\n",$$1,text;text=""}}' Makefile

## run the pipelines through Airflow [PIPELINE=ecommerce] [DATE=2025-11-20 | FROM=… TO=…, inclusive]
.PHONY: dev
dev: setup
	@./entrypoint.sh tandem run $(if $(PIPELINE),"$$PIPELINE") $(WINDOW)

## the production path on this machine, offline, and its marts against DuckDB's: TARGET=athena [PIPELINE=…] [DATE=… | FROM=… TO=…]
.PHONY: rehearse
rehearse: setup
	$(ON_TARGET)
	@TANDEM_ENV=rehearsal TANDEM_TARGET="$$TARGET" ./entrypoint.sh tandem rehearse $(if $(PIPELINE),"$$PIPELINE") $(WINDOW)

## run in production from this machine: TARGET=athena [PIPELINE=…] [DATE=… | FROM=… TO=…]
.PHONY: prod-run
prod-run: setup
	$(ON_TARGET)
	@TANDEM_ENV=prod TANDEM_TARGET="$$TARGET" ./entrypoint.sh tandem prod-run $(if $(PIPELINE),"$$PIPELINE") $(WINDOW)

## look into the warehouse: SQL="select …" [FORMAT=table|csv|json]
.PHONY: query
query: setup
	@./entrypoint.sh tandem query --format "$$FORMAT" "$${SQL:?usage: make query SQL=\"select …\" [FORMAT=table|csv|json]}"

## the Airflow page on 127.0.0.1, with scheduler and stand-ins, until Ctrl-C [PORT=8080] [UNPAUSE=1]
.PHONY: airflow
airflow: setup
	@./entrypoint.sh tandem airflow $(if $(PORT),--port "$$PORT") $(if $(UNPAUSE),--unpause)

## all that a change must pass: lint, then unit, integration and end-to-end tests
.PHONY: test
test: lint
	@$(TOOLS)/pytest -n 2 --dist loadgroup -q

## the production path on local servers, end to end; brings the local Trino once
.PHONY: test-rehearsal
test-rehearsal: setup
	@TANDEM_ENV=rehearsal TANDEM_TARGET=athena ./entrypoint.sh tandem standins fetch
	@$(TOOLS)/pytest -n 2 --dist loadfile -q tests/rehearsal

## ruff, mypy, sqlfluff, and SQL that only one engine knows
.PHONY: lint
lint: setup
	@$(TOOLS)/ruff check . && $(TOOLS)/ruff format --check --quiet .
	@$(TOOLS)/mypy --no-error-summary
	@./entrypoint.sh sqlfluff lint dbt --disable-progress-bar && $(TOOLS)/python -m tandem.parity.static_lint

## rewrite Python and SQL in the house format
.PHONY: format
format: setup
	@$(TOOLS)/ruff check --fix --quiet . && $(TOOLS)/ruff format --quiet .
	@./entrypoint.sh sqlfluff fix dbt --quiet --disable-progress-bar

## measure against cosmos, dbt alone, DuckDB, pandas, COPY and dlt, and the local Athena against DuckDB
.PHONY: bench
bench: setup
	@scripts/setup bench
	@./entrypoint.sh scripts/bench

## rewrite what is generated: dbt sources and .env.example
.PHONY: generate
generate: setup
	@./entrypoint.sh tandem schemas --write
	@$(TOOLS)/python -m tandem.env_example

## resolve the dependencies again into requirements/
.PHONY: lock
lock: setup
	@scripts/lock

## make .venv from the lock, if it is not current
.PHONY: setup
setup:
	@scripts/setup

## remove what was made here: environments, state, caches
.PHONY: clean
clean:
	@scripts/clean
