// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The dynamic loader's search, done on files. An object is looked for in this order: DT_RPATH of
 * the object that asks and of those that led to it, LD_LIBRARY_PATH, DT_RUNPATH of the object that
 * asks, ld.so.cache, the default folders. The result is in the order in which it would load them.
 */
#include "discover/linked.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discover/elf_internal.h"
#include "discover/file.h"
#include "discover/ld_cache.h"

#define FILES_MAX   1024
#define TEXT_MAX    (2u << 20) /* bytes of all names, paths and folder lists */
#define STRING_MAX  (16u << 10)
#define TRIES_MAX   (64u << 10) /* folders looked into: hostile lists could go on for hours */
#define HEADERS_MAX 256
#define DYNAMIC_MAX 2048 /* entries of one dynamic section */
#define SCRIPTS_MAX 5	 /* the kernel follows as many */
#define SCRIPT_LINE 256	 /* what it reads of the first line */

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#endif

static const char default_folders[] = "/lib/" MULTIARCH ":/usr/lib/" MULTIARCH
				      ":/lib64:/usr/lib64:/lib:/usr/lib";

/* One file. Strings are in the closure's text; NULL where the file has none. */
struct object {
	const struct object *loader; /* what asked for it first */
	const char *asked;	     /* under which name */
	const char *path;	     /* as /proc/PID/maps will show it */
	const char *origin;	     /* $ORIGIN */
	const char *interp;
	const char *soname;
	const char *rpath;
	const char *runpath;
	const char *needed; /* n_needed names, each with its 0 byte */
	size_t n_needed;
	dev_t dev;
	ino_t ino;
};

struct closure {
	struct object objects[FILES_MAX];
	size_t n;
	struct rp_ld_cache *cache;
	const char *lib; /* $LIB */
	size_t tries;
	size_t used;
	char text[TEXT_MAX];
};

/* A copy that lives as long as the closure; NULL: no room, and the file does without it. */
static const char *keep(struct closure *c, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = c->text + c->used;

	if (size > TEXT_MAX - c->used)
		return NULL;
	c->used += size;
	return memcpy(copy, text, size);
}

static const char *keep_string(struct closure *c, const struct rp_elf *elf, uint64_t offset)
{
	char text[STRING_MAX];
	size_t got = rp_elf__read(elf, offset, text, sizeof(text));

	return memchr(text, '\0', got) ? keep(c, text) : NULL;
}

/* ---- what a file says it needs --------------------------------------------------------------- */

struct dynamic {
	const struct rp_elf *elf;
	uint64_t strings; /* address of the string table */
	size_t n;
	Elf64_Dyn entries[DYNAMIC_MAX];
};

static const Elf64_Dyn *dynamic__find(const struct dynamic *d, Elf64_Sxword tag, size_t from)
{
	for (size_t i = from; i < d->n && d->entries[i].d_tag != DT_NULL; i++)
		if (d->entries[i].d_tag == tag)
			return &d->entries[i];
	return NULL;
}

static const char *dynamic__string(const struct dynamic *d, const Elf64_Dyn *entry,
				   struct closure *c)
{
	uint64_t offset;

	if (!entry || entry->d_un.d_val > UINT64_MAX - d->strings ||
	    rp_elf__data_offset(d->elf, d->strings + entry->d_un.d_val, &offset))
		return NULL;
	return keep_string(c, d->elf, offset);
}

static void read_dynamic(struct closure *c, struct object *o, const struct rp_elf *elf,
			 const Elf64_Phdr *ph)
{
	struct dynamic d = {.elf = elf};
	const Elf64_Dyn *at;
	uint64_t offset;

	if (ph->p_filesz > sizeof(d.entries) || rp_elf__data_offset(elf, ph->p_vaddr, &offset))
		return;
	d.n = rp_elf__read(elf, offset, d.entries, ph->p_filesz) / sizeof(d.entries[0]);
	at = dynamic__find(&d, DT_STRTAB, 0);
	if (!at)
		return;
	d.strings = at->d_un.d_ptr;
	o->soname = dynamic__string(&d, dynamic__find(&d, DT_SONAME, 0), c);
	o->runpath = dynamic__string(&d, dynamic__find(&d, DT_RUNPATH, 0), c);
	if (!o->runpath)
		o->rpath = dynamic__string(&d, dynamic__find(&d, DT_RPATH, 0), c);
	o->needed = c->text + c->used;
	for (size_t i = 0; (at = dynamic__find(&d, DT_NEEDED, i)); i = at - d.entries + 1)
		o->n_needed += dynamic__string(&d, at, c) != NULL;
}

