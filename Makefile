# Two commands do everything on a fresh machine with Python 3.11 or newer:
#
#   make demo    sets up .venv and runs the study on the mini planet; ends in results/report.html
#   make test    sets up .venv and runs all that CI runs
#   make dag     draws the rules
#   make bench   measures speed and memory (make bench-ingest, bench-track, …; bench-gpu on a GPU)
#   make clean   removes results and logs
PYTHON ?= python3
BIN := .venv/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: demo test check-style dag bench clean help

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/.runtime
	@$(RUN) snakemake --profile profiles/local
	@echo && echo "Open the report: file://$(CURDIR)/results/report.html"

# Two cores, and a worker that waits for schedulers most of the time.
test: check-style
	@$(RUN) PYTHONPATH="$(CURDIR)/.venv/qstat-cache" pytest -n 3 --dist loadgroup --no-loadscope-reorder tests

check-style: .venv/.development
	@# Without its cache: a module that moved changes how others' imports are sorted.
	@$(RUN) ruff check --no-cache . && $(RUN) ruff format --no-cache --check .
	@$(RUN) mypy
	@$(RUN) snakefmt --check Snakefile workflow
	@$(RUN) snakemake --lint

# The rules and how they hang together, as results/dag.svg (or .dot where graphviz is missing).
dag: .venv/.runtime
	@mkdir -p results && $(RUN) snakemake --rulegraph dot > results/dag.dot
	@if command -v dot > /dev/null; then dot -Tsvg results/dag.dot -o results/dag.svg && echo results/dag.svg; \
	 else echo "results/dag.dot (install graphviz to draw it: dot -Tsvg results/dag.dot)"; fi

.venv/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	 { echo "Stormtrace needs Python 3.11 or newer; choose one with: make PYTHON=python3.11 demo"; exit 1; }
	@$(PYTHON) -m venv .venv && touch $@

.venv/.runtime: envs/pip.txt | .venv/.python
	@echo "Installing what the workflow needs into .venv (once, a minute or two) …"
	@$(BIN)/pip install -q --disable-pip-version-check -r envs/pip.txt && touch $@

.venv/.development: envs/pip-dev.txt .venv/.runtime
	@$(BIN)/pip install -q --disable-pip-version-check -r envs/pip-dev.txt
	@# Apart, for it brings a qstat that must not stand before a cluster's own.
	@$(BIN)/pip install -q --disable-pip-version-check --upgrade --target .venv/qstat-cache \
	 $$(sed -n 's/^# apart: //p' envs/pip-dev.txt) && touch $@

# Speed and memory, a table each in benchmarks/. Peers stand beside us where they are installed:
#   make bench-ingest ARGS="--peers …/bin/python"      a python that has geocat-comp
#   make bench-detect ARGS="--peers …/ClimateNet"      a checkout of it; bench-learn likewise
bench: bench-ingest bench-import bench-learn bench-detect bench-track bench-map bench-bandwidth

bench-%: .venv/.development
	@$(RUN) python benchmarks/bench_$*.py $(ARGS)

clean:
	rm -rf results logs .snakemake
