# The recipes that people and CI run. Each needs Python 3.11 or newer and nothing else, but for those that say Go.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
BIN := $(VENV)/bin
WHEEL := .wheel
# Slow or needing Go: they have recipes of their own. What is large is in all runs but the quick one.
PLAIN := not slow and not alone and not e2e and not oracle and not golden
QUICK := $(PLAIN) and not large
# Further arguments for pytest: make test ARGS="-k envelope -x"
ARGS ?=
# CI names a file in SECOND_CHANCE: what failed runs once more, and what passes then is noted in it.
SECOND_CHANCE ?=
RUN := -m $(if $(SECOND_CHANCE),tools.second_chance $(SECOND_CHANCE),pytest)
# Two a core: half of the time a test waits for a server.
WORKERS := $(shell $(PYTHON) -c 'import os; print(min(8, 2 * (os.cpu_count() or 1)))')
PYTEST := $(RUN) -n $(WORKERS)
FUZZ_RUNS ?= 1000000
FUZZ_SECONDS ?= 25
# Compiled modules are kept, whatever the environment says: without them each kstore that a test starts compiles itself.
unexport PYTHONDONTWRITEBYTECODE
SCHEDULES ?= 100000
# How often each ordeal of `make torture` is gone through: make torture KILLS=1000 SERVER_KILLS=200
ORDEALS := kills rollbacks server-kills leaders freezes stops cuts compactions quotas tokens pairs journals full-journals full-outputs clocks soaks
TORTURE = $(foreach name,$(ORDEALS),$(if $($(VARIABLE)),--$(name) $($(VARIABLE))))
VARIABLE = $(subst -,_,$(shell echo $(name) | tr a-z A-Z))
# Coverage has a floor (pyproject.toml), which only a whole run can reach; measured of the wheel, as it takes a third longer.
COVERAGE := $(if $(ARGS),,--cov --cov-report=term:skip-covered)

.PHONY: help demo venv test slow alone test-wheel lint format golden e2e planted simulate torture mutants bench memory etcds servers demo-store docs pictures man site lock audit release krew fuzz instructions clean
.DELETE_ON_ERROR:

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 20

demo: $(VENV)/kstore ## install kstore in .venv and run its main job on the demo store
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh tools/demo/tour.sh

test: $(VENV)/test ## install what the tests need in .venv and pass them, but for those that take long
	$(BIN)/python $(PYTEST) -m "$(QUICK)" $(ARGS)

slow: $(VENV)/test ## the tests that take long: screens, the docs' commands, a whole cluster's tables, kills, copies, and more random examples
	$(BIN)/python $(PYTEST) -m "$(subst not slow,(slow or large or hypothesis),$(PLAIN))" --hypothesis-profile=thorough $(ARGS) || [ $$? -eq 5 ]

alone: $(VENV)/test ## the tests that run beside nothing else: processes killed and frozen, clusters of three
	$(BIN)/python $(RUN) -m "alone and not e2e" $(ARGS) || [ $$? -eq 5 ]

venv: $(VENV)/lint ## make .venv with all that the tests and the checks need

# What users install: first the wheel and its dependencies alone, which must do, then what the tests need beside it.
# kstore is imported from the wheel: src is not on the path.
test-wheel: $(VENV)/pip ## build the wheel, use it alone, and pass the tests with it, large ones too, in an environment of its own
	rm -rf $(WHEEL)
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir $(WHEEL) .
	$(BIN)/python -m venv $(WHEEL)/venv
	$(WHEEL)/venv/bin/python -m pip install --quiet --upgrade pip
	$(WHEEL)/venv/bin/python -m pip install --quiet $(WHEEL)/kstore-*.whl
	$(WHEEL)/venv/bin/kstore --store demo ls
	$(WHEEL)/venv/bin/python -m pip install --quiet --group test
	PATH="$(CURDIR)/$(WHEEL)/venv/bin:$$PATH" $(WHEEL)/venv/bin/python $(PYTEST) -m "$(PLAIN)" $(COVERAGE) $(ARGS)

lint: $(VENV)/lint ## style, types and imports; every check runs, and then any that failed fails it
	@failed=; \
	for check in "ruff check ." "ruff format --check ." mypy lint-imports; do \
		echo "$(BIN)/$$check"; \
		$(BIN)/$$check || failed="$$failed, $$check"; \
	done; \
	[ -z "$$failed" ] || { echo "failed: $${failed#, }" >&2; exit 1; }

format: $(VENV)/lint ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# pytest's 5 says that no test was selected, which is no failure of these
golden: $(VENV)/test ## every golden case of ../shared, byte for byte (minutes)
	$(BIN)/python -m pytest -m golden -n auto --maxprocesses 4 $(ARGS) || [ $$? -eq 5 ]

servers: $(VENV)/test ## build the real servers and the oracle into the cache (Go; 15 minutes from nothing)
	$(BIN)/python -m tools.cluster