static void read_headers(struct closure *c, struct object *o, const struct rp_elf *elf)
{
	Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr ehdr;
	size_t n;

	if (rp_elf__read(elf, 0, &ehdr, sizeof(ehdr)) < sizeof(ehdr))
		return;
	n = ehdr.e_phnum < HEADERS_MAX ? ehdr.e_phnum : HEADERS_MAX;
	n = rp_elf__read(elf, ehdr.e_phoff, headers, n * sizeof(headers[0])) / sizeof(headers[0]);
	for (size_t i = 0; i < n; i++)
		if (headers[i].p_type == PT_INTERP)
			o->interp = keep_string(c, elf, headers[i].p_offset);
		else if (headers[i].p_type == PT_DYNAMIC && !o->needed)
			read_dynamic(c, o, elf, &headers[i]);
}

/* ---- adding a file --------------------------------------------------------------------------- */

static const char *keep_path(struct closure *c, int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len <= 0)
		return NULL;
	path[len] = '\0';
	return keep(c, path);
}

static const char *keep_folder(struct closure *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	if (!slash)
		return keep(c, ".");
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	return keep(c, folder);
}

static const struct object *object_by_id(const struct closure *c, const struct stat *st)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->objects[i].ino == st->st_ino && c->objects[i].dev == st->st_dev)
			return &c->objects[i];
	return NULL;
}

/* Add the file at a path unless it is there already; NULL: not one that could be loaded. */
static const struct object *add_file(struct closure *c, const char *path, const char *asked,
				     const struct object *loader)
{
	const struct object *known;
	struct object *o = NULL;
	struct rp_elf *elf;
	struct stat st;
	int fd;

	fd = rp_file__open_regular(path, &st);
	if (fd < 0)
		return NULL;
	known = object_by_id(c, &st);
	if (known || c->n == FILES_MAX || rp_elf__open_bare(fd, path, &elf, NULL))
		goto out;
	o = &c->objects[c->n];
	*o = (struct object){.loader = loader, .asked = asked, .dev = st.st_dev, .ino = st.st_ino};
	o->path = keep_path(c, fd);
	/* The kernel tells the loader where the program is, without links; a library is where it
	 * was found. */
	o->origin = o->path ? keep_folder(c, loader ? path : o->path) : NULL;
	if (o->origin) {
		read_headers(c, o, elf);
		known = o;
		c->n++;
	}
	rp_elf__free(elf);
out:
	close(fd);
	return known;
}

/* ---- the search ------------------------------------------------------------------------------ */

/* The value of the token after a '$', and its length; NULL: one that is not known here. */
static const char *token(const struct closure *c, const struct object *owner, const char *text,
			 size_t *len)
{
	static const char alnum[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	bool braces = text[0] == '{';
	const char *name = text + braces;
	size_t n = strspn(name, alnum);

	if (braces && name[n] != '}')
		return NULL;
	*len = n + 2 * braces;
	if (n == strlen("ORIGIN") && !memcmp(name, "ORIGIN", n))
		return owner->origin;
	if (n == strlen("LIB") && !memcmp(name, "LIB", n))
		return c->lib;
	return NULL;
}

/* A folder or a name with its tokens replaced; false: too long or with one that is not known. */
static bool expand(const struct closure *c, const struct object *owner, const char *text,
		   size_t len, char out[PATH_MAX])
{
	const char *end = text + len;
	size_t used = 0;

	while (text < end) {
		const char *part = text;
		size_t part_len = 1, token_len = 0;

		if (*text++ == '$') {
			part = token(c, owner, text, &token_len);
			if (!part)
				return false;
			part_len = strlen(part);
			text += token_len;
		}
		if (part_len >= PATH_MAX - used)
			return false;
		memcpy(out + used, part, part_len);
		used += part_len;
	}
	out[used] = '\0';
	return true;
}

/* Look for a name in a list of folders; list may be NULL. The owner is whose $ORIGIN it means. */
static const struct object *find_in(struct closure *c, const char *list, const char *separators,
				    const struct object *owner, const char *name,
				    const struct object *loader)
{
	char folder[PATH_MAX], path[PATH_MAX];
	const struct object *found = NULL;
	size_t len;

	if (!list || !list[0])
		return NULL;
	for (; !found && c->tries < TRIES_MAX; list += len + 1) {
		len = strcspn(list, separators);
		c->tries++;
		if (expand(c, owner, list, len, folder) &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s", len ? folder : ".", name) <
			    sizeof(path))
			found = add_file(c, path, name, loader);
		if (!list[len])
			break;
	}
	return found;
}

static const struct object *find_in_cache(struct closure *c, const char *name,
					  const struct object *loader)
{
	const struct object *found = NULL;
	const char *path;
	size_t pos = 0;

	while (!found && c->tries < TRIES_MAX && (path = rp_ld_cache__find(c->cache, name, &pos))) {
		c->tries++;
		found = add_file(c, path, name, loader);
	}
	return found;
}

static bool is_known(const struct closure *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct object *o = &c->objects[i];

		if ((o->asked && !strcmp(o->asked, name)) ||
		    (o->soname && !strcmp(o->soname, name)))
			return true;
	}
	return false;
}

