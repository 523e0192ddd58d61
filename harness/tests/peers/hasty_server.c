/*
** A minitalk server that acknowledges a bit before it is ready for the next one, as many do: it
** loses a bit that arrives in between.
*/
#include "dialect.h"
#include <time.h>

static void	work(long micros)
{
	struct timespec	start;
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	now = start;
	while ((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000 < micros)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

static volatile sig_atomic_t	g_signal;
static volatile sig_atomic_t	g_client;

static void	handler(int sig, siginfo_t *info, void *context)
{
	(void)context;
	g_client = info->si_pid;
	g_signal = sig;
}

static void	show(int is_one)
{
	static unsigned char	byte;
	static int				bits;

	byte = (byte << 1) | is_one;
	if (++bits < 8)
		return ;
	if (write(1, byte ? (char *)&byte : "\n", 1) != 1)
		_exit(1);
	bits = 0;
}

int	main(void)
{
	struct sigaction	action;
	int					sig;

	memset(&action, 0, sizeof(action));
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	action.sa_sigaction = handler;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	printf("Server PID: %d\n", getpid());
	fflush(stdout);
	while (1)
	{
		if (!g_signal)
			pause();
		sig = g_signal;
		if (!sig)
			continue ;
		kill(g_client, ACK);
		show(sig == ONE);
		work(300);
		g_signal = 0;
	}
}
