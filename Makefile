# `make run` starts the exporter, `make test` runs every check; both set up what they need.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$python; break; }; done)
SETUP = scripts/environment "$(PYTHON)"

# A mistake on the command line is an error; without these lines, make would ignore it and run the demo.
WRONG_CASE := $(foreach name,config Config args Args python Python,\
	$(if $(filter command,$(origin $(name))),$(name)))
ifneq ($(strip $(WRONG_CASE)),)
$(error $(strip $(WRONG_CASE)): write it in capitals, as in make run CONFIG=my.yml)
endif
FILES := $(filter %.yml %.yaml %.json,$(MAKECMDGOALS))
ifneq ($(FILES),)
$(error write make run CONFIG=$(firstword $(FILES)))
endif
ifneq ($(filter command environment,$(origin PYTHON)),)
ifneq ($(shell "$(PYTHON)" -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null),True)
$(error PYTHON=$(PYTHON) can't be run, or is older than Python 3.11)
endif
endif
export CONFIG

.DEFAULT_GOAL := help
.PHONY: help run test format check unit goldens dashboards screenshots bench clean

help:
	@echo 'make run                  start the exporter against a simulated WeChat API'
	@echo 'make run CONFIG=my.yml    start the exporter with your configuration'
	@echo 'make run ARGS=--help      … with flags of its own'
	@echo 'make test                 run every check: format, lint, types, tests, real programs'
	@echo 'make format               format the code and mend what the linter can'
	@echo 'make check                format, lint and types only'
	@echo 'make goldens              write the golden expositions anew, from the real program'
	@echo 'make dashboards           write dashboards/*.json anew, from their source'
	@echo 'make screenshots          take the screenshots of the READMEs anew, of the demo'
	@echo 'make bench                measure what the exporter costs; ARGS="--only cpu", ARGS=--profile'
	@echo 'make clean                remove what the others made'

run: .venv/run/.done
	@exec .venv/run/bin/python exporter.py $(if $(CONFIG),--config.file="$$CONFIG",--demo) $(ARGS)

test: .venv/test/.done
	@exec scripts/test

check: .venv/test/.done
	@exec scripts/check

format: .venv/test/.done
	.venv/test/bin/ruff format .
	.venv/test/bin/ruff check --fix .

goldens: .venv/test/.done
	@exec scripts/test --update-goldens -k golden

dashboards: .venv/test/.done
	@exec .venv/test/bin/python scripts/write_dashboards.py

screenshots: .venv/test/.done
	@scripts/programs chromium chinese-font pngquant
	@exec .venv/test/bin/python scripts/screenshots.py

bench: .venv/test/.done
	@scripts/programs nginx prometheus prometheus-blackbox-exporter
	@PYTHONPATH="$(CURDIR):$(CURDIR)/tests" exec .venv/test/bin/python -m benchmarks $(ARGS)

clean:
	rm -rf .venv .programs dist .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/run/.done: requirements/run.txt scripts/environment
	@$(SETUP) .venv/run requirements/run.txt

.venv/test/.done: requirements/test.txt scripts/environment
	@$(SETUP) .venv/test requirements/test.txt
