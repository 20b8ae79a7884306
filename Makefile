# Everything runs in .venv, which the first command makes with $(PYTHON). constraints.txt is for Python 3.11.
PYTHON ?= python3
BIN := .venv/bin
INSTALL := $(BIN)/pip install -q --disable-pip-version-check -c constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo figures test test-slow lint mutants benchmark study sync-check lab docs readme export clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s%s\n", $$1, $$2 }' Makefile

demo: .venv/.dev ## probe an embedded SAE, say and draw who wins (seconds once all is cached)
	$(BIN)/sae-probes demo --results-path .cache/demo

figures: .venv/.dev ## draw every figure of the paper from results/ (RESULTS=… OUT=… for others)
	@$(BIN)/sae-probes figures --results $(or $(RESULTS),results) --out $(or $(OUT),figures)

test: .venv/.dev ## lint, check that generated files are in sync, then run every notebook but its slow cells (NB=05: only those)
	@$(if $(NB),$(BIN)/nbdev_export)
	@$(BIN)/python tools/test.py $(NB)

test-slow: .venv/.dev ## the same with the slow cells and notebooks
	@$(BIN)/python tools/test.py --slow

lint: .venv/.dev ## ruff, mypy, and the house rules on lines, cells, names and outputs
	@$(BIN)/ruff check sae_probes tools
	@$(BIN)/python tools/house.py

mutants: .venv/.dev ## edit the library in one place after another, and see whether its notebooks notice (writes docs/mutants.md)
	@$(BIN)/python tools/mutants.py

benchmark: .cache/oracle/.built ## measure speed, memory and numbers against 0.4.2, for hours (what is measured stays in .cache/)
	@cd nbs/benchmarks && for n in solvers speed verdict parity noise depth sweeps loading targets; do \
		SAE_PROBES_ORACLE=$(CURDIR)/.cache/oracle/bin/python SAE_PROBES_SPEED=$(CURDIR)/.cache/speed SAE_PROBES_VERDICT=$(CURDIR)/.cache/verdict \
		$(CURDIR)/$(BIN)/papermill $$n.ipynb $$n.ipynb || exit 1; done
	@$(BIN)/nbdev_clean

study: .venv/.dev ## run every probe on every task of the embedded model, for hours (resumes; activations stay in .cache/)
	@cd nbs/studies && SAE_PROBES_STUDY=$(CURDIR)/.cache/study $(CURDIR)/$(BIN)/papermill embedded.ipynb embedded.ipynb
	@$(BIN)/nbdev_clean

sync-check: .venv/.dev ## only check that generated files are in sync
	@$(BIN)/python tools/test.py --sync-only

lab: .venv/.dev ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab nbs

export: .venv/.dev ## write sae_probes/ from the notebooks, and clean the notebooks
	$(BIN)/nbdev_export
	$(BIN)/nbdev_clean

readme: .venv/.dev ## write README.md from nbs/index.ipynb
	$(BIN)/python tools/readme.py

docs: .venv/.docs ## build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean: ## remove all that these commands made and git ignores, .venv too
	rm -rf .venv .cache site build dist *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/.dev: settings.ini setup.py pyproject.toml constraints.txt
	@echo "Installing into .venv: a few minutes the first time."
	$(PYTHON) -m venv .venv
	$(INSTALL) torch
	$(INSTALL) -e '.[dev]'
	@touch $@

.cache/oracle/.built: .venv/.dev
	$(BIN)/python -c "from sae_probes.benchmarks.peer import build_oracle; build_oracle('.cache/oracle')"
	@touch $@

.venv/.docs: .venv/.dev
	$(INSTALL) -e '.[docs]'
	@touch $@
