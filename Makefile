# Python >= 3.11 and make are all that a machine needs. `make` sets up .venv; everything else follows from it.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := setup
.PHONY: setup demo test conformance check format bench simulate soak broken-engines fuzz compiled test-compiled clean

setup: $(READY)

# Made again only when pyproject.toml changes. The source itself is installed as a link. The file .unfinished stands in
# $(VENV) while it is being made: if it is still there, an earlier make was interrupted, and $(VENV) is made from scratch.
$(READY): pyproject.toml
	@python=; old=; \
	for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
		command -v "$$candidate" >/dev/null 2>&1 || continue; \
		if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
		old="$$old $$candidate ($$("$$candidate" -V 2>&1 | head -n 1))"; \
	done; \
	if [ -z "$$python" ]; then \
		echo "mmbot needs Python 3.11 or newer; found:$${old:- none}. Install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$python ($$("$$python" -V)) comes without venv; on Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; \
	fi; \
	if [ -e $(VENV)/.unfinished ] || ! $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "making $(VENV) with $$("$$python" -V)"; \
		rm -rf $(VENV) && mkdir -p $(VENV) && touch $(VENV)/.unfinished && "$$python" -m venv $(VENV) || exit 1; \
	fi
	@touch $(VENV)/.unfinished
	@echo "installing mmbot and its dependencies into $(VENV)"
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@rm -f $(VENV)/.unfinished
	@touch $@

# make demo                      a synthetic board of several sport events
# make demo TAPE=FILE SPEED=60   a recorded market, sixty times faster
demo: $(READY)
	@$(BIN)/mmbot demo $(if $(TAPE),--tape '$(TAPE)') $(if $(SPEED),--speed '$(SPEED)') $(ARGS)

# Two processes, since the tests were measured on two cores; make test JOBS=0 runs them in one.
JOBS := 2

test: $(READY)
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

# A real Pusher server for the conformance tests, which are skipped without it. It needs Node 16, 18 or 20, and npm.
SOKETI := tests/conformance/node_modules/.ready

conformance: $(SOKETI)

$(SOKETI): tests/conformance/package.json
	@cd tests/conformance && npm install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

# The same program with its core compiled to machine code, in an environment of its own. It needs a C compiler and
# Python's headers, and takes a minute or two. It is a copy of the source, and is rebuilt when the source
# changes. Strategies are not copied, because the loader rejects a name that two modules have.
COMPILED := .venv-compiled
SOURCE := $(shell find mmbot -name '*.py')

compiled: $(COMPILED)/.ready

$(COMPILED)/.ready: $(READY) setup.py $(SOURCE)
	@command -v "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_config_var("CC").split()[0])')" >/dev/null || \
		{ echo "compiling needs a C compiler; on Debian and Ubuntu: apt-get install gcc libc6-dev" >&2; exit 1; }
	@test -e "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" || \
		{ echo "compiling needs the headers of $$($(BIN)/python -V); on Debian and Ubuntu: apt-get install python3-dev" >&2; exit 1; }
	@echo "compiling the core into $(COMPILED)"
	@rm -rf build
	@$(BIN)/python -m venv --clear $(COMPILED)
	@MMBOT_COMPILE=1 PYTHONWARNINGS=ignore $(COMPILED)/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	@rm -rf build $(COMPILED)/lib/python3*/site-packages/strategies
	@echo "$(CURDIR)" > "$$($(COMPILED)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/checkout.pth"
	@touch $@

# The tests of the core, on the compiled one. Without -m, which would find the source first.
test-compiled: $(COMPILED)/.ready
	@$(COMPILED)/bin/pytest $(or $(ARGS),tests/domain tests/engine tests/strategy tests/strategies tests/backtest)

check: $(READY)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY)
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# make bench             the compiled core
# make bench CORE=plain  the source as it is
bench: $(if $(filter plain,$(CORE)),$(READY),$(COMPILED)/.ready)
	@echo "The rows of the speed budget. A ratio is how much of its budget a figure takes: above 1 is over. A budget \"for this"
	@echo "machine\" is scaled by the time of one orjson.loads, 11 us on the machine that the budget was written for."
	@for row in decode engine wire clear requote replay size; do $(if $(filter plain,$(CORE)),$(BIN),$(COMPILED)/bin)/python benchmarks/bench_$$row.py $(ARGS) || exit 1; done

# make simulate SEEDS=1000 [START=n]   so many seeds, one virtual hour each; docs/simulation.md says what they do
# make simulate MINUTES=3 FRESH=1      so many minutes, half of them on seeds that nobody has run before
simulate: $(READY)
	@PYTHONPATH=tests/simulation $(BIN)/python -m simulate $(if $(MINUTES),--minutes $(MINUTES)) $(if $(FRESH),--fresh) \
		$(if $(SEEDS),--seeds $(SEEDS)) $(if $(START),--start $(START)) --jobs $(or $(JOBS),2) $(ARGS)

# make soak                                   an hour of busy real time with each transport: does anything grow?
# make soak MINUTES=10 TRANSPORT=pysher       shorter, and with one of them; docs/performance.md explains the table
soak: $(READY)
	@PYTHONPATH=tests/soak:tests/support $(BIN)/python -m soak --minutes $(or $(MINUTES),60) \
		--transport $(or $(TRANSPORT),both) $(if $(SPEED),--speed $(SPEED)) $(if $(KEEP),--keep '$(KEEP)') $(ARGS)

# Deliberately broken engines, and how many seeds the simulation needs to find each.
broken-engines: $(READY)
	@PYTHONPATH=tests/simulation $(BIN)/python -m broken_engines --jobs $(or $(JOBS),2) $(ARGS)

# make fuzz SURFACE=feed SECONDS=60   one surface in a run that looks for new code; docs/fuzzing.md lists the surfaces
FUZZ := .venv-fuzz

fuzz: $(FUZZ)/.ready
	@PYTHONPATH=.:tests/support:tests/fuzz nice -n 10 $(FUZZ)/bin/python tests/fuzz/coverage_guided.py \
		$(SURFACE) --seconds $(or $(SECONDS),60) $(ARGS)

# The fuzzer has an environment of its own, which takes everything else from $(VENV).
$(FUZZ)/.ready: $(READY)
	@$(BIN)/python -m venv --clear $(FUZZ)
	@$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check 'atheris>=3'
	@echo "import site; site.addsitedir('$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')')" \
		> "$$($(FUZZ)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mmbot.pth"
	@touch $@

clean:
	rm -rf $(VENV) $(COMPILED) $(FUZZ) .fuzz tests/conformance/node_modules build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
