// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which nodes belong to one group, and what the groups are called. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate/paths.h"
#include "util/array.h"

/* Kinds of groups, in their order. */
enum group_class {
	GROUP_NEGATIVE, /* a number below 0 */
	GROUP_NUMBER,
	GROUP_ADDRESS,
	GROUP_TEXT,
	GROUP_NULL,   /* a string that is none */
	GROUP_UNREAD, /* a label that could not be read */
	GROUP_OTHER,  /* all labels past the bound */
	GROUP_NONE,   /* no label */
};

/* What tells two groups apart; fields that do not matter for a grouping are zero. */
struct group_key {
	enum group_class class;
	uint32_t node; /* index */
	uint64_t label;
	bool is_id;		    /* the label is RP_ID_OVER_TIME */
	const struct rp_text *text; /* under GROUP_TEXT */
	char comm[RP_COMM_LEN];
};

/* Processes and threads by number and name; then by when they were started. */
static int compare_ids(const struct group_key *x, const struct group_key *y)
{
	uint32_t a = RP_ID_NUMBER(x->label), b = RP_ID_NUMBER(y->label);

	return a != b ? (a < b ? -1 : 1) : memcmp(x->comm, y->comm, RP_COMM_LEN);
}

static int compare_groups(const void *a, const void *b)
{
	const struct group_key *x = a, *y = b;
	int ids = x->is_id && y->is_id ? compare_ids(x, y) : 0;

	if (ids)
		return ids;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	if (x->class == GROUP_TEXT)
		return memcmp(x->text, y->text, sizeof(*x->text));
	if (x->label != y->label)
		return x->label < y->label ? -1 : 1;
	return memcmp(x->comm, y->comm, RP_COMM_LEN);
}

static void make_label(const struct rp_node *node, const struct rp_text *texts, size_t n_texts,
		       struct group_key *key)
{
	uint64_t i = node->label - RP_TEXT_FIRST;

	if (node->flags & RP_NODE_OTHER) {
		key->class = GROUP_OTHER;
	} else if (!(node->flags & RP_NODE_LABELED)) {
		key->class = GROUP_NONE;
	} else if (!(node->flags & RP_NODE_TEXT)) {
		key->label = node->label;
		key->class = node->flags & RP_NODE_HEX	       ? GROUP_ADDRESS
			     : !(node->flags & RP_NODE_SIGNED) ? GROUP_NUMBER
			     : (int64_t)node->label >= 0       ? GROUP_NUMBER
							       : GROUP_NEGATIVE;
	} else if (node->label == RP_TEXT_NULL) {
		key->class = GROUP_NULL;
	} else if (node->label == RP_TEXT_UNREAD || i >= n_texts) {
		key->class = GROUP_UNREAD;
	} else {
		key->class = GROUP_TEXT;
		key->text = &texts[i];
	}
}

static void make_key(const struct rp_counts *now, const struct rp_node *node,
		     const struct rp_snapshot_opts *opts, struct group_key *key)
{
	size_t len = strnlen(node->comm, RP_COMM_LEN - 1);

	switch (opts->by) {
	case RP_BY_NONE:
		break;
	case RP_BY_COMMAND:
		memcpy(key->comm, node->comm, len);
		break;
	case RP_BY_PROCESS:
	case RP_BY_THREAD:
		/* 0: entered before the kernel was told to group so. */
		memcpy(key->comm, node->comm, node->label ? len : 0);
		key->label = node->label;
		key->is_id = true;
		break;
	case RP_BY_CGROUP:
		key->label = opts->cgroups ? rp_cgroups__same(opts->cgroups, node->label)
					   : node->label;
		break;
	case RP_BY_LABEL:
	case RP_BY_FILE:
		make_label(node, now->names.texts, now->names.n_texts, key);
		break;
	}
}

static const char *const class_names[] = {
	[GROUP_NULL] = "NULL", [GROUP_UNREAD] = "?", [GROUP_OTHER] = "other", [GROUP_NONE] = "-"};

/* In quotes where it could be taken for one of our words, or not be seen at all. */
static void write_text(const struct rp_text *from, char *text)
{
	int len = (int)strnlen(from->text, RP_TEXT_LEN);
	bool quoted = !len || from->text[0] == '"';

	for (size_t i = GROUP_NULL; i < sizeof(class_names) / sizeof(class_names[0]); i++)
		quoted |= !from->cut && (size_t)len == strlen(class_names[i]) &&
			  !memcmp(from->text, class_names[i], (size_t)len);
	snprintf(text, RP_GROUP_LEN, "%s%.*s%s%s", quoted ? "\"" : "", len, from->text,
		 quoted ? "\"" : "", from->cut ? "..." : "");
}

