// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
#include "helper/message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

bool rp_helper_message__send(int socket, const void *message, size_t size, int fd)
{
	struct iovec part = {.iov_base = (void *)message, .iov_len = size};
	struct msghdr msg = {.msg_iov = &part, .msg_iovlen = 1};
	union control control = {0};
	ssize_t sent;

	if (fd >= 0) {
		struct cmsghdr *with = &control.align;

		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
		with->cmsg_level = SOL_SOCKET;
		with->cmsg_type = SCM_RIGHTS;
		with->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(with), &fd, sizeof(fd));
	}
	do {
		sent = sendmsg(socket, &msg, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent == (ssize_t)size;
}

ssize_t rp_helper_message__receive(int socket, void *message, size_t size, int *fd)
{
	struct iovec part = {.iov_base = message, .iov_len = size};
	union control control;
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     /* Aligned, the room would do for two, and the second be nobody's. */
			     .msg_controllen = CMSG_LEN(sizeof(*fd))};
	const struct cmsghdr *with;
	ssize_t got;

	*fd = -1;
	do {
		got = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	with = CMSG_FIRSTHDR(&msg);
	if (with && with->cmsg_level == SOL_SOCKET && with->cmsg_type == SCM_RIGHTS &&
	    with->cmsg_len == CMSG_LEN(sizeof(*fd)))
		memcpy(fd, CMSG_DATA(with), sizeof(*fd));
	if (*fd < 0 && msg.msg_flags & MSG_CTRUNC)
		return -EMFILE; /* there was no room for the file that came */
	return got ? got : -EPIPE;
}
