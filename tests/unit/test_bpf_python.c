// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Python frames as BPF walks them, in an interpreter that is made up. */
#include "bpf_fixture.h"

enum { FRAMES = 300, CODES = 40, KEY = 40, MARKED = 7 };

struct fake_text {
	__u64 head[2], length, hash, state;
	char ascii[8]; /* where those of one byte begin, and 16 on where others do */
	char wide[1024];
};

struct fake_code {
	__u64 head[7];
	__u64 words[4]; /* what tells it from another one */
	__u64 first_line, name, file, lines, more[3];
	__u64 instructions[32];
};

struct fake_frame {
	__u64 code, previous, instruction, mark;
};

struct fake_cframe {
	__u64 frame, previous;
};

/* Blocks of it are read, to the last byte. */
static _Alignas(4096) struct world {
	struct {
		__u32 key[2];
		__u64 interpreters;
	} runtime;
	struct {
		__u64 threads;
	} interpreter;
	struct {
		__u64 next, id, frame;
	} thread[300];
	__u64 tcb[512];
	__u64 table[2 * PTHREAD_TABLE_LEN];
	struct fake_frame frame[FRAMES];
	struct fake_cframe cframe[FRAMES];
	struct fake_code code[CODES];
	struct fake_text name[2], file;
	struct {
		__u64 head[2], length, hash;
		__u8 bytes[64];
	} lines;
	char behind[4096];
} w;

#define AT(object) ((__u64)(unsigned long)&(object))

static struct rp_unwind_process process;
static struct rp_python_walk *walk;
static struct rp_unwind_walk *native;

static void set_text(struct fake_text *text, const char *from)
{
	text->length = strlen(from);
	text->hash = text->length * 31 + (__u8)from[0];
	text->state = STATE_COMPACT | STATE_ASCII | 1 << 2;
	memcpy(text->ascii, from, strlen(from));
}

/* 3.11 has a struct for each chain, and later ones a frame that ends it. */
static void set_layout(bool has_cframe, bool ends_on_stack)
{
	__u32 tgid = PROCESS;

	process = (struct rp_unwind_process){.serial = 1};
	process.python.runtime = AT(w.runtime);
	process.python.layout = (struct rp_python_layout){
		.runtime_key = offsetof(struct world, runtime.key),
		.runtime_interpreters = offsetof(struct world, runtime.interpreters),
		.interpreter_threads = 0,
		.thread_next = 0,
		.thread_id = 8,
		.thread_frame = 16,
		.has_cframe = has_cframe,
		.ends_on_stack = ends_on_stack,
		.cframe_frame = offsetof(struct fake_cframe, frame),
		.cframe_previous = offsetof(struct fake_cframe, previous),
		.frame_code = offsetof(struct fake_frame, code),
		.frame_previous = offsetof(struct fake_frame, previous),
		.frame_instruction = offsetof(struct fake_frame, instruction),
		.frame_mark = offsetof(struct fake_frame, mark) + 3,
		.mark_of_end = MARKED,
		.code_first_line = offsetof(struct fake_code, first_line),
		.code_file = offsetof(struct fake_code, file),
		.code_name = offsetof(struct fake_code, name),
		.code_lines = offsetof(struct fake_code, lines),
		.code_instructions = offsetof(struct fake_code, instructions),
		.text_ascii = offsetof(struct fake_text, ascii),
		.text_wide = offsetof(struct fake_text, wide),
	};
	bpf_map_update_elem(&unwind_processes, &tgid, &process, BPF_ANY);
}

/* Each runs a code object of its own, as far as there are any, and the last one is an end. */
static void set_frames(size_t n)
{
	for (size_t i = 0; i < n; i++)
		w.frame[i] = (struct fake_frame){
			.code = AT(w.code[i % CODES]),
			.previous = i + 1 < n ? AT(w.frame[i + 1]) : 0,
			.instruction = AT(w.code[i % CODES].instructions) + 2 * i,
			.mark = i + 1 < n ? 0 : (__u64)MARKED << 24,
		};
	w.cframe[0].frame = AT(w.frame[0]);
}

