/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* rptrace's side: a process that is asked, and what it is asked for. */
#ifndef RP_HELPER_INTERNAL_H
#define RP_HELPER_INTERNAL_H

#include "helper/helper.h"
#include "helper/killed.h"
#include "helper/message.h"

#define RP_HELPER_PIECES       64 /* of code that are kept: exits of functions lead to and fro */
#define RP_HELPER_SILENT_MAX   4  /* processes of a user; the next one is taken for silent, too */
#define RP_HELPER_WHY_IDLE     "its file system does not answer"
#define RP_HELPER_WHY_CPU      "reading it takes too long"
#define RP_HELPER_WHY_LARGE    "it is too large to be read"
#define RP_HELPER_WHY_DIED     "the process that reads files has ended over it"
#define RP_HELPER_WHY_NO_FORK  "no process could be started to read it"
#define RP_HELPER_WHY_NONSENSE "the process that reads files has answered what cannot be"

struct rp_helper_piece {
	bool is_known;
	uint64_t offset;
	size_t size;
	char bytes[RP_HELPER_PIECE];
};

/*
 * What is read by way of a process, its memory and the paths that it sees, may be on any file
 * system, or on none but that process's own: it says nothing about the file that is mapped there.
 */
struct rp_helper_silent {
	pid_t pid;
	uint64_t user;
};

enum rp_helper_sleep {
	RP_HELPER_SLEEP_UNKNOWN,
	RP_HELPER_SLEEP_FILE, /* over a file that it had open */
	RP_HELPER_SLEEP_PATH, /* while it looked for one: it may be on any file system */
};

struct rp_helper {
	pid_t pid; /* 0: there is none */
	int socket;
	bool (*is_cancelled)(void);
	const char *why;
	uint64_t spent; /* ns */
	bool has_object;
	struct rp_killed killed;
	enum rp_helper_sleep sleep; /* when it did not answer */
	dev_t sleep_device;
	dev_t *silent_devices; /* file systems that did not answer */
	size_t n_silent_devices;
	uid_t *silent_owners; /* of objects whose debug links led to where nobody answered */
	size_t n_silent_owners;
	struct rp_helper_silent *silent_processes;
	size_t n_silent_processes;
	struct rp_helper_request request;
	struct rp_helper_reply reply;
	struct rp_helper_piece pieces[RP_HELPER_PIECES];
};

/*
 * Send h->request, with a file (-1: none), and wait for h->reply. 0; -EIO with h->why; -EINTR. *fd:
 * what came with it, or -1. Where the helper died the next one is asked, once: who knows what it
 * died of.
 */
int rp_helper__ask(struct rp_helper *h, enum rp_helper_what what, int file, int *fd);

/*
 * Find out what the helper sleeps over, before it is killed. Then make a note of it, where it was
 * so with the last request: of a file system, that of the file asked for where nothing better is
 * known, of who owns an object that leads elsewhere, or of a process.
 */
void rp_helper__look_at_sleep(struct rp_helper *h);
void rp_helper__note_device(struct rp_helper *h, dev_t dev);
void rp_helper__note_object(struct rp_helper *h, const struct stat *st);
void rp_helper__note_process(struct rp_helper *h, pid_t pid);

/* Whether to leave what is there, as it did not answer once; then h->why is said again. */
bool rp_helper__is_silent_device(struct rp_helper *h, dev_t dev);
bool rp_helper__is_silent_owner(const struct rp_helper *h, uid_t owner);
bool rp_helper__is_silent_process(struct rp_helper *h, pid_t pid);

/* Begin anew with the next request: this one cannot be believed, or does not listen. */
void rp_helper__end(struct rp_helper *h);

#endif
