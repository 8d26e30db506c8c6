// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* Which probes of interpreters are told to be silent. */
#include "counts_fixture.h"

#include "run/opt_in.h"

static size_t silent_kinds(const struct rp_counts *counts, const char *says)
{
	size_t n = 0;

	for (size_t i = 0; i < rp_opt_in__kinds; i++) {
		const char *silent = rp_opt_in__silent(i, counts);

		if (silent)
			assert_non_null(strstr(silent, says));
		n += silent != NULL;
	}
	return n;
}

static const struct {
	const char *object, *region, *says;
} probes[] = {
	{"/usr/lib/jvm/java-17/lib/server/libjvm.so", "method", "-XX:+ExtendedDTraceProbes"},
	{"/usr/lib/jvm/java-17/lib/server/libjvm.so", "monitor__wait", "ExtendedDTraceProbes"},
	{"/usr/bin/php8.2", "function", "USE_ZEND_DTRACE=1"},
	{"/usr/lib/apache2/modules/libphp8.2.so", "execute", "USE_ZEND_DTRACE=1"},
	{"/usr/lib/libruby-3.1.so.3.1", "method", "TracePoint"},
};

static void those_that_were_not_hit(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		struct fixture f;
		uint32_t region, root, node;

		fixture_init(&f);
		region = fixture_region(&f, probes[i].region, RP_KIND_USDT, probes[i].object);
		assert_int_equal(silent_kinds(&f.counts, probes[i].says), 1);
		root = fixture_root(&f, 0, "");
		node = fixture_node(&f, root, region);
		assert_int_equal(silent_kinds(&f.counts, probes[i].says), 1);
		f.nodes[node - 1].figures.entries = 1;
		assert_int_equal(silent_kinds(&f.counts, ""), 0);
	}
}

/* Neither those that need no telling, nor what is called alike. */
static void no_others(void **state)
{
	struct fixture f;

	(void)state;
	fixture_init(&f);
	fixture_region(&f, "gc", RP_KIND_USDT, "/usr/lib/jvm/lib/server/libjvm.so");
	fixture_region(&f, "method__compile", RP_KIND_USDT, "/usr/lib/jvm/lib/server/libjvm.so");
	fixture_region(&f, "method", RP_KIND_FUNCTION, "/usr/lib/jvm/lib/server/libjvm.so");
	fixture_region(&f, "request", RP_KIND_USDT, "/usr/bin/php8.2");
	fixture_region(&f, "function", RP_KIND_USDT, "/usr/bin/python3.11");
	assert_int_equal(silent_kinds(&f.counts, ""), 0);
}

static void builds_without_probes(void **state)
{
	const char *provider;

	(void)state;
	assert_non_null(
		strstr(rp_opt_in__build("/usr/local/bin/python3.11", &provider), "--with-dtrace"));
	assert_string_equal(provider, "python");
	assert_null(rp_opt_in__build("/usr/bin/mypython", &provider));
}

/* By what is mapped, and with a command that names the process where there is one for it. */
static void what_names_compiled_code(void **state)
{
	static const struct {
		const char *path, *cure; /* NULL: nothing is known */
	} files[] = {
		{"/usr/local/bin/node",
		 "node --perf-basic-prof --interpreted-frames-native-stack ..."},
		{"/opt/jdk/lib/server/libjvm.so", "jcmd 42 Compiler.perfmap"},
		{"/usr/bin/php8.2", "php -d opcache.jit_debug=16 ..."},
		{"/usr/bin/mynode", NULL},
		{"/usr/bin/nodeset", NULL},
	};
	char cure[128];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct rp_mapped items[] = {{.path = "/usr/lib/libc.so.6"},
					    {.path = (char *)files[i].path},
					    {.path = "[vdso]"}};
		const struct rp_mapped_list mapped = {.items = items, .n = 3};
		bool is_known = rp_opt_in__compiled(&mapped, 42, cure, sizeof(cure));

		assert_int_equal(is_known, files[i].cure != NULL);
		if (is_known)
			assert_string_equal(cure, files[i].cure);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_were_not_hit),
		cmocka_unit_test(no_others),
		cmocka_unit_test(builds_without_probes),
		cmocka_unit_test(what_names_compiled_code),
	};

	return cmocka_run_group_tests_name("run_opt_in", tests, NULL, NULL);
}
