// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Stacks as lines, which many tools draw as a flame graph: the regions that were open, from the
 * outermost in, then the calls inside the innermost one, and how many samples ended there,
 * or for how many ns threads slept there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

/* A semicolon separates, and is a part of no name. */
static int print_name(FILE *out, const char *name)
{
	char *escaped = rp_escape__copy(name, true);

	if (!escaped)
		return -ENOMEM;
	for (const char *c = escaped; *c; c++)
		if (*c == ';')
			fputs("\\x3b", out);
		else
			fputc(*c, out);
	free(escaped);
	return 0;
}

int rp_view__folded(FILE *out, const struct rp_snapshot *snapshot, const struct rp_view_opts *opts)
{
	const struct rp_sampled *sampled = rp_snapshot__stacks(snapshot);
	struct rp_stack stack = {0};
	int err = 0;

	(void)opts;
	for (size_t i = 1; sampled && i < sampled->n_calls && !err; i++) {
		if (!sampled->self[i])
			continue;
		err = rp_sampled__stack(sampled, (uint32_t)i, &stack);
		for (size_t k = 0; k < stack.n && !err; k++) {
			if (k)
				fputc(';', out);
			err = print_name(out, stack.name[k]);
		}
		fprintf(out, " %" PRIu64 "\n", sampled->self[i]);
	}
	free(stack.name);
	return err ? err : rp_view__end(out);
}
