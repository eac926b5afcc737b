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
	int mount = -1;
	if (set_parameters(fs, parameters))
		step_fail(sandbox, "fsconfig", type);
	else if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL))
		step_fail(sandbox, "fsconfig", type);
	else if ((mount = sys_fsmount(fs, attributes)) < 0)
		step_fail(sandbox, "fsmount", type);
	close(fs);
	return mount;
}

/* Takes both descriptors. */
static int attach(struct sandbox *sandbox, int mount, int dest, const char *path)
{
	int failed = mount < 0 || dest < 0;
	if (!failed && sys_move_mount(mount, dest))
		failed = step_fail(sandbox, "move_mount", path);
	if (mount >= 0)
		close(mount);
	if (dest >= 0)
		close(dest);
	return failed ? -1 : 0;
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

#define MAX_LOWERS 500 /* overlayfs: OVL_MAX_STACK */

struct layers {
	const char *mode, *uid, *gid, *flags, *upper, *work;
	char **lowers;
	size_t lower_count;
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
	return sandbox->root < 0 ? step_fail(sandbox, "open", "root") : 0;
}

int mount_tmpfs(struct sandbox *sandbox, const char *dest)
{
	return attach_new(sandbox, dest, "tmpfs", no_parameters, MOUNT_ATTR_NODEV);
}

int step_tmpfs(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0], *size = step->argv[4];
	const struct parameter parameters[] = {
		{ strcmp(size, "-") ? "size" : NULL, size },
		{ NULL, NULL },
	};
	if (attach_new(sandbox, dest, "tmpfs", parameters, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))
		return -1;
	int fd = dest_open(sandbox, dest, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return -1;
	const char *failed = apply_owner(fd, step->argv[1], step->argv[2], step->argv[3]);
	if (failed)
		step_fail(sandbox, failed, dest);
	close(fd);
	return failed ? -1 : 0;
}

static int set_read_only(struct sandbox *sandbox, int tree, const char *path)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	if (sys_mount_setattr(tree, AT_RECURSIVE, &attributes))
		return step_fail(sandbox, "mount_setattr", path);
	return 0;
}

static int clone_tree(struct sandbox *sandbox, int dir, const char *path, const char *flags)
{
	unsigned recursive = step_flag(flags, "rec") ? AT_RECURSIVE : 0;
	int tree = sys_open_tree(dir, path, OPEN_TREE_CLONE | recursive | (*path ? 0 : AT_EMPTY_PATH));
	if (tree < 0)
		return step_fail(sandbox, "open_tree", path);
	if (step_flag(flags, "ro") && set_read_only(sandbox, tree, path)) {
		close(tree);
		return -1;
	}
	return tree;
}

/* A short name for a host directory. The link leads nowhere once the host's tree is gone; overlays keep their own clone. */
static int link_lower(struct sandbox *sandbox, const char *name, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return step_fail(sandbox, "open", path);
	close(fd);
	return symlinkat(path, sandbox->store, name) ? step_fail(sandbox, "symlinkat", path) : 0;
}

/*
 * Nothing of the host stays mounted in the store, where root inside could get at it. Only a worker that
 * may ask for further roots needs its layers there.
 */
