# SPDX-License-Identifier: MIT
# Images and the stack. DOCKER and COMPOSE name the programs, where they are called otherwise.
DOCKER ?= docker
COMPOSE ?= scripts/compose
export COMPOSE

# Where images go: REGISTRY as in .env, with a slash at its end; empty: this machine alone.
REGISTRY ?=
image_tag ?= latest
revision := $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
build_args = --build-arg VERSION=$(image_tag) --build-arg REVISION=$(revision)

.PHONY: build-image push-image ecr-login run-migrations shell e2e-compose

build-image: ## Build the images of auth and its webserver, as image_tag=latest
	$(DOCKER) build $(build_args) --file auth.Dockerfile --tag $(REGISTRY)auth:$(image_tag) .
	$(DOCKER) build $(build_args) --file nginx.Dockerfile --tag $(REGISTRY)auth-webserver:$(image_tag) .
	@$(DOCKER) image ls $(REGISTRY)auth:$(image_tag)

push-image: ## Push image_tag=latest to REGISTRY=…/
	@[ -n "$(REGISTRY)" ] || { echo "push-image: REGISTRY is not set; for example REGISTRY=registry.example.org/team/" >&2; exit 2; }
	@for image in auth auth-webserver; do \
	    name=$(REGISTRY)$$image:$(image_tag); \
	    $(DOCKER) image inspect "$$name" >/dev/null 2>&1 || \
	        { echo "push-image: there is no $$name here; first: make build-image REGISTRY=$(REGISTRY) image_tag=$(image_tag)" >&2; exit 1; }; \
	    $(DOCKER) push "$$name" || \
	        { echo "push-image: $$name was not taken; signed in? (docker login, or make ecr-login)" >&2; exit 1; }; \
	done

ecr-login: ## Sign docker in to AWS ECR: AWS_REGION=… AWS_ACCOUNT_ID=…
	@[ -n "$(AWS_REGION)" ] && [ -n "$(AWS_ACCOUNT_ID)" ] || \
	    { echo "ecr-login: AWS_REGION and AWS_ACCOUNT_ID are needed" >&2; exit 2; }
	@command -v aws >/dev/null || { echo "ecr-login: there is no aws here; on Debian: apt-get install awscli" >&2; exit 1; }
	@aws ecr get-login-password --region "$(AWS_REGION)" | \
	    $(DOCKER) login --username AWS --password-stdin "$(AWS_ACCOUNT_ID).dkr.ecr.$(AWS_REGION).amazonaws.com"

run-migrations: ## Run COMMAND=upgrade REVISION=head (or downgrade, current, history) in a container
	@COMMAND="$(or $(COMMAND),upgrade)" REVISION="$(or $(REVISION),$(if $(filter-out upgrade,$(COMMAND)),,head))" \
	    $(COMPOSE) run --rm migrations

# As the owner of migrations/, so that `auth migrate revision` can write there; who may not read the server secret.
shell: ## Open a shell in the running auth, to write and try revisions
	@$(COMPOSE) exec --user "$$(id -u):$$(id -g)" --env AUTH_SECRET_KEY_FILE= auth bash

e2e-compose: ## Build and bring up the whole stack in containers, and test it from outside
	@scripts/install-packages e2e
	@/usr/bin/python3 -B -m pytest -q -p no:cacheprovider tests/e2e_compose -k '$(T)'
