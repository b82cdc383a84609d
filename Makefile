PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

SECONDS_OF_RECORDING := $(if $(filter command line environment,$(origin SECONDS)),--seconds $(SECONDS))
DEMO_ARGS := $(SECONDS_OF_RECORDING) $(if $(SPEED),--speed $(SPEED)) $(if $(HUB),--hub $(HUB))

.PHONY: help setup services firmware cmodule demo test check sanitize spec rules native bench bench-fleet bench-filters bench-cortex budgets oracle mutants faults soak soak-hub fuzz cuts pictures clean kill-matrix bench-factory bench-erasure bench-page fleet

help:  ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## the package, its tools and the MicroPython interpreter in .venv

$(STAMP): pyproject.toml setup.py constraints.txt $(wildcard native/*.py native/include/*.h native/src/*.[ch])
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

services:  ## what only Debian packages bring: browser, ARM compiler, emulator, servers for tests
	packaging/services.sh

firmware: setup  ## the hub's images: build/firmware/qemu.elf; MICROPYTHON_SRC=folder for a checkout
	packaging/firmware.sh

cmodule: setup  ## the hub's C module as native .mpy files; MICROPYTHON_SRC=folder for a checkout
	packaging/cmodule.sh all

demo: setup  ## the main job on a real recording: make demo SECONDS=60 SPEED=10
	$(BIN)/tasuki demo $(DEMO_ARGS)

test: setup  ## all tests
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: setup  ## lint, types, import contracts, device syntax, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ruff check --config firmware/ruff.toml firmware
	$(BIN)/ruff format --check --config firmware/ruff.toml firmware
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	$(BIN)/python packaging/mpy_syntax.py
	$(BIN)/python packaging/spec_tables.py --check
	$(BIN)/python packaging/make_vectors.py --check
	$(BIN)/python packaging/rule_coverage.py --check

sanitize: setup  ## the C core under sanitizers, strict warnings, and for a bare Cortex-M0+
	packaging/native_checks.sh

spec: setup  ## write SPEC.md's tables and the vectors anew
	$(BIN)/python packaging/spec_tables.py
	$(BIN)/python packaging/make_vectors.py

rules: setup  ## write down which tests show which rule of the policy
	$(BIN)/python packaging/rule_coverage.py

native: setup  ## rebuild the C core
	$(BIN)/python -m pip install --quiet --no-deps --editable .

bench: setup  ## speed beside the peers, as ratios
	$(BIN)/python -m pytest benchmarks --benchmark-only

bench-fleet: setup  ## sixteen hubs flashed at once, beside mpremote one after the other; RECORD=1 writes it down
	$(BIN)/python benchmarks/flashing.py $(if $(RECORD),--write)

fleet: setup  ## 16 unix and 2 emulated hubs: list, flash, test, update, rollback, conformance, three faults
	TASUKI_FLEET=all $(BIN)/python -m pytest tests/fleet/test_fleet.py

bench-filters: setup  ## the filters' table: accuracy, speed and latency beside the peers
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]' ||\
		echo 'some peers cannot be installed here: the table says which'
	# it asks for an older pandas and setuptools than ours, but runs with them
	$(BIN)/python -m pip install --quiet --no-deps neurokit2==0.2.13 || true
	$(BIN)/python benchmarks/filters

bench-cortex: setup services  ## the filters' code, stack and instructions on an emulated Cortex-M4F
	$(BIN)/python benchmarks/cortex.py

bench-erasure: setup  ## erasing one wearer of 100,000, and the scan, timed apart; some minutes
	$(BIN)/python benchmarks/erasure.py

bench-page: setup  ## the wearer's page with 100,000 wearers in the state folder; some minutes
	$(BIN)/python benchmarks/page.py

budgets: setup  ## the hub's instructions and bytes against their budgets; RECORD=1 writes them down
	$(BIN)/python benchmarks/budgets.py $(if $(RECORD),--record)

oracle: setup  ## a million consent decisions against the plain table, some by Cedar; minutes
	$(BIN)/python tests/oracle

mutants: setup  ## every mutant of the consent decision; minutes
	$(BIN)/python tests/oracle/test_mutants.py

faults: setup services  ## 100,000 blocks through broker and database while something breaks; minutes
	$(BIN)/python tests/faults $(if $(RECORD),--write)

soak: setup  ## memory over a million frames, about ten minutes
	$(BIN)/python benchmarks/soak.py

soak-hub: setup  ## ten minutes of the hub on the emulated Cortex-M, with and without the C module
	$(BIN)/python benchmarks/soak_hub.py --write
	$(BIN)/python benchmarks/soak_hub.py --image qemu-viper.elf --write

fuzz: setup  ## a million commands, honest and broken, to a hub: make fuzz HUB=unix COUNT=1000000 SEED=1
	TASUKI_FUZZ=all $(BIN)/python -m pytest tests/end_to_end/test_fuzz.py
	$(BIN)/tasuki fuzz --count $(or $(COUNT),1000000) --hub $(or $(HUB),unix) $(if $(SEED),--seed $(SEED))

cuts: setup  ## the power cut at every write of an update or a stored epoch, on the unix port and on the emulator
	cd tests/device && TASUKI_CUTS=all MICROPYPATH=.frozen:../../firmware:../../protocol:. ../../$(BIN)/micropython -X heapsize=8m check_flash_update.py
	TASUKI_CUTS=all $(BIN)/python -m pytest tests/end_to_end/test_qemu_update.py tests/end_to_end/test_qemu_store.py \
		-k power_cut --timeout 7200

kill-matrix: setup  ## station, hub, HSM and disk cut at every state of a unit's way; a tray with bad hubs; minutes
	$(BIN)/python tests/factory/kill_matrix.py

bench-factory: setup  ## the manufacturing line: units an hour, CPU a unit, PKCS#11; RECORD=1 writes it down
	$(BIN)/python benchmarks/line.py $(if $(RECORD),--write)

pictures: setup  ## the README's picture, from a real run of the demo
	$(BIN)/python packaging/make_pictures.py

clean:  ## remove what was built
	rm -rf $(VENV) build out
