# SPDX-License-Identifier: MIT
# The words of daily work; `make help` explains them. Each first installs the Debian packages it needs and lacks.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

T ?=
SECONDS_EACH ?= 60

# Configures once; afterwards Ninja notices by itself what has changed.
configure = @[ -e $(2)/build.ninja ] || cmake --preset $(1) >/dev/null || { rm -f $(2)/build.ninja; exit 1; }

.PHONY: help run build test asan race faults fuzz bench cover lint up down logs clean

help:  ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build  ## Build and serve: embedded database, no configuration
	@scripts/install-packages run
	@exec build/auth serve

build:  ## Build build/auth, as it is shipped
	@scripts/install-packages build
	$(call configure,release,build)
	@ninja -C build --quiet auth

test:  ## Run every test; make test T=session runs those with that word in their name
	@scripts/install-packages build test e2e
	@scripts/test --filter '$(T)'

asan:  ## Build everything with the address and undefined-behaviour sanitizers into build-asan
	@scripts/install-packages build test
	$(call configure,asan,build-asan)
	@ninja -C build-asan --quiet auth check_programs

race:  ## Run the race programs and the end-to-end tests under ThreadSanitizer
	@scripts/install-packages build test e2e
	@scripts/test --suites race --filter '$(T)'

faults:  ## Run the long fault suites: servers that die, stall and lie under load
	@scripts/install-packages build test e2e
	@scripts/test --suites faults --filter '$(T)'

fuzz:  ## Fuzz each parser for SECONDS_EACH seconds (60)
	@scripts/install-packages build test
	@scripts/fuzz $(SECONDS_EACH) '$(T)'

bench:  ## Measure: the parts, then the service
	@scripts/install-packages build e2e
	$(call configure,release,build)
	@ninja -C build --quiet auth bench_programs
	@scripts/bench '$(T)'

cover:  ## Measure which lines and branches the tests reach
	@scripts/install-packages build test e2e cover
	@scripts/cover

lint:  ## Check layers, sizes, style and both compilers' and analysers' warnings
	@scripts/install-packages build test lint
	@scripts/lint

up: ## Start auth, database, redis and webserver by docker-compose
	@scripts/compose up -d --build

down: ## Stop them
	@scripts/compose down

logs: ## Follow the log of auth
	@scripts/compose logs -f auth

clean:  ## Remove what the build made; data under var/ stays
	@rm -rf build build-debug build-asan build-tsan build-coverage build-fuzz build-clang

-include make/*.mk
