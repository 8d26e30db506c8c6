// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What each type of option makes of a text. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "opts/options.h"
#include "util/array.h"
#include "util/decimal.h"
#include "util/duration.h"

static int refuse(struct rp_bad_value *bad, const char *text, const char *what)
{
	snprintf(bad->cause, sizeof(bad->cause), "'%s' %s", text, what);
	return -EINVAL;
}

/* ---- numbers -------------------------------------------------------------------------- */

static int set_number(const struct rp_option *option, const char *text, void *member,
		      struct rp_bad_value *bad)
{
	char what[96], *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (isdigit((unsigned char)*text) && !*end && !errno && n >= option->least &&
	    n <= option->most) {
		*(unsigned *)member = (unsigned)n;
		return 0;
	}
	snprintf(what, sizeof(what), "is not a number from %.0f to %.0f", option->least,
		 option->most);
	return refuse(bad, text, what);
}

static const char size_units[] = "kMG";

/* As whole as it can be told. */
static void print_size(double bytes, char *buf, size_t size)
{
	const char *unit = "";

	for (const char *next = size_units; *next && !((uint64_t)bytes % 1024); next++) {
		bytes /= 1024;
		unit = next;
	}
	snprintf(buf, size, "%.0f%.1s", bytes, unit);
}

static int set_size(const struct rp_option *option, const char *text, void *member,
		    struct rp_bad_value *bad)
{
	char what[128], least[16], most[16];
	const char *end, *unit;
	double bytes;
	bool is_number = rp_decimal__parse(text, &bytes, &end);

	unit = *end ? strchr(size_units, *end) : NULL;
	for (const char *each = size_units; unit && each <= unit; each++)
		bytes *= 1024;
	if (is_number && !*(end + (unit != NULL)) && bytes >= option->least &&
	    bytes <= option->most) {
		*(uint64_t *)member = (uint64_t)bytes;
		return 0;
	}
	print_size(option->least, least, sizeof(least));
	print_size(option->most, most, sizeof(most));
	snprintf(what, sizeof(what), "is not a size from %s to %s: bytes, or with k, M or G", least,
		 most);
	return refuse(bad, text, what);
}

static int set_percent(const struct rp_option *option, const char *text, void *member,
		       struct rp_bad_value *bad)
{
	double most = option->most > 0 ? 100 * option->most : 100;
	char what[64];
	const char *end;
	double percent;
	bool is_number = rp_decimal__parse(text, &percent, &end);

	end += is_number && *end == '%';
	if (!is_number || *end || !(percent > 0) || percent > most) {
		snprintf(what, sizeof(what), "is not a percentage above 0 and up to %.0f", most);
		return refuse(bad, text, what);
	}
	*(double *)member = percent / 100;
	return 0;
}

static int set_duration(const struct rp_option *option, const char *text, void *member,
			struct rp_bad_value *bad)
{
	bool seconds = option->type == RP_OPTION_SECONDS;
	const char *end = text, *bare_end;
	double value;
	bool is_bare = rp_decimal__parse(text, &value, &bare_end) && !*bare_end;

	if (is_bare && !seconds)
		return refuse(bad, text, "has no unit: " RP_DURATION_UNITS);
	if (!is_bare && (!rp_duration__parse(&end, &value) || *end))
		return refuse(bad, text,
			      seconds ? "is no time: seconds, or with a unit (" RP_DURATION_UNITS
					")"
				      : "is no time with a unit (" RP_DURATION_UNITS ")");
	if (value < option->least || value > option->most)
		return refuse(bad, text,
			      value < option->least ? "is too short" : "is more than 30 years");
	*(double *)member = value;
	return 0;
}

/* ---- words ---------------------------------------------------------------------------- */

static int unknown(const struct rp_option *option, const char *text, size_t len,
		   struct rp_bad_value *bad)
{
	char choices[300];

	snprintf(bad->cause, sizeof(bad->cause), "'%.*s' is none of %s", (int)len, text,
		 rp_option__choices(option, choices, sizeof(choices)));
	return -EINVAL;
}

static int set_choice(const struct rp_option *option, const char *text, void *member,
		      struct rp_bad_value *bad)
{
	const char *word;

	for (unsigned i = (unsigned)option->least; (word = option->choice(i)); i++) {
		if (strcmp(word, text))
			continue;
		*(unsigned *)member = i;
		return 0;
	}
	return unknown(option, text, strlen(text), bad);
}

static int set_parsed(const struct rp_option *option, const char *text, struct rp_opts *opts,
		      struct rp_bad_value *bad)
{
	const char *at = NULL, *wrong = option->parse(text, opts, &at);

	if (!wrong)
		return 0;
	if (option->choice && at) /* one of a list */
		return unknown(option, at, strcspn(at, ","), bad);
	if (option->choice)
		return unknown(option, text, strlen(text), bad);
	snprintf(bad->cause, sizeof(bad->cause), "'%s': %s%s%s%s", text, wrong, at ? ", at '" : "",
		 at ? at : "", at ? "'" : "");
	return -EINVAL;
}

