# Every target makes or completes .venv at the root; nothing is installed elsewhere.
PHOTOS ?= demo/scenes
OUT ?= demo/out
DATA ?= street-issues-data
PORT ?= 8000

.PHONY: demo serve test check bench faults clean

demo: ## Score the demo scenes, or your own: make demo PHOTOS=folder
	@scripts/setup demo
	@.venv/bin/street-issues score "$(PHOTOS)" --draw "$(OUT)"

serve: ## Run the service with its pages on this machine; data stays in street-issues-data
	@scripts/setup serve
	@.venv/bin/street-issues-api serve --port "$(PORT)" --data "$(DATA)"

test: ## Run the tests
	@scripts/setup dev
	@scripts/test --halves -m "not faults"

check: ## Format, lint, types, layers, docs
	@scripts/setup dev
	@scripts/check

bench: ## Measure speed and memory against ultralytics (installs it in .venv-bench, 6 GB)
	@scripts/setup dev
	@.venv/bin/python -m benchmarks

faults: ## Long fault drills
	@scripts/setup dev
	@scripts/test -m faults

clean: ## Remove what the other targets made
	rm -rf .venv .venv-bench build demo/out site
