# `make help` lists the targets.

PYTHON ?= python3
CORES ?= 2
MINUTES ?= 60
VENV := .venv
BIN := $(VENV)/bin
# Each process runs whole files of tests, in the order in which they are collected.
PYTEST := $(BIN)/python -m pytest --durations=25 --dist loadfile --no-loadscope-reorder

.PHONY: help setup demo lint test test-long test-slurm test-all fuzz lock dag mediapipe

setup: $(VENV)/.ready ## Install the locked packages into .venv (the default)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s%s\n", $$1, $$2}' Makefile

# One stamp for the whole set-up: the pinned packages, then this package itself.
$(VENV)/.ready: requirements.lock pyproject.toml scripts/check_python.sh
	@sh scripts/check_python.sh "$(PYTHON)"
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation --editable .
	$(BIN)/python scripts/link_libsndfile.py
	$(BIN)/python -m compileall -q src
	@touch $@

demo: setup ## Build the demo from nothing and print its comparison; CORES=2
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/sonar-sign show results/demo/comparison.json

lint: setup ## Check style, and the workflow with snakemake --lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

test: lint ## Check style and run the fast tests
	$(PYTEST) -n 2 -m "not long"

test-long: setup ## Run the slow tests: what a change makes stale, killed runs
	$(PYTEST) -n 2 -m long

test-slurm: setup ## Run the tests on a real SLURM, installed if this is root
	$(BIN)/python -m pytest tests/slurm

# In one go: the tiny workflow is built once, and the tests on SLURM, which mostly wait, run beside
# the others.
test-all: lint ## Run all tests, as continuous integration does
	$(PYTEST) -n 3 tests/slurm tests/workflow tests/unit tests/fuzz

fuzz: setup ## Search for inputs that break a step; MINUTES=60
	$(BIN)/python scripts/fuzz.py --minutes $(MINUTES)

lock: ## Write requirements.lock from pyproject.toml; needs uv
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --extra serve --extra speech \
	  --extra speech-espeak --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

# MediaPipe's declared requirements contradict ours, and hardly any of them is needed:
# src/sonar_sign/landmarks/holistic.py says which are.
mediapipe: setup ## Install MediaPipe, for corpora without keypoint files
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  mediapipe==0.10.14 "protobuf>=6.33.5,<7"

dag: setup ## Draw the workflow's graph
	$(BIN)/python scripts/draw_dag.py
