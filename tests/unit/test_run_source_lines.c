// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Where the sites of a region are in the source, by a reader of its own. */
#include "targets_fixture.h"

#include <pthread.h>

#include "elf_image.h"
#include "run/source_lines.h"

#if defined(__x86_64__)
#define CODE "\x55\x5d\xc3" /* push, pop, ret */
#else
#define CODE "\x1f\x20\x03\xd5\xc0\x03\x5f\xd6" /* nop, ret */
#endif

#define IMAGES 70 /* more than there is room for sites */

static struct rp_source_lines *lines;
static unsigned forks;

static void count_fork(void)
{
	forks++;
}

/* A reader waits for the other end to be closed, and has no answer then. */
static int held[2] = {-1, -1};

static void hold_reader(void)
{
	char byte;

	if (held[1] < 0)
		return;
	close(held[1]);
	_exit(read(held[0], &byte, 1) == 0 ? 0 : 1);
}

static int begin(void **state)
{
	lines = NULL;
	forks = 0;
	return set_up(state);
}

static int end(void **state)
{
	rp_source_lines__free(lines);
	return tear_down(state);
}

#define LINES_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* After all is mapped. */
static void start_lines(void)
{
	start();
	add(PID);
	lines = rp_source_lines__new(f.plan, f.targets, NULL);
	assert_non_null(lines);
}

/* What is known in the end. */
static const struct rp_source *source_of(const char *name)
{
	const struct rp_source *s;

	do {
		s = rp_source_lines__of(lines, region(name));
		assert_non_null(s);
	} while (s->n && s->site[0].state == RP_SOURCE_PENDING);
	return s;
}

static const char *path_of(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", f.root, name);
	return path;
}

/* A file that has the function, and no line of it. */
static void image_with_symbol(struct image *img)
{
	static const char strings[] = "\0probed_one";
	const Elf64_Sym symbols[] = {{0},
				     {.st_name = 1,
				      .st_info = FUNC,
				      .st_shndx = 1,
				      .st_value = TEXT_ADDR,
				      .st_size = sizeof(CODE) - 1}};

	image__start(img);
	memcpy(img->bytes + TEXT_OFFSET, CODE, sizeof(CODE) - 1);
	image__add_symbols(img, SHT_SYMTAB, symbols, 2, strings, sizeof(strings));
	image__finish(img);
}

static void assert_in_the_header(const struct rp_source_site *site)
{
	const char *name = strrchr(site->file, '/');

	assert_int_equal(site->state, RP_SOURCE_LINE);
	assert_string_equal(name ? name + 1 : site->file, "probed_functions.h");
	assert_in_range(site->line, 9, 15);
}

static void each_site_has_its_own_line(void **state)
{
	static struct image img;
	const struct rp_source *s;
	size_t with = 0, without = 0;

	(void)state;
	image_with_symbol(&img);
	write_file(f.root, "bare", img.bytes, img.size);
	put_process(PID, 1);
	map(PID, "prog");
	map(PID, "bare");
	start_lines();
	s = source_of("probed_one");
	for (size_t i = 0; i < s->n; i++) {
		const struct rp_source_site *site = &s->site[i];

		if (!strcmp(site->object, path_of("bare"))) {
			assert_int_equal(site->state, RP_SOURCE_NO_DEBUG);
			without++;
		} else {
			assert_string_equal(site->object, path_of("prog"));
			assert_in_the_header(site);
			with++;
		}
	}
	assert_true(with && without);
	assert_string_equal(s->site[0].role, "entry");
	assert_int_equal(s->more, 0);
}

#if defined(__x86_64__)
#define STEPPED "\x48\x8d\x47\x01\xc3" /* lea, ret */
#else
#define STEPPED "\x00\x04\x00\x91\xc0\x03\x5f\xd6" /* add, ret */
#endif

/* Where they are, what they do and what they cost. */
static void sites_are_as_planned(void **state)
{
	static struct image emulated, stepped;
	const struct rp_source *s;
	const struct rp_site *sites;
	size_t n_sites, n = 0, slow = 0;

	(void)state;
	image_with_symbol(&emulated);
	image_with_symbol(&stepped);
	memcpy(stepped.bytes + TEXT_OFFSET, STEPPED, sizeof(STEPPED) - 1);
	write_file(f.root, "emulated", emulated.bytes, emulated.size);
	write_file(f.root, "stepped", stepped.bytes, stepped.size);
	put_process(PID, 1);
	map(PID, "emulated");
	map(PID, "stepped");
	map(PID, "prog");
	start_lines();
	s = source_of("probed_one");
	sites = rp_plan__sites(f.plan, &n_sites);
	for (size_t i = 0; i < n_sites; i++) {
		if (sites[i].region != region("probed_one"))
			continue;
		assert_true(n < s->n);
		assert_int_equal(s->site[n].offset, sites[i].offset);
		assert_int_equal(s->site[n].slow, sites[i].slow);
		assert_string_equal(s->site[n].role,
				    sites[i].role == RP_ROLE_RET_SITE ? "exit" : "entry");
		slow += sites[i].slow;
		n++;
	}
	assert_int_equal(n, s->n);
	assert_true(slow > 0 && slow < n);
}

