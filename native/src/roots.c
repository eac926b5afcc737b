/*
 * The roots of a sandbox: the file's, those that branch off it, and which of them the worker is in. It moves by
 * pivot_root, which takes every process and thread whose root is the present one along, Node's pool threads and
 * children that were started before among them.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define MAX_BACKLOG 16 /* of roots that wait to be taken down */

int roots_begin(struct sandbox *sandbox)
{
	sandbox->file.fd = sandbox->root;
	snprintf(sandbox->file.id, sizeof sandbox->file.id, "file");
	snprintf(sandbox->file.place, sizeof sandbox->file.place, "r/0");
	sandbox->roots = sandbox->current = &sandbox->file;
	if (sandbox->root_per_file)
		snprintf(sandbox->spare_parent, sizeof sandbox->spare_parent, "%s", sandbox->file.id);
	sandbox->want_network = sandbox->watch_settings = sandbox->root_per_file && sandbox->own_network;
	sandbox->file.before.last_pid = sandbox->seen.last_pid = -1;
	if ((mkdir("r", 0755) || mkdir("s", 0755) || mkdir("r/0", 0755)) && errno != EEXIST)
		return step_fail(sandbox, "mkdir", "r");
	return 0;
}

struct root *roots_find(struct sandbox *sandbox, const char *id)
{
	struct root *root = sandbox->roots;
	while (root && (root->dropped || root == sandbox->spare || strcmp(root->id, id)))
		root = root->next;
	if (!root) {
		errno = ENOENT;
		step_fail(sandbox, "root", id);
	}
	return root;
}

static bool usable_id(const char *id)
{
	return *id && strlen(id) < ROOT_ID_BYTES;
}

static int make_place(struct sandbox *sandbox, struct root *root)
{
	char layers[ROOT_ID_BYTES];
	snprintf(root->place, sizeof root->place, "r/%u", root->serial);
	snprintf(layers, sizeof layers, "s/%u", root->serial);
	if (mkdir(root->place, 0755))
		return step_fail(sandbox, "mkdir", root->place);
	return mount_tmpfs(sandbox, layers, "-"); /* an own one: dropping it is one umount, however much was written */
}

/* Gives a root without any mount. */
struct root *roots_new(struct sandbox *sandbox, const char *id, struct root *parent)
{
	struct root *root = usable_id(id) ? calloc(1, sizeof *root) : NULL;
	if (!root) {
		errno = usable_id(id) ? ENOMEM : EINVAL;
		step_fail(sandbox, "root", id);
		return NULL;
	}
	snprintf(root->id, sizeof root->id, "%s", id);
	root->serial = ++sandbox->root_serial;
	root->fd = -1;
	root->before.last_pid = -1;
	root->parent = parent;
	root->parent_was_frozen = parent->is_frozen;
	root->parent_thaws = parent->thaws;
	parent->children++;
	parent->was_parent = true;
	root->next = sandbox->roots;
	sandbox->roots = root;
	if (!make_place(sandbox, root))
		return root;
	roots_forget(sandbox, root);
	return NULL;
}

static void release(struct sandbox *sandbox, struct root *root)
{
	char layers[ROOT_ID_BYTES];
	struct root **at = &sandbox->roots;
	snprintf(layers, sizeof layers, "s/%u", root->serial);
	sys_umount(layers, MNT_DETACH);
	rmdir(layers);
	while (*at != root)
		at = &(*at)->next;
	*at = root->next;
	root->parent->children--;
	free(root->request.text);
	free(root->request.args);
	free(root->request.steps);
	free(root->absent);
	free(root->empty);
	free(root->before.list);
	places_free(root);
	free(root);
}

/* A root that others branch off keeps its layers until these are gone; nothing of the worker's is mounted any more. */
void roots_forget(struct sandbox *sandbox, struct root *root)
{
	if (!root->detached) {
		sys_umount(root->place, MNT_DETACH);
		rmdir(root->place);
		root->detached = true;
	}
	root->dropped = true;
	if (!root->children)
		release(sandbox, root);
}

/* Takes down one root that was dropped; false: there is none. */
bool roots_tidy(struct sandbox *sandbox)
{
	for (struct root *root = sandbox->roots; root; root = root->next)
		if (root->dropped && root != sandbox->current && (!root->detached || !root->children)) {
			roots_forget(sandbox, root);
			return true;
		}
	return false;
}

/* Where requests come without a pause, nothing is ever idle. */
void roots_limit_backlog(struct sandbox *sandbox)
{
	size_t dropped = 0;
	for (const struct root *root = sandbox->roots; root; root = root->next)
		dropped += root->dropped && !root->detached;
	while (dropped-- > MAX_BACKLOG)
		roots_tidy(sandbox);
}

/*
 * pivot_root takes the caller's root for the old one, and PID 1's is the store: it steps into the worker's root and,
 * since pivot_root has taken it along, back by its descriptor of the store.
 */
static int pivot(struct sandbox *sandbox, int present, int next)
{
	int error = 0;
	if (fchdir(present) || chroot(".") || fchdir(next) || sys_pivot_root(".", "."))
		error = errno;
	if (fchdir(sandbox->store) || chroot("."))
		_exit(EXIT_NO_SANDBOX); /* a PID 1 that names the worker's paths must not go on */
	errno = error;
	return error ? step_fail(sandbox, "pivot_root", "/") : 0;
}

static int park(struct sandbox *sandbox, const struct root *root)
{
	int parking = open(root->place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int failed = parking < 0 || sys_move_mount(root->fd, parking);
	if (failed)
		step_fail(sandbox, "move_mount", root->place);
	if (parking >= 0)
		close(parking);
	return failed ? -1 : 0;
}

/* Remembers whether processes began in the present root since it was entered, or since the last look. */
void roots_look(struct sandbox *sandbox)
{
	struct root *present = sandbox->current;
	long last_pid = processes_last_pid(sandbox);
	present->began_processes = present->began_processes || last_pid < 0 || present->last_pid != last_pid;
	present->last_pid = last_pid;
}

static void note_entered(const struct root *left, struct root *entered)
{
	struct timespec now;
	entered->last_pid = left->last_pid;
	if (entered->entered_ns || !entered->parent)
		return;
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	entered->entered_ns = now.tv_sec * 1000000000LL + now.tv_nsec;
	entered->parent_thaws = entered->parent->thaws;
	entered->parent_was_frozen = entered->parent->is_frozen;
}

/* The next root lies hidden on top of the present one until the pivot, the present one on top of it after. */
int roots_exchange(struct sandbox *sandbox, struct root *next)
{
	struct root *present = sandbox->current;
	sandbox->failure.stage = "enter";
	if (next == present)
		return 0;
	if (sys_move_mount(next->fd, present->fd))
		return step_fail(sandbox, "move_mount", "/");
	if (pivot(sandbox, present->fd, next->fd)) {
		struct failure failure = sandbox->failure;
		park(sandbox, next);
		sandbox->failure = failure;
		return -1;
	}
	roots_look(sandbox);
	sandbox->current = next;
	sandbox->root = next->fd;
	note_entered(present, next);
	return park(sandbox, present);
}
