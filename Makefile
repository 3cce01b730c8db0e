# One command each, and nothing done twice: what a target needs is created when it is missing, and a stamp named
# after the content of the lock file says that it is there. Once installed, no target uses the network.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Else hundreds of processes compile the project's modules, each for itself.
unexport PYTHONDONTWRITEBYTECODE

# The first that runs: version managers put commands on the PATH for Pythons that are not switched on.
PYTHON ?= $(firstword $(shell for name in python3.11 python3.12 python3; do if $$name -c '' 2>/dev/null; then command -v $$name; break; fi; done) python3.11)
VENV := .venv
BIN := $(VENV)/bin

content = $(firstword $(shell cat $(1) | cksum))
VENV_STAMP := $(VENV)/pyvenv.cfg
PYTHON_STAMP := $(VENV)/stamps/python-$(call content,requirements.txt requirements-torch.txt)
AUDIT := $(VENV)/audit
AUDIT_STAMP := $(VENV)/stamps/audit-$(call content,requirements-audit.txt)
ETHEREUMJS := $(VENV)/ethereumjs
ETHEREUMJS_STAMP := $(VENV)/stamps/ethereumjs-$(call content,tools/ethereumjs/package-lock.json)
NPM_STAMP := node_modules/.stamp-$(call content,package-lock.json)
TOOLS_STAMP := $(VENV)/stamps/tools-$(call content,package-lock.json tools/link_toolchain.py tools/venv_paths.py)

PYTHON_CODE := $(wildcard ml offchain scripts stakefed tools)
ARGS ?=
FLOWER ?=
PFL ?=

.PHONY: help install simulate reproduce test forge invariants prove slither coverage bench bench-processes bench-modules bench-tables stateful live portability gas gas-tables wheel images mutants check format lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'
	@echo
	@echo '  More options: make simulate ARGS="--policy aggregate --rounds 150", make test ARGS="-k settle -x"'

install: $(PYTHON_STAMP) $(NPM_STAMP) $(TOOLS_STAMP) ## create .venv, node_modules and the compiler, where missing

simulate: install ## 50 clients, some malicious, train a model through contracts on anvil
	@$(BIN)/ape run simulate --network foundry $(ARGS)

reproduce: install ## make tables and figures of the paper; ARGS="table3 fig6 --data FILE", or list
	@$(BIN)/ape run reproduce --network foundry $(or $(ARGS),list)

test: install $(ETHEREUMJS_STAMP) ## run all tests, side by side; with ARGS in one process, "-k settle -x"
	@$(BIN)/ape test tests $(or $(ARGS),-n auto)

forge: install ## run the tests written in Solidity: invariants, proofs' bounds, adversaries; ARGS="--match-test settle -vvvv"
	@$(BIN)/forge test $(ARGS)

invariants: install ## search for a broken property for hours: three times 10,000 sequences of 256 calls, from a new seed
	@FOUNDRY_PROFILE=long $(BIN)/forge test --match-path 'tests/forge/invariants/*' --fuzz-seed $${SEED:-$$RANDOM} $(ARGS)

prove: $(AUDIT_STAMP) install ## prove the arithmetic for every word, with Halmos; docs/PROOFS.md says what
# Terms of z3 that Python's collector freed while another thread asked z3 crashed it, now and then.
	@FOUNDRY_PROFILE=proofs PATH="$(CURDIR)/$(BIN):$$PATH" $(AUDIT)/bin/halmos --forge-build-out .build/forge/proofs --loop 256 \
	  --solver-timeout-assertion 300000 --disable-gc $(ARGS)

slither: $(AUDIT_STAMP) install ## analyse the contracts; fails on any finding above informational
	@FOUNDRY_PROFILE=slither PATH="$(CURDIR)/$(BIN):$$PATH" $(AUDIT)/bin/slither . $(ARGS)

coverage: install ## lines and branches of contracts/ that the Solidity tests reach
	@FOUNDRY_PROFILE=coverage $(BIN)/forge coverage --no-match-coverage '(tests|mocks|node_modules|.cache)/' \
	  --no-match-contract Invariants --report summary $(ARGS)

bench: install ## measure a round's seconds and memory; ARGS=--full for the whole grid, FLOWER=1, PFL=1 to compare with others
	@$(if $(FLOWER),test -x .build/flower/bin/flwr || { $(PYTHON) -m venv .build/flower && .build/flower/bin/pip install --quiet --requirement requirements-bench.txt; })
	@$(if $(FLOWER),mkdir -p .build/bench && .build/flower/bin/python tools/flower_round.py --out .build/bench/flower.json)
	@$(if $(PFL),.build/pfl/bin/python -c 'import pfl' 2> /dev/null || { $(PYTHON) -m venv .build/pfl && .build/pfl/bin/pip install --quiet --requirement requirements-pfl.txt; })
	@$(if $(PFL),mkdir -p .build/bench && .build/pfl/bin/python tools/pfl_round.py --out .build/bench/pfl.json)
	@$(BIN)/ape run bench --network foundry $(ARGS)

bench-processes: install ## measure seconds to the first line and memory of every --help, or of ARGS="run status ..."
	@$(BIN)/python tools/process_cost.py $(ARGS)