static int setup(void **state)
{
	__u32 only = 0;

	fake_setup(state);
	memset(&w, 0, sizeof(w));
	python_codes_told = 0;
	first.task.thread.fsbase = AT(w.tcb);
	w.runtime.key[0] = 1;
	w.runtime.key[1] = KEY;
	w.runtime.interpreters = AT(w.interpreter);
	w.tcb[(PTHREAD_TABLES + 8 * (KEY / PTHREAD_TABLE_LEN)) / 8] = AT(w.table);
	w.table[2 * (KEY % PTHREAD_TABLE_LEN) + 1] = AT(w.thread[0]);
	w.thread[0].id = AT(w.tcb);
	w.thread[0].frame = AT(w.cframe[0]);
	set_text(&w.name[0], "walk");
	set_text(&w.name[1], "talk");
	set_text(&w.file, "/x.py");
	w.lines.length = 3;
	memcpy(w.lines.bytes, "\1\2\3\4", 4);
	for (size_t i = 0; i < CODES; i++)
		w.code[i] = (struct fake_code){.first_line = 10 + i,
					       .name = AT(w.name[0]),
					       .file = AT(w.file),
					       .lines = AT(w.lines)};
	set_layout(true, false);
	set_frames(3);
	walk = bpf_map_lookup_elem(&python_walks, &only);
	native = bpf_map_lookup_elem(&unwind_walks, &only);
	return 0;
}

static __u32 look(void)
{
	forget_memory();
	return walk_python(PROCESS);
}

static void assert_word(size_t i, size_t frame)
{
	assert_int_equal(walk->word[RP_PYTHON_WORDS * i], AT(w.code[frame % CODES]));
	assert_int_equal(walk->word[RP_PYTHON_WORDS * i + 1], 2 * frame);
}

static void assert_end(size_t i)
{
	assert_int_equal(walk->word[RP_PYTHON_WORDS * i], 0);
	assert_int_equal(walk->word[RP_PYTHON_WORDS * i + 1], 0);
}

/* ---- frames ---------------------------------------------------------------------------------- */

/* Two chains, as C has called Python again. */
static void test_chains(void **state)
{
	(void)state;
	w.frame[1].mark = (__u64)MARKED << 24;
	w.cframe[0].previous = AT(w.cframe[1]);
	assert_int_equal(look(), 5);
	assert_word(0, 0);
	assert_word(1, 1);
	assert_end(2);
	assert_word(3, 2);
	assert_end(4);
	assert_int_equal(native->marks, 2);
	assert_int_equal(native->mark[0], AT(w.cframe[0]));
	assert_int_equal(native->mark[1], AT(w.cframe[1]));
	/* The next walk begins anew. */
	assert_int_equal(look(), 5);
	assert_int_equal(native->marks, 2);
}

/* The frame that ends a chain runs no code, whatever it says, and is on the C stack itself. */
static void test_ends_on_the_stack(void **state)
{
	(void)state;
	for (int has_cframe = 0; has_cframe < 2; has_cframe++) {
		setup(state);
		set_layout(has_cframe, true);
		if (!has_cframe)
			w.thread[0].frame = AT(w.frame[0]);
		assert_int_equal(look(), 3);
		assert_word(0, 0);
		assert_word(1, 1);
		assert_end(2);
		assert_int_equal(native->marks, 1);
		assert_int_equal(native->mark[0], AT(w.frame[2]));
		assert_int_equal(fake.submitted, 2);
	}
}

/* A frame without code is passed over; one that cannot be read ends the walk, and it shows. */
static void test_odd_frames(void **state)
{
	(void)state;
	w.frame[1].code = 0;
	assert_int_equal(look(), 3);
	assert_word(1, 2);
	w.frame[0].previous = 8;
	assert_int_equal(look(), 1 + RP_PYTHON_CUT);
	w.frame[0].previous = 0;
	assert_int_equal(look(), 1);
	w.cframe[0].frame = 0;
	assert_int_equal(look(), 0);
}

/* There is always room for the ends of chains. */
static void test_deep_stacks(void **state)
{
	(void)state;
	set_frames(PYTHON_KEPT_MAX);
	assert_int_equal(look(), PYTHON_KEPT_MAX + 1);
	assert_word(PYTHON_KEPT_MAX - 1, PYTHON_KEPT_MAX - 1);
	assert_end(PYTHON_KEPT_MAX);
	set_frames(PYTHON_KEPT_MAX + 1);
	assert_int_equal(look(), PYTHON_KEPT_MAX + 1 + RP_PYTHON_CUT);
	assert_end(PYTHON_KEPT_MAX);
	/* Chains of one each: there are no more ends than that, nor marks. */
	set_frames(FRAMES);
	for (size_t i = 0; i < FRAMES; i++) {
		w.frame[i].mark = (__u64)MARKED << 24;
		w.cframe[i].previous = AT(w.cframe[i + 1 < FRAMES ? i + 1 : i]);
	}
	assert_int_equal(look(), RP_PYTHON_FRAMES_MAX + RP_PYTHON_CUT);
	assert_end(RP_PYTHON_FRAMES_MAX - 1);
	assert_int_equal(native->marks, UNWIND_MARKS_MAX);
	assert_int_equal(native->mark[UNWIND_MARKS_MAX - 1], AT(w.cframe[UNWIND_MARKS_MAX - 1]));
	/* A ring of them ends nowhere. */
	set_frames(2);
	w.frame[1].mark = 0;
	w.frame[1].previous = AT(w.frame[0]);
	assert_int_equal(look(), PYTHON_KEPT_MAX + RP_PYTHON_CUT);
}

