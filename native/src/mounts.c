/*
 * Steps that mount. Every mount is made detached and then moved to a destination that is held as a
 * descriptor, so nothing can be swapped between look-up and mount.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct parameter {
	const char *key, *value; /* no value: a flag */
};

static int set_parameters(int fs, const struct parameter *parameters)
{
	for (const struct parameter *p = parameters; p->key; p++) {
		if (!p->value ? sys_fsconfig(fs, FSCONFIG_SET_FLAG, p->key, NULL)
		              : sys_fsconfig(fs, FSCONFIG_SET_STRING, p->key, p->value))
			return -1;
	}
	return 0;
}

/* A new file system as a detached mount. */
static int make_mount(struct sandbox *sandbox, const char *type, const struct parameter *parameters,
                      unsigned attributes)
{
	int fs = sys_fsopen(type);
	if (fs < 0)
		return step_fail(sandbox, "fsopen", type);
	if (!set_parameters(fs, parameters))
		return mount_create(sandbox, fs, type, attributes);
	step_fail(sandbox, "fsconfig", type);
	close(fs);
	return -1;
}

/* Takes the file system's descriptor; gives the mount's. */
int mount_create(struct sandbox *sandbox, int fs, const char *type, unsigned attributes)
{
	int mount = -1;
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL))
		step_fail(sandbox, "fsconfig", type);
	else if ((mount = sys_fsmount(fs, attributes)) < 0)
		step_fail(sandbox, "fsmount", type);
	close(fs);
	return mount;
}

/* Takes the destination's descriptor. */
int mount_attach(struct sandbox *sandbox, int mount, int dest, const char *path)
{
	int failed = mount < 0 || dest < 0;
	if (!failed && sys_move_mount(mount, dest))
		failed = step_fail(sandbox, "move_mount", path);
	if (dest >= 0)
		close(dest);
	return failed ? -1 : 0;
}

/* Takes both descriptors. */
static int attach(struct sandbox *sandbox, int mount, int dest, const char *path)
{
	int failed = mount_attach(sandbox, mount, dest, path);
	if (mount >= 0)
		close(mount);
	return failed;
}

/* The failure named the file system type; a reader wants the place. */
static void name_destination(struct sandbox *sandbox, const char *dest)
{
	errno = sandbox->failure.error;
	step_fail(sandbox, sandbox->failure.syscall, dest);
}

static int attach_new(struct sandbox *sandbox, const char *dest, const char *type,
                      const struct parameter *parameters, unsigned attributes)
{
	int dest_fd = dest_make_dir(sandbox, dest);
	if (dest_fd < 0)
		return -1;
	int mount = make_mount(sandbox, type, parameters, attributes);
	if (mount < 0)
		name_destination(sandbox, dest);
	return attach(sandbox, mount, dest_fd, dest);
}

struct layers {
	const char *mode, *uid, *gid, *flags, *upper, *work, *lower;
};

static const struct parameter no_parameters[] = { { NULL, NULL } };

/*
 * The store hides on top of the host's "/" until the pivot: a look-up of an absolute path starts at
 * our root, which is below, so the host's paths stay valid while we build.
 */
