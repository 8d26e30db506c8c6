/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * A process whose files were made to hold rptrace up, or to exhaust it, is traced together with
 * another one: the counts of that one are exact, rptrace ends by SIGINT at any time, and it stays
 * small. Whatever it takes, nothing here is about how long: a test that waits for ever fails.
 */
#include <libgen.h>
#include <signal.h>
#include <sys/stat.h>

#include "../unit/elf_image.h"

#include "live.h"

#define CALLS 600
#define BYTES_MAX                                                                                  \
	(256ull << 20) /* of rptrace's own memory, beside what it shares with the kernel */

/* ---- files ----------------------------------------------------------------------------------- */

static const char *put(const char *name, const void *bytes, size_t size)
{
	const char *path = live_path(name);

	write_file(dirname(strdupa(path)), name, bytes, size);
	return path;
}

static const char *put_sound(void)
{
	struct image img;

	full_image(&img);
	return put("sound", img.bytes, img.size);
}

/* All sections that there can be, none of which was written. */
static const char *put_sections(void)
{
	const Elf64_Shdr first = {.sh_size = 1000000};
	struct image img;
	const char *path;

	full_image(&img);
	image__header(&img)->e_shnum = 0;
	image__header(&img)->e_shstrndx = 1;
	memcpy(image__section(&img, 0), &first, sizeof(first));
	path = put("sections", img.bytes, img.size);
	assert_int_equal(truncate(path, (off_t)(img.size + first.sh_size * sizeof(first))), 0);
	return path;
}

/* A terabyte, of which 16 MB of notes and a table of symbols lie somewhere in the midst. */
static const char *put_sparse(void)
{
	struct image img;
	const char *path;

	full_image(&img);
	for (unsigned i = 1; i < image__header(&img)->e_shnum; i++) {
		Elf64_Shdr *section = image__section(&img, i);

		if (section->sh_type == SHT_SYMTAB || section->sh_type == SHT_NOTE) {
			section->sh_offset = 1ull << 39;
			section->sh_size = section->sh_type == SHT_NOTE ? 16 << 20 : 400 << 20;
		}
	}
	path = put("sparse", img.bytes, img.size);
	assert_int_equal(truncate(path, 1ll << 40), 0);
	return path;
}

/* A function and a probe whose names take a megabyte each. */
static const char *put_names(void)
{
	static char bytes[4 << 20];
	const Elf64_Sym symbol = {
		.st_name = 1, .st_info = FUNC, .st_shndx = 1, .st_value = TEXT_ADDR, .st_size = 32};
	struct image img;
	size_t at;

	image__start(&img);
	image__add_symbols(&img, SHT_SYMTAB, &symbol, 1, "", 1);
	image__add(&img, ".note.stapsdt", SHT_NOTE, 0, "", 1);
	image__finish(&img);
	memcpy(bytes, img.bytes, img.size);
	at = (img.size + 7) & ~(size_t)7;
	for (unsigned i = 1; i < img.n_sections; i++) {
		Elf64_Shdr *section = (Elf64_Shdr *)(bytes + image__header(&img)->e_shoff) + i;

		if (section->sh_type != SHT_NOTE &&
		    (section->sh_type != SHT_STRTAB || i == image__header(&img)->e_shstrndx))
			continue;
		memset(bytes + at, 'x', 1 << 20);
		if (section->sh_type == SHT_NOTE) {
			const Elf64_Nhdr note = {
				.n_namesz = 8, .n_descsz = (1 << 20) - 20, .n_type = 3};

			memcpy(bytes + at, &note, sizeof(note));
			memcpy(bytes + at + sizeof(note), "stapsdt", 8);
		}
		section->sh_offset = at;
		section->sh_size = 1 << 20;
		at += 1 << 20;
		bytes[at++] = '\0';
		at = (at + 7) & ~(size_t)7;
	}
	return put("names", bytes, at);
}

/*
 * Names that stand for more than there is memory for: each argument is twice the one before it, or
 * nothing but arguments of itself; and some that are nested too deep.
 */
