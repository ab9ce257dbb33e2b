# Development commands. `make help` lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Without this, a crashed child process hangs: the backtracer waits for a terminal.
export SWIFT_BACKTRACE := enable=no

SANITIZE ?=
FILTER ?=
SECONDS ?= 60
MINUTES ?= 20
GALERA ?=
LISTENERS ?= 100000
SEEDS ?= 1000
SEED ?=
FROM ?= 1
SOURCE ?=
RELEASE_FLAGS := -c release --static-swift-stdlib
SANITIZE_FLAGS := $(if $(SANITIZE),--sanitize=$(SANITIZE) --scratch-path .build/sanitize-$(SANITIZE))
# One test at a time, so that each can meet its deadlines on a small or busy machine.
TEST_FLAGS := --skip-build --no-parallel $(SANITIZE_FLAGS) $(if $(FILTER),--filter '$(FILTER)')
# Debian's Go packages are source trees below one directory. They need neither modules nor network access.
BUILD_PEER := GO111MODULE=off GOPATH=/usr/share/gocode go build
BENCH_FLAGS := $(if $(QUICK),--rounds=3 --seconds=1) $(if $(ROUNDS),--rounds=$(ROUNDS)) \
    $(if $(DURATION),--seconds=$(DURATION)) $(if $(ONLY),--only=$(ONLY)) $(if $(BASELINE),--baseline=$(BASELINE))
SWIFT_FILES := Sources Tests Package.swift Simulation/Sources Simulation/Package.swift

.PHONY: help run build test test-api test-browser fuzz fuzz-smoke bench soak guard cluster deb test-package simulate simulate-smoke lint clean

help: ## Lists the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Builds and runs the service on 127.0.0.1:8000, with SQLite and the tokens of the README.
	exec .build/release/megaphone serve --config config.example.toml

build: ## Installs the packages the build needs and builds the release binary.
	Scripts/install-packages build
	swift build $(RELEASE_FLAGS) --product megaphone

# The leak checker reports memory that the test runner itself never frees.
test: export ASAN_OPTIONS ?= detect_leaks=0
test: ## Installs the packages the tests need and runs all tests, on SQLite and a private MariaDB. SANITIZE=thread|address, FILTER=name.
	Scripts/install-packages test
	swift build --build-tests $(SANITIZE_FLAGS)
	Scripts/run-tests Scripts/with-mariadb swift test $(TEST_FLAGS)

test-api: build ## Tests a running service against openapi.yaml, with schemathesis from PyPI.
	Scripts/install-packages api
	Scripts/test-api

test-browser: build ## Tests the status page and the scripts of Examples/ against a running service, in headless Chromium and with curl.
	Scripts/install-packages browser
	shellcheck Examples/follow.sh
	Scripts/with-mariadb Scripts/test-browser

fuzz: ## Runs each fuzzer for SECONDS (default 60).
	Scripts/install-packages build
	Scripts/fuzz $(SECONDS)

fuzz-smoke: ## Runs the canary, which must fail, then each fuzzer on its seeds and for 5 seconds.
	Scripts/install-packages build
	Scripts/fuzz smoke

bench: build ## Measures the service beside nginx, nchan, a query-per-request peer and BASELINE=older/binary. QUICK=1, ROUNDS=n, DURATION=seconds, ONLY=fresh,put.
	Scripts/install-packages bench
	$(BUILD_PEER) -o .build/bench/peer ./Benchmarks/peer
	Benchmarks/run $(BENCH_FLAGS)

soak: build ## Runs the service for MINUTES (default 20) under load, reloads, LISTENERS (default 100000) and database restarts.
	Scripts/install-packages test
	Scripts/with-mariadb Scripts/soak $(MINUTES) $(LISTENERS)

guard: build ## Checks for MINUTES that conditional PUTs of three services lose nothing. GALERA=1: on a cluster of three servers.
	Scripts/install-packages $(if $(GALERA),galera,test)
	Scripts/with-mariadb Scripts/guard $(MINUTES) $(if $(GALERA),galera)

cluster: build ## Runs three services on a Galera cluster for MINUTES, with clients, faults and checks of what the clients saw.
	Scripts/install-packages galera
	Scripts/with-mariadb Scripts/cluster $(MINUTES)

deb: ## Builds the Debian package, and one with its debug symbols. SOURCE=URL is shown by /__version__.
	Scripts/install-packages package
	SOURCE=$(SOURCE) Scripts/package

test-package: ## Builds the Debian package and installs, upgrades, removes and purges it in a container with systemd. Needs root.
	Scripts/install-packages package
	Scripts/test-package

simulate: ## Runs SEEDS (default 1000) simulated clusters, or one with SEED=n and its trace. FROM=first seed.
	Scripts/install-packages build
	FROM=$(FROM) Scripts/simulate $(if $(SEED),seed $(SEED),$(SEEDS))

simulate-smoke: ## Runs the canary, which must fail, checks that a seed has one trace, and runs seeds for two minutes.
	Scripts/install-packages build
	Scripts/simulate smoke

lint: ## Checks the format of all Swift files.
	swift format lint --strict --recursive --parallel $(SWIFT_FILES)

clean: ## Removes all build products.
	rm -rf .build