int step_store(struct sandbox *sandbox, const struct step *step)
{
	const struct parameter parameters[] = {
		{ "mode", "0755" },
		{ strcmp(step->argv[0], "-") ? "size" : NULL, step->argv[0] },
		{ NULL, NULL },
	};
	int store = make_mount(sandbox, "tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (store < 0)
		return -1;
	int host_root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (host_root < 0 || sys_move_mount(store, host_root))
		return step_fail(sandbox, "move_mount", "store");
	close(host_root);
	sandbox->store = store;
	if (fchdir(store))
		return step_fail(sandbox, "fchdir", "store");
	static const char *const dirs[] = { "root", "l", "u", "w" };
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (mkdir(dirs[i], 0755))
			return step_fail(sandbox, "mkdir", dirs[i]);
	int root = make_mount(sandbox, "tmpfs", parameters, MOUNT_ATTR_NODEV);
	int dest = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (attach(sandbox, root, dest, "root"))
		return -1;
	sandbox->root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (sandbox->root < 0)
		return step_fail(sandbox, "open", "root");
	if (sandbox->options->control_fd >= 0)
		place_note_layered(sandbox, &(struct place){ .dest = "root", .size = "-",
		                                             .mount = dup(sandbox->root), .lower = -1 });
	return 0;
}

static int tmpfs_mount(struct sandbox *sandbox, const char *dest, const char *size, unsigned attributes)
{
	const struct parameter parameters[] = {
		{ strcmp(size, "-") ? "size" : NULL, size },
		{ NULL, NULL },
	};
	int mount = make_mount(sandbox, "tmpfs", parameters, attributes);
	if (mount < 0)
		name_destination(sandbox, dest);
	return mount;
}

int mount_tmpfs(struct sandbox *sandbox, const char *dest, const char *size)
{
	int dest_fd = dest_make_dir(sandbox, dest);
	int mount = dest_fd < 0 ? -1 : tmpfs_mount(sandbox, dest, size, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return attach(sandbox, mount, dest_fd, dest);
}

int step_tmpfs(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0], *size = step->argv[4];
	int dest_fd = dest_make_dir(sandbox, dest);
	int mount = dest_fd < 0 ? -1 : tmpfs_mount(sandbox, dest, size, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount_attach(sandbox, mount, dest_fd, dest)) {
		if (mount >= 0)
			close(mount);
		return -1;
	}
	const char *failed = apply_owner(mount, step->argv[1], step->argv[2], step->argv[3]);
	if (failed)
		step_fail(sandbox, failed, dest);
	const struct place layered = { .dest = dest, .size = size, .mount = mount, .lower = -1 };
	const struct place shared = { .kind = PLACE_SHARED, .dest = dest, .mount = mount, .lower = -1 };
	place_note_layered(sandbox, is_shared_whole(dest) ? &shared : &layered);
	return failed ? -1 : 0;
}

static int set_tree_read_only(struct sandbox *sandbox, int tree, const char *path)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	if (sys_mount_setattr(tree, AT_RECURSIVE, &attributes))
		return step_fail(sandbox, "mount_setattr", path);
	return 0;
}

int clone_tree(struct sandbox *sandbox, int dir, const char *path, const char *flags)
{
	unsigned recursive = step_flag(flags, "rec") ? AT_RECURSIVE : 0;
	int tree = sys_open_tree(dir, path, OPEN_TREE_CLONE | recursive | (*path ? 0 : AT_EMPTY_PATH));
	if (tree < 0)
		return step_fail(sandbox, "open_tree", path);
	if (step_flag(flags, "ro") && set_tree_read_only(sandbox, tree, path)) {
		close(tree);
		return -1;
	}
	return tree;
}

/*
 * A short name for a host directory. The link leads nowhere once the host's tree is gone, overlays keep their own
 * clone: nothing of the host stays mounted in the store, where root inside could get at it.
 */
int step_lower(struct sandbox *sandbox, const struct step *step)
{
	const char *path = step->argv[1];
	bool optional = step->argc > 2 && step_flag(step->argv[2], "optional");
	char name[PATH_MAX];
	snprintf(name, sizeof name, "l/%s", step->argv[0]);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && optional && errno == ENOENT) /* since the plan was made */
		return 0;
	if (fd < 0)
		return step_fail(sandbox, "open", path);
	close(fd);
	return symlinkat(path, sandbox->store, name) ? step_fail(sandbox, "symlinkat", path) : 0;
}

/* For roots that branch off: a detached mount, which no path and no namespace of the worker leads to. */
static int keep_lower(struct sandbox *sandbox, const char *name)
{
	return sandbox->options->control_fd < 0 ? -1 : clone_tree(sandbox, AT_FDCWD, name, "ro");
}

static int make_upper(struct sandbox *sandbox, const struct layers *layers)
{
	if ((mkdir(layers->upper, 0755) && errno != EEXIST) ||
	    (mkdir(layers->work, 0700) && errno != EEXIST))
		return step_fail(sandbox, "mkdir", layers->upper);
	int fd = dest_open(sandbox, layers->upper, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return -1;
	const char *failed = apply_owner(fd, layers->mode, layers->uid, layers->gid);
	if (failed)
		step_fail(sandbox, failed, layers->upper);
	close(fd);
	return failed ? -1 : 0;
}

/*
 * Layer names are short and relative to the store (PID 1's working directory): fsconfig refuses
 * strings above 255 bytes, and user paths may hold ':' or ','.
 */
static int overlay_mount(struct sandbox *sandbox, const struct layers *layers)
{
	if (make_upper(sandbox, layers))
		return -1;
	const struct parameter parameters[] = {
		{ "source", "netns" },         { "lowerdir", layers->lower }, { "upperdir", layers->upper },
		{ "workdir", layers->work }, { "userxattr", NULL },         { NULL, NULL },
	};
	return make_mount(sandbox, "overlay", parameters,
	                  step_flag(layers->flags, "ro") ? MOUNT_ATTR_RDONLY : 0);
}

int step_overlay(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0], *id = step->argv[1], *flags = step->argv[5];
	char lower[64], upper[64], work[64];
	snprintf(lower, sizeof lower, "l/%s", id);
	snprintf(upper, sizeof upper, "u/%s", id);
	snprintf(work, sizeof work, "w/%s", id);
	const struct layers layers = { step->argv[2], step->argv[3], step->argv[4], flags, upper, work, lower };
	struct stat st;
	if (step_flag(flags, "optional") && fstatat(sandbox->store, lower, &st, AT_SYMLINK_NOFOLLOW))
		return 0; /* what is gone outside is not there inside either */
	int dest_fd = dest_make_dir(sandbox, dest);
	if (dest_fd < 0)
		return -1;
	struct place place = { .dest = dest, .id = id, .read_only = step_flag(flags, "ro"), .host = true,
		               .mount = overlay_mount(sandbox, &layers), .lower = -1 };
	if (place.mount < 0) {
		name_destination(sandbox, dest);
		if (step_flag(flags, "optional")) {
			step_degraded(sandbox, "overlay");
			place.mount = clone_tree(sandbox, AT_FDCWD, lower, "rec,ro");
			place.kind = PLACE_SHARED;
		}
	} else {
		place.lower = keep_lower(sandbox, lower);
	}
	int failed = mount_attach(sandbox, place.mount, dest_fd, dest);
	place_note_layered(sandbox, &place);
	return failed;
}

