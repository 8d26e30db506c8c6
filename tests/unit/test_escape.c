// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <fcntl.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/escape.h"

static void check_escape(const char *text, const char *want)
{
	char buf[64];

	assert_ptr_equal(rp_escape(text, buf, sizeof(buf)), buf);
	assert_string_equal(buf, want);
}

static void test_escape(void **state)
{
	(void)state;
	check_escape("", "");
	check_escape("a<b>(c*)", "a<b>(c*)");
	check_escape("\\", "\\\\");
	check_escape("a\\x0ab", "a\\\\x0ab"); /* not what a newline comes to */
	check_escape("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		     "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
	check_escape("\x1b[2J\n\t\x7f", "\\x1b[2J\\x0a\\x09\\x7f");
	check_escape("\xc2\x9b", "\\xc2\\x9b");			  /* C1 */
	check_escape("\xff\x80z", "\\xff\\x80z");		  /* no UTF-8 */
	check_escape("\xc0\xaf", "\\xc0\\xaf");			  /* overlong */
	check_escape("\xe0\x80\xaf", "\\xe0\\x80\\xaf");	  /* overlong */
	check_escape("\xed\xa0\x80", "\\xed\\xa0\\x80");	  /* surrogate */
	check_escape("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* past U+10FFFF */
	check_escape("\xe2\x82", "\\xe2\\x82");			  /* cut off */
	check_escape("\xe2\x80\x8b|", "\\xe2\\x80\\x8b|");	  /* zero width space */
	check_escape("\xe2\x80\xae|", "\\xe2\\x80\\xae|");	  /* right to left */
	check_escape("\xe2\x81\xa6|", "\\xe2\\x81\\xa6|");	  /* isolate */
	check_escape("\xef\xbb\xbf|", "\\xef\\xbb\\xbf|");	  /* byte order mark */
	check_escape("\xef\xbf\xbe|", "\\xef\\xbf\\xbe|");	  /* not in XML */
	check_escape("\xef\xbf\xbf|", "\\xef\\xbf\\xbf|");
	check_escape("\xcd\x8f|", "\\xcd\\x8f|");	   /* grapheme joiner */
	check_escape("\xe3\x85\xa4|", "\\xe3\\x85\\xa4|"); /* Hangul filler */
	check_escape("\xef\xb8\x8f|", "\\xef\\xb8\\x8f|"); /* variation selector */
	check_escape("\xef\xbf\xbd", "\xef\xbf\xbd");
	check_escape("\xe2\x80\x90", "\xe2\x80\x90"); /* a hyphen is plain */
}

/* Never half a character nor half an escape, whatever the room. */
static void test_escape_short_buffer(void **state)
{
	static const char *const want[] = {"",		"a",	     "a",	  "a\xc3\xa9",
					   "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9", "a\xc3\xa9\\x01"};
	char buf[9];

	(void)state;
	for (size_t size = 1; size <= 8; size++) {
		memset(buf, '#', sizeof(buf));
		assert_string_equal(rp_escape("a\xc3\xa9\x01", buf, size), want[size - 1]);
		assert_int_equal(buf[size], '#');
	}
	buf[0] = '#';
	rp_escape("abc", buf, 0);
	assert_int_equal(buf[0], '#');
}

/* What a reader does to get the name back. */
static void undo(const char *escaped, char *out)
{
	for (; *escaped; out++) {
		char digits[3] = "";

		if (*escaped != '\\') {
			*out = *escaped++;
		} else if (escaped[1] == '\\') {
			*out = '\\';
			escaped += 2;
		} else {
			assert_int_equal(escaped[1], 'x');
			memcpy(digits, escaped + 2, 2);
			*out = (char)strtol(digits, NULL, 16);
			escaped += 4;
		}
	}
	*out = '\0';
}

/* Whatever the bytes are: what can be undone to the name is the text of no other name. */
static void test_undone(void **state)
{
	static const char pieces[] = "\\x0an\x1b\x9b\xc2\xe2\x80\xae\xff\n a";
	char name[32], back[32];
	uint32_t random = 1;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		size_t len = (size_t)(i % (int)sizeof(name));

		for (size_t j = 0; j < len; j++) {
			random = random * 1664525 + 1013904223;
			name[j] = pieces[(random >> 16) % (sizeof(pieces) - 1)];
		}
		name[len] = '\0';
		for (int utf8 = 0; utf8 < 2; utf8++) {
			char *escaped = rp_escape__copy(name, utf8);

			assert_non_null(escaped);
			for (const char *c = escaped; *c; c++)
				assert_true((unsigned char)*c >= 0x20 && (utf8 || *c > 0));
			undo(escaped, back);
			assert_string_equal(back, name);
			free(escaped);
		}
	}
}

static void test_copy(void **state)
{
	char *copy = rp_escape__copy(NULL, true);

	(void)state;
	assert_string_equal(copy, "");
	free(copy);
	copy = rp_escape__copy("caf\xc3\xa9", false);
	assert_string_equal(copy, "caf\\xc3\\xa9");
	free(copy);
}

static void test_print_line(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	rp_escape__print_line(out, "rptrace: ", "tracing \x1b[31m\n\\x");
	fclose(out);
	assert_string_equal(text, "rptrace: tracing \\x1b[31m\\x0a\\\\x\n");
	free(text);
}

/* Only what the terminal has characters for. */
static void test_line_in_a_locale(void **state)
{
	static const struct {
		const char *locale, *line;
	} cases[] = {{"C.UTF-8", ": caf\xc3\xa9\n"}, {"C", ": caf\\xc3\\xa9\n"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		assert_non_null(out);
		assert_non_null(setlocale(LC_ALL, cases[i].locale));
		rp_escape__print_line(out, ": ", "caf\xc3\xa9");
		fclose(out);
		assert_string_equal(text, cases[i].line);
		free(text);
	}
}

/* What others write to the same terminal does not come in between: a pipe of packets tells. */
static void test_line_is_one_write(void **state)
{
	char packet[256];
	int ends[2];
	FILE *out;

	(void)state;
	assert_int_equal(pipe2(ends, O_DIRECT | O_CLOEXEC), 0);
	out = fdopen(ends[1], "w");
	setvbuf(out, NULL, _IONBF, 0);
	rp_escape__print_line(out, "rptrace: ", "stuck \n caf\xc3");
	assert_int_equal(read(ends[0], packet, sizeof(packet)),
			 strlen("rptrace: stuck \\x0a caf\\xc3\n"));
	fclose(out);
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_short_buffer),
		cmocka_unit_test(test_undone),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_line_in_a_locale),
		cmocka_unit_test(test_print_line),
		cmocka_unit_test(test_line_is_one_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
