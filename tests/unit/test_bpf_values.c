// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is read of the target at a hit: arguments, strings that are labels, what --where compares.
 */
#include "bpf_fixture.h"
#include "plan/pattern.h"

/* Two registers, whatever their names: where they are in struct pt_regs. */
enum { R0 = 0, R1 = 8 };

static void test_arguments(void **state)
{
	static __u64 memory[] = {0x1111, 0xffffffffdeadbe80ull, 0x2222};
	const __s64 at = (__s64)(unsigned long)memory;
	const struct {
		__u8 kind, size, flags, scale;
		__s16 reg, index;
		__s64 value;
		__u64 want;
	} cases[] = {
		{RP_ARG_CONST, 8, 0, 0, 0, 0, -5, -5ull},
		{RP_ARG_CONST, 4, 0, 0, 0, 0, -5, 0xfffffffb},
		{RP_ARG_CONST, 4, RP_ARG_SIGNED, 0, 0, 0, -5, -5ull},
		{RP_ARG_CONST, 2, 0, 0, 0, 0, 0x12345, 0x2345},
		{RP_ARG_REG, 8, 0, 0, R0, 0, 0, 0x1234567890},
		{RP_ARG_REG, 1, 0, 0, R0, 0, 0, 0x90},
		{RP_ARG_REG, 1, RP_ARG_SIGNED, 0, R0, 0, 0, -0x70ull},
		{RP_ARG_MEM, 8, 0, 0, -1, -1, at, 0x1111},
		{RP_ARG_MEM, 1, RP_ARG_SIGNED, 0, -1, -1, at + 8, -0x80ull},
		{RP_ARG_MEM, 4, 0, 0, -1, -1, at + 8, 0xdeadbe80},
		{RP_ARG_MEM, 8, 0, 8, -1, R1, at, 0x2222},
		{RP_ARG_MEM, 8, 0, 1, R1, R1, at + 12, 0x2222},
	};
	__u64 words[sizeof(struct pt_regs) / 8] = {0x1234567890, 2}, value;
	struct pt_regs regs;
	struct rp_arg arg;

	(void)state;
	memcpy(&regs, words, sizeof(regs));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		arg = (struct rp_arg){.kind = cases[i].kind,
				      .size = cases[i].size,
				      .flags = cases[i].flags,
				      .scale = cases[i].scale,
				      .reg = cases[i].reg,
				      .index = cases[i].index,
				      .value = cases[i].value};
		assert_true(read_value(&regs, &arg, &value));
		assert_int_equal(value, cases[i].want);
	}
	arg.kind = RP_ARG_UNREADABLE;
	assert_false(read_value(&regs, &arg, &value));
	arg.kind = RP_ARG_NONE;
	assert_false(read_value(&regs, &arg, &value));
}

/* ---- strings ----------------------------------------------------------------------------------
 */

enum { LABEL = 1, LENGTH = 2 }; /* what a site reads where nothing is compared */

static void set_text(__u32 index, const char *text)
{
	const struct rp_arg arg = {.kind = RP_ARG_CONST,
				   .size = 8,
				   .flags = RP_ARG_TEXT,
				   .value = (__s64)(unsigned long)text};

	bpf_map_update_elem(&arg_specs, &index, &arg, BPF_ANY);
}

/* The label that the argument is; length below 0: the string has none. */
static __u32 read_text_label(const char *text, int length, __u64 *label)
{
	struct pt_regs regs = {0};

	set_text(LABEL, text);
	cfg_text_lengths = length >= 0;
	if (length >= 0)
		fake_arg(LENGTH, (__u64)length);
	return read_label(to_global(&regs), LABEL, label);
}

#define TEXT_40 "0123456789012345678901234567890123456789"

