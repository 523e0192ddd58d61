/* drip PID MILLIS: sends a classic text that never ends, letter by letter, with a pause after each
 * acknowledged bit. Exits when its standard input ends. Prints "begun" when the first letter has
 * been acknowledged. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void nothing(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    int pid = atoi(argv[1]);
    long millis = atol(argv[2]);
    const struct timespec pause = { millis / 1000, millis % 1000 * 1000000 };
    sigset_t pair;
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, nothing);
    sigemptyset(&pair);
    sigaddset(&pair, SIGUSR1);
    sigaddset(&pair, SIGUSR2);
    sigprocmask(SIG_BLOCK, &pair, NULL);
    fcntl(0, F_SETFL, O_NONBLOCK);
    char octet;
    for (long letters = 0; read(0, &octet, 1) != 0; letters++) {
        for (int place = 7; place >= 0; place--) {
            if (kill(pid, 'a' >> place & 1 ? SIGUSR2 : SIGUSR1))
                return 1;
            int number;
            sigwait(&pair, &number);
            nanosleep(&pause, NULL);
        }
        if (!letters) {
            puts("begun");
            fflush(stdout);
        }
    }
    return 0;
}
