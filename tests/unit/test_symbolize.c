// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What runs at a place of an object's code, as the reader's process tells it. */
#include "elf_image.h"
#include "symbolize/reader.h"
#include "symbolize/symbolize.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#define PLACES_MAX 4096

/* ---- what is looked for: this program has debug information ---------------------------------- */

static volatile int work;

static const int line_of_inner = __LINE__ + 3;
static inline __attribute__((always_inline)) void inner(int by)
{
	work += by * work;
}

static const struct rp_owner nobody;

static const int line_of_middle = __LINE__ + 3;
static inline __attribute__((always_inline)) void middle(int by)
{
	inner(by);
	work ^= by;
}

static const int line_of_outer = __LINE__ + 3;
static __attribute__((noinline)) void outer(int by)
{
	middle(by);
	work -= by;
}

static struct rp_symbolizer *new_symbolizer(bool lines)
{
	struct rp_symbolizer_opts opts = {.lines = lines, .max_places = PLACES_MAX};
	struct rp_symbolizer *s = rp_symbolizer__new(&opts);

	assert_non_null(s);
	return s;
}

static uint32_t add_path(struct rp_symbolizer *s, const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint32_t object;

	assert_true(fd >= 0);
	object = rp_symbolizer__add(s, fd, name);
	assert_true(object > 0);
	close(fd);
	return object;
}

static struct rp_symbol own_function(struct rp_elf *elf, const char *name)
{
	const struct rp_symbol *symbols;
	size_t n;

	assert_int_equal(rp_elf__symbols(elf, &symbols, &n, NULL), 0);
	for (size_t i = 0; i < n; i++)
		if (!strcmp(symbols[i].name, name))
			return symbols[i];
	fail_msg("no %s here", name);
	return (struct rp_symbol){0};
}

static void assert_place(const struct rp_code_place *place, const char *function, int line)
{
	assert_string_equal(place->function, function);
	assert_non_null(strstr(place->file, "tests/unit/test_symbolize.c"));
	assert_in_range(place->line, line - 2, line + 3); /* its first line, its end */
}

