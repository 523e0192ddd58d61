/* forge PID NAMED CODE COUNT PAUSE_US
 *
 * Sends SIGUSR1 and SIGUSR2 in turn to PID with rt_sigqueueinfo(2). The siginfo has NAMED as the
 * PID of the sender, and CODE as si_code. Prints how many the kernel let through. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    long count = atol(argv[4]), pause_us = atol(argv[5]), sent = 0;
    struct timespec pause = { pause_us / 1000000, pause_us % 1000000 * 1000 };
    for (long i = 0; i < count; i++) {
        siginfo_t info = { 0 };
        info.si_signo = i % 2 ? SIGUSR2 : SIGUSR1;
        info.si_code = atoi(argv[3]);
        info.si_pid = atoi(argv[2]);
        sent += !syscall(SYS_rt_sigqueueinfo, (pid_t)atoi(argv[1]), info.si_signo, &info);
        nanosleep(&pause, NULL);
    }
    printf("sent %ld\n", sent);
    return 0;
}
