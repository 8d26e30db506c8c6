// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/* What USDT pairs and markers have in common: a note, and the place to probe for it. */
#include <errno.h>

#include "plan/plan_internal.h"
#include "plan/site.h"

#define PAGE_BYTES 4096u
#define NOP_BYTES  16

int rp_plan__note_site(const struct rp_plan *plan, const struct rp_plan_object *object,
		       const struct rp_usdt_note *note, struct rp_site *site, const char **reason)
{
	struct rp_entry_site nop;
	uint8_t code[NOP_BYTES];
	/* Kernels refuse to rewrite an instruction that crosses a page: what is beyond is not to be
	 * seen. */
	size_t page = PAGE_BYTES - note->offset % PAGE_BYTES;
	size_t size = object->read(object->file, note->offset, code,
				   page < sizeof(code) ? page : sizeof(code));
	int rc;

	*reason = "its code cannot be read";
	if (!size)
		return -ENOTSUP;
	rc = rp_site__nop(object->traits.machine, code, size, &plan->opts.rules, &nop, reason);
	if (rc)
		return rc;
	*site = (struct rp_site){
		.object = object->number,
		.offset = note->offset + nop.offset,
		.semaphore = note->semaphore,
		.slow = nop.slow,
	};
	return 0;
}

int rp_plan__refuse_note(struct rp_plan *plan, const struct rp_plan_object *object,
			 const struct rp_usdt_note *note, const char *reason)
{
	const char *name = rp_arena__printf(&plan->arena, "%s:%s", note->provider, note->name);

	if (!name)
		return -ENOMEM;
	return rp_plan__refuse(plan, name, object->path, reason ? reason : "cannot be probed");
}
