# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Targets of the harmless tests beyond one source, one program: the same program built in many ways,
# Go, Rust, scripts. What cannot be built here is left out, loudly: the tests skip what is not there.

BRANCH_PROTECTION := $(if $(filter x86_64,$(shell uname -m)),-fcf-protection=full,-mbranch-protection=standard)

# functions-VARIANT is functions.c built with VARIANT_FLAGS_VARIANT.
VARIANT_FLAGS_static   := -static
VARIANT_FLAGS_fixed    := -fno-pie -no-pie
VARIANT_FLAGS_hardened := -O2 $(BRANCH_PROTECTION) -fstack-protector-all -Wl,-z,relro,-z,now
VARIANT_FLAGS_plain    := -O0
VARIANT_FLAGS_fast     := -O3 -fomit-frame-pointer -flto
VARIANT_FLAGS_clang    := -O2 -fno-plt
VARIANT_CC_clang       := $(CLANG)
VARIANTS := static fixed hardened plain fast clang

VARIANT_BINS := $(VARIANTS:%=$(O)/targets/functions-%)
have          = $(shell command -v $(1))
NO_SCRIPTS   := $(if $(call have,gdb),,debugged)
SCRIPTS      := $(patsubst tests/targets/scripts/%,$(O)/targets/%,$(filter-out $(NO_SCRIPTS:%=tests/targets/scripts/%),$(wildcard tests/targets/scripts/*)))
GO           ?= $(firstword $(wildcard /usr/bin/go) go)
# What Go's library was compiled to, which takes it ten seconds: output folders may share it.
GO_CACHE     ?= $(abspath $(O))/go-cache
RUSTC        ?= $(firstword $(wildcard /usr/bin/rustc) rustc)

$(VARIANT_BINS): $(O)/targets/functions-%: tests/targets/functions.c tests/live/harmless.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(or $(VARIANT_CC_$*),$(CC)) -std=c11 $(TARGET_CFLAGS) $(VARIANT_FLAGS_$*) $(DEPFLAGS) -o $@ $<

$(SCRIPTS): $(O)/targets/%: tests/targets/scripts/%
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)cp $< $@

$(O)/targets/go-%: tests/targets/go/%.go
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)GO111MODULE=off GOFLAGS= GOCACHE=$(GO_CACHE) CGO_ENABLED=0 $(GO) build -o $@ $<

$(O)/targets/go-%-pie: tests/targets/go/%.go
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)GO111MODULE=off GOFLAGS= GOCACHE=$(GO_CACHE) CGO_ENABLED=0 $(GO) build -buildmode=pie -o $@ $<

$(O)/targets/go-%-stripped: $(O)/targets/go-%
	$(call msg,TARGET,$@)
	$(Q)strip -s -o $@ $<

$(O)/targets/rust-%: tests/targets/rust/%.rs
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(RUSTC) --edition 2021 -O -C debuginfo=1 -o $@ $<

GO_BINS   := $(patsubst tests/targets/go/%.go,$(O)/targets/go-%,$(wildcard tests/targets/go/*.go)) \
	     $(O)/targets/go-growth-stripped $(O)/targets/go-growth-pie-stripped
RUST_BINS := $(patsubst tests/targets/rust/%.rs,$(O)/targets/rust-%,$(wildcard tests/targets/rust/*.rs))

.PHONY: no-go no-rust no-gdb
no-go no-rust no-gdb: no-%:
	@echo "SKIPPED: no $* here: its targets are left out" >&2

targets: $(VARIANT_BINS) $(SCRIPTS) \
	$(if $(call have,$(GO)),$(GO_BINS),no-go) $(if $(call have,$(RUSTC)),$(RUST_BINS),no-rust) \
	$(if $(NO_SCRIPTS),no-gdb)

harmless: $(O)/rptrace targets $(LONG_BINS) ## many kinds of targets, by every method: unharmed and exact (root; long)
	$(Q)$(call run_all,$(ROWS),$(LONG_BINS:%=%.run))

AUTO_RUNS := $(LONG_BINS:%=%.auto)

$(AUTO_RUNS): %.auto: % $(O)/rptrace targets
	$(Q)$(TESTED) LIVE_METHODS='--exit auto' $<

harmless-auto: $(O)/rptrace targets $(LONG_BINS) ## the same, by the methods that rptrace chooses
	$(Q)$(call run_all,$(ROWS),$(AUTO_RUNS))

.PHONY: harmless harmless-auto $(AUTO_RUNS)
