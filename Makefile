# What a checkout can do. `make` alone explains it.

VENV := .venv
BIN := $(VENV)/bin
# A folder for the demo's messages, pages and store.
OUTPUT ?= demo-output
# Extra words for pytest, as in: make test PYTEST_FLAGS=tests/alerts
PYTEST_FLAGS ?= --numprocesses=auto

# Python that is new enough, under any of its usual names.
FIND_PYTHON = for name in $(PYTHON) python3 python python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	name=; \
	done

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lock clean

help:
	@echo 'make setup   virtual environment in $(VENV) with the locked dependencies and Sparkwatch'
	@echo 'make demo    setup, then replay a re-enacted incident; mails and pages in $(OUTPUT)/'
	@echo 'make test    setup with the developers'"'"' tools, then every check and every test'
	@echo 'make check   the same without the tests: style, import contract, types'
	@echo 'make lock    write the lock files anew, from the newest releases that pyproject.toml allows'
	@echo 'make clean   remove what these made, the virtual environment included'
	@echo
	@echo 'Afterwards: $(BIN)/sparkwatch --help'
	@echo 'PYTHON=/path/to/python3.12 chooses another Python than the first one that is found.'

setup: $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/sparkwatch demo --output $(OUTPUT)

test: check
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy

# A build of PyTorch (+cpu) and what only some Pythons need are written so that every machine can
# use them.
FREEZE = build/lock/bin/python -m pip freeze --exclude sparkwatch | sed \
	-e 's/+[[:alnum:].]*$$//' -e 's/^backports.zstd==.*/&; python_version < "3.14"/'

lock: $(VENV)/.installed
	rm -rf build/lock
	$(BIN)/python -m venv build/lock
	build/lock/bin/python -m pip install hatchling .
	{ echo '# What Sparkwatch runs with, and hatchling, which installs a checkout. Made by: make lock'; \
		$(FREEZE); } > build/runtime.lock
	build/lock/bin/python -m pip install '.[dev,train]'
	{ echo '# What developers need on top of requirements.lock. Made by: make lock'; \
		$(FREEZE) | grep -vxFf build/runtime.lock; } > requirements-dev.lock
	mv build/runtime.lock requirements.lock
	rm -r build/lock

clean:
	rm -rf $(VENV) $(OUTPUT) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp says: what these files ask for is installed.
$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --requirement requirements.lock
	$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --requirement requirements-dev.lock
	@touch $@

$(BIN)/python:
	@$(FIND_PYTHON); \
	if [ -z "$$name" ]; then \
		echo "Sparkwatch needs Python 3.11 or newer; here python3 is $$(python3 --version 2>&1)." >&2; \
		echo "Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$name" --version) ($$(command -v "$$name"))"; \
	"$$name" -m venv $(VENV) || { \
		rm -rf $(VENV); \
		echo "$$name cannot make a virtual environment. On Debian and Ubuntu its venv is a package" >&2; \
		echo "of its own: apt-get install python3-venv" >&2; \
		exit 1; \
	}