/* A sample is cut off where either part of its stack is; the native one says by what. */
static void test_deep_stacks_in_samples(void **state)
{
	static const struct {
		size_t frames;
		bool native_is_whole;
		__u32 end;
	} cases[] = {
		{PYTHON_KEPT_MAX, true, RP_UNWIND_END_COMPLETE},
		{PYTHON_KEPT_MAX, false, RP_UNWIND_END_NO_ROW},
		{PYTHON_KEPT_MAX + 1, true, RP_UNWIND_END_DEPTH},
		{PYTHON_KEPT_MAX + 1, false, RP_UNWIND_END_NO_ROW},
	};
	static _Alignas(MEMORY_BLOCK_BYTES) __u64 stack[MEMORY_BLOCK_WORDS];
	static struct rp_sample s;

	(void)state;
	*(unsigned long *)&PT_REGS_IP(&fake.regs) = 0x401000;
	*(unsigned long *)&PT_REGS_SP(&fake.regs) = (unsigned long)stack;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*(unsigned long *)&PT_REGS_FP(&fake.regs) = cases[i].native_is_whole
								    ? (unsigned long)stack
								    : 0;
		set_frames(cases[i].frames);
		look_at_thread(&s, &first.task, PROCESS, NULL);
		assert_int_equal(s.end, cases[i].end);
		assert_int_equal(s.addresses, 1);
		assert_int_equal(s.python, PYTHON_KEPT_MAX + 1);
		for (size_t k = 0; k < PYTHON_KEPT_MAX; k++) {
			const __rp_u64 *word = &s.address[1 + RP_PYTHON_WORDS * k];

			assert_int_equal(word[0], AT(w.code[k % CODES]));
			assert_int_equal(word[1], 2 * k);
		}
	}
}

/* ---- whose state ----------------------------------------------------------------------------- */

/* Where there is no key, or what it leads to is another's, by the list of all threads. */
static void test_threads(void **state)
{
	__u64 *by_key = &w.table[2 * (KEY % PTHREAD_TABLE_LEN) + 1];

	(void)state;
	assert_int_equal(look(), 4);
	*by_key = AT(w.thread[1]); /* another's */
	assert_int_equal(look(), 0);
	w.interpreter.threads = AT(w.thread[1]);
	w.thread[1].next = AT(w.thread[0]);
	assert_int_equal(look(), 4);
	*by_key = AT(w.thread[0]);
	w.interpreter.threads = 0;
	assert_int_equal(look(), 4);
	w.runtime.key[0] = 0;
	assert_int_equal(look(), 0);
	w.runtime.key[0] = 1;
	w.runtime.key[1] = PTHREAD_KEYS_MAX;
	assert_int_equal(look(), 0);
	/* So many are looked through. */
	for (size_t i = 1; i < 300; i++)
		w.thread[i].next = i + 1 < 300 ? AT(w.thread[i + 1]) : AT(w.thread[0]);
	w.interpreter.threads = AT(w.thread[300 - PYTHON_THREADS_MAX]);
	assert_int_equal(look(), 4);
	w.interpreter.threads = AT(w.thread[299 - PYTHON_THREADS_MAX]);
	assert_int_equal(look(), 0);
}

static void test_no_interpreter(void **state)
{
	__u32 tgid = PROCESS;

	(void)state;
	w.frame[2].mark = 0;
	assert_int_equal(look(), 3);
	native->marks = 5;
	process.python.runtime = 0;
	bpf_map_update_elem(&unwind_processes, &tgid, &process, BPF_ANY);
	assert_int_equal(look(), 0);
	assert_int_equal(native->marks, 0);
	assert_int_equal(walk_python(PROCESS + 1), 0);
}

/* ---- what is told of code objects ------------------------------------------------------------ */

static const struct rp_python_code *told(size_t i)
{
	return (const void *)fake.ring[i];
}

static void test_what_is_told(void **state)
{
	(void)state;
	look();
	assert_int_equal(fake.submitted, 3);
	assert_int_equal(python_codes_told, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(told(i)->kind, RP_SAMPLE_KIND_CODE);
		assert_int_equal(told(i)->tgid, PROCESS);
		assert_int_equal(told(i)->code, AT(w.code[i]));
		assert_int_equal(told(i)->first_line, 10 + i);
		assert_int_equal(told(i)->name.bytes, 4);
		assert_int_equal(told(i)->name.width, 1);
		assert_memory_equal(told(i)->name_text, "walk", 4);
		assert_int_equal(told(i)->file.bytes, 5);
		assert_memory_equal(told(i)->file_text, "/x.py", 5);
		assert_int_equal(told(i)->lines_bytes, 3);
		assert_memory_equal(told(i)->lines, "\1\2\3", 3);
	}
}

