# Two commands are all you need: `make demo` and `make test`. Both set up what they need first.
#
#   make demo          three models trained, registered, deployed and asked; then JupyterLab
#   make demo LAB=no   the same, and stops everything it started after the answers
#   make test          every check and every test
#   make setup         what both need, and nothing else
#   make lint          the checks alone
#   make bench         how fast it is on this machine, as ratios; make bench ONLY=gateway: one file
#   make chaos         what it survives: swaps, kills, floods; make chaos ONLY=swaps: one part
#   make types         labextension/src/api/types.ts from the wire's own types
#   make pin           constraints.txt: today's newest versions that go together
#   make clean         everything that the commands above made inside this folder

PYTHON ?= $(shell command -v python3.11 || command -v python3)
LAB ?= yes
SCRIPT = @$(PYTHON) -m scripts

.PHONY: help demo test setup lint bench chaos types pin clean

help:
	@sed -n "s|^#   make|make|p" $(MAKEFILE_LIST)

demo:
	$(SCRIPT) demo --lab $(LAB)

test:
	$(SCRIPT) test $(ARGS)

setup:
	$(SCRIPT) setup --for test

lint:
	$(SCRIPT) lint

bench:
	$(SCRIPT) bench $(ONLY)

chaos:
	$(SCRIPT) chaos $(ONLY) $(ARGS)

types:
	$(SCRIPT) types

pin:
	$(SCRIPT) pin

clean:
	$(SCRIPT) clean
