// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "util/memory_file.h"

#include <errno.h>
#include <sys/mman.h>

#define NOEXEC_SEAL 8u /* MFD_NOEXEC_SEAL, which C libraries do not all have */

/* A kernel may insist on files that cannot be executed (vm.memfd_noexec), and one before 6.3 knows
 * none. */
int rp_memory_file__new(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC | NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
