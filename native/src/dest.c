/*
 * Destinations of steps are relative to the store. What lies below "root/" is resolved as the
 * worker will resolve it: a symbolic link inside never leads PID 1 back to the host's tree.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The path inside ("." for the root itself), or NULL for a path of the store. */
const char *dest_inside(const char *dest)
{
	if (strncmp(dest, "root", 4) || (dest[4] && dest[4] != '/'))
		return NULL;
	dest += 4;
	while (*dest == '/')
		dest++;
	return *dest ? dest : ".";
}

static int open_in(struct sandbox *sandbox, const char *dest, int flags)
{
	const char *inside = dest_inside(dest);
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
	how.resolve |= inside ? RESOLVE_IN_ROOT : RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
	int fd;
	do /* EAGAIN: a rename or mount elsewhere raced with ".." (openat2(2)) */
		fd = sys_openat2(inside ? sandbox->root : sandbox->store, inside ? inside : dest, &how);
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

int dest_open(struct sandbox *sandbox, const char *dest, int flags)
{
	int fd = open_in(sandbox, dest, flags);
	return fd < 0 ? step_fail(sandbox, "openat2", dest) : fd;
}

int dest_open_parent(struct sandbox *sandbox, const char *dest, const char **name)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(dest, '/');
	if (slash && slash[1] == 0) {
		errno = EINVAL;
		return step_fail(sandbox, "openat2", dest);
	}
	*name = slash ? slash + 1 : dest;
	if (!slash)
		return dest_open(sandbox, ".", O_PATH | O_DIRECTORY);
	if (snprintf(parent, sizeof parent, "%.*s", (int)(slash - dest), dest) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return step_fail(sandbox, "openat2", dest);
	}
	return dest_open(sandbox, parent, O_PATH | O_DIRECTORY);
}

/* Makes what is missing of a path, one component after the other. */
int dest_make_dir(struct sandbox *sandbox, const char *dest)
{
	int fd = open_in(sandbox, dest, O_PATH | O_DIRECTORY);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? step_fail(sandbox, "openat2", dest) : fd;
	char path[PATH_MAX];
	if (snprintf(path, sizeof path, "%s", dest) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return step_fail(sandbox, "mkdirat", dest);
	}
	char *slash = strrchr(path, '/');
	if (slash) {
		*slash = 0;
		int parent = dest_make_dir(sandbox, path);
		if (parent < 0)
			return -1;
		close(parent);
	}
	const char *name;
	int parent = dest_open_parent(sandbox, dest, &name);
	if (parent < 0)
		return -1;
	int failed = mkdirat(parent, name, 0755) && errno != EEXIST;
	if (failed)
		step_fail(sandbox, "mkdirat", dest);
	close(parent);
	return failed ? -1 : dest_open(sandbox, dest, O_PATH | O_DIRECTORY);
}

/* A mount point for a file: the existing one, or an empty one that only the sandbox sees. */
int dest_make_file(struct sandbox *sandbox, const char *dest)
{
	int fd = open_in(sandbox, dest, O_PATH);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? step_fail(sandbox, "openat2", dest) : fd;
	const char *slash = strrchr(dest, '/');
	char parent_path[PATH_MAX];
	snprintf(parent_path, sizeof parent_path, "%.*s", slash ? (int)(slash - dest) : 1,
	         slash ? dest : ".");
	int parent = dest_make_dir(sandbox, parent_path);
	if (parent < 0)
		return -1;
	int file = openat(parent, slash ? slash + 1 : dest, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (file < 0)
		step_fail(sandbox, "openat", dest);
	else
		close(file);
	close(parent);
	return file < 0 ? -1 : dest_open(sandbox, dest, O_PATH);
}

static bool given(const char *text)
{
	return strcmp(text, "-") != 0;
}

/* Owner first: chown clears set-id bits. The descriptor may be O_PATH. */
const char *apply_owner(int fd, const char *mode, const char *uid, const char *gid)
{
	uid_t u = given(uid) ? (uid_t)strtoul(uid, NULL, 10) : (uid_t)-1;
	gid_t g = given(gid) ? (gid_t)strtoul(gid, NULL, 10) : (gid_t)-1;
	if ((u != (uid_t)-1 || g != (gid_t)-1) && fchownat(fd, "", u, g, AT_EMPTY_PATH))
		return "fchownat";
	if (!given(mode))
		return NULL;
	mode_t bits = (mode_t)strtoul(mode, NULL, 8);
	if (!syscall(SYS_fchmodat2, fd, "", bits, AT_EMPTY_PATH))
		return NULL;
	if (errno != ENOSYS)
		return "fchmodat2";
	char self[40]; /* before Linux 6.6 */
	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return chmod(self, bits) ? "chmod" : NULL;
}