/* `store`: a path of the store. `present`: a path of the root that another one branches off. */
static int open_source(struct sandbox *sandbox, const char *source, const char *flags)
{
	if (!step_flag(flags, "present") || !sandbox->building)
		return dest_open(sandbox, source, O_PATH);
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = sys_openat2(sandbox->building->parent->fd, source, &how);
	return fd < 0 ? step_fail(sandbox, "openat2", source) : fd;
}

/*
 * What the worker asks to be bound again is as writable as it was, and that is frozen by now; what was read-only for
 * another reason stays so.
 */
static int unfreeze(struct sandbox *sandbox, int source, int tree)
{
	const struct root *root = sandbox->building->parent;
	struct mount_attr attributes = { .attr_clr = MOUNT_ATTR_RDONLY };
	for (size_t i = 0; i < root->place_count; i++) {
		const struct place *place = &root->places[i];
		if (place->kind == PLACE_LAYERED && !place->read_only && mount_id(place->mount) == mount_id(source))
			return sys_mount_setattr(tree, 0, &attributes);
	}
	return 0;
}

static int bind_tree(struct sandbox *sandbox, const struct step *step)
{
	const char *source = step->argv[1], *flags = step->argv[2];
	bool present = step_flag(flags, "present") && sandbox->building;
	if (!step_flag(flags, "store") && !present)
		return clone_tree(sandbox, AT_FDCWD, source, flags);
	int fd = open_source(sandbox, source, flags);
	int tree = fd < 0 ? -1 : clone_tree(sandbox, fd, "", flags);
	if (tree >= 0 && present && !step_flag(flags, "ro") && unfreeze(sandbox, fd, tree))
		step_fail(sandbox, "mount_setattr", source);
	if (fd >= 0)
		close(fd);
	return tree;
}

int step_bind(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0], *flags = step->argv[2];
	int tree = bind_tree(sandbox, step);
	int failed = tree < 0;
	if (!failed) {
		int dest_fd = step_flag(flags, "file") ? dest_make_file(sandbox, dest)
		                                       : dest_make_dir(sandbox, dest);
		failed = attach(sandbox, tree, dest_fd, dest);
	}
	if (failed && step_flag(flags, "optional")) {
		step_degraded(sandbox, "bind");
		return 0;
	}
	if (!failed)
		place_note(sandbox, PLACE_SHARED, dest);
	return failed ? -1 : 0;
}

/* `alone`: the mount of which dest is the root, and nothing below it. */
static int make_read_only(struct sandbox *sandbox, int fd, const char *dest)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int failed = sys_mount_setattr(fd, 0, &attributes);
	if (failed)
		step_fail(sandbox, "mount_setattr", dest);
	close(fd);
	return failed;
}

int step_readonly(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0], *flags = step->argc > 1 ? step->argv[1] : "-";
	int fd = dest_open(sandbox, dest, O_PATH);
	if (fd < 0) /* not every kernel has every file of /proc */
		return step_flag(flags, "optional") ? 0 : -1;
	if (!sandbox->branching)
		place_note(sandbox, step_flag(flags, "alone") ? PLACE_READ_ONLY_ALONE : PLACE_READ_ONLY, dest);
	if (step_flag(flags, "alone"))
		return make_read_only(sandbox, fd, dest);
	int tree = clone_tree(sandbox, fd, "", "rec,ro");
	return attach(sandbox, tree, fd, dest);
}

