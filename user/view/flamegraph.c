// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* The stacks of samples as a flame graph. */
#include "view/flames.h"
#include "view/internal.h"

static int collect(struct rp_flames *flames, const struct rp_sampled *sampled)
{
	int err = 0;

	for (size_t i = 1; sampled && i < sampled->n_calls && !err; i++) {
		struct rp_stack *stack;

		if (!sampled->self[i])
			continue;
		err = rp_flames__add(flames, sampled->self[i], &stack);
		if (!err)
			err = rp_sampled__stack(sampled, (uint32_t)i, stack);
	}
	return err;
}

int rp_view__flamegraph(FILE *out, const struct rp_snapshot *snapshot,
			const struct rp_view_opts *opts)
{
	struct rp_flames flames = {.of_time = !snapshot->sampled};
	int err = collect(&flames, rp_snapshot__stacks(snapshot));

	(void)opts;
	if (!err)
		err = rp_flames__draw(&flames, snapshot->meta.target, out);
	rp_flames__free(&flames);
	return err;
}