/* Find what a loaded object asks for by name, and add it. */
static void add_needed(struct closure *c, const char *name, const struct object *loader)
{
	const struct object *found = NULL;
	char path[PATH_MAX];

	if (!name[0] || c->n == FILES_MAX || c->tries++ >= TRIES_MAX || is_known(c, name))
		return;
	if (strchr(name, '/')) {
		if (expand(c, loader, name, strlen(name), path))
			add_file(c, path, name, loader);
		return;
	}
	if (!loader->runpath)
		for (const struct object *o = loader; !found && o; o = o->loader)
			found = find_in(c, o->rpath, ":", o, name, loader);
	if (!found)
		found = find_in(c, getenv("LD_LIBRARY_PATH"), ":;", &c->objects[0], name, loader);
	if (!found)
		found = find_in(c, loader->runpath, ":", loader, name, loader);
	if (!found)
		found = find_in_cache(c, name, loader);
	if (!found)
		find_in(c, default_folders, ":", loader, name, loader);
}

static void add_preloaded(struct closure *c)
{
	const char *list = getenv("LD_PRELOAD");
	char name[PATH_MAX];
	const char *kept;

	while (list && *list) {
		size_t len = strcspn(list, " :");

		if (len && len < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)len, list);
			kept = keep(c, name);
			if (kept)
				add_needed(c, kept, &c->objects[0]);
		}
		list += len + (list[len] != '\0');
	}
}

/* ---- the program ----------------------------------------------------------------------------- */

/* The interpreter that a script's first line names, as the kernel reads it; false: no script. */
static bool read_script(const char *path, char interp[SCRIPT_LINE])
{
	char line[SCRIPT_LINE + 1];
	size_t got, start, len;
	int fd;

	fd = rp_file__open_regular(path, NULL);
	if (fd < 0)
		return false;
	got = rp_file__read(fd, 0, line, SCRIPT_LINE);
	close(fd);
	line[got] = '\0';
	if (line[0] != '#' || line[1] != '!')
		return false;
	start = 2 + strspn(line + 2, " \t");
	len = strcspn(line + start, " \t\n");
	if (!len || start + len == SCRIPT_LINE)
		return false;
	snprintf(interp, SCRIPT_LINE, "%.*s", (int)len, line + start);
	return true;
}

static const struct object *add_program(struct closure *c, const char *path)
{
	char interp[2][SCRIPT_LINE];

	for (unsigned i = 0; i < SCRIPTS_MAX && read_script(path, interp[i % 2]); i++)
		path = interp[i % 2];
	return add_file(c, path, NULL, NULL);
}

/* $LIB is fixed when the loader is built, like the folder it is installed in: its last part. */
static const char *lib_of(const char *folder)
{
	const char *lib = NULL;

	for (const char *at = folder; (at = strstr(at, "/lib")); at++)
		lib = at + 1;
	return lib;
}

static void follow(struct closure *c, const char *path)
{
	const struct object *exe = add_program(c, path), *interp;
	const char *folder;

	/* Without an interpreter nobody loads anything: a static program. */
	if (!exe || !exe->interp)
		return;
	interp = add_file(c, exe->interp, exe->interp, exe);
	folder = interp ? keep_folder(c, interp->path) : NULL;
	if (!folder)
		return;
	c->lib = lib_of(folder);
	add_preloaded(c);
	for (size_t i = 0; i < c->n; i++) {
		const struct object *o = &c->objects[i];
		const char *name = o->needed;

		for (size_t k = 0; k < o->n_needed; k++, name += strlen(name) + 1)
			add_needed(c, name, o);
	}
}

static int take(const struct closure *c, struct rp_linked *out)
{
	if (!c->n)
		return 0;
	out->items = calloc(c->n, sizeof(*out->items));
	if (!out->items)
		return -ENOMEM;
	for (; out->n < c->n; out->n++) {
		out->items[out->n].path = strdup(c->objects[out->n].path);
		if (!out->items[out->n].path)
			return -ENOMEM;
		out->items[out->n].is_exe = !out->n;
	}
	return 0;
}

int rp_linked__of_command(const char *path, struct rp_linked *out)
{
	struct closure *c = calloc(1, sizeof(*c));
	int ret;

	memset(out, 0, sizeof(*out));
	if (!c)
		return -ENOMEM;
	/* Without a cache there still are the folders. */
	rp_ld_cache__open(RP_LD_CACHE_PATH, &c->cache);
	follow(c, path);
	ret = take(c, out);
	if (ret)
		rp_linked__free(out);
	rp_ld_cache__free(c->cache);
	free(c);
	return ret;
}

void rp_linked__free(struct rp_linked *linked)
{
	for (size_t i = 0; i < linked->n; i++)
		free(linked->items[i].path);
	free(linked->items);
	memset(linked, 0, sizeof(*linked));
}
