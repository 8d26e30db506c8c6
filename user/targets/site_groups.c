// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Site groups: the sites of an object that are attached at once. A site group is never changed. One
 * that has sites which are wanted no more is replaced by what is left of it; its links are kept for
 * as long as frames of the regions that went are open, so that these are timed to their end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discover/file.h"
#include "targets/internal.h"
#include "util/array.h"

/* How often it is looked whether the frames of old links are closed by now. */
#define RETIRE_AGAIN_S 0.02
/*
 * Old links are detached by then, as their probes cost; frames that are still open count as
 * unwound.
 */
#define RETIRE_LATEST_S 5.0
/*
 * A swap ends when the kernel has let go of the old links, as no hit is in their programs then. A
 * long call may hold that up (attach/detach.h), while a hit takes some microseconds: so the swap
 * ends after this time in any case.
 */
#define DETACH_LATEST_S 0.5

/* ---- which sites are wanted ------------------------------------------------------------------ */

/* The ends of blocks belong to no region: they are wanted with any block of the object. */
static bool wants_scopes(const struct rp_targets *t, uint32_t object)
{
	size_t n;
	const struct rp_site *sites = rp_plan__sites(t->plan, &n);

	for (size_t i = 0; i < n; i++)
		if (sites[i].object == object && sites[i].role == RP_ROLE_SCOPE_BEGIN &&
		    rp_plan__wants_site(t->plan, &sites[i]))
			return true;
	return false;
}

/* Frames of the region are open that only its old links see end. */
static bool is_retiring(const struct rp_targets *t, uint32_t region)
{
	for (const struct rp_retired *r = t->retired; r; r = r->next)
		for (size_t i = 0; i < r->swap.n_left_out; i++)
			if (r->left_out[i] == region)
				return true;
	return false;
}

static bool is_wanted(const struct rp_targets *t, const struct rp_site *site, bool scopes)
{
	return rp_plan__wants_site(t->plan, site) && (scopes || site->role != RP_ROLE_SCOPE_END);
}

/*
 * Does the site stay when its group is replaced? Not a return probe whose calls are timed by RET
 * sites by now: in the next generation it would have the kernel await each return once more.
 */
static bool keeps(const struct rp_targets *t, const struct rp_site_group *group, size_t i,
		  bool scopes)
{
	size_t n;

	return is_wanted(t, &group->sites[i], scopes) &&
	       !rp_plan__sites(t->plan, &n)[group->planned[i]].superseded;
}

/* ---- making site groups ---------------------------------------------------------------------- */

static void site_group__free(struct rp_targets *t, struct rp_site_group *group)
{
	if (!group)
		return;
	rp_targets__unlink(t, group->links);
	free(group->sites);
	free(group->planned);
	free(group);
}

static void site_group__add(struct rp_site_group *group, const struct rp_site *site, size_t planned)
{
	group->sites[group->n] = *site;
	group->planned[group->n++] = planned;
}

static struct rp_site_group *site_group__new(struct rp_targets *t, size_t object, size_t room)
{
	struct rp_site_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	group->object = object;
	group->sites = calloc(room + 1, sizeof(*group->sites));
	group->planned = calloc(room + 1, sizeof(*group->planned));
	if (group->sites && group->planned)
		return group;
	site_group__free(t, group);
	return NULL;
}

uint64_t rp_site_group__code(struct rp_targets *t, const struct rp_site_group *group, int fd)
{
	uint64_t *places = calloc(group->n + 1, sizeof(*places)), hash = RP_FILE_HASH_START;

	for (size_t i = 0; places && i < group->n; i++)
		places[i] = group->sites[i].offset;
	if (!places || rp_helper__hash_code(t->helper, fd, places, group->n, &hash))
		hash = 0;
	free(places);
	return hash;
}

static int by_region(const void *a_, const void *b_, void *sites_)
{
	const struct rp_site *sites = sites_, *a = &sites[*(size_t *)a_],
			     *b = &sites[*(size_t *)b_];

	return (a->region > b->region) - (a->region < b->region);
}

/*
 * Linked in this order: RET sites after the return probes of the same calls (call_enter in bpf/).
 */
static int add_site_group(struct rp_targets *t, struct rp_object *o, const size_t *planned,
			  size_t n)
{
	size_t all;
	const struct rp_site *sites = rp_plan__sites(t->plan, &all);
	struct rp_site_group *group, **last = &o->site_groups;

	group = site_group__new(t, o - t->objects, n);
	if (!group)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		site_group__add(group, &sites[planned[i]], planned[i]);
		t->in_group[planned[i]] = true;
	}
	if (t->session)
		group->code = rp_site_group__code(t, group, o->fd);
	while (*last)
		last = &(*last)->next;
	*last = group;
	return 0;
}

