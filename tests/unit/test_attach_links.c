// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "libbpf_fixture.h"

#include "util/clock.h"

#define FILE_FD 0

static int fd_of(const struct bpf_program *p)
{
	return p->fd;
}

static const struct fake_linked *linked_at(uint64_t offset, int prog_fd)
{
	for (size_t i = 0; i < fake_linked.n; i++)
		if (fake_linked.site[i].offset == offset && fake_linked.site[i].prog_fd == prog_fd)
			return &fake_linked.site[i];
	return NULL;
}

static struct rp_links *attach_to(struct rp_session *s, const struct rp_site *sites, size_t n,
				  const struct rp_links *replaces, int *refused)
{
	int none[32] = {0};
	struct rp_links_req req = {
		.fd = FILE_FD, .pid = 77, .sites = sites, .n = n, .replaces = replaces};
	struct rp_err err = {0};
	struct rp_links *links = NULL;

	assert_int_equal(rp_links__new(s, &req, refused ? refused : none, &links, &err), 0);
	return links;
}

static int fails_to_attach(struct rp_session *s, const struct rp_site *site, struct rp_err *err)
{
	int refused[1] = {0};
	struct rp_links_req req = {.pid = 77, .sites = site, .n = 1};
	struct rp_links *links = NULL;
	int rc = rp_links__new(s, &req, refused, &links, err);

	assert_null(links);
	return rc;
}

static const struct rp_site roles[] = {
	{.region = 5, .role = RP_ROLE_CALL, .offset = 0x10, .flags = RP_SITE_NESTED},
	{.region = 6, .role = RP_ROLE_CALL_SITE, .offset = 0x20},
	{.region = 6, .role = RP_ROLE_RET_SITE, .offset = 0x30},
	{.region = 7, .role = RP_ROLE_BEGIN, .offset = 0x40, .semaphore = 0x400},
	{.region = 8, .role = RP_ROLE_SPAN_BEGIN, .offset = 0x50},
	{.region = 8, .role = RP_ROLE_SPAN_END, .offset = 0x60},
};

#define N_ROLES (sizeof(roles) / sizeof(roles[0]))

static void session_takes_calls_by_one_program(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_SESSION);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *links = attach_to(s, roles, N_ROLES, NULL, NULL);
	const struct fake_linked *at;

	(void)state;
	assert_int_equal(fake_linked.n, N_ROLES);
	at = linked_at(0x10, fd_of(s->skel->progs.rp_session));
	assert_non_null(at);
	assert_false(at->is_return);
	assert_int_equal(at->pid, 77);
	assert_int_equal(at->attach_type, RP_BPF_TRACE_UPROBE_SESSION);
	assert_false(at->has_semaphores);
	assert_int_equal(at->cookie, RP_COOKIE(5, RP_ROLE_CALL, RP_SITE_NESTED, 0,
					       links->site_group, RP_GENERATION_FIRST));
	at = linked_at(0x40, fd_of(s->skel->progs.rp_probe));
	assert_int_equal(at->semaphore, 0x400);
	assert_int_equal(at->attach_type, RP_BPF_TRACE_UPROBE_MULTI);
	assert_int_equal(linked_at(0x20, fd_of(s->skel->progs.rp_probe))->call, at->call);
	assert_int_equal(linked_at(0x30, fd_of(s->skel->progs.rp_probe))->call, at->call);
	assert_non_null(linked_at(0x50, fd_of(s->skel->progs.rp_span)));
	assert_non_null(linked_at(0x60, fd_of(s->skel->progs.rp_span)));
	/* One link a program. */
	assert_int_equal(links->n, 3);
	rp_links__free(links);
	rp_session__free(s);
}

static void without_sessions_calls_are_probed_twice(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *links = attach_to(s, roles, N_ROLES, NULL, NULL);

	(void)state;
	assert_int_equal(fake_linked.n, N_ROLES + 1);
	assert_true(linked_at(0x10, fd_of(s->skel->progs.rp_return))->is_return);
	assert_false(linked_at(0x10, fd_of(s->skel->progs.rp_probe))->is_return);
	rp_links__free(links);
	rp_session__free(s);
}

