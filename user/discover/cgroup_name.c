// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Whose a control group is, told by its path: what docker, podman, kubernetes and systemd make. */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "discover/cgroups.h"

#define PARTS_MAX	  64 /* what is deeper is not looked at */
#define CONTAINER_ID_LEN  64
#define CONTAINER_ID_SHOW 12 /* as docker ps and crictl ps do */
#define POD_ID_MIN	  32
#define POD_ID_SHOW	  8

/* A path taken apart; without empty parts. */
struct parts {
	char text[PATH_MAX];
	char *at[PARTS_MAX];
	size_t n;
};

/* A name under way. */
struct name {
	char *out;
	size_t size, len;
};

static void __attribute__((format(printf, 2, 3))) add(struct name *name, const char *format, ...)
{
	va_list ap;
	int len;

	if (name->len >= name->size)
		return;
	va_start(ap, format);
	len = vsnprintf(name->out + name->len, name->size - name->len, format, ap);
	va_end(ap);
	name->len += len > 0 ? (size_t)len : 0;
}

static bool split(const char *path, struct parts *parts)
{
	char *save;

	parts->n = 0;
	if (strlen(path) >= sizeof(parts->text))
		return false;
	strcpy(parts->text, path);
	for (char *part = strtok_r(parts->text, "/", &save); part;
	     part = strtok_r(NULL, "/", &save)) {
		if (parts->n == PARTS_MAX)
			return false;
		parts->at[parts->n++] = part;
	}
	return true;
}

/* The text behind a prefix; NULL where it does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) ? NULL : text + len;
}

static bool ends_in(const char *text, const char *suffix)
{
	size_t have = strlen(text), len = strlen(suffix);

	return have > len && !strcmp(text + have - len, suffix);
}

/* What systemd writes as \x2d, among others, in the name of a unit; cut at `suffix`. */
static void add_unit(struct name *name, const char *unit, const char *suffix)
{
	size_t len = strlen(unit) - (ends_in(unit, suffix) ? strlen(suffix) : 0);

	for (size_t i = 0; i < len; i++) {
		unsigned int byte;
		char c = unit[i];

		if (len - i >= 4 && unit[i] == '\\' && unit[i + 1] == 'x' &&
		    isxdigit((unsigned char)unit[i + 2]) && isxdigit((unsigned char)unit[i + 3]) &&
		    sscanf(unit + i + 2, "%2x", &byte) == 1 && byte) {
			c = (char)byte;
			i += 3;
		}
		add(name, "%c", c);
	}
}

/* Parts from `from` on. */
static void add_rest(struct name *name, const struct parts *parts, size_t from)
{
	for (size_t i = from; i < parts->n; i++) {
		add(name, "/");
		add_unit(name, parts->at[i], "");
	}
}

/* ---- containers ---------------------------------------------------------------------------- */

struct container {
	size_t part;
	const char *runtime;
	const char *id;
	const char *role; /* of what is there beside the container; NULL: it is the container */
};

static bool is_container_id(const char *text)
{
	size_t len = strspn(text, "0123456789abcdef");

	return len == CONTAINER_ID_LEN && (!text[len] || !strcmp(text + len, ".scope"));
}

/* The longer prefixes of a runtime come first. */
static const struct {
	const char *prefix, *runtime, *role;
} runtimes[] = {
	{"docker-", "docker", NULL},
	{"libpod-payload-", "podman", NULL},
	{"libpod-conmon-", "podman", "conmon"},
	{"libpod-", "podman", NULL},
	{"cri-containerd-", "containerd", NULL},
	{"nerdctl-", "containerd", NULL},
	{"crio-conmon-", "cri-o", "conmon"},
	{"crio-", "cri-o", NULL},
};

/* A part that is the id of a container alone is told by the part above it. */
static const char *runtime_of_bare(const struct parts *parts, size_t part)
{
	if (part && !strcmp(parts->at[part - 1], "docker"))
		return "docker";
	return "container";
}

static bool is_container(const struct parts *parts, size_t part, struct container *out)
{
	const char *text = parts->at[part];

	*out = (struct container){.part = part, .id = text};
	if (is_container_id(text)) {
		out->runtime = runtime_of_bare(parts, part);
		return true;
	}
	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++) {
		out->id = behind(text, runtimes[i].prefix);
		if (!out->id || !is_container_id(out->id))
			continue;
		out->runtime = runtimes[i].runtime;
		out->role = runtimes[i].role;
		return true;
	}
	return false;
}

