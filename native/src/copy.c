/* The copy step: a host directory or file copied into the sandbox instead of overlaid. */
#include "netns.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

/* Hard links seen so far: the second name of an inode is linked to the first. */
struct link_name {
	dev_t dev;
	ino_t ino;
	struct link_name *next;
	char path[]; /* relative to the destination's top */
};

struct copy {
	struct sandbox *sandbox;
	const char *source;
	int top; /* destination directory to which link names are relative */
	char path[PATH_MAX];
	size_t length;
	mode_t mask; /* mode bits that a copy may have */
	int64_t left; /* bytes that may still be copied; -1: any number */
	struct link_name *links;
};

static int copy_data(struct copy *copy, int from, int to, off_t size)
{
	if (copy->left >= 0 && (copy->left -= size) < 0) {
		errno = EFBIG;
		return -1;
	}
	static char buffer[1 << 16];
	ssize_t n;
	while ((n = read(from, buffer, sizeof buffer)) > 0)
		for (ssize_t sent = 0, w; sent < n; sent += w)
			if ((w = write(to, buffer + sent, (size_t)(n - sent))) < 0)
				return -1;
	return n < 0 ? -1 : 0;
}

static void copy_xattrs(int from, int to)
{
	static char names[65536], value[65536];
	ssize_t length = flistxattr(from, names, sizeof names);
	for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t size = fgetxattr(from, names + at, value, sizeof value);
		if (size >= 0) /* security.* and trusted.* are not ours to set: left out */
			fsetxattr(to, names + at, value, (size_t)size, 0);
	}
}

/* Owner where the id is mapped, then mode (chown clears set-id bits), then times. */
static void copy_attributes(const struct copy *copy, int fd, const struct stat *st)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };
	if (fchown(fd, st->st_uid, st->st_gid) && geteuid() == 0)
		return;
	fchmod(fd, st->st_mode & copy->mask);
	futimens(fd, times);
}

static int copy_entry(struct copy *copy, int from_dir, const char *from, int to_dir, const char *to);

static int copy_children(struct copy *copy, int from, int to)
{
	DIR *dir = fdopendir(dup(from));
	const struct dirent *entry;
	int failed = dir ? 0 : -1;
	while (!failed && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			failed = copy_entry(copy, from, entry->d_name, to, entry->d_name);
	if (dir)
		closedir(dir);
	return failed;
}

static int copy_directory(struct copy *copy, int from, int to_dir, const char *to, const struct stat *st)
{
	if (mkdirat(to_dir, to, 0700) && errno != EEXIST)
		return -1;
	int fd = openat(to_dir, to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int failed = copy_children(copy, from, fd);
	if (!failed) {
		copy_xattrs(from, fd);
		copy_attributes(copy, fd, st);
	}
	close(fd);
	return failed;
}

static int copy_file(struct copy *copy, int from, int to_dir, const char *to, const struct stat *st)
{
	if (unlinkat(to_dir, to, 0) && errno != ENOENT)
		return -1;
	int fd = openat(to_dir, to, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	int failed = copy_data(copy, from, fd, st->st_size);
	if (!failed) {
		copy_xattrs(from, fd);
		copy_attributes(copy, fd, st);
	}
	close(fd);
	return failed;
}

static int copy_symlink(int from_dir, const char *from, int to_dir, const char *to)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_dir, from, target, sizeof target - 1);
	if (n < 0)
		return -1;
	target[n] = 0;
	return symlinkat(target, to_dir, to) && errno != EEXIST ? -1 : 0;
}

/* Gives 1 when the entry was a further name of a file that is already there. */
static int copy_link(struct copy *copy, const struct stat *st, int to_dir, const char *to)
{
	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return 0;
	for (const struct link_name *l = copy->links; l; l = l->next)
		if (l->dev == st->st_dev && l->ino == st->st_ino)
			return linkat(copy->top, l->path, to_dir, to, 0) ? -1 : 1;
	struct link_name *link = malloc(sizeof *link + copy->length + 1);
	if (!link)
		return -1;
	link->dev = st->st_dev;
	link->ino = st->st_ino;
	link->next = copy->links;
	memcpy(link->path, copy->path, copy->length + 1);
	copy->links = link;
	return 0;
}

static int copy_node(struct copy *copy, int from_dir, const char *from, int to_dir, const char *to)
{
	struct stat st;
	if (fstatat(from_dir, from, &st, AT_SYMLINK_NOFOLLOW))
		return -1;
	int linked = copy_link(copy, &st, to_dir, to);
	if (linked)
		return linked < 0 ? -1 : 0;
	if (S_ISLNK(st.st_mode))
		return copy_symlink(from_dir, from, to_dir, to);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0; /* sockets, FIFOs and devices have no content to copy */
	int fd = openat(from_dir, from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	int failed = S_ISDIR(st.st_mode) ? copy_directory(copy, fd, to_dir, to, &st)
	                                 : copy_file(copy, fd, to_dir, to, &st);
	int error = errno;
	close(fd);
	errno = error;
	return failed;
}

static int copy_entry(struct copy *copy, int from_dir, const char *from, int to_dir, const char *to)
{
	size_t before = copy->length;
	int n = snprintf(copy->path + before, sizeof copy->path - before, "%s%s", before ? "/" : "", to);
	if (n < 0 || before + (size_t)n >= sizeof copy->path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	copy->length = before + (size_t)n;
	int failed = copy_node(copy, from_dir, from, to_dir, to);
	if (failed && !copy->sandbox->failure.error)
		step_fail(copy->sandbox, "copy", copy->path);
	copy->length = before;
	copy->path[before] = 0;
	return failed;
}

static void free_links(struct copy *copy)
{
	while (copy->links) {
		struct link_name *link = copy->links;
		copy->links = link->next;
		free(link);
	}
}

int step_copy(struct sandbox *sandbox, const struct step *step)
{
	const char *name, *limit = step->argv[2];
	int parent = dest_open_parent(sandbox, step->argv[0], &name);
	if (parent < 0)
		return -1;
	struct copy copy = { .sandbox = sandbox, .source = step->argv[1], .top = parent };
	/* A copy belongs to us: what the user may not write on the host stays so. */
	copy.mask = step_flag(step->argv[3], "nowrite") ? 07555 : 07777;
	copy.left = strcmp(limit, "-") ? strtoll(limit, NULL, 10) : -1;
	sandbox->failure.error = 0;
	int failed = copy_entry(&copy, AT_FDCWD, step->argv[1], parent, name);
	free_links(&copy);
	close(parent);
	if (failed && step_flag(step->argv[3], "optional")) {
		step_degraded(sandbox, "copy");
		return 0;
	}
	return failed;
}