static void test_texts(void **state)
{
	static const char text_64[] = TEXT_40 "012345678901234567890123",
			  text_65[] = TEXT_40 "0123456789012345678901234";
	static const struct {
		const char *text;
		int length;
		const char *kept;
		bool cut;
	} cases[] = {
		{"first", -1, "first", false},	    {"", -1, "", false},
		{"first", 5, "first", false},	    {"firstborn", 5, "first", false},
		{"first\0born", 9, "first", false}, {"first", 0, "", false},
		{text_64, -1, text_64, false},	    {text_65, -1, text_64, true},
		{text_65, 64, text_64, false},	    {text_65, 65, text_64, true},
	};
	__u64 label;

	(void)state;
	cfg_max_labels = 20;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct rp_text *kept;
		__u32 index;

		assert_int_equal(read_text_label(cases[i].text, cases[i].length, &label),
				 RP_NODE_LABELED | RP_NODE_TEXT);
		index = (__u32)label - RP_TEXT_FIRST;
		kept = bpf_map_lookup_elem(&texts, &index);
		assert_int_equal(strnlen(kept->text, RP_TEXT_LEN), strlen(cases[i].kept));
		assert_memory_equal(kept->text, cases[i].kept, strlen(cases[i].kept));
		assert_int_equal(kept->cut, cases[i].cut);
	}
	/* Equal ones are one: "first", "", and what is kept of the long ones, cut or not. */
	assert_int_equal(texts_used, 4);
	assert_int_equal(lost[RP_LOST_LABEL_READS], 0);
}

static void test_texts_that_are_none(void **state)
{
	__u64 label;

	(void)state;
	read_text_label(NULL, -1, &label);
	assert_int_equal(label, RP_TEXT_NULL);
	assert_int_equal(lost[RP_LOST_LABEL_READS], 0);
	read_text_label((const char *)8, -1, &label);
	assert_int_equal(label, RP_TEXT_UNREAD);
	assert_int_equal(lost[RP_LOST_LABEL_READS], 1);
	fake_arg_unreadable(LENGTH);
	set_text(LABEL, "text");
	cfg_text_lengths = true;
	assert_int_equal(read_label(to_global(&fake.regs), LABEL, &label),
			 RP_NODE_LABELED | RP_NODE_TEXT);
	assert_int_equal(label, RP_TEXT_UNREAD);
	assert_int_equal(lost[RP_LOST_LABEL_READS], 2);
	/* Past the bound they are the others. */
	cfg_text_lengths = false;
	cfg_max_labels = texts_used = 1;
	assert_int_equal(read_text_label("one more", -1, &label), RP_NODE_LABELED | RP_NODE_OTHER);
	/* So they are where there is no memory; the number is for what comes next. */
	cfg_max_labels = 20;
	texts_used = 0;
	bpf_map_update_elem(&texts, &(__u32){0}, &(struct rp_text){0}, BPF_ANY);
	fake.full = 1; /* text_ids */
	assert_int_equal(read_text_label("one more", -1, &label), RP_NODE_LABELED | RP_NODE_OTHER);
	assert_int_equal(read_text_label("and one more", -1, &label),
			 RP_NODE_LABELED | RP_NODE_TEXT);
	assert_int_equal(label, RP_TEXT_FIRST);
	assert_int_equal(texts_used, 1);
}

/* Past the bound of labels one node stands for all others. */
static void test_labels_past_the_bound(void **state)
{
	(void)state;
	cfg_max_labels = 2;
	for (__u64 label = 1; label <= 5; label++) {
		fake_arg(LABEL, label);
		hit_flagged(ENTER, A, RP_SITE_LABEL, SP, 1000);
		hit(LEAVE, A, SP, 1000 + label);
	}
	assert_int_equal(labels_used, 2);
	assert_int_equal(nodes_used, 1 + 2 + 1);
	assert_int_not_equal(fake_node(FAKE_ROOT, A, 2), 0);
	assert_int_equal(fake_node(FAKE_ROOT, A, 3), 0);
	assert_int_equal(fake_figures(FAKE_ROOT, A).count, 3);
	assert_int_equal(fake_figures(FAKE_ROOT, A).total, 3 + 4 + 5);
	assert_int_equal(lost[RP_LOST_NODES], 0);
}

/* ---- --where ----------------------------------------------------------------------------------
 */

