# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Live tests: the real program as root on the targets. Included by tests.mk.
# tests/live/test_NAME.c is one cmocka program on the harness.

LIVE_SRCS    := $(wildcard tests/live/test_*.c)
# Long tests with every attach and exit method: make harmless.
LONG_SRCS    := tests/live/test_harmless.c tests/live/test_exact.c
LONG_BINS    := $(LONG_SRCS:%.c=$(O)/%)
LIVE_BINS    := $(patsubst %.c,$(O)/%,$(filter-out $(LONG_SRCS),$(LIVE_SRCS)))
LIVE_HARNESS := $(patsubst %.c,$(O)/%.o,$(filter-out $(LIVE_SRCS) %.bpf.c,$(wildcard tests/live/*.c)))
LIVE_PLUGINS := $(O)/targets/plugin.so $(O)/targets/turn.so

$(LIVE_HARNESS): $(O)/%.o: %.c tests/live/live.mk
	$(call msg,CC,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# A BPF program of the tests' own, which test_unwind loads.
UNWIND_BPF := $(O)/targets/unwind.bpf.o
$(UNWIND_BPF): tests/live/unwind.bpf.c tests/live/live.mk
	$(call msg,BPF,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) $(DEPFLAGS) -c -o $@ $<

targets: $(UNWIND_BPF)

# These work on attach/ itself.
ATTACH_BINS := $(addprefix $(O)/tests/live/,test_site_groups test_unwind test_wakers)
$(ATTACH_BINS): LIVE_OBJS = $(filter $(O)/user/attach/%,$(USER_OBJS)) $(O)/librpcore.a
$(ATTACH_BINS): LIVE_LIBS = $(BPF_LIBS) $(CORE_LIBS)
$(ATTACH_BINS): $(filter $(O)/user/attach/%,$(USER_OBJS)) $(O)/librpcore.a

# test_record* read records, test_hostile makes ELF files like unit tests.
CORE_BINS := $(addprefix $(O)/tests/live/,test_record test_record_files test_recorder test_hostile)
$(CORE_BINS): LIVE_OBJS = $(O)/librpcore.a
$(CORE_BINS): LIVE_LIBS = $(CORE_LIBS)
$(CORE_BINS): $(O)/librpcore.a

$(LIVE_BINS) $(LONG_BINS): $(O)/%: %.c $(LIVE_HARNESS) tests/live/live.mk
	$(call msg,TEST,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIVE_HARNESS) $(LIVE_OBJS) -lcmocka -ljansson -lm $(LIVE_LIBS)

$(LIVE_PLUGINS): $(O)/targets/%.so: tests/targets/plugin/%.c tests/live/live.mk
	$(call msg,TARGET,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(TARGET_CFLAGS) -fPIC -shared $(DEPFLAGS) -o $@ $<

targets: $(LIVE_PLUGINS)

LIVE_RUNS := $(LIVE_BINS:%=%.run) $(LONG_BINS:%=%.run)

$(LIVE_RUNS): %.run: % $(O)/rptrace targets
	$(Q)$(TESTED) $<

LIVE_ALONE := $(patsubst %,$(O)/tests/live/test_%.run,changes overhead shares short system)

.PHONY: $(LIVE_RUNS)

live: $(O)/rptrace targets $(LIVE_BINS) ## live tests with real probes (root; skipped without)
	$(Q)$(call run_apart,$(LIVE_BINS:%=%.run))

# These two try many more random moments and short programs than in a normal run.
THOROUGH_BINS := $(O)/tests/live/test_killed $(O)/tests/live/test_short

thorough: export LIVE_THOROUGH = 1
thorough: $(O)/rptrace targets $(THOROUGH_BINS) ## sixty kills, thousands of short programs, an hour of those that come and go (root; hours)
	$(Q)$(call run_all,1,$(THOROUGH_BINS:%=%.run))

.PHONY: thorough