/* Links that replace others have to see the ends of calls that those saw begin. */
static void replacing_links_probe_calls_twice(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_SESSION);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *old = attach_to(s, roles, 1, NULL, NULL), *links;

	(void)state;
	fake_linked.n = 0;
	links = attach_to(s, roles, 1, old, NULL);
	assert_int_equal(fake_linked.n, 2);
	assert_non_null(linked_at(0x10, fd_of(s->skel->progs.rp_return)));
	assert_non_null(linked_at(0x10, fd_of(s->skel->progs.rp_probe)));
	assert_int_equal(links->site_group, old->site_group);
	assert_int_equal(RP_COOKIE_GENERATION(fake_linked.site[0].cookie), 2);
	rp_links__free(links);
	rp_links__free(old);
	rp_session__free(s);
}

static void perf_events_are_links_of_their_own(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_PERF);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *links;
	int refused[N_ROLES] = {0};

	(void)state;
	fake_linked.type = 9;
	fake_linked.refused[0] = 0x60;
	fake_linked.error = -EINVAL;
	links = attach_to(s, roles, N_ROLES, NULL, refused);
	assert_int_equal(links->n, N_ROLES); /* two of the call, none of the refused one */
	assert_int_equal(fake_linked.site[0].pid, 77);
	assert_int_equal(linked_at(0x40, fd_of(s->skel->progs.rp_probe))->semaphore, 0x400);
	for (size_t i = 0; i < N_ROLES; i++)
		assert_int_equal(refused[i], i == N_ROLES - 1 ? EINVAL : 0);
	rp_links__free(links);
	rp_session__free(s);
}

/* The kernel refuses all sites of a link for one of them. */
static void refused_sites_are_found_among_others(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_SESSION);
	struct rp_session *s = fake_session(&opts);
	struct rp_site site[11];
	int refused[11] = {0};
	struct rp_links *links;

	(void)state;
	for (size_t i = 0; i < 11; i++)
		site[i] = (struct rp_site){
			.region = 5 + i, .role = RP_ROLE_BEGIN, .offset = 0x100 + i};
	fake_linked.refused[0] = 0x100;
	fake_linked.refused[1] = 0x107;
	fake_linked.refused[2] = 0x10a;
	fake_linked.error = -EINVAL;
	links = attach_to(s, site, 11, NULL, refused);
	assert_int_equal(fake_linked.n, 8);
	for (size_t i = 0; i < 11; i++) {
		bool bad = i == 0 || i == 7 || i == 10;

		assert_int_equal(refused[i], bad ? EINVAL : 0);
		assert_int_equal(linked_at(0x100 + i, fd_of(s->skel->progs.rp_probe)) != NULL,
				 !bad);
		if (!bad)
			assert_int_equal(RP_COOKIE_REGION(linked_at(0x100 + i,
								    fd_of(s->skel->progs.rp_probe))
								  ->cookie),
					 5 + i);
	}
	assert_int_equal(rp_session__lost(s, RP_LOST_PROBES), 3);
	rp_links__free(links);
	rp_session__free(s);
}

/* Errors about the process or the user are the same for all sites: nobody looks for a bad one. */
static void final_errors_end_at_once(void **state)
{
	static const struct {
		int code;
		enum rp_exit exit;
		const char *says;
		uint64_t lost;
	} errors[] = {
		{-ESRCH, RP_EXIT_FAILED, "process 77 has ended", 0},
		{-EPERM, RP_EXIT_DENIED, "no permission", 1},
		{-EACCES, RP_EXIT_DENIED, "no permission", 1},
		{-ENOENT, RP_EXIT_FAILED, "could not be attached", 1},
		{-ENOMEM, RP_EXIT_FAILED, "could not be attached", 1},
		{-EMFILE, RP_EXIT_FAILED, "could not be attached", 1},
	};
	enum rp_attach_mode modes[] = {RP_ATTACH_MULTI, RP_ATTACH_PERF};

	(void)state;
	for (size_t m = 0; m < 2; m++)
		for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
			struct rp_session_opts opts = fake_opts(modes[m]);
			struct rp_session *s = fake_session(&opts);
			struct rp_site site[] = {roles[3], roles[1]};
			struct rp_links_req req = {.pid = 77, .sites = site, .n = 2};
			struct rp_links *links = NULL;
			struct rp_err err = {0};
			int refused[2] = {0};

			fake_linked.refused[0] = site[0].offset;
			fake_linked.error = errors[i].code;
			assert_int_equal(rp_links__new(s, &req, refused, &links, &err),
					 errors[i].code);
			assert_int_equal(fake_linked.calls, 1);
			assert_int_equal(err.exit, errors[i].exit);
			assert_non_null(strstr(err.cause, errors[i].says));
			assert_int_equal(rp_session__lost(s, RP_LOST_PROBES), errors[i].lost);
			/* Its number is free again. */
			assert_int_equal(s->users[s->last_site_group], 0);
			rp_session__free(s);
		}
}

