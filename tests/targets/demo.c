/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * demo [SECONDS [RATE [NAME=VALUE...]]]: a small service to look at with rptrace. Producers put
 * requests into a bounded queue, in bursts; workers parse them, compute on them, render an answer,
 * book it to a tenant and write a log. It keeps to two CPUs, as in a small container, so that its
 * threads wait for them; it handles about 1,000 requests a second (12,000 regions) and ends by
 * itself (30), on SIGTERM or ^C. With RATE it is that many requests a second on average, in waves
 * between half and one and a half times as many.
 *
 * For comparisons of runs: blocks=N a ms of computing, whatever this machine could do, so that each
 * run has the same work; compute=PCT of what a request has to compute; parses=N of each request.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "regions.h"
#include "rptrace.h"
#include "target.h"

#define PRODUCERS    2
#define WORKERS	     6
#define CPUS	     2
#define QUEUE	     64		 /* requests at most */
#define BURST	     8		 /* requests a producer makes at a time ... */
#define RATE	     1000	 /* requests a second of all producers */
#define WAVE_NS	     20000000000 /* from one high tide to the next */
#define TENANTS	     5
#define TEXT	     160 /* bytes of a request */
#define SLOW_EVERY   500 /* one request in so many has to wait for something */
#define SLOW_US	     20000
#define FSYNC_EVERY  128       /* lines of the log */
#define LOG_BYTES    (1 << 20) /* where the log starts anew */
#define RENDER_DEPTH 3
#define BLOCK	     1024 /* bytes that computing mixes at a time */
#define NS_PER_S     1000000000

struct request {
	uint64_t serial;
	unsigned tenant;
	unsigned work_us; /* how much there is to compute */
	char text[TEXT];
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t filled, taken;
	struct request requests[QUEUE];
	unsigned first, n;
	int closed;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
	   .filled = PTHREAD_COND_INITIALIZER,
	   .taken = PTHREAD_COND_INITIALIZER};

static struct {
	pthread_mutex_t lock;
	uint64_t requests[TENANTS], bytes[TENANTS];
	uint64_t checksum;
} books = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct {
	pthread_mutex_t lock;
	FILE *file;
	uint64_t lines, slow;
} journal = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t blocks_per_ms;	       /* what this machine computes, or is to compute */
static unsigned compute_percent = 100; /* of the work of a request */
static unsigned parses = 1;	       /* of a request */
static double rate;		       /* requests a second on average; 0: RATE, and no waves */

/* ---- computing ------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static uint64_t mix(uint64_t hash, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)text[i % TEXT]) * 0x100000001b3u;
	return hash;
}

/* The same load on every machine: see how much it computes in 20 ms. */
static void calibrate(void)
{
	static const char text[TEXT] = "calibration";
	uint64_t start = now_ns(), hash = 0, blocks = 0;

	while (now_ns() - start < 20000000) {
		hash = mix(hash, text, BLOCK);
		blocks++;
	}
	books.checksum = hash;
	blocks_per_ms = blocks / 20 + 1;
}

static uint64_t burn(const char *text, unsigned us)
{
	uint64_t hash = us;

	for (uint64_t n = blocks_per_ms * us / 1000 + 1; n; n--)
		hash = mix(hash, text, BLOCK);
	return hash;
}

/* ---- the queue ------------------------------------------------------------------------------- */

static void queue_put(const struct request *request)
{
	RPTRACE_SPAN_BEGIN(request_latency, request->serial); /* a worker ends it */
	RPTRACE_REGION(enqueue)
	{
		pthread_mutex_lock(&queue.lock);
		while (queue.n == QUEUE)
			pthread_cond_wait(&queue.taken, &queue.lock);
		queue.requests[(queue.first + queue.n++) % QUEUE] = *request;
		pthread_cond_signal(&queue.filled);
		pthread_mutex_unlock(&queue.lock);
	}
}

/* 0: the queue is closed, and empty. */
static int queue_take(struct request *request)
{
	int got = 0;

	RPTRACE_REGION(queue_wait)
	{
		pthread_mutex_lock(&queue.lock);
		while (!queue.n && !queue.closed)
			pthread_cond_wait(&queue.filled, &queue.lock);
		if (queue.n) {
			*request = queue.requests[queue.first];
			queue.first = (queue.first + 1) % QUEUE;
			queue.n--;
			got = 1;
			pthread_cond_signal(&queue.taken);
		}
		pthread_mutex_unlock(&queue.lock);
	}
	return got;
}

static void queue_close(void)
{
	pthread_mutex_lock(&queue.lock);
	queue.closed = 1;
	pthread_cond_broadcast(&queue.filled);
	pthread_mutex_unlock(&queue.lock);
}

/* ---- producers ------------------------------------------------------------------------------- */

