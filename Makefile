# make demo    see it work: a gateway, two servers and a mirror between them
# make test    every check that the continuous integration runs
#
# Both do all the set-up themselves, in .venv, from the package index that pip is configured to use.

PYTHON ?= python3
PORT ?= 8000
SECONDS ?= 60
MINUTES ?= 5
SEED ?=

VENV := .venv
PY := $(VENV)/bin/python
# Twice quiet: only errors. What pip was asked for is what setup.cfg says.
PIP := @$(PY) -m pip install --quiet --quiet --disable-pip-version-check
# "compat" because twisted.plugin lists directories on sys.path: the import hook of a plain editable install hides
# our drop-ins from it, and `twistd --help` would not show shadowgate.
EDITABLE := --config-settings editable_mode=compat --editable
RUNTIME := $(VENV)/.runtime-installed
DEVELOPMENT := $(VENV)/.development-installed
COMPILED := build/compiled/.made

STARTED := $(shell date +%s)
STEP = @printf '\n=== %s\n'

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help demo test venv format lint types unit unit-compiled wheel e2e fuzz soak docs bench bench-routing bench-loading bench-instructions changelog clean

help:
	@echo 'make demo      see it work: a gateway, two servers and a mirror between them (PORT=8080 for another port)'
	@echo 'make test      every check: the targets below, in this order'
	@echo
	@echo '  make venv      the development environment, in $(VENV) (PYTHON=python3.12 for another interpreter)'
	@echo '  make lint      ruff: format and rules; "make format" repairs what can be repaired'
	@echo '  make types     mypy, strict'
	@echo '  make unit      unit and contract tests; "make unit-compiled" those of the request path, compiled'
	@echo '  make wheel     build the distributions, install them into an empty environment and use them there'
	@echo '  make e2e       end-to-end tests with real sockets and servers'
	@echo '  make docs      the documentation, in docs/_build/html'
	@echo
	@echo 'make fuzz      mutated messages against a gateway in memory, for SECONDS=60 (SEED=... to repeat one)'
	@echo 'make soak      bad weather for a gateway, for MINUTES=5; then nothing may be left behind (SEED=... to repeat)'
	@echo 'make bench     a request beside Envoy, nginx, HAProxy and twisted.web, on one core each (Linux; a quiet machine)'
	@echo 'make bench-routing, bench-loading   what routing and loading cost with 10,000 rules (Linux; a quiet machine)'
	@echo 'make bench-instructions   what each step of a request costs, counted (valgrind, a C compiler; any machine)'
	@echo 'make changelog show the change log of the next release;  make clean  remove what was built'

# --- environment ------------------------------------------------------------------------------------------------------

# Stamps depend on what decides the installed set, so that a second run starts at once.
$(RUNTIME): setup.cfg pyproject.toml
	$(STEP) 'environment ($(VENV))'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'ShadowGate needs Python 3.11 or newer; $(PYTHON) is not.  Name another one: make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo '$(PYTHON) cannot make virtual environments.  On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PIP) $(EDITABLE) .
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(STEP) 'development tools'
	$(PIP) $(EDITABLE) '.[test,docs,dev]'
	@touch $@

# System packages that a check needs (a browser, nginx to compare with) would be asked for here, before anything runs.
venv: $(DEVELOPMENT)

# --- the two commands -------------------------------------------------------------------------------------------------

demo: $(RUNTIME)
	@$(PY) -m shadowgate.demo --port $(PORT)

test: venv lint types unit unit-compiled wheel e2e docs
	@printf '\nAll checks passed in %s seconds.\n' $$(( $$(date +%s) - $(STARTED) ))

# --- the parts --------------------------------------------------------------------------------------------------------

format: venv
	@$(VENV)/bin/ruff check --fix --quiet . || true
	@$(VENV)/bin/ruff format .

lint: venv
	$(STEP) 'format and rules (ruff)'
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .

types: venv
	$(STEP) 'types (mypy)'
	@$(VENV)/bin/mypy

