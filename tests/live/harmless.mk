# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Targets of the harmless tests beyond one source, one program: the same program built in many ways, Go, Rust, scripts. Included by live.mk. What cannot be built here is left out, loudly:
# the tests skip what is not there.

# functions-VARIANT is functions.c built with VARIANT_FLAGS_VARIANT.
VARIANT_FLAGS_static   := -static
VARIANT_FLAGS_fixed    := -fno-pie -no-pie
VARIANT_FLAGS_hardened := -O2 -fcf-protection=full -fstack-protector-all -Wl,-z,relro,-z,now
VARIANT_FLAGS_plain    := -O0
VARIANT_FLAGS_fast     := -O3 -fomit-frame-pointer -flto
VARIANT_FLAGS_clang    := -O2 -fno-plt
VARIANT_CC_clang       := $(CLANG)
VARIANTS := static fixed hardened plain fast clang

VARIANT_BINS := $(VARIANTS:%=$(O)/targets/functions-%)
SCRIPTS      := $(O)/targets/work.py $(O)/targets/work.js
GO           ?= $(firstword $(wildcard /usr/bin/go) go)
RUSTC        ?= $(firstword $(wildcard /usr/bin/rustc) rustc)
have          = $(shell command -v $(1))

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
	$(Q)GO111MODULE=off GOFLAGS= GOCACHE=$(abspath $(O))/go-cache CGO_ENABLED=0 $(GO) build -o $@ $<

# Never inlined, exceptions on: as a release is built.
$(O)/targets/rust-%: tests/targets/rust/%.rs
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(RUSTC) --edition 2021 -O -C debuginfo=1 -o $@ $<

# Statically linked C needs the archives of libc, the others their compilers.
ifneq ($(call have,$(GO)),)
targets: $(patsubst tests/targets/go/%.go,$(O)/targets/go-%,$(wildcard tests/targets/go/*.go))
else
$(info SKIPPED: no Go compiler: Go targets are left out)
endif
ifneq ($(call have,$(RUSTC)),)
targets: $(patsubst tests/targets/rust/%.rs,$(O)/targets/rust-%,$(wildcard tests/targets/rust/*.rs))
else
$(info SKIPPED: no Rust compiler: Rust targets are left out)
endif

targets: $(VARIANT_BINS) $(SCRIPTS)