/* The only comparison is the argument behind the label. */
static void where(struct rp_atom atom)
{
	cfg_where = (struct rp_filter){.n = 1, .table = rp_filter__bits_of(0), .atom = {atom}};
}

static bool is_measured(void)
{
	__u64 before = fake_figures(FAKE_ROOT, A).count;

	hit(ENTER, A, SP, 1000);
	hit(LEAVE, A, SP, 1100);
	assert_int_equal(depth(), 0);
	return fake_figures(FAKE_ROOT, A).count > before;
}

static void test_where_of_numbers(void **state)
{
	(void)state;
	where((struct rp_atom){.kind = RP_OPERAND_ARG, .accepts = RP_GREATER, .value = 7});
	fake_arg(1 + 1, 7);
	assert_false(is_measured());
	fake_arg(1 + 1, 8);
	assert_true(is_measured());
	assert_int_equal(fake_figures(FAKE_ROOT, A).skipped, 1);
	assert_int_equal(fake_figures(FAKE_ROOT, A).entries, 2);
	fake_arg_unreadable(1 + 1);
	assert_false(is_measured());
	assert_int_equal(lost[RP_LOST_LABEL_READS], 1);
	/* What is ruled out has its time in its parent all the same, and loses nothing. */
	cfg_max_depth = 1;
	hit(ENTER, B, SP, 2000);
	assert_int_equal(depth(), 1);
	hit(ENTER, A, SP - 10, 2000);
	assert_int_equal(lost[RP_LOST_DEPTH], 0);
	assert_int_equal(fake_strays(A).hits, 1);
}

/*
 * A call that is ruled out is on no path: one in it that is measured is the outermost, be there
 * others that are called from a measured one.
 */
static void test_ruled_out_is_on_no_path(void **state)
{
	__u32 outer;

	(void)state;
	where((struct rp_atom){.kind = RP_OPERAND_ARG, .accepts = RP_GREATER, .value = 7});
	fake_arg(1 + 1, 0);
	hit(ENTER, A, SP, 1000);
	hit(ENTER, A, SP - 10, 1000);
	fake_arg(1 + 1, 8);
	hit(ENTER, A, SP - 20, 1000);
	hit(ENTER, B, SP - 30, 1000);
	hit(LEAVE, B, SP - 30, 1100);
	hit(LEAVE, A, SP - 20, 1200);
	hit(LEAVE, A, SP - 10, 1300);
	hit(LEAVE, A, SP, 1300);
	outer = fake_node(FAKE_ROOT, A, 0);
	assert_int_equal(fake_figures(FAKE_ROOT, A).count, 1);
	assert_int_equal(fake_figures(FAKE_ROOT, A).total, 200);
	assert_int_equal(fake_figures(outer, B).count, 1);
	assert_int_equal(fake_node(outer, A, 0), 0);
}

static void test_where_of_returns(void **state)
{
	(void)state;
	where((struct rp_atom){.kind = RP_OPERAND_RET, .accepts = RP_EQUAL, .value = 7});
	fake_arg(1 + 1, 7);
	assert_true(is_measured());
	fake_arg(1 + 1, 8);
	assert_false(is_measured());
	assert_int_equal(fake_figures(FAKE_ROOT, A).skipped, 1);
}

static void test_where_of_texts(void **state)
{
	static const struct {
		const char *glob, *text;
		__u8 accepts;
		bool holds;
	} cases[] = {
		{"get*", "get", RP_EQUAL, true},
		{"get*", "getter", RP_EQUAL, true},
		{"get*", "forget", RP_EQUAL, false},
		{"get*", "forget", RP_LESS, true},
		{"get*", "get", RP_LESS, false},
		{"*9x", TEXT_40 TEXT_40 "x", RP_EQUAL, true},
		{"*9x", TEXT_40 TEXT_40 "xy", RP_EQUAL, false},
		{"get*", NULL, RP_EQUAL, false},
		{"get*", NULL, RP_LESS, false},
	};
	struct rp_pattern pattern;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_setup(state);
		assert_null(rp_pattern__of_glob(cases[i].glob, &pattern));
		memcpy((void *)&cfg_patterns[0], &pattern, sizeof(pattern));
		where((struct rp_atom){
			.kind = RP_OPERAND_ARG, .is_text = true, .accepts = cases[i].accepts});
		set_text(1 + 1, cases[i].text);
		assert_int_equal(is_measured(), cases[i].holds);
		assert_int_equal(lost[RP_LOST_LABEL_READS], 0);
	}
	set_text(1 + 1, (const char *)8);
	assert_false(is_measured());
	assert_int_equal(lost[RP_LOST_LABEL_READS], 1);
}

