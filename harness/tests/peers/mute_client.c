/* A client for the mandatory part: it handles no signals and pauses after each bit instead. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef PACE
# define PACE 10000
#endif

int	main(int argc, char **argv)
{
	char	*text;
	int		shift;

	if (argc != 3)
		return (2);
	text = argv[2];
	while (1)
	{
		shift = 8;
		while (shift-- > 0)
		{
			if (kill(atoi(argv[1]), *text >> shift & 1 ? SIGUSR2 : SIGUSR1) != 0)
				return (1);
			usleep(PACE);
		}
		if (*text++ == '\0')
			return (0);
	}
}
