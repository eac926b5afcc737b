/*
 * A root that branches off another: the same mounts, each layered one with a new upper directory on top of what its
 * parent holds. Layers are lower directories of one mount, never overlay on overlay, for an overlay may stand on at
 * most one other and the host's may be one already.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static bool is_limited(const struct place *place)
{
	return place->size && strcmp(place->size, "-") != 0;
}

/* `u`: its upper directory; `w`: its work directory. What is limited has a tmpfs of its own for both. */
static void layer_path(const struct root *root, const struct place *place, size_t index, char which, char *path,
                       size_t size)
{
	if (is_limited(place))
		snprintf(path, size, "s/%u/%zu/%c", root->serial, index, which);
	else
		snprintf(path, size, "s/%u/%c%zu", root->serial, which, index);
}

/* Where the place's writes in this root lie, relative to the store; -1 where that is the mount below all others. */
int place_upper(const struct root *root, size_t index, char *path, size_t size)
{
	const struct place *place = &root->places[index];
	if (place->origin != root) {
		layer_path(root, place, index, 'u', path, size);
		return 0;
	}
	if (!place->id)
		return -1;
	snprintf(path, size, "u/%s", place->id);
	return 0;
}

static int set_path(struct sandbox *sandbox, int fs, const char *key, const char *path)
{
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, path) ? step_fail(sandbox, "fsconfig", path) : 0;
}

/* Before Linux 6.15 a layer must be attached somewhere: then it is, in the store. */
static int set_lower(struct sandbox *sandbox, int fs, const struct place *place, size_t index)
{
	char path[64];
	if (!syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, "lowerdir+", NULL, place->lower))
		return 0;
	snprintf(path, sizeof path, "l/at-%zu", index);
	int dest = dest_make_dir(sandbox, path);
	if (dest < 0)
		return -1;
	int failed = sys_move_mount(place->lower, dest) && errno != EINVAL; /* EINVAL: it is there */
	close(dest);
	return failed ? step_fail(sandbox, "move_mount", path) : set_path(sandbox, fs, "lowerdir+", path);
}

/* What a private directory of the origin holds can only be named as a mount of its own. */
static int find_lower(struct sandbox *sandbox, const struct root *parent, size_t index)
{
	struct place *place = &parent->places[index], *first = &place->origin->places[index];
	if (first->lower < 0)
		first->lower = clone_tree(sandbox, first->mount, "", "ro");
	place->lower = first->lower;
	return place->lower < 0 ? -1 : 0;
}

/* Without opendir, whose buffer costs a mapping each time. */
static bool is_empty(int at, const char *path)
{
	char entries[512]; /* a name of any length fits in beside the directory's own two */
	const long own_two = 48;
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool empty = syscall(SYS_getdents64, fd, entries, sizeof entries) == own_two &&
	             syscall(SYS_getdents64, fd, entries, sizeof entries) == 0;
	close(fd);
	return empty;
}

/*
 * A layer that nothing was written to is left out: each one makes mounting slower. The parent's own may be written to
 * until it is frozen, which a root that is built ahead precedes; those below it are frozen.
 */
static bool is_passed_over(struct root *layer, const struct root *parent, size_t index, const char *path)
{
	struct place *place = &layer->places[index];
	if (layer == parent || layer == place->origin)
		return false;
	if (!place->is_known)
		place->is_unwritten = is_empty(AT_FDCWD, path);
	place->is_known = true;
	return place->is_unwritten;
}

/* The topmost first. */
static int set_layers(struct sandbox *sandbox, int fs, struct root *parent, size_t index)
{
	char path[64];
	if (find_lower(sandbox, parent, index))
		return -1;
	for (struct root *root = parent;; root = root->parent) {
		if (!place_upper(root, index, path, sizeof path) && !is_passed_over(root, parent, index, path) &&
		    set_path(sandbox, fs, "lowerdir+", path))
			return -1;
		if (root == parent->places[index].origin)
			return set_lower(sandbox, fs, &parent->places[index], index);
	}
}

static int make_limited(struct sandbox *sandbox, const struct root *root, const struct place *place, size_t index)
{
	char path[64];
	snprintf(path, sizeof path, "s/%u/%zu", root->serial, index);
	if (mkdir(path, 0755))
		return step_fail(sandbox, "mkdir", path);
	return mount_tmpfs(sandbox, path, place->size);
}

