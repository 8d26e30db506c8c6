/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * dlopener N: loads plugin.so, from its own folder, after it was released; says "loaded", waits
 * for one more byte, then runs its own and the plugin's function and marker N times each.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <stdlib.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

REGION_FN(host_work)
{
	RPTRACE_BEGIN(host_marker);
	KEEP();
	RPTRACE_END(host_marker);
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	void (*plug_work)(void), (*plug_marked)(void);
	char path[4200], copy[4096], byte;
	void *plugin;

	RPT_WAIT();
	snprintf(copy, sizeof(copy), "%s", argv[0]);
	snprintf(path, sizeof(path), "%s/plugin.so", dirname(copy));
	plugin = dlopen(path, RTLD_NOW);
	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	*(void **)&plug_work = dlsym(plugin, "plug_work");
	*(void **)&plug_marked = dlsym(plugin, "plug_marked");
	if (!plug_work || !plug_marked)
		return 1;
	say_code(plug_work);
	say_code(plug_marked);
	say("loaded");
	if (read(STDIN_FILENO, &byte, 1) != 1)
		return 1;
	for (unsigned long i = 0; i < n; i++) {
		host_work();
		plug_work();
		plug_marked();
	}
	return 0;
}
