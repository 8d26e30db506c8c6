// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Specifiers in names of files to write, so that runs with one command line, such as the ranks of
 * an MPI job, write different files: %h is the host, %p the process id of rptrace, %t the time,
 * %{NAME} an environment variable, such as the rank, and %% one %.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "opts/opts.h"

struct name {
	const char *at; /* the next character that was typed */
	char text[PATH_MAX];
	size_t n; /* length of the name, also of one that does not fit */
	struct rp_err *err;
};

static void add(struct name *name, const char *text, size_t n)
{
	if (name->n + n < sizeof(name->text))
		memcpy(name->text + name->n, text, n);
	name->n += n;
}

static int add_variable(struct name *name)
{
	const char *begin = name->at, *end = strchr(begin, '}'), *value;
	char variable[256];

	if (!end || end - begin >= (int)sizeof(variable))
		return rp_err__set(name->err, RP_EXIT_USAGE, -EINVAL, NULL,
				   "%%{ in the name of a file lacks its }");
	if (end == begin)
		return rp_err__set(name->err, RP_EXIT_USAGE, -EINVAL, NULL,
				   "%%{} in the name of a file lacks the name of a variable");
	snprintf(variable, sizeof(variable), "%.*s", (int)(end - begin), begin);
	value = getenv(variable);
	if (!value)
		return rp_err__set(name->err, RP_EXIT_USAGE, -EINVAL, NULL,
				   "%%{%s} in the name of a file: the environment has no %s",
				   variable, variable);
	add(name, value, strlen(value));
	name->at = end + 1;
	return 0;
}

/* Expands the specifier whose % was just read. */
static int add_what(struct name *name)
{
	time_t now = time(NULL);
	char text[HOST_NAME_MAX + 32] = "%";
	struct tm tm;

	switch (*name->at++) {
	case 'h':
		gethostname(text, sizeof(text) - 1);
		break;
	case 'p':
		snprintf(text, sizeof(text), "%d", (int)getpid());
		break;
	case 't':
		strftime(text, sizeof(text), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
		break;
	case '{':
		return add_variable(name);
	case '%':
		break;
	default:
		return rp_err__set(name->err, RP_EXIT_USAGE, -EINVAL, NULL,
				   "%% in the name of a file: %%h is the host, %%p the process, "
				   "%%t the time, %%{NAME} a variable, %%%% one %%");
	}
	add(name, text, strlen(text));
	return 0;
}

/* Replaces *file if it has specifiers; *owned is then the new name, to be freed. */
static int expand(const char **file, char **owned, struct rp_err *err)
{
	struct name name = {.at = *file, .err = err};
	int rc = 0;

	if (!*file || !strchr(*file, '%'))
		return 0;
	while (!rc && *name.at)
		if (*name.at++ == '%')
			rc = add_what(&name);
		else
			add(&name, name.at - 1, 1);
	if (rc)
		return rc;
	if (!name.n)
		return rp_err__set(err, RP_EXIT_USAGE, -EINVAL, NULL,
				   "%s: what it stands for is empty", *file);
	if (name.n >= sizeof(name.text))
		return rp_err__set(err, RP_EXIT_USAGE, -ENAMETOOLONG, NULL, "%.200s...: %s", *file,
				   strerror(ENAMETOOLONG));
	*owned = strndup(name.text, name.n);
	if (!*owned)
		return rp_err__no_memory(err);
	*file = *owned;
	return 0;
}

int rp_opts__name_files(struct rp_opts *opts, struct rp_err *err)
{
	bool is_record = opts->command == RP_COMMAND_RECORD;
	const struct {
		const char **file, *option, *as, *cure;
	} files[] = {
		{&opts->record, is_record ? "output" : "record", is_record ? "-o" : "--record",
		 "rptrace.%p.rpt"},
		{&opts->stream, "stream", "--stream", "rptrace.%p.trace.json"},
		{&opts->output, "output", "-o", "rptrace.%p.out"},
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(files) / sizeof(files[0]); i++) {
		rc = expand(files[i].file, &opts->named[i], err);
		if (rc)
			rp_err__line(err, rc, files[i].option, files[i].as, files[i].cure);
	}
	return rc;
}
