#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
# include/rptrace.h under every compiler that is installed, language level, optimisation and way of
# linking: compiles without a warning, links from two files, runs, and leaves the right USDT notes.
# Prints "N passed, N failed"; ends with 1 if any failed.
set -u

header_dir=$(cd "$(dirname "$0")/../../include" && pwd) || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
passed=0
failed=0
skipped=0

cat > marks.h <<'END'
#include "rptrace.h"
extern volatile int sink;
int part(int i);
#ifdef __cplusplus
/* In both files, kept by the linker once: its note must be there once. */
template <int N> __attribute__((noinline)) int shared_template(int i)
{
	RPTRACE_BEGIN(shared_template);
	sink = i + N;
	RPTRACE_END(shared_template);
	return sink;
}
#endif
static inline int shared_inline(int i)
{
	RPTRACE_FUNCTION();
	RPTRACE_REGION(in_inline) sink = i;
	return sink;
}
END

cat > part.src <<'END'
#include "marks.h"
#ifndef __cplusplus
/* May not name anything static. */
extern int exported_inline(int i);
inline int exported_inline(int i)
{
	RPTRACE_FUNCTION();
	RPTRACE_REGION(in_exported) sink = i;
	rptrace_begin("exported");
	rptrace_end("exported");
	return sink;
}
#else
static int exported_inline(int i)
{
	rptrace::region r("exported");
	RPTRACE_REGION(in_exported) sink = i;
	return shared_template<1>(i) - 1;
}
#endif
int part(int i)
{
	unsigned long wide = (unsigned long)sink;

	RPTRACE_BEGIN(pair);
	RPTRACE_BEGIN_VALUE(value, wide);
	RPTRACE_REGION(block) RPTRACE_REGION(block) sink = shared_inline(i);
	RPTRACE_END(value);
	RPTRACE_END(pair);
	return exported_inline(sink);
}
END

cat > main.src <<'END'
#include "marks.h"
volatile int sink;
static int early(int i)
{
	RPTRACE_SPAN_BEGIN(span, i);
	RPTRACE_REGION(early) {
		if (i)
			return 1;
	}
	RPTRACE_SPAN_END(span, i);
	return 0;
}
int main(int argc, char **argv)
{
	rptrace_begin(argv[0]);
	for (int i = 0; i < 3; i++)
		RPTRACE_REGION(loop) {
			if (i == 1)
				continue;
			if (part(i + 5) != i + 5)
				return 1;
		}
	rptrace_end(argv[0]);
#ifdef __cplusplus
	try {
		RPTRACE_REGION(thrown) throw argc;
	} catch (int n) {
		sink = shared_template<1>(n) - shared_template<1>(0);
	}
#endif
	return !(early(argc) == 1 && early(0) == 0 && shared_inline(argc) == argc);
}
END
cp part.src part.c; cp part.src part.cc; cp main.src main.c; cp main.src main.cc

common="rptrace:pair__begin rptrace:pair__end rptrace:value__begin rptrace:value__end \
rptrace_name:begin rptrace_name:end rptrace_scope:block__begin rptrace_scope:early__begin \
rptrace_scope:end rptrace_scope:in_exported__begin rptrace_scope:in_inline__begin \
rptrace_scope:loop__begin rptrace_span:span__begin rptrace_span:span__end"
cxx="rptrace:shared_template__begin rptrace:shared_template__end rptrace_scope:thrown__begin"

# provider:name of every marker in the files, sorted, with copies
probes() {
	LC_ALL=C readelf -nW "$@" 2> readelf.err | awk '
		/Provider: / { provider = $NF }
		/^ *Name: / && provider ~ /^rptrace/ { print provider ":" $2 }' | sort
}

# result TITLE COMMAND...: the command says why it fails
result() {
	title=$1; shift
	if why=$("$@" 2>&1) && [ -z "$why" ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf 'FAILED: %s\n%s\n' "$title" "$why" | head -20
	fi
}

# can_link COMPILER MODE...: not everywhere can all compilers link statically, at link time, with lld
can_link() {
	[ "${2-}" = shared ] && return 0
	echo 'int main(void) { return 0; }' > trivial.c
	"$@" -o trivial trivial.c 2> trivial.err && return 0
	skipped=$((skipped + 1))
	return 1
}

# same_probes EXPECTED OBJECTS FILE...: of each function at most one copy in each of the objects
same_probes() {
	expected=$(printf '%s\n' $1 | sed '/^$/d' | sort -u); objects=$2; shift 2
	probes "$@" > found
	[ "$(sort -u found)" = "$expected" ] || { echo "found: $(sort -u found | tr '\n' ' ')"; return 1; }
	copies=$(grep -c shared_template__begin found)
	[ "$copies" -le "$objects" ] || { echo "a dropped function left its notes: $copies"; return 1; }
	[ ! -s readelf.err ] || { cat readelf.err; return 1; }
}

# linked EXTENSION EXPECTED MODE COMPILER...: compile, link, run, compare the notes
linked() {
	ext=$1; expected=$2; mode=$3; shift 3
	rm -f prog libpart.so
	if [ "$mode" = shared ]; then
		"$@" -fPIC -shared -o libpart.so part.$ext || return 1
		"$@" -o prog main.$ext -L. -lpart -Wl,-rpath,. || return 1
		probes libpart.so | grep -q pair__begin || { echo "no notes in libpart.so"; return 1; }
	else
		"$@" $mode -o prog main.$ext part.$ext || return 1
	fi
	./prog || { echo "ended with $?"; return 1; }
	if [ "$mode" = shared ]; then
		same_probes "$expected" 2 prog libpart.so
	else
		same_probes "$expected" 1 prog
	fi
}

# assembled EXPECTED COMPILER...: another machine, so not run
assembled() {
	expected=$1; shift
	rm -f main.o part.o
	"$@" -c -o main.o main.c && "$@" -c -o part.o part.c || return 1
	same_probes "$expected" 2 main.o part.o
}

warn="-Wall -Wextra -Wpedantic -Werror -I$header_dir"
for compiler in gcc clang clang-14 clang-19 g++ clang++ clang++-14 clang++-19; do
	command -v $compiler > compiler.path || continue
	case $compiler in
	*++*) ext=cc; levels="c++11 c++17"; all="$common $cxx" ;;
	*)    ext=c; levels="c11 gnu11"; all=$common ;;
	esac
	for level in $levels; do
		for opt in -O0 -O1 -O2 -O3; do
			for mode in "" shared "-static" "-fno-pie -no-pie" \
				"-ffunction-sections -Wl,--gc-sections" "-flto" \
				"-fuse-ld=lld -ffunction-sections -Wl,--gc-sections"; do
				can_link $compiler $mode || continue
				result "$compiler -std=$level $opt $mode" \
					linked $ext "$all" "$mode" $compiler -std=$level $opt $warn
			done
		done
		result "$compiler -std=$level -DRPTRACE_DISABLE" \
			linked $ext "" "" $compiler -std=$level -O2 $warn -DRPTRACE_DISABLE
	done
done

for clang in clang clang-14 clang-19; do
	command -v $clang > compiler.path || continue
	result "$clang aarch64" assembled "$common" $clang --target=aarch64-linux-gnu -O2 $warn
	result "$clang aarch64 -O0" assembled "$common" $clang --target=aarch64-linux-gnu -O0 $warn
	for machine in i386-linux-gnu x86_64-linux-gnux32 riscv64-linux-gnu; do
		result "$clang $machine" assembled "" $clang --target=$machine -O2 $warn
	done
done

[ "$skipped" = 0 ] || echo "$skipped skipped: the compiler cannot link so here"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