/* What begins with a digit is meant for a number. */
static int add_process(struct rp_opts *opts, const char *word, struct rp_bad_value *bad)
{
	char *end, *copy;
	long pid = strtol(word, &end, 10);
	int rc;

	if (isdigit((unsigned char)*word)) {
		if (*end || pid <= 0 || pid > INT_MAX)
			return refuse(bad, word, "is not a process id");
		rc = rp_array__fit(&opts->pids, opts->n_pids + 1, sizeof(*opts->pids));
		if (!rc)
			opts->pids[opts->n_pids++] = (pid_t)pid;
		return rc;
	}
	if (*word == '-')
		return refuse(bad, word, "is neither a process id nor a command name");
	copy = strdup(word);
	rc = copy ? rp_array__fit(&opts->names, opts->n_names + 1, sizeof(*opts->names)) : -ENOMEM;
	if (rc)
		free(copy);
	else
		opts->names[opts->n_names++] = copy;
	return rc;
}

/* In -p=PID the '=' is that of --pid=PID: no command name begins so. */
static int add_processes(struct rp_opts *opts, const char *text, struct rp_bad_value *bad)
{
	char *copy = strdup(text + (*text == '='));
	size_t n = 0;
	int rc = copy ? 0 : -ENOMEM;

	for (char *save, *word = copy ? strtok_r(copy, ", ", &save) : NULL; !rc && word;
	     word = strtok_r(NULL, ", ", &save), n++)
		rc = add_process(opts, word, bad);
	if (!rc && !n)
		rc = refuse(bad, text, "names no process");
	free(copy);
	return rc;
}

int rp_texts__add(struct rp_texts *list, const char *text)
{
	int rc = rp_array__fit(&list->items, list->n + 1, sizeof(*list->items));

	if (!rc)
		list->items[list->n++] = text;
	return rc;
}

/* ---- all of them ----------------------------------------------------------------------- */

int rp_option__set(const struct rp_option *option, const char *text, struct rp_opts *opts,
		   struct rp_bad_value *bad)
{
	void *member = (char *)opts + option->member;

	switch (option->type) {
	case RP_OPTION_FLAG:
		*(bool *)member = true;
		return 0;
	case RP_OPTION_TEXT:
		if (!*text)
			return refuse(bad, text, "is empty");
		*(const char **)member = text;
		return 0;
	case RP_OPTION_LIST:
		return rp_texts__add(member, text);
	case RP_OPTION_PROCESSES:
		return add_processes(opts, text, bad);
	case RP_OPTION_NUMBER:
		return set_number(option, text, member, bad);
	case RP_OPTION_SIZE:
		return set_size(option, text, member, bad);
	case RP_OPTION_SECONDS:
	case RP_OPTION_DURATION:
		return set_duration(option, text, member, bad);
	case RP_OPTION_PERCENT:
		return set_percent(option, text, member, bad);
	case RP_OPTION_CHOICE:
		return set_choice(option, text, member, bad);
	case RP_OPTION_PARSED:
		return set_parsed(option, text, opts, bad);
	}
	return -EINVAL;
}

void rp_option__set_default(const struct rp_option *option, struct rp_opts *opts)
{
	void *member = (char *)opts + option->member;
	struct rp_bad_value bad;

	if (option->word)
		rp_option__set(option, option->word, opts, &bad);
	else if (option->preset > 0 && option->type == RP_OPTION_NUMBER)
		*(unsigned *)member = (unsigned)option->preset;
	else if (option->preset > 0 && option->type == RP_OPTION_SIZE)
		*(uint64_t *)member = (uint64_t)option->preset;
	else if (option->preset > 0)
		*(double *)member = option->preset;
}

const char *rp_option__default(const struct rp_option *option, char *buf, size_t size)
{
	const char *unit = option->type == RP_OPTION_SECONDS ? "s" : "";

	if (option->word)
		snprintf(buf, size, "%s", option->word);
	else if (option->preset > 0 && option->type == RP_OPTION_SIZE)
		print_size(option->preset, buf, size);
	else if (option->preset > 0)
		snprintf(buf, size, "%.0f%s", option->preset, unit);
	else
		buf[0] = '\0';
	return buf;
}

const char *rp_option__choices(const struct rp_option *option, char *buf, size_t size)
{
	const char *word;
	size_t at = 0;

	buf[0] = '\0';
	for (unsigned i = (unsigned)option->least; (word = option->choice(i)) && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "", word);
	return buf;
}

const char *rp_option__example(const struct rp_option *option, char *buf, size_t size)
{
	if (option->example)
		snprintf(buf, size, "%s", option->example);
	else if (option->choice && !option->word)
		snprintf(buf, size, "%s", option->choice((unsigned)option->least));
	else if (option->word || option->preset > 0)
		rp_option__default(option, buf, size);
	else
		snprintf(buf, size, "10");
	return buf;
}
