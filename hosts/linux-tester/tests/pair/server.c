/*
** A small, correct minitalk server; with -D one that has a fault:
**
** SHARED       it ignores who sends: one byte for all clients
** NO_ANSWER    it answers no bit
** SLOW=N       it works for N microseconds on each bit, after it has taken it
** EARLY        it answers a bit, and stores it later
** KEEP=N       it prints a text at its end, and keeps at most N bytes of it
** OVERFLOW     it stores a text in a buffer that is too small, without checking
** EARLY_RECEIPT  it confirms a text, and prints it later
** UNFLUSHED    it prints a text with a function that buffers it
** LOCK         its handler calls a function that the main program may be in
*/
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct
{
	volatile pid_t			client;
	volatile unsigned int	byte;
	volatile int			bits;
}	g;

static char			*g_text;
static int			g_length;
static volatile int	g_late_signal;
static volatile int	g_late_text;

static void	work(long micros)
{
	struct timespec	begin;
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000000 + (now.tv_nsec - begin.tv_nsec) / 1000 < micros);
}

static void	show(const char *text, int length)
{
	if (write(1, text, length) != length)
		_exit(1);
}

static void	take_byte(char c)
{
#if defined(KEEP) || defined(OVERFLOW) || defined(EARLY_RECEIPT)
	if (c == '\0')
	{
# ifdef EARLY_RECEIPT
		g_late_text = 1;
# else
		show(g_text, g_length);
		show("\n", 1);
		g_length = 0;
# endif
		return ;
	}
# ifdef KEEP
	if (g_length == KEEP)
		return ;
# endif
	g_text[g_length++] = c;
#elif defined(UNFLUSHED)
	if (c)
		putchar(c);
#else
	show(c ? &c : "\n", 1);
#endif
}

/* Adds a bit; returns whether it was the last one of a text. */
static int	add(int signal)
{
	int	byte;

	g.byte = g.byte << 1 | (signal == SIGUSR2);
	if (++g.bits < 8)
		return (0);
	byte = g.byte & 255;
	g.byte = 0;
	g.bits = 0;
	take_byte((char)byte);
	return (byte == 0);
}

static void	handler(int signal, siginfo_t *info, void *context)
{
	int	is_end;

	(void)context;
#ifdef LOCK
	time_t	now = time(NULL);
	(void)localtime(&now);
#endif
#ifndef SHARED
	if (info->si_pid != g.client)
	{
		g.client = info->si_pid;
		g.byte = 0;
		g.bits = 0;
	}
#endif
#ifdef EARLY
	is_end = 0;
	g_late_signal = signal;
#else
	is_end = add(signal);
#endif
#ifdef SLOW
	work(SLOW);
#endif
#ifndef NO_ANSWER
	kill(info->si_pid, SIGUSR1);
	if (is_end)
		kill(info->si_pid, SIGUSR2);
#endif
	(void)is_end;
}

static void	show_pid(void)
{
	char	digits[16];
	int		place;
	int		pid;

	place = sizeof(digits);
	digits[--place] = '\n';
	pid = getpid();
	while (pid)
	{
		digits[--place] = '0' + pid % 10;
		pid /= 10;
	}
	show(digits + place, sizeof(digits) - place);
}

int	main(void)
{
	struct sigaction	action;

	/* The fault: a buffer of 1,096 bytes, followed by memory that must not be touched. */
	g_text = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
#ifdef OVERFLOW
	mprotect(g_text + 4096, 4096, PROT_NONE);
	g_text += 3000;
#endif
	memset(&action, 0, sizeof(action));
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	action.sa_sigaction = handler;
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	show_pid();
	while (1)
	{
#ifdef LOCK
		time_t	now = time(NULL);
		(void)localtime(&now);
		continue ;
#endif
		pause();
		if (g_late_signal)
		{
			work(300);
			add(g_late_signal);
			g_late_signal = 0;
		}
		if (g_late_text)
		{
			usleep(5000);
			show(g_text, g_length);
			g_length = 0;
			g_late_text = 0;
		}
	}
}
