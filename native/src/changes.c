/* What the write-back asks for after the worker's end: the entries of an upper directory, single files. */
#include "netns.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

struct walk {
	int events;
	const char *id;
	char path[PATH_MAX];
	size_t length;
};

static const char *type_of(const struct stat *st, int directory)
{
	char opaque;
	if (S_ISREG(st->st_mode))
		return "file";
	if (S_ISLNK(st->st_mode))
		return "symlink";
	if (S_ISCHR(st->st_mode) && st->st_rdev == 0)
		return "whiteout";
	if (!S_ISDIR(st->st_mode))
		return "other";
	if (directory >= 0 && fgetxattr(directory, "user.overlay.opaque", &opaque, 1) == 1 && opaque == 'y')
		return "opaque";
	return "dir";
}

static void walk_dir(struct walk *walk, int fd);

static void visit(struct walk *walk, int dir, const char *name)
{
	struct stat st;
	size_t before = walk->length;
	int n = snprintf(walk->path + before, sizeof walk->path - before, "%s%s", before ? "/" : "", name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) || n < 0 ||
	    before + (size_t)n >= sizeof walk->path)
		return;
	walk->length = before + (size_t)n;
	int child = -1;
	if (S_ISDIR(st.st_mode))
		child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct change change = { walk->id, walk->path, type_of(&st, child), st.st_mode & 07777, st.st_size,
		                 (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec };
	report_change(walk->events, &change);
	if (child >= 0)
		walk_dir(walk, child);
	walk->length = before;
	walk->path[before] = 0;
}

/* Takes the descriptor. */
static void walk_dir(struct walk *walk, int fd)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			visit(walk, dirfd(dir), entry->d_name);
	closedir(dir);
}

/* Of the root that the worker was in last. */
static void upper_of(const struct sandbox *sandbox, const char *id, char *path, size_t size)
{
	const struct root *root = sandbox->current;
	snprintf(path, size, "u/%s", id);
	for (size_t i = 0; root && i < root->place_count; i++)
		if (root->places[i].id && !strcmp(root->places[i].id, id))
			place_upper(root, i, path, size);
}

void changes_list(struct sandbox *sandbox, const char *id)
{
	static struct walk walk;
	walk = (struct walk){ .events = sandbox->options->status_fd, .id = id };
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	char upper[PATH_MAX];
	upper_of(sandbox, id, upper, sizeof upper);
	int fd = sys_openat2(sandbox->store, upper, &how);
	if (fd >= 0)
		walk_dir(&walk, fd);
	report_changes_end(walk.events, id);
}

static int open_inside(struct sandbox *sandbox, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags | O_CLOEXEC,
		                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	return sys_openat2(sandbox->root, path, &how);
}

static void answer_symlink(struct sandbox *sandbox, int fd)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof target - 1);
	target[n > 0 ? n : 0] = 0;
	if (n < 0)
		link_send(sandbox->link, MSG_REFUSED, errno, NULL, -1);
	else
		link_send(sandbox->link, MSG_SYMLINK, 0, target, -1);
}

/* Only regular files and symbolic links leave the sandbox: a FIFO would block, a device would leak. */
void changes_open(struct sandbox *sandbox, const char *path)
{
	struct stat st;
	int fd = open_inside(sandbox, path, O_PATH | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st)) {
		link_send(sandbox->link, MSG_REFUSED, errno, NULL, -1);
	} else if (S_ISLNK(st.st_mode)) {
		answer_symlink(sandbox, fd);
	} else if (!S_ISREG(st.st_mode)) {
		link_send(sandbox->link, MSG_REFUSED, EINVAL, NULL, -1);
	} else {
		int file = open_inside(sandbox, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
		link_send(sandbox->link, file < 0 ? MSG_REFUSED : MSG_FILE, errno, NULL, file);
		if (file >= 0)
			close(file);
	}
	if (fd >= 0)
		close(fd);
}