/* Most requests are small, some are large: 0.2 to 5 ms. */
static unsigned draw_work(uint64_t *random)
{
	uint64_t dice = next_random(random) % 100;

	if (dice < 70)
		return 200 + (unsigned)(next_random(random) % 300);
	if (dice < 97)
		return 500 + (unsigned)(next_random(random) % 1500);
	return 2000 + (unsigned)(next_random(random) % 3000);
}

static void make_request(struct request *request, uint64_t serial, uint64_t *random)
{
	uint64_t dice = next_random(random) % 15;

	request->serial = serial;
	/* Tenant 0 asks most often: 5, 4, 3, 2 and 1 of 15. */
	for (request->tenant = 0; dice >= TENANTS - request->tenant; request->tenant++)
		dice -= TENANTS - request->tenant;
	request->work_us = draw_work(random);
	snprintf(request->text, sizeof(request->text),
		 "GET /tenant/%u/report?serial=%llu&work=%u&seed=%016llx HTTP/1.1", request->tenant,
		 (unsigned long long)serial, request->work_us,
		 (unsigned long long)next_random(random));
}

static int is_closed(void)
{
	int closed;

	pthread_mutex_lock(&queue.lock);
	closed = queue.closed;
	pthread_mutex_unlock(&queue.lock);
	return closed;
}

/* The time between two bursts. */
static uint64_t pause_ns(uint64_t since_start)
{
	double at = (double)(since_start % WAVE_NS) / (double)WAVE_NS, now = RATE;

	if (rate > 0)
		now = rate * (0.5 + (at < 0.5 ? 2 * at : 2 - 2 * at));
	return (uint64_t)(BURST * PRODUCERS * (double)NS_PER_S / now);
}

static void *producer(void *arg)
{
	unsigned id = *(unsigned *)arg;
	uint64_t serial = id, random = 88172645463325252u + id;
	struct request request;
	uint64_t start = now_ns(), next = start;

	while (!is_closed()) {
		struct timespec until;

		for (int i = 0; i < BURST; i++, serial += PRODUCERS) {
			make_request(&request, serial, &random);
			queue_put(&request);
		}
		next += pause_ns(next - start);
		until = (struct timespec){.tv_sec = (time_t)(next / NS_PER_S),
					  .tv_nsec = (long)(next % NS_PER_S)};
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
	}
	return NULL;
}

/* ---- workers --------------------------------------------------------------------------------- */

static unsigned parse(const struct request *request)
{
	unsigned fields = 0;

	RPTRACE_REGION(parse)
	{
		for (const char *at = request->text; *at; at++)
			fields += *at == '=' || *at == '/';
		fields += burn(request->text, 10) % 2;
	}
	return fields;
}

static uint64_t compute(const struct request *request)
{
	uint64_t hash = 0;

	RPTRACE_REGION(compute)
	hash = burn(request->text, request->work_us * compute_percent / 100);
	return hash;
}

/* A page holds parts, which hold parts. */
static uint64_t render(const struct request *request, unsigned depth)
{
	uint64_t hash;

	RPTRACE_BEGIN(render);
	hash = burn(request->text, 15);
	if (depth > 1)
		hash ^= render(request, depth - 1);
	RPTRACE_END(render);
	return hash;
}

/* All workers book here, and take their time with it. */
static void account(const struct request *request, uint64_t hash)
{
	RPTRACE_REGION(lock_wait)
	{
		pthread_mutex_lock(&books.lock);
		RPTRACE_REGION(locked)
		{
			books.requests[request->tenant]++;
			books.bytes[request->tenant] += strlen(request->text);
			books.checksum ^= hash ^ burn(request->text, 120);
		}
		pthread_mutex_unlock(&books.lock);
	}
}

static void write_log(const struct request *request, uint64_t hash)
{
	RPTRACE_FUNCTION();
	pthread_mutex_lock(&journal.lock);
	fprintf(journal.file, "%llu tenant %u \"%s\" %016llx\n",
		(unsigned long long)request->serial, request->tenant, request->text,
		(unsigned long long)hash);
	fflush(journal.file);
	if (++journal.lines % FSYNC_EVERY == 0)
		RPTRACE_REGION(fsync) fsync(fileno(journal.file));
	if (ftell(journal.file) > LOG_BYTES)
		rewind(journal.file);
	pthread_mutex_unlock(&journal.lock);
}

static void slow_path(void)
{
	RPTRACE_REGION(slow_path) usleep(SLOW_US);
	pthread_mutex_lock(&journal.lock);
	journal.slow++;
	pthread_mutex_unlock(&journal.lock);
}

