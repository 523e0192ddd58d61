/*
** A small, correct minitalk client; with -D one that has a fault:
**
** HASTE=N      it waits N microseconds after each bit, instead of for an answer
** LOOK=N       it waits until its bit is taken, at most N microseconds, instead of for an answer
** PAUSE        it sends with kill and then waits with pause: an answer in between is missed
** LSB          it sends the least significant bit first
** INVERTED     it takes SIGUSR1 for a one
** NO_END       it sends no NUL
** NAIVE        it signals whatever PID it is given, and waits for ever
*/
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t	g_answers;

static void	handler(int signal)
{
	if (signal == SIGUSR1)
		g_answers++;
}

#define LINE (1ULL << (SIGUSR1 - 1) | 1ULL << (SIGUSR2 - 1))

#ifndef NAIVE
/* Which of the two signals are in this line of /proc/PID/status. */
static unsigned long long	signals(const char *pid, const char *name)
{
	char	path[64];
	char	status[4096];
	char	*line;
	int		fd;
	int		length;

	strcpy(path, "/proc/");
	strcat(path, pid);
	strcat(path, "/status");
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return (0);
	length = read(fd, status, sizeof(status) - 1);
	close(fd);
	status[length < 0 ? 0 : length] = '\0';
	line = strstr(status, name);
	if (!line)
		return (0);
	return (strtoull(line + strlen(name), NULL, 16) & LINE);
}

/* Whether a process handles both signals: one that does not would die of them. */
static int	is_server(const char *pid)
{
	if (strlen(pid) > 10 || strspn(pid, "0123456789") != strlen(pid))
		return (0);
	return (signals(pid, "SigCgt:") == LINE);
}
#endif

#ifdef LOOK
static void	wait_until_taken(pid_t server)
{
	struct timespec	begin;
	struct timespec	now;
	char			pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)server);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
	{
		usleep(100);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
	while (signals(pid, "ShdPnd:") && (now.tv_sec - begin.tv_sec) * 1000000
		+ (now.tv_nsec - begin.tv_nsec) / 1000 < LOOK);
}
#endif

static void	wait_for_answer(pid_t server, int before)
{
#if defined(HASTE)
	(void)server;
	(void)before;
	usleep(HASTE);
#elif defined(LOOK)
	(void)before;
	wait_until_taken(server);
#elif defined(PAUSE)
	struct timespec	begin;
	struct timespec	now;

	(void)server;
	(void)before;
	/* There is always a gap between kill and pause; this widens it. */
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec == begin.tv_sec && now.tv_nsec - begin.tv_nsec < 200000);
	pause();
#elif defined(NAIVE)
	(void)server;
	while (g_answers == before)
		usleep(50);
#else
	sigset_t		signals;
	struct timespec	second = {1, 0};

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	while (g_answers == before)
	{
		if (sigtimedwait(&signals, NULL, &second) == SIGUSR1)
			g_answers++;
		else if (kill(server, 0) != 0)
			exit(1);
	}
#endif
}

static void	send_byte(pid_t server, unsigned char byte)
{
	int	place;
	int	bit;
	int	before;

	place = 0;
	while (place < 8)
	{
#ifdef LSB
		bit = byte >> place & 1;
#else
		bit = byte >> (7 - place) & 1;
#endif
#ifdef INVERTED
		bit = !bit;
#endif
		before = g_answers;
		if (kill(server, bit ? SIGUSR2 : SIGUSR1) != 0)
		{
#ifndef NAIVE
			exit(1);
#endif
		}
		wait_for_answer(server, before);
		place++;
	}
}

int	main(int argc, char **argv)
{
	struct sigaction	action;
	size_t				i;
	pid_t				server;

	if (argc != 3)
		return (1);
#ifndef NAIVE
	if (!is_server(argv[1]))
		return (1);
#endif
	server = atoi(argv[1]);
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
#if !defined(HASTE) && !defined(LOOK) && !defined(PAUSE) && !defined(NAIVE)
	/* sigtimedwait needs the signals to be blocked. */
	sigaddset(&action.sa_mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &action.sa_mask, NULL);
#endif
	i = 0;
	while (argv[2][i])
		send_byte(server, (unsigned char)argv[2][i++]);
#ifndef NO_END
	send_byte(server, 0);
#endif
	return (0);
}
