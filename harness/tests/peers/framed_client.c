/* A framed client that sends single bits: PID TEXT [PROGRAM ARGUMENT...]. If the message is
   delivered, it runs the program, or exits with 0; if it is refused, it exits with 10 plus the code
   of the reason. STOPS_AFTER is a number of bits after which it stops itself. */
#include "framed.h"

enum e_outcome { OUT_OF_STEP, ACCEPTED, REFUSED };

static sigset_t	g_both;
static pid_t	g_server;
static int		g_last_ack;
static int		g_resent;
static int		g_doubled;
static int		g_code;
static long		g_smoothed;
static long		g_variation;
/* Section 12, in microseconds. Longer at first: the server may lose its processor while it finds
   out whether this program waits for acknowledgments. */
static long		g_timeout = 250000;
#ifdef STOPS_AFTER
static int		g_bits;
#endif

static long	micros(void)
{
	struct timespec	now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

/* The next acknowledgment, or -1 if none comes in time. */
static int	take(long wait)
{
	long			end;
	long			left;
	struct timespec	span;
	siginfo_t		info;
	int				signal;

	end = micros() + wait;
	while ((left = end - micros()) >= 0)
	{
		span = (struct timespec){left / 1000000, left % 1000000 * 1000};
		signal = sigtimedwait(&g_both, &info, &span);
		if (signal > 0 && sender_of(&info) == g_server)
			return (signal == SIGUSR2);
	}
	return (-1);
}

/* RFC 6298 with the bounds of section 12. */
static void	sample(long round_trip)
{
	if (g_smoothed == 0)
	{
		g_smoothed = round_trip + 1;
		g_variation = round_trip / 2;
	}
	else
	{
		g_variation += (labs(g_smoothed - round_trip) - g_variation) / 4;
		g_smoothed += (round_trip - g_smoothed) / 8;
	}
	g_timeout = g_smoothed + 4 * g_variation;
	g_timeout = g_timeout < 2000 ? 2000 : g_timeout > 1000000 ? 1000000 : g_timeout;
}

/* Section 7: sends a bit until it is acknowledged. `patience` is the least time to wait, or 0. */
static int	send_bit(int bit, long patience)
{
	long	wait;
	long	sent_at;
	int		tries;
	int		ack;

	wait = g_timeout > patience ? g_timeout : patience;
	tries = 0;
	do
	{
		sent_at = micros();
		if (kill(g_server, g_signal[bit]) != 0)
			exit(6);
		ack = take(wait);
		wait = wait * 2 > 1000000 ? 1000000 : wait * 2;
	} while (tries++, ack < 0);
	if (tries == 1 && !patience)
		sample(micros() - sent_at);
	g_resent |= tries > 1;
	g_doubled |= tries > 1 && take(500) >= 0;
#ifdef STOPS_AFTER
	if (++g_bits == STOPS_AFTER)
		raise(SIGSTOP);
#endif
	return (ack);
}

/* A bit of a frame. Its acknowledgment must differ from the previous one. */
static int	send_checked(int bit, long patience)
{
	int	ack;
	int	differs;

	ack = send_bit(bit, patience);
	differs = ack != g_last_ack && !g_doubled;
	g_last_ack = ack;
	return (differs);
}

static void	send_mark(int ones)
{
	while (ones--)
		g_last_ack = send_bit(1, 0);
	g_doubled = 0;
}

static int	send_flag(long patience)
{
	int	i;

	i = -1;
	while (++i < 8)
		if (!send_checked(g_flag[i], i == 7 ? patience : 0))
			return (0);
	return (1);
}

static int	send_octets(const uint8_t *octets, size_t count, long patience)
{
	int		ones;
	size_t	i;

	ones = 0;
	i = (size_t)-1;
	while (++i < 8 * count)
	{
		if (!send_checked(octets[i / 8] >> i % 8 & 1, i ? 0 : patience))
			return (0);
		ones = octets[i / 8] >> i % 8 & 1 ? ones + 1 : 0;
		if (ones == 5 && !send_checked(ones = 0, 0))
			return (0);
	}
	return (1);
}

/* Section 6. */
static enum e_outcome	hear_verdict(void)
{
	int	i;
	int	ones;
	int	symbols;

	g_resent = 0;
	i = -1;
	ones = 0;
	while (++i < 8)
		ones += (g_last_ack = send_bit(g_flag[i], 0));
	if (g_resent || g_doubled || (ones != 0 && ones != 8))
		return (OUT_OF_STEP);
	if (ones == 8)
		return (ACCEPTED);
	i = -1;
	symbols = 0;
	while (++i < 16)
		symbols = symbols << 1 | send_bit(0, 250000);
	while (++g_code < 15)
		if (((g_code & 8 ? 0xF000 : 0) | (g_code & 4 ? 0xF00 : 0) | (g_code & 2 ? 0xF0 : 0)
				| (g_code & 1 ? 0xF : 0)) == symbols && !g_resent)
			return (REFUSED);
	g_code = 0;
	return (REFUSED);
}

/* `octets` is the frame, of `count` octets, with room for its FCS. */
static enum e_outcome	send_frame(uint8_t *octets, size_t count, uint32_t mask, int follows)
{
	enum e_outcome	outcome;
	uint32_t		fcs;
	int				ones;

	fcs = ~run(NO_OCTETS, octets, count);
	ones = follows ? 0 : 8;
	while (1)
	{
		outcome = OUT_OF_STEP;
		put(octets + count, fcs ^ mask, 4);
		send_mark(ones);
		if ((!ones || send_flag(0)) && send_octets(octets, count + 4, ones ? 0 : 50000)
			&& send_flag(50000))
			outcome = hear_verdict();
		if (outcome != OUT_OF_STEP)
			return (outcome);
		while (take(g_timeout) >= 0)
			;
		mask = ones == 16 ? mask : ~mask;
		ones = 16;
	}
}

int	main(int argc, char **argv)
{
	uint8_t		frame[FRAME_MAX];
	size_t		count;
	size_t		sent;
	size_t		left;
	size_t		part;
	int			number;
	int			is_last;
	uint32_t	check;

	if (argc < 3)
		return (2);
	block_both(&g_both);
	g_server = atoi(argv[1]);
	left = strlen(argv[2]);
	sent = 0;
	number = 0;
	check = NO_OCTETS;
	do
	{
		part = left - sent < PAYLOAD_MAX ? left - sent : PAYLOAD_MAX;
		is_last = sent + part == left;
		frame[0] = 0xFF;
		frame[1] = (uint8_t)(number % 8 << 1 | is_last << 4 | (number == 0) << 5 | (part == 256) << 6);
		count = 2;
		if (number == 0)
		{
			memcpy(frame + 2, (uint8_t[]){2, 'c', 'p', 'e', 'r', 0}, 6);
			count = 8;
		}
		frame[count++] = (uint8_t)part;
		memcpy(frame + count, argv[2] + sent, part);
		count += part;
		if (is_last)
		{
			put(frame + count, check_of(check, left), 4);
			count += 4;
		}
		if (send_frame(frame, count, number ? 0x72657063 : 0, number > 0) == REFUSED)
			return (10 + g_code);
		check = run_check(check, ~run(NO_OCTETS, frame, count));
		sent += part;
		number++;
	} while (!is_last);
	if (argc == 3)
		return (0);
	/* Longer than a server relies on what it has seen. */
	usleep(10000);
	execv(argv[3], argv + 3);
	return (1);
}
