/*
 * What differs between a root and one that it branches off: the entries of its layers, each looked up in both. One
 * JSON object a line: path, what is there now, what was there.
 */
#include "netns.h"
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>

struct comparison {
	int out;
	int now, before; /* the place in both roots */
	const char *dest; /* of the place, as the worker names it */
	char path[PATH_MAX];
};

static bool same_bytes(const struct comparison *c)
{
	char a[16384], b[16384];
	int now = openat(c->now, c->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	int before = openat(c->before, c->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = now < 0 || before < 0 ? -1 : 1;
	while (n > 0) {
		n = read(now, a, sizeof a);
		if (n != read(before, b, sizeof b) || (n > 0 && memcmp(a, b, (size_t)n)))
			n = -1;
	}
	if (now >= 0)
		close(now);
	if (before >= 0)
		close(before);
	return n == 0;
}

static bool same_target(const struct comparison *c)
{
	char a[PATH_MAX], b[PATH_MAX];
	ssize_t n = readlinkat(c->now, c->path, a, sizeof a), m = readlinkat(c->before, c->path, b, sizeof b);
	return n >= 0 && n == m && !memcmp(a, b, (size_t)n);
}

static bool is_same(const struct comparison *c, const struct stat *now, const struct stat *before)
{
	if (now->st_mode != before->st_mode || now->st_uid != before->st_uid || now->st_gid != before->st_gid)
		return false;
	if (S_ISLNK(now->st_mode))
		return same_target(c);
	if (S_ISREG(now->st_mode))
		return now->st_size == before->st_size && same_bytes(c);
	return true;
}

static void compare(const struct comparison *c)
{
	struct stat now, before;
	bool is = !fstatat(c->now, c->path, &now, AT_SYMLINK_NOFOLLOW);
	bool was = !fstatat(c->before, c->path, &before, AT_SYMLINK_NOFOLLOW);
	if ((is && was && is_same(c, &now, &before)) || (!is && !was))
		return;
	report_difference(c->out, c->dest, c->path, is ? &now : NULL, was ? &before : NULL);
}

static void walk(struct comparison *c, int dir);

/* What stood in a directory that another one took the place of is gone without a whiteout. */
static void walk_before(struct comparison *c)
{
	int before = openat(c->before, c->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = before < 0 ? NULL : fdopendir(before);
	const struct dirent *entry;
	size_t length = strlen(c->path);
	if (before >= 0 && !dir)
		close(before);
	while (dir && (entry = readdir(dir))) {
		struct stat st;
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    snprintf(c->path + length, sizeof c->path - length, "/%s", entry->d_name) >=
		            (int)(sizeof c->path - length))
			continue;
		if (fstatat(c->now, c->path, &st, AT_SYMLINK_NOFOLLOW))
			compare(c);
		else if (S_ISDIR(st.st_mode))
			walk_before(c);
		c->path[length] = 0;
	}
	if (dir)
		closedir(dir);
}

/* `layer`: the entry, -1 where it is no directory but hides what layers below have at its path. */
static bool is_replaced(const struct comparison *c, int layer)
{
	char opaque;
	struct stat st;
	if (fstatat(c->now, c->path, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
		return false;
	return layer < 0 || fgetxattr(layer, "user.overlay.opaque", &opaque, 1) == 1;
}

static void visit(struct comparison *c, int dir, const char *name)
{
	size_t length = strlen(c->path);
	if (snprintf(c->path + length, sizeof c->path - length, "%s%s", length ? "/" : "", name) <
	    (int)(sizeof c->path - length)) {
		compare(c);
		int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (is_replaced(c, below))
			walk_before(c);
		if (below >= 0)
			walk(c, below);
	}
	c->path[length] = 0;
}

/* Takes the descriptor. */
static void walk(struct comparison *c, int fd)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			visit(c, dirfd(dir), entry->d_name);
	closedir(dir);
}

static void compare_place(const struct root *root, const struct root *base, size_t index, int out)
{
	char upper[64];
	const char *inside = dest_inside(root->places[index].dest);
	struct comparison c = { .out = out,
		                .now = root->places[index].mount,
		                .before = base->places[index].mount,
		                .dest = strcmp(inside, ".") ? inside : "" };
	for (const struct root *layer = root; layer != base; layer = layer->parent) {
		place_upper(layer, index, upper, sizeof upper);
		int fd = open(upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			walk(&c, fd);
	}
}

/* A private directory that one of the roots above the base has made: all in it is new. */
static void list_own_place(const struct place *place, int out)
{
	struct comparison c = { .out = out, .now = place->mount, .before = -1, .dest = dest_inside(place->dest) };
	int fd = openat(place->mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk(&c, fd);
}

/* Gives a file from its beginning. */
int compare_roots(struct sandbox *sandbox, const struct root *root, const struct root *base)
{
	const struct root *above = root;
	while (above && above != base)
		above = above->parent;
	if (!above) {
		errno = EINVAL;
		return step_fail(sandbox, "root", base->id);
	}
	int out = memfd_create("netns-changes", MFD_CLOEXEC);
	if (out < 0)
		return step_fail(sandbox, "memfd_create", "");
	for (size_t i = 0; i < base->place_count; i++)
		if (base->places[i].kind == PLACE_LAYERED)
			compare_place(root, base, i, out);
	for (size_t i = base->place_count; i < root->place_count; i++)
		if (root->places[i].kind == PLACE_LAYERED)
			list_own_place(&root->places[i], out);
	lseek(out, 0, SEEK_SET);
	return out;
}