static void write_label(const struct group_key *key, char *text)
{
	unsigned long long label = key->label;

	switch (key->class) {
	case GROUP_NEGATIVE:
		snprintf(text, RP_GROUP_LEN, "%lld", (long long)label);
		break;
	case GROUP_NUMBER:
		snprintf(text, RP_GROUP_LEN, "%llu", label);
		break;
	case GROUP_ADDRESS:
		snprintf(text, RP_GROUP_LEN, "%#llx", label);
		break;
	case GROUP_TEXT:
		write_text(key->text, text);
		break;
	default:
		snprintf(text, RP_GROUP_LEN, "%s", class_names[key->class]);
	}
}

void rp_label__text(const struct rp_node *node, const struct rp_text *texts, size_t n_texts,
		    char *text)
{
	struct group_key key = {0};

	make_label(node, texts, n_texts, &key);
	if (key.class == GROUP_NONE)
		text[0] = '\0';
	else
		write_label(&key, text);
}

/* earlier: that had the same number and the same name, and ended. */
static void write_process(const struct group_key *key, uint32_t earlier, char *text)
{
	unsigned id = RP_ID_NUMBER(key->label);

	if (earlier)
		snprintf(text, RP_GROUP_LEN, "%u %s (%u)", id, key->comm, earlier + 1);
	else
		snprintf(text, RP_GROUP_LEN, "%u %s", id, key->comm);
}

static void write_group(const struct group_key *key, const struct rp_snapshot_opts *opts,
			uint32_t earlier, char *text)
{
	unsigned long long id = key->label;
	const char *cgroup;

	switch (opts->by) {
	case RP_BY_NONE:
		text[0] = '\0';
		break;
	case RP_BY_COMMAND:
		snprintf(text, RP_GROUP_LEN, "%s", key->comm);
		break;
	case RP_BY_PROCESS:
	case RP_BY_THREAD:
		if (id)
			write_process(key, earlier, text);
		else
			snprintf(text, RP_GROUP_LEN, "%s", class_names[GROUP_NONE]);
		break;
	case RP_BY_CGROUP:
		cgroup = opts->cgroups ? rp_cgroups__name(opts->cgroups, id) : NULL;
		if (!id)
			snprintf(text, RP_GROUP_LEN, "%s", class_names[GROUP_NONE]);
		else if (cgroup)
			snprintf(text, RP_GROUP_LEN, "%s", cgroup);
		else
			snprintf(text, RP_GROUP_LEN, "%llu", id);
		break;
	case RP_BY_LABEL:
	case RP_BY_FILE:
		write_label(key, text);
		break;
	}
}

/* Sorted, not hashed, since a target chooses names and labels. */
int rp_paths__number_groups(struct rp_paths *paths, const struct rp_counts *now,
			    const struct rp_snapshot_opts *opts, uint32_t *group_of)
{
	size_t n = 0, groups = 0;
	bool of_roots = opts->by != RP_BY_LABEL;
	struct group_key *keys;
	uint32_t earlier = 0;

	keys = calloc(now->n_nodes + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < now->n_nodes; i++) {
		const struct rp_node *node = &now->nodes[i].node;

		if (!(node->flags & RP_NODE_VALID) || (node->region == RP_REGION_NONE) != of_roots)
			continue;
		make_key(now, node, opts, &keys[n]);
		keys[n++].node = (uint32_t)i;
	}
	rp_array__sort(keys, n, sizeof(*keys), compare_groups);
	for (size_t i = 0; i < n; i++) {
		groups += !i || compare_groups(&keys[i - 1], &keys[i]);
		group_of[keys[i].node] = (uint32_t)groups - 1;
	}
	paths->group = calloc(groups + 1, sizeof(*paths->group));
	paths->n_groups = groups;
	for (size_t i = 0; paths->group && i < n; i++) {
		if (i && group_of[keys[i].node] == group_of[keys[i - 1].node])
			continue;
		earlier = i && keys[i].is_id && !compare_ids(&keys[i - 1], &keys[i]) ? earlier + 1
										     : 0;
		write_group(&keys[i], opts, earlier, paths->group[group_of[keys[i].node]]);
	}
	free(keys);
	return paths->group ? 0 : -ENOMEM;
}