/* The directory that takes the writes, with owner and mode as the parent's root shows them. */
static int make_upper(struct sandbox *sandbox, const struct root *root, const struct place *place, size_t index)
{
	const mode_t not_of_mkdir = S_ISUID | S_ISGID;
	char path[64];
	if (is_limited(place) && make_limited(sandbox, root, place, index))
		return -1;
	layer_path(root, place, index, 'u', path, sizeof path);
	if (mkdir(path, place->mode & 07777))
		return step_fail(sandbox, "mkdir", path);
	bool is_ours = place->uid == geteuid() && place->gid == getegid();
	if (!is_ours && chown(path, place->uid, place->gid) &&
	    errno != EINVAL && errno != EPERM) /* an owner without a number here */
		return step_fail(sandbox, "chown", path);
	if ((!is_ours || (place->mode & not_of_mkdir)) && chmod(path, place->mode & 07777))
		return step_fail(sandbox, "chmod", path);
	return 0;
}

static int make_overlay(struct sandbox *sandbox, const struct root *root, const struct place *place, size_t index)
{
	char upper[64], work[64];
	layer_path(root, place, index, 'u', upper, sizeof upper);
	layer_path(root, place, index, 'w', work, sizeof work);
	if (mkdir(work, 0700))
		return step_fail(sandbox, "mkdir", work);
	int fs = sys_fsopen("overlay");
	if (fs < 0)
		return step_fail(sandbox, "fsopen", "overlay");
	int failed = set_path(sandbox, fs, "source", "netns") || set_layers(sandbox, fs, root->parent, index) ||
	             set_path(sandbox, fs, "upperdir", upper) || set_path(sandbox, fs, "workdir", work) ||
	             (sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL) && step_fail(sandbox, "fsconfig", "userxattr"));
	if (!failed)
		return mount_create(sandbox, fs, "overlay", place->read_only ? MOUNT_ATTR_RDONLY : 0);
	close(fs);
	return -1;
}

/* An overlay costs 80-110 us: an empty private directory needs none. */
static bool needs_overlay(const struct place *place)
{
	return place->host || place->read_only || !strcmp(place->dest, "root") || is_limited(place) ||
	       !is_empty(place->mount, ".");
}

static int remember_empty(struct root *root, size_t index)
{
	size_t *grown = realloc(root->empty, (root->empty_count + 1) * sizeof *grown);
	if (!grown)
		return -1;
	root->empty = grown;
	grown[root->empty_count++] = index;
	return 0;
}

static int make_layered(struct sandbox *sandbox, struct root *root, const struct place *place, size_t index)
{
	char path[64];
	if (make_upper(sandbox, root, place, index))
		return -1;
	if (needs_overlay(place))
		return make_overlay(sandbox, root, place, index);
	if (remember_empty(root, index))
		return step_fail(sandbox, "realloc", "");
	layer_path(root, place, index, 'u', path, sizeof path);
	return clone_tree(sandbox, AT_FDCWD, path, "-");
}

/*
 * Below the new mount the parent's would stay, one more with each generation. It is put aside, to go with the root's
 * layers: to unmount it here would wait until every processor has seen it.
 */
static int uncover(struct sandbox *sandbox, const struct root *root, size_t index, int dest)
{
	char path[64];
	snprintf(path, sizeof path, "s/%u/c%zu", root->serial, index);
	if (mkdir(path, 0700))
		return step_fail(sandbox, "mkdir", path);
	int aside = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (aside < 0)
		return step_fail(sandbox, "open", path);
	int failed = sys_move_mount(dest, aside) && errno != EINVAL; /* EINVAL: nothing is mounted */
	if (failed)
		step_fail(sandbox, "move_mount", path);
	close(aside);
	return failed ? -1 : 0;
}

