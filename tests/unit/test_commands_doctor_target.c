// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* rptrace doctor, of a process that has regions by itself, and of one that may not be read. */
#include "features_fixture.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "attach/session.h"
#include "commands/doctor_internal.h"
#include "elf_image.h"

#define ALL_CAPS (~0ull)

/* No programs are loaded for a process. */
int rp_session__new(const struct rp_session_opts *opts, struct rp_session **out, struct rp_err *err)
{
	(void)opts;
	(void)out;
	return rp_err__no_memory(err);
}

void rp_session__free(struct rp_session *session)
{
	(void)session;
}

enum rp_attach_mode rp_session__mode(const struct rp_session *session)
{
	(void)session;
	return RP_ATTACH_AUTO;
}

static struct rp_findings found;

static void look_at(pid_t pid, uint64_t caps)
{
	static struct line line;
	struct rp_system system = {.features = modern, .caps = caps, .opts = &line.opts};

	parse_good(&line, "rptrace doctor");
	memset(&found, 0, sizeof(found));
	rp_target__check(&system, pid, &found);
	rp_opts__free(&line.opts);
}

static const struct rp_finding *finding(const char *name)
{
	for (size_t i = 0; i < found.n; i++)
		if (!strcmp(found.items[i].name, name))
			return &found.items[i];
	fail_msg("no %s", name);
	return NULL;
}

#if defined(__x86_64__)
static const uint8_t nop[] = {0x90};
#else
static const uint8_t nop[] = {0x1f, 0x20, 0x03, 0xd5};
#endif

/* It maps a file of that image, beside what this program maps. */
static pid_t start_with(const struct image *img)
{
	int file = memfd_create("probed", MFD_CLOEXEC);
	void *mapped;
	pid_t pid;

	assert_int_equal(write(file, img->bytes, img->size), img->size);
	mapped = mmap(NULL, img->size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
	assert_true(mapped != MAP_FAILED);
	pid = wait_for_me(false);
	munmap(mapped, img->size);
	close(file);
	return pid;
}

static void pairs_are_counted(void **state)
{
	static struct image img;
	pid_t pid;

	(void)state;
	full_image(&img);
	memcpy(img.bytes + TEXT_OFFSET + 8, nop, sizeof(nop));
	memcpy(img.bytes + TEXT_OFFSET + 16, nop, sizeof(nop));
	pid = start_with(&img);
	look_at(pid, ALL_CAPS);
	let_go(pid);
	assert_string_equal(finding("markers")->found, "0 regions");
	assert_string_equal(finding("USDT")->found, "1 pairs");
	assert_int_equal(finding("USDT")->level, RP_LEVEL_OK);
	assert_string_equal(finding("USDT")->cure, "");
}

/* ---- what may not be read
 * ------------------------------------------------------------------------ */

static struct stat refused; /* st_ino 0: none is */
static int refusal;

int open(const char *path, int flags, ...)
{
	struct stat st;
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (refused.st_ino && !(flags & O_PATH) && !stat(path, &st) &&
	    st.st_ino == refused.st_ino && st.st_dev == refused.st_dev) {
		errno = refusal;
		return -1;
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

/* Rights are proposed where it is these that are lacking, and another process otherwise. */
static void why_it_may_not_be_read_decides_the_cure(void **state)
{
	static const struct {
		int error;
		bool is_of_rights;
	} cases[] = {{EACCES, true}, {EPERM, true}, {EIO, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pid_t pid = wait_for_me(false);
		char text[128];

		refusal = cases[i].error;
		assert_int_equal(stat("/proc/self/exe", &refused), 0);
		look_at(pid, ALL_CAPS & ~(1ull << CAP_SYS_PTRACE));
		refused.st_ino = 0;
		let_go(pid);
		snprintf(text, sizeof(text), "cannot be read: %s", strerror(cases[i].error));
		assert_string_equal(finding("executable")->found, text);
		assert_int_equal(finding("executable")->level, RP_LEVEL_FAIL);
		assert_int_equal(!strcmp(finding("executable")->cure, RP_CURE_PROCESSES),
				 !cases[i].is_of_rights);
		assert_int_equal(found.n, 5);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_counted),
		cmocka_unit_test(why_it_may_not_be_read_decides_the_cure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