static void test_what_is_inlined(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_symbolizer *s = new_symbolizer(true);
	uint32_t object = add_path(s, "/proc/self/exe", "me");
	struct rp_symbol symbol = own_function(elf, "outer");
	size_t found = 0;

	(void)state;
	outer(1);
	for (uint64_t at = symbol.offset; at < symbol.offset + symbol.size; at++) {
		const struct rp_code_places *places = rp_symbolizer__find(s, nobody, object, at);

		assert_non_null(places);
		assert_true(places->named);
		assert_place(&places->places[places->n - 1], "outer", line_of_outer);
		assert_false(places->places[places->n - 1].inlined);
		if (places->n < 3)
			continue;
		assert_int_equal(places->n, 3);
		assert_place(&places->places[0], "inner", line_of_inner);
		assert_place(&places->places[1], "middle", line_of_middle);
		assert_int_equal(places->places[1].line, line_of_middle);
		assert_int_equal(places->places[2].line, line_of_outer);
		assert_true(places->places[0].inlined && places->places[1].inlined);
		found++;
	}
	assert_true(found > 0);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

static void test_without_lines(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_symbolizer *s = new_symbolizer(false);
	uint32_t object = add_path(s, "/proc/self/exe", "me");
	struct rp_symbol symbol = own_function(elf, "outer");
	const struct rp_code_places *places = rp_symbolizer__find(s, nobody, object,
								  symbol.offset + 1);

	(void)state;
	assert_int_equal(places->n, 1);
	assert_string_equal(places->places[0].function, "outer");
	assert_string_equal(places->places[0].file, "");
	assert_int_equal(places->places[0].line, 0);
	/* It is kept. */
	assert_ptr_equal(rp_symbolizer__find(s, nobody, object, symbol.offset + 1), places);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void assert_name(struct rp_symbolizer *s, uint32_t object, uint64_t addr, const char *name,
			bool named)
{
	const struct rp_code_places *places = rp_symbolizer__find(s, nobody, object,
								  addr - TEXT_ADDR + TEXT_OFFSET);

	assert_non_null(places);
	assert_int_equal(places->n, 1);
	assert_string_equal(places->places[0].function, name);
	assert_int_equal(places->named, named);
}

#define SECTION_SIZE 2000 /* of the code */
#define LABEL	     STT_NOTYPE

/* Symbols of an object, in the order of the names: not in that of the addresses. */
static const struct {
	const char *name;
	unsigned at, size;
	unsigned info;
} named[] = {
	{"$x", 712, 0, LABEL},
	{".L5", 712, 0, LABEL},
	{"_ZN3foo3barEi", 64, 64, FUNC},
	{"_ZN3foo3bazEv", 272, 16, FUNC},
	{"_ZN3foo3bazEv.cold.7", 16, 16, FUNC},
	{"behind_labels", 736, 8, FUNC},
	{"big", 160, 16, FUNC},
	{"bigger", 160, 16, FUNC},
	{"label", 704, 0, LABEL},
	{"label_and_frame", 1024, 0, LABEL},
	{"label_before_a_frame", 1000, 0, LABEL},
	{"label_before_a_nameless_frame", 760, 0, LABEL},
	{"label_in_a_frame", 1028, 0, LABEL},
	{"label_in_a_function", 72, 0, LABEL},
	{"label_of_a_function", 160, 0, LABEL},
	{"label_with_a_name.cold", 680, 0, LABEL},
	{"last_label", SECTION_SIZE - 1, 0, LABEL},
	{"nested", 72, 8, FUNC},
	{"next_label", 720, 0, LABEL},
	{"nosize", 512, 0, FUNC},
	{"omega", 0, 16, FUNC},
	{"omega.cold", 256, 16, FUNC},
	{"past_the_code", SECTION_SIZE, 0, LABEL},
	{"shorter_than_what_is_there", 160, 8, FUNC},
};
#define NAMED (sizeof(named) / sizeof(named[0]))

static void add_named(struct image *img)
{
	Elf64_Sym symbols[NAMED + 1] = {{0}};
	char strings[512] = "";
	const char code[SECTION_SIZE] = {0};
	size_t n = 1;

	img->sections[image__add(img, ".text", SHT_PROGBITS, TEXT_ADDR, code, sizeof(code))]
		.sh_flags |= SHF_EXECINSTR;
	for (size_t i = 0; i < NAMED; i++) {
		symbols[i + 1] = (Elf64_Sym){.st_name = (Elf64_Word)n,
					     .st_info = named[i].info,
					     .st_shndx = 1,
					     .st_value = TEXT_ADDR + named[i].at,
					     .st_size = named[i].size};
		n += (size_t)snprintf(strings + n, sizeof(strings) - n, "%s", named[i].name) + 1;
	}
	assert_true(n <= sizeof(strings));
	image__add_symbols(img, SHT_SYMTAB, symbols, NAMED + 1, strings, n);
}

/* A CIE, and functions at +512, +1024, +1072 and +776 of 16 bytes each. */
static const uint8_t eh_frame[] = {
	16, 0, 0, 0, 0,	 0, 0, 0, 1,	'z',  'R',  0, 1,  0x78, 16, 1, 3, 0, 0, 0,
	16, 0, 0, 0, 24, 0, 0, 0, 0,	0x12, 0x40, 0, 16, 0,	 0,  0, 0, 0, 0, 0,
	16, 0, 0, 0, 44, 0, 0, 0, 0,	0x14, 0x40, 0, 16, 0,	 0,  0, 0, 0, 0, 0,
	16, 0, 0, 0, 64, 0, 0, 0, 0x30, 0x14, 0x40, 0, 16, 0,	 0,  0, 0, 0, 0, 0,
	16, 0, 0, 0, 84, 0, 0, 0, 0x08, 0x13, 0x40, 0, 16, 0,	 0,  0, 0, 0, 0, 0};

/*
 * A symbol names what it reaches and no more, and one without size what no other symbol or frame
 * follows; of several at one place the one that reaches
 * furthest does, and the shortest. Where there is none .eh_frame tells a start.
 */
static void test_names(void **state)
{
	static const struct {
		unsigned at;
		const char *name;
		bool named;
	} cases[] = {
		{0, "omega", true},
		{15, "omega", true},
		{16, "foo::baz", true},
		{31, "foo::baz", true},
		{32, "[libx.so]", false},
		{64, "foo::bar", true},
		{72, "nested", true},
		{80, "foo::bar", true},
		{127, "foo::bar", true},
		{128, "[libx.so]", false},
		{160, "big", true},
		{175, "big", true},
		{256, "omega", true},
		{272, "foo::baz", true},
		{527, "nosize", true},
		{528, "[libx.so]", false},
		{680, "[libx.so]", false},
		{704, "label", true},
		{719, "label", true},
		{720, "next_label", true},
		{735, "next_label", true},
		{736, "behind_labels", true},
		{744, "[libx.so]", false},
		{775, "label_before_a_nameless_frame", true},
		{776 + 15, "libx.so+0x401308", false},
		{776 + 16, "[libx.so]", false},
		{1023, "label_before_a_frame", true},
		{1024 + 15, "label_and_frame", true},
		{1072 + 15, "libx.so+0x401430", false},
		{1040, "[libx.so]", false},
		{SECTION_SIZE - 1, "last_label", true},
		{SECTION_SIZE, "[libx.so]", false},
	};
	struct rp_symbolizer *s = new_symbolizer(true);
	struct image img;
	uint32_t object;
	int fd;

	(void)state;
	image__start(&img);
	add_named(&img);
	image__add(&img, ".eh_frame", SHT_PROGBITS, DATA_ADDR, eh_frame, sizeof(eh_frame));
	image__finish(&img);
	fd = memory_file(img.bytes, img.size);
	object = rp_symbolizer__add(s, fd, "libx.so");
	close(fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_name(s, object, TEXT_ADDR + cases[i].at, cases[i].name, cases[i].named);
	rp_symbolizer__free(s);
}

static void test_no_elf(void **state)
{
	struct rp_symbolizer *s = new_symbolizer(true);
	int fd = memory_file("nothing", 7);
	uint32_t object = rp_symbolizer__add(s, fd, "data"), me;
	struct rp_elf *elf = open_path("/proc/self/exe");

	(void)state;
	close(fd);
	assert_name(s, object, TEXT_ADDR, "[data]", false);
	/* Whatever was found in another object before. */
	me = add_path(s, "/proc/self/exe", "me");
	assert_true(rp_symbolizer__find(s, nobody, me, own_function(elf, "outer").offset)->named);
	assert_name(s, object, TEXT_ADDR + 1, "[data]", false);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

static void test_places_are_bounded(void **state)
{
	struct rp_symbolizer_opts opts = {.max_places = 1};
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_symbolizer *s = rp_symbolizer__new(&opts);
	uint32_t object = add_path(s, "/proc/self/exe", "me");
	struct rp_symbol symbol = own_function(elf, "outer");

	(void)state;
	assert_true(rp_symbolizer__find(s, nobody, object, symbol.offset)->named);
	assert_false(rp_symbolizer__find(s, nobody, object, symbol.offset + 1)->named);
	assert_true(rp_symbolizer__find(s, nobody, object, symbol.offset)->named);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

/* ---- the process ----------------------------------------------------------------------------- */

/* More objects than processes that there may be: each gets its turn again. */
static void test_many_objects(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_symbolizer *s = new_symbolizer(false);
	struct rp_symbol symbol = own_function(elf, "outer");
	uint32_t objects[40];

	(void)state;
	for (size_t i = 0; i < 40; i++)
		objects[i] = add_path(s, "/proc/self/exe", "me");
	for (size_t turn = 0; turn < 2; turn++)
		for (size_t i = 0; i < 40; i++)
			assert_true(rp_symbolizer__find(s, nobody, objects[i], symbol.offset + turn)
					    ->named);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

static unsigned looks; /* until it is cancelled; 0: it is not */

static bool is_cancelled(void)
{
	return looks && !--looks;
}

static struct rp_killed killed;

static struct rp_reader *reader_of_self(bool lines)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct rp_reader *reader = rp_reader__start(fd, -1, lines);

	close(fd);
	assert_non_null(reader);
	return reader;
}

/* Whoever ends rptrace does not wait, and the late answer is not taken for that to what follows. */
static void test_waiting_is_given_up(void **state)
{
	struct rp_elf *elf = open_path("/proc/self/exe");
	struct rp_symbol outer_symbol = own_function(elf, "outer"),
			 main_symbol = own_function(elf, "main");
	struct rp_reader *reader = reader_of_self(false);
	struct rp_reader_answer answer;

	(void)state;
	/* It is stopped, and cannot answer. */
	kill(rp_reader__pid(reader), SIGSTOP);
	looks = 2; /* once it has been asked */
	assert_int_equal(rp_reader__ask(reader, outer_symbol.offset, is_cancelled, &answer),
			 -EINTR);
	kill(rp_reader__pid(reader), SIGCONT);
	assert_int_equal(rp_reader__ask(reader, main_symbol.offset, is_cancelled, &answer), 0);
	assert_string_equal(answer.frames[0].function, "main");
	rp_reader__end(reader, &killed);
	rp_elf__free(elf);
}

/* One that sleeps for ever, as over a file that never comes, is not waited for. */
static void test_reader_that_sleeps(void **state)
{
	struct rp_reader *reader = reader_of_self(false);
	struct rp_reader_answer answer;

	(void)state;
	kill(rp_reader__pid(reader), SIGSTOP);
	assert_int_equal(rp_reader__ask(reader, 0, NULL, &answer), -ETIMEDOUT);
	rp_reader__end(reader, &killed);
}

/* Of this process, the one that was started last; 0: there is none. */
static pid_t last_child(void)
{
	FILE *file = fopen("/proc/thread-self/children", "re");
	pid_t child = 0;

	assert_non_null(file);
	while (fscanf(file, "%d", &child) == 1)
		;
	fclose(file);
	return child;
}

/* On another file system. */
static uint32_t add_to_memory(struct rp_symbolizer *s)
{
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = memfd_create("self", 0);
	uint32_t object;

	assert_true(from >= 0 && to >= 0);
	while (sendfile(to, from, NULL, 1 << 20) > 0)
		;
	object = rp_symbolizer__add(s, to, "memory");
	close(from);
	close(to);
	return object;
}

/*
 * What else its owner has on that file system is not asked, and whoever was sampled there has to
 * wait until the time that it has cost is paid for. Others do not.
 */
static void test_what_does_not_answer_costs_once(void **state)
{
	const struct rp_owner hostile = {.process = 1, .user = 1},
			      other = {.process = 2, .user = 2};
	const struct rp_symbolizer_opts opts = {.max_places = PLACES_MAX, .is_shared = true};
	struct rp_symbolizer *s = rp_symbolizer__new(&opts);
	struct rp_elf *elf = open_path("/proc/self/exe");
	uint64_t at = own_function(elf, "outer").offset;
	uint32_t silent = add_path(s, "/proc/self/exe", "silent"),
		 beside = add_path(s, "/proc/self/exe", "beside"), elsewhere = add_to_memory(s);
	pid_t reader;

	(void)state;
	assert_true(rp_symbolizer__find(s, hostile, silent, at)->named);
	reader = last_child();
	kill(reader, SIGSTOP);
	assert_false(rp_symbolizer__find(s, hostile, silent, at + 1)->named);
	assert_false(rp_symbolizer__find(s, other, beside, at)->named);
	assert_false(rp_symbolizer__find(s, hostile, elsewhere, at)->named);
	assert_true(rp_symbolizer__find(s, other, elsewhere, at)->named);
	assert_true(rp_symbolizer__find(s, hostile, elsewhere, at)->named);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

/* What takes most of the memory has its functions alone, and then nothing. */
static void test_memory_is_bounded(void **state)
{
	const struct rp_symbolizer_opts opts = {
		.lines = true, .max_places = PLACES_MAX, .max_memory = 1};
	struct rp_symbolizer *s = rp_symbolizer__new(&opts);
	struct rp_elf *elf = open_path("/proc/self/exe");
	uint64_t at = own_function(elf, "outer").offset;
	uint32_t object = add_path(s, "/proc/self/exe", "self");
	const struct rp_code_places *found = rp_symbolizer__find(s, nobody, object, at);

	(void)state;
	assert_true(found->named);
	assert_true(found->places[found->n - 1].line > 0);
	found = rp_symbolizer__find(s, nobody, object, at + 1);
	assert_true(found->named);
	assert_int_equal(found->places[0].line, 0);
	assert_false(rp_symbolizer__find(s, nobody, object, at + 2)->named);
	rp_symbolizer__free(s);
	rp_elf__free(elf);
}

static void test_reader_that_ends(void **state)
{
	struct rp_reader *reader = reader_of_self(true);
	struct rp_reader_answer answer;

	(void)state;
	assert_int_equal(rp_reader__ask(reader, 0, NULL, &answer), 0);
	assert_int_equal(answer.n, 0);
	kill(rp_reader__pid(reader), SIGKILL);
	assert_int_not_equal(rp_reader__ask(reader, 0, NULL, &answer), 0);
	rp_reader__end(reader, &killed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_inlined),
		cmocka_unit_test(test_without_lines),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_no_elf),
		cmocka_unit_test(test_places_are_bounded),
		cmocka_unit_test(test_many_objects),
		cmocka_unit_test(test_what_does_not_answer_costs_once),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_reader_that_ends),
		cmocka_unit_test(test_reader_that_sleeps),
		cmocka_unit_test(test_waiting_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