/* The id of a pod, in a part like pod8c4b... or kubepods-burstable-pod8c4b..._....slice; NULL. */
static const char *pod_id(const char *part)
{
	const char *id = behind(part, "pod");
	const char *at = strstr(part, "kubepods") ? strstr(part, "-pod") : NULL;

	if (at)
		id = at + strlen("-pod");
	return id && strspn(id, "0123456789abcdef-_") >= POD_ID_MIN ? id : NULL;
}

static const char *find_pod(const struct parts *parts, size_t *part)
{
	for (size_t i = 0; i < parts->n; i++) {
		const char *id = pod_id(parts->at[i]);

		*part = i;
		if (id)
			return id;
	}
	return NULL;
}

static void add_container(struct name *name, const struct parts *parts, const struct container *c,
			  const char *pod)
{
	size_t rest = c->part + 1;

	if (pod)
		add(name, "kubernetes:%.*s/", POD_ID_SHOW, pod);
	else
		add(name, "%s:", c->runtime);
	add(name, "%.*s", CONTAINER_ID_SHOW, c->id);
	if (c->role)
		add(name, "/%s", c->role);
	/* podman puts what runs in the container one down. */
	if (rest < parts->n && !strcmp(c->runtime, "podman") &&
	    !strcmp(parts->at[rest], "container"))
		rest++;
	add_rest(name, parts, rest);
}

static bool name_container(struct name *name, const struct parts *parts)
{
	struct container found;
	size_t part;
	const char *pod = find_pod(parts, &part);

	for (size_t i = 0; i < parts->n; i++)
		if (is_container(parts, i, &found)) {
			add_container(name, parts, &found, pod);
			return true;
		}
	if (!pod)
		return false;
	add(name, "kubernetes:%.*s", POD_ID_SHOW, pod);
	add_rest(name, parts, part + 1);
	return true;
}

/* Containers and virtual machines that have names. */
static bool name_machine(struct name *name, const struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		const char *lxc = behind(parts->at[i], "lxc.payload.");
		const char *machine = behind(parts->at[i], "machine-");

		if (!lxc && i &&
		    (!strcmp(parts->at[i - 1], "lxc") || !strcmp(parts->at[i - 1], "lxc.payload")))
			lxc = parts->at[i];
		if (lxc) {
			add(name, "lxc:%s", lxc);
		} else if (machine && ends_in(machine, ".scope")) {
			add(name, "machine:");
			add_unit(name, machine, ".scope");
		} else {
			continue;
		}
		add_rest(name, parts, i + 1);
		return true;
	}
	return false;
}

/* ---- systemd ------------------------------------------------------------------------------- */

static bool is_unit(const char *part)
{
	return ends_in(part, ".service") || ends_in(part, ".scope") || ends_in(part, ".socket") ||
	       ends_in(part, ".mount") || ends_in(part, ".swap");
}

static bool name_unit(struct name *name, const struct parts *parts)
{
	const char *user = NULL;
	size_t unit = parts->n;

	for (size_t i = 0; i < parts->n; i++) {
		const char *slice = behind(parts->at[i], "user-");

		if (slice && ends_in(slice, ".slice"))
			user = slice;
		if (is_unit(parts->at[i]))
			unit = i;
	}
	if (unit == parts->n) {
		if (!parts->n || !ends_in(parts->at[parts->n - 1], ".slice"))
			return false;
		unit = parts->n - 1;
		user = NULL;
	}
	/* Every user has sessions, and a manager with services, of the same names. */
	if (user)
		add(name, "user:%.*s/", (int)(strlen(user) - strlen(".slice")), user);
	add_unit(name, parts->at[unit], "");
	add_rest(name, parts, unit + 1);
	return true;
}

void rp_cgroup__name(const char *path, char *out, size_t size)
{
	struct name name = {.out = out, .size = size};
	struct parts parts;

	if (split(path, &parts) && (name_container(&name, &parts) || name_machine(&name, &parts) ||
				    name_unit(&name, &parts)))
		return;
	snprintf(out, size, "%s", path);
}
