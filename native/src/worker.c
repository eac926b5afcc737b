/* From PID 1 to the worker: the last steps before exec. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

struct exec_failure {
	char stage[16];
	char syscall[16];
	int error;
};

static struct exec_failure failed(const char *stage, const char *syscall)
{
	struct exec_failure failure = { .error = errno };
	for (size_t i = 0; i + 1 < sizeof failure.stage && stage[i]; i++)
		failure.stage[i] = stage[i];
	for (size_t i = 0; i + 1 < sizeof failure.syscall && syscall[i]; i++)
		failure.syscall[i] = syscall[i];
	return failure;
}

/* The outer process set every disposition to its default; these two are ours alone. */
static void reset_signals(void)
{
	sigset_t none;
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_limits(const struct sandbox *sandbox)
{
	struct rlimit limit = sandbox->open_files;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (size_t i = 0; i < sandbox->rlimit_count; i++) {
		const struct rlimit_setting *setting = &sandbox->rlimits[i];
		if (getrlimit(setting->resource, &limit))
			return -1;
		limit.rlim_cur = setting->soft;
		if (limit.rlim_max > setting->soft) /* a test must not raise it again */
			limit.rlim_max = setting->soft;
		if (setrlimit(setting->resource, &limit))
			return -1;
	}
	return 0;
}

/*
 * The ambient set carries them over exec; netns-threads.so empties it before main, so that children have none, and
 * takes them out of the effective set.
 */
static int keep_capabilities(unsigned capabilities)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &header, data))
		return -1;
	data[0].inheritable = capabilities;
	data[1].inheritable = 0;
	if (syscall(SYS_capset, &header, data))
		return -1;
	for (unsigned long number = 0; number < 32; number++)
		if (capabilities >> number & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0))
			return -1;
	return 0;
}

/* The control socket under the number that Node expects; the report pipe makes way if it has it. */
static int take_control(const struct sandbox *sandbox, int *report)
{
	int number = sandbox->options->control_fd;
	if (*report == number && (*report = fcntl(number, F_DUPFD_CLOEXEC, number + 1)) < 0)
		return -1;
	return dup2(sandbox->worker_control, number) < 0 ? -1 : 0;
}

/* The worker's, which would be loaded into the launcher under its name. */
static int name_preload(void)
{
	const char *libraries = getenv("NETNS_PRELOAD");
	return libraries && (setenv("LD_PRELOAD", libraries, 1) || unsetenv("NETNS_PRELOAD")) ? -1 : 0;
}

/* Runs in the worker; returns only on failure. */
static struct exec_failure become_worker(const struct sandbox *sandbox, int *report_fd)
{
	/* No controlling terminal: nothing can be typed into it (TIOCSTI). */
	if (setsid() < 0)
		return failed("exec", "setsid");
	if (fchdir(sandbox->root) || chroot("."))
		return failed("pivot", "chroot");
	if (sandbox->cwd && chdir(sandbox->cwd))
		return failed("chdir", "chdir");
	if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return failed("capabilities", "prctl");
	if (sandbox->capabilities && geteuid() != 0 && keep_capabilities(sandbox->capabilities))
		return failed("capabilities", "prctl");
	/* The session keyring came from the caller: keys added to it would be the host's (session-keyring(7)). */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno == EDQUOT)
		return failed("exec", "keyctl"); /* other errors: there are no keyrings to be had inside either */
	umask(sandbox->umask);
	int wanted[] = { *report_fd, sandbox->options->control_fd };
	if (sandbox->worker_control >= 0 && take_control(sandbox, report_fd))
		return failed("exec", "dup2");
	wanted[0] = *report_fd;
	descriptors_close_others(sandbox->options, wanted, sandbox->worker_control >= 0 ? 2 : 1);
	if (set_limits(sandbox))
		return failed("rlimit", "setrlimit");
	if (name_preload())
		return failed("exec", "setenv");
	reset_signals();
	execvp(sandbox->options->command[0], sandbox->options->command);
	return failed("exec", "execve");
}

/* fork, with the first pid of the plan where ns_last_pid could not be written. */
static pid_t fork_as(pid_t wanted)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	if (wanted > 1) {
		args.set_tid = (uint64_t)(uintptr_t)&wanted;
		args.set_tid_size = 1;
		pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
		if (pid >= 0)
			return pid;
	}
	return fork();
}

static int report_exec_failure(struct sandbox *sandbox, const struct exec_failure *failure)
{
	static char stage[16], syscall_name[16];
	for (size_t i = 0; i < sizeof stage; i++) {
		stage[i] = failure->stage[i];
		syscall_name[i] = failure->syscall[i];
	}
	const char *path = "";
	errno = failure->error;
	if (!strcmp(syscall_name, "execve"))
		path = sandbox->options->command[0];
	if (!strcmp(stage, "chdir"))
		path = sandbox->cwd;
	fail_at(&sandbox->failure, syscall_name, path);
	sandbox->failure.stage = stage;
	return -1;
}

int worker_start(struct sandbox *sandbox)
{
	int report[2];
	struct exec_failure failure = { .error = 0 };
	sandbox->failure.stage = "fork";
	if (pipe2(report, O_CLOEXEC))
		return step_fail(sandbox, "pipe2", "");
	pid_t worker = fork_as(sandbox->first_pid);
	if (worker < 0)
		return step_fail(sandbox, "fork", "");
	if (worker == 0) {
		failure = become_worker(sandbox, &report[1]);
		_exit(write(report[1], &failure, sizeof failure) < 0 ? 126 : 127);
	}
	sandbox->worker = worker;
	close(report[1]);
	ssize_t n; /* end of file: exec closed the pipe */
	while ((n = read(report[0], &failure, sizeof failure)) < 0 && errno == EINTR)
		;
	close(report[0]);
	return n > 0 ? report_exec_failure(sandbox, &failure) : 0;
}
