/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
#ifndef RP_OWNER_H
#define RP_OWNER_H

#include <stdint.h>

/* Who is charged for what rptrace keeps or does because of a process. */
struct rp_owner {
	uint64_t process, user;
};

#endif
