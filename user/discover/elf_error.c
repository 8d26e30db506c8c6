// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What is said of an ELF file that cannot serve: the others of the target can, and are listed. */
#include <errno.h>

#include "discover/elf_internal.h"

#ifdef __x86_64__
#define MACHINE "x86-64"
#else
#define MACHINE "aarch64"
#endif

int rp_elf__not_ours(const struct rp_elf *elf, struct rp_err *err, const char *what)
{
	rp_err__set(err, RP_EXIT_FAILED, -ENOEXEC, NULL,
		    "%s: %s, and no 64-bit " MACHINE " program or shared library", elf->name, what);
	return rp_err__remedy(err, -ENOEXEC, RP_REMEDY_LIST);
}

int rp_elf__damaged(const struct rp_elf *elf, int rc, struct rp_err *err, const char *what)
{
	if (rc == -ENOMEM)
		return rp_err__set(err, RP_EXIT_FAILED, rc, NULL, "%s: out of memory", elf->name);
	rp_err__set(err, RP_EXIT_FAILED, rc, NULL,
		    "%s: %s: the file is damaged or was cut short, install or build it again",
		    elf->name, what);
	return rp_err__remedy(err, rc, RP_REMEDY_LIST);
}
