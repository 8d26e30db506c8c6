// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "run/opt_in.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *file;   /* globs: what the object is called, */
	const char *region; /* and what its regions are */
	const char *silent;
} kinds[] = {
	{"libjvm.so", "@(method|monitor*)",
	 "the probes of Java methods and monitors are silent: start it as java "
	 "-XX:+ExtendedDTraceProbes"},
	{"@(php*|libphp*|mod_php*)", "@(function|execute|compile*)",
	 "the probes of PHP functions are silent: start it with USE_ZEND_DTRACE=1 in its "
	 "environment"},
	{"@(ruby*|libruby*)", "@(method|cmethod)",
	 "the probes of Ruby methods are silent while no TracePoint is enabled: "
	 "TracePoint.new(:call, :return) { }.enable in the program does that"},
};
const size_t rp_opt_in__kinds = sizeof(kinds) / sizeof(kinds[0]);

static const struct {
	const char *file, *provider, *lacks;
} builds[] = {
	{"python*", "python", "this Python is built without --with-dtrace"},
	{"php*", "php", "this PHP is built without --enable-dtrace"},
	{"ruby*", "ruby", "this Ruby is built without --enable-dtrace"},
	{"node*", "node", "this Node.js is built without probes, as all are from version 19 on"},
};

/* By a file that is mapped, be it the program or its runtime. */
static const struct {
	const char *file, *cure;
	const char *behind_pid; /* of a command for a process that runs; NULL: it starts one */
} compilers[] = {
	{"@(node|nodejs|libnode.so*)",
	 "node --perf-basic-prof --interpreted-frames-native-stack ...", NULL},
	{"libjvm.so", "jcmd ", " Compiler.perfmap"},
	{"@(php*|libphp*|mod_php*)", "php -d opcache.jit_debug=16 ...", NULL},
	{"libcoreclr.so", "DOTNET_PerfMapEnabled=1 dotnet ...", NULL},
};

static bool is_called(const char *glob, const char *path)
{
	const char *slash = strrchr(path, '/');

	return !fnmatch(glob, slash ? slash + 1 : path, FNM_EXTMATCH);
}

static bool was_hit(const struct rp_counts *counts, uint32_t region)
{
	for (size_t i = 0; i < counts->n_nodes; i++) {
		const struct rp_node_counts *node = &counts->nodes[i];

		if (node->node.region == region && node->figures.entries)
			return true;
	}
	return false;
}

const char *rp_opt_in__silent(size_t kind, const struct rp_counts *counts)
{
	bool found = false;

	for (uint32_t i = 0; i < counts->names.n_regions; i++) {
		const struct rp_region_name *region = &counts->names.regions[i];

		if (region->kind != RP_KIND_USDT || !is_called(kinds[kind].file, region->object) ||
		    fnmatch(kinds[kind].region, region->name, FNM_EXTMATCH))
			continue;
		if (was_hit(counts, i + 1))
			return NULL;
		found = true;
	}
	return found ? kinds[kind].silent : NULL;
}

const char *rp_opt_in__build(const char *path, const char **provider)
{
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		*provider = builds[i].provider;
		if (is_called(builds[i].file, path))
			return builds[i].lacks;
	}
	return NULL;
}

bool rp_opt_in__compiled(const struct rp_mapped_list *mapped, pid_t pid, char *cure, size_t size)
{
	size_t n = sizeof(compilers) / sizeof(compilers[0]), k = n;

	for (size_t i = 0; i < mapped->n && k == n; i++)
		for (k = 0; k < n && !is_called(compilers[k].file, mapped->items[i].path); k++)
			;
	if (k == n)
		return false;
	if (compilers[k].behind_pid)
		snprintf(cure, size, "%s%d%s", compilers[k].cure, (int)pid,
			 compilers[k].behind_pid);
	else
		snprintf(cure, size, "%s", compilers[k].cure);
	return true;
}
