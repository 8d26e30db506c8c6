// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "plan/signature.h"

#include <setjmp.h>
#include <string.h>

/* Without it libiberty.h declares a basename of its own. */
#define HAVE_DECL_BASENAME 1
#include <libiberty/demangle.h>

struct output {
	char *buf;
	size_t size, len;
	jmp_buf full;
};

/* Few bytes of a hostile name stand for very many: the callback can only leave by a jump. */
static void append(const char *text, size_t len, void *output_)
{
	struct output *output = output_;

	if (len >= output->size - output->len)
		longjmp(output->full, 1);
	memcpy(output->buf + output->len, text, len);
	output->len += len;
}

bool rp_signature__write(const struct rp_symbol *symbol, char *buf, size_t size)
{
	struct output output = {.buf = buf, .size = size};
	size_t name_len = strlen(symbol->name);
	char *clone;

	if (symbol->name == symbol->linker || strncmp(symbol->linker, "_Z", 2) != 0)
		return false;
	if (setjmp(output.full))
		return false;
	if (!cplus_demangle_v3_callback(symbol->linker, DMGL_PARAMS | DMGL_ANSI | DMGL_RET_DROP,
					append, &output))
		return false;
	buf[output.len] = '\0';
	/* Copies that the compiler made are the same function to people. */
	clone = strstr(buf, " [clone ");
	if (clone)
		*clone = '\0';
	/* Else it is no function, or one of Rust, whose mangling looks like that of C++. */
	return !strncmp(buf, symbol->name, name_len) && buf[name_len] == '(';
}
