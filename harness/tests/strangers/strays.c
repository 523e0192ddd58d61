/* strays PID COUNT: COUNT processes, one after the other, send one SIGUSR1 to PID and exit. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    for (long left = atol(argv[2]); left > 0; left--) {
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (!child) {
            kill(atoi(argv[1]), SIGUSR1);
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    return 0;
}