# What the collector finds unclosed is told when it runs, in whatever test that happens to be.
COLLECTED := -W ignore::ResourceWarning -W ignore::pytest.PytestUnraisableExceptionWarning

REQUEST_PATH := $(addprefix tests/,bundled compiler http net runtime test_garbage.py test_gateway.py test_request_cost.py test_wire.py)

unit: venv
	$(STEP) 'unit and contract tests'
	@$(PY) -m pytest -W error $(COLLECTED) --ignore=tests/end_to_end -m 'not wheel'

# The request path compiled, as an installation has it where there is a C compiler.
$(COMPILED): setup.py pyproject.toml $(shell find shadowgate twisted -name '*.py') | $(DEVELOPMENT)
	$(STEP) 'compiled request path (build/compiled)'
	@rm -rf build/compiled && mkdir -p build/compiled
	@if command -v cc > /dev/null; then SHADOWGATE_COMPILE=1 $(PY) setup.py --quiet build --build-base build \
	  --build-lib build/compiled > build/compiled.log 2>&1 || { tail build/compiled.log; exit 1; }; \
	else echo 'no C compiler (apt install gcc): nothing is compiled, and what would be is not tested'; fi
	@touch $@

unit-compiled: $(COMPILED)
	$(STEP) 'unit tests of the compiled request path'
	@if test -d build/compiled/shadowgate; then \
	  PYTHONPATH=$(CURDIR)/build/compiled $(VENV)/bin/pytest -q -W error $(COLLECTED) $(REQUEST_PATH); \
	else echo 'skipped: no C compiler'; fi

wheel: venv
	$(STEP) 'distributions in an empty environment'
	@$(PY) -m pytest -m wheel tests/test_wheel.py tests/test_deploy.py

# The gateways under test are what is installed: compiled, where that can be.
e2e: $(COMPILED)
	$(STEP) 'end-to-end tests'
	@if test -d build/compiled/shadowgate; then export SHADOWGATE_TREE=$(CURDIR)/build/compiled; fi; \
	  $(PY) -m pytest tests/end_to_end

# A part of the unit tests, for ten seconds.
fuzz: venv
	$(STEP) 'fuzzing for $(SECONDS) seconds'
	@FUZZ_SECONDS=$(SECONDS) $(if $(SEED),FUZZ_SEED=$(SEED)) $(PY) -m pytest -q -s tests/fuzz

# Not a part of `make test`, which runs it for some seconds: python -m soak --help tells the rest of its options.
soak: venv
	$(STEP) 'soak ($(MINUTES) minutes)'
	@PYTHONPATH=tests/end_to_end $(PY) -m soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

docs: venv
	$(STEP) 'documentation'
	@$(PY) -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo 'docs/_build/html/index.html'

# Not among the checks: what they print depends on the machine, and on what else it does.
bench-routing: venv
	@$(PY) bench/routing.py

# The gateways beside each other: BENCH='--only mirrored' for some of it.
bench: $(COMPILED)
	$(STEP) 'ShadowGate beside Envoy, nginx, HAProxy and twisted.web'
	@command -v wrk nginx haproxy > /dev/null || echo 'For all of it: apt install wrk nginx haproxy (Debian, Ubuntu)'
	$(PIP) -r bench/requirements.txt || echo 'no Envoy for this platform; it is left out'
	@$(PY) bench/side_by_side.py --json build/bench.json --chart docs/develop/performance.svg $(BENCH)

bench-loading: venv
	@$(PY) bench/loading.py

bench-instructions: $(COMPILED)
	@$(PY) bench/instructions.py

changelog: venv
	@$(VENV)/bin/towncrier build --draft --version next

clean:
	rm -rf build dist docs/_build docs/_generated .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info plugins/*/src/*.egg-info
	rm -f twisted/plugins/dropin.cache plugins/*/src/twisted/plugins/dropin.cache
	find shadowgate tests plugins -name __pycache__ -type d -prune -exec rm -rf {} +
