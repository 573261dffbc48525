# The whole of the project's handling: `make site` to read it, `make live` to run its cells,
# `make test` to check it.

PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
HALF := $(VENV)/.installing
LISTED := find docs labml_style_nn litweave/src locale tools -type f -not -path '*/__pycache__/*'
SOURCES := $(shell $(LISTED))
# Of a file that is gone, nothing is younger than the site but the list of their names.
NAMES := .cache/sources
$(shell mkdir -p .cache; $(LISTED) | LC_ALL=C sort > $(NAMES).now; \
	cmp -s $(NAMES).now $(NAMES) || cp $(NAMES).now $(NAMES))
export NO_MKDOCS_2_WARNING := 1

# An environment whose Python is gone is made anew.
ifneq ($(shell $(BIN)/python -c 'print("runs")' 2>/dev/null),runs)
$(shell rm -f $(INSTALLED))
endif

.PHONY: site live build catalogs test lint clean

site: site/index.html  ## build the site if need be, and serve it on this machine
	@$(BIN)/python -m labml_style_nn preview site --port $(PORT)

live: site/index.html  ## build the site if need be, and serve it with kernels for its cells
	@$(BIN)/python -m labml_style_nn live site --port $(PORT)

build: site/index.html  ## build the site into site/

catalogs: $(INSTALLED)  ## bring the translators' files up to date, and check them
	$(BIN)/litweave catalogs mkdocs.yml

test: site/index.html  ## build the site if need be, and run all tests
	@command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null \
		|| $(BIN)/playwright install --with-deps --only-shell chromium
	@# A hundred processes import the same sources: each is compiled once, and kept.
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 \
		$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: $(INSTALLED)  ## check style, types, and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

clean:  ## remove what was built; keep the environment
	rm -rf site site.* .cache

# The old site stays until the new one is whole.
site/index.html: $(INSTALLED) mkdocs.yml $(SOURCES) $(NAMES)
	@[ -d .cache/litweave ] || echo "The first build runs all examples, proofs and" \
		"notebooks: two minutes or a few more. What is done is kept in .cache, so you" \
		"may stop it and go on later."
	$(BIN)/mkdocs build --strict --site-dir site.new
	@rm -rf site.old && if [ -e site ]; then mv site site.old; fi \
		&& mv site.new site && touch $@ && rm -rf site.old

# If pip was interrupted, some packages may be there in part: begin anew.
$(INSTALLED): pyproject.toml litweave/pyproject.toml constraints.txt
	@echo "Installing into $(VENV): about 550 MB to download and 2.3 GB on disk with the" \
		"CPU build of PyTorch, several GB more where pip brings its CUDA build."
	@if [ -e $(HALF) ] || ! $(BIN)/python -c '' 2>/dev/null; then rm -rf $(VENV); fi
	@mkdir -p $(VENV) && touch $(HALF)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --constraint constraints.txt --editable './litweave[dev]' --editable '.[dev]'
	@rm $(HALF) && touch $@