e2e: servers ## tests against real kube-apiservers and the oracle (Go)
	$(BIN)/python $(RUN) -m "e2e or oracle" $(ARGS) || [ $$? -eq 5 ]

planted: $(VENV)/test ## put faults into a copy of the source, one at a time: the tests must find each (minutes)
	$(BIN)/python -m tools.planted --write $(ARGS)

mutants: $(VENV)/mutants ## mutation testing of the writers (mutmut): what no quick test notices
	$(BIN)/python -m tools.mutants $(ARGS)

simulate: $(VENV)/test ## the writers in a simulated world, SCHEDULES times, each time another way
	$(BIN)/python -m tests.simulation --schedules $(SCHEDULES) $(ARGS)

torture: $(VENV)/test ## real faults: kills, freezes, full disks, cut connections; ARGS="--long" as often as docs/guarantees.md says
	$(BIN)/python -m tools.torture $(TORTURE) $(ARGS)

bench: $(VENV)/test ## how fast, and in how much memory, beside the peers that are here; writes docs/reference/benchmarks.md
	$(BIN)/python -m bench --scale 1000,10000,100000 --page docs/reference/benchmarks.md $(ARGS)

memory: $(VENV)/test ## the memory that a store of 617 MB takes in each form (minutes; some 6 GB in build/memory)
	$(BIN)/python -m bench.memory --folder build/memory $(ARGS)

etcds: $(VENV)/test ## build etcd 3.4 and 3.7 into the cache, for the tests that run on every release (Go; a minute or two)
	$(BIN)/python -m tools.cluster etcd-3.4 etcdctl-3.4 etcd-3.7 etcdctl-3.7 etcdutl-3.7

demo-store: servers ## write the demo store anew with real servers (Go)
	$(BIN)/python -m tools.demo.make

docs: $(VENV)/kstore ## write docs/cli.md, docs/reference/json.md and the tutorial
	$(BIN)/python -m tools.generate_cli_reference
	$(BIN)/python -m tools.generate_json_reference
	$(BIN)/python -m tools.generate_kubectl_page
	$(BIN)/python -m tools.generate_picture
	$(BIN)/python -m tools.generate_tutorial

pictures: $(VENV)/test ## write docs/pictures: screens of browse, and of report where Chromium is installed
	$(BIN)/python -m tools.generate_screens

instructions: $(VENV)/test ## count the instructions of six fixed works: more than a tenth above the figures fails (valgrind)
	$(BIN)/python -m bench.instructions $(ARGS)

fuzz: $(VENV)/fuzz ## fuzz each reader of what others made, guided by coverage (FUZZ_SECONDS each)
	$(BIN)/python -m tests.fuzz.guided --runs $(FUZZ_RUNS) --seconds $(FUZZ_SECONDS) $(ARGS)

man: $(VENV)/kstore ## manual pages from the commands' own help, in build/man
	$(BIN)/python -m tools.generate_man_pages build/man

site: $(VENV)/docs ## the documentation as a site, in build/site; a broken link fails it
	$(BIN)/sphinx-build -W -q -b html -d build/doctrees docs build/site
	@echo build/site/index.html

lock: $(VENV)/release ## write requirements/*.txt anew: every package pinned and hashed, for all platforms and Pythons
	$(BIN)/python -m tools.release.lock

# Licences are held from what is installed; advisories are asked of a service, and where none answers that is a failure.
audit: $(VENV)/release ## licences of all that is pinned, and known vulnerabilities of it
	$(BIN)/python -m tools.release.audit $(ARGS)

release: $(VENV)/release ## rehearse the release: build, SBOM, checksums, fresh installs by pip, pipx and uv, smoke tests
	$(BIN)/python -m tools.release

krew: $(VENV)/release ## an archive for kubectl's plugin manager and its manifest, in build/krew
	$(BIN)/python -m tools.release.krew build/krew

clean: ## remove the environment and what tools left behind
	rm -rf $(VENV) $(WHEEL) build dist .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Each stamp is a state of the environment; the environment is made once. pip is brought up to date inside it,
# because dependency groups need pip 25.1.
$(VENV)/pip:
	@[ -n "$(PYTHON)" ] || { echo "kstore needs Python 3.11 or newer; say where it is: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@touch $@

$(VENV)/kstore: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/test: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group test
	@touch $@ $(VENV)/kstore

$(VENV)/fuzz: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group test --group fuzz
	@touch $@ $(VENV)/test $(VENV)/kstore

$(VENV)/mutants: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group test --group mutants
	@touch $@ $(VENV)/test $(VENV)/kstore

$(VENV)/docs: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group docs
	@touch $@ $(VENV)/kstore

$(VENV)/release: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group release
	@touch $@ $(VENV)/kstore

$(VENV)/lint: pyproject.toml | $(VENV)/pip
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint
	@touch $@ $(VENV)/test $(VENV)/kstore
