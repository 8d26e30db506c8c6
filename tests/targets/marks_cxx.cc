/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * marks_cxx [THREADS [ITERATIONS]]: markers in C++: scopes, exceptions through blocks and scopes,
 * templates, inline functions, methods, lambdas. Says "expect REGION COUNT" at its end.
 */
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

namespace
{

constexpr unsigned long threads_max = 64;
volatile unsigned long sink;

struct failure : std::runtime_error {
	using std::runtime_error::runtime_error;
};

enum color : std::uint8_t { red, green, blue };

/* ---- scopes and exceptions ------------------------------------------------------------------- */

NO_CLONES void scopes(unsigned long i)
{
	std::string const name = "scope_" + std::string(i % 2 ? "odd" : "even");
	rptrace::region outer("scope");
	rptrace::region inner(name.c_str());

	if (i % 3 == 0)
		return;
	KEEP();
}

NO_CLONES void fail(unsigned long i)
{
	if (i % 2)
		throw failure("as asked");
	KEEP();
}

/* Every second time an exception crosses all three. */
NO_CLONES void deepest(unsigned long i)
{
	RPTRACE_REGION(thrown_block)
	{
		rptrace::region scope("thrown_scope");
		fail(i);
	}
}

NO_CLONES void through_function(unsigned long i)
{
	RPTRACE_FUNCTION();
	deepest(i);
}

NO_CLONES void catcher(unsigned long i)
{
	RPTRACE_REGION(catcher)
	{
		try {
			through_function(i);
		} catch (failure const &) {
			sink = sink + 1;
		}
	}
}

/* The handler is in the function that has the block. */
NO_CLONES void caught_here(unsigned long i)
{
	try {
		RPTRACE_REGION(caught_here)
		{
			fail(i);
		}
	} catch (failure const &) {
		sink = sink + 1;
	}
}

/* ---- templates, inline functions and the like ------------------------------------------------ */

template <typename T> T doubled(T value)
{
	RPTRACE_REGION(doubled)
	{
		value = static_cast<T>(value + value);
		KEEP();
	}
	return value;
}

inline void inlined()
{
	RPTRACE_BEGIN(inlined);
	KEEP();
	RPTRACE_END(inlined);
}

struct object {
	NO_CLONES void method()
	{
		RPTRACE_FUNCTION();
		KEEP();
	}
};

NO_CLONES void labelled(unsigned long i)
{
	std::int64_t const far = INT64_MIN + static_cast<std::int64_t>(i % 2);

	RPTRACE_BEGIN_VALUE(color, static_cast<color>(i % 3));
	KEEP();
	RPTRACE_END(color);
	RPTRACE_BEGIN_VALUE(flag, i % 2 == 0);
	KEEP();
	RPTRACE_END(flag);
	RPTRACE_BEGIN_VALUE(far, far);
	KEEP();
	RPTRACE_END(far);
}

void one(unsigned long i)
{
	auto const lambda = [&] {
		RPTRACE_REGION(lambda)
		{
			sink = sink + i;
		}
	};

	scopes(i);
	catcher(i);
	caught_here(i);
	sink = static_cast<unsigned long>(doubled(1)) + doubled(2ul);
	sink = static_cast<unsigned long>(doubled(3.0));
	inlined();
	inlined();
	object().method();
	labelled(i);
	lambda();
}

void expect_all(unsigned long threads, unsigned long n)
{
	unsigned long const total = threads * n;

	expect("scope", total);
	expect("scope_odd", threads * (n / 2));
	expect("scope_even", threads * (n - n / 2));
	expect("catcher", total);
	expect("through_function", total);
	expect("thrown_block", total);
	expect("thrown_scope", total);
	expect("caught_here", total);
	expect("doubled", 3 * total);
	expect("inlined", 2 * total);
	expect("method", total);
	expect("color", total);
	expect("flag", total);
	expect("far", total);
	expect("lambda", total);
}

} // namespace

int main(int argc, char **argv)
{
	unsigned long const count = target_number(argc, argv, 1, 4);
	unsigned long const n = target_number(argc, argv, 2, 1000);
	std::vector<std::thread> threads;

	if (count > threads_max)
		return 2;
	target_wait();
	for (unsigned long i = 0; i < count; i++)
		threads.emplace_back([n] {
			for (unsigned long k = 0; k < n; k++)
				one(k);
		});
	for (std::thread &thread : threads)
		thread.join();
	expect_all(count, n);
	return 0;
}
