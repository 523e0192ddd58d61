/* A process with a second thread, which prints its thread ID. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static void *second(void *unused)
{
	printf("%d\n", (int)gettid());
	fflush(stdout);
	pause();
	return (unused);
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, second, NULL) != 0)
		return (1);
	pthread_join(thread, NULL);
	return (0);
}
