/* Before and after the steps: mount propagation, and the move from the host's tree into the store. */
#include "netns.h"
#include "sys.h"

/* Slave: what we mount stays here, what the host unmounts goes here too (mount_namespaces(7)). */
int rootfs_make_private(struct sandbox *sandbox)
{
	sandbox->failure.stage = "pivot";
	if (sys_mount(NULL, "/", MS_REC | MS_SLAVE))
		return step_fail(sandbox, "mount", "/");
	return 0;
}

/*
 * The store becomes the namespace's root and the worker's root is moved on top of it, as an initial
 * RAM disk does when it hands over. PID 1 stays below, in the store; no path of the worker leads
 * there, and since the worker's root is the topmost mount of "/" the kernel does not take it for
 * chrooted: user namespaces can be made inside (current_chrooted() in fs/fs_struct.c).
 */
int rootfs_enter(struct sandbox *sandbox)
{
	sandbox->failure.stage = "pivot";
	if (fchdir(sandbox->store))
		return step_fail(sandbox, "fchdir", "store");
	if (sys_pivot_root(".", "."))
		return step_fail(sandbox, "pivot_root", "store");
	if (sys_umount(".", MNT_DETACH))
		return step_fail(sandbox, "umount2", "host");
	int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return step_fail(sandbox, "open", "/");
	int failed = sys_move_mount(sandbox->root, top);
	if (failed)
		step_fail(sandbox, "move_mount", "/");
	close(top);
	return failed;
}
