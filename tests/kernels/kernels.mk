# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Tests on other kernels: rptrace on Debian's, under emulation. Included by tests.mk after live.mk.

KERNELS_TEST    := $(O)/tests/kernels/test_kernels
KERNELS_SITES   := $(O)/targets/sites
KERNELS_TARGETS := $(addprefix $(O)/targets/,functions threads processes marks_c marks_cxx marks_names spans forker system labels within sites sampled asleep wakers)

$(KERNELS_TEST): tests/kernels/test_kernels.c $(LIVE_HARNESS) tests/kernels/kernels.mk
	$(call msg,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -Itests/live $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIVE_HARNESS) -lcmocka -ljansson

$(KERNELS_SITES): tests/kernels/sites.c tests/kernels/kernels.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(TARGET_CFLAGS) $(DEPFLAGS) -o $@ $<

test-kernels: $(O)/rptrace $(KERNELS_TEST) $(KERNELS_TARGETS) ## rptrace on Debian's kernels 6.1 to 7.2 (QEMU; minutes)
	$(Q)tests/kernels/run $(O)/kernels $(O)/rptrace $(KERNELS_TEST) $(KERNELS_TARGETS)

.PHONY: test-kernels