static const char *put_mangled(void)
{
	enum { NAMES = 8, LENGTH = 1000 };
	char names[1 + sizeof("alpha") + NAMES * LENGTH] = "\0alpha", *at = names + 1 + 6;
	Elf64_Sym symbols[1 + NAMES] = {{.st_name = 1,
					 .st_info = FUNC,
					 .st_shndx = 1,
					 .st_value = TEXT_ADDR,
					 .st_size = 8}};
	struct image img;

	for (unsigned i = 1; i <= NAMES; i++) {
		symbols[i] = symbols[0];
		symbols[i].st_value += 16 * i;
		symbols[i].st_name = at - names;
		at = stpcpy(at, i % 4 == 0   ? "_Z1fI"
				: i % 4 == 1 ? "_Z1f1AIiiE"
				: i % 4 == 2 ? "_RNvC"
					     : "_Z1f");
		for (unsigned k = 0; at < names + 7 + (i - 1) * LENGTH + LENGTH - 40; k++) {
			const char digit = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[k % 36];

			if (i % 4 == 0)
				at += sprintf(at, "JDpT%c_DpT%c_E", digit, digit);
			else if (i % 4 == 1)
				at += sprintf(at, "S_IS%c_S%c_E", digit, digit);
			else
				at = stpcpy(at, i % 4 == 2 ? "C1a" : "PF");
		}
		at = stpcpy(at, "EvT_") + 1;
	}
	image__start(&img);
	image__add_symbols(&img, SHT_SYMTAB, symbols, 1 + NAMES, names, at - names);
	image__finish(&img);
	return put("mangled", img.bytes, img.size);
}

/* Debug information in which each entry is the child of the one before it. */
static const char *put_nested_entries(void)
{
	enum { ENTRIES = 16 << 20 };
	static const unsigned char abbreviations[] = {1, 0x13, 1, 0, 0, 0};
	static char bytes[sizeof(struct image) + ENTRIES];
	const struct __attribute__((packed)) {
		uint32_t length;
		uint16_t version;
		uint32_t abbreviations;
		uint8_t address;
	} unit = {sizeof(unit) - 4 + ENTRIES, 4, 0, 8};
	struct image img;
	unsigned info;
	size_t at;

	full_image(&img);
	/* Once more, with two more sections. */
	img.names_size -= sizeof(".shstrtab");
	img.n_sections--;
	image__add(&img, ".debug_abbrev", SHT_PROGBITS, 0, abbreviations, sizeof(abbreviations));
	info = image__add(&img, ".debug_info", SHT_PROGBITS, 0, &unit, sizeof(unit));
	image__finish(&img);
	memcpy(bytes, img.bytes, img.size);
	at = (img.size + 7) & ~(size_t)7;
	memcpy(bytes + at, &unit, sizeof(unit));
	memset(bytes + at + sizeof(unit), 1, ENTRIES);
	((Elf64_Shdr *)(bytes + image__header(&img)->e_shoff))[info].sh_offset = at;
	((Elf64_Shdr *)(bytes + image__header(&img)->e_shoff))[info].sh_size = sizeof(unit) +
									       ENTRIES;
	return put("nested", bytes, at + sizeof(unit) + ENTRIES);
}

/* Its debug link leads to a pipe that nobody writes to, or to memory that has no end. */
static const char *put_link(bool to_memory)
{
	const char *debug = live_path("linked.debug");
	struct image img;

	unlink(debug); /* of the test before */
	linked_image(&img, "linked.debug", 0x12345678);
	assert_int_equal(to_memory ? symlink("/proc/self/pagemap", debug) : mkfifo(debug, 0600), 0);
	return put("linked", img.bytes, img.size);
}

static const char *put_fifo_link(void)
{
	return put_link(false);
}

static const char *put_memory_link(void)
{
	return put_link(true);
}

/* ---- processes ------------------------------------------------------------------------------- */

struct hostile {
	const char *name, *how; /* it maps its file */
	const char *(*put)(void);
};

