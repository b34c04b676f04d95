# Every target is a line or two that calls bakeoff or a tool; the first one run makes .venv.
# Swap versions per image: make compare TORCH=2.14.1 TF=2.20.0; pass options: make compare ARGS="--seeds 3".
PYTHON ?= python3
BIN := .venv/bin
# Tests start many hosts; without kept byte code, which some images turn off, each would compile bakeoff anew.
export PYTHONDONTWRITEBYTECODE :=
SHARED_OUT := --numprocesses auto --dist loadscope
CONTENDERS = $(if $(TF),tf==$(TF),tf) $(if $(TORCH),torch==$(TORCH),torch)

.DEFAULT_GOAL := help
.PHONY: help compare quick doctor data images report test test-cuda fuzz faults calibration coverage check lint types wheel-check map lock lock-images clean

help: ## show this list
	@sed -nE 's/^([a-z-]+):.*## /\1|/p' Makefile | awk -F'|' '{ printf "make %-11s %s\n", $$1, $$2 }'

compare: .venv/.ready ## compare: the article's two recipes in TensorFlow and PyTorch (TORCH=, TF=, ARGS=)
	@$(BIN)/bakeoff compare $(CONTENDERS) $(ARGS)

quick: .venv/.ready ## the same at the quick size: minutes on two cores
	@$(BIN)/bakeoff compare $(CONTENDERS) --profile quick $(ARGS)

doctor: .venv/.ready ## look at all that a comparison needs: engine, limits, disk, data, GPU
	@$(BIN)/bakeoff doctor $(CONTENDERS) $(ARGS)

data: .venv/.ready ## fetch and check MNIST, show where it came from
	@$(BIN)/bakeoff data $(ARGS)

images: .venv/.ready ## build the contenders' images ahead of a comparison
	@$(BIN)/bakeoff images build $(CONTENDERS) $(ARGS)

report: .venv/.ready ## make the newest run's report again (RUN=)
	@$(BIN)/bakeoff report $(or $(RUN),latest)

test: .venv/.ready ## run the tests; those of Docker and the frameworks run where an engine answers
	@$(BIN)/pytest $(SHARED_OUT) $(ARGS)

test-cuda: .venv/.ready ## build PyTorch's CUDA image (6 GB) and train in it on the CPU
	@$(BIN)/pytest -m cuda_image $(ARGS)

fuzz: .venv/.ready ## 1,000,000 hostile lines, 100,000 hostile files; guided by coverage too where atheris is installed
	@$(BIN)/python -m tests.fuzz.lines $(ARGS)
	@$(BIN)/python -m tests.fuzz.files
	@! $(BIN)/python -c 'import atheris' 2>/dev/null || { $(BIN)/python -m tests.fuzz.guided -runs=100000 \
		&& $(BIN)/python -m tests.fuzz.guided files -runs=100000; }

faults: .venv/.ready ## inject every fault of the matrix, several times, in 15 to 20 minutes; writes the table of docs/reliability.md
	@BAKEOFF_FAULTS=.faults.json $(BIN)/pytest -m "" tests/faults $(ARGS); code=$$?; \
		$(if $(ARGS),true,$(BIN)/python -m tests.faults.table .faults.json) && exit $$code

calibration: .venv/.ready ## simulate how often a claim is wrong, in a minute or two; writes the tables of docs/methodology.md
	@$(BIN)/python -m benchmarks.calibration $(ARGS)

coverage: .venv/.ready ## run the tests, the slow ones too, and measure what they cover; at least the share in pyproject.toml
	@$(BIN)/pytest $(SHARED_OUT) -m "not cuda_image and not faults" --cov --cov-report term $(ARGS)

check: lint types coverage ## what CI runs: lint, types, tests and their coverage

wheel-check: .venv/.ready ## build the wheel, install it outside of this checkout, run a trial from there
	@.ci/wheel

lint: .venv/.ready ## ruff, codespell, import-linter, hadolint, shellcheck; the compose file where docker is installed
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/codespell
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint images/*/Dockerfile && $(BIN)/shellcheck --external-sources --check-sourced --source-path=SCRIPTDIR images/install.sh .ci/run .ci/wheel
	@if docker compose version >/dev/null 2>&1; then docker compose config --quiet; \
		else echo "docker compose is not installed: compose.yaml not looked at"; fi

types: .venv/.ready ## mypy, strict
	@$(BIN)/mypy

map: .venv/.ready ## draw the packages of orchestrator/ into docs/architecture.md again
	@$(BIN)/python docs/package_map.py

lock: .venv/.ready ## resolve requirements.lock again (needs uv)
	@uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-strip-extras --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --python-version 3.11 --quiet -o requirements.lock

lock-images: .venv/.ready ## resolve an image's packages to hashes (needs uv; ARGS="torch==2.14.1 --variant cuda --python 3.12")
	@$(BIN)/bakeoff images lock $(ARGS)

clean: .venv/.ready ## remove bakeoff's containers, by label; ask first (ARGS="--images --data")
	@$(BIN)/bakeoff clean $(ARGS)

# Made once, from hashes; --no-build-isolation keeps the last step from asking an index for unpinned build tools.
.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("bakeoff needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	@echo "making .venv: once, about a minute"
	@$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable . && touch $@
