/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The list of libraries by name that ldconfig writes for the dynamic loader. */
#ifndef RP_LD_CACHE_H
#define RP_LD_CACHE_H

#include <stddef.h>

#define RP_LD_CACHE_PATH "/etc/ld.so.cache"

struct rp_ld_cache;

/*
 * Read a cache file. -EBADMSG: not one in the format "glibc-ld.so.cache1.1", alone or after the
 * older format, of this machine's byte order; or what opening it failed with.
 */
int rp_ld_cache__open(const char *path, struct rp_ld_cache **out);
void rp_ld_cache__free(struct rp_ld_cache *cache);

/*
 * The next file of that name from *pos on, which starts at 0; NULL: no more. There is one for every
 * kind of machine that the libraries installed here are for. cache may be NULL: it has none.
 */
const char *rp_ld_cache__find(const struct rp_ld_cache *cache, const char *name, size_t *pos);

#endif
