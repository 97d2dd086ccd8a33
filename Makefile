# `make` prints what there is. Each target sets up what it needs by itself.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

# The stacks of ENV=dev or ENV=prod, each with its edge stack; of both when ENV is not given.
ENV ?=
STACKS_dev := D2-Dev*
STACKS_prod := D2-Prod*
STACKS_ := D2-*
STACKS = $(or $(STACKS_$(ENV)),$(error ENV=$(ENV) is neither dev nor prod))

# What asks before it deploys: any-change, broadening, destructive or never.
APPROVAL ?= any-change

CDK := npx --no-install cdk
NODE_MODULES := node_modules/.package-lock.json
LINT_VERSION := v2.5.0
LINT := .local/bin/golangci-lint-$(LINT_VERSION)

.PHONY: help local local-down test synth diff deploy snapshot bench docs clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

local: $(NODE_MODULES) ## deploy DEV and PROD on a local AWS on this machine, and show them
	@go run ./cmd/local up

local-down: ## end the local AWS and forget what stood in it
	@go run ./cmd/local down

test: $(NODE_MODULES) $(LINT) ## everything: go vet, linters, all tests
	go vet ./...
	$(LINT) run ./...
	@if command -v shellcheck >/dev/null; then echo "shellcheck .ci/*"; shellcheck .ci/*; \
	elif [[ -n "$${CI:-}" ]]; then echo "shellcheck is missing; install it (Debian: apt-get install shellcheck)" >&2; exit 1; \
	else echo "shellcheck is not here, so .ci/* is not checked (Debian: apt-get install shellcheck)"; fi
	go test -timeout 20m ./...

synth: $(NODE_MODULES) ## write the templates of both environments to cdk.out
	@$(CDK) synth --quiet
	@ls -1 cdk.out/*.template.json

diff: $(NODE_MODULES) ## what a deploy would change (ENV=dev|prod; both without it)
	$(CDK) diff '$(STACKS)'

deploy: $(NODE_MODULES) ## deploy ENV=dev|prod to its AWS account; asks first (APPROVAL=any-change)
	@: $(or $(ENV),$(error say which: make deploy ENV=dev or make deploy ENV=prod))
	$(CDK) deploy '$(STACKS)' --require-approval '$(APPROVAL)'

snapshot: ## renew the template snapshots; read their git diff before you commit it
	UPDATE_SNAPS=true go test ./test -run Snapshot -count=1

bench: $(NODE_MODULES) ## time a host's boot, d2ctl, synth, growth, and edited construct to snapshot answer
	@go run ./test/bench

docs: ## renew what is generated in docs/: configuration, schemas, verbs, policies, alarms
	go run ./cmd/docs
	go test ./policies -update
	UPDATE_DOCS=true go test ./test -run Alarms -count=1

clean: local-down ## end the local AWS, then remove cdk.out, node_modules and .local
	rm -rf cdk.out node_modules .local

# Set-up, done when a target needs it.

$(NODE_MODULES): package.json package-lock.json
	@echo "installing the pinned CDK command line into node_modules"
	@npm ci --no-progress

$(LINT):
	@echo "compiling golangci-lint $(LINT_VERSION) into .local (once, one to three minutes)"
	@GOBIN='$(CURDIR)/.local/bin' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv .local/bin/golangci-lint $@
