/* What the framed client and the framed server share. Written from docs/protocol.md alone; section
   numbers refer to it. */
#ifndef FRAMED_H
# define FRAMED_H

# include <signal.h>
# include <stdint.h>
# include <stdio.h>
# include <stdlib.h>
# include <string.h>
# include <time.h>
# include <unistd.h>

# define ABORT_ONES 7
# define PAYLOAD_MAX 256
# define FRAME_MAX 282

enum e_reason { TOO_LONG = 1, OTHER_VERSION = 6, OUT_OF_SEQUENCE = 7, OTHER_CODING = 9, MISMATCH = 12 };

static const int	g_signal[2] = {SIGUSR1, SIGUSR2};
static const int	g_flag[8] = {0, 1, 1, 1, 1, 1, 1, 0};

/* Section 4: 0x04C11DB7 with its bits reversed, since octets are sent least significant bit first.
   The register starts as NO_OCTETS, and the FCS is its complement. */
# define NO_OCTETS 0xFFFFFFFF

static uint32_t	run(uint32_t crc, const uint8_t *octets, size_t count)
{
	int	bit;

	while (count--)
	{
		crc ^= *octets++;
		bit = 8;
		while (bit--)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
	}
	return (crc);
}

static void	put(uint8_t *octets, uint64_t number, int count)
{
	while (count--)
	{
		*octets++ = (uint8_t)number;
		number >>= 8;
	}
}

/* Section 4: the register of the check after the FCS of one more frame, and the check of a message
   of that length. */
static uint32_t	run_check(uint32_t crc, uint32_t fcs)
{
	uint8_t	octets[4];

	put(octets, fcs, 4);
	return (run(crc, octets, 4));
}

static uint32_t	check_of(uint32_t crc, uint64_t length)
{
	uint8_t	octets[8];

	put(octets, length, 8);
	return (~run(crc, octets, 8));
}

static void	never_called(int signal)
{
	(void)signal;
}

/* Section 10: a process that waits in sigtimedwait(2) for signals that it only blocks looks as if
   they would kill it. */
static void	block_both(sigset_t *both)
{
	signal(SIGUSR1, never_called);
	signal(SIGUSR2, never_called);
	sigemptyset(both);
	sigaddset(both, SIGUSR1);
	sigaddset(both, SIGUSR2);
	sigprocmask(SIG_BLOCK, both, NULL);
}

/* Section 1: who sent a symbol, or 0 if that cannot be trusted. */
static pid_t	sender_of(const siginfo_t *info)
{
	if (info->si_code != SI_USER && info->si_code != SI_TKILL)
		return (0);
	return (info->si_pid);
}

#endif