/* ---- arguments --------------------------------------------------------------------------------
 */

static void equal_arguments_are_told_once(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	struct rp_arg one[] = {{.kind = 1, .value = 1}},
		      both[] = {{.kind = 1, .value = 2}, {.kind = 1, .value = 3}};
	struct rp_site site[] = {
		{.region = 5, .role = RP_ROLE_BEGIN, .offset = 1, .args = one, .n_args = 1},
		{.region = 6, .role = RP_ROLE_BEGIN, .offset = 2, .args = both, .n_args = 2},
		{.region = 7, .role = RP_ROLE_BEGIN, .offset = 3, .args = &both[1], .n_args = 1},
		{.region = 8, .role = RP_ROLE_BEGIN, .offset = 4, .args = both, .n_args = 2},
		{.region = 9, .role = RP_ROLE_BEGIN, .offset = 5},
	};
	static const uint32_t index[] = {1, 2, 3, 2, 0};
	struct rp_links *links = attach_to(s, site, 5, NULL, NULL);
	struct rp_arg told;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(RP_COOKIE_SPEC(fake_linked.site[i].cookie), index[i]);
	assert_int_equal(s->skel->maps.arg_specs->n, 3);
	for (uint32_t i = 1; i <= 3; i++) {
		assert_int_equal(bpf_map_lookup_elem(s->skel->maps.arg_specs->fd, &i, &told), 0);
		assert_int_equal(told.value, i);
	}
	rp_links__free(links);
	/* Of those that the table has no room for none is told. */
	s->next_arg = RP_ARGS_MAX - 1;
	both[0].value = 50;
	fake_linked.n = 0;
	links = attach_to(s, &site[1], 1, NULL, NULL);
	assert_int_equal(RP_COOKIE_SPEC(fake_linked.site[0].cookie), 0);
	rp_links__free(links);
	/* One that fills it is. */
	one[0].value = 51;
	fake_linked.n = 0;
	links = attach_to(s, &site[0], 1, NULL, NULL);
	assert_int_equal(RP_COOKIE_SPEC(fake_linked.site[0].cookie), RP_ARGS_MAX - 1);
	rp_links__free(links);
	rp_session__free(s);
}

static void regions_inside_of_which_all_counts_are_told(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	struct rp_site site[] = {{.region = 5, .role = RP_ROLE_BEGIN, .offset = 1},
				 {.region = 6, .role = RP_ROLE_BEGIN, .offset = 2, .within = true}};
	struct rp_links *links = attach_to(s, site, 2, NULL, NULL);
	struct rp_err err = {0};
	uint32_t region = 6;
	uint8_t none;

	(void)state;
	assert_int_equal(s->skel->maps.within->n, 1);
	assert_int_equal(bpf_map_lookup_elem(s->skel->maps.within->fd, &region, &none), 0);
	rp_links__free(links);
	/* That one cannot be told is an error: nothing would count. */
	fake.refuses_updates = -E2BIG;
	assert_int_equal(fails_to_attach(s, &site[1], &err), -E2BIG);
	fake.refuses_updates = 0;
	rp_session__free(s);
}

/* ---- numbers of site groups and generations ---------------------------------------------------
 */

static uint32_t state_of(const struct rp_session *s, const struct rp_links *links)
{
	return s->skel->bss->site_group_state[links->site_group];
}

