# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# rptrace: see "make help".

VERSION := 0.1.0

O      ?= build
PREFIX ?= /usr/local
ASAN   ?= 0
V      ?= 0

ifeq ($(origin CC),default)
CC := gcc
endif
ifeq ($(origin CXX),default)
CXX := $(if $(findstring clang,$(CC)),$(subst clang,clang++,$(CC)),g++)
endif
CLANG   ?= $(firstword $(shell command -v clang-19 clang-18 clang-17 clang-16 clang clang-14) clang)
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/lib/linux-tools/*/bpftool) bpftool)

ifeq ($(V),1)
Q :=
msg :=
else
Q := @
msg = @printf '  %-8s %s\n' $(1) $(2);
endif

# Targets that build nothing, or that install what building needs, do without the libraries.
NO_DEPS := help clean deps demo test format lint
ifneq ($(filter-out $(NO_DEPS),$(or $(MAKECMDGOALS),all)),)
# name : minimum version : Debian package
PKGS := libbpf:1.3:libbpf-dev libelf:0.188:libelf-dev libdw:0.188:libdw-dev \
	jansson:2.13:libjansson-dev smartcols:2.38:libsmartcols-dev ncursesw:6.2:libncurses-dev \
	libzstd:1.4:libzstd-dev libxxhash:0.8:libxxhash-dev zlib:1.2:zlib1g-dev \
	sqlite3:3.40:libsqlite3-dev
field = $(word $(2),$(subst :, ,$(1)))
need  = $(if $(shell pkg-config --atleast-version=$(call field,$(1),2) $(call field,$(1),1) 2>/dev/null && echo y),,\
	$(error $(call field,$(1),1) >= $(call field,$(1),2) is missing: run "sudo tools/install-deps build", or install $(call field,$(1),3) (Debian 12: from bookworm-backports)))
$(foreach p,$(PKGS),$(call need,$(p)))
$(if $(wildcard /usr/include/Zydis/Zydis.h),,$(error Zydis is missing: run "sudo tools/install-deps build", or install libzydis-dev))
$(if $(wildcard /usr/include/uthash.h),,$(error uthash is missing: run "sudo tools/install-deps build", or install uthash-dev))
PKG_NAMES  := $(foreach p,$(PKGS),$(call field,$(p),1))
PKG_CFLAGS := $(shell pkg-config --cflags $(PKG_NAMES))
BPF_LIBS   := $(shell pkg-config --libs libbpf)
CORE_LIBS  := $(shell pkg-config --libs $(filter-out libbpf,$(PKG_NAMES))) -lZydis -liberty -lm
endif

WARN   := -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla
# Sanitizers find as much in what is optimised less, which compiles in half the time.
CFLAGS ?= $(if $(filter 1,$(ASAN)),-O1 -g1,-O2 -g)
ALL_CFLAGS = -std=gnu11 $(WARN) -D_GNU_SOURCE -DRP_VERSION='"$(VERSION)"' -Iinclude -Iuser -I$(O)/bpf \
	$(PKG_CFLAGS) $(CFLAGS) $(SAN)
ALL_LDFLAGS = $(LDFLAGS) $(SAN)
ifeq ($(ASAN),1)
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
DEPFLAGS = -MMD -MP -MT $@ -MF $@.d
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))
BPF_WARN := -Wall -Wextra -Wno-unused-parameter -Werror
BPF_CFLAGS := -O2 -g $(BPF_WARN) -mcpu=v3 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) -Iinclude -Ibpf \
	-idirafter /usr/include/$(shell uname -m)-linux-gnu

# Pure stages: no libbpf. The layer check holds them to it.
CORE_DIRS := user/util user/discover user/helper user/plan user/aggregate user/record user/export user/compare user/unwind user/symbolize user/sample user/view user/screen user/targets user/opts
CORE_SRCS := $(wildcard $(CORE_DIRS:%=%/*.c)) user/collect/decode.c user/collect/site_costs.c
USER_SRCS := $(filter-out $(CORE_SRCS),$(wildcard user/*.c user/*/*.c))
BPF_SRCS  := $(wildcard bpf/*.bpf.c)
SKELS     := $(BPF_SRCS:bpf/%.bpf.c=$(O)/bpf/%.skel.h)
CORE_OBJS := $(CORE_SRCS:%.c=$(O)/%.o) $(O)/html/page.o
USER_OBJS := $(USER_SRCS:%.c=$(O)/%.o)
# What is not pure: unit tests find it here, and stand in for libbpf where they need what calls it.
RUN_OBJS  := $(filter-out $(O)/user/main.o,$(USER_OBJS))

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
.PHONY: all help clean deps demo test check unit unit-asan live e2e lint docs matrix fuzz e2e-screen format bench bench-diff screenshot targets install uninstall

all: $(O)/rptrace ## build rptrace (default)

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo '  O=DIR (build)  CC=gcc|clang  CFLAGS=...  ASAN=1  V=1  DESTDIR=  PREFIX=/usr/local'

# ---- the program ---------------------------------------------------------------------------------

$(O)/rptrace: $(USER_OBJS) $(O)/librpcore.a
	$(call msg,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(BPF_LIBS) $(CORE_LIBS)

$(O)/librprun.a: $(RUN_OBJS)
$(O)/librpcore.a: $(CORE_OBJS)
# Also when a source has gone: then its folder is newer.
$(O)/librprun.a $(O)/librpcore.a: $(wildcard user/*/)
	$(call msg,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(filter %.o,$^)

$(filter-out $(O)/html/%,$(CORE_OBJS)) $(USER_OBJS): $(O)/%.o: %.c Makefile
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# ---- the HTML report: its sources in one script, as C -----------------------------------------------

HTML_DIR := user/export/html
# They share one module: main.js, which starts it all, is the last one.
HTML_JS  := $(filter-out %/main.js,$(sort $(wildcard $(HTML_DIR)/*.js))) $(HTML_DIR)/main.js

$(O)/html/script.mjs: $(HTML_JS) Makefile
	$(Q)mkdir -p $(@D)
	$(Q)cat $(HTML_JS) > $@

$(O)/html/page.c: $(O)/html/script.mjs $(HTML_DIR)/style.css $(HTML_DIR)/body.html tools/embed
	$(call msg,EMBED,$@)
	$(Q){ echo '#include "export/html_page.h"'; tools/embed rp_html_script $< && \
		tools/embed rp_html_style $(HTML_DIR)/style.css && \
		tools/embed rp_html_body $(HTML_DIR)/body.html; } > $@

$(O)/html/page.o: $(O)/html/page.c
	$(call msg,CC,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# Only attach and collect see the skeletons; order-only, as their dependency files name them then.
$(USER_OBJS): | $(SKELS)

$(O)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(DEPFLAGS) -c -o $@.tmp $<
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call msg,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@

include tests/tests.mk
include tools/bench.mk

# ---- set-up, installation ------------------------------------------------------------------------

deps: ## install the Debian packages needed to build and test (root)
	$(Q)tools/install-deps test

install: $(O)/rptrace ## install program, marker header and man page under PREFIX
	install -D -m 755 $(O)/rptrace $(DESTDIR)$(PREFIX)/bin/rptrace
	install -D -m 644 include/rptrace.h $(DESTDIR)$(PREFIX)/include/rptrace.h
	install -D -m 644 docs/rptrace.8 $(DESTDIR)$(PREFIX)/share/man/man8/rptrace.8

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/rptrace $(DESTDIR)$(PREFIX)/include/rptrace.h \
		$(DESTDIR)$(PREFIX)/share/man/man8/rptrace.8

clean: ## remove the output folder
	rm -rf $(O)

-include $(shell test -d $(O) && find $(O) -name '*.d')
