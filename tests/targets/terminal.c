// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * terminal COMMAND [ARG...]: runs it on a terminal of its own. What comes on standard input are the
 * keys, what it shows is dropped, what it says on standard error goes where ours goes. Prints
 * "keys" once it reads key by key and shows a table. Ends with its status.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int run(int slave, char **command)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	dup2(slave, STDIN_FILENO);
	dup2(slave, STDOUT_FILENO);
	setenv("TERM", "xterm", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	execvp(command[0], command);
	return 127;
}

/* false: that was the end. */
static bool pass_keys(int terminal)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	return n > 0 && write(terminal, buf, (size_t)n) == n;
}

/* The head of a table; false: that was the end. */
static bool drop_shown(int terminal, bool *table)
{
	static const char head[] = "REGION";
	static size_t met; /* characters of it, as a piece may end within */
	char buf[4096];
	ssize_t n = read(terminal, buf, sizeof(buf));

	for (ssize_t i = 0; i < n && !*table; i++) {
		met = buf[i] == head[met] ? met + 1 : buf[i] == head[0];
		*table = !head[met];
	}
	return n > 0;
}

static bool tell_keys(int terminal)
{
	struct termios modes;

	if (tcgetattr(terminal, &modes) || modes.c_lflag & ICANON)
		return false;
	puts("keys");
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	struct winsize size = {.ws_row = 50, .ws_col = 160};
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, status;
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
				{.fd = master, .events = POLLIN}};
	bool told = false, table = false;
	pid_t pid;

	if (argc < 2 || master < 0 || grantpt(master) || unlockpt(master))
		return 126;
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0 || ioctl(slave, TIOCSWINSZ, &size))
		return 126;
	pid = fork();
	if (!pid)
		_exit(run(slave, argv + 1));
	close(slave);
	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents && !pass_keys(master))
			fds[0].fd = -1;
		if (fds[1].revents && !drop_shown(master, &table))
			break;
		told = told || (table && tell_keys(master));
	}
	if (waitpid(pid, &status, 0) != pid)
		return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