int step_lower(struct sandbox *sandbox, const struct step *step)
{
	const char *path = step->argv[1];
	char name[PATH_MAX];
	snprintf(name, sizeof name, "l/%s", step->argv[0]);
	if (sandbox->options->control_fd < 0)
		return link_lower(sandbox, name, path);
	int tree = clone_tree(sandbox, AT_FDCWD, path, "ro");
	if (tree < 0)
		return -1;
	return attach(sandbox, tree, dest_make_dir(sandbox, name), name);
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
 * strings above 255 bytes, and user paths may hold ':' or ','. One by one ("lowerdir+", Linux 6.8)
 * only where there are several.
 */
static int overlay_mount(struct sandbox *sandbox, const struct layers *layers)
{
	if (make_upper(sandbox, layers))
		return -1;
	struct parameter parameters[MAX_LOWERS + 6] = { { "source", "netns" } };
	size_t n = 1;
	for (size_t i = 0; i < layers->lower_count; i++)
		parameters[n++] = (struct parameter){ layers->lower_count > 1 ? "lowerdir+" : "lowerdir",
			                              layers->lowers[i] };
	parameters[n++] = (struct parameter){ "upperdir", layers->upper };
	parameters[n++] = (struct parameter){ "workdir", layers->work };
	parameters[n++] = (struct parameter){ "userxattr", NULL };
	return make_mount(sandbox, "overlay", parameters,
	                  step_flag(layers->flags, "ro") ? MOUNT_ATTR_RDONLY : 0);
}

/* layers dest mode uid gid flags upper work lower...: topmost lower first. */
int step_layers(struct sandbox *sandbox, const struct step *step)
{
	char **argv = step->argv;
	const struct layers layers = { argv[1], argv[2], argv[3], argv[4], argv[5],
		                       argv[6], argv + 7, step->argc - 7 };
	if (layers.lower_count > MAX_LOWERS) {
		errno = E2BIG;
		return step_fail(sandbox, "fsconfig", argv[0]);
	}
	int dest = dest_make_dir(sandbox, argv[0]);
	if (dest < 0)
		return -1;
	int mount = overlay_mount(sandbox, &layers);
	if (mount < 0)
		name_destination(sandbox, argv[0]);
	return attach(sandbox, mount, dest, argv[0]);
}

int step_overlay(struct sandbox *sandbox, const struct step *step)
{
	const char *dest = step->argv[0];
	char lower[64], upper[64], work[64], *lowers[] = { lower };
	snprintf(lower, sizeof lower, "l/%s", step->argv[1]);
	snprintf(upper, sizeof upper, "u/%s", step->argv[1]);
	snprintf(work, sizeof work, "w/%s", step->argv[1]);
	const struct layers layers = { step->argv[2], step->argv[3], step->argv[4], step->argv[5],
		                       upper, work, lowers, 1 };
	int dest_fd = dest_make_dir(sandbox, dest);
	if (dest_fd < 0)
		return -1;
	int mount = overlay_mount(sandbox, &layers);
	if (mount < 0) {
		name_destination(sandbox, dest);
		if (step_flag(step->argv[5], "optional")) {
			step_degraded(sandbox, "overlay");
			mount = clone_tree(sandbox, AT_FDCWD, lower, "rec,ro");
		}
	}
	return attach(sandbox, mount, dest_fd, dest);
}

/* `store`: a path of the store. `present`: a path of the root that the worker is in while another is built. */
static int open_source(struct sandbox *sandbox, const char *source, const char *flags)
{
	if (!step_flag(flags, "present"))
		return dest_open(sandbox, source, O_PATH);
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	int fd = sys_openat2(sandbox->roots[sandbox->current].fd, source, &how);
	return fd < 0 ? step_fail(sandbox, "openat2", source) : fd;
}

static int bind_tree(struct sandbox *sandbox, const struct step *step)
{
	const char *source = step->argv[1], *flags = step->argv[2];
	if (!step_flag(flags, "store") && !step_flag(flags, "present"))
		return clone_tree(sandbox, AT_FDCWD, source, flags);
	int fd = open_source(sandbox, source, flags);
	int tree = fd < 0 ? -1 : clone_tree(sandbox, fd, "", flags);
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
	if (step_flag(flags, "alone"))
		return make_read_only(sandbox, fd, dest);
	int tree = clone_tree(sandbox, fd, "", "rec,ro");
	return attach(sandbox, tree, fd, dest);
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
	return attach(sandbox, tree, fd, dest);
}

#define PSEUDO (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

/* A fresh one is refused where the host's is covered in part ("mount too revealing"). */
static int fresh_or_bound(struct sandbox *sandbox, const char *dest, const char *type,
                          const char *host_path, unsigned attributes)
{
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
	return 0;
}

int step_devpts(struct sandbox *sandbox, const struct step *step)
{
	static const struct parameter parameters[] = {
		{ "ptmxmode", "0666" }, { "mode", "0620" }, { NULL, NULL },
	};
	return attach_new(sandbox, step->argv[0], "devpts", parameters,
	                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
}

int step_mqueue(struct sandbox *sandbox, const struct step *step)
{
	if (attach_new(sandbox, step->argv[0], "mqueue", no_parameters, PSEUDO))
		step_degraded(sandbox, "mqueue");
	return 0;
}

/* The host's own node. Read-only keeps root from changing its mode and owner there; devices can be written all the same. */
int step_dev(struct sandbox *sandbox, const struct step *step)
{
	char source[64];
	snprintf(source, sizeof source, "/dev/%s", step->argv[1]);
	int tree = clone_tree(sandbox, AT_FDCWD, source, "ro");
	return attach(sandbox, tree, tree < 0 ? -1 : dest_make_file(sandbox, step->argv[0]),
	              step->argv[0]);
}
