/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A shared object with a function region, a marker region and the end of spans, for dlopener. */
#include "regions.h"
#include "rptrace.h"

REGION_FN(plug_work)
{
	KEEP();
}

REGION_FN(plug_marked)
{
	RPTRACE_BEGIN(plug_marker);
	KEEP();
	RPTRACE_END(plug_marker);
}

NO_CLONES void let_go(unsigned long id);
void let_go(unsigned long id)
{
	(void)id;
	KEEP();
}
