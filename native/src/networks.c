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

static int run_steps(struct sandbox *sandbox, bool (*wanted)(const struct step *step, const char *port), const char *port)
{
	int count = 0;
	for (size_t i = 0; i < sandbox->plan->count; i++)
		if (wanted(&sandbox->plan->steps[i], port)) {
			if (step_run(sandbox, &sandbox->plan->steps[i]))
				return -1;
			count++;
		}
	return count;
}

static bool is_network(const struct step *step, const char *port)
{
	(void)port;
	return !strcmp(step->name, "loopback") ||
	       (!strcmp(step->name, "sysctl") && step->argc && !strncmp(step->argv[0], "net/", 4));
}

/* On that port, or on any. */
static bool is_service(const struct step *step, const char *port)
{
	return !strcmp(step->name, "listen") && step->argc && (!port || !strcmp(step->argv[0], port));
}

/* `full`: as the plan says. `some` port…: of its services only these. `none`: no step. */
static int prepare(struct sandbox *sandbox, const struct step *mode)
{
	const char *name = mode->argv[0];
	if (!strcmp(name, "none"))
		return 0;
	if (run_steps(sandbox, is_network, NULL) < 0)
		return -1;
	if (!strcmp(name, "full"))
		return run_steps(sandbox, is_service, NULL) < 0 ? -1 : 0;
	for (size_t i = 1; i < mode->argc; i++) {
		int found = run_steps(sandbox, is_service, mode->argv[i]);
		errno = ENOENT;
		if (found <= 0)
			return found < 0 ? -1 : step_fail(sandbox, "listen", mode->argv[i]);
	}
	return 0;
}

/* Gives a descriptor of the new namespace. Its listeners belong to the group. */
int network_make(struct sandbox *sandbox, const struct step *mode, int group)
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
	if (made >= 0 && sandbox->watch_settings && !strcmp(mode->argv[0], "full"))
		settings_watch(sandbox, group);
	sandbox->listen_group = 0;
	if (setns(sandbox->network, CLONE_NEWNET))
		_exit(EXIT_NO_SANDBOX); /* a PID 1 in the wrong network must not go on */
	return made;
}
