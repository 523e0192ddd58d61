/* innocent KIND [PID]: a program that handles SIGUSR1 and SIGUSR2 and is not a minitalk.
 *
 * KIND "ending" catches signals that would kill it, to exit cleanly; "daemon" acts on several
 * signals, like programs that reopen their log or upgrade themselves. Prints "ready", sends a
 * SIGUSR1 to PID if there is one, and runs until its standard input ends. Each signal it receives
 * shows as a line of its output, or as its exit. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void end(int number)
{
    (void)number;
    _exit(10);
}

static void work(int number)
{
    const char *line = number == SIGUSR1 ? "log reopened\n" : "upgraded\n";
    if (number == SIGUSR1 || number == SIGUSR2)
        (void)!write(1, line, strlen(line));
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    int is_daemon = !strcmp(argv[1], "daemon");
    const int ending[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGALRM, SIGVTALRM, SIGPIPE, SIGUSR1, SIGUSR2, 0 };
    const int daemon[] = { SIGHUP, SIGTERM, SIGQUIT, SIGCHLD, SIGWINCH, SIGUSR1, SIGUSR2, 0 };
    for (const int *number = is_daemon ? daemon : ending; *number; number++)
        signal(*number, is_daemon ? work : end);
    puts("ready");
    fflush(stdout);
    if (argc > 2)
        kill(atoi(argv[2]), SIGUSR1);
    char octet;
    for (;;)
        if (read(0, &octet, 1) == 0)
            return 0;
}
