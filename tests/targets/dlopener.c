/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * dlopener N: loads plugin.so, from its own folder, after it was released; says "loaded", waits
 * for one more byte, then runs its own and the plugin's function and marker N times each, and hands
 * N things over: take_up is its own, let_go the plugin's. With
 * "end" before N a thread that began before it loaded them ends host_marker first, without a begin.
 *
 * dlopener from FILE N: loads a copy of that plugin, runs its function N times, and ends.
 *
 * dlopener again N: has it loaded from the start; runs each function and unloads it and loads it
 * again, N times.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

REGION_FN(host_work)
{
	RPTRACE_BEGIN(host_marker);
	KEEP();
	RPTRACE_END(host_marker);
}

NO_CLONES void take_up(unsigned long id);
void take_up(unsigned long id)
{
	(void)id;
	KEEP();
}

static char path[4200];
static void *plugin;
static void (*plug_work)(void), (*plug_marked)(void), (*let_go)(unsigned long id);

static void load(void)
{
	plugin = dlopen(path, RTLD_NOW);
	if (!plugin) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	*(void **)&plug_work = dlsym(plugin, "plug_work");
	*(void **)&plug_marked = dlsym(plugin, "plug_marked");
	*(void **)&let_go = dlsym(plugin, "let_go");
	if (!plug_work || !plug_marked || !let_go)
		exit(1);
}

/* Loads and waits; 0: all went well. */
static int load_and_wait(void)
{
	char byte;

	load();
	say_code(plug_work);
	say_code(plug_marked);
	say_code(take_up);
	say_code(let_go);
	say("loaded");
	return read(STDIN_FILENO, &byte, 1) == 1 ? 0 : 1;
}

static sem_t loaded;

static void *end(void *unused)
{
	(void)unused;
	sem_wait(&loaded);
	RPTRACE_END(host_marker);
	return NULL;
}

static int load_beside_thread(void)
{
	pthread_t thread;
	int rc;

	if (sem_init(&loaded, 0, 0) || pthread_create(&thread, NULL, end, NULL))
		return 1;
	rc = load_and_wait();
	sem_post(&loaded);
	return pthread_join(thread, NULL) || rc;
}

static void again(unsigned long n)
{
	load();
	RPT_WAIT();
	for (unsigned long i = 0; i < n; i++) {
		host_work();
		plug_work();
		if (dlclose(plugin) || dlopen(path, RTLD_NOW | RTLD_NOLOAD))
			exit(2);
		load();
	}
	expect("host_work", n);
	expect("plug_work", n);
}

int main(int argc, char **argv)
{
	unsigned long n = target_number(argc, argv, argc - 1, 0);
	char copy[4096];

	snprintf(copy, sizeof(copy), "%s", argv[0]);
	snprintf(path, sizeof(path), "%s/plugin.so", dirname(copy));
	if (argc > 3 && !strcmp(argv[1], "from")) {
		snprintf(path, sizeof(path), "%s", argv[2]);
		load();
		while (n--)
			plug_work();
		return 0;
	}
	if (argc > 2 && !strcmp(argv[1], "again")) {
		again(n);
		return 0;
	}
	RPT_WAIT();
	if (argc > 2 ? load_beside_thread() : load_and_wait())
		return 1;
	for (unsigned long i = 0; i < n; i++) {
		host_work();
		plug_work();
		plug_marked();
		take_up(i);
		let_go(i);
	}
	return 0;
}
