/* The plan's steps by name, executed in the plan's order; the first that fails ends the set-up. */
#include "netns.h"

#include <errno.h>
#include <string.h>

static int step_nothing(struct sandbox *sandbox, const struct step *step)
{
	(void)sandbox;
	(void)step;
	return 0; /* read where it is needed: namespaces, grace and publish by the outer process */
}

static const struct {
	const char *name;
	size_t argc; /* at least */
	step_function *run;
} known[] = {
	{ "namespaces", 1, step_nothing }, { "store", 1, step_store },
	{ "tmpfs", 5, step_tmpfs },        { "mkdir", 4, step_mkdir },
	{ "symlink", 2, step_symlink },    { "file", 5, step_file },
	{ "whiteout", 1, step_whiteout },  { "lower", 2, step_lower },
	{ "overlay", 6, step_overlay },
	{ "readonly-all", 0, step_readonly_all },
	{ "writable", 1, step_writable }, { "bind", 3, step_bind },
	{ "copy", 4, step_copy },          { "readonly", 1, step_readonly },
	{ "mask", 1, step_mask },          { "proc", 1, step_proc },
	{ "sysfs", 1, step_sysfs },        { "devpts", 1, step_devpts },
	{ "mqueue", 1, step_mqueue },      { "cgroup2", 1, step_cgroup2 },
	{ "dev", 2, step_dev },            { "hostname", 1, step_hostname },
	{ "loopback", 1, step_loopback },  { "sysctl", 2, step_sysctl },
	{ "rlimit", 2, step_rlimit },      { "listen", 3, step_listen },
	{ "publish", 1, step_nothing },    { "pid", 1, step_pid },
	{ "capability", 1, step_capability },
	{ "grace", 1, step_nothing },
	{ "hold", 0, step_hold },          { "chdir", 1, step_chdir },
	{ "ahead", 0, step_ahead },
};

int step_fail(struct sandbox *sandbox, const char *syscall, const char *path)
{
	const char *inside = dest_inside(path);
	fail_at(&sandbox->failure, syscall, path);
	if (inside) { /* people think in the worker's paths */
		char *text = sandbox->failure.path;
		text[0] = '/';
		size_t length = strcmp(inside, ".") ? strnlen(inside, PATH_MAX - 2) : 0;
		memmove(text + 1, inside, length);
		text[length + 1] = 0;
	}
	return -1;
}

void step_degraded(struct sandbox *sandbox, const char *stage)
{
	sandbox->failure.stage = stage;
	report_degraded(sandbox->options->status_fd, &sandbox->failure);
}

bool step_flag(const char *flags, const char *flag)
{
	size_t length = strlen(flag);
	for (const char *at = flags; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, flag, length) && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

int step_run(struct sandbox *sandbox, const struct step *step)
{
	sandbox->failure.stage = step->name;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].name, step->name))
			continue;
		if (step->argc >= known[i].argc)
			return known[i].run(sandbox, step);
		break;
	}
	sandbox->failure.stage = "plan";
	errno = EPROTO;
	return step_fail(sandbox, "step", step->name);
}

int steps_run(struct sandbox *sandbox)
{
	for (size_t i = 0; i < sandbox->plan->count; i++)
		if (step_run(sandbox, &sandbox->plan->steps[i]))
			return -1;
	return 0;
}
