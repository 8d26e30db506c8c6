# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Tests, targets, benchmarks and checks; included by the top level Makefile.

CMOCKA_LIBS := -lcmocka

# ---- how they run ---------------------------------------------------------------------------------
# Each program of tests is a target, NAME.run: one that fails is named and keeps no other from running (-k),
# and what one says is shown whole once it has ended (-O).

# So many at a time of those that may run beside others.
ROWS ?= 3

TESTED = RPTRACE=$(abspath $(O))/rptrace RPT_TARGETS=$(abspath $(O))/targets

# Lines of recipes: so many of these targets at a time; those of ALONE first, by themselves.
run_all   = $(MAKE) --no-print-directory -k -j$(1) -O $(2)
run_apart = status=0; $(call run_all,1,$(filter $(ALONE),$(1))) || status=1; \
	$(call run_all,$(ROWS),$(filter-out $(ALONE),$(1))) || status=1; exit $$status

# What holds times of other processes against each other, to a part of a per cent.
TIMED = $(O)/tests/live/test_overhead.run
# This, what judges medians of CPU time, and what traces the whole system. All others look at processes of their own,
# and mostly wait.
ALONE = $(LIVE_ALONE) $(E2E_ALONE)

names-alone:
	@echo $(notdir $(ALONE:.run=))
.PHONY: names-alone

# ---- unit tests: pure code, no root ---------------------------------------------------------------
# tests/unit/test_NAME.c is one cmocka program on librpcore.a.

UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/unit/%)
# Optimised, they take three times as long to compile, and nobody waits for them to run.
UNIT_CFLAGS := -O0
# With lld, if it is here, they are linked in half the time: there are two hundred of them, once more with sanitizers.
UNIT_LDFLAGS := $(if $(shell command -v ld.lld),-fuse-ld=lld)

# In all of them: what they leave open.
UNIT_OBJ := $(O)/tests/unit/descriptors.o
$(UNIT_OBJ): tests/unit/descriptors.c tests/tests.mk
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(UNIT_BINS): $(O)/tests/unit/%: tests/unit/%.c $(UNIT_OBJ) $(O)/librprun.a $(O)/librpcore.a | $(SKELS)
	$(call msg,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(UNIT_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) $(UNIT_LDFLAGS) -o $@ $< $(UNIT_OBJ) $(O)/librprun.a $(O)/librpcore.a $(CORE_LIBS) $(CMOCKA_LIBS)

# They fail what the code allocates.
$(filter $(O)/tests/unit/test_no_memory%,$(UNIT_BINS)): ALL_LDFLAGS += -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup

UNIT_RUNS := $(UNIT_BINS:%=%.run)

# The shadow of large blocks is cleared in place: to map it anew is half of what some of these take.
$(UNIT_RUNS): export ASAN_OPTIONS := clear_shadow_mmap_threshold=67108864
$(UNIT_RUNS): %.run: %
	$(Q)$<

# Some wait, for time limits of what they test: more of them at a time than there are CPUs.
unit: $(UNIT_BINS) ## unit tests (ASAN=1 for sanitizers)
	$(Q)$(call run_all,$$((4 * $$(nproc))),$(UNIT_RUNS))

.PHONY: $(UNIT_RUNS)

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

# tests/e2e/test_NAME.py is e2e/test_NAME.run.
E2E_RUNS := $(patsubst tests/e2e/%.py,e2e/%.run,$(wildcard tests/e2e/test_*.py))

$(E2E_RUNS): e2e/%.run: $(O)/rptrace targets
	$(Q)$(TESTED) tests/e2e/run '$*.'

$(filter-out e2e/test_screen%,$(E2E_RUNS)): npm

E2E_ALONE := $(patsubst %,e2e/test_%.run,baseline diff screen_ends)

.PHONY: $(E2E_RUNS)

e2e: $(O)/rptrace targets npm ## real programs: PostgreSQL, Python, SQLite, Redis, compilers, the recipes of README, mistakes, exports, comparisons, the HTML report, samples and their stacks (root)
	$(Q)$(call run_apart,$(filter-out e2e/test_screen%,$(E2E_RUNS)))

npm: ## what tests drive a browser and read exports with, into the output folder
	$(Q)tools/install-npm $(O)/npm
.PHONY: npm

e2e-screen: $(O)/rptrace targets ## the live screen, driven in tmux (root)
	$(Q)$(call run_apart,$(filter e2e/test_screen%,$(E2E_RUNS)))

lint: ## layers, format, static analysis
	$(Q)tools/lint

unit-asan: ## unit tests under AddressSanitizer and UBSan
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) O=$(O)/asan ASAN=1 unit

# ---- tests of the tests ---------------------------------------------------------------------------------

mutants: ## single faults planted in the sources, one a CPU at a time: is each noticed? (root; an hour or two, goes on where it was)
	$(Q)python3 -B tools/mutants --build $(O)

test-repeated: built ## each live and screen test 20 times on a busy machine (root; hours, goes on where it was)
	$(Q)tools/test-long --build $(O)

# Not a part of `check`.
test-long: ## does every test hold, does it notice faults; fuzzing, all methods, all kernels (root; many hours)
	$(Q)$(MAKE) --no-print-directory -k test-repeated mutants fuzz harmless thorough test-kernels fuzz-long monkey

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

asan-program:
	$(Q)$(MAKE) --no-print-directory -j$$(nproc) O=$(O)/asan ASAN=1 $(O)/asan/rptrace

# The whole program, as root: so many of each kind of input, the same ones each time, with one kind a CPU at a time.
fuzz-program: targets asan-program ## hostile files, names and options through the whole program (root)
	$(Q)python3 -B tests/fuzz/whole --rptrace $(O)/asan/rptrace --targets $(O)/targets

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

check: built ## all tests, with what is installed
	$(Q)ROWS=$(ROWS) tests/run-all

# Its parts: programs of tests that run one at a time, those first that have nothing at all beside them, and those
# that may run beside others, the longest first.
TEST_RUNS := $(AUTO_RUNS) $(LIVE_BINS:%=%.run) $(E2E_RUNS)

tests-timed: $(filter $(TIMED),$(TEST_RUNS))
tests-alone: $(filter-out $(TIMED),$(filter $(ALONE),$(TEST_RUNS)))
tests-beside: $(filter-out $(ALONE),$(TEST_RUNS))
.PHONY: tests-timed tests-alone tests-beside

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
