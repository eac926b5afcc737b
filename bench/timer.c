/*
 * Times commands from vfork to the end of the process, interleaved: each round runs every command
 * once, in an order that changes from round to round, so that what one leaves to the kernel (the
 * removal of namespaces goes on after its end) disturbs all alike.
 *
 * timer ROUNDS COMMAND [ARG...] [++ COMMAND [ARG...]]...
 *
 * Prints one line per round: nanoseconds of each command, in the order of the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16

extern char **environ;

static int64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t time_command(char **command)
{
	int status = 0;
	int64_t start = now();
	pid_t pid = vfork();
	if (pid == 0) {
		execve(command[0], command, environ);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	int64_t end = now();
	if (pid < 0 || status != 0) {
		fprintf(stderr, "timer: %s: wait status %d\n", command[0], status);
		exit(1);
	}
	return end - start;
}

static size_t split(char **args, char ***commands)
{
	size_t count = 0;
	if (*args)
		commands[count++] = args;
	for (; *args; args++) {
		if (strcmp(*args, "++") || count == MAX_COMMANDS)
			continue;
		*args = NULL;
		commands[count++] = args + 1;
		args++;
	}
	return count;
}

static void shuffle(size_t *order, size_t count)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = (size_t)random() % i;
		size_t kept = order[i - 1];
		order[i - 1] = order[other];
		order[other] = kept;
	}
}

int main(int argc, char **argv)
{
	char **commands[MAX_COMMANDS];
	size_t order[MAX_COMMANDS];
	int64_t taken[MAX_COMMANDS];
	if (argc < 3)
		return 2;
	long rounds = strtol(argv[1], NULL, 10);
	size_t count = split(argv + 2, commands);
	FILE *results = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), "w");
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (!results || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return 1;
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	for (long round = 0; round < rounds; round++) {
		shuffle(order, count);
		for (size_t i = 0; i < count; i++)
			taken[order[i]] = time_command(commands[order[i]]);
		for (size_t i = 0; i < count; i++)
			fprintf(results, "%lld%c", (long long)taken[i], i + 1 < count ? ' ' : '\n');
	}
	return fclose(results) ? 1 : 0;
}
