/*
 * The yardstick: one bit there, one signal back, and nothing else. No protocol, no checks, no
 * descriptors; it deadlocks if a signal is lost. Prints nanoseconds per round trip.
 *
 *     pingpong handlers|sleeping|polling ROUNDS
 *
 * handlers   sigaction, and sigsuspend until the handler has run: what most minitalks do
 * sleeping   both signals blocked, sigwaitinfo
 * polling    both signals blocked, sigtimedwait with a timeout of 0, over and over
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t taken;
static sigset_t both, before;
static enum { HANDLERS, SLEEPING, POLLING } way;

static void on_signal(int number) { taken = number; }

static void take(void)
{
    static const struct timespec no_time;
    siginfo_t info;

    switch (way) {
    case HANDLERS:
        while (!taken)
            sigsuspend(&before);
        taken = 0;
        break;
    case SLEEPING:
        while (sigwaitinfo(&both, &info) < 0)
            ;
        break;
    case POLLING:
        while (sigtimedwait(&both, &info, &no_time) < 0)
            ;
        break;
    }
}

static uint64_t nanos(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    static const char *const names[] = { "handlers", "sleeping", "polling" };
    struct sigaction action = { .sa_handler = on_signal };
    long rounds = argc == 3 ? atol(argv[2]) : 0;
    uint32_t random = 0x2545F491;
    uint64_t start;
    pid_t parent = getpid(), child;
    unsigned name;

    for (name = 0; name < 3 && argc == 3 && strcmp(argv[1], names[name]) != 0; name++)
        ;
    if (rounds < 1 || name == 3) {
        fprintf(stderr, "usage: pingpong handlers|sleeping|polling ROUNDS\n");
        return 2;
    }
    way = name;
    sigemptyset(&both);
    sigaddset(&both, SIGUSR1);
    sigaddset(&both, SIGUSR2);
    sigprocmask(SIG_BLOCK, &both, &before);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    child = fork();
    if (child < 0) {
        perror("pingpong: fork");
        return 1;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            take();
            kill(parent, SIGUSR1);
        }
    }
    start = 0;
    for (long round = -rounds / 10; round < rounds; round++) {
        if (round == 0)
            start = nanos();
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        kill(child, random & 1 ? SIGUSR2 : SIGUSR1);
        take();
    }
    printf("%.1f\n", (double)(nanos() - start) / (double)rounds);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
