// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * What samples need of files, read by the helper: the same as is read here, and nothing that cannot
 * be. And the reader of symbols, which opens no file itself.
 */
#include <sys/sendfile.h>

#include "discover/proc.h"
#include "elf_image.h"
#include "helper/internal.h"
#include "symbolize/reader.h"
#include "util/array.h"
#include "util/cpu_time.h"

#define THIS "/proc/self/exe"

static int open_this(void)
{
	int fd = open(THIS, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* ---- unwind tables --------------------------------------------------------------------------- */

static void test_unwinding(void **state)
{
	struct rp_helper *h = rp_helper__new(NULL);
	struct rp_unwind_object near, far;
	int fd = open_this();

	(void)state;
	if (rp_helper__unwinding(NULL, fd, &near))
		skip(); /* not of this machine */
	assert_int_equal(rp_helper__unwinding(h, fd, &far), 0);
	assert_true(near.table.n > 0);
	assert_int_equal(far.table.n, near.table.n);
	assert_int_equal(far.table.base, near.table.base);
	assert_memory_equal(far.table.rows, near.table.rows,
			    near.table.n * sizeof(*near.table.rows));
	assert_int_equal(far.n_segments, near.n_segments);
	assert_memory_equal(far.segments, near.segments, sizeof(near.segments));
	rp_unwind_object__free(&near);
	rp_unwind_object__free(&far);
	close(fd);
	fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	assert_true(rp_helper__unwinding(h, fd, &far) < 0);
	assert_null(rp_helper__why(h));
	close(fd);
	rp_helper__free(h);
}

#define ROWS 4

/* An object that is right, packed; `change` makes it wrong. */
static int unpack_rows(void (*change)(struct rp_unwind_object *object), size_t cut)
{
	struct rp_unwind_row rows[ROWS] = {{.pc = 0, .cfa = RP_UNWIND_CFA_SP},
					   {.pc = 8, .cfa = RP_UNWIND_CFA_FP},
					   {.pc = 16, .cfa = RP_UNWIND_CFA_SP},
					   {.pc = 24, .cfa = RP_UNWIND_GAP}};
	struct rp_unwind_object object = {.table = {.rows = rows, .n = ROWS},
					  .n_segments = 1,
					  .python = {0x1000, 0x030c0000, true}},
				out;
	size_t size;
	char *bytes;
	int rc;

	if (change)
		change(&object);
	assert_int_equal(rp_unwind_object__pack(&object, &bytes, &size), 0);
	rc = rp_unwind_object__unpack(bytes, size - cut, &out);
	if (!rc) {
		assert_int_equal(out.python.runtime, object.python.runtime);
		assert_int_equal(out.python.version, object.python.version);
		assert_true(out.python.free_threaded);
	}
	rp_unwind_object__free(&out);
	free(bytes);
	return rc;
}

static void make_unsorted(struct rp_unwind_object *object)
{
	object->table.rows[2].pc = 8;
}

static void make_unknown(struct rp_unwind_object *object)
{
	object->table.rows[1].cfa = RP_UNWIND_CFA_COUNT;
}

static void make_endless(struct rp_unwind_object *object)
{
	object->table.rows[ROWS - 1].cfa = RP_UNWIND_CFA_SP;
}

static void make_empty(struct rp_unwind_object *object)
{
	object->table.n = 0;
}

static void make_many_segments(struct rp_unwind_object *object)
{
	object->n_segments = RP_UNWIND_SEGMENTS_MAX + 1;
}

static void test_wrong_unwinding(void **state)
{
	static void (*const changes[])(struct rp_unwind_object *) = {
		make_unsorted, make_unknown, make_endless, make_empty, make_many_segments};

	(void)state;
	assert_int_equal(unpack_rows(NULL, 0), 0);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		assert_int_equal(unpack_rows(changes[i], 0), -EBADMSG);
	for (size_t cut = 1; cut < ROWS * sizeof(struct rp_unwind_row) + 100; cut += 7)
		assert_int_equal(unpack_rows(NULL, cut), -EBADMSG);
}

/* ---- perf maps ------------------------------------------------------------------------------- */

static void test_perf_map(void **state)
{
	static const char text[] = "1000 100 f\n2000 10 g h\n";
	struct rp_helper *h = rp_helper__new(NULL);
	struct rp_perf_map_version none = {0}, known;
	struct rp_perf_map *map, *again;
	char name[64], path[80];

	(void)state;
	snprintf(name, sizeof(name), "perf-%d.map", (int)getpid());
	snprintf(path, sizeof(path), "/tmp/%s", name);
	unlink(path);
	assert_int_equal(rp_helper__perf_map(h, "/proc", getpid(), &none, &map), -ENOENT);
	write_file("/tmp", name, text, sizeof(text) - 1);
	assert_int_equal(rp_helper__perf_map(h, "/proc", getpid(), &none, &map), 0);
	known = rp_perf_map__version(map);
	assert_int_equal(rp_helper__perf_map(h, "/proc", getpid(), &known, &again), -EALREADY);
	assert_null(rp_helper__why(h));
	unlink(path);
	assert_int_equal(rp_perf_map__functions(map), 2);
	assert_string_equal(rp_perf_map__find(map, 0x10ff), "f");
	assert_string_equal(rp_perf_map__find(map, 0x2000), "g h");
	assert_null(rp_perf_map__find(map, 0x1100));
	rp_perf_map__free(map);
	rp_helper__free(h);
}

/* Of a copy, which it takes. */
#define LINES 300000

/* It takes several looks at the clock of the helper: each ns of that is on the account once. */
static void test_what_it_took(void **state)
{
	struct rp_helper *h = rp_helper__new(NULL);
	struct rp_perf_map_version none = {0};
	struct rp_perf_map *map;
	char name[64], path[80], *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (unsigned i = LINES; i; i--)
		fprintf(out, "%x 10 f%u\n", i << 4, i);
	assert_int_equal(fclose(out), 0);
	snprintf(name, sizeof(name), "perf-%d.map", (int)getpid());
	snprintf(path, sizeof(path), "/tmp/%s", name);
	write_file("/tmp", name, text, size);
	assert_int_equal(rp_helper__perf_map(h, "/proc", getpid(), &none, &map), 0);
	assert_int_equal(rp_perf_map__functions(map), LINES);
	assert_in_range(rp_helper__spent(h), 1, rp_cpu_time__process(rp_helper__pid(h)));
	unlink(path);
	rp_perf_map__free(map);
	rp_helper__free(h);
	free(text);
}

static int unpack(const char *bytes, size_t size, struct rp_perf_map **map)
{
	char *copy = malloc(size + 1);

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	copy[size] = '\0';
	return rp_perf_map__unpack(copy, size, map);
}

/* Any byte of it may be wrong: it is refused, or every name that it has ends in it. */
static void test_wrong_perf_map(void **state)
{
	static const char text[] = "1000 100 f\n2000 10 g\n3000 1 h\n";
	struct rp_perf_map *map;
	size_t size;
	char *bytes;

	(void)state;
	assert_int_equal(rp_perf_map__parse(text, sizeof(text) - 1, &map), 0);
	assert_int_equal(rp_perf_map__pack(map, &bytes, &size), 0);
	rp_perf_map__free(map);
	for (size_t cut = 1; cut <= size; cut++)
		assert_int_equal(unpack(bytes, size - cut, &map), -EBADMSG);
	for (size_t at = 0; at < size; at++) {
		char was = bytes[at];
		const char *name;

		bytes[at] = (char)0xff;
		if (!unpack(bytes, size, &map)) {
			name = rp_perf_map__find(map, 0x1000);
			assert_true(!name || strlen(name) < size);
			rp_perf_map__free(map);
		}
		bytes[at] = was;
	}
	assert_int_equal(unpack(bytes, size, &map), 0);
	rp_perf_map__free(map);
	free(bytes);
}

/* ---- debug files ----------------------------------------------------------------------------- */

static uint32_t ask(int fd, int debug, struct rp_reader_answer *answer)
{
	struct rp_reader *reader = rp_reader__start(fd, debug, true);

	assert_non_null(reader);
	assert_int_equal(rp_reader__ask(reader, TEXT_OFFSET, NULL, answer), 0);
	rp_reader__end(reader, &(struct rp_killed){0});
	return answer->n;
}

static void test_debug_file(void **state)
{
	char folder[] = "/tmp/rptrace-test-XXXXXX", command[64], path[64];
	struct rp_helper *h = rp_helper__new(NULL);
	struct image debug, program;
	struct rp_reader_answer answer;
	struct rp_elf *elf;
	int fd, file;

	(void)state;
	full_image(&debug);
	linked_image(&program, "program.debug", crc32_of(debug.bytes, debug.size));
	assert_non_null(mkdtemp(folder));
	write_file(folder, "program.debug", debug.bytes, debug.size);
	write_file(folder, "program", program.bytes, program.size);
	snprintf(path, sizeof(path), "%s/program", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	file = rp_helper__debug_file(h, fd, "");
	assert_true(file >= 0);
	assert_int_equal(ask(fd, file, &answer), 1);
	assert_string_equal(answer.frames[0].function, "alpha");
	close(file);
	/* The reader itself opens none, though it is there; nor does who could. */
	assert_int_equal(ask(fd, -1, &answer), 0);
	assert_int_equal(rp_elf__open(fd, path, &elf, NULL), 0);
	rp_elf__use_debug_fd(elf, -1);
	assert_int_equal(rp_elf__debug_fd(elf), -1);
	rp_elf__free(elf);
	file = rp_helper__debug_file(NULL, fd, path);
	assert_true(file >= 0);
	close(file);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(rp_helper__debug_file(h, fd, ""), -ENOENT);
	close(fd);
	/* This program has all itself. */
	fd = open_this();
	assert_int_equal(rp_helper__debug_file(h, fd, ""), -ENOENT);
	close(fd);
	rp_helper__free(h);
}

/* ---- objects ----------------------------------------------------------------------------------
 */

/* Where maps and stat() tell other devices, as of some file systems, it is what is mapped there. */
static void test_devices_may_be_told_otherwise(void **state)
{
	struct rp_helper *h = rp_helper__new(NULL);
	int file = memfd_create("mapped", MFD_CLOEXEC), fd = -1;
	struct rp_mapped_list list;
	struct stat st, got = {0};
	void *at;

	(void)state;
	assert_int_equal(ftruncate(file, 4096), 0);
	assert_int_equal(fstat(file, &st), 0);
	at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	assert_ptr_not_equal(at, MAP_FAILED);
	assert_int_equal(rp_proc__mapped("/proc", getpid(), &list), 0);
	for (size_t i = 0; i < list.n; i++) {
		if (list.items[i].dev != st.st_dev || list.items[i].ino != st.st_ino)
			continue;
		list.items[i].dev++;
		fd = rp_helper__open_mapped(h, "/proc", getpid(), &list.items[i]);
	}
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(got.st_ino, st.st_ino);
	assert_int_equal(got.st_dev, st.st_dev);
	assert_null(rp_helper__why(h));
	rp_proc__mapped_free(&list);
	munmap(at, 4096);
	close(file);
	close(fd);
	rp_helper__free(h);
}

/* The code of an object is its own, though another one was read at the same place before. */
static void test_code_of_each(void **state)
{
	int fds[2] = {open(THIS, O_RDONLY | O_CLOEXEC), memfd_create("copy", MFD_CLOEXEC)};
	const off_t changed = 5000;
	struct rp_helper *h = rp_helper__new(NULL);
	struct rp_elf *elf;
	struct rp_err err;
	char code[2];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fds[0], &st), 0);
	assert_int_equal(sendfile(fds[1], fds[0], &(off_t){0}, (size_t)st.st_size), st.st_size);
	assert_int_equal(pread(fds[0], &code[0], 1, changed), 1);
	code[1] = (char)~code[0];
	assert_int_equal(pwrite(fds[1], &code[1], 1, changed), 1);
	for (size_t i = 0; i < 2; i++) {
		char got;

		assert_int_equal(rp_helper__object(h, fds[i], "this", RP_ELF_FUNCTIONS, &elf, &err),
				 0);
		assert_int_equal(rp_elf__read(elf, (uint64_t)changed, &got, 1), 1);
		assert_int_equal(got, code[i]);
		rp_elf__free(elf);
		close(fds[i]);
	}
	rp_helper__free(h);
}

/* Links to debug files of an owner are left where one led to what is silent: not the object's own
 * file system, of which nobody is to blame. */
static void test_owner_of_what_is_elsewhere(void **state)
{
	static struct rp_helper h;
	const struct stat st = {.st_uid = 1000, .st_dev = 7};

	(void)state;
	h.sleep = RP_HELPER_SLEEP_FILE;
	for (dev_t device = 7; device < 9; device++) {
		h.why = RP_HELPER_WHY_IDLE;
		h.sleep_device = device;
		rp_helper__note_object(&h, &st);
		assert_true(rp_helper__is_silent_device(&h, device));
		assert_true(rp_helper__is_silent_owner(&h, 1000) == (device != st.st_dev));
	}
	assert_false(rp_helper__is_silent_owner(&h, 1001));
	free(h.silent_devices);
	free(h.silent_owners);
}

/* Past so many silent ones no process of that user is asked, and it is told why. */
static void test_processes_of_a_silent_user(void **state)
{
	static struct rp_helper h;

	(void)state;
	for (pid_t pid = 1; pid <= RP_HELPER_SILENT_MAX; pid++) {
		h.why = NULL;
		assert_false(rp_helper__is_silent_process(&h, getpid()));
		assert_null(h.why);
		assert_int_equal(rp_array__fit(&h.silent_processes, h.n_silent_processes + 1,
					       sizeof(*h.silent_processes)),
				 0);
		h.silent_processes[h.n_silent_processes++] = (struct rp_helper_silent){
			.pid = -pid, .user = rp_proc__user("/proc", getpid())};
	}
	assert_true(rp_helper__is_silent_process(&h, getpid()));
	assert_string_equal(h.why, RP_HELPER_WHY_IDLE);
	free(h.silent_processes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unwinding),
		cmocka_unit_test(test_wrong_unwinding),
		cmocka_unit_test(test_perf_map),
		cmocka_unit_test(test_wrong_perf_map),
		cmocka_unit_test(test_what_it_took),
		cmocka_unit_test(test_debug_file),
		cmocka_unit_test(test_devices_may_be_told_otherwise),
		cmocka_unit_test(test_code_of_each),
		cmocka_unit_test(test_owner_of_what_is_elsewhere),
		cmocka_unit_test(test_processes_of_a_silent_user),
	};

	return cmocka_run_group_tests_name("helper_samples", tests, NULL, NULL);
}
