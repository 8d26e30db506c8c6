/* SPDX-License-Identifier: BSD-2-Clause */
/* Copyright (c) 2026 The rptrace authors */
/*
 * rptrace.h: name regions of your code, for rptrace and every other tool that knows USDT probes.
 *
 *	RPTRACE_REGION(load) { ... }			a block, however it is left
 *	RPTRACE_BEGIN(load); ... RPTRACE_END(load);	a pair of statements
 *	RPTRACE_BEGIN_VALUE(tenant, id);		the same with a label: one row a value
 *	RPTRACE_FUNCTION();				the rest of the function, under its name
 *	rptrace_begin(text); ... rptrace_end(text);	names made at run time
 *	rptrace::region r("load");			the rest of a C++ scope
 *	RPTRACE_SPAN_BEGIN(request, id); ...		spans that may end on another thread
 *
 * It is all there is: nothing to link, nothing to start. A marker that nobody traces is 11 bytes of
 * nop (arm64: 4), plus one lea for a block, plus what its value costs to compute; markers with
 * names made at run time are a load and a branch that is not taken. Markers do not hold the
 * compiler back: calls and volatile accesses stay on their side, arithmetic may move across.
 *
 * For C11 and C++17 with gcc >= 9 or clang >= 14, on Linux for x86-64 and arm64. Elsewhere, and
 * where RPTRACE_DISABLE is defined before this file is included, all markers vanish, and values and
 * ids are not evaluated: let them have no side effects.
 *
 * The name of a macro is an identifier, taken as it is written: RPTRACE_BEGIN(read) is "read" even
 * where read is a macro. A macro of yours that passes its argument on, as in
 * "#define TIMED(name) RPTRACE_BEGIN(name)", expands it before, as the preprocessor always does.
 */
#ifndef RPTRACE_H
#define RPTRACE_H

#if !defined(RPTRACE_DISABLE) && defined(__linux__) && defined(__ELF__) && defined(__LP64__) &&    \
	(defined(__x86_64__) || defined(__aarch64__))
#define RPTRACE_ENABLED 1
#else
#define RPTRACE_ENABLED 0
#endif

/*
 * RPTRACE_BEGIN(name); ... RPTRACE_END(name);
 *
 * A pair of statements, in one function or not, on one thread. END closes the nearest open region
 * of that name; regions begun in it and not ended count as unwound. There may be several of each.
 * Leaving a function between the two leaves the region open: use RPTRACE_REGION there.
 */
#define RPTRACE_BEGIN(name) RPTRACE__PROBE("rptrace", #name "__begin", rptrace_name_##name)
#define RPTRACE_END(name)   RPTRACE__PROBE("rptrace", #name "__end", rptrace_name_##name)

/*
 * RPTRACE_BEGIN_VALUE(name, integer); ... RPTRACE_END(name);
 *
 * The value, of any integer type up to 64 bits, becomes the label of the region.
 */