/*
 * By perf events each site has a link of its own, of which to close one takes long: there every
 * region makes a site group.
 */
static int add_site_groups(struct rp_targets *t, struct rp_object *o, size_t *planned, size_t n)
{
	size_t end;
	const struct rp_site *sites = rp_plan__sites(t->plan, &end);
	int rc = 0;

	if (t->link_per_site)
		qsort_r(planned, n, sizeof(*planned), by_region, (void *)sites);
	for (size_t first = 0; !rc && first < n; first = end) {
		end = n;
		if (t->link_per_site)
			for (end = first + 1; end < n; end++)
				if (sites[planned[end]].region != sites[planned[first]].region)
					break;
		rc = add_site_group(t, o, planned + first, end - first);
	}
	return rc;
}

/* Room to note of every site whether it is in a site group. */
static int grow_in_group(struct rp_targets *t, size_t n)
{
	if (n <= t->n_in_group)
		return 0;
	if (rp_array__fit(&t->in_group, n, sizeof(*t->in_group)))
		return -ENOMEM;
	memset(t->in_group + t->n_in_group, 0, (n - t->n_in_group) * sizeof(*t->in_group));
	t->n_in_group = n;
	return 0;
}

int rp_object__gather(struct rp_targets *t, struct rp_object *o, size_t from, struct rp_err *err)
{
	uint32_t number = o - t->objects;
	bool scopes = wants_scopes(t, number);
	size_t all, *fresh, n = 0;
	const struct rp_site *sites = rp_plan__sites(t->plan, &all);
	int rc = grow_in_group(t, all);

	if (o->fd < 0)
		return 0;
	fresh = calloc(all - from + 1, sizeof(*fresh));
	if (!fresh)
		rc = -ENOMEM;
	for (size_t i = from; !rc && i < all; i++) {
		if (sites[i].object != number || t->in_group[i] || sites[i].superseded ||
		    !is_wanted(t, &sites[i], scopes))
			continue;
		if (is_retiring(t, sites[i].region)) {
			t->waiting = true;
			continue;
		}
		fresh[n++] = i;
	}
	if (!rc && n)
		rc = add_site_groups(t, o, fresh, n);
	free(fresh);
	return rc ? rp_err__no_memory(err) : 0;
}

/* ---- retiring links -------------------------------------------------------------------------- */

static void retired__free(struct rp_retired *r)
{
	if (!r)
		return;
	free(r->left_out);
	free(r->swap.old);
	free(r);
}

static struct rp_retired *retired__new(const struct rp_site_group *group, size_t n_links)
{
	struct rp_retired *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->object = group->object;
	r->left_out = calloc(group->n, sizeof(*r->left_out));
	r->swap.left_out = r->left_out;
	r->swap.old = calloc(n_links + 1, sizeof(struct rp_links *));
	if (r->left_out && r->swap.old)
		return r;
	retired__free(r);
	return NULL;
}

static void end_swap(struct rp_targets *t, struct rp_retired **at)
{
	struct rp_retired *r = *at;

	*at = r->next;
	t->ops->end_swap(t->session, &r->swap);
	retired__free(r);
}

static bool is_swapping(const struct rp_targets *t, const struct rp_site_group *group)
{
	for (const struct rp_retired *r = t->retired; r; r = r->next)
		if (r->rest == group)
			return true;
	return false;
}

static bool has_open_frames(const struct rp_targets *t, const struct rp_retired *r)
{
	return t->ops->any_open(t->session, r->left_out, r->swap.n_left_out);
}

static void detach_old(struct rp_targets *t, struct rp_retired *r, double now)
{
	t->ops->detach_old_generation(t->session, &r->swap);
	r->detaching = true;
	r->latest = now + DETACH_LATEST_S;
}

double rp_targets__end_swaps(struct rp_targets *t, double now)
{
	struct rp_retired **at = &t->retired;
	double next = 0;

	while (*at) {
		struct rp_retired *r = *at;

		if (r->due <= now) {
			bool late = now >= r->latest;

			if (r->detaching &&
			    (late || !t->ops->detaches_old_generation(t->session, &r->swap))) {
				end_swap(t, at);
				continue;
			}
			if (!r->detaching && (late || !has_open_frames(t, r)))
				detach_old(t, r, now);
			r->due = now + RETIRE_AGAIN_S;
		}
		if (!next || r->due < next)
			next = r->due;
		at = &r->next;
	}
	return next;
}

