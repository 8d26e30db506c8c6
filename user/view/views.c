// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/escape.h"
#include "view/internal.h"

const struct rp_view rp_views[] = {
	{"table", rp_view__table, .of_samples = false},
	{"csv", rp_view__csv, .of_samples = false},
	{"json", rp_view__json, .of_samples = false},
	{"openmetrics", rp_view__openmetrics, .of_samples = false},
	{"folded", rp_view__folded, .of_samples = true},
	/* Of records "folded" is an export of regions. */
	{"sample-folded", rp_view__folded, .of_samples = true},
	{"flamegraph", rp_view__flamegraph, .of_samples = true},
	{.name = NULL},
};

const struct rp_lost_text rp_lost_texts[RP_LOST_COUNT] = {
#define RP_LOST_TEXT(symbol, key, meaning) {key, meaning},
	RP_LOST_REASONS(RP_LOST_TEXT)
#undef RP_LOST_TEXT
};

const struct rp_lost_text rp_stack_ends[RP_UNWIND_END_COUNT] = {
#define RP_STACK_END(symbol, key, meaning) [RP_UNWIND_END_##symbol] = {key, meaning},
	RP_UNWIND_ENDS(RP_STACK_END)
#undef RP_STACK_END
};

const struct rp_view *rp_view__find(const char *name)
{
	for (const struct rp_view *view = rp_views; view->name; view++)
		if (!strcmp(view->name, name))
			return view;
	return NULL;
}

const char *rp_lost__key(enum rp_lost reason)
{
	return rp_lost_texts[reason].key;
}

const char *rp_lost__meaning(enum rp_lost reason)
{
	return rp_lost_texts[reason].meaning;
}

/* The first word that ends in s is the plural to count: where that word ends. NULL: none. */
static const char *noun_end(const char *meaning)
{
	const char *end = strchr(meaning, ' ');

	while (end && end[-1] != 's')
		end = strchr(end + 1, ' ');
	return end;
}

/* For a count of one, the noun and its verb become singular. */
const char *rp_lost__text(enum rp_lost reason, uint64_t n, char buf[RP_LOST_SIZE])
{
	static const struct {
		const char *many, *one;
	} verbs[] = {
		{" that were ", " that was "}, {" that are ", " that is "}, {" their ", " its "}};
	const char *meaning = rp_lost__meaning(reason), *end = noun_end(meaning);
	int at = snprintf(buf, RP_LOST_SIZE, "%" PRIu64 " ", n);

	if (n != 1 || !end) {
		snprintf(buf + at, RP_LOST_SIZE - (size_t)at, "%s", meaning);
		return buf;
	}
	at += snprintf(buf + at, RP_LOST_SIZE - (size_t)at, "%.*s", (int)(end - meaning - 1),
		       meaning);
	if (!strcmp(buf + at - 2, "ie"))
		buf[--at - 1] = 'y';
	else if (!strcmp(buf + at - 3, "sse"))
		at--;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		const char *verb = strstr(end, verbs[i].many);

		if (!verb)
			continue;
		at += snprintf(buf + at, RP_LOST_SIZE - (size_t)at, "%.*s%s", (int)(verb - end),
			       end, verbs[i].one);
		end = verb + strlen(verbs[i].many);
	}
	snprintf(buf + at, RP_LOST_SIZE - (size_t)at, "%s", end);
	return buf;
}

void rp_view__print_missing(FILE *out, const char *before, const struct rp_snapshot *snapshot)
{
	char *kept = snapshot->meta.kept ? rp_escape__copy(snapshot->meta.kept, false) : NULL;
	char span[32], text[RP_LOST_SIZE];

	if (snapshot->meta.kept)
		fprintf(out, "%sa part of the run, as it was recorded with %s\n", before,
			kept ? kept : "options");
	free(kept);
	for (size_t i = 0; i < RP_LOST_COUNT; i++) {
		if (!snapshot->lost[i])
			continue;
		fprintf(out, "%slost: %s", before, rp_lost__text(i, snapshot->lost[i], text));
		if (i == RP_LOST_LATE && snapshot->late_ns)
			fprintf(out, ": %s in all",
				rp_text__ns((double)snapshot->late_ns, span, sizeof(span)));
		fputc('\n', out);
	}
}

int rp_view__end(FILE *out)
{
	errno = 0;
	if (!fflush(out) && !ferror(out))
		return 0;
	return errno ? -errno : -EIO;
}
