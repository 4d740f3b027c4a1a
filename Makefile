# Each target builds what it needs: a virtual environment, Terraform and its provider.

VENV ?= .venv
PY = $(VENV)/bin/python
TERRAFORM = $(PY) -m scripts.terraform
READY = $(VENV)/.ready
DEV_READY = $(VENV)/.ready-dev
TERRAFORM_READY = terraform/.terraform/.ready
PACKAGE = .cache/package/runner.zip
LOCK = $(VENV)/bin/uv pip compile -q --universal --generate-hashes --python-version 3.10 \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

# Terraform reads the function's package where a schedule is wanted: plan and apply build it then.
SCHEDULED_PACKAGE := $(if $(value TF_VAR_schedule_expression)$(shell cat terraform/*.tfvars terraform/*.tfvars.json \
  2>/dev/null | grep -E '^[^\#/]*schedule_expression"?[[:space:]]*[=:][[:space:]]*"'),$(PACKAGE))

# A target takes the options that its help below names; one like DRY_RUN=1 is a switch. What else is on the
# command line stops make before it begins, unless it is a setting of a program that runs here.
TARGETS := $(shell sed -n 's/^\([a-z-]*\):.*\#\# .*/\1/p' Makefile)
options = $(shell sed -n 's/^$(1):.*\#\# //p' Makefile | grep -oE '[A-Z_]+=$(2)' | tr -d =1)
ALL := $(sort $(call options,[a-z-]*))
TAKEN := $(foreach goal,$(filter $(TARGETS),$(MAKECMDGOALS)),$(call options,$(goal)))
override GIVEN := $(foreach name,$(.VARIABLES),$(if $(findstring command line,$(origin $(name))),$(name)))
override WRONG := $(filter-out $(TAKEN) VENV PYTHON SHELL MAKE% AWS_% TF_% PIP_% UV_% %_PROXY BACKLOG_CHROMIUM BACKLOG_PROVIDER_MIRROR,$(GIVEN))
EXPLAIN = python3 scripts/dev/options.py '$(WRONG)' '$(TAKEN)' '$(ALL) PYTHON VENV' '$(MAKECMDGOALS)'
$(if $(WRONG),$(error $(or $(shell $(EXPLAIN)),there is no option $(WRONG))))
$(foreach name,$(TAKEN),$(if $(findstring environment,$(origin $(name))),$(error $(name) is set in the environment; write it after the command: make $(MAKECMDGOALS) $(name)=...)))
SWITCHES := $(call options,[a-z-]*,1)
not_1 = $(filter-out 1,$(value $(1)))$(subst 1,,$(value $(1)))
$(foreach name,$(filter $(SWITCHES),$(TAKEN)),$(if $(call not_1,$(name)),$(error $(name) takes 1 or nothing)))

# Options reach the programs through the environment, where make runs no $(shell ...) in a value.
unexport $(ALL)
$(foreach name,$(ALL),$(eval export BACKLOG_$(name) = $$(value $(name))))
flag = --$(shell echo $(1) | tr A-Z_ a-z-)$(if $(filter $(1),$(SWITCHES)),,="$$BACKLOG_$(1)")
flags = $(foreach name,$(filter-out PLAN REPORTS,$(call options,$@)),$${BACKLOG_$(name):+$(call flag,$(name))})
needed = test -n "$$BACKLOG_$(1)" || { echo "error: say which: make $@ $(1)=$(2)" >&2; exit 2; };
with_config = config=$$($(PY) -m scripts.state) && printf %s "$$config" | $(PY) -m $(1) --config - $(flags)

.PHONY: $(TARGETS)

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile
demo: $(DEV_READY)  ## Show the whole thing on an AWS inside the process; it touches nothing of yours
	@$(PY) -m scripts.dev.demo
plan: $(TERRAFORM_READY) $(SCHEDULED_PACKAGE)  ## Say what the next apply means: CONTACTS_BEFORE= REPORT= HISTORY= FORMAT= ACCEPT=
	@$(PY) -m scripts.plan plan $(flags)
review: $(READY)  ## Say what a plan's JSON means: PLAN= CONTACTS_BEFORE= REPORT= HISTORY= FORMAT= ACCEPT=
	@$(call needed,PLAN,plan.json) $(PY) -m scripts.review $(flags) -- "$$BACKLOG_PLAN"
apply: $(TERRAFORM_READY) $(SCHEDULED_PACKAGE)  ## Apply what you accept: ACCEPT= PLAN= CONTACTS_BEFORE= REPORT= HISTORY=
	@$(PY) -m scripts.plan apply $${BACKLOG_PLAN:+--plan="$$BACKLOG_PLAN"} $(flags)
destroy: $(TERRAFORM_READY) $(SCHEDULED_PACKAGE)  ## Take everything down, if you accept what that means: ACCEPT=
	@$(PY) -m scripts.plan destroy $(flags)
doctor: $(READY)  ## Say whether this machine and this account are ready: FORMAT=
	@$(PY) -m scripts.doctor $(flags)
subscriptions: $(TERRAFORM_READY)  ## Say who really receives: REINVITE=1 CONFIRM=LINK
	@$(PY) -m scripts.subscriptions $(flags)
check-backlog: $(TERRAFORM_READY)  ## Send what the report says is over: REPORT= MONTH= FORMAT= DRY_RUN=1 RESEND=1
	@$(call with_config,runner)
ledger: $(TERRAFORM_READY)  ## Show what the checks remember, or forget it, such as RESET=all: RESET=
	@$(PY) -m scripts.ledger $(flags)
send-test: $(TERRAFORM_READY)  ## Send one message marked [TEST] to a topic: TOPIC=
	@$(call needed,TOPIC,water_critical) $(call with_config,scripts.send_test)
backtest: $(READY)  ## Say what the thresholds would have meant: REPORTS= FROM= TO= TARGET= OUTPUTS= FORMAT=
	@$(call needed,REPORTS,FOLDER) $(PY) -m scripts.backtest $(flags) -- "$$BACKLOG_REPORTS"
board: $(READY)  ## Draw past reports in .cache/board.html and .png: REPORTS= FROM= TO= TARGET= OUTPUTS= CITY= FORMAT=
	@$(call needed,REPORTS,FOLDER) mkdir -p .cache; \
	  $(PY) -m scripts.backtest --board .cache/board.html --picture .cache/board.png $(flags) -- "$$BACKLOG_REPORTS" || test $$? -eq 3
package: $(DEV_READY)  ## Build the package of the scheduled check: .cache/package/runner.zip
	@$(PY) -m scripts.dev.package
test: $(DEV_READY) $(TERRAFORM_READY)  ## Run all tests
	@GOGC=400 $(TERRAFORM) test && $(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder
soak: $(DEV_READY)  ## Run the long campaigns, of which make test has a sample
	@$(PY) -m pytest -m soak -n 2
lint: $(DEV_READY) $(TERRAFORM_READY)  ## Check format, types, workflows, the usual mistakes, and the borders in lines
	@$(TERRAFORM) fmt -check -recursive -diff && $(TERRAFORM) validate && $(VENV)/bin/zizmor -q --offline .github && $(VENV)/bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml
	@$(PY) -m ruff format --check . && $(PY) -m ruff check . && $(PY) -m mypy && $(PY) -m scripts.dev.lines
fmt: $(DEV_READY)  ## Format Terraform and Python
	@$(TERRAFORM) fmt -recursive && $(PY) -m ruff format . && $(PY) -m ruff check --fix .
bench: $(DEV_READY) $(TERRAFORM_READY)  ## Measure plans, checks and reports beside the least they take
	@$(PY) -m scripts.bench
lock: $(DEV_READY)  ## Write the locks, requirements*.txt from pyproject.toml, and checksums of terraform/
	@$(LOCK) pyproject.toml -o requirements-runner.txt
	@$(LOCK) pyproject.toml --group tools -c requirements-runner.txt -o requirements.txt
	@$(LOCK) --group dev -c requirements.txt -o requirements-dev.txt && $(PY) -m scripts.review.source

$(READY): requirements.txt
	@python=$$(for name in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.10; do \
	  $$name -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$name && break; done); \
	test -n "$$python" || { echo "error: install Python 3.10 or newer, or name it: make PYTHON=..." >&2; exit 1; }; \
	echo "setting up $(VENV) with $$($$python --version): 300 MB" >&2; rm -rf $(VENV); $$python -m venv $(VENV)
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r $< && touch $@
$(DEV_READY): requirements-dev.txt $(READY)
	@echo "adding what tests and demo need to $(VENV): 400 MB more" >&2
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes -r $< && touch $@
# The folder itself is newer when a file of it is gone. What is printed is no part of a review.
$(PACKAGE): requirements-runner.txt scripts/dev/package.py runner $(wildcard runner/*.py) | $(DEV_READY)
	@$(PY) -m scripts.dev.package >&2
$(TERRAFORM_READY): $(READY) terraform/.terraform.lock.hcl $(wildcard terraform/*.tf terraform/modules/*/*.tf terraform/tests/*)
	@echo "setting up terraform/ with its provider" >&2 && $(TERRAFORM) init && touch $@
