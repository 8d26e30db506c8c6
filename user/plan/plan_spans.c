// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Spans from the entry of one function to the entry of another with the same argument: what an
 * event loop does for a connection or a request is in calls of many functions, none of which lasts
 * as long, but some function takes it up and another one lets go of it.
 *
 * Their returns are of no concern, so neither are exceptions and other stacks. A function of both
 * ends would end what it begins.
 *
 * One end may be in another object than the other, and come much later (dlopen). As long as one is
 * missing nothing of the span is wanted: begins alone would fill the table of open spans. That is
 * told as a refusal, which is taken back once the other end is there.
 */
#include <errno.h>
#include <stdbool.h>

#include "plan/plan_internal.h"
#include "plan/usdt_arg.h"

struct span {
	struct rp_plan *plan;
	const struct rp_plan_object *object;
	const struct rp_functions *begins;
	struct rp_arg id;
	uint32_t region;
};

static bool begins_too(const struct span *s, const struct rp_function *function)
{
	for (size_t i = 0; i < s->begins->n; i++)
		if (s->begins->item[i].symbol->offset == function->symbol->offset)
			return true;
	return false;
}

static int add_end(const struct span *s, struct rp_function *function, enum rp_role role)
{
	struct rp_site site = {.object = s->object->number, .region = s->region, .role = role};
	const char *reason = NULL;
	int rc;

	if (role == RP_ROLE_SPAN_END && begins_too(s, function))
		return rp_plan__refuse(s->plan, function->name, s->object->path,
				       "it begins the span that it would end");
	if (rp_function__has_changed_arguments(function))
		return rp_plan__refuse(s->plan, function->name, s->object->path,
				       RP_ARGUMENTS_CHANGED);
	rc = rp_plan__choose_entry(s->plan, s->object, function, &reason);
	if (rc == -ENOTSUP)
		return rp_plan__refuse(s->plan, function->name, s->object->path,
				       reason ? reason : "its entry cannot be probed");
	if (rc)
		return rc;
	site.offset = function->symbol->offset + function->entry.offset;
	site.slow = function->entry.slow;
	rc = rp_plan__set_args(s->plan, &s->id, 1, &site);
	if (rc)
		return rc;
	if (role == RP_ROLE_SPAN_BEGIN)
		s->plan->regions[s->region - 1].begins = true;
	else
		s->plan->regions[s->region - 1].ends = true;
	return rp_plan__site(s->plan, &site);
}

static int refuse_half(const struct span *s, const char *text)
{
	const struct rp_region *region = &s->plan->regions[s->region - 1];
	int rc = rp_plan__refuse(
		s->plan, text, s->object->path,
		region->begins ? "no function that ends it is in the files looked at: "
				 "OBJECT may be a glob of several, as '*:BEGIN:END@arg0'"
			       : "no function that begins it is in the files looked at: "
				 "OBJECT may be a glob of several, as '*:BEGIN:END@arg0'");

	if (!rc)
		s->plan->refusals[s->plan->n_refusals - 1].half = s->region;
	return rc;
}

/* Tell that one end of the span is missing, unless that is told; or that none is any more. */
static int update_refusal(const struct span *s, const char *text, bool was_half)
{
	bool is_half = rp_region__is_half(&s->plan->regions[s->region - 1]);
	struct rp_plan *plan = s->plan;
	size_t kept = 0;

	if (is_half)
		return was_half ? 0 : refuse_half(s, text);
	plan->n_completed += was_half;
	for (size_t i = 0; i < plan->n_refusals; i++)
		if (plan->refusals[i].half != s->region)
			plan->refusals[kept++] = plan->refusals[i];
	plan->n_refusals = kept;
	return 0;
}

int rp_plan__place_spans(struct rp_plan *plan, const struct rp_plan_object *object,
			 const struct rp_select_function *selection,
			 const struct rp_functions *begins, const struct rp_functions *ends)
{
	struct rp_declared declared = rp_plan__calling_convention(&object->traits);
	struct span s = {.plan = plan, .object = object, .begins = begins};
	/* One pair may be spans by one argument, and by another. */
	const char *by = rp_arena__printf(&plan->arena, "arg%u", selection->key);
	const char *name = rp_arena__printf(&plan->arena, "%s-%s", selection->glob, selection->end);
	int rc = by && name ? 0 : -ENOMEM;
	bool was_half;

	if (!rc)
		rc = rp_usdt_arg__parse(declared.machine, declared.args, selection->key, &s.id);
	if (!rc)
		rc = rp_plan__region(plan, RP_KIND_SPAN, by, name, object->path, &s.region);
	if (rc || s.region == RP_REGION_NONE)
		return rc;
	was_half = rp_region__is_half(&plan->regions[s.region - 1]);
	for (size_t i = 0; i < begins->n && !rc; i++)
		rc = add_end(&s, &begins->item[i], RP_ROLE_SPAN_BEGIN);
	for (size_t i = 0; i < ends->n && !rc; i++)
		rc = add_end(&s, &ends->item[i], RP_ROLE_SPAN_END);
	return rc ? rc : update_refusal(&s, selection->text, was_half);
}
