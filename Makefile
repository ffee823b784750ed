# make setup | demo | lint | test | test-long | test-slurm | test-all | dag | lock | mediapipe;
# README.md says what each does.

PYTHON ?= python3
CORES ?= 2
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo lint test test-long test-slurm test-all lock dag mediapipe

setup: $(VENV)/.ready

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

demo: setup
	$(BIN)/snakemake --cores $(CORES)
	$(BIN)/sonar-sign show results/demo/comparison.json

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

test: lint
	$(BIN)/python -m pytest -m "not long" --durations=25

# What a change makes stale, and what is killed on the way.
test-long: setup
	$(BIN)/python -m pytest -m long --durations=25

# Installs Debian's SLURM if this is root; says why where it cannot.
test-slurm: setup
	$(BIN)/python -m pytest tests/slurm

# All of them, as CI does; the tiny workflow that test and test-long begin with is built once.
test-all: lint
	$(BIN)/python -m pytest --durations=25
	$(BIN)/python -m pytest tests/slurm

# Needs uv; everybody else installs what it wrote.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

# Optional: landmarks of a corpus without keypoints. MediaPipe's declared requirements contradict
# ours and are hardly needed; src/sonar_sign/landmarks/holistic.py says which are.
mediapipe: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps \
	  mediapipe==0.10.14 "protobuf>=6.33.5,<7"

dag: setup
	$(BIN)/python scripts/draw_dag.py
