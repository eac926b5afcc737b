/*
 * Write-back, on the host: PID 1 hands over an open file of the sandbox, it is written beside its
 * destination and renamed over it, so that nobody sees half a file.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct target {
	int base; /* destinations stay below this directory */
	const char *dest;
	char temporary[NAME_MAX + 1];
	const char *name;
};

static int open_beneath(int base, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	return sys_openat2(base, *path ? path : ".", &how);
}

static int make_parents(int base, const char *path)
{
	int fd = open_beneath(base, path);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	char parent[PATH_MAX];
	const char *slash = strrchr(path, '/');
	snprintf(parent, sizeof parent, "%.*s", slash ? (int)(slash - path) : 0, path);
	int above = make_parents(base, parent);
	if (above < 0)
		return -1;
	int made = mkdirat(above, slash ? slash + 1 : path, 0777);
	int error = errno;
	close(above);
	errno = error;
	return made && error != EEXIST ? -1 : open_beneath(base, path);
}

static int copy_content(int from, int to)
{
	static char buffer[1 << 16];
	ssize_t n;
	while ((n = read(from, buffer, sizeof buffer)) > 0)
		for (ssize_t sent = 0, w; sent < n; sent += w)
			if ((w = write(to, buffer + sent, (size_t)(n - sent))) < 0)
				return -1;
	return n < 0 ? -1 : 0;
}

static int write_temporary(int parent, const struct target *target, int file, int64_t *size)
{
	struct stat st;
	if (fstat(file, &st))
		return -1;
	int to = openat(parent, target->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (to < 0)
		return -1;
	const struct timespec times[] = { st.st_atim, st.st_mtim };
	int failed = copy_content(file, to) || fchmod(to, st.st_mode & 0777) || futimens(to, times);
	int error = errno;
	close(to);
	errno = error;
	*size = st.st_size;
	return failed ? -1 : 0;
}

static int place(const struct target *target, const struct message *answer, int file, int64_t *size)
{
	char parent_path[PATH_MAX];
	size_t length = (size_t)(target->name - target->dest);
	snprintf(parent_path, sizeof parent_path, "%.*s", length ? (int)length - 1 : 0, target->dest);
	int parent = make_parents(target->base, parent_path);
	if (parent < 0)
		return -1;
	*size = (int64_t)strlen(answer->text);
	int failed = answer->type == MSG_SYMLINK ? symlinkat(answer->text, parent, target->temporary)
	                                         : write_temporary(parent, target, file, size);
	failed = failed || renameat(parent, target->temporary, parent, target->name);
	int error = errno;
	if (failed)
		unlinkat(parent, target->temporary, 0);
	close(parent);
	errno = error;
	return failed ? -1 : 0;
}

static int ask(int link, const char *inside, struct message *answer, int *file)
{
	if (link_send(link, MSG_TAKE, 0, inside, -1))
		return -1;
	do { /* an answer to an earlier MSG_CONNECT may still be under way */
		if (*file >= 0)
			close(*file);
		if (link_receive(link, answer, file) <= 0) {
			errno = ECONNRESET;
			return -1;
		}
	} while (answer->type == MSG_CONNECTED);
	if (answer->type == MSG_REFUSED) {
		errno = answer->value;
		return -1;
	}
	return 0;
}

static int take(int link, const struct take *what, int64_t *size, struct failure *failure)
{
	static unsigned serial;
	struct message answer;
	int file = -1;
	if (ask(link, what->inside, &answer, &file))
		return fail_at(failure, "openat2", what->inside);
	const char *slash = strrchr(what->dest, '/');
	struct target target = { .dest = what->dest, .name = slash ? slash + 1 : what->dest };
	snprintf(target.temporary, sizeof target.temporary, ".netns-keep-%d-%u", getpid(), serial++);
	target.base = open(what->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int failed = target.base < 0 || place(&target, &answer, file, size);
	if (failed)
		fail_at(failure, "rename", what->dest);
	if (target.base >= 0)
		close(target.base);
	if (file >= 0)
		close(file);
	return failed ? -1 : 0;
}

void writeback_take(int link, int events, const struct take *what)
{
	struct failure failure = { .stage = "keep" };
	int64_t size = 0;
	int failed = take(link, what, &size, &failure);
	report_taken(events, what->inside, size, failed ? &failure : NULL);
}
