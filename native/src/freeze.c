/*
 * A layer must not change once another overlay stands on it: the kernel would show a mixture. Read-only
 * for the whole super block freezes it; EBUSY means that somebody holds a file open for writing.
 */
#include "netns.h"
#include "sys.h"

static int reconfigure(int fs, bool read_only)
{
	return sys_fsconfig(fs, FSCONFIG_SET_FLAG, read_only ? "ro" : "rw", NULL) ||
	       sys_fsconfig(fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL);
}

int freeze(struct sandbox *sandbox, const char *path, bool read_only)
{
	int mount = dest_open(sandbox, path, O_PATH);
	if (mount < 0)
		return -1;
	int fs = (int)syscall(SYS_fspick, mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
	int failed = fs < 0 || reconfigure(fs, read_only);
	if (failed)
		step_fail(sandbox, fs < 0 ? "fspick" : "fsconfig", path);
	if (fs >= 0)
		close(fs);
	close(mount);
	return failed ? -1 : 0;
}
