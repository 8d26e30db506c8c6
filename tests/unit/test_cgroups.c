// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmocka.h>

#include "discover/cgroups.h"

/* ---- names: paths as the tools named here make them ---------------------------------------- */

#define ID  "3f2a1b9c0d1e5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
#define POD "8c4b2f2e-93a4-4f6c-8d0b-0c3f6a1c9f0e"
#define POD_UNIT                                                                                   \
	"/kubepods.slice/kubepods-burstable.slice/"                                                \
	"kubepods-burstable-pod8c4b2f2e_93a4_4f6c_8d0b_0c3f6a1c9f0e.slice"

static const struct {
	const char *path, *name;
} names[] = {
	{"/", "/"},
	{"", ""},
	{"/my/own", "/my/own"},

	/* docker, by either driver, and by its own service */
	{"/docker/" ID, "docker:3f2a1b9c0d1e"},
	{"/system.slice/docker-" ID ".scope", "docker:3f2a1b9c0d1e"},
	{"/docker/" ID "/init.scope", "docker:3f2a1b9c0d1e/init.scope"},
	{"/docker/" ID "/container",
	 "docker:3f2a1b9c0d1e/container"}, /* its own, as none of podman's */
	{"/system.slice/docker.service", "docker.service"},

	/* podman: as root, as a user, in its own service, its monitor */
	{"/machine.slice/libpod-" ID ".scope/container", "podman:3f2a1b9c0d1e"},
	{"/machine.slice/libpod-" ID ".scope", "podman:3f2a1b9c0d1e"},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
	 "podman:3f2a1b9c0d1e"},
	{"/system.slice/web.service/libpod-payload-" ID, "podman:3f2a1b9c0d1e"},
	{"/machine.slice/libpod-conmon-" ID ".scope", "podman:3f2a1b9c0d1e/conmon"},
	{"/libpod_parent/libpod-" ID, "podman:3f2a1b9c0d1e"},

	/* kubernetes: containerd and cri-o, by systemd and without, static pods, kind */
	{POD_UNIT "/cri-containerd-" ID ".scope", "kubernetes:8c4b2f2e/3f2a1b9c0d1e"},
	{POD_UNIT "/crio-" ID ".scope", "kubernetes:8c4b2f2e/3f2a1b9c0d1e"},
	{POD_UNIT "/crio-conmon-" ID ".scope", "kubernetes:8c4b2f2e/3f2a1b9c0d1e/conmon"},
	{POD_UNIT "/docker-" ID ".scope", "kubernetes:8c4b2f2e/3f2a1b9c0d1e"},
	{POD_UNIT, "kubernetes:8c4b2f2e"},
	{"/kubepods.slice/kubepods-pod8c4b2f2e_93a4_4f6c_8d0b_0c3f6a1c9f0e.slice/crio-" ID ".scope",
	 "kubernetes:8c4b2f2e/3f2a1b9c0d1e"},
	{"/kubepods/besteffort/pod" POD "/" ID, "kubernetes:8c4b2f2e/3f2a1b9c0d1e"},
	{"/kubepods/pod" POD, "kubernetes:8c4b2f2e"},
	{"/kubepods/burstable/pod0123456789abcdef0123456789abcdef/" ID,
	 "kubernetes:01234567/3f2a1b9c0d1e"},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
	 "kubelet-kubepods-besteffort-pod8c4b2f2e_93a4_4f6c_8d0b_0c3f6a1c9f0e.slice/"
	 "cri-containerd-" ID ".scope",
	 "kubernetes:8c4b2f2e/3f2a1b9c0d1e"},
	{"/kubepods.slice/kubepods-burstable.slice", "kubepods-burstable.slice"},

	/* others with containers */
	{"/system.slice/nerdctl-" ID ".scope", "containerd:3f2a1b9c0d1e"},
	{"/somebody/" ID, "container:3f2a1b9c0d1e"},
	{"/lxc.payload.web/system.slice/nginx.service", "lxc:web/system.slice/nginx.service"},
	{"/lxc/web", "lxc:web"},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", "machine:qemu-1-vm"},
	{"/machine.slice/machine-web.scope/payload", "machine:web/payload"},

	/* systemd */
	{"/init.scope", "init.scope"},
	{"/system.slice", "system.slice"},
	{"/system.slice/nginx.service", "nginx.service"},
	{"/system.slice/system-postgresql.slice/postgresql@15-main.service",
	 "postgresql@15-main.service"},
	{"/system.slice/system-serial\\x2dgetty.slice/serial-getty@ttyS0.service",
	 "serial-getty@ttyS0.service"},
	{"/system.slice/dev-disk-by\\x2dlabel-data.swap", "dev-disk-by-label-data.swap"},
	{"/system.slice/app.service/worker", "app.service/worker"},
	{"/user.slice/user-1000.slice/session-3.scope", "user:1000/session-3.scope"},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/mail.service",
	 "user:1000/mail.service"},
	{"/user.slice/user-1000.slice/user@1000.service", "user:1000/user@1000.service"},
	{"/user.slice/user-1000.slice", "user-1000.slice"},

	/* nearly */
	{"/docker/3f2a1b9c0d1e", "/docker/3f2a1b9c0d1e"},
	{"/docker/" ID "0", "/docker/" ID "0"},
	{"/docker/3F" ID, "/docker/3F" ID},
	{"/libpod-web", "/libpod-web"},
	{"/podcast/show", "/podcast/show"},
	{"/machine-web", "/machine-web"},
	{"/.service", "/.service"},
	{"/a\\x2/b\\xzz.service", "b\\xzz.service"},
	{"/b\\x00c.service", "b\\x00c.service"},
	{"//system.slice//a.service/", "a.service"},
};

