/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What is done when memory runs out: each allocation in turn fails, once. Whoever asked for it then
 * says so, or does the very same without it; and nothing is left behind, as the sanitizers tell.
 */
#ifndef RP_TEST_ALLOCATIONS_FIXTURE_H
#define RP_TEST_ALLOCATIONS_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "record/reader.h"

/* ---- allocations that fail: the linker has the code call these (tests.mk) ---------------------
 */

static struct {
	bool armed;
	unsigned n, fails; /* the number of the one that fails */
} allocations;

static inline bool fails(void)
{
	if (!allocations.armed || ++allocations.n != allocations.fails)
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_reallocarray(void *at, size_t n, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_reallocarray(void *at, size_t n, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

void *__wrap_reallocarray(void *at, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(at, n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/* ---- every one of them ------------------------------------------------------------------------
 */

/* What is tried: 0, or a negative errno. It may write to out. */
typedef int (*attempt)(FILE *out, int with);

static inline int attempt_one(attempt try, int with, unsigned number, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	int rc;

	assert_non_null(out);
	allocations.n = 0;
	allocations.fails = number;
	allocations.armed = true;
	rc = try(out, with);
	allocations.armed = false;
	assert_int_equal(fclose(out), 0);
	return rc;
}

static inline void each_fails(attempt try, int with)
{
	char *whole, *text;
	unsigned failed = 0;

	assert_int_equal(attempt_one(try, with, 0, &whole), 0);
	assert_true(allocations.n);
	for (unsigned i = 1, n = allocations.n; i <= n; i++) {
		int rc = attempt_one(try, with, i, &text);

		if (rc && rc != -ENOMEM)
			fail_msg("allocation %u of %u: %d is returned", i, n, rc);
		if (!rc && strcmp(text, whole))
			fail_msg("allocation %u of %u: nobody says that it failed", i, n);
		failed += rc != 0;
		free(text);
	}
	assert_true(failed);
	free(whole);
}

/* ---- records of tests/golden ------------------------------------------------------------------
 */

static const char *const files[] = {"tests/golden/record.rpt", "tests/golden/samples.rpt"};
enum { FILES = sizeof(files) / sizeof(files[0]) };

static inline int read_file(int file, const struct rp_event_sink *sink)
{
	int fd = open(files[file], O_RDONLY | O_CLOEXEC), rc;
	struct rp_reader *reader;
	struct rp_err err = {0};

	assert_true(fd >= 0);
	rc = rp_reader__open(fd, "record", &reader, &err);
	if (rc) {
		close(fd);
	} else {
		rc = rp_reader__read(reader, sink, &err);
		rp_reader__free(reader);
	}
	assert_int_equal(!rc, !err.cause[0]);
	return rc;
}

#endif
