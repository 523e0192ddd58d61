/* changeling PID: sends one bit, as a minitalk would that survives the acknowledgment, and a moment
 * later executes a program that would not survive it. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void nothing(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, nothing);
    kill(atoi(argv[1]), SIGUSR2);
    usleep(5000);
    execlp("cat", "cat", (char *)0);
    return 3;
}
