# Every target builds what it needs: the virtual environment from the hashed lock file, Terraform
# if none that fits is on the PATH, its provider from the registry or from a mirror.

VENV ?= .venv
PY = $(VENV)/bin/python
TERRAFORM = $(PY) -m scripts.terraform
VENV_READY = $(VENV)/.ready
TERRAFORM_READY = terraform/.terraform/.ready
PACKAGE = .cache/package/runner.zip
# Terraform reads the function's package where a schedule is wanted, and stops for want of it: so
# plan and apply build it then. A schedule that only looks wanted costs the build and no more.
SCHEDULE := $(value TF_VAR_schedule_expression)$(shell cat terraform/*.tfvars \
  terraform/*.tfvars.json 2>/dev/null | \
  grep -E '^[^\#/]*schedule_expression"?[[:space:]]*[=:][[:space:]]*"')
SCHEDULED_PACKAGE = $(if $(SCHEDULE),$(PACKAGE))

.DEFAULT_GOAL := help
.PHONY: help demo test soak lint fmt plan review apply subscriptions check-backlog drill backtest board \
  package bench lock

# What a user gives is handed on through the environment, whatever characters it holds. Make would
# expand it once more where it hands on the variable itself: $(shell ...) in a link would be run.
unexport REPORT MONTH PLAN CONTACTS_BEFORE FORMAT ACCEPT CONFIRM RESEND DRY_RUN LEDGER AGAIN TOPIC \
  REPORTS FROM TO TARGET OUTPUTS HISTORY
export BACKLOG_REPORT = $(value REPORT)
export BACKLOG_MONTH = $(value MONTH)
export BACKLOG_PLAN = $(value PLAN)
export BACKLOG_CONTACTS_BEFORE = $(value CONTACTS_BEFORE)
export BACKLOG_FORMAT = $(value FORMAT)
export BACKLOG_ACCEPT = $(value ACCEPT)
export BACKLOG_CONFIRM = $(value CONFIRM)
export BACKLOG_LEDGER = $(value LEDGER)
export BACKLOG_TOPIC = $(value TOPIC)
export BACKLOG_REPORTS = $(value REPORTS)
export BACKLOG_FROM = $(value FROM)
export BACKLOG_TO = $(value TO)
export BACKLOG_TARGET = $(value TARGET)
export BACKLOG_OUTPUTS = $(value OUTPUTS)
export BACKLOG_HISTORY = $(value HISTORY)
export BACKLOG_RESEND = $(value RESEND)
export BACKLOG_DRY_RUN = $(value DRY_RUN)
export BACKLOG_AGAIN = $(value AGAIN)
# $(call FLAG,AGAIN,--again) is --again, unless AGAIN is empty or says no.
FLAG = $$(case "$$BACKLOG_$(1)" in ""|0|[Nn]*|[Ff]*) ;; *) echo "$(2)" ;; esac)
REVIEW_OPTIONS = $${BACKLOG_CONTACTS_BEFORE:+--contacts-before "$$BACKLOG_CONTACTS_BEFORE"} \
  $${BACKLOG_REPORT:+--report "$$BACKLOG_REPORT"} $${BACKLOG_FORMAT:+--format "$$BACKLOG_FORMAT"} \
  $${BACKLOG_ACCEPT:+--accept "$$BACKLOG_ACCEPT"} $${BACKLOG_HISTORY:+--history "$$BACKLOG_HISTORY"}
BACKTEST_OPTIONS = $${BACKLOG_FROM:+--from "$$BACKLOG_FROM"} $${BACKLOG_TO:+--to "$$BACKLOG_TO"} \
  $${BACKLOG_TARGET:+--target "$$BACKLOG_TARGET"} $${BACKLOG_FORMAT:+--format "$$BACKLOG_FORMAT"} \
  $${BACKLOG_OUTPUTS:+--outputs "$$BACKLOG_OUTPUTS"} -- "$$BACKLOG_REPORTS"
REPORTS_GIVEN = test -n "$$BACKLOG_REPORTS" || { echo "error: name past reports, a folder or an address" \
  "with {yyyy} and {mm}: make $@ REPORTS=reports (make demo draws a board of made-up ones)" >&2; exit 2; }

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV_READY)  ## Show the whole thing on an AWS inside the process; touches nothing of yours
	@$(PY) -m scripts.dev.demo

# The plan, its JSON and Terraform's own output hold addresses: only you can read that folder.
plan: $(TERRAFORM_READY) $(SCHEDULED_PACKAGE)  ## Show what the next apply means for people: options as for review
	@umask 077 && rm -rf .cache/plan && mkdir -p .cache/plan && \
	  $(TERRAFORM) plan -input=false -out="$(CURDIR)/.cache/plan/plan" > .cache/plan/plan.txt && \
	  $(TERRAFORM) show -json "$(CURDIR)/.cache/plan/plan" > .cache/plan/plan.json
	@$(PY) -m scripts.review .cache/plan/plan.json $(REVIEW_OPTIONS)

review: $(VENV_READY)  ## Review a plan's JSON: PLAN= CONTACTS_BEFORE= REPORT= HISTORY= FORMAT= ACCEPT=
	@test -n "$$BACKLOG_PLAN" || { echo "error: name a plan: make review PLAN=plan.json" >&2; exit 2; }
	@$(PY) -m scripts.review "$$BACKLOG_PLAN" $(REVIEW_OPTIONS)

apply: $(TERRAFORM_READY) $(SCHEDULED_PACKAGE)  ## Bring topics and subscriptions in line with the contacts: PLAN=
	@$(TERRAFORM) apply $${BACKLOG_PLAN:+"$$(realpath "$$BACKLOG_PLAN")"}

subscriptions: $(TERRAFORM_READY)  ## Say who really hears: RESEND=1 CONFIRM=LINK
	@$(PY) -m scripts.subscriptions $(call FLAG,RESEND,--resend) $${BACKLOG_CONFIRM:+--confirm "$$BACKLOG_CONFIRM"}

check-backlog: $(TERRAFORM_READY)  ## Alert what the report says is over: REPORT= MONTH= DRY_RUN=1 AGAIN=1 LEDGER=
	@outputs=$$($(TERRAFORM) output -json) && printf '%s' "$$outputs" | $(PY) -m runner --outputs - \
	  $${BACKLOG_REPORT:+--report "$$BACKLOG_REPORT"} $${BACKLOG_MONTH:+--month "$$BACKLOG_MONTH"} \
	  $${BACKLOG_LEDGER:+--ledger "$$BACKLOG_LEDGER"} $(call FLAG,DRY_RUN,--dry-run) $(call FLAG,AGAIN,--again)

drill: $(TERRAFORM_READY)  ## Send one message marked [TEST] to everybody on a topic: TOPIC=
	@test -n "$$BACKLOG_TOPIC" || { echo "error: name a topic: make drill TOPIC=water_critical" >&2; exit 2; }
	@outputs=$$($(TERRAFORM) output -json) && printf '%s' "$$outputs" | $(PY) -m scripts.send_test --outputs - --topic "$$BACKLOG_TOPIC"

package: $(VENV_READY)  ## Build the package of the scheduled check: .cache/package/runner.zip
	@$(PY) -m scripts.dev.package

backtest: $(VENV_READY)  ## Say what the thresholds would have meant: REPORTS= FROM= TO= TARGET= FORMAT=
	@$(REPORTS_GIVEN)
	@$(PY) -m scripts.backtest $(BACKTEST_OPTIONS)

# The page is written whether or not some month is unknown (3); it says which.
board: $(VENV_READY)  ## Draw past reports as one page, .cache/board.html: options as backtest, OUTPUTS=
	@$(REPORTS_GIVEN)
	@mkdir -p .cache && { $(PY) -m scripts.backtest --board .cache/board.html $(BACKTEST_OPTIONS) || test $$? -eq 3; }

# Three processes on two processors: Terraform's provider sleeps through much of its time.
test: $(TERRAFORM_READY)  ## Run all tests
	@$(TERRAFORM) test
	@$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

soak: $(VENV_READY)  ## Run the long campaigns, of which `make test` has a sample (minutes)
	@$(PY) -m pytest -m soak -n 2

lint: $(TERRAFORM_READY)  ## Check format, types and the usual mistakes
	@$(TERRAFORM) fmt -check -recursive -diff
	@$(TERRAFORM) validate
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy

fmt: $(VENV_READY)  ## Format Terraform and Python
	@$(TERRAFORM) fmt -recursive
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

bench: $(TERRAFORM_READY)  ## Measure plans, runs and reports (half an hour)
	@$(PY) -m scripts.bench

lock: $(VENV_READY)  ## Write requirements*.txt anew from pyproject.toml
	@for lock in "requirements.txt" "requirements-dev.txt --group dev -c requirements.txt"; do \
	  $(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.10 \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	    pyproject.toml --output-file $$lock; done

$(VENV_READY): requirements-dev.txt
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11 python3.10; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && break; python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "error: Python 3.10 or newer is needed; install it, or name it: make PYTHON=..." >&2; exit 1; \
	fi; \
	echo "setting up $(VENV) with $$($$python --version): 650 MB, a minute or two" >&2; \
	rm -rf $(VENV) && $$python -m venv $(VENV) && \
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt && \
	touch $@

# The folder itself is newer when a file of it is gone. What is printed is no part of a review.
$(PACKAGE): requirements.txt scripts/dev/package.py runner $(wildcard runner/*.py) | $(VENV_READY)
	@$(PY) -m scripts.dev.package >&2

$(TERRAFORM_READY): $(VENV_READY) terraform/.terraform.lock.hcl $(wildcard terraform/*.tf terraform/modules/*/*.tf terraform/tests/*)
	@echo "setting up terraform/ with its provider" >&2
	@$(TERRAFORM) init
	@touch $@