static void are_readable(void **state)
{
	char name[256];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		rp_cgroup__name(names[i].path, name, sizeof(name));
		assert_string_equal(name, names[i].name);
	}
}

static void are_cut(void **state)
{
	char name[8] = "", long_path[3 * 4096];

	(void)state;
	rp_cgroup__name("/docker/" ID, name, sizeof(name));
	assert_string_equal(name, "docker:");
	rp_cgroup__name("/system.slice/postgresql.service/a", name, sizeof(name));
	assert_string_equal(name, "postgre");
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	rp_cgroup__name(long_path, name, sizeof(name));
	assert_string_equal(name, "aaaaaaa");
	for (size_t i = 0; i + 1 < sizeof(long_path); i += 2)
		memcpy(&long_path[i], "/a", 2);
	long_path[1000] = '\0';
	rp_cgroup__name(long_path, name, sizeof(name));
	assert_string_equal(name, "/a/a/a/");
}

/* ---- numbers ------------------------------------------------------------------------------- */

static char root[64];

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

static const char *const folders[] = {"1", "2", "3", "top", "top/a.service", "top/b.service"};

static int set_up(void **state)
{
	char path[128];

	(void)state;
	strcpy(root, "/tmp/rptrace-cgroups-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		if (mkdir(path, 0700))
			return -1;
	}
	put("1/cgroup", "4:cpu:/elsewhere\n0::/a.service\n");
	put("2/cgroup", "0::/b.service\n");
	put("3/cgroup", "0::/gone.service (deleted)\n");
	return 0;
}

static int tear_down(void **state)
{
	char path[128];

	(void)state;
	for (size_t i = sizeof(folders) / sizeof(folders[0]); i--;) {
		snprintf(path, sizeof(path), "%s/%s/cgroup", root, folders[i]);
		unlink(path);
		snprintf(path, sizeof(path), "%s/%s", root, folders[i]);
		rmdir(path);
	}
	return rmdir(root);
}

static uint64_t number_of(const char *folder)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

static struct rp_cgroups *new_cgroups(void)
{
	struct rp_cgroups *cgroups;
	char top[128];

	snprintf(top, sizeof(top), "%s/top", root);
	cgroups = rp_cgroups__new(root, top);
	assert_non_null(cgroups);
	return cgroups;
}

static void of_processes(void **state)
{
	struct rp_cgroups *cgroups = new_cgroups();
	uint64_t a = number_of("top/a.service"), b = number_of("top/b.service");

	(void)state;
	assert_null(rp_cgroups__name(cgroups, a));
	assert_int_equal(rp_cgroups__same(cgroups, a), a);
	rp_cgroups__note(cgroups, 1);
	rp_cgroups__note(cgroups, 3); /* whose group is gone */
	rp_cgroups__note(cgroups, 4); /* which is gone itself */
	assert_string_equal(rp_cgroups__name(cgroups, a), "a.service");
	assert_null(rp_cgroups__name(cgroups, b));
	rp_cgroups__free(cgroups);
}

/* What a process is in now tells of a number only if it is that number's. */
static void by_number(void **state)
{
	struct rp_cgroups *cgroups = new_cgroups();
	uint64_t a = number_of("top/a.service"), b = number_of("top/b.service");

	(void)state;
	rp_cgroups__learn(cgroups, a, 2);
	assert_null(rp_cgroups__name(cgroups, a));
	rp_cgroups__learn(cgroups, b, 2);
	assert_string_equal(rp_cgroups__name(cgroups, b), "b.service");
	rp_cgroups__learn(cgroups, 12345678, 3);
	assert_null(rp_cgroups__name(cgroups, 12345678));
	rp_cgroups__free(cgroups);
}

/* Where the kernel's own are; NULL: nowhere that is known. */
static const char *mounted(void)
{
	static const char *const usual[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct statfs fs;

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!statfs(usual[i], &fs) && fs.f_type == CGROUP2_SUPER_MAGIC)
			return usual[i];
	return NULL;
}

/* The kernel leads from the number of the topmost to its folder, whoever is in it. */
static void topmost(void **state)
{
	const char *mount = mounted();
	struct rp_cgroups *cgroups;
	struct stat st;

	(void)state;
	if (geteuid() || !mount)
		skip();
	assert_int_equal(stat(mount, &st), 0);
	cgroups = rp_cgroups__new(root, mount);
	assert_non_null(cgroups);
	rp_cgroups__learn(cgroups, st.st_ino, 4);
	assert_string_equal(rp_cgroups__name(cgroups, st.st_ino), "/");
	rp_cgroups__free(cgroups);
}

/* A service that is started again has another number, and is the same to those who look. */
static void started_again(void **state)
{
	struct rp_cgroups *cgroups = new_cgroups();
	uint64_t first = number_of("top/a.service"), second;
	char path[128], held[128];

	(void)state;
	rp_cgroups__note(cgroups, 1);
	snprintf(path, sizeof(path), "%s/top/a.service", root);
	snprintf(held, sizeof(held), "%s/held", root);
	assert_int_equal(rename(path, held), 0); /* or the number is given again */
	assert_int_equal(mkdir(path, 0700), 0);
	second = number_of("top/a.service");
	assert_int_not_equal(first, second);
	rp_cgroups__note(cgroups, 1);
	assert_string_equal(rp_cgroups__name(cgroups, second), "a.service");
	assert_int_equal(rp_cgroups__same(cgroups, second), rp_cgroups__same(cgroups, first));
	assert_int_equal(rmdir(held), 0);
	rp_cgroups__free(cgroups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_readable),
		cmocka_unit_test(are_cut),
		cmocka_unit_test_setup_teardown(of_processes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(by_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(topmost, set_up, tear_down),
		cmocka_unit_test_setup_teardown(started_again, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