static void numbers_are_given_in_turn(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s;
	struct rp_links *a, *b, *c;
	struct rp_err err = {0};
	uint32_t first;

	(void)state;
	opts.max_site_groups = 3;
	s = fake_session(&opts);
	a = attach_to(s, roles, 1, NULL, NULL);
	first = a->site_group;
	rp_links__free(a);
	rp_detacher__wait(&s->detacher, NULL);
	/* The one freed last comes last. */
	a = attach_to(s, roles, 1, NULL, NULL);
	b = attach_to(s, roles, 1, NULL, NULL);
	c = attach_to(s, roles, 1, NULL, NULL);
	assert_int_not_equal(a->site_group, first);
	assert_int_not_equal(b->site_group, first);
	assert_int_not_equal(b->site_group, a->site_group);
	assert_int_equal(c->site_group, first);
	assert_int_equal(fails_to_attach(s, roles, &err), -ENOSPC);
	assert_non_null(strstr(err.cause, "too many files and processes"));
	rp_links__free(b);
	rp_detacher__wait(&s->detacher, NULL);
	b = attach_to(s, roles, 1, NULL, NULL);
	assert_int_equal(b->generation, RP_GENERATION_FIRST);
	rp_links__free(a);
	rp_links__free(b);
	rp_links__free(c);
	rp_session__free(s);
}

static void links_count_from_their_start_to_their_end(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *links = attach_to(s, roles, 1, NULL, NULL);
	uint32_t group = links->site_group;
	uint64_t before = rp_clock__now(), start;

	(void)state;
	assert_int_equal(state_of(s, links), 0);
	rp_links__start(links);
	assert_int_equal(state_of(s, links), RP_GENERATION_FIRST);
	start = s->skel->bss->site_group_start[group];
	assert_in_range(start, before, rp_clock__now());
	/* Another start is none. */
	while (rp_clock__now() == start)
		;
	rp_links__start(links);
	assert_int_equal(s->skel->bss->site_group_start[group], start);
	rp_links__free(links);
	assert_int_equal(s->skel->bss->site_group_state[group], 0);
	rp_links__free(NULL);
	rp_session__free(s);
}

static void a_swap_leaves_no_gap(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_SESSION);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *old[2] = {attach_to(s, roles, 2, NULL, NULL),
				   attach_to(s, roles, 2, NULL, NULL)};
	uint32_t left_out[] = {6, 9}, groups[] = {old[0]->site_group, old[1]->site_group};
	struct rp_generation_swap swap = {
		.old = old, .n = 2, .left_out = left_out, .n_left_out = 2};
	struct rp_links *links;
	uint64_t key = (uint64_t)groups[1] << 32 | 9;
	uint8_t none;

	(void)state;
	rp_links__start(old[0]);
	rp_links__start(old[1]);
	/* Nobody takes the place of the second one. */
	links = attach_to(s, roles, 1, old[0], NULL);
	assert_int_equal(state_of(s, links), RP_GENERATION_FIRST);
	assert_int_equal(rp_session__swap_generation(s, &swap), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(s->skel->bss->site_group_state[groups[i]],
				 2 | RP_GENERATION_SWAPPING | 1 << RP_GENERATION_SWAP_SHIFT);
	assert_int_equal(s->skel->bss->swaps_under_way, 1);
	assert_true(s->skel->bss->blocks_left_out);
	assert_int_equal(s->skel->maps.left_out->n, 4);
	assert_int_equal(bpf_map_lookup_elem(s->skel->maps.left_out->fd, &key, &none), 0);

	rp_session__detach_old_generation(s, &swap);
	rp_detacher__wait(&s->detacher, NULL);
	assert_false(rp_session__detaches_old_generation(s, &swap));
	rp_session__end_swap(s, &swap);
	assert_int_equal(s->skel->bss->swaps_under_way, 0);
	assert_int_equal(s->skel->maps.left_out->n, 0);
	assert_int_equal(s->skel->bss->site_group_state[groups[0]], 2);
	assert_int_equal(s->skel->bss->site_group_state[groups[1]], 0);
	assert_int_equal(s->users[groups[0]], 1);
	assert_int_equal(s->users[groups[1]], 0);
	rp_links__free(links);
	assert_int_equal(s->skel->bss->site_group_state[groups[0]], 0);
	rp_session__free(s);
}

