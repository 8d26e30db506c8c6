// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* An object as bytes: what comes out is what went in, and bytes that cannot be are refused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/elf_image.h"
#include "discover/elf_internal.h"
#include "rptrace.h"

#define ALL (RP_ELF_FUNCTIONS | RP_ELF_USDT)

/* This very program. */
struct object {
	struct rp_elf *elf;
	char *bytes;
	size_t size;
	uint64_t file_size;
};

static unsigned closed;

/* A reader that has nothing to read but says where it was asked. */
static size_t read_offset(void *ctx, uint64_t offset, void *buf, size_t len)
{
	(void)ctx;
	memcpy(buf, &offset, len < sizeof(offset) ? len : sizeof(offset));
	return len;
}

static void count_close(void *ctx)
{
	(void)ctx;
	closed++;
}

static const struct rp_elf_reader reader = {.read = read_offset, .close = count_close};

static int set_up(void **state)
{
	struct object *o = calloc(1, sizeof(*o));
	struct rp_err err;
	struct stat st;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_non_null(o);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(rp_elf__open(fd, "this", &o->elf, &err), 0);
	close(fd);
	o->file_size = st.st_size;
	assert_int_equal(rp_elf_image__make(o->elf, ALL, &o->bytes, &o->size), 0);
	closed = 0;
	*state = o;
	return 0;
}

static int tear_down(void **state)
{
	struct object *o = *state;

	rp_elf__free(o->elf);
	free(o->bytes);
	free(o);
	return 0;
}

/* Of a copy, which it takes over. */
static int open_image(const struct object *o, const char *bytes, size_t size, struct rp_elf **elf)
{
	char *copy = malloc(size + 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	return rp_elf_image__open(copy, size, o->file_size, "this", &reader, elf);
}

/* Nobody calls it: this program has notes by it. */
void marked(int value);
void marked(int value)
{
	RPTRACE_BEGIN_VALUE(marked, value);
	RPTRACE_END(marked);
}

/* Nor this, whose symbol is that of what chooses its implementation. */
static void implementation(void) {}

static void (*choose(void))(void)
{
	return implementation;
}

void chosen(void) __attribute__((ifunc("choose")));

static void same_notes(const struct rp_usdt_note *a, const struct rp_usdt_note *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(a[i].provider, b[i].provider);
		assert_string_equal(a[i].name, b[i].name);
		assert_string_equal(a[i].args, b[i].args);
		assert_int_equal(a[i].addr, b[i].addr);
		assert_int_equal(a[i].offset, b[i].offset);
		assert_int_equal(a[i].semaphore, b[i].semaphore);
	}
}

static void notes_come_out_as_they_went_in(void **state)
{
	const struct object *o = *state;
	const struct rp_usdt_note *before, *after;
	size_t n_before, n_after;
	struct rp_elf *elf;
	struct rp_err err;

	assert_int_equal(open_image(o, o->bytes, o->size, &elf), 0);
	assert_int_equal(rp_elf__usdt(o->elf, &before, &n_before, &err), 0);
	assert_int_equal(rp_elf__usdt(elf, &after, &n_after, &err), 0);
	assert_int_equal(n_after, n_before);
	assert_true(n_after >= 2);
	same_notes(before, after, n_after);
	rp_elf__free(elf);
}

/* Returns how many of them are resolvers. */
static size_t same_symbols(const struct rp_symbol *a, const struct rp_symbol *b, size_t n)
{
	size_t resolvers = 0;

	for (size_t i = 0; i < n; i++) {
		assert_string_equal(a[i].name, b[i].name);
		assert_string_equal(a[i].linker, b[i].linker);
		assert_int_equal(a[i].addr, b[i].addr);
		assert_int_equal(a[i].size, b[i].size);
		assert_int_equal(a[i].offset, b[i].offset);
		assert_int_equal(a[i].is_resolver, b[i].is_resolver);
		resolvers += a[i].is_resolver;
	}
	return resolvers;
}

