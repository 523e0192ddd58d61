/* storm PID SYMBOLS COUNT PAUSE_US SURVIVES
 *
 * Sends SIGUSR1 ("0"), SIGUSR2 ("1") or both in turn ("01") to PID, COUNT in all, and exits when
 * they are sent or the target is gone. With SURVIVES 1 it ignores both signals, so acknowledgments
 * do it no harm; with 0 an acknowledgment would kill it. Prints how many were sent. Signals go
 * through a pidfd, so another process that gets the target's PID is not hit. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    if (atoi(argv[5])) {
        signal(SIGUSR1, SIG_IGN);
        signal(SIGUSR2, SIG_IGN);
    }
    long pause_us = atol(argv[4]), count = atol(argv[3]), sent = 0;
    struct timespec pause = { pause_us / 1000000, pause_us % 1000000 * 1000 };
    prctl(PR_SET_TIMERSLACK, 1L);
    int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)atoi(argv[1]), 0);
    if (pidfd < 0)
        return 1;
    size_t symbols = strlen(argv[2]);
    for (; sent < count; sent++) {
        int number = argv[2][(size_t)sent % symbols] == '0' ? SIGUSR1 : SIGUSR2;
        if (syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0))
            break;
        if (pause_us)
            nanosleep(&pause, NULL);
    }
    printf("sent %ld\n", sent);
    return 0;
}
