.DEFAULT_GOAL := help
.PHONY: help setup build demo test takeover fuzz bench gate mutants contracts clean

# What .ci/setup installed comes first, for the programs and tests started here.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

# The dev profile, not release: the demo waits for two anvils rather than for the processor, the
# dependencies are optimised all the same, and `make test` builds the very same artefacts, so a
# machine compiles them once. PROFILE=release is there to ask for.
PROFILE ?= dev

help: ## what there is to run
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

setup: ## install what is missing into .tools/
	@.ci/setup

build: ## build the daemon
	cargo build --locked --profile $(PROFILE)

# cargo replaces itself by herald, and the shell by cargo: Ctrl-C reaches herald alone.
demo: setup ## two chains, traffic and the daemon; ARGS="--for 60s" ends by itself
	@exec cargo run --locked --profile $(PROFILE) -- dev $(ARGS)

test: setup ## all tests
	@.ci/test

takeover: setup ## how long until another replica goes on after a kill and after a stop, 20 times
	@for round in $$(seq 20); do cargo test --locked --quiet --test it -- --exact --nocapture \
	  daemon::takeover::another_goes_on_after_a_death_and_after_a_stop | grep ' ms '; done

fuzz: ## look for logs that the decoder reads wrongly; FUZZ_SECONDS=600 looks for longer
	@.ci/fuzz

bench: ## how fast reads are, beside pgbench; BENCH_TRANSFERS=, BENCH_SECONDS= (docs/BENCHMARKS.md)
	@exec cargo bench --locked --bench reads

gate: ## format, lints, documentation, dependencies
	cargo fmt --check
	cargo fmt --check --manifest-path tests/fuzz/Cargo.toml
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps
	@.ci/deny

mutants: setup ## break the code on purpose; the suite must notice each time
	@tests/mutations/run

contracts: ## rebuild contracts/artifacts and abi from contracts/src
	@contracts/build.sh

clean: ## remove what was built and installed here
	cargo clean
	rm -rf .tools