static void unlink_local(struct rp_targets *t, struct rp_process *p, size_t object)
{
	for (struct rp_local **at = &p->locals, *l; (l = *at);) {
		if (l->site_group->object != object) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		rp_targets__unlink(t, l->links);
		free(l);
	}
}

void rp_object__unlink(struct rp_targets *t, struct rp_object *o)
{
	struct rp_retired **at = &t->retired;

	while (*at)
		if ((*at)->object == (size_t)(o - t->objects))
			end_swap(t, at);
		else
			at = &(*at)->next;
	for (struct rp_process *p = t->processes; p; p = p->hh.next)
		unlink_local(t, p, (size_t)(o - t->objects));
	for (struct rp_site_group *group = o->site_groups; group; group = group->next) {
		rp_targets__unlink(t, group->links);
		group->links = NULL;
		group->started = false;
	}
	o->since = 0;
}

void rp_object__drop_site_groups(struct rp_targets *t, struct rp_object *o)
{
	rp_object__unlink(t, o);
	while (o->site_groups) {
		struct rp_site_group *group = o->site_groups;

		o->site_groups = group->next;
		for (size_t i = 0; i < group->n; i++)
			t->in_group[group->planned[i]] = false;
		site_group__free(t, group);
	}
}

/* ---- leaving out ----------------------------------------------------------------------------- */

/* What is left of a site group, without links; what is not goes into r. */
static struct rp_site_group *site_group__rest(struct rp_targets *t,
					      const struct rp_site_group *group, bool scopes,
					      struct rp_retired *r)
{
	struct rp_site_group *rest = site_group__new(t, group->object, group->n);
	size_t *n = &r->swap.n_left_out;

	if (!rest)
		return NULL;
	for (size_t i = 0; i < group->n; i++) {
		uint32_t region = group->sites[i].region;

		if (keeps(t, group, i, scopes))
			site_group__add(rest, &group->sites[i], group->planned[i]);
		else if (region != RP_REGION_NONE && (!*n || r->left_out[*n - 1] != region))
			r->left_out[(*n)++] = region;
	}
	return rest;
}

/* Attach what is left of a site group wherever the site group is, beside it. */
static int link_rest(struct rp_targets *t, const struct rp_object *o,
		     const struct rp_site_group *group, struct rp_site_group *rest,
		     struct rp_err *err)
{
	int rc = 0;

	if (!rest->n)
		return 0;
	if (group->links)
		rc = rp_object__link(t, o, rest, 0, group->links, &rest->links, err);
	for (struct rp_process *p = t->processes; p && !rc; p = p->hh.next)
		for (struct rp_local *l = p->locals; l && !rc; l = l->next) {
			if (l->site_group != group)
				continue;
			rc = rp_object__link(t, o, rest, p->pid, l->links, &l->fresh, err);
			if (rc == -ESRCH)
				rc = 0; /* it has ended meanwhile */
		}
	return rc;
}

/* The links of a site group, everywhere; `links` has room for all of them, NULL: count them. */
static size_t collect_links(const struct rp_targets *t, const struct rp_site_group *group,
			    struct rp_links **links)
{
	size_t n = 0;

	if (group->links && links)
		links[n] = group->links;
	n += group->links != NULL;
	for (const struct rp_process *p = t->processes; p; p = p->hh.next)
		for (const struct rp_local *l = p->locals; l; l = l->next) {
			if (l->site_group != group || !l->links)
				continue;
			if (links)
				links[n] = l->links;
			n++;
		}
	return n;
}

static void forget_fresh(struct rp_targets *t)
{
	for (struct rp_process *p = t->processes; p; p = p->hh.next)
		for (struct rp_local *l = p->locals; l; l = l->next) {
			rp_targets__unlink(t, l->fresh);
			l->fresh = NULL;
		}
}

/* The links of what is left take the place of those of the whole site group. */
static void swap_links(struct rp_targets *t, struct rp_site_group *group,
		       struct rp_site_group *rest)
{
	group->links = NULL;
	for (struct rp_process *p = t->processes; p; p = p->hh.next)
		for (struct rp_local **at = &p->locals, *l; (l = *at);) {
			if (l->site_group != group) {
				at = &l->next;
				continue;
			}
			if (!rest->n) {
				*at = l->next;
				free(l);
				continue;
			}
			l->links = l->fresh;
			l->fresh = NULL;
			l->site_group = rest;
			at = &l->next;
		}
}

