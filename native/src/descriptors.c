/* Who holds which descriptor: none of the host's leaks in, none of the worker's is kept open by us. */
#include "netns.h"
#include "sys.h"

#include <stdlib.h>

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes all but stdio, the kept ones and those named here. */
void descriptors_close_others(const struct options *options, const int *wanted, size_t count)
{
	int keep[MAX_KEEP_FDS + 8];
	size_t n = 0;
	unsigned next = 3;
	for (size_t i = 0; i < options->keep_count; i++)
		keep[n++] = options->keep_fds[i];
	for (size_t i = 0; i < count; i++)
		keep[n++] = wanted[i];
	qsort(keep, n, sizeof *keep, by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)next)
			continue;
		if ((unsigned)keep[i] > next)
			syscall(SYS_close_range, next, keep[i] - 1, 0);
		next = (unsigned)keep[i] + 1;
	}
	syscall(SYS_close_range, next, ~0u, 0);
}

/*
 * Lets go of what belongs to the worker: the reader of its output and the other end of its IPC
 * channel must see the end when the worker ends, not when we do.
 */
void descriptors_release(const struct options *options)
{
	/* Not /dev/null: PID 1's root is the store, which has none. */
	int nothing = open("/", O_PATH | O_CLOEXEC);
	for (int fd = 0; fd <= 2; fd++)
		if (fd != options->status_fd && nothing >= 0 && (fd != 2 || options->status_fd >= 0))
			dup2(nothing, fd);
	if (nothing >= 0)
		close(nothing);
	for (size_t i = 0; i < options->keep_count; i++)
		close(options->keep_fds[i]);
}
