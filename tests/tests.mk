# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Tests, targets, benchmarks and checks; included by the top level Makefile.

CMOCKA_LIBS := -lcmocka

# ---- unit tests: pure code, no root ---------------------------------------------------------------
# tests/unit/test_NAME.c is one cmocka program on librpcore.a.

UNIT_SRCS := $(wildcard tests/unit/test_*.c)
UNIT_BINS := $(UNIT_SRCS:tests/unit/%.c=$(O)/tests/unit/%)

$(UNIT_BINS): $(O)/tests/unit/%: tests/unit/%.c $(O)/librpcore.a
	$(call msg,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $< $(O)/librpcore.a $(CORE_LIBS) $(CMOCKA_LIBS)

unit: $(UNIT_BINS) ## unit tests (ASAN=1 for sanitizers)
	$(Q)for t in $(UNIT_BINS); do $$t || exit 1; done

# ---- targets: small programs with known counts ----------------------------------------------------
# tests/targets/NAME.c or NAME.cc is one program; TARGET_FLAGS_NAME adds flags.

TARGET_C    := $(wildcard tests/targets/*.c)
TARGET_CXX  := $(wildcard tests/targets/*.cc)
TARGET_BINS := $(TARGET_C:tests/targets/%.c=$(O)/targets/%) $(TARGET_CXX:tests/targets/%.cc=$(O)/targets/%)
TARGET_CFLAGS := -O1 -g -Wall -Wextra -Werror -Iinclude -Itests/targets -pthread

$(TARGET_C:tests/targets/%.c=$(O)/targets/%): $(O)/targets/%: tests/targets/%.c tests/tests.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(TARGET_CFLAGS) $(DEPFLAGS) $(TARGET_FLAGS_$*) -o $@ $< $(TARGET_LIBS_$*) -lm

$(TARGET_CXX:tests/targets/%.cc=$(O)/targets/%): $(O)/targets/%: tests/targets/%.cc tests/tests.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(TARGET_CFLAGS) $(DEPFLAGS) $(TARGET_FLAGS_$*) -o $@ $< $(TARGET_LIBS_$*) -lm

targets: $(TARGET_BINS)