static const struct hostile all[] = {
	{"sound file", "", put_sound},
	{"1,000,000 sections", "", put_sections},
	{"sparse file", "", put_sparse},
	{"names of 1 MB", "", put_names},
	{"names that grow", "", put_mangled},
	{"nested debug information", "", put_nested_entries},
	{"link to a pipe", "", put_fifo_link},
	{"link to memory", "", put_memory_link},
	{"lease", "--lease", put_sound},
	{"growing file", "--grow", put_sound},
	{"10,000 mappings", "--times 10000", put_sound},
};

static struct live_proc *start(const struct hostile *h)
{
	return live_target("maps %s %s", h->how, h->put());
}

/* Bytes of a process's own. */
static uint64_t own_memory(pid_t pid)
{
	char path[64], *text, *at;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	text = live_slurp(path);
	at = strstr(text, "RssAnon:");
	assert_non_null(at);
	return strtoull(at + strlen("RssAnon:"), NULL, 10) << 10;
}

static void assert_others_are_exact(struct live_proc *hostile, const char *options)
{
	const char *path = live_path("others.json");
	struct live_proc *other = live_target("functions counts 1 %d", CALLS), *rptrace;
	json_t *json;

	rptrace = live_rptrace_ready("-p %d,%d -f leaf -f alpha -u *:* %s --format json -o %s",
				     (int)hostile->pid, (int)other->pid, options, path);
	live_finish(other);
	assert_true(own_memory(rptrace->pid) < BYTES_MAX);
	kill(rptrace->pid, SIGINT);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "leaf", "count"), CALLS);
	live_assert_nothing_lost_but(json, "files");
}

/* With samples of the whole of it, for which more of its files is read. */
static void others_are_exact(void **state)
{
	struct live_proc *hostile = start(*state);

	assert_others_are_exact(hostile, "--sample");
	live_finish(hostile);
}

static void list_ends(void **state)
{
	struct live_proc *hostile = start(*state);
	int status = live_wait(live_rptrace("list -p %d -f alpha -u *:*", (int)hostile->pid));

	assert_true(status == 0 || status == 3);
	live_finish(hostile);
}

/* As soon as it is there: wherever it is then. */
static void a_signal_is_heard_at_the_start(void **state)
{
	struct live_proc *hostile = start(*state), *rptrace;
	char path[64], name[32] = "";

	rptrace = live_rptrace("-p %d -f alpha -u *:*", (int)hostile->pid);
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)rptrace->pid);
	for (uint64_t until = live_deadline(); strcmp(name, "rptrace\n") != 0; live_tick(until))
		snprintf(name, sizeof(name), "%s", live_slurp(path));
	kill(rptrace->pid, SIGINT);
	live_wait(rptrace);
	live_finish(hostile);
}

/* ---- a full disk ----------------------------------------------------------------------------- */

static const char *const written[] = {"--format json -o", "--record", "--stream"};

#define FILL "cat /dev/zero >/mnt/zeros 2>&- || true\n"

/* Nothing is started for a file that could not be written. */
static void disk_is_full(void **state)
{
	const char *option = *(const char *const *)*state;
	const char *script = live_script("full", "mount -t tmpfs -o size=64k none /mnt\n" FILL
						 "exec \"$@\"");
	struct live_proc *rptrace = live_start(
		"/usr/bin/unshare -m %s %s -f leaf %s /mnt/out -- %s", script, live_program(),
		option, live_target_path("functions counts 1 20000"));

	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "/mnt/out"));
	assert_non_null(strstr(rptrace->err, "0 KiB are free there"));
	assert_null(strstr(rptrace->out, "ready"));
}

/* It says what is wrong; what it has started runs to its end. */
static void disk_fills_up(void **state)
{
	const char *option = *(const char *const *)*state;
	const char *script = live_script("small", "mount -t tmpfs -o size=128k none /mnt\n"
						  "exec \"$@\"");
	const char *command = live_script("fills", FILL "exec \"$@\"");
	struct live_proc *rptrace = live_start(
		"/usr/bin/unshare -m %s %s -f %s:leaf %s /mnt/out -- %s %s", script, live_program(),
		live_target_path("functions"), option, command,
		live_target_path("functions counts 1 20000"));

	live_release(rptrace);
	assert_int_equal(live_wait(rptrace), 1);
	assert_non_null(strstr(rptrace->err, "No space left"));
	assert_int_equal(live_expected(rptrace->out, "leaf"), 20000);
}

