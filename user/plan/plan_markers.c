// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Markers of include/rptrace.h. Their probes say by provider and name what they are:
 *   rptrace:NAME__begin [label], rptrace:NAME__end	statement pairs
 *   rptrace_scope:NAME__begin key, rptrace_scope:end key	blocks, left by whichever way
 *   rptrace_name:begin name, rptrace_name:end name	regions named at run time
 *   rptrace_span:NAME__begin id, rptrace_span:NAME__end id	spans, which may cross threads
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_internal.h"
#include "plan/usdt_arg.h"

#define STATIC_PROVIDER "rptrace"
#define SCOPE_PROVIDER	"rptrace_scope"
#define NAME_PROVIDER	"rptrace_name"
#define SPAN_PROVIDER	"rptrace_span"

struct markers {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	bool scopes; /* a block of this object is traced: watch the ends of blocks ... */
	bool others; /* ... at which others end, too, that are not */
	bool any;    /* a marker of this object is traced */
};

bool rp_plan__is_marker_provider(const char *provider)
{
	return !strcmp(provider, STATIC_PROVIDER) || !strcmp(provider, SCOPE_PROVIDER) ||
	       !strcmp(provider, NAME_PROVIDER) || !strcmp(provider, SPAN_PROVIDER);
}

/* ---- what a note is ------------------------------------------------------------------------ */

static bool strip(const char *name, const char *suffix, size_t *length)
{
	size_t have = strlen(name), cut = strlen(suffix);

	if (have <= cut || strcmp(name + have - cut, suffix) != 0)
		return false;
	*length = have - cut;
	return true;
}

/* Role of a note, and how much of its name is the region's; false: nothing of ours. */
static bool classify(const struct rp_usdt_note *note, enum rp_role *role, size_t *length)
{
	*length = 0;
	if (!strcmp(note->provider, STATIC_PROVIDER)) {
		*role = RP_ROLE_BEGIN;
		if (strip(note->name, "__begin", length))
			return true;
		*role = RP_ROLE_END;
		return strip(note->name, "__end", length);
	}
	if (!strcmp(note->provider, SPAN_PROVIDER)) {
		*role = RP_ROLE_SPAN_BEGIN;
		if (strip(note->name, "__begin", length))
			return true;
		*role = RP_ROLE_SPAN_END;
		return strip(note->name, "__end", length);
	}
	if (!strcmp(note->provider, SCOPE_PROVIDER)) {
		*role = RP_ROLE_SCOPE_END;
		if (!strcmp(note->name, "end"))
			return true;
		*role = RP_ROLE_SCOPE_BEGIN;
		return strip(note->name, "__begin", length);
	}
	if (strcmp(note->provider, NAME_PROVIDER) != 0)
		return false;
	*role = RP_ROLE_NAME_BEGIN;
	if (!strcmp(note->name, "begin"))
		return true;
	*role = RP_ROLE_NAME_END;
	return !strcmp(note->name, "end");
}

/* ---- what is wanted ------------------------------------------------------------------------ */

static bool is_span(enum rp_role role)
{
	return role == RP_ROLE_SPAN_BEGIN || role == RP_ROLE_SPAN_END;
}

/* "rptrace" stands for all that have names in the notes. */
static bool names_provider(const char *glob, enum rp_role role)
{
	return rp_glob__match_probe(glob, STATIC_PROVIDER) ||
	       rp_glob__match_probe(glob, is_span(role) ? SPAN_PROVIDER : SCOPE_PROVIDER);
}

static bool query_names(const struct rp_usdt_query *query, enum rp_role role, const char *name,
			const char *probe)
{
	return !query->end && query->key < 0 && names_provider(query->provider, role) &&
	       (rp_glob__match_probe(query->begin, name) ||
		(probe && rp_glob__match_probe(query->begin, probe)));
}

static bool wants_marker(const struct markers *m, enum rp_role role, const char *name,
			 const char *probe)
{
	bool wanted = rp_plan__is_default(m->plan);
	struct rp_usdt_query query;

	for (size_t i = m->plan->first_usdt; i < m->plan->n_usdts; i++) {
		struct rp_select_usdt *s = &m->plan->usdts[i];

		if ((rp_select_usdt__plain(s, rp_plan__is_of_target(m->plan, m->object->is_exe),
					   &query) &&
		     query_names(&query, role, name, probe)) ||
		    (rp_select_usdt__of_object(s, m->object->path, &query) &&
		     query_names(&query, role, name, probe)))
			wanted = s->matched = true;
	}
	return wanted;
}

/*
 * Any name may yet be made at run time, but none has an end or an id to be named: a selection with
 * one of them means these names only if it says the probes that they share.
 */
static bool may_name(const struct rp_usdt_query *query)
{
	if (!query->end && query->key < 0)
		return true;
	return rp_glob__match_probe(query->provider, NAME_PROVIDER) &&
	       rp_glob__match_probe(query->begin, "begin") &&
	       (!query->end || rp_glob__match_probe(query->end, "end"));
}

