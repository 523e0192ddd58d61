/* innocent KIND [PID]: a program that handles SIGUSR1 and SIGUSR2 and is no minitalk.
 *
 * KIND "ending" catches what could end it, to end in good order; "daemon" does something of its own at each of many
 * signals, as programs do that reopen their log or are upgraded. Prints "ready", sends a SIGUSR1 to PID if there is
 * one, and lives until its standard input ends. Each signal that it is sent is a line of its output, or its end. */
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
