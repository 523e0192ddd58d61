/* A library that is loaded before libc and delays chosen symbols after they have been taken and
 * before the program can act on them, as if the program were preempted there.
 *
 * DELAYS=3:40,17:5 delays the third symbol by 40 milliseconds and the seventeenth by 5. RUNS=4:40
 * delays the symbol that completes a zero and five ones for the fourth time, and the next one, by
 * 40 milliseconds: a bit that is sent again then turns them into a flag. LOSSES=12,30 loses these
 * symbols, as if a stray signal with the same number had been pending when they were sent.
 * LOST_RUN=4 loses the symbol after the fourth such run: without the zero that was inserted there,
 * what follows may look like a flag. When the program ends, a line on standard error says how many
 * symbols were taken and how many delays and losses there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long taken, delays, losses, runs, is_next;
static unsigned latest;

static void pause_for(long millis)
{
    struct timespec pause = { millis / 1000, millis % 1000 * 1000000 };
    while (nanosleep(&pause, &pause) && errno == EINTR)
        ;
    delays++;
}

static void take(int number)
{
    taken++;
    latest = (latest << 1 | (number == SIGUSR2)) & 0x3F;
    const char *left = getenv("DELAYS");
    while (left && *left) {
        char *end;
        long place = strtol(left, &end, 10);
        long millis = *end == ':' ? strtol(end + 1, &end, 10) : 0;
        if (place == taken)
            pause_for(millis);
        left = *end ? end + 1 : end;
    }
    const char *wanted = getenv("RUNS");
    if (!wanted)
        return;
    char *end;
    long place = strtol(wanted, &end, 10);
    long millis = *end == ':' ? strtol(end + 1, &end, 10) : 0;
    int is_run = latest == 0x1F && ++runs == place;
    if (is_run || is_next)
        pause_for(millis);
    is_next = is_run;
}

static int is_symbol(int number)
{
    return number == SIGUSR1 || number == SIGUSR2;
}

/* Whether the symbol that has just arrived is to be lost. It counts as taken. */
static int is_lost(int number)
{
    static int is_after_run;
    const char *wanted = getenv("LOST_RUN"), *left = getenv("LOSSES");
    int lost = is_after_run;
    while (left && *left) {
        char *end;
        lost |= strtol(left, &end, 10) == taken + 1;
        left = *end ? end + 1 : end;
    }
    if (lost) {
        taken++;
        losses++;
    }
    unsigned next = (latest << 1 | (number == SIGUSR2)) & 0x3F;
    static long completed;
    is_after_run = !lost && wanted && next == 0x1F && ++completed == strtol(wanted, NULL, 10);
    return lost;
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
    static int (*real)(const sigset_t *, siginfo_t *, const struct timespec *);
    if (!real)
        real = (int (*)(const sigset_t *, siginfo_t *, const struct timespec *))dlsym(RTLD_NEXT, "sigtimedwait");
    int number;
    do
        number = real(set, info, timeout);
    while (is_symbol(number) && is_lost(number));
    if (is_symbol(number))
        take(number);
    return number;
}

int sigwaitinfo(const sigset_t *set, siginfo_t *info)
{
    static int (*real)(const sigset_t *, siginfo_t *);
    if (!real)
        real = (int (*)(const sigset_t *, siginfo_t *))dlsym(RTLD_NEXT, "sigwaitinfo");
    int number;
    do
        number = real(set, info);
    while (is_symbol(number) && is_lost(number));
    if (is_symbol(number))
        take(number);
    return number;
}

/* While the program sleeps, a handler takes the symbol and interrupts this call. */
int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    static int (*real)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
    if (!real)
        real = (int (*)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *))
            dlsym(RTLD_NEXT, "ppoll");
    int ready = real(fds, count, timeout, mask);
    if (ready < 0 && errno == EINTR) {
        /* It is not known here which symbol it was. It is the first in a while and ends no run. */
        take(0);
        errno = EINTR;
    }
    return ready;
}

__attribute__((destructor)) static void report(void)
{
    fprintf(stderr, "taken %ld, delays %ld, losses %ld\n", taken, delays, losses);
}
