/* A typical minitalk client: it sends a bit and waits until it is answered. */
#include "dialect.h"

static volatile sig_atomic_t	g_usr1;
static volatile sig_atomic_t	g_usr2;
static pid_t					g_server;

static void	handler(int sig)
{
	if (sig == SIGUSR1)
		g_usr1++;
	else
		g_usr2++;
}

static void	expect(int sig, int *usr1, int *usr2)
{
	if (sig == SIGUSR1)
		(*usr1)++;
	if (sig == SIGUSR2)
		(*usr2)++;
}

/* Sends one signal and waits for everything the server owes for it. */
static void	send_signal(int sig, int byte, int end)
{
	int	usr1;
	int	usr2;
	int	ack;

	usr1 = 0;
	usr2 = 0;
	ack = (ACK == ECHO) ? sig : ACK;
	if ((PER_BYTE && !byte) || (end && RECEIPT && PLACE == INSTEAD))
		ack = NOTHING;
	expect(ack, &usr1, &usr2);
	if (end)
		expect(RECEIPT, &usr1, &usr2);
	g_usr1 = 0;
	g_usr2 = 0;
	if (kill(g_server, sig) != 0)
		exit(1);
	if (!usr1 && !usr2)
		usleep(PACE);
	while (g_usr1 < usr1 || g_usr2 < usr2)
		usleep(100);
}

static void	send_value(uint64_t value, int bits, int end)
{
	int	sent;
	int	bit;

	sent = 0;
	while (sent < bits)
	{
		bit = (value >> (ORDER == MSB ? bits - 1 - sent : sent)) & 1;
		sent++;
		send_signal(bit ? ONE : ZERO, sent % 8 == 0, end && sent == bits);
	}
}

int	main(int argc, char **argv)
{
	struct sigaction	action;
	size_t				length;
	size_t				i;

	if (argc != 3)
		return (2);
	g_server = atoi(argv[1]);
	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	length = strlen(argv[2]);
	if (HELLO)
		send_signal(HELLO, 0, 0);
	if (LENGTH)
		send_value(length, LENGTH, length == 0 && !NUL);
	i = 0;
	while (i < length)
	{
		send_value((unsigned char)argv[2][i], 8, i + 1 == length && !NUL);
		i++;
	}
	if (NUL)
		send_value(0, 8, 1);
	return (0);
}