static void retire(struct rp_targets *t, struct rp_retired *r)
{
	double now = rp_targets__now();

	r->due = now + RETIRE_AGAIN_S;
	r->latest = now + RETIRE_LATEST_S;
	r->next = t->retired;
	t->retired = r;
}

static int replace(struct rp_targets *t, struct rp_object *o, struct rp_site_group **at,
		   bool scopes, struct rp_err *err)
{
	struct rp_site_group *group = *at, *rest = NULL;
	struct rp_retired *r = retired__new(group, collect_links(t, group, NULL));
	int rc;

	if (r) {
		r->swap.n = collect_links(t, group, r->swap.old);
		rest = site_group__rest(t, group, scopes, r);
	}
	rc = rest ? link_rest(t, o, group, rest, err) : rp_err__no_memory(err);
	if (!rc && t->ops->swap_generation(t->session, &r->swap))
		rc = rp_err__no_memory(err);
	if (rc) {
		forget_fresh(t);
		site_group__free(t, rest);
		retired__free(r);
		return rc;
	}
	swap_links(t, group, rest);
	rest->started = true;
	rest->code = rp_site_group__code(t, rest, o->fd);
	r->rest = rest->n ? rest : NULL;
	retire(t, r);
	for (size_t i = 0; i < group->n; i++)
		t->in_group[group->planned[i]] = is_wanted(t, &group->sites[i], scopes);
	rest->next = group->next;
	*at = rest->n ? rest : rest->next;
	if (!rest->n)
		site_group__free(t, rest);
	site_group__free(t, group);
	return 0;
}

static bool has_unwanted(const struct rp_targets *t, const struct rp_site_group *group, bool scopes)
{
	for (size_t i = 0; i < group->n; i++)
		if (!is_wanted(t, &group->sites[i], scopes))
			return true;
	return false;
}

/* A site group in a swap has to wait for its end. */
static int prune(struct rp_targets *t, struct rp_object *o, struct rp_err *err)
{
	bool scopes = wants_scopes(t, o - t->objects);
	struct rp_site_group **at = &o->site_groups;

	while (*at) {
		struct rp_site_group *group = *at;
		bool unwanted = has_unwanted(t, group, scopes), swapping = is_swapping(t, group);
		int rc = 0;

		t->unpruned |= unwanted && swapping;
		if (!unwanted || swapping)
			at = &group->next;
		else
			rc = replace(t, o, at, scopes, err);
		if (rc)
			return rc;
	}
	return 0;
}

int rp_targets__prune(struct rp_targets *t, struct rp_err *err)
{
	int rc = 0;

	t->unpruned = false;
	for (size_t i = 0; !rc && i < t->n_objects; i++)
		if (t->objects[i].site_groups)
			rc = prune(t, &t->objects[i], err);
	t->unpruned |= rc != 0;
	return rc;
}

/* What has gone in some object by then comes back as soon as its old links are there no more. */
static void take_back(struct rp_targets *t, const uint32_t *regions, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		rp_plan__leave_out(t->plan, regions[i], false);
		t->waiting |= is_retiring(t, regions[i]);
	}
}

/*
 * What is left of a group has plain return probes (belongs() in attach/), which the kernel takes
 * whatever stack the thread is on.
 */
static void avoid_return_probes(struct rp_targets *t)
{
	bool any = false;

	for (size_t i = 0; i < t->n_objects; i++) {
		struct rp_object *o = &t->objects[i];
		bool scopes = wants_scopes(t, i);

		for (const struct rp_site_group *group = o->site_groups; group; group = group->next)
			if (has_unwanted(t, group, scopes))
				any |= rp_object__avoid_return_probes(t, o);
	}
	if (any)
		rp_targets__add_ret_sites(t);
}

int rp_targets__leave_out(struct rp_targets *t, const uint32_t *regions, size_t n,
			  struct rp_err *err)
{
	uint32_t *changed = calloc(n + 1, sizeof(*changed));
	size_t n_changed = 0;
	int rc;

	if (!changed)
		return rp_err__no_memory(err);
	for (size_t i = 0; i < n; i++)
		if (rp_plan__leave_out(t->plan, regions[i], true))
			changed[n_changed++] = regions[i];
	avoid_return_probes(t);
	rc = rp_targets__prune(t, err);
	if (rc)
		take_back(t, changed, n_changed);
	free(changed);
	return rc;
}
