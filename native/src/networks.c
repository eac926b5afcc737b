/* Network namespaces made after the start: PID 1 steps into a new one, prepares it, steps back. */
#include "netns.h"
#include "sys.h"

#include <sched.h>

/* Gives a descriptor of the new namespace. Its steps are those of the file's: loopback, sysctl, listen. */
int network_make(struct sandbox *sandbox, int group, const struct plan *steps)
{
	int made = -1;
	sandbox->failure.stage = "network";
	if (unshare(CLONE_NEWNET))
		return step_fail(sandbox, "unshare", "net");
	const struct plan *plan = sandbox->plan;
	sandbox->plan = steps;
	sandbox->listen_group = group;
	if (!steps_run(sandbox) &&
	    (made = openat(sandbox->root, "proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) < 0)
		step_fail(sandbox, "openat", "/proc/thread-self/ns/net");
	sandbox->plan = plan;
	sandbox->listen_group = 0;
	if (setns(sandbox->network, CLONE_NEWNET))
		_exit(EXIT_NO_SANDBOX); /* a PID 1 in the wrong network must not go on */
	return made;
}
