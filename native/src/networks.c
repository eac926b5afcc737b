/* Network namespaces made after the start: PID 1 steps into a new one, prepares it as the plan says, steps back. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <string.h>
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

/* `none`: no step. `quiet`: no services. */
static int prepare(struct sandbox *sandbox, const char *mode)
{
	for (size_t i = 0; i < sandbox->plan->count; i++) {
		const struct step *step = &sandbox->plan->steps[i];
		bool network = !strcmp(step->name, "loopback") ||
		               (!strcmp(step->name, "sysctl") && step->argc && !strncmp(step->argv[0], "net/", 4));
		bool service = !strcmp(step->name, "listen") && strcmp(mode, "quiet") != 0;
		if ((network || service) && strcmp(mode, "none") != 0 && step_run(sandbox, step))
			return -1;
	}
	return 0;
}

/* Gives a descriptor of the new namespace. Its listeners belong to the group. */
int network_make(struct sandbox *sandbox, const char *mode, int group)
{
	int made = -1;
	sandbox->failure.stage = "network";
	if (sandbox->network < 0) { /* net: 'host' */
		errno = ENOTSUP;
		return step_fail(sandbox, "unshare", "net");
	}
	if (unshare(CLONE_NEWNET))
		return step_fail(sandbox, "unshare", "net");
	sandbox->listen_group = group;
	if (!prepare(sandbox, mode) && (made = network_here()) < 0)
		step_fail(sandbox, "ioctl", "SIOCGSKNS");
	sandbox->listen_group = 0;
	if (setns(sandbox->network, CLONE_NEWNET))
		_exit(EXIT_NO_SANDBOX); /* a PID 1 in the wrong network must not go on */
	return made;
}
