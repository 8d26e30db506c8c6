// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The files of a record that goes on in others: which of them are kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/record_files.h"

#define KEEP  2
#define FILES 5

/* Bits, by their numbers from 1 on: those that are there. */
static unsigned there(const struct rp_record_files *f)
{
	char path[PATH_MAX];
	unsigned bits = 0;

	for (unsigned i = 1; i <= FILES; i++)
		bits |= !access(rp_record_files__path(f, i, path), F_OK) ? 1u << i : 0;
	return bits;
}

static void the_last_are_kept(void **state)
{
	char folder[] = "/tmp/rptrace-files-XXXXXX", name[64], path[PATH_MAX];
	struct rp_record_files f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(name, sizeof(name), "%s/run.rpt", folder);
	rp_record_files__init(&f, name, KEEP);
	for (unsigned i = 1; i <= FILES; i++) {
		assert_int_equal(rp_record_files__next(&f), 0);
		assert_int_equal(f.number, i);
		assert_int_equal(there(&f), i > 1 ? 3u << (i - 1) : 1u << 1);
	}
	assert_int_equal(rp_record_files__close(&f), 0);
	assert_int_equal(unlink(rp_record_files__path(&f, FILES - 1, path)), 0);
	assert_int_equal(unlink(rp_record_files__path(&f, FILES, path)), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