/* Objects have their numbers anew, which are the same again. */
static void renumber(void)
{
	size_t n = rp_targets__n_objects(f.targets), n_sites;
	uint32_t *number = calloc(n, sizeof(*number));
	size_t *moved;

	rp_plan__sites(f.plan, &n_sites);
	moved = calloc(n_sites, sizeof(*moved));
	assert_int_equal(rp_plan__forget(f.plan, number, n, moved), 0);
	free(number);
	free(moved);
}

/* A reader is asked once, for as long as the sites are where they were. */
static void an_answer_is_kept(void **state)
{
	(void)state;
	start_beside_another();
	lines = rp_source_lines__new(f.plan, f.targets, NULL);
	for (unsigned asked = 1; asked < 4; asked++) {
		for (int i = 0; i < 3; i++)
			assert_in_the_header(&source_of("probed_one")->site[0]);
		assert_int_equal(forks, asked);
		renumber();
	}
}

/* What is asked stays as it is until there is an answer, though there are more sites by then. */
static void a_question_is_not_changed(void **state)
{
	static struct image img;
	const struct rp_source *s;
	unsigned asked;

	(void)state;
	image_with_symbol(&img);
	write_file(f.root, "bare", img.bytes, img.size);
	put_process(PID, 1);
	map(PID, "prog");
	start_lines();
	assert_int_equal(pipe(held), 0);
	s = rp_source_lines__of(lines, region("probed_one"));
	asked = (unsigned)s->n;
	assert_int_equal(s->site[0].state, RP_SOURCE_PENDING);
	map(PID, "bare");
	send(RP_EVENT_MAP, PID, 0);
	look();
	s = rp_source_lines__of(lines, region("probed_one"));
	assert_int_equal(s->n, asked);
	close(held[0]);
	close(held[1]);
	held[0] = held[1] = -1;
	assert_true(source_of("probed_one")->n > asked);
}

static void what_has_no_room_is_counted(void **state)
{
	static struct image img;
	const struct rp_source *s;
	char name[16];

	(void)state;
	image_with_symbol(&img);
	put_process(PID, 1);
	for (int i = 0; i < IMAGES; i++) {
		snprintf(name, sizeof(name), "bare%d", i);
		write_file(f.root, name, img.bytes, img.size);
		map(PID, name);
	}
	start_lines();
	s = source_of("probed_one");
	assert_int_equal(s->n, RP_SOURCE_SITES);
	assert_true(s->more >= IMAGES - RP_SOURCE_SITES);
	assert_int_equal(s->site[0].state, RP_SOURCE_NO_DEBUG);
	/* So many files are read. */
	assert_int_equal(s->site[s->n - 1].state, RP_SOURCE_FAILED);
}

/* It is open for as long as it is read: see descriptors.c. */
static void a_debug_file_may_have_names_alone(void **state)
{
	static struct image debug, program;

	(void)state;
	image_with_symbol(&debug);
	linked_image(&program, "program.debug", crc32_of(debug.bytes, debug.size));
	memcpy(program.bytes + TEXT_OFFSET, CODE, sizeof(CODE) - 1);
	write_file(f.root, "program.debug", debug.bytes, debug.size);
	write_file(f.root, "program", program.bytes, program.size);
	put_process(PID, 1);
	map(PID, "program");
	start_lines();
	assert_int_equal(source_of("probed_one")->site[0].state, RP_SOURCE_NO_DEBUG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINES_TEST(each_site_has_its_own_line),
		LINES_TEST(sites_are_as_planned),
		LINES_TEST(an_answer_is_kept),
		LINES_TEST(a_question_is_not_changed),
		LINES_TEST(what_has_no_room_is_counted),
		LINES_TEST(a_debug_file_may_have_names_alone),
	};

	pthread_atfork(NULL, count_fork, hold_reader);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