static void an_object_comes_out_as_it_went_in(void **state)
{
	const struct object *o = *state;
	const struct rp_symbol *before, *after;
	uint64_t offset[2], size[2], asked = 0;
	size_t n_before, n_after;
	struct rp_elf *elf;
	struct rp_err err;

	assert_int_equal(open_image(o, o->bytes, o->size, &elf), 0);
	assert_int_equal(rp_elf__symbols(o->elf, &before, &n_before, &err), 0);
	assert_int_equal(rp_elf__symbols(elf, &after, &n_after, &err), 0);
	assert_int_equal(n_after, n_before);
	assert_true(n_after > 10);
	assert_true(same_symbols(before, after, n_after) >= 1);
	before = rp_elf__cold_parts(o->elf, &n_before);
	after = rp_elf__cold_parts(elf, &n_after);
	assert_int_equal(n_after, n_before);
	same_symbols(before, after, n_after);
	assert_memory_equal(rp_elf__traits(elf), rp_elf__traits(o->elf),
			    sizeof(struct rp_elf_traits));
	rp_elf__code(o->elf, &offset[0], &size[0]);
	rp_elf__code(elf, &offset[1], &size[1]);
	assert_int_equal(offset[1], offset[0]);
	assert_int_equal(size[1], size[0]);
	assert_int_equal(rp_elf__read(elf, 4711, &asked, sizeof(asked)), sizeof(asked));
	assert_int_equal(asked, 4711);
	assert_false(rp_elf__is_too_much(elf));
	rp_elf__free(elf);
	assert_int_equal(closed, 1);
}

static void what_is_not_wanted_is_empty(void **state)
{
	const struct object *o = *state;
	const struct rp_symbol *symbols;
	struct rp_elf *elf;
	struct rp_err err;
	char *bytes;
	size_t size, n;

	/* Another reading, which has looked at nothing so far. */
	assert_int_equal(rp_elf_image__make(o->elf, 0, &bytes, &size), 0);
	assert_true(size < o->size);
	assert_int_equal(open_image(o, bytes, size, &elf), 0);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_true(rp_elf__traits(elf)->has_symtab);
	rp_elf__free(elf);
	free(bytes);
}

/* Each trait by itself. */
static void traits_are_told_apart(void **state)
{
	static const struct rp_elf_traits traits[] = {
		{.machine = 0x1234},	    {.is_go = true},
		{.has_unwinding = true},    {.has_fibers = true},
		{.has_signal_stack = true}, {.has_symtab = true},
		{.names_functions = true},  {.has_lines = true},
		{.separate_debug = true},
	};
	const struct object *o = *state;

	for (size_t i = 0; i < sizeof(traits) / sizeof(traits[0]); i++) {
		struct rp_elf *elf;
		char *bytes;
		size_t size;

		o->elf->traits = traits[i];
		assert_int_equal(rp_elf_image__make(o->elf, 0, &bytes, &size), 0);
		assert_int_equal(open_image(o, bytes, size, &elf), 0);
		assert_int_equal(rp_elf__traits(elf)->machine, traits[i].machine);
		assert_memory_equal(rp_elf__traits(elf), &traits[i], sizeof(traits[i]));
		rp_elf__free(elf);
		free(bytes);
	}
}

/* What could not be read cannot be read there, too, and for the same reason. */
static void what_could_not_be_read_is_told(void **state)
{
	const struct object *o = *state;
	const struct rp_symbol *symbols;
	const struct rp_usdt_note *notes;
	struct rp_elf *elf;
	struct rp_err err;
	char *bytes;
	size_t size, n;

	o->elf->symbols_error = -ENODATA;
	o->elf->notes_error = -ERANGE;
	o->elf->own_budget.is_spent = true;
	assert_int_equal(rp_elf_image__make(o->elf, ALL, &bytes, &size), 0);
	assert_int_equal(open_image(o, bytes, size, &elf), 0);
	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, &err), -ENODATA);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), -ERANGE);
	assert_true(rp_elf__is_too_much(elf));
	rp_elf__free(elf);
	free(bytes);
	/* Where the one can be read, it is there. */
	o->elf->notes_error = 0;
	assert_int_equal(rp_elf_image__make(o->elf, ALL, &bytes, &size), 0);
	assert_int_equal(open_image(o, bytes, size, &elf), 0);
	assert_int_equal(rp_elf__usdt(elf, &notes, &n, &err), 0);
	assert_true(n >= 2);
	rp_elf__free(elf);
	free(bytes);
	for (int failed = 0; failed < 2; failed++) {
		o->elf->symbols_error = failed ? 0 : -ENOMEM;
		o->elf->notes_error = failed ? -ENOMEM : 0;
		assert_int_equal(rp_elf_image__make(o->elf, ALL, &bytes, &size), -ENOMEM);
	}
	o->elf->notes_error = 0;
}