static void a_swap_that_cannot_be_told_changes_nothing(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_SESSION);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *old[] = {attach_to(s, roles, 2, NULL, NULL)};
	uint32_t left_out[] = {6};
	struct rp_generation_swap swap = {
		.old = old, .n = 1, .left_out = left_out, .n_left_out = 1};

	(void)state;
	rp_links__start(old[0]);
	fake.refuses_updates = -E2BIG;
	assert_int_equal(rp_session__swap_generation(s, &swap), -E2BIG);
	fake.refuses_updates = 0;
	assert_int_equal(s->skel->bss->swaps_under_way, 0);
	assert_int_equal(state_of(s, old[0]), RP_GENERATION_FIRST);
	assert_int_equal(s->swaps, 0);
	rp_links__free(old[0]);
	rp_session__free(s);
}

static void generations_are_given_in_turn(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	struct rp_links *links = attach_to(s, roles, 1, NULL, NULL), *next;

	(void)state;
	/* All 15, and the first one again. */
	for (uint32_t g = 2; g <= RP_GENERATION_MASK + 1; g++) {
		next = attach_to(s, roles, 1, links, NULL);
		assert_int_equal(next->generation, g <= RP_GENERATION_MASK ? g : 1);
		assert_int_equal(s->users[links->site_group], 2);
		rp_links__free(links);
		rp_detacher__wait(&s->detacher, NULL);
		links = next;
	}
	rp_links__free(links);
	rp_session__free(s);
}

/* ---- what is open -----------------------------------------------------------------------------
 */

static void open_regions_are_what_has_not_been_left(void **state)
{
	struct rp_session_opts opts = fake_opts(RP_ATTACH_MULTI);
	struct rp_session *s = fake_session(&opts);
	static struct rp_node nodes[4] = {
		[1] = {.region = 5}, [2] = {.region = 6}, [3] = {.region = 7}};
	const struct rp_node *mapped = s->nodes;
	void *mapped_figures = s->figures[0];
	uint32_t shards, five = 5, six[] = {8, 6}, seven = 7;
	struct rp_figures *f;

	(void)state;
	assert_int_equal(rp_session__nodes_used(s), 0);
	assert_false(rp_session__any_open(s, &five, 1));
	s->nodes = nodes;
	s->skel->bss->nodes_used = 3;
	/* Entered on one CPU, left on others, by each way that there is. */
	s->figures[0] = calloc((size_t)RP_CHUNK_NODES * s->figure_shards, sizeof(*f));
	f = (void *)rp_session__figures(s, 2, &shards);
	f[0].entries = 4;
	f[1].count = 1;
	f[2].unwound = 1;
	f[3].skipped = 1;
	assert_true(rp_session__any_open(s, six, 2));
	assert_false(rp_session__any_open(s, &five, 1));
	f[3].count = 1;
	assert_false(rp_session__any_open(s, six, 2));
	f = (void *)rp_session__figures(s, 3, &shards);
	f[3].entries = 1;
	assert_true(rp_session__any_open(s, &seven, 1));
	free(s->figures[0]);
	s->figures[0] = mapped_figures;
	s->nodes = mapped;
	rp_session__free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_takes_calls_by_one_program),
		cmocka_unit_test(without_sessions_calls_are_probed_twice),
		cmocka_unit_test(replacing_links_probe_calls_twice),
		cmocka_unit_test(perf_events_are_links_of_their_own),
		cmocka_unit_test(refused_sites_are_found_among_others),
		cmocka_unit_test(final_errors_end_at_once),
		cmocka_unit_test(equal_arguments_are_told_once),
		cmocka_unit_test(regions_inside_of_which_all_counts_are_told),
		cmocka_unit_test(numbers_are_given_in_turn),
		cmocka_unit_test(links_count_from_their_start_to_their_end),
		cmocka_unit_test(a_swap_leaves_no_gap),
		cmocka_unit_test(a_swap_that_cannot_be_told_changes_nothing),
		cmocka_unit_test(generations_are_given_in_turn),
		cmocka_unit_test(open_regions_are_what_has_not_been_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