/* Gives the directory that the place's mount goes to. */
static int open_place(struct sandbox *sandbox, const struct root *root, const struct place *place, size_t index)
{
	if (index == 0)
		return open(root->place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int dest = dest_open(sandbox, place->dest, O_PATH);
	if (dest < 0 || !is_below_shared(place->dest))
		return dest;
	int failed = uncover(sandbox, root, index, dest);
	close(dest);
	return failed ? -1 : dest_open(sandbox, place->dest, O_PATH);
}

static int add_layered(struct sandbox *sandbox, struct root *root, const struct place *from, size_t index)
{
	struct place place = *from;
	struct stat shown;
	if (fstat(from->mount, &shown))
		return step_fail(sandbox, "fstat", from->dest);
	place.mode = shown.st_mode;
	place.uid = shown.st_uid;
	place.gid = shown.st_gid;
	place.is_known = false;
	place.mount = make_layered(sandbox, root, &place, index);
	if (place.mount < 0)
		return -1;
	int dest = open_place(sandbox, root, &place, index);
	if (mount_attach(sandbox, place.mount, dest, place.dest) || place_add(root, &place)) {
		close(place.mount);
		return -1;
	}
	if (index == 0)
		sandbox->root = root->fd = place.mount;
	return 0;
}

/* Only layered places hold descriptors. */
static int add_again(struct root *root, const struct place *from)
{
	struct place place = *from;
	place.mount = place.lower = -1;
	return place_add(root, &place);
}

static int add_shared(struct sandbox *sandbox, struct root *root, const struct place *place)
{
	sandbox->root = root->parent->fd;
	int from = dest_open(sandbox, place->dest, O_PATH);
	sandbox->root = root->fd;
	if (from < 0)
		return -1;
	int tree = clone_tree(sandbox, from, "", is_shared_whole(place->dest) ? "rec" : "-");
	close(from);
	int dest = tree < 0 ? -1 : dest_open(sandbox, place->dest, O_PATH);
	int failed = mount_attach(sandbox, tree, dest, place->dest);
	if (tree >= 0)
		close(tree);
	return failed || add_again(root, place);
}

static int again(struct sandbox *sandbox, struct root *root, const struct place *place, step_function *run)
{
	char dest[PATH_MAX], flags[] = "alone", *argv[] = { dest, flags };
	snprintf(dest, sizeof dest, "%s", place->dest);
	const struct step step = { "readonly", place->kind == PLACE_READ_ONLY_ALONE ? 2 : 1, argv };
	return run(sandbox, &step) || add_again(root, place);
}

/* The parent's own steps have mounted over it: no path of the parent leads there. */
static bool is_covered(const struct root *parent, size_t index)
{
	const char *dest = parent->places[index].dest;
	for (size_t i = index + 1; i < parent->place_count; i++) {
		const struct place *later = &parent->places[i];
		size_t length = strlen(later->dest);
		if ((later->kind == PLACE_LAYERED || later->kind == PLACE_SHARED) &&
		    !strncmp(later->dest, dest, length) && (dest[length] == '/' || !dest[length]))
			return true;
	}
	return false;
}

static int add(struct sandbox *sandbox, struct root *root, size_t index)
{
	const struct place *place = &root->parent->places[index];
	switch (place->kind) {
	case PLACE_LAYERED:
		return add_layered(sandbox, root, place, index);
	case PLACE_SHARED:
		return is_covered(root->parent, index) ? add_again(root, place) : add_shared(sandbox, root, place);
	case PLACE_WRITABLE:
		return again(sandbox, root, place, step_writable);
	default:
		return again(sandbox, root, place, step_readonly);
	}
}

/* The layered place that a destination's mount point lies in. */
static size_t place_around(const struct root *root, const char *dest)
{
	size_t found = 0, longest = 0;
	for (size_t i = 0; i < root->place_count; i++) {
		const struct place *place = &root->places[i];
		size_t length = strlen(place->dest);
		if (place->kind == PLACE_LAYERED && length > longest && !strncmp(place->dest, dest, length) &&
		    dest[length] == '/') {
			found = i;
			longest = length;
		}
	}
	return found;
}

static int watch(struct root *root, const char *path)
{
	struct stat st;
	if (!lstat(path, &st))
		return 0;
	size_t length = strlen(path) + 1;
	char *grown = realloc(root->absent, root->absent_bytes + length);
	if (!grown)
		return -1;
	root->absent = grown;
	memcpy(grown + root->absent_bytes, path, length);
	root->absent_bytes += length;
	return 0;
}

/*
 * Making a mount looks up the directories that lead to it, and an overlay remembers which layers they came from: one
 * that the parent copies up later would show without what was written there. Such a root is built again. The worker may
 * write at this very moment, so this look comes before the mount is made.
 */
static int watch_around(struct root *root, const char *dest)
{
	char path[PATH_MAX];
	size_t index = place_around(root->parent, dest);
	const struct place *around = &root->parent->places[index];
	if (place_upper(root->parent, index, path, sizeof path))
		return 0;
	size_t length = strlen(path), start = strlen(around->dest);
	for (const char *slash = strchr(dest + start + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int step = (int)(slash - dest - (long)start);
		if (snprintf(path + length, sizeof path - length, "%.*s", step, dest + start) >= (int)(sizeof path - length) ||
		    watch(root, path))
			return -1;
	}
	return 0;
}

static bool shows_owner_and_mode(const struct place *place, const struct place *parents)
{
	struct stat st;
	return place->kind != PLACE_LAYERED || (!fstat(parents->mount, &st) && st.st_mode == place->mode &&
	                                        st.st_uid == place->uid && st.st_gid == place->gid);
}

/* True where a root that was built ahead shows what its parent holds now. */
bool branch_is_current(const struct root *root)
{
	const struct root *parent = root->parent;
	struct stat st;
	if (root->parent_was_frozen && root->parent_thaws == parent->thaws)
		return true;
	for (size_t i = 0; i < parent->place_count && i < root->place_count; i++)
		if (!shows_owner_and_mode(&root->places[i], &parent->places[i]))
			return false;
	for (size_t at = 0; at < root->absent_bytes; at += strlen(root->absent + at) + 1)
		if (!lstat(root->absent + at, &st))
			return false;
	for (size_t i = 0; i < root->empty_count; i++)
		if (!is_empty(parent->places[root->empty[i]].mount, "."))
			return false;
	return true;
}

static int64_t changed_ns(const struct root *root, size_t index)
{
	char path[64];
	struct stat st;
	if (place_upper(root, index, path, sizeof path) || lstat(path, &st))
		return -1;
	return st.st_ctim.tv_sec * 1000000000LL + st.st_ctim.tv_nsec;
}

static void note_changed(struct root *root)
{
	for (size_t i = 0; i < root->place_count; i++)
		if (root->places[i].kind == PLACE_LAYERED)
			root->places[i].changed_ns = changed_ns(root, i);
}

/*
 * True where nobody has changed anything since the root was built, so that it is as good as a new one. Whatever is written
 * changes the upper directory: by its own entry or by that of a directory above it. Its time of change is that of a clock
 * that stands still between two ticks, which must have moved before the root was entered. What the root has looked up it
 * remembers, so the parent must not change, and changes of the host are not kept from the next files for long.
 */
bool branch_is_untouched(const struct root *root)
{
	const int64_t serves_ns = 1000000000;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (root->was_parent || root->request.text || !root->parent_was_frozen ||
	    root->parent_thaws != root->parent->thaws ||
	    now.tv_sec * 1000000000LL + now.tv_nsec - root->entered_ns > serves_ns)
		return false;
	/* Only root's processes can mount, and it would not show in any directory. */
	if (root->began_processes && geteuid() == 0)
		return false;
	for (size_t i = 0; i < root->place_count; i++) {
		const struct place *place = &root->places[i];
		if (place->kind == PLACE_LAYERED &&
		    (place->changed_ns < 0 || place->changed_ns >= root->entered_ns ||
		     changed_ns(root, i) != place->changed_ns))
			return false;
	}
	return true;
}

/* Makes the root's mounts; what its own steps add comes after. */
int branch_build(struct sandbox *sandbox, struct root *root)
{
	int present = sandbox->root, failed = 0;
	sandbox->failure.stage = "branch";
	if (places_reserve(root, root->parent->place_count))
		return step_fail(sandbox, "realloc", "");
	sandbox->building = root;
	sandbox->branching = true;
	for (size_t i = 0; i < root->parent->place_count && !failed; i++)
		failed = (i > 0 && watch_around(root, root->parent->places[i].dest)) || add(sandbox, root, i);
	sandbox->branching = false;
	sandbox->building = NULL;
	sandbox->root = present;
	note_changed(root);
	return failed ? -1 : 0;
}