/* An error beside what was read, and one that is none. */
static void errors_that_cannot_be_are_refused(void **state)
{
	static const int32_t wrong[] = {1, INT32_MAX, -4096, INT32_MIN};
	const struct object *o = *state;
	const int32_t error = -ENODATA;
	struct rp_elf *elf;
	char *bytes, *at;
	size_t size;

	for (int notes = 0; notes < 2; notes++) {
		size_t offset;

		*(notes ? &o->elf->notes_error : &o->elf->symbols_error) = error;
		assert_int_equal(rp_elf_image__make(o->elf, ALL, &bytes, &size), 0);
		at = memmem(bytes, size, &error, sizeof(error));
		assert_non_null(at);
		offset = (size_t)(at - bytes);
		for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			memcpy(at, &wrong[i], sizeof(wrong[i]));
			assert_int_equal(open_image(o, bytes, size, &elf), -EBADMSG);
		}
		free(bytes);
		*(notes ? &o->elf->notes_error : &o->elf->symbols_error) = 0;
		bytes = malloc(o->size);
		memcpy(bytes, o->bytes, o->size);
		memcpy(bytes + offset, &error, sizeof(error));
		assert_int_equal(open_image(o, bytes, o->size, &elf), -EBADMSG);
		free(bytes);
	}
}

/* Symbols of one image are put out of order; equal ones are in order. */
static void symbols_out_of_order_are_refused(void **state)
{
	struct rp_symbol two[2] = {{.name = "a", .linker = "a", .offset = 8, .addr = 8, .size = 1},
				   {.name = "b", .linker = "b", .offset = 8, .addr = 8, .size = 1}};
	const struct object *o = *state;
	struct rp_symbol *symbols = o->elf->symbols, *cold = o->elf->cold_parts;
	size_t n = o->elf->n_symbols, n_cold = o->elf->n_cold_parts;

	o->elf->symbols = o->elf->cold_parts = two;
	for (int i = 0; i < 6; i++) {
		bool is_right = i == 0 || i == 3;
		struct rp_elf *elf;
		char *bytes;
		size_t size;

		o->elf->n_symbols = i < 3 ? 2 : 0;
		o->elf->n_cold_parts = i < 3 ? 0 : 2;
		two[0].offset = i == 1 ? 9 : 8;
		two[0].linker = two[0].name = i == 4 ? "c" : i == 3 ? "b" : "a";
		two[1].linker = two[1].name = i == 2 || i == 5 ? "" : "b";
		assert_int_equal(rp_elf_image__make(o->elf, RP_ELF_FUNCTIONS, &bytes, &size), 0);
		assert_int_equal(open_image(o, bytes, size, &elf), is_right ? 0 : -EBADMSG);
		if (is_right)
			rp_elf__free(elf);
		free(bytes);
	}
	o->elf->symbols = symbols;
	o->elf->cold_parts = cold;
	o->elf->n_symbols = n;
	o->elf->n_cold_parts = n_cold;
}

/* The id of what was built, to the last digit, or none. */
static void build_ids_come_out_as_they_went_in(void **state)
{
	static const struct {
		const char *text;
		bool is_right;
	} ids[] = {{"0123456789abcdef", true}, {"a", true},  {"", true}, {"xyz", false},
		   {"12 34", false},	       {"AB", false}};
	struct object *o = *state;

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct rp_elf *elf;
		char *bytes;
		size_t size;

		strcpy(o->elf->build_id, ids[i].text);
		assert_int_equal(rp_elf_image__make(o->elf, 0, &bytes, &size), 0);
		assert_int_equal(open_image(o, bytes, size, &elf), 0);
		assert_string_equal(elf->build_id, ids[i].is_right ? ids[i].text : "");
		rp_elf__free(elf);
		free(bytes);
	}
}

/* Code and notes lie within the file, to its last byte. */
static void code_lies_within_the_file(void **state)
{
	struct object *o = *state;
	struct rp_usdt_note note = {.provider = "p", .name = "n", .args = "", .offset = 999};
	struct rp_usdt_note *notes;
	struct rp_elf *elf;
	uint64_t offset, code;
	char *bytes;
	size_t size, n;

	rp_elf__code(o->elf, &offset, &code);
	o->elf->n_cold_parts = 0;
	assert_int_equal(rp_elf_image__make(o->elf, 0, &bytes, &size), 0);
	o->file_size = offset + code;
	assert_int_equal(open_image(o, bytes, size, &elf), 0);
	rp_elf__free(elf);
	o->file_size--;
	assert_int_equal(open_image(o, bytes, size, &elf), -EBADMSG);
	free(bytes);
	notes = o->elf->notes;
	n = o->elf->n_notes;
	o->file_size = offset + code;
	for (int i = 0; i < 4; i++) {
		note.offset = i == 1 ? o->file_size : o->file_size - 1;
		note.semaphore = i == 2 ? o->file_size : o->file_size - 1;
		note.name = i == 3 ? "" : "n";
		o->elf->notes = &note;
		o->elf->n_notes = 1;
		assert_int_equal(rp_elf_image__make(o->elf, RP_ELF_USDT, &bytes, &size), 0);
		assert_int_equal(open_image(o, bytes, size, &elf), i ? -EBADMSG : 0);
		if (!i)
			rp_elf__free(elf);
		free(bytes);
	}
	o->elf->notes = notes;
	o->elf->n_notes = n;
}