static void serve(const struct request *request)
{
	uint64_t hash = 0;

	RPTRACE_REGION(request)
	{
		for (unsigned i = 0; i < parses; i++)
			hash = parse(request);
		RPTRACE_BEGIN_VALUE(tenant, request->tenant);
		hash ^= compute(request);
		if (request->serial % SLOW_EVERY == SLOW_EVERY - 1)
			slow_path();
		hash ^= render(request, RENDER_DEPTH);
		RPTRACE_END(tenant);
		account(request, hash);
		write_log(request, hash);
	}
}

static void *worker(void *arg)
{
	struct request request;

	(void)arg;
	while (queue_take(&request)) {
		serve(&request);
		RPTRACE_SPAN_END(request_latency, request.serial);
	}
	return NULL;
}

/* ---- the service ----------------------------------------------------------------------------- */

struct thread {
	pthread_t id;
	unsigned number;
};

static void start(struct thread *threads, unsigned n, const char *name, void *(*run)(void *))
{
	char own[16], full[16];

	/*
	 * A thread is born with the name of the one that starts it, so its first moments have it.
	 */
	prctl(PR_GET_NAME, own);
	for (unsigned i = 0; i < n; i++) {
		threads[i].number = i;
		snprintf(full, sizeof(full), "%.11s-%u", name, i % 100);
		prctl(PR_SET_NAME, full);
		if (pthread_create(&threads[i].id, NULL, run, &threads[i].number)) {
			fputs("demo: cannot start a thread\n", stderr);
			exit(1);
		}
	}
	prctl(PR_SET_NAME, own);
}

static void join(struct thread *threads, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i].id, NULL);
}

/* The first two of the CPUs that are allowed. Where that cannot be had, there are more. */
static void keep_to_few_cpus(void)
{
	cpu_set_t allowed, few;
	int n = 0;

	CPU_ZERO(&few);
	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && n < CPUS; cpu++)
		if (CPU_ISSET(cpu, &allowed)) {
			CPU_SET(cpu, &few);
			n++;
		}
	sched_setaffinity(0, sizeof(few), &few);
}

/* SIGTERM and SIGINT, which no thread of ours takes, or the time. */
static void sleep_until_told(const sigset_t *signals, double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * NS_PER_S), now;
	struct timespec left;

	while ((now = now_ns()) < end) {
		left = (struct timespec){.tv_sec = (time_t)((end - now) / NS_PER_S),
					 .tv_nsec = (long)((end - now) % NS_PER_S)};
		if (sigtimedwait(signals, NULL, &left) > 0 || errno != EINTR)
			return;
	}
}

static void report(double seconds)
{
	uint64_t requests = 0;

	for (unsigned i = 0; i < TENANTS; i++)
		requests += books.requests[i];
	say("demo: %llu requests in %.1f s, %llu of them slow", (unsigned long long)requests,
	    seconds, (unsigned long long)journal.slow);
	for (unsigned i = 0; i < TENANTS; i++)
		say("demo: tenant %u: %llu requests, %llu bytes", i,
		    (unsigned long long)books.requests[i], (unsigned long long)books.bytes[i]);
	expect("request", requests);
}

/* NAME=VALUE. 0: there is no such setting. */
static int set(const char *word)
{
	unsigned long long blocks;

	if (sscanf(word, "blocks=%llu", &blocks) == 1)
		blocks_per_ms = blocks;
	else
		return sscanf(word, "compute=%u", &compute_percent) == 1 ||
		       sscanf(word, "parses=%u", &parses) == 1;
	return blocks > 0;
}

/* 0: they are wrong. */
static int take_settings(char **words)
{
	for (; *words; words++)
		if (!set(*words))
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 30;
	struct thread producers[PRODUCERS], workers[WORKERS];
	sigset_t signals;
	uint64_t start_ns;

	rate = argc > 2 ? strtod(argv[2], NULL) : 0;
	if ((argc > 3 && !take_settings(argv + 3)) || !(seconds > 0 && seconds <= 86400) ||
	    !(rate >= 0 && rate <= 100000)) {
		fputs("usage: demo [SECONDS [RATE [blocks=N] [compute=PCT] [parses=N]]]\n", stderr);
		return 2;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	journal.file = tmpfile();
	if (!journal.file) {
		perror("demo: no temporary file");
		return 1;
	}
	keep_to_few_cpus();
	if (!blocks_per_ms)
		calibrate();
	target_wait();
	say("demo: pid %d, %d producers and %d workers for %g s, %llu blocks a ms", (int)getpid(),
	    PRODUCERS, WORKERS, seconds, (unsigned long long)blocks_per_ms);
	start_ns = now_ns();
	start(workers, WORKERS, "worker", worker);
	start(producers, PRODUCERS, "producer", producer);
	sleep_until_told(&signals, seconds);
	queue_close();
	join(producers, PRODUCERS);
	join(workers, WORKERS);
	report((double)(now_ns() - start_ns) / NS_PER_S);
	fclose(journal.file);
	return 0;
}