/* Once, until another one is at its place: of other names, lines or numbers. */
static void test_told_once(void **state)
{
	(void)state;
	look();
	look();
	assert_int_equal(fake.submitted, 3);
	w.code[1].first_line++;
	look();
	assert_int_equal(fake.submitted, 4);
	assert_int_equal(told(3)->code, AT(w.code[1]));
	w.code[2].name = AT(w.name[1]);
	look();
	assert_int_equal(fake.submitted, 5);
	assert_memory_equal(told(4)->name_text, "talk", 4);
	w.name[0].hash++; /* another name at the same place: that of two */
	look();
	assert_int_equal(fake.submitted, 7);
	look();
	assert_int_equal(fake.submitted, 7);
	/* Told anew of another program in the same process. */
	process.serial++;
	bpf_map_update_elem(&unwind_processes, &(__u32){PROCESS}, &process, BPF_ANY);
	look();
	assert_int_equal(fake.submitted, 10);
}

/* What the ring had no room for is told the next time. */
static void test_full_ring(void **state)
{
	(void)state;
	fake.ring_full = true;
	assert_int_equal(look(), 4);
	assert_int_equal(python_codes_told, 0);
	fake.ring_full = false;
	look();
	assert_int_equal(fake.submitted, 3);
	assert_int_equal(python_codes_told, 3);
}

/* No more than so many in one sample: the rest in the next. */
static void test_many_codes(void **state)
{
	(void)state;
	set_frames(CODES);
	look();
	assert_int_equal(fake.submitted, PYTHON_TOLD_MAX);
	look();
	assert_int_equal(fake.submitted, CODES);
	look();
	assert_int_equal(fake.submitted, CODES);
}

static void tell_name(__u64 state, __u64 length)
{
	fake.submitted = 0;
	w.name[0].state = state;
	w.name[0].length = length;
	w.name[0].hash++;
	set_frames(1);
	look();
}

/* Characters of several bytes are cut between two of them. */
static void test_texts(void **state)
{
	(void)state;
	memset(w.name[0].wide, 'w', sizeof(w.name[0].wide));
	for (unsigned width = 1; width <= 4; width *= 2) {
		tell_name(STATE_COMPACT | width << 2, 3);
		assert_int_equal(told(0)->name.width, width);
		assert_int_equal(told(0)->name.bytes, 3 * width);
		assert_memory_equal(told(0)->name_text, w.name[0].wide, 3 * width);
		tell_name(STATE_COMPACT | width << 2, RP_PYTHON_NAME_MAX - 1);
		assert_int_equal(told(0)->name.bytes,
				 width == 1 ? RP_PYTHON_NAME_MAX - 1 : RP_PYTHON_NAME_MAX);
		tell_name(STATE_COMPACT | width << 2, UINT64_MAX);
		assert_int_equal(told(0)->name.bytes, RP_PYTHON_NAME_MAX);
	}
	/* Its characters are elsewhere, or are of no width that there is. */
	tell_name(1 << 2, 3);
	assert_int_equal(fake.submitted, 0);
	tell_name(STATE_COMPACT | 3 << 2, 3);
	assert_int_equal(fake.submitted, 0);
	/* That its lines cannot be read takes nothing but them. */
	w.code[0].lines = 8;
	tell_name(STATE_COMPACT | 1 << 2, 3);
	assert_int_equal(fake.submitted, 1);
	assert_int_equal(told(0)->lines_bytes, 0);
	w.code[0].file = 8;
	tell_name(STATE_COMPACT | 1 << 2, 3);
	assert_int_equal(fake.submitted, 0);
}

#define PYTHON(f) cmocka_unit_test_setup_teardown(f, setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PYTHON(test_chains),
		PYTHON(test_ends_on_the_stack),
		PYTHON(test_odd_frames),
		PYTHON(test_deep_stacks),
		PYTHON(test_deep_stacks_in_samples),
		PYTHON(test_threads),
		PYTHON(test_no_interpreter),
		PYTHON(test_what_is_told),
		PYTHON(test_told_once),
		PYTHON(test_full_ring),
		PYTHON(test_many_codes),
		PYTHON(test_texts),
	};

#ifndef __x86_64__
	return 0; /* where a thread's state is, is not known */
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
