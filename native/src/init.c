/* PID 1 of the sandbox: builds it, starts the worker, reaps, keeps the tree until it is released. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define IDLE_AFTER_MS 1

static void NORETURN give_up(struct sandbox *sandbox)
{
	report_error(sandbox->options->status_fd, &sandbox->failure);
	link_send(sandbox->link, MSG_FAILED, 0, NULL, -1);
	_exit(EXIT_NO_SANDBOX);
}

/*
 * A bare PR_SET_PDEATHSIG races with a parent that died before the call, so a message from the outer
 * process is awaited after it: no parent, no message.
 */
static pid_t await_go(struct sandbox *sandbox)
{
	struct message message;
	int fd;
	int failed = prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (failed)
		step_fail(sandbox, "prctl", "PR_SET_PDEATHSIG");
	if (link_receive(sandbox->link, &message, &fd) <= 0 || message.type != MSG_GO)
		_exit(EXIT_NO_SANDBOX);
	if (failed)
		give_up(sandbox);
	return message.value;
}

static int signal_descriptor(void)
{
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Reaps what has ended; tells whether the worker was among it. */
static bool reap(pid_t worker, struct ending *ending)
{
	bool ended = false;
	struct rusage usage;
	int status;
	pid_t pid;
	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		if (pid != worker)
			continue;
		ended = true;
		ending->status = status;
		ending->max_rss_kib = usage.ru_maxrss;
	}
	return ended;
}

/* Only PID 1 of a pid namespace of its own may signal -1: elsewhere that is every process of the user. */
static int end_processes(void)
{
	int left = 0;
	if (getpid() != 1)
		return 0;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		left++;
	return left;
}

/* Serves the outer process; gives false when PID 1 has nothing more to wait for. */
static bool serve(struct sandbox *sandbox)
{
	struct message message;
	int fd;
	if (link_receive(sandbox->link, &message, &fd) <= 0)
		_exit(EXIT_NO_SANDBOX); /* the outer process is gone, and with us everything inside */
	switch (message.type) {
	case MSG_SIGNAL:
		if (sandbox->worker > 0)
			kill(sandbox->worker, message.value);
		return true;
	case MSG_CONNECT:
		fd = connect_inside(message.value);
		link_send(sandbox->link, MSG_CONNECTED, 0, NULL, fd);
		if (fd >= 0)
			close(fd);
		return true;
	case MSG_CHANGES:
		changes_list(sandbox, message.text);
		return true;
	case MSG_TAKE:
		changes_open(sandbox, message.text);
		return true;
	default:
		return message.type != MSG_RELEASE;
	}
}

static void await_worker(struct sandbox *sandbox, int children, struct ending *ending)
{
	struct pollfd fds[] = { { .fd = sandbox->link, .events = POLLIN },
		                { .fd = children, .events = POLLIN },
		                { .fd = sandbox->control, .events = POLLIN } };
	struct signalfd_siginfo drained;
	bool idle = false; /* the plan may say what to make ahead */
	while (!reap(sandbox->worker, ending)) {
		/* Not at once: the worker, woken by an answer, is about to run on this processor. */
		int ready = poll(fds, 3, idle ? -1 : IDLE_AFTER_MS);
		if (ready == 0)
			idle = !control_idle(sandbox);
		if (ready <= 0)
			continue;
		idle = false; /* a request may have left something to do */
		if (fds[0].revents && !serve(sandbox))
			sandbox->hold = false; /* released before its end */
		if (fds[2].revents && !control_serve(sandbox)) {
			close(sandbox->control);
			fds[2].fd = sandbox->control = -1;
		}
		while (read(children, &drained, sizeof drained) > 0)
			;
	}
	close(children);
	sandbox->worker = -1;
}

static int open_control(struct sandbox *sandbox)
{
	int pair[2];
	if (sandbox->options->control_fd < 0)
		return 0;
	sandbox->failure.stage = "control";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return step_fail(sandbox, "socketpair", "");
	sandbox->control = pair[0];
	sandbox->worker_control = pair[1];
	if (sandbox->own_network && (sandbox->network = network_here()) < 0)
		return step_fail(sandbox, "ioctl", "SIOCGSKNS");
	return roots_begin(sandbox);
}

static void block_signals(void)
{
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int init_run(struct sandbox *sandbox)
{
	struct ending ending = { 0 };
	int64_t start = now_us();

	block_signals();
	pid_t host_pid = await_go(sandbox);
	sandbox->umask = umask(0);
	if (sandbox->options->control_fd >= 0 && places_reserve(&sandbox->file, sandbox->plan->count + 1)) {
		step_fail(sandbox, "realloc", "");
		give_up(sandbox);
	}
	if (rootfs_make_private(sandbox) || steps_run(sandbox) || rootfs_enter(sandbox) || open_control(sandbox))
		give_up(sandbox);
	sandbox->proc = openat(sandbox->root, "proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/*
	 * Even root inside cannot trace us then, nor follow our /proc/1/root and /proc/1/fd: that
	 * asks for CAP_SYS_PTRACE in the user namespace in which we were executed, the host's.
	 */
	sandbox->failure.stage = "capabilities";
	if (prctl(PR_SET_DUMPABLE, 0)) {
		step_fail(sandbox, "prctl", "PR_SET_DUMPABLE");
		give_up(sandbox);
	}
	int children = signal_descriptor();
	if (children < 0) {
		step_fail(sandbox, "signalfd", "");
		give_up(sandbox);
	}
	report_started(sandbox->options->status_fd, host_pid, now_us() - start);
	if (worker_start(sandbox))
		give_up(sandbox);
	descriptors_release(sandbox->options);
	if (sandbox->worker_control >= 0)
		close(sandbox->worker_control);

	await_worker(sandbox, children, &ending);
	ending.left_processes = end_processes();
	counters_read(sandbox, &ending);
	report_ended(sandbox->options->status_fd, &ending);
	link_send(sandbox->link, MSG_ENDED, ending.status, NULL, -1);
	while (sandbox->hold && serve(sandbox))
		;
	_exit(0);
}
