/* A framed server that takes one client at a time, and messages of at most as many octets as its first argument says.
   It dies when it has written as many frames as the second one says, before it answers. */
#include "framed.h"

enum e_spelling { NOTHING, VERDICT, REASON };

/* What is known of one client. */
static struct s_link
{
	pid_t			client;
	int				next_ack;
	/* Section 4: bits since the last flag, the octets they make, ones in a row. */
	int				hunting;
	int				ones;
	size_t			bits;
	uint8_t			octets[FRAME_MAX + 2];
	/* Section 6: what is being spelled. */
	enum e_spelling	spelling;
	int				position;
	int				verdict;
	int				code;
	/* Section 8: what is remembered of the message. */
	int				known;
	int				ended;
	int				frames;
	int				next;
	int				refused;
	uint32_t		message;
	size_t			length;
}	g;

static size_t	g_length_max;
static int		g_frames_max;

/* Section 8: 1 if the frame is accepted, with a line for a message that is complete; 0 if it is refused, -1 if
   it is nothing. */
static int	judge(const uint8_t *octets, size_t count)
{
	const uint8_t	*payload;
	uint32_t		check;
	uint32_t		message;
	int				number;
	int				first;

	if (count < 6 || count > FRAME_MAX)
		return (-1);
	count -= 4;
	check = octets[count] | octets[count + 1] << 8 | octets[count + 2] << 16
		| (uint32_t)octets[count + 3] << 24;
	if (check != fcs(octets, count) || octets[0] != 0xFF || octets[1] & 0xC1)
		return (-1);
	first = octets[1] >> 5 & 1;
	number = octets[1] >> 1 & 7;
	payload = octets + 2;
	message = g.message;
	if (first)
	{
		if (count < 8)
			return (-1);
		g.code = OTHER_VERSION;
		if (octets[2] != 1)
			return (0);
		memcpy(&message, octets + 3, 4);
		payload = octets + 7;
		while (payload < octets + count && *payload++ & 0x80)
			;
	}
	if (first && (!g.known || message != g.message))
	{
		g.known = 1;
		g.ended = 0;
		g.frames = 0;
		g.refused = 0;
		g.length = 0;
		g.message = message;
	}
	else if (g.known && g.refused)
		return (g.code = g.refused, 0);
	else if (g.known && (first ? g.frames == 1 : g.frames > 1) && (number + 1) % 8 == g.next)
		return (1);
	else if (first || !g.known || g.ended || number != g.next)
		return (g.code = OUT_OF_SEQUENCE, 0);
	count -= (size_t)(payload - octets);
	if (g.length + count > g_length_max)
		return (g.code = g.refused = TOO_LONG, 0);
	g.length += count;
	g.next = (number + 1) % 8;
	g.frames++;
	g.ended = octets[1] >> 4 & 1;
	if (write(1, payload, count) != (ssize_t)count || (g.ended && write(1, "\n", 1) != 1))
		exit(1);
	if (g.frames == g_frames_max)
		exit(0);
	return (1);
}

/* Section 4. Returns whether a flag is complete; what lies before it is then in `g.octets`, and its length in bits, with
   those of the flag, in `g.bits`. */
static int	deframe(int bit)
{
	int	stuffed;

	stuffed = !bit && g.ones == 5;
	if (!bit && g.ones == 6)
		return (g.ones = 0, 1);
	g.ones = bit ? g.ones + 1 : 0;
	if (g.ones >= ABORT_ONES)
		g.hunting = 1;
	if (stuffed || g.ones > 5 || g.bits >= 8 * sizeof(g.octets))
		return (0);
	g.octets[g.bits / 8] &= (uint8_t)~(1 << g.bits % 8);
	g.octets[g.bits / 8] |= (uint8_t)(bit << g.bits % 8);
	g.bits++;
	return (0);
}

static int	alternate(void)
{
	int	ack;

	ack = g.next_ack;
	g.next_ack = !ack;
	return (ack);
}

static int	listen_to(int bit)
{
	size_t	content;
	int		was_hunting;

	was_hunting = g.hunting;
	if (!deframe(bit))
		return (alternate());
	/* A zero and five ones of the flag are among the bits. */
	content = g.bits < 6 ? 0 : g.bits - 6;
	g.bits = 0;
	g.hunting = 0;
	if (was_hunting || content == 0)
		return (alternate());
	g.verdict = content % 8 ? -1 : judge(g.octets, content / 8);
	g.spelling = VERDICT;
	g.position = 0;
	return (alternate());
}

/* Section 6: the acknowledgment of a bit. */
static int	answer(int bit)
{
	int	ack;

	if (g.spelling == VERDICT && bit == g_flag[g.position])
		ack = g.verdict < 0 ? g.next_ack : g.verdict;
	else if (g.spelling == REASON && bit == 0)
		ack = g.code >> (3 - g.position / 4) & 1;
	else
	{
		g.spelling = NOTHING;
		return (listen_to(bit));
	}
	if (deframe(bit))
		g.bits = 0;
	g.next_ack = !ack;
	g.position++;
	if (g.spelling == VERDICT && g.position == 8)
	{
		g.spelling = g.verdict == 0 ? REASON : NOTHING;
		g.position = 0;
	}
	else if (g.spelling == REASON && g.position == 16)
		g.spelling = NOTHING;
	return (ack);
}

int	main(int argc, char **argv)
{
	sigset_t	both;
	siginfo_t	info;
	pid_t		pid;
	int			signal;

	g_length_max = argc > 1 ? (size_t)atol(argv[1]) : SIZE_MAX;
	g_frames_max = argc > 2 ? atoi(argv[2]) : 0;
	block_both(&both);
	printf("Server PID: %d\n", getpid());
	fflush(stdout);
	while (1)
	{
		signal = sigwaitinfo(&both, &info);
		pid = signal > 0 ? sender_of(&info) : 0;
		if (pid && pid != g.client && (!g.client || kill(g.client, 0) != 0))
		{
			memset(&g, 0, sizeof(g));
			g.client = pid;
			g.hunting = 1;
			g.ones = ABORT_ONES;
		}
		if (pid && pid == g.client)
			kill(pid, g_signal[answer(signal == SIGUSR2)]);
	}
}
