/* Sends SIGUSR1 to process argv[1] with sigqueue(3): si_code is SI_QUEUE. */
#include <signal.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    union sigval value = { .sival_int = 0 };
    return argc != 2 || sigqueue(atoi(argv[1]), SIGUSR1, value) != 0;
}
