/* Steps that are not about files: host name, sysctls, limits, what PID 1 is to remember. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int step_hostname(struct sandbox *sandbox, const struct step *step)
{
	if (sethostname(step->argv[0], strlen(step->argv[0])))
		return step_fail(sandbox, "sethostname", step->argv[0]);
	return 0;
}

static int write_sysctl(struct sandbox *sandbox, const char *path, const char *value)
{
	int fd = dest_open(sandbox, path, O_WRONLY);
	if (fd < 0)
		return -1;
	int failed = write(fd, value, strlen(value)) < 0;
	if (failed)
		step_fail(sandbox, "write", path);
	close(fd);
	return failed;
}

/* /proc/sys is read-only in Docker: the feature is lost, not the sandbox. */
int step_sysctl(struct sandbox *sandbox, const struct step *step)
{
	char path[PATH_MAX];
	snprintf(path, sizeof path, "root/proc/sys/%s", step->argv[0]);
	if (write_sysctl(sandbox, path, step->argv[1]))
		step_degraded(sandbox, "sysctl");
	return 0;
}

/*
 * Tools put their pid into names of temporary files. Two sandboxes that share a written-through
 * directory must not hand out the same pids.
 */
int step_pid(struct sandbox *sandbox, const struct step *step)
{
	char last[24];
	sandbox->first_pid = (pid_t)strtol(step->argv[0], NULL, 10);
	snprintf(last, sizeof last, "%d", sandbox->first_pid - 1);
	if (!write_sysctl(sandbox, "root/proc/sys/kernel/ns_last_pid", last))
		sandbox->first_pid = 0; /* done: fork takes the next one */
	return 0;
}

int step_rlimit(struct sandbox *sandbox, const struct step *step)
{
	static const struct {
		const char *name;
		int resource;
	} known[] = {
		{ "nofile", RLIMIT_NOFILE }, { "nproc", RLIMIT_NPROC }, { "as", RLIMIT_AS },
		{ "cpu", RLIMIT_CPU },       { "core", RLIMIT_CORE },   { "fsize", RLIMIT_FSIZE },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].name, step->argv[0]) || sandbox->rlimit_count == MAX_RLIMITS)
			continue;
		sandbox->rlimits[sandbox->rlimit_count++] = (struct rlimit_setting){
			known[i].resource, (rlim_t)strtoull(step->argv[1], NULL, 10)
		};
		return 0;
	}
	errno = EINVAL;
	return step_fail(sandbox, "setrlimit", step->argv[0]);
}

int step_chdir(struct sandbox *sandbox, const struct step *step)
{
	sandbox->cwd = step->argv[0];
	return 0;
}

int step_hold(struct sandbox *sandbox, const struct step *step)
{
	(void)step;
	sandbox->hold = true;
	return 0;
}

/* The worker will ask for a root and a network per file: the first ones are made while it boots. */
int step_ahead(struct sandbox *sandbox, const struct step *step)
{
	(void)step;
	sandbox->root_per_file = true;
	return 0;
}

/* What an ordinary user's worker may take into use, in the sandbox's own user namespace. */
int step_capability(struct sandbox *sandbox, const struct step *step)
{
	static const struct {
		const char *name;
		unsigned number;
	} known[] = {
		{ "sys_admin", CAP_SYS_ADMIN },
		{ "net_admin", CAP_NET_ADMIN },
		{ "net_raw", CAP_NET_RAW },
		{ "net_bind_service", CAP_NET_BIND_SERVICE },
	};
	for (size_t i = 0; i < step->argc; i++) {
		size_t k = 0;
		while (k < sizeof known / sizeof *known && strcmp(known[k].name, step->argv[i]))
			k++;
		if (k == sizeof known / sizeof *known) {
			errno = EINVAL;
			return step_fail(sandbox, "capset", step->argv[i]);
		}
		sandbox->capabilities |= 1u << known[k].number;
	}
	return 0;
}
