# Every target sets up .venv by itself. `make demo` and `make test` are all a newcomer needs.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOOLS := $(VENV)/.tools

.PHONY: demo test test-full lint format bench sample clean

demo: $(READY) | var/demo
	$(BIN)/python -m api --data var/demo --port $(PORT) --base http://localhost:$(PORT)

# Built aside and then renamed, so that an interrupted build is not taken for a demo.
var/demo: | $(READY)
	rm -rf var/demo.new var/demo.keys
	$(BIN)/python -m trigpoint.cli init --data var/demo.new --keys var/demo.keys --base http://localhost:$(PORT)
	$(BIN)/python -m loaders rsf data/*.rsf* --source-title "trigpoint sample (data/SOURCE.md)" --attribution "Public sector information under the Open Government Licence v3.0, and facts of mySociety under CC BY 4.0: data/SOURCE.md says which, and whom to name." --data var/demo.new --base http://localhost:$(PORT)
	$(BIN)/python -m loaders code-point --data var/demo.new --base http://localhost:$(PORT)
	mv var/demo.new var/demo

test: $(TOOLS)
	$(BIN)/python -m pytest -m "not long" -n 2 --dist loadfile

test-full: $(TOOLS)
	$(BIN)/python -m pytest

lint: $(TOOLS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TOOLS)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TOOLS)
	$(BIN)/python -m bench

# Makes data/ again from the source files in the folder named by TRIGPOINT_REAL_DATA.
sample: $(READY)
	$(BIN)/python -m loaders.sample --out data

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "trigpoint needs Python 3.11 or newer: make PYTHON=python3.x")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group api --group loaders
	touch $@

# What tests, benchmarks and linters need, and the product does not.
$(TOOLS): $(READY)
	$(BIN)/python -m pip install --quiet --group test --group bench --group lint
	touch $@

clean:
	rm -rf $(VENV) var .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
