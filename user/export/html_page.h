/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What every HTML page has: the files of user/export/html/, as tools/embed has put them into C.
 * Internal to export/. */
#ifndef RP_HTML_PAGE_H
#define RP_HTML_PAGE_H

#include <stddef.h>

struct rp_html_part {
	const char *text; /* without a terminator */
	size_t n;
	const char *hash; /* "sha256-...", as a Content-Security-Policy has it */
};

extern const struct rp_html_part rp_html_style, rp_html_body, rp_html_script;

#endif
