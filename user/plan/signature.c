// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/signature.h"

#include <string.h>

#include "discover/demangle.h"

bool rp_signature__write(const struct rp_symbol *symbol, char *buf, size_t size)
{
	size_t name_len = strlen(symbol->name);
	char *clone;

	if (symbol->name == symbol->linker || strncmp(symbol->linker, "_Z", 2) != 0)
		return false;
	if (rp_demangle__signature(symbol->linker, buf, size) <= 0)
		return false;
	/* Copies that the compiler made are the same function to people. */
	clone = strstr(buf, " [clone ");
	if (clone)
		*clone = '\0';
	/* Else it is no function, or one of Rust, whose mangling looks like that of C++. */
	return !strncmp(buf, symbol->name, name_len) && buf[name_len] == '(';
}
