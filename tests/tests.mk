# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Tests, targets, benchmarks and checks; included by the top level Makefile.

CMOCKA_LIBS := -lcmocka

# ---- unit tests: pure code, no root ---------------------------------------------------------------
# tests/unit/test_NAME.c is one cmocka program on librpcore.a.

UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/unit/%)
# Most of what a build with sanitizers takes is these, and nobody waits for them to run. What gcc says of the sizes of
# strings rests on what it finds as it optimises.
UNIT_CFLAGS := $(if $(filter 1,$(ASAN)),-O0 -Wno-format-truncation)

$(UNIT_BINS): $(O)/tests/unit/%: tests/unit/%.c $(O)/librprun.a $(O)/librpcore.a | $(SKELS)
	$(call msg,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(UNIT_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $< $(O)/librprun.a $(O)/librpcore.a $(CORE_LIBS) $(CMOCKA_LIBS)

# They fail what the code allocates.
$(filter $(O)/tests/unit/test_no_memory%,$(UNIT_BINS)): ALL_LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup

unit: $(UNIT_BINS) ## unit tests (ASAN=1 for sanitizers)
	$(Q)for t in $(UNIT_BINS); do $$t || exit 1; done

# ---- targets: small programs with known counts ----------------------------------------------------
# tests/targets/NAME.c or NAME.cc is one program; TARGET_FLAGS_NAME adds flags.

TARGET_C    := $(wildcard tests/targets/*.c)
TARGET_CXX  := $(wildcard tests/targets/*.cc)
TARGET_BINS := $(TARGET_C:tests/targets/%.c=$(O)/targets/%) $(TARGET_CXX:tests/targets/%.cc=$(O)/targets/%)
TARGET_CFLAGS := -O1 -g -Wall -Wextra -Werror -Iinclude -Itests/targets -pthread
# -O2 makes the only exit of by_jump a jump.
TARGET_FLAGS_labels := -O2
# Its functions must stay separate for samples to find them, and have no frame pointers, so that unwind tables are used.
TARGET_FLAGS_climber := -O2 -fomit-frame-pointer -fno-inline

$(TARGET_C:tests/targets/%.c=$(O)/targets/%): $(O)/targets/%: tests/targets/%.c tests/tests.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(TARGET_CFLAGS) $(DEPFLAGS) $(TARGET_FLAGS_$*) -o $@ $< $(TARGET_LIBS_$*) -lm

$(TARGET_CXX:tests/targets/%.cc=$(O)/targets/%): $(O)/targets/%: tests/targets/%.cc tests/tests.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(TARGET_CFLAGS) $(DEPFLAGS) $(TARGET_FLAGS_$*) -o $@ $< $(TARGET_LIBS_$*) -lm

targets: $(TARGET_BINS)

# ---- everything --------------------------------------------------------------------------------------

include tests/live/live.mk
include tests/live/harmless.mk
include tests/kernels/kernels.mk

e2e: $(O)/rptrace targets npm ## real programs: PostgreSQL, Python, SQLite, Redis, compilers, the recipes of README, mistakes, exports, comparisons, the HTML report, samples and their stacks (root)
	$(Q)RPTRACE=$(abspath $(O))/rptrace RPT_TARGETS=$(abspath $(O))/targets tests/e2e/run auto postgres python sqlite redis methods compilers readme mistakes machine_formats exports diff baseline html test_sample_ test_stacks

npm: ## what tests drive a browser and read exports with, into the output folder
	$(Q)tools/install-npm $(O)/npm
.PHONY: npm

e2e-screen: $(O)/rptrace targets ## the live screen, driven in tmux (root)
	$(Q)RPTRACE=$(abspath $(O))/rptrace RPT_TARGETS=$(abspath $(O))/targets tests/e2e/run screen

lint: ## layers, format, static analysis
	$(Q)tools/lint

unit-asan: ## unit tests under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) O=$(O)/asan ASAN=1 unit

# ---- tests of the tests ---------------------------------------------------------------------------------

mutants: ## single faults planted in the sources: is each noticed? (root; hours, goes on where it was)
	$(Q)python3 -B tools/mutants --build $(O)

test-repeated: built ## each live and screen test 20 times on a busy machine (root; hours, goes on where it was)
	$(Q)tools/test-long --build $(O)

# Not a part of `check`.
test-long: ## does every test hold, does it notice faults; fuzzing, all methods (root; many hours)
	$(Q)$(MAKE) --no-print-directory -k test-repeated mutants fuzz harmless thorough fuzz-long monkey

.PHONY: mutants test-repeated test-long

# ---- fuzzing ------------------------------------------------------------------------------------------

FUZZ_SECONDS ?= 60
FUZZ_SEEDS   := functions marks_c marks_cxx marks_names labels spans unwind plugin.so

FUZZ_BINS    := $(O)/tests/fuzz/fuzz_elf $(O)/tests/fuzz/fuzz_record

$(FUZZ_BINS): $(O)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/driver.c $(O)/librpcore.a
	$(call msg,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< tests/fuzz/driver.c $(O)/librpcore.a $(CORE_LIBS)

fuzz: targets ## damaged programs and records read, under sanitizers (FUZZ_SECONDS=60)
	$(Q)$(MAKE) --no-print-directory O=$(O)/asan ASAN=1 $(FUZZ_BINS:$(O)/%=$(O)/asan/%)
	$(Q)cd $(O) && asan/tests/fuzz/fuzz_elf $(FUZZ_SECONDS) $(FUZZ_SEEDS:%=targets/%)
	$(Q)cd $(O) && asan/tests/fuzz/fuzz_record $(FUZZ_SECONDS) $(CURDIR)/tests/golden/record.rpt \
		$(CURDIR)/tests/golden/samples.rpt

# The whole program, as root: each kind of input gets so many seconds, with one kind a CPU at a time.
WHOLE_SECONDS ?= 30

asan-program:
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) O=$(O)/asan ASAN=1 $(O)/asan/rptrace

fuzz-program: targets asan-program ## hostile files, names and options through the whole program (root; WHOLE_SECONDS=30 of each kind)
	$(Q)python3 -B tests/fuzz/whole --rptrace $(O)/asan/rptrace --targets $(O)/targets --seconds $(WHOLE_SECONDS)

# The time as seed, so that each run tries new inputs.
fuzz-long: targets asan-program
	$(Q)python3 -B tests/fuzz/whole --rptrace $(O)/asan/rptrace --targets $(O)/targets --seconds 600 --begin $$(date +%s)000

monkey: targets asan-program ## 20,000 keys at random for the live screen (root)
	$(Q)python3 -B tests/fuzz/whole/monkey.py --rptrace $(O)/asan/rptrace --targets $(O)/targets --keys 20000

.PHONY: asan-program fuzz-program fuzz-long monkey

docs: $(O)/rptrace ## options and counters against README and man page
	$(Q)tools/check-docs $(O)/rptrace

matrix: ## the marker header under all compilers and levels that are here (minutes)
	$(Q)tests/unit/check-marker-matrix.sh

check: lint docs unit unit-asan live harmless-auto e2e e2e-screen fuzz-program test-kernels ## all tests, with what is installed

# Builds run in parallel, but tests must not: one would see what another runs.
.PHONY: built
built: all targets $(UNIT_BINS) $(LIVE_BINS) $(LONG_BINS) $(KERNELS_TEST) $(KERNELS_TARGETS)

test: ## install what is missing, then all tests (root)
	$(Q)tools/install-deps test
	$(Q)$(MAKE) --no-print-directory -k -j$$(nproc) built
	$(Q)$(MAKE) --no-print-directory -k check

demo: ## install what is missing, then rptrace on the bundled service for ten seconds (root)
	$(Q)tools/install-deps build
	$(Q)$(MAKE) --no-print-directory all $(O)/targets/demo
	$(Q)tools/demo $(O)

format: ## clang-format all sources
	$(Q)git -c safe.directory=$(CURDIR) ls-files '*.c' '*.h' '*.cc' | xargs clang-format -i
