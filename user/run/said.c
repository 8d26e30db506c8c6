// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/said.h"

#include <stdlib.h>
#include <string.h>

#include "util/array.h"

void rp_said__keep(struct rp_said *said, const char *line, const char *cure)
{
	struct rp_said_line copy = {.line = strdup(line), .cure = cure ? strdup(cure) : NULL};

	if (!copy.line || (cure && !copy.cure) ||
	    rp_array__grow(&said->lines, said->n, &said->capacity, sizeof(*said->lines))) {
		free(copy.line);
		free(copy.cure);
		return;
	}
	said->lines[said->n++] = copy;
}

void rp_said__say(struct rp_said *said, rp_say_fn say)
{
	for (size_t i = 0; i < said->n; i++) {
		say(said->lines[i].line, said->lines[i].cure);
		free(said->lines[i].line);
		free(said->lines[i].cure);
	}
	free(said->lines);
	*said = (struct rp_said){0};
}
