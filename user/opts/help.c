// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* --help, from the table of options. */
#include <string.h>

#include "opts/options.h"

#define WIDTH  79
#define INDENT 26

static const char *const headings[RP_SECTION_COUNT] = {
	[RP_SECTION_WHAT] = "What to trace",
	[RP_SECTION_SHOW] = "What to show",
	[RP_SECTION_HOW] = "How to trace",
	[RP_SECTION_OTHER] = "Other",
};

static const char examples[] =
	"Your own program, as it is:\n"
	"  rptrace -f '*' -x 'std::*' -- ./prog     functions of a program it starts\n"
	"  rptrace -p prog -f 'parse_*' --tree      of one that runs, as a tree\n"
	"  rptrace -f 'libz.so.1:*flate' -- gzip F  of a library that it uses\n"
	"  rptrace list -p prog                     what could be traced, at what cost\n"
	"Programs that carry probes or markers:\n"
	"  rptrace -p postgres                      their USDT regions and markers\n"
	"  rptrace                                  markers of all processes there are\n"
	"Every single call, in a file:\n"
	"  rptrace record -f '*' -- ./prog          then: rptrace report rptrace.rpt\n"
	"If it does not work:\n"
	"  rptrace doctor -p prog                   what kernel, user and process allow\n";

static const char statuses[] =
	"Exit status: 0 done, 1 failed, 2 usage, 3 nothing to trace, 4 not permitted or not "
	"supported here; with -- COMMAND that of the command, 126 or 127 where it cannot be run.";

static const char report_statuses[] =
	"Exit status: 0 done, 1 failed, 2 usage, 3 no such region or thread was recorded.";

static const char diff_statuses[] = "Exit status: 0 done, 1 failed, 2 usage; with --max-regression "
				    "5 if a region is slower by "
				    "more, 6 if these runs cannot tell.";

static const char doctor_statuses[] =
	"Exit status: 0 tracing works here, 4 it does not, 1 failed, 2 usage.";

/* Words from column `at` on, further lines begin at `indent`; ends the line. */
static void wrap(FILE *out, const char *text, size_t at, size_t indent)
{
	size_t column = at;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (column > indent && column + 1 + len > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > at || column > indent) {
			column += (size_t)fprintf(out, " ");
		}
		column += (size_t)fprintf(out, "%.*s", (int)len, text);
		text += len + strspn(text + len, " ");
	}
	fputc('\n', out);
}

static void print_option(FILE *out, const struct rp_option *option)
{
	char text[512], choices[256] = "", preset[64];
	int at = option->letter ? fprintf(out, "  -%c, --%s", option->letter, option->name)
				: fprintf(out, "      --%s", option->name);

	if (option->bare)
		at += fprintf(out, "[=%s]", option->arg);
	else if (option->arg)
		at += fprintf(out, " %s", option->arg);
	if (at + 2 > INDENT)
		at = fprintf(out, "\n") - 1;
	fprintf(out, "%*s", INDENT - at, "");
	if (option->choice && !option->names_elsewhere)
		rp_option__choices(option, choices, sizeof(choices));
	if (option->bare)
		snprintf(preset, sizeof(preset), "%s", option->bare);
	else
		rp_option__default(option, preset, sizeof(preset));
	snprintf(text, sizeof(text), "%s%s%s%s%s%s", option->help, choices[0] ? ": " : "", choices,
		 preset[0] ? " (" : "", preset, preset[0] ? ")" : "");
	wrap(out, text, INDENT, INDENT);
}

static void print_section(FILE *out, enum rp_option_section section, unsigned command)
{
	bool any = false;

	for (size_t i = 0; i < rp_n_options; i++) {
		if (rp_options[i].section != section || !(rp_options[i].commands & command))
			continue;
		if (!any)
			fprintf(out, "\n%s:\n", headings[section]);
		any = true;
		print_option(out, &rp_options[i]);
	}
}

static void print_long_choices(FILE *out, unsigned command)
{
	const struct rp_option *last = NULL;
	char choices[512];

	for (size_t i = 0; i < rp_n_options; i++) {
		const struct rp_option *option = &rp_options[i];

		if (!option->names_elsewhere || !(option->commands & command))
			continue;
		if (last && last->choice == option->choice)
			continue; /* the same names */
		last = option;
		fprintf(out, "\n%ss of --%s:\n  ", option->arg, option->name);
		wrap(out, rp_option__choices(option, choices, sizeof(choices)), 2, 2);
	}
}

void rp_opts__help(enum rp_command command, FILE *out)
{
	const struct rp_verb *verb = &rp_verbs[command];

	fprintf(out, "Usage: rptrace %s%s%s\n", verb->name ? verb->name : "", verb->name ? " " : "",
		verb->usage);
	for (size_t i = 0; command == RP_COMMAND_LIVE && i < RP_COMMAND_COUNT; i++)
		if (rp_verbs[i].name)
			fprintf(out, "       rptrace %s %s\n", rp_verbs[i].name, rp_verbs[i].usage);
	fputc('\n', out);
	wrap(out, verb->about, 0, 0);
	if (command == RP_COMMAND_LIVE)
		fprintf(out, "\n%s", examples);
	for (unsigned i = 0; i < RP_SECTION_COUNT; i++)
		print_section(out, i, 1u << command);
	print_long_choices(out, 1u << command);
	fputc('\n', out);
	wrap(out,
	     command == RP_COMMAND_DOCTOR   ? doctor_statuses
	     : command == RP_COMMAND_REPORT ? report_statuses
	     : command == RP_COMMAND_DIFF   ? diff_statuses
					    : statuses,
	     0, 0);
}
