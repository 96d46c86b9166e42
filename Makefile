# Everything a user or CI runs. `make help` lists the targets.
SWIFT ?= swift
# Imports may point down only: the compiler checks the edges that Package.swift names.
EDGES = --explicit-target-dependency-import-check error
PREFIX ?= /usr/local

.PHONY: help packages build install demo test test-fast test-slow test-cluster fuzz lint format bench golden clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

packages: ## install the Debian packages that are missing
	@scripts/install-packages.sh

build: packages ## build the release binaries
	$(SWIFT) build -c release $(EDGES)

install: build ## copy the binaries to PREFIX/bin
	install -D -t $(PREFIX)/bin .build/release/shardify .build/release/train-from-manifest

demo: build ## ingest, balance, verify and train on the bundled fixtures
	@scripts/demo.sh .build/release demo

test: test-fast test-slow ## run every test

test-fast: packages ## unit and property tests (minutes)
	SHARDIFY_STRICT=1 $(SWIFT) build --build-tests $(EDGES)
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --parallel

test-slow: build ## whole runs through the release binaries: kill -9, full disk, MPI, an independent reader
	Tests/run-slow.sh .build/release

test-cluster: build ## train on three nodes under Slurm, kill one, go on with two (root; installs Slurm)
	@Tests/cluster/run.sh .build/release || [ $$? = 77 ]

fuzz: packages ## fuzz readers of tokenizers and language models, encoding, detection; FUZZ_SECONDS each
	Tests/fuzz/run.sh $(or $(FUZZ_SECONDS),60)

lint: ## check the layout of the code
	$(SWIFT) format lint --strict --recursive --parallel Package.swift Sources Tests
	scripts/check-tree.sh

format: ## lay the code out
	$(SWIFT) format --in-place --recursive --parallel Package.swift Sources Tests

bench: build ## time shardify beside its peers; see Benchmarks/README.md
	Benchmarks/run.sh
	Benchmarks/loader.sh
	Benchmarks/train.sh
	Benchmarks/tokenizers/run.sh
	Benchmarks/training.sh
	Benchmarks/languages.sh

golden: build ## write the golden files anew; review the diff before you commit it
	Tests/refresh-golden.sh .build/release

clean: ## remove what was built
	rm -rf .build demo