/* Copy-on-write in spite of what is read-only around it: the same tree once more, writable. */
int step_writable(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0];
	struct mount_attr attributes = { .attr_clr = MOUNT_ATTR_RDONLY };
	int fd = dest_make_dir(sandbox, dest);
	int tree = fd < 0 ? -1 : clone_tree(sandbox, fd, "", "-");
	if (tree >= 0 && sys_mount_setattr(tree, 0, &attributes)) {
		close(tree);
		tree = step_fail(sandbox, "mount_setattr", dest);
	}
	int failed = attach(sandbox, tree, fd, dest);
	if (!failed && !sandbox->branching)
		place_note(sandbox, PLACE_WRITABLE, dest);
	return failed;
}

static int mask_file(struct sandbox *sandbox)
{
	int file = openat(sandbox->store, "masked", O_CREAT | O_WRONLY | O_CLOEXEC, 0);
	if (file < 0)
		return step_fail(sandbox, "openat", "masked");
	int tree = clone_tree(sandbox, file, "", "ro");
	close(file);
	return tree;
}

int step_mask(struct sandbox *sandbox, const struct step *step)
{
	static const struct parameter parameters[] = { { "mode", "0" }, { NULL, NULL } };
	const char *dest = step->argv[0];
	int fd = dest_open(sandbox, dest, O_PATH);
	if (fd < 0)
		return -1;
	struct stat st;
	bool directory = !fstat(fd, &st) && S_ISDIR(st.st_mode);
	int tree = directory ? make_mount(sandbox, "tmpfs", parameters, MOUNT_ATTR_RDONLY)
	                     : mask_file(sandbox);
	int failed = attach(sandbox, tree, fd, dest);
	if (!failed)
		place_note(sandbox, PLACE_SHARED, dest);
	return failed;
}

#define PSEUDO (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A fresh one is refused where the host's is covered in part ("mount too revealing"). */
static int fresh_or_bound(struct sandbox *sandbox, const char *dest, const char *type,
                          const char *host_path, unsigned attributes)
{
	place_note(sandbox, PLACE_SHARED, dest);
	if (!attach_new(sandbox, dest, type, no_parameters, attributes))
		return 0;
	step_degraded(sandbox, sandbox->failure.stage);
	int tree = clone_tree(sandbox, AT_FDCWD, host_path,
	                      attributes & MOUNT_ATTR_RDONLY ? "rec,ro" : "rec");
	return attach(sandbox, tree, tree < 0 ? -1 : dest_make_dir(sandbox, dest), dest);
}

int step_proc(struct sandbox *sandbox, const struct step *step)
{
	return fresh_or_bound(sandbox, step->argv[0], "proc", "/proc", PSEUDO);
}

int step_sysfs(struct sandbox *sandbox, const struct step *step)
{
	return fresh_or_bound(sandbox, step->argv[0], "sysfs", "/sys", PSEUDO | MOUNT_ATTR_RDONLY);
}

/* A cgroup made inside would be one of the host's and stay there: read-only, as in containers. */
int step_cgroup2(struct sandbox *sandbox, const struct step *step)
{
	if (attach_new(sandbox, step->argv[0], "cgroup2", no_parameters, PSEUDO | MOUNT_ATTR_RDONLY))
		step_degraded(sandbox, "cgroup2");
	else
		place_note(sandbox, PLACE_SHARED, step->argv[0]);
	return 0;
}

int step_devpts(struct sandbox *sandbox, const struct step *step)
{
	static const struct parameter parameters[] = {
		{ "ptmxmode", "0666" }, { "mode", "0620" }, { NULL, NULL },
	};
	int failed = attach_new(sandbox, step->argv[0], "devpts", parameters,
	                        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (!failed)
		place_note(sandbox, PLACE_SHARED, step->argv[0]);
	return failed;
}

int step_mqueue(struct sandbox *sandbox, const struct step *step)
{
	if (attach_new(sandbox, step->argv[0], "mqueue", no_parameters, PSEUDO))
		step_degraded(sandbox, "mqueue");
	else
		place_note(sandbox, PLACE_SHARED, step->argv[0]);
	return 0;
}

/* The host's own node. Read-only keeps root from changing its mode and owner there; devices can be written all the same. */
int step_dev(struct sandbox *sandbox, const struct step *step)
{
	char source[64];
	snprintf(source, sizeof source, "/dev/%s", step->argv[1]);
	int tree = clone_tree(sandbox, AT_FDCWD, source, "ro");
	int failed = attach(sandbox, tree, tree < 0 ? -1 : dest_make_file(sandbox, step->argv[0]),
	                    step->argv[0]);
	if (!failed)
		place_note(sandbox, PLACE_SHARED, step->argv[0]);
	return failed;
}