static void cut_short_it_is_refused(void **state)
{
	const struct object *o = *state;
	struct rp_elf *elf;

	for (size_t size = 0; size < o->size; size += 1 + size / 16)
		assert_int_equal(open_image(o, o->bytes, size, &elf), -EBADMSG);
	assert_int_equal(closed, 0);
}

/* Whatever is believed lies within the file, ends, and is in order. */
static void check(struct rp_elf *elf, uint64_t file_size)
{
	const struct rp_symbol *symbols;
	const struct rp_usdt_note *notes;
	uint64_t offset, size;
	struct rp_err err;
	size_t n, length = 0;

	if (!rp_elf__symbols(elf, &symbols, &n, &err))
		for (size_t i = 0; i < n; i++) {
			length += strlen(symbols[i].name) + strlen(symbols[i].linker);
			assert_true(symbols[i].offset < file_size);
			assert_true(!i || symbols[i - 1].offset <= symbols[i].offset);
		}
	if (!rp_elf__usdt(elf, &notes, &n, &err))
		for (size_t i = 0; i < n; i++) {
			length += strlen(notes[i].provider) + strlen(notes[i].name);
			length += strlen(notes[i].args);
			assert_true(notes[i].offset < file_size && notes[i].semaphore < file_size);
		}
	rp_elf__code(elf, &offset, &size);
	assert_true(!size || (offset < file_size && size <= file_size - offset));
	assert_true(length < RP_ELF_IMAGE_MAX);
}

static void damaged_it_is_refused_or_harmless(void **state)
{
	static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
	const struct object *o = *state;
	char *bytes = malloc(o->size);
	unsigned refused = 0;
	struct rp_elf *elf;

	assert_non_null(bytes);
	for (size_t at = 0; at < o->size; at += at < 256 ? 1 : 97)
		for (size_t v = 0; v < sizeof(values); v++) {
			memcpy(bytes, o->bytes, o->size);
			bytes[at] = (char)values[v];
			if (open_image(o, bytes, o->size, &elf)) {
				refused++;
				continue;
			}
			check(elf, o->file_size);
			rp_elf__free(elf);
		}
	assert_true(refused > 100);
	free(bytes);
}

/* The file is shorter than the image says: nothing past its end is probed. */
static void what_lies_past_the_file_is_refused(void **state)
{
	struct object *o = *state;
	struct rp_elf *elf;

	o->file_size = 64;
	assert_int_equal(open_image(o, o->bytes, o->size, &elf), -EBADMSG);
}

/* Nor a function that lies there, whatever the rest of it says. */
static void no_function_lies_past_the_file(void **state)
{
	const struct object *o = *state;
	const struct rp_symbol *symbols;
	struct row {
		uint64_t addr, size, offset;
	} last;
	struct rp_elf *elf;
	struct rp_err err;
	char *at;
	size_t n;

	assert_int_equal(rp_elf__symbols(o->elf, &symbols, &n, &err), 0);
	last = (struct row){symbols[n - 1].addr, symbols[n - 1].size, symbols[n - 1].offset};
	at = memmem(o->bytes, o->size, &last, sizeof(last));
	assert_non_null(at);
	/* It keeps its place behind the others. */
	last.offset = o->file_size - 1;
	memcpy(at, &last, sizeof(last));
	assert_int_equal(open_image(o, o->bytes, o->size, &elf), 0);
	rp_elf__free(elf);
	last.offset = o->file_size;
	memcpy(at, &last, sizeof(last));
	assert_int_equal(open_image(o, o->bytes, o->size, &elf), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_object_comes_out_as_it_went_in, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(notes_come_out_as_they_went_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_not_wanted_is_empty, set_up, tear_down),
		cmocka_unit_test_setup_teardown(traits_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_could_not_be_read_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(errors_that_cannot_be_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(symbols_out_of_order_are_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(build_ids_come_out_as_they_went_in, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(code_lies_within_the_file, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cut_short_it_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damaged_it_is_refused_or_harmless, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_lies_past_the_file_is_refused, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(no_function_lies_past_the_file, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("elf_image", tests, NULL, NULL);
}
