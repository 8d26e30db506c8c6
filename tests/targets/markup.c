/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * markup [N]: names of regions, labels and a thread that would be markup or script, were they put
 * into a page as they are; N times each (10).
 */
#define _GNU_SOURCE
#include <sys/prctl.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

static const char *const hostile[] = {
	"</script><script>document.title='ran'</script>",
	"<img src=x onerror=\"document.title='ran'\">",
	"</style><style>*{display:none}</style>",
	"<!--<script>",
	"&lt;b&gt; &amp; 'quotes' \"too\"",
	"\x01\x02\x1b[2J\x7f and \xff\xfe",
	"\\u003c/script\\u003e",
};
#define HOSTILE (sizeof(hostile) / sizeof(hostile[0]))

NO_CLONES void by_text(const char *text);
NO_CLONES void by_text(const char *text)
{
	__asm__ volatile("" : : "r"(text) : "memory");
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, 1, 10);

	prctl(PR_SET_NAME, "</title><b>'\"&");
	target_wait();
	for (unsigned long i = 0; i < n; i++)
		for (size_t k = 0; k < HOSTILE; k++) {
			rptrace_begin(hostile[k]);
			by_text(hostile[k]);
			rptrace_end(hostile[k]);
		}
	return 0;
}
