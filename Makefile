# The whole of the project's handling: `make site` to read it, `make live` to run its cells,
# `make test` to check it.

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SOURCES := $(shell find docs labml_style_nn -type f -not -path '*/__pycache__/*')
export NO_MKDOCS_2_WARNING := 1

.PHONY: site live build test lint clean

site: site/index.html  ## build the site if need be, and serve it on this machine
	@$(BIN)/python -m labml_style_nn.weave.preview site --port $(PORT)

live: site/index.html  ## build the site if need be, and serve it with kernels for its cells
	@$(BIN)/python -m labml_style_nn live site --port $(PORT)

build: site/index.html  ## build the site into site/

test: site/index.html  ## build the site if need be, and run all tests
	@command -v chromium chromium-browser google-chrome >/dev/null \
		|| $(BIN)/playwright install --with-deps --only-shell chromium
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: $(INSTALLED)  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:  ## remove what was built; keep the environment
	rm -rf site site.* .cache

# MkDocs replaces the whole folder, so this file is as old as the build.
site/index.html: $(INSTALLED) mkdocs.yml $(SOURCES)
	$(BIN)/mkdocs build --strict
	@touch $@

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@
