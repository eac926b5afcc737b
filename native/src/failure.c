#include "netns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int fail_at(struct failure *failure, const char *syscall, const char *path)
{
	failure->error = errno;
	failure->syscall = syscall;
	snprintf(failure->path, sizeof failure->path, "%s", path);
	return -1;
}

void failure_print(const struct failure *failure)
{
	fprintf(stderr, "netns-launcher: %s: %s %s: %s\n", failure->stage, failure->syscall,
	        failure->path, strerror(failure->error));
}

int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}