/* ---- many ------------------------------------------------------------------------------------ */

#define FILES 5000

/* One file is on the line, and names the others. */
static void many_files(void **state)
{
	struct live_proc *hostile;
	const char *folder = live_path("many");
	struct image img;
	char name[16];

	(void)state;
	full_image(&img);
	assert_int_equal(mkdir(folder, 0755), 0);
	for (unsigned i = 0; i < FILES; i++) {
		snprintf(name, sizeof(name), "%u", i);
		write_file(folder, name, img.bytes, img.size);
	}
	hostile = live_target("%s",
			      live_script("map_all", "exec $RPT_TARGETS/maps ${0%/*}/many/*"));
	assert_others_are_exact(hostile, "");
	assert_others_are_exact(hostile, "--sample");
	live_finish(hostile);
}

/* So many labels that nobody can keep them; the other one has few. */
static void many_labels(void **state)
{
	const char *path = live_path("labels.json");
	struct live_proc *hostile = live_target("takes values 1000 1000000 1");
	struct live_proc *other = live_target("takes values 0 20 50"), *rptrace;
	char label[16];
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d,%d -f by_value --label arg0 --format json -o %s",
				     (int)hostile->pid, (int)other->pid, path);
	live_release(hostile);
	live_release(other);
	live_expect_line(other, "done", 1);
	live_expect_line(hostile, "done", 1);
	live_finish(other);
	live_finish(hostile);
	assert_true(own_memory(rptrace->pid) < BYTES_MAX);
	json = live_figures(rptrace, path);
	for (unsigned i = 0; i < 20; i++) {
		snprintf(label, sizeof(label), "%u", i);
		assert_int_equal(live_sum_of(json, "by_value", label, "count"), 50);
	}
	assert_int_equal(live_sum(json, "by_value", "count"), 1000000 + 20 * 50);
	live_assert_nothing_lost(json);
}

/* Labels in memory that keeps waiting whoever faults on it: nobody does. */
static void texts_that_never_come(void **state)
{
	const char *path = live_path("absent.json");
	struct live_proc *hostile = live_target("takes absent 0 10 50"), *rptrace;
	json_t *json;

	(void)state;
	rptrace = live_rptrace_ready("-p %d -f by_text --label arg0:str --format json -o %s",
				     (int)hostile->pid, path);
	live_release(hostile);
	live_expect_line(hostile, "done", 1);
	live_finish(hostile);
	json = live_figures(rptrace, path);
	assert_int_equal(live_sum(json, "by_text", "count"), 500);
	live_assert_nothing_lost_but(json, "label_reads");
}

int main(void)
{
	static const struct {
		const char *name;
		CMUnitTestFunction test;
	} each[] = {
		{"others_are_exact", others_are_exact},
		{"list_ends", list_ends},
		{"a_signal_is_heard_at_the_start", a_signal_is_heard_at_the_start},
	};
	struct CMUnitTest tests[LIVE_COUNT(all) * LIVE_COUNT(each) + 2 * LIVE_COUNT(written) + 3];
	size_t n = 0;

	for (size_t i = 0; i < LIVE_COUNT(all); i++)
		for (size_t k = 0; k < LIVE_COUNT(each); k++)
			tests[n++] = live_test(each[k].test, &all[i], "%s: %s", each[k].name,
					       all[i].name);
	for (size_t i = 0; i < LIVE_COUNT(written); i++) {
		tests[n++] = live_test(disk_is_full, &written[i], "disk_is_full: %s", written[i]);
		tests[n++] = live_test(disk_fills_up, &written[i], "disk_fills_up: %s", written[i]);
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(many_files);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(many_labels);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(texts_that_never_come);
	return live_main("hostile", tests, n);
}
