# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# Benchmarks: what tracing costs, next to an empty BPF program and to other tools. Included by the
# top level Makefile, after tests.mk. BENCH_ARGS adds options: --quick, --only KEY, --json FILE.

BENCH_BINS := $(O)/bench/bench_floor $(O)/bench/bench_many $(O)/bench/bench_record $(O)/bench/bench_tables \
	$(O)/targets/bench_region \
	$(O)/targets/bench_marker $(O)/targets/bench_marker_off $(O)/targets/demo $(O)/targets/marks_c

$(O)/bench/bench_floor: tools/bench_floor.c $(O)/user/attach/uprobe_multi.o tools/bench.mk
	$(call msg,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.c %.o,$^) $(BPF_LIBS)

$(O)/bench/bench_record $(O)/bench/bench_tables: $(O)/bench/%: tools/%.c $(O)/librpcore.a tools/bench.mk
	$(call msg,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(DEPFLAGS) $(ALL_LDFLAGS) -o $@ $< $(O)/librpcore.a $(CORE_LIBS)

# 20,000 functions; tools/bench/growth.py has the number too.
$(O)/bench/bench_many: tests/targets/bench_region.c tools/bench.mk
	$(call msg,BENCH,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 $(TARGET_CFLAGS) -DBENCH_FUNCTIONS=20000 $(DEPFLAGS) -o $@ $<

bench: $(O)/rptrace $(BENCH_BINS) $(O)/targets/threads npm ## what tracing costs, next to other tools (root)
	$(Q)python3 -B tools/bench --build $(O) $(BENCH_ARGS)

# Five minutes a quarter of it: BENCH_ARGS="--rounds 5".
bench-diff: $(O)/rptrace $(O)/targets/demo ## what rptrace diff finds, and what it flags of nothing (root; half an hour)
	$(Q)python3 -B tools/bench/compare.py --build $(O) $(BENCH_ARGS)

# The picture in README.md: wants a calm machine, and takes minutes to fill the sparklines and the heat map.
screenshot: $(O)/rptrace $(O)/targets/demo ## draw the picture of the screen in the README anew (root, tmux)
	$(Q)tools/screenshot --build $(O)
