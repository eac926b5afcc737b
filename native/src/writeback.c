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

/* The next component of a path as a directory below `dir`, which is closed; never "..". */
static int step_into(int dir, const char *name, size_t length)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	char text[NAME_MAX + 1];
	int next = -1;
	if (length > NAME_MAX) {
		errno = ENAMETOOLONG;
	} else {
		memcpy(text, name, length);
		text[length] = 0;
		if (!mkdirat(dir, text, 0777) || errno == EEXIST)
			next = sys_openat2(dir, text, &how);
	}
	int error = errno;
	close(dir);
	errno = error;
	return next;
}

/* Makes what is missing of a path. Not recursive: a test chooses how deep its directories are. */
static int make_parents(int base, const char *path)
{
	char existing[PATH_MAX];
	snprintf(existing, sizeof existing, "%s", path);
	int dir;
	while ((dir = open_beneath(base, existing)) < 0 && errno == ENOENT && *existing) {
		char *slash = strrchr(existing, '/');
		*(slash ? slash : existing) = 0;
	}
	for (const char *rest = path + strlen(existing); dir >= 0;) {
		rest += strspn(rest, "/");
		size_t length = strcspn(rest, "/");
		if (!length)
			break;
		dir = step_into(dir, rest, length);
		rest += length;
	}
	return dir;
}

/* Gives the system call that failed, or NULL, as do those below. */
static const char *copy_range(int from, int to, off_t at, off_t end)
{
	static char buffer[1 << 16];
	while (at < end) {
		off_t left = end - at;
		ssize_t n = pread(from, buffer, left < (off_t)sizeof buffer ? (size_t)left : sizeof buffer, at);
		if (n <= 0)
			return n < 0 ? "pread64" : NULL; /* shorter than it was */
		for (ssize_t sent = 0, w; sent < n; sent += w)
			if ((w = pwrite(to, buffer + sent, (size_t)(n - sent), at + sent)) < 0)
				return "pwrite64";
		at += n;
	}
	return NULL;
}

/* Holes stay holes: a sparse file can be larger than the disk. */
static const char *copy_content(int from, int to, off_t size)
{
	for (off_t at = 0, end; at < size; at = end) {
		end = size;
		off_t data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		if (data >= 0 && (end = lseek(from, data, SEEK_HOLE)) < 0)
			return "lseek";
		const char *failed = copy_range(from, to, data < 0 ? at : data, end);
		if (failed)
			return failed;
	}
	return ftruncate(to, size) ? "ftruncate" : NULL;
}

static const char *write_temporary(int parent, const struct target *target, int file, int64_t *size)
{
	struct stat st;
	if (fstat(file, &st))
		return "fstat";
	int to = openat(parent, target->temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (to < 0)
		return "openat";
	const struct timespec times[] = { st.st_atim, st.st_mtim };
	const char *failed = copy_content(file, to, st.st_size);
	if (!failed && fchmod(to, st.st_mode & 0777))
		failed = "fchmod";
	if (!failed && futimens(to, times))
		failed = "utimensat";
	int error = errno;
	close(to);
	errno = error;
	*size = st.st_size;
	return failed;
}

static const char *place_in(int parent, const struct target *target, const struct message *answer, int file,
                            int64_t *size)
{
	const char *failed = NULL;
	*size = (int64_t)strlen(answer->text);
	if (answer->type == MSG_FILE)
		failed = write_temporary(parent, target, file, size);
	else if (symlinkat(answer->text, parent, target->temporary))
		failed = "symlinkat";
	if (!failed && renameat(parent, target->temporary, parent, target->name))
		failed = "renameat";
	int error = errno;
	if (failed)
		unlinkat(parent, target->temporary, 0);
	errno = error;
	return failed;
}

static const char *place(const struct target *target, const struct message *answer, int file, int64_t *size)
{
	char parent_path[PATH_MAX];
	size_t length = (size_t)(target->name - target->dest);
	if (length >= sizeof parent_path) {
		errno = ENAMETOOLONG;
		return "openat2";
	}
	snprintf(parent_path, sizeof parent_path, "%.*s", length ? (int)length - 1 : 0, target->dest);
	int parent = make_parents(target->base, parent_path);
	if (parent < 0)
		return "mkdirat";
	const char *failed = place_in(parent, target, answer, file, size);
	int error = errno;
	close(parent);
	errno = error;
	return failed;
}

static bool is_answer(uint32_t type)
{
	return type == MSG_FILE || type == MSG_SYMLINK || type == MSG_REFUSED;
}

static int ask(const struct write_back *back, const char *inside, struct message *answer, int *file)
{
	if (link_send(back->link, MSG_TAKE, 0, inside, -1))
		return -1;
	for (;;) { /* what PID 1 sent before it saw the question comes first */
		if (link_receive(back->link, answer, file) <= 0) {
			errno = ECONNRESET;
			return -1;
		}
		if (is_answer(answer->type))
			break;
		back->on_other(back->context, answer, *file);
	}
	if (answer->type == MSG_REFUSED) {
		errno = answer->value;
		return -1;
	}
	return 0;
}

static int take(const struct write_back *back, const struct take *what, int64_t *size, struct failure *failure)
{
	static unsigned serial;
	struct message answer;
	int file = -1;
	if (ask(back, what->inside, &answer, &file))
		return fail_at(failure, "openat2", what->inside);
	const char *slash = strrchr(what->dest, '/');
	struct target target = { .dest = what->dest, .name = slash ? slash + 1 : what->dest };
	snprintf(target.temporary, sizeof target.temporary, ".netns-keep-%d-%u", getpid(), serial++);
	target.base = open(what->base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *failed = target.base < 0 ? "open" : place(&target, &answer, file, size);
	if (failed)
		fail_at(failure, failed, target.base < 0 ? what->base : what->dest);
	if (target.base >= 0)
		close(target.base);
	if (file >= 0)
		close(file);
	return failed ? -1 : 0;
}

void writeback_take(const struct write_back *back, int events, const struct take *what)
{
	struct failure failure = { .stage = "keep" };
	int64_t size = 0;
	int failed = take(back, what, &size, &failure);
	report_taken(events, what->inside, size, failed ? &failure : NULL);
}
