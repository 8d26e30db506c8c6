// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Escape sequences that are followed to their end, whatever they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "screen/sequence.h"

/* How many of the characters behind an escape belong to it. */
static size_t taken(const char *text)
{
	enum rp_sequence sequence = rp_sequence__begin((unsigned char)*text);
	size_t n = 0;

	if (!sequence)
		return 0;
	while (text[++n] && rp_sequence__takes(&sequence, (unsigned char)text[n]))
		;
	return n;
}

static void test_known_kinds(void **state)
{
	(void)state;
	assert_int_equal(taken("[Iq"), 2);		 /* the window has the focus */
	assert_int_equal(taken("[<0;90;20Mq"), 10);	 /* the mouse, as SGR */
	assert_int_equal(taken("[200~q"), 5);		 /* a paste begins */
	assert_int_equal(taken("[?62;22cq"), 8);	 /* what the terminal is */
	assert_int_equal(taken("Oxq"), 2);		 /* a key of the number pad */
	assert_int_equal(taken("]11;rgb:0/0/0\aq"), 14); /* a colour */
	assert_int_equal(taken("]11;rgb:0/0/0\x1b\\q"), 15);
	assert_int_equal(taken("P1+r544e=78\x1b\\q"), 13); /* a setting */
	assert_int_equal(taken("_Gi=1;OK\x1b\\q"), 10);	   /* a picture */
}

static void test_none(void **state)
{
	(void)state;
	assert_int_equal(taken("q"), 0);
	assert_int_equal(taken("\x1b"), 0);
}

/* A sequence that is cut off takes none of what comes after it. */
static void test_broken_off(void **state)
{
	(void)state;
	assert_int_equal(taken("[<0;9\nq"), 5);
	assert_int_equal(taken("[\x1b[A"), 1);
	assert_int_equal(taken("Pj\nq"), 2); /* Alt and a letter */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_kinds),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_broken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
