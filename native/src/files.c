/* Steps that make single files and directories. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int own(struct sandbox *sandbox, const char *dest, char **mode_uid_gid)
{
	int fd = dest_open(sandbox, dest, O_PATH | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	const char *failed = apply_owner(fd, mode_uid_gid[0], mode_uid_gid[1], mode_uid_gid[2]);
	if (failed)
		step_fail(sandbox, failed, dest);
	close(fd);
	return failed ? -1 : 0;
}

int step_mkdir(struct sandbox *sandbox, const struct step *step)
{
	int fd = dest_make_dir(sandbox, step->argv[0]);
	if (fd < 0)
		return -1;
	close(fd);
	return own(sandbox, step->argv[0], step->argv + 1);
}

int step_symlink(struct sandbox *sandbox, const struct step *step)
{
	const char *name;
	int parent = dest_open_parent(sandbox, step->argv[0], &name);
	if (parent < 0)
		return -1;
	int failed = symlinkat(step->argv[1], parent, name) && errno != EEXIST;
	if (failed)
		step_fail(sandbox, "symlinkat", step->argv[0]);
	close(parent);
	return failed ? -1 : 0;
}

static int write_all(int fd, const char *text, size_t length)
{
	for (size_t sent = 0; sent < length;) {
		ssize_t n = write(fd, text + sent, length - sent);
		if (n < 0)
			return -1;
		sent += (size_t)n;
	}
	return 0;
}

static int write_new(struct sandbox *sandbox, int parent, const char *name, const struct step *step)
{
	const char *dest = step->argv[0], *content = step->argv[4];
	if (unlinkat(parent, name, 0) && errno != ENOENT)
		return step_fail(sandbox, "unlinkat", dest);
	int fd = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	if (fd < 0)
		return step_fail(sandbox, "openat", dest);
	int failed = write_all(fd, content, strlen(content));
	if (failed)
		step_fail(sandbox, "write", dest);
	close(fd);
	return failed;
}

int step_file(struct sandbox *sandbox, const struct step *step)
{
	const char *name;
	int parent = dest_open_parent(sandbox, step->argv[0], &name);
	if (parent < 0)
		return -1;
	int failed = write_new(sandbox, parent, name, step);
	close(parent);
	return failed ? -1 : own(sandbox, step->argv[0], step->argv + 1);
}

/* overlayfs: a character device 0/0 in the upper directory hides the name below (any user may make it). */
int step_whiteout(struct sandbox *sandbox, const struct step *step)
{
	const char *name;
	int parent = dest_open_parent(sandbox, step->argv[0], &name);
	if (parent < 0)
		return -1;
	int failed = mknodat(parent, name, S_IFCHR, makedev(0, 0)) && errno != EEXIST;
	if (failed)
		step_fail(sandbox, "mknodat", step->argv[0]);
	close(parent);
	return failed ? -1 : 0;
}