bench-modules: install ## compare the training of any module with a plain PyTorch loop; ARGS="FILE.py:Class ROWS" for a task
	@$(BIN)/python tools/module_speed.py $(ARGS)

bench-tables: install ## memory and seconds of a large made table; ARGS="--rows 2200000" for Lending Club's size
	@$(BIN)/python tools/table_memory.py $(ARGS)

stateful: install ## search for disagreements of contracts and reference for half an hour, from a new seed
	@STATEFUL_BUDGET=long STATEFUL_SEED=$${STATEFUL_SEED:-$$RANDOM} $(BIN)/ape test tests/stateful $(ARGS)

live: install ## play ten rounds of eight institutions, each a process, on a node that mines by time
	@LIVE_BUDGET=long $(BIN)/ape test tests/live/test_institutions.py tests/operations/test_composed_rehearsal.py $(ARGS)

portability: install $(ETHEREUMJS_STAMP) ## run the contracts' tests on py-evm, and rounds on EthereumJS; with ARGS the former only
	@$(BIN)/ape test tests/contracts --network ethereum:local:test $(ARGS)
	@$(if $(ARGS),,LIVE_BUDGET=long $(BIN)/ape test tests/portability/test_ethereumjs.py)

gas: install ## write the gas snapshot anew
	@GAS_WRITE=1 $(BIN)/ape test tests/gas $(ARGS)

gas-tables: install ## measure docs/GAS.md anew, at up to 100,000 members; some minutes
	@GAS_TABLES=1 $(BIN)/ape test tests/gas/test_tables.py -s $(ARGS)

wheel: install ## build dist/stakefed-*.whl, which brings the compiled contracts
	@$(BIN)/ape compile > /dev/null
	@rm -rf build dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@rm -rf build *.egg-info

images: wheel ## build the images stakefed-watcher (no torch), stakefed-client and stakefed-chain, with Docker
	@for target in watcher client chain; do \
	  docker build --file operations/images/Dockerfile --target $$target --tag stakefed-$$target . || exit 1; done

mutants: install ## break the code on purpose, line by line, and demand that a test notices
	@$(BIN)/python tools/mutants.py $(ARGS)

check: install ## run formatters, linters and type checks, changing nothing
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(if $(PYTHON_CODE),$(BIN)/mypy $(PYTHON_CODE))
	@$(BIN)/forge fmt --check

format: install ## format Python and Solidity
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/forge fmt

lock: $(VENV_STAMP) ## write requirements.txt and requirements-audit.txt anew from their .in files
	@$(BIN)/python -m venv .build/lock
	@.build/lock/bin/pip install --quiet pip-tools
	@.build/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --output-file requirements.txt requirements.in
	@.build/lock/bin/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	  --output-file requirements-audit.txt requirements-audit.in

clean: ## remove what was built, and keep the installation
	rm -rf .build contracts/.cache .mypy_cache .pytest_cache .ruff_cache

$(VENV_STAMP):
	@command -v $(PYTHON) >/dev/null || { echo 'error: $(PYTHON) is not on the PATH; install Python 3.11 or 3.12, or name one: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null || { echo 'error: $(PYTHON) is not Python 3.11 or 3.12 (for 3.13 there is no wheel of numpy 1.26.4, which eth-ape 0.8.51 holds below 2); install one, or name it: make PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(PYTHON_STAMP): $(VENV_STAMP)
	@echo 'Installing the Python packages of requirements.txt ...'
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --requirement requirements-torch.txt
	@mkdir -p $(@D) && rm -f $(@D)/python-* && touch $@

$(AUDIT_STAMP): $(VENV_STAMP)
	@echo 'Installing Halmos and Slither of requirements-audit.txt, in an environment of their own ...'
	@$(BIN)/python -m venv $(AUDIT)
	@$(AUDIT)/bin/python -m pip install --quiet --require-hashes --requirement requirements-audit.txt
	@mkdir -p $(@D) && rm -f $(@D)/audit-* && touch $@

$(ETHEREUMJS_STAMP): $(VENV_STAMP) | $(NPM_STAMP)
	@echo 'Installing EthereumJS of tools/ethereumjs/package-lock.json, a node with another EVM for the tests ...'
	@mkdir -p $(ETHEREUMJS) $(@D) && cp tools/ethereumjs/package*.json .npmrc $(ETHEREUMJS)
	@cd $(ETHEREUMJS) && npm ci --ignore-scripts --silent
	@rm -f $(@D)/ethereumjs-* && touch $@

$(NPM_STAMP):
	@command -v npm >/dev/null || { echo 'error: npm is not on the PATH; install Node.js 20 or newer' >&2; exit 1; }
	@echo 'Installing the npm packages of package-lock.json ...'
	@npm ci --ignore-scripts --silent
	@rm -rf node_modules/@openzeppelin/contracts/build # 258 files too many: Ape copies the package into contracts/ and stops at 500.
	@touch $@

$(TOOLS_STAMP): $(PYTHON_STAMP) $(NPM_STAMP)
	@$(BIN)/python tools/link_toolchain.py
	@mkdir -p $(@D) && rm -f $(@D)/tools-* && touch $@
