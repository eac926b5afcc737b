/* Network namespaces made after the start: PID 1 steps into a new one, prepares it, steps back. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Gives a descriptor of the present namespace; not by way of /proc, where root inside can mount what it likes. */
int network_here(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	int network = ioctl(fd, SIOCGSKNS);
	int error = errno;
	close(fd);
	errno = error;
	return network;
}

/* Gives a descriptor of the new namespace. Its steps are those of the file's: loopback, sysctl, listen. */
int network_make(struct sandbox *sandbox, int group, const struct plan *steps)
{
	int made = -1;
	sandbox->failure.stage = "network";
	if (sandbox->network < 0) { /* net: 'host' */
		errno = ENOTSUP;
		return step_fail(sandbox, "unshare", "net");
	}
	if (unshare(CLONE_NEWNET))
		return step_fail(sandbox, "unshare", "net");
	const struct plan *plan = sandbox->plan;
	sandbox->plan = steps;
	sandbox->listen_group = group;
	if (!steps_run(sandbox) && (made = network_here()) < 0)
		step_fail(sandbox, "ioctl", "SIOCGSKNS");
	sandbox->plan = plan;
	sandbox->listen_group = 0;
	if (setns(sandbox->network, CLONE_NEWNET))
		_exit(EXIT_NO_SANDBOX); /* a PID 1 in the wrong network must not go on */
	return made;
}
