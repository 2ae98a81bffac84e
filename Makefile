# The one door. `make` alone tells what there is behind it.
#
# Every target works from a fresh clone: the first one makes .venv with a suitable Python, installs the
# development tools and builds the native part in place. Stamps in .venv remember what is done, so the
# next call starts at once; touching pyproject.toml installs again, touching a native source builds again.
#
#   PYTHON=/path/to/python3.12   which Python makes .venv (default: the first suitable one found)
#   ARGS="-k ring"               extra arguments for pytest, the benchmarks or the demo
#   JOBS=0                       tests in one process, one after the other (default: three for two cores)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/.tools-installed
NATIVE := $(VENV)/.native-built
# Links at the root (runtime, channels) are left out: find does not follow them.
NATIVE_SOURCES := $(shell find lava_actor \( -name '*.pyx' -o -name '*.pxd' -o -name '*.pxi' -o -name '*.h' \) 2>/dev/null)

ARGS ?=
# Tests wait for their networks a third of the time.
JOBS ?= $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))
PYTEST := $(PY) -m pytest -n $(JOBS) $(ARGS)

.PHONY: help demo docs test test-slow test-all bench bench-full lint type check sanitize build wheels clean distclean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' \
		| awk -F'\t' '{printf "  make %-11s %s\n", $$1, $$2}'

demo: $(NATIVE) ## run a balanced network of 10 000 neurons and say how fast it was
	@$(PY) examples/balanced_network.py $(ARGS)

test: $(NATIVE) $(TOOLS) ## all tests but the slow ones, random properties on a quarter of their cases
	@$(PYTEST) -m "not slow"

test-slow: $(NATIVE) $(TOOLS) ## the slow tests only: soak, load, large networks
	@LAVA_ACTOR_TESTS=all $(PY) -m pytest $(ARGS) -m slow

test-all: $(NATIVE) $(TOOLS) ## every test there is, on all cases
	@LAVA_ACTOR_TESTS=all $(PYTEST)

bench: $(NATIVE) ## short benchmarks, about two minutes
	@$(PY) -m benchmarks $(ARGS)

bench-full: $(NATIVE) ## all benchmarks in full length, and how cost grows, with the neighbours that are installed
	@$(PY) -m benchmarks --full $(ARGS)

lint: $(TOOLS) ## ruff over sources, tests, examples
	@$(VENV)/bin/ruff check .

type: $(TOOLS) ## mypy over lava_actor
	@$(VENV)/bin/mypy

check: lint type test ## what has to be green before a change goes in

docs: $(NATIVE) ## the documentation of this version as a site, into build/docs beside others; warnings are errors
	@$(PY) tools/extras.py docs | xargs -d '\n' $(PY) -m pip install -qq --disable-pip-version-check
	@$(PY) -m sphinx -W --keep-going -q -b html docs "build/docs/$$($(PY) -c 'import lava_actor; print(lava_actor.__version__)')"
	@$(PY) tools/doc_versions.py build/docs

sanitize: ## the native ring under ThreadSanitizer and AddressSanitizer
	@tools/need_compiler
	@tests/native/run_sanitizers.sh $(ARGS)

build: $(NATIVE) ## make .venv and build the native part in place

wheels: $(INSTALLED) ## a wheel in dist/ for every suitable CPython of this machine
	@tools/make_wheels $(VENV) dist

clean: ## remove build products and caches, keep .venv
	@rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find lava_actor tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	@find lava_actor \( -name '*.so' -o -name '*.c' -o -name '*.o' \) -delete
	@rm -f $(NATIVE)

distclean: clean ## clean, and remove .venv too
	@rm -rf $(VENV)

# --- how the targets above get what they need -------------------------------------------------------

$(PY):
	@tools/make_venv "$(VENV)" "$(PYTHON)"

# The package, what builds it and what draws the demo's picture; the tools of developers come on top of that.
# pip builds the native part on the way, hence its stamp is renewed here as well.
$(INSTALLED): pyproject.toml | $(PY)
	@tools/need_compiler
	@echo "installing lava_actor and what it needs into $(VENV) (once; a minute or two)"
	@$(PY) -m pip install -qq --disable-pip-version-check "setuptools>=77" wheel "Cython>=3.1" "numpy>=2.0"
	@$(PY) -m pip install -qq --disable-pip-version-check --no-build-isolation --editable '.[plot]'
	@touch $@ $(NATIVE)

$(TOOLS): pyproject.toml | $(INSTALLED)
	@echo "installing the development tools into $(VENV) (once)"
	@$(PY) tools/extras.py dev examples mpi | xargs -d '\n' $(PY) -m pip install -qq --disable-pip-version-check
	@touch $@

$(NATIVE): setup.py $(NATIVE_SOURCES) | $(INSTALLED)
	@tools/need_compiler
	@echo "building the native part in place"
	@log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
		$(PY) setup.py --quiet build_ext --inplace >"$$log" 2>&1 \
		|| { cat "$$log" >&2; echo "make: the native part did not build; the compiler's words are above" >&2; exit 1; }
	@touch $@
