// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "commands/commands.h"

const rp_command_fn rp_commands[] = {
	[RP_COMMAND_LIVE] = rp_live__run,     [RP_COMMAND_LIST] = rp_list__run,
	[RP_COMMAND_RECORD] = rp_record__run, [RP_COMMAND_REPORT] = rp_report__run,
	[RP_COMMAND_DIFF] = rp_diff__run,     [RP_COMMAND_DOCTOR] = rp_doctor__run,
};