/*
 * Names made at run time are not known here. They are wanted with any marker of the object, or
 * where the selection says the provider in so many words.
 */
static bool wants_names(const struct markers *m)
{
	bool wanted = m->any || rp_plan__is_default(m->plan), has_names = false;
	struct rp_usdt_query query[2];

	for (size_t i = 0; i < m->object->n_notes; i++)
		has_names |= !strcmp(m->object->notes[i].provider, NAME_PROVIDER);
	for (size_t i = m->plan->first_usdt; i < m->plan->n_usdts && has_names; i++) {
		struct rp_select_usdt *s = &m->plan->usdts[i];
		size_t n = rp_select_usdt__plain(
			s, rp_plan__is_of_target(m->plan, m->object->is_exe), &query[0]);

		n += rp_select_usdt__of_object(s, m->object->path, &query[n]);
		while (n--)
			if (!strcmp(query[n].provider, STATIC_PROVIDER) ||
			    rp_glob__match_probe(query[n].provider, NAME_PROVIDER)) {
				wanted = true;
				s->matched |= may_name(&query[n]);
			}
	}
	return wanted;
}

/* ---- sites --------------------------------------------------------------------------------- */

static int add_note(struct markers *m, const struct rp_usdt_note *note, enum rp_role role,
		    const char *name)
{
	static const struct rp_operand value = {.kind = RP_OPERAND_ARG};
	bool keyed = role != RP_ROLE_BEGIN && role != RP_ROLE_END;
	struct rp_declared declared = {.machine = m->object->traits.machine, .args = note->args};
	struct rp_site site;
	struct rp_arg key;
	const char *reason;
	int rc = rp_plan__note_site(m->plan, m->object, note, &site, &reason);

	if (!rc && keyed && rp_usdt_arg__parse(declared.machine, note->args, 0, &key)) {
		rc = -ENOTSUP;
		reason = "its argument cannot be read";
	}
	if (rc == -ENOTSUP)
		return rp_plan__refuse_note(m->plan, m->object, note, reason);
	if (rc)
		return rc;
	site.role = role;
	site.region = RP_REGION_NONE;
	if (role == RP_ROLE_SCOPE_END && m->others)
		site.flags |= RP_SITE_SOME;
	if (keyed)
		rc = rp_plan__set_args(m->plan, &key, 1, &site);
	else if (role == RP_ROLE_BEGIN)
		rc = rp_plan__region_args(m->plan, &declared, &value, &site);
	if (rc)
		return rc;
	if (name) {
		rc = rp_plan__region(m->plan, is_span(role) ? RP_KIND_SPAN : RP_KIND_MARKER,
				     is_span(role) ? SPAN_PROVIDER : STATIC_PROVIDER, name,
				     m->object->path, &site.region);
		if (rc || site.region == RP_REGION_NONE)
			return rc;
	}
	m->any = true;
	m->scopes |= role == RP_ROLE_SCOPE_BEGIN;
	return rp_plan__site(m->plan, &site);
}

/* Regions whose names are in the notes. */
static int add_named(struct markers *m, const struct rp_usdt_note *note)
{
	size_t length, known = m->plan->n_sites;
	enum rp_role role;
	char *name, *begin;
	int rc = 0;

	if (!classify(note, &role, &length) || !length)
		return 0;
	/* Whoever names the probe that begins means both. */
	if (asprintf(&begin, "%.*s__begin", (int)length, note->name) < 0)
		return -ENOMEM;
	name = strndup(note->name, length);
	if (!name) {
		free(begin);
		return -ENOMEM;
	}
	if (wants_marker(m, role, name, begin) &&
	    !rp_plan__excludes(m->plan, is_span(role) ? SPAN_PROVIDER : STATIC_PROVIDER, name))
		rc = add_note(m, note, role, name);
	else if (!m->plan->n_sites && m->plan->n_usdts && role != RP_ROLE_END &&
		 role != RP_ROLE_SPAN_END)
		rc = rp_names__add(&m->plan->usdt_names, &m->plan->arena, STATIC_PROVIDER, name);
	m->others |= role == RP_ROLE_SCOPE_BEGIN && m->plan->n_sites == known;
	free(name);
	free(begin);
	return rc;
}

/* Ends of blocks and names made at run time, which belong to no region yet. */
static int add_nameless(struct markers *m, const struct rp_usdt_note *note, bool names)
{
	enum rp_role role;
	size_t length;

	if (!classify(note, &role, &length) || length)
		return 0;
	if (role == RP_ROLE_SCOPE_END ? !m->scopes : !names)
		return 0;
	return add_note(m, note, role, NULL);
}

int rp_plan__add_markers(struct rp_plan *plan, const struct rp_plan_object *object)
{
	struct markers m = {.plan = plan, .object = object};
	bool names;
	int rc = 0;

	for (size_t i = 0; i < object->n_notes && !rc; i++)
		rc = add_named(&m, &object->notes[i]);
	names = wants_names(&m);
	for (size_t i = 0; i < object->n_notes && !rc; i++)
		rc = add_nameless(&m, &object->notes[i], names);
	return rc;
}