#define RPTRACE_BEGIN_VALUE(name, integer)                                                         \
	RPTRACE__PROBE_VALUE("rptrace", #name "__begin", rptrace_name_##name, integer)

/*
 * RPTRACE_REGION(name) { ... }    RPTRACE_REGION(name) statement;
 *
 * The region ends where control leaves the block, however that happens: at its end, by break,
 * return, goto, or in C++ an exception (in C: with -fexceptions). Not by longjmp. The block counts
 * as a loop that runs once: break and continue both leave it, and nothing around it. A function
 * that returns a value from within needs a return after the block too, for the compiler's sake.
 */
#define RPTRACE_REGION(name)                                                                       \
	RPTRACE__REGION(#name "__begin", rptrace_name_##name, rptrace_scope_##name,                \
			rptrace_once_##name)

/*
 * RPTRACE_SPAN_BEGIN(name, id); ... RPTRACE_SPAN_END(name, id);
 *
 * What begins on one thread of a process and may end on another, in any order: id, an integer of up
 * to 64 bits, tells spans of one name apart while they are open (a request's number or address). A
 * second BEGIN of an id that is open starts it anew. Spans take no part in the nesting of regions.
 */
#define RPTRACE_SPAN_BEGIN(name, id)                                                               \
	RPTRACE__PROBE_VALUE("rptrace_span", #name "__begin", rptrace_name_##name, id)
#define RPTRACE_SPAN_END(name, id)                                                                 \
	RPTRACE__PROBE_VALUE("rptrace_span", #name "__end", rptrace_name_##name, id)

/*
 * RPTRACE_FUNCTION();
 *
 * A declaration: from here to the end of the enclosing block, usually the function's, is a region
 * under the function's name (__func__: in C++ without class and namespace).
 */
#define RPTRACE_FUNCTION() RPTRACE__FUNCTION()

/*
 * rptrace_begin(text); ... rptrace_end(text);
 *
 * The name is the text as it is at each of the two calls, up to 63 bytes; the pointers need not be
 * the same, the text must. NULL does nothing.
 *
 * rptrace::region r("load"); does the two at the ends of r's life and keeps the pointer: the text
 * must live, unchanged, as long as r.
 */

/* ---- how it is done ------------------------------------------------------------------------ */

#if RPTRACE_ENABLED

#ifdef __cplusplus
#define RPTRACE__INLINE	      inline __attribute__((__always_inline__))
#define RPTRACE__WIDE(value)  static_cast<long long>(value)
#define RPTRACE__LEAST(value) static_cast<__typeof__((value) + 0)>(-1)
#else
/* Not static, so that inline functions with external linkage may call them. */
#define RPTRACE__INLINE	      extern __inline__ __attribute__((__gnu_inline__, __always_inline__))
#define RPTRACE__WIDE(value)  ((long long)(value))
#define RPTRACE__LEAST(value) ((__typeof__((value) + 0))-1)
#endif

/*
 * The site. x86-64: tracers put their breakpoint on the 1-byte nop; where the kernel can turn the
 * 10-byte nop behind it into a call they take that one. Never a 5-byte nop: kernels 6.18 to 7.1
 * turn those into a call as well, and break forked children and the red zone with it.
 */
#ifdef __x86_64__
#define RPTRACE__NOP ".byte 0x90\n.byte 0x66,0x2e,0x0f,0x1f,0x84,0,0,0,0,0\n"
#else
#define RPTRACE__NOP "nop\n"
#endif

/*
 * The site and the note that names it, in SystemTap's format, version 3:
 *
 *	4 bytes each	length of owner, length of description, type
 *	owner		"stapsdt"
 *	description	addresses of the site, of the base and of the semaphore (or 0),
 *			then provider, probe and arguments
 *
 * The base is a place whose address, compared with what the note says it was, tells tools whether
 * something has moved the object since it was linked. "?" makes the note a member of the section
 * group of the code, if it has one: where the linker drops another copy of an inline function, it
 * drops the notes as well. "inline": compilers judge the size of asm by its lines; this is a nop.
 */
/* clang-format off */
#define RPTRACE__SITE(provider, probe, semaphore, arguments, ...)                                  \
	__asm__ __volatile__ __inline__("990:\n" RPTRACE__NOP                                      \
					".pushsection .note.stapsdt,\"?\",\"note\"\n"              \
					".balign 4\n"                                              \
					".4byte 992f-991f,994f-993f,3\n"                           \
					"991: .asciz \"stapsdt\"\n"                                \
					"992: .balign 4\n"                                         \
					"993: .8byte 990b\n"                                       \
					".8byte _.stapsdt.base\n"                                  \
					".8byte " semaphore "\n"                                   \
					".asciz \"" provider "\"\n"                                \
					".asciz \"" probe "\"\n"                                   \
					".asciz \"" arguments "\"\n"                               \
					"994: .balign 4\n"                                         \
					".popsection\n"                                            \
					".ifndef _.stapsdt.base\n"                                 \
					".pushsection .stapsdt.base,\"aG\",\"progbits\","          \
					".stapsdt.base,comdat\n"                                   \
					".weak _.stapsdt.base\n"                                   \
					".hidden _.stapsdt.base\n"                                 \
					"_.stapsdt.base: .space 1\n"                               \
					".size _.stapsdt.base,1\n"                                 \
					".popsection\n"                                            \
					".endif\n" __VA_ARGS__)

/* The operand named after the region has one use: what is no identifier does not compile. */
#define RPTRACE__PROBE(provider, probe, identifier)                                                \
	RPTRACE__SITE(provider, probe, "0", "", : : [identifier] "n"(0))

/*
 * Not "o" among the constraints: compilers then pass what some tools cannot read, such as
 * 8@symbol(%rip). Small types are promoted and so are signed, which is the same once they are wide.
 */
#define RPTRACE__PROBE_VALUE(provider, probe, identifier, value)                                   \
	RPTRACE__SITE(provider, probe, "0", "%c[rptrace_size]@%[rptrace_arg]",                     \
		      : : [rptrace_size] "n"(RPTRACE__LEAST(value) < 1 ? -8 : 8),                  \
		      [rptrace_arg] "nr"(RPTRACE__WIDE(value)), [identifier] "n"(0))

/*
 * The address of `scope` is the key by which the end finds its block. It is never read or written;
 * `once`, whose address nobody takes, drives the loop, so that nothing of the loop is left.
 */
#define RPTRACE__REGION(probe, identifier, scope, once)                                            \
	for (int scope __attribute__((__cleanup__(rptrace__scope_end))),                           \
	     once = __extension__({                                                                \
		     RPTRACE__SITE("rptrace_scope", probe, "0", "8@%[rptrace_arg]",                \
				   : : [rptrace_arg] "r"(&scope), [identifier] "n"(0));            \
		     1;                                                                            \
	     });                                                                                   \
	     once; once = 0)

/* clang-format on */

#define RPTRACE__FUNCTION()                                                                        \
	char const *const rptrace_function                                                         \
		__attribute__((__cleanup__(rptrace__function_end),                                 \
			       __unused__)) = rptrace__function_begin(__func__)

#ifdef __cplusplus
extern "C" {
#endif

/* Tracers raise them. Every object has its own pair, however many files include this. */
#define RPTRACE__SEMAPHORE(name)                                                                   \
	extern volatile unsigned short name;                                                       \
	__attribute__((__section__(".probes"), __visibility__("hidden"), __weak__,                 \
		       __used__)) volatile unsigned short name = 0

RPTRACE__SEMAPHORE(rptrace_name_begin_semaphore);
RPTRACE__SEMAPHORE(rptrace_name_end_semaphore);

/* Probes cannot wait for a page: have those of the name in memory when one is hit. */
RPTRACE__INLINE void rptrace__touch(char const volatile *name)
{
	for (int i = 0; i < 64 && name[i]; i++)
		;
}

RPTRACE__INLINE void rptrace_begin(char const *name)
{
	if (__builtin_expect(rptrace_name_begin_semaphore, 0) && name) {
		rptrace__touch(name);
		RPTRACE__SITE("rptrace_name", "begin", "rptrace_name_begin_semaphore", "8@%[name]",
			      :
			      : [name] "r"(name)
			      : "memory");
	}
}

RPTRACE__INLINE void rptrace_end(char const *name)
{
	if (__builtin_expect(rptrace_name_end_semaphore, 0) && name) {
		rptrace__touch(name);
		RPTRACE__SITE("rptrace_name", "end", "rptrace_name_end_semaphore", "8@%[name]",
			      :
			      : [name] "r"(name)
			      : "memory");
	}
}

RPTRACE__INLINE void rptrace__scope_end(int *scope)
{
	RPTRACE__SITE("rptrace_scope", "end", "0", "8@%[scope]", : : [scope] "r"(scope));
}

RPTRACE__INLINE char const *rptrace__function_begin(char const *name)
{
	rptrace_begin(name);
	return name;
}

RPTRACE__INLINE void rptrace__function_end(char const *const *name)
{
	rptrace_end(*name);
}

#ifdef __cplusplus
}
#endif

#else /* !RPTRACE_ENABLED */

#define RPTRACE__PROBE(provider, probe, identifier)		 ((void)0)
#define RPTRACE__PROBE_VALUE(provider, probe, identifier, value) ((void)sizeof((value) + 0))
#define RPTRACE__REGION(probe, identifier, scope, once)		 for (int once = 1; once; once = 0)
#define RPTRACE__FUNCTION()					 ((void)0)

#define rptrace_begin(name)					 ((void)(name))
#define rptrace_end(name)					 ((void)(name))

#endif /* RPTRACE_ENABLED */

#ifdef __cplusplus
namespace rptrace
{

/* Two names for the linker: a program may mix files with and without RPTRACE_DISABLE. */
#if RPTRACE_ENABLED
inline namespace enabled
{
#else
inline namespace disabled
{
#endif

#if __cplusplus >= 201703L
class [[nodiscard]] region
{
#else
class region
{
#endif
      public:
	explicit region(char const *name) noexcept : name_(name)
	{
		rptrace_begin(name_);
	}
	~region()
	{
		rptrace_end(name_);
	}
	region(region const &) = delete;
	region &operator=(region const &) = delete;

      private:
	char const *name_;
};

} /* inline namespace */
} /* namespace rptrace */
#endif

#endif /* RPTRACE_H */