/* No byte behind its length has a part in it. */
static void test_where_of_texts_with_lengths(void **state)
{
	static const char text[] = TEXT_40 TEXT_40 "x";
	struct rp_pattern pattern;

	(void)state;
	assert_null(rp_pattern__of_glob("*9x", &pattern));
	memcpy((void *)&cfg_patterns[0], &pattern, sizeof(pattern));
	where((struct rp_atom){.kind = RP_OPERAND_ARG, .is_text = true, .accepts = RP_EQUAL});
	cfg_text_lengths = true;
	set_text(1 + 1, text);
	for (__u64 length = 79; length <= 82; length++) {
		fake_arg(1 + 2 + 0, 0);
		fake_arg(1 + 2 + 1, length);
		assert_int_equal(is_measured(), length >= 81);
	}
	fake_arg(1 + 2 + 1, -1ull);
	assert_true(is_measured());
}

/* ---- names ------------------------------------------------------------------------------------
 */

static void test_excluded_names(void **state)
{
	static const char *const met[] = {"keep", "drop.1", "keep", "drop.1"};
	struct rp_pattern pattern;
	__u32 only = 0;

	(void)state;
	cfg_excludes = 1;
	assert_null(rp_pattern__of_glob("drop*", &pattern));
	bpf_map_update_elem(&excludes, &only, &pattern, BPF_ANY);
	for (int i = 0; i < 4; i++) {
		fake_arg(1, (__u64)(unsigned long)met[i]);
		hit(RP_ROLE_NAME_BEGIN, 0, SP, 1000);
		assert_int_equal(depth(), i % 2 == 0);
		hit(RP_ROLE_NAME_END, 0, SP, 1100);
	}
	assert_int_equal(names_used, 2);
	assert_int_equal(fake_figures(FAKE_ROOT, RP_REGION_DYNAMIC).count, 2);
	assert_int_equal(fake_strays(RP_REGION_NONE).hits, 4);
	assert_int_equal(lost[RP_LOST_NAMES] + lost[RP_LOST_NAME_READS], 0);
}

/* Jumps out of a function on a condition: 4 is x86's "zero", 5 its opposite. */
static void test_conditional_jumps(void **state)
{
	struct pt_regs regs = {0};

	(void)state;
#ifdef __x86_64__
	for (__u64 condition = 4; condition <= 5; condition++)
		for (int zero = 0; zero < 2; zero++) {
			regs.eflags = zero ? 0x40 : 0;
			fake_arg(1 + 1, condition);
			assert_int_equal(
				jump_is_taken(&regs,
					      RP_COOKIE(A, LEAVE, RP_SITE_CONDITIONAL, 1, 0, 0)),
				zero == (condition == 4));
		}
#endif
	assert_true(jump_is_taken(&regs, RP_COOKIE(A, LEAVE, 0, 1, 0, 0)));
	assert_int_equal(lost[RP_LOST_LABEL_READS], 0);
	assert_false(jump_is_taken(&regs, RP_COOKIE(A, LEAVE, RP_SITE_CONDITIONAL, 0, 0, 0)));
	assert_int_equal(lost[RP_LOST_LABEL_READS], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_arguments),
		TEST(test_texts),
		TEST(test_texts_that_are_none),
		TEST(test_labels_past_the_bound),
		TEST(test_where_of_numbers),
		TEST(test_where_of_returns),
		TEST(test_ruled_out_is_on_no_path),
		TEST(test_where_of_texts),
		TEST(test_where_of_texts_with_lengths),
		TEST(test_excluded_names),
		TEST(test_conditional_jumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
