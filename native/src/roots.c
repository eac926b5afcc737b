/*
 * Roots beside the worker's: PID 1 builds one in the store and puts the worker into it with
 * pivot_root, which moves every process and thread whose root is the present one, Node's pool
 * threads and children that were started before among them.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void parking_place(char *path, size_t size, const char *id)
{
	snprintf(path, size, "r/%s", id);
}

static struct root *known(struct sandbox *sandbox, const char *id)
{
	for (size_t i = 0; i < sandbox->root_count; i++)
		if (!strcmp(sandbox->roots[i].id, id))
			return &sandbox->roots[i];
	return NULL;
}

static struct root *find(struct sandbox *sandbox, const char *id)
{
	struct root *root = known(sandbox, id);
	if (!root) {
		errno = ENOENT;
		step_fail(sandbox, "root", id);
	}
	return root;
}

int roots_begin(struct sandbox *sandbox)
{
	sandbox->roots[0] = (struct root){ .id = "file", .fd = sandbox->root };
	sandbox->root_count = 1;
	if ((mkdir("r", 0755) || mkdir("s", 0755)) && errno != EEXIST)
		return step_fail(sandbox, "mkdir", "r");
	return 0;
}

static bool usable_id(const char *id)
{
	return *id && strlen(id) < ROOT_ID_BYTES && !strchr(id, '/') && *id != '.';
}

/* An own tmpfs for the root's layers: dropping it is one umount, however much was written. */
static int attach_new_root(struct sandbox *sandbox, const char *id)
{
	char layers[64], place[64];
	snprintf(layers, sizeof layers, "s/%s", id);
	parking_place(place, sizeof place, id);
	if (mount_tmpfs(sandbox, layers) || mount_tmpfs(sandbox, place))
		return -1;
	int root = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? step_fail(sandbox, "open", place) : root;
}

static void detach(const char *id)
{
	char path[64];
	parking_place(path, sizeof path, id);
	sys_umount(path, MNT_DETACH);
	rmdir(path);
	snprintf(path, sizeof path, "s/%s", id);
	sys_umount(path, MNT_DETACH);
	rmdir(path);
}

/* Steps of a root name their destinations "root/..." as the file's plan does. */
int roots_build(struct sandbox *sandbox, const char *id, const struct plan *steps)
{
	int present = sandbox->root;
	sandbox->failure.stage = "root";
	if (!usable_id(id) || sandbox->root_count == MAX_ROOTS || known(sandbox, id)) {
		errno = !usable_id(id) ? EINVAL : known(sandbox, id) ? EEXIST : EMFILE;
		return step_fail(sandbox, "root", id);
	}
	int root = attach_new_root(sandbox, id);
	if (root >= 0) {
		sandbox->root = root;
		const struct plan *plan = sandbox->plan;
		sandbox->plan = steps;
		int failed = steps_run(sandbox);
		sandbox->plan = plan;
		sandbox->root = present;
		if (!failed) {
			struct root *added = &sandbox->roots[sandbox->root_count++];
			*added = (struct root){ .fd = root };
			snprintf(added->id, sizeof added->id, "%s", id);
			return 0;
		}
		close(root);
	}
	detach(id);
	return -1;
}

/*
 * pivot_root takes the caller's root for the old one, and PID 1's is the store: a short-lived child
 * with a file system context of its own (vfork shares memory, not that) stands in the worker's root.
 */
static int pivot(struct sandbox *sandbox, int present, int next)
{
	volatile int error = 0;
	int status;
	pid_t child = vfork();
	if (child == 0) {
		if (fchdir(present) || chroot(".") || fchdir(next) || sys_pivot_root(".", "."))
			error = errno;
		_exit(0);
	}
	if (child < 0)
		return step_fail(sandbox, "vfork", "");
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	errno = error;
	return error ? step_fail(sandbox, "pivot_root", "/") : 0;
}

/* The next root lies hidden on top of the present one until the pivot, the present one on top of it after. */
static int exchange(struct sandbox *sandbox, const struct root *present, const struct root *next)
{
	char place[64];
	parking_place(place, sizeof place, next->id);
	if (sys_move_mount(next->fd, present->fd))
		return step_fail(sandbox, "move_mount", "/");
	if (pivot(sandbox, present->fd, next->fd)) {
		int back = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (back >= 0 && !sys_move_mount(next->fd, back))
			close(back);
		return -1;
	}
	parking_place(place, sizeof place, present->id);
	mkdir(place, 0755);
	int parking = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parking < 0 || sys_move_mount(present->fd, parking))
		return step_fail(sandbox, "move_mount", place);
	close(parking);
	return 0;
}

int roots_enter(struct sandbox *sandbox, const char *id)
{
	sandbox->failure.stage = "enter";
	struct root *next = find(sandbox, id), *present = &sandbox->roots[sandbox->current];
	if (!next)
		return -1;
	if (next == present)
		return 0;
	if (exchange(sandbox, present, next))
		return -1;
	sandbox->current = (size_t)(next - sandbox->roots);
	sandbox->root = next->fd;
	return 0;
}

int roots_drop(struct sandbox *sandbox, const char *id)
{
	sandbox->failure.stage = "drop";
	struct root *root = find(sandbox, id);
	if (!root)
		return -1;
	size_t index = (size_t)(root - sandbox->roots);
	if (index == 0 || index == sandbox->current) {
		errno = EBUSY;
		return step_fail(sandbox, "root", id);
	}
	close(root->fd);
	free(root->processes);
	detach(id);
	size_t last = --sandbox->root_count;
	sandbox->roots[index] = sandbox->roots[last];
	if (sandbox->current == last)
		sandbox->current = index;
	return 0;
}
