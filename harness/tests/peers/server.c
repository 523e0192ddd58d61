/* A typical minitalk server: everything happens in the signal handler. */
#include "dialect.h"

static struct s_state
{
	pid_t		client;
	int			greeted;
	int			header;
	int			bits;
	uint64_t	value;
	uint64_t	left;
}	g;

static void	start_message(pid_t client)
{
	memset(&g, 0, sizeof(g));
	g.client = client;
	g.header = LENGTH;
}

static void	add_bit(int bit)
{
	if (ORDER == MSB)
		g.value = g.value << 1 | (uint64_t)bit;
	else
		g.value |= (uint64_t)bit << g.bits;
	g.bits++;
}

/* Takes a complete byte or length. Returns whether it completes the message. */
static int	take_value(void)
{
	uint64_t	value;
	char		c;

	value = g.value;
	g.bits = 0;
	g.value = 0;
	if (g.header)
	{
		g.header = 0;
		g.left = value;
		return (value == 0 && !NUL);
	}
	c = (char)value;
	if (NUL && c == '\0')
		return (1);
	if (write(1, &c, 1) != 1)
		_exit(1);
	if (LENGTH)
		g.left--;
	return (LENGTH && !NUL && g.left == 0);
}

static void	answer(int sig, int byte, int end)
{
	int	ack;

	ack = (ACK == ECHO) ? sig : ACK;
	if (PER_BYTE && !byte)
		ack = NOTHING;
	if (end && RECEIPT && PLACE == INSTEAD)
		ack = NOTHING;
	if (end && RECEIPT && PLACE == BEFORE)
		kill(g.client, RECEIPT);
	if (ack)
		kill(g.client, ack);
	if (end && RECEIPT && PLACE != BEFORE)
		kill(g.client, RECEIPT);
}

static void	handler(int sig, siginfo_t *info, void *context)
{
	int	byte;
	int	end;

	(void)context;
	if (!COUNTS_ON && g.client != info->si_pid)
		start_message(info->si_pid);
	g.client = info->si_pid;
	if (HELLO && !g.greeted)
	{
		g.greeted = 1;
		answer(sig, 0, 0);
		return ;
	}
	add_bit(sig == ONE);
	byte = (g.bits % 8 == 0);
	end = 0;
	if (g.bits == (g.header ? g.header : 8))
		end = take_value();
	if (end && write(1, "\n", 1) != 1)
		_exit(1);
	answer(sig, byte, end);
	if (end)
		start_message(0);
}

int	main(void)
{
	struct sigaction	action;

	memset(&action, 0, sizeof(action));
	action.sa_flags = SA_SIGINFO | SA_RESTART;
	action.sa_sigaction = handler;
	sigemptyset(&action.sa_mask);
	sigaddset(&action.sa_mask, SIGUSR1);
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	printf("Server PID: %d\n", getpid());
	fflush(stdout);
	while (1)
		pause();
}
