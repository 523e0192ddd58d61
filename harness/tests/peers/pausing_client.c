/*
** A minitalk client that sends a bit, does something else, and then calls pause to wait for the
** acknowledgment: if that came earlier, it waits for ever.
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

static void	handler(int sig)
{
	(void)sig;
}

int	main(int argc, char **argv)
{
	int		bit;
	size_t	i;

	if (argc != 3)
		return (2);
	signal(ACK, handler);
	i = 0;
	while (i <= strlen(argv[2]))
	{
		bit = 8;
		while (bit-- > 0)
		{
			if (kill(atoi(argv[1]), (argv[2][i] >> bit) & 1 ? ONE : ZERO) != 0)
				return (1);
			work(300);
			pause();
		}
		i++;
	}
	return (0);
}
