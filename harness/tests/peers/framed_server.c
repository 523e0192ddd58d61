/* A framed server that takes one client at a time. The first argument limits the octets of a
   message. The second is a number of frames: after writing that many it exits without answering. */
#include "framed.h"

enum e_spelling { NOTHING, VERDICT, REASON };

/* What is known of one client. */
static struct s_link
{
	pid_t			client;
	int				next_ack;
	/* Section 4: bits since the last flag, the octets they form, ones in a row. */
	int				hunting;
	int				ones;
	size_t			bits;
	uint8_t			octets[FRAME_MAX + 2];
	/* Section 6: what is being spelled. */
	enum e_spelling	spelling;
	int				position;
	int				verdict;
	int				code;
	/* Section 8: what is remembered of the message, and of the last frame that was delivered. */
	int				known;
	int				frames;
	int				refused;
	uint32_t		message;
	uint64_t		length;
	uint64_t		declared;
	uint32_t		check;
	uint8_t			control;
	uint32_t		fcs;
	/* The mask of a frame of an unknown message. */
	int				met;
	uint32_t		stranger;
}	g;

static size_t	g_length_max;
static int		g_frames_max;

/* Section 8: a frame whose mask is not that of the message. */
static int	judge_stranger(uint32_t mask)
{
	if (g.known && !g.refused && !(g.control & 0x10))
		return (-1);
	if (g.met && (mask == g.stranger || mask == ~g.stranger))
		return (g.code = OUT_OF_SEQUENCE, 0);
	g.met = 1;
	g.stranger = mask;
	return (-1);
}

/* Section 8: 1 if the frame is accepted, 0 if it is refused, -1 if it counts for nothing. Writes
   the payload, and a newline after a complete message. */
static int	judge(const uint8_t *octets, size_t count)
{
	const uint8_t	*payload;
	struct s_link	next;
	size_t			part;
	uint32_t		mask;
	int				first;
	int				shift;

	if (count < 7 || count > FRAME_MAX)
		return (-1);
	count -= 4;
	next = g;
	next.control = octets[1];
	next.fcs = ~run(NO_OCTETS, octets, count);
	mask = next.fcs ^ (octets[count] | octets[count + 1] << 8 | octets[count + 2] << 16
			| (uint32_t)octets[count + 3] << 24);
	first = octets[1] >> 5 & 1;
	if (octets[0] != 0xFF || octets[1] & 0x81 || (first && (octets[1] & 0x0E || (mask && ~mask))))
		return (-1);
	payload = octets + 2;
	if (first)
	{
		if ((octets[2] & 0x0F) != 2)
			return (g.code = OTHER_VERSION, 0);
		if (count < 9)
			return (-1);
		memcpy(&next.message, octets + 3, 4);
		next.declared = 0;
		payload = octets + 7;
		shift = 0;
		do
			next.declared |= (uint64_t)(*payload & 0x7F) << shift;
		while ((shift += 7) < 70 && payload < octets + count && *payload++ & 0x80);
	}
	part = *payload++ | (size_t)(octets[1] & 0x40) << 2;
	if (part > PAYLOAD_MAX || payload + part + (octets[1] & 0x10 ? 4 : 0) != octets + count)
		return (-1);
	if (!first && (!g.known || (mask != g.message && mask != ~g.message)))
		return (judge_stranger(mask));
	if (g.known && next.message == g.message && mask == ~(first ? 0 : g.message)
		&& next.control == g.control && next.fcs == g.fcs)
		return (g.code = g.refused, !g.refused);
	if (first)
	{
		if (octets[2] >> 4)
			return (g.code = OTHER_CODING, 0);
		next.length = 0;
		next.check = NO_OCTETS;
		next.refused = 0;
	}
	else if (g.refused)
		return (g.code = g.refused, 0);
	else if (g.control & 0x10 || (octets[1] & 0x0E) != ((g.control & 0x0E) + 2) % 16)
		return (g.code = OUT_OF_SEQUENCE, 0);
	else
		next.check = run_check(g.check, g.fcs);
	next.length += part;
	mask = octets[count - 4] | octets[count - 3] << 8 | octets[count - 2] << 16
		| (uint32_t)octets[count - 1] << 24;
	if ((next.declared && next.length > next.declared - 1)
		|| (octets[1] & 0x10 && next.declared && next.length < next.declared - 1)
		|| (octets[1] & 0x10 && mask != check_of(next.check, next.length)))
		return (g.code = MISMATCH, 0);
	next.known = 1;
	next.met = 0;
	next.refused = next.length > g_length_max ? TOO_LONG : 0;
	next.frames++;
	g = next;
	if (g.refused)
		return (g.code = g.refused, 0);
	if (write(1, payload, part) != (ssize_t)part || (g.control & 0x10 && write(1, "\n", 1) != 1))
		exit(1);
	if (g.frames == g_frames_max)
		exit(0);
	return (1);
}

/* Section 4. Returns whether a flag is complete. Then `g.octets` has what came before it, and
   `g.bits` the length of that in bits, including those of the flag. */
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
	/* The bits include a zero and five ones of the flag. */
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
