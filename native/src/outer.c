/* The outer process, on the host: what the caller sees and signals in the worker's stead. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define DEFAULT_GRACE_MS 500
#define REQUEST_BYTES (4 * PATH_MAX)

struct outer {
	const struct options *options;
	const struct plan *plan;
	pid_t init; /* PID 1, as seen from here */
	int link, signals;
	struct relay *relay;
	int64_t grace_us, kill_at_us; /* 0: nobody was asked to end */
	int status; /* the worker's, once it is known */
	bool ended, failed;
	char request[REQUEST_BYTES];
	size_t request_length;
};

static const int forwarded[] = { SIGTERM, SIGINT,  SIGHUP,   SIGQUIT,
	                         SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };

static void open_missing_stdio(void)
{
	int fd;
	do /* else our own sockets would become the worker's stdin */
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int catch_signals(void)
{
	sigset_t all;
	/* A caller may have ignored SIGCHLD: then there would be nothing to wait for. */
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
		sigaddset(&all, forwarded[i]);
	return signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Relays need a descriptor or two per connection; the worker gets the caller's limit back. */
static struct rlimit raise_open_files(void)
{
	struct rlimit before = { 0 };
	getrlimit(RLIMIT_NOFILE, &before);
	const struct rlimit raised = { before.rlim_max, before.rlim_max };
	setrlimit(RLIMIT_NOFILE, &raised);
	return before;
}

static void NORETURN inside(const struct options *options, const struct plan *plan, int link,
                            int flags, struct rlimit open_files)
{
	static struct sandbox sandbox;
	sandbox = (struct sandbox){
		.options = options,
		.plan = plan,
		.link = link,
		.store = -1,
		.root = -1,
		.proc = -1,
		.control = -1,
		.worker_control = -1,
		.network = -1,
		.spare_network = -1,
		.own_network = flags & CLONE_NEWNET,
		.open_files = open_files,
		.failure = { .stage = "clone" },
	};
	init_run(&sandbox);
}

/* One raw clone makes all namespaces: unshare of the pid namespace would need one more process. */
static int start_init(struct outer *outer, const struct plan *plan, struct failure *failure)
{
	int link[2];
	int flags = plan_namespaces(plan, failure);
	if (flags < 0)
		return -1;
	failure->stage = "clone";
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link))
		return fail_at(failure, "socketpair", "");
	struct rlimit open_files = raise_open_files();
	outer->init = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
	if (outer->init < 0)
		return fail_at(failure, "clone", "");
	if (outer->init == 0) {
		close(link[0]);
		close(outer->signals);
		inside(outer->options, plan, link[1], flags, open_files);
	}
	close(link[1]);
	outer->link = link[0];
	if (userns_write_maps(outer->init, failure))
		return -1;
	return link_send(outer->link, MSG_GO, outer->init, NULL, -1) ? fail_at(failure, "sendmsg", "") : 0;
}

static bool use_relay(struct outer *outer)
{
	if (!outer->relay)
		outer->relay = relay_new(outer->link);
	return outer->relay != NULL;
}

/* A listener for what the plan does not name would be a way out for whoever can ask PID 1. */
static bool is_planned(const struct plan *plan, const char *outside)
{
	char text[128];
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		if (strcmp(step->name, "listen") || step->argc < 3)
			continue;
		format_endpoint(text, sizeof text, step->argv[2], step->argv[0]);
		if (!strcmp(text, outside))
			return true;
	}
	return false;
}

static void handle(void *context, const struct message *message, int fd)
{
	struct outer *outer = context;
	if (message->type == MSG_FAILED)
		outer->failed = true;
	if (message->type == MSG_ENDED) {
		outer->ended = true;
		outer->status = message->value;
	}
	if (message->type == MSG_LISTENER && is_planned(outer->plan, message->text) && use_relay(outer)) {
		relay_add_service(outer->relay, fd, message->text, message->value);
		return;
	}
	if (message->type == MSG_UNLISTEN && outer->relay)
		relay_drop_group(outer->relay, message->value);
	if (message->type == MSG_CONNECTED && outer->relay) {
		relay_add_inside(outer->relay, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
}

static void on_message(struct outer *outer)
{
	struct message message;
	int fd;
	if (link_receive(outer->link, &message, &fd) > 0) {
		handle(outer, &message, fd);
		return;
	}
	close(outer->link);
	outer->link = -1;
}

/* Published ports listen on the host; a port that is taken there is a lost feature, not a lost sandbox. */
static void publish(struct outer *outer, const struct plan *plan)
{
	struct failure failure = { .stage = "publish" };
	for (size_t i = 0; i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		if (strcmp(step->name, "publish") || step->argc < 1)
			continue;
		const char *colon = strrchr(step->argv[0], ':');
		int fd = listen_at(step->argv[0], &failure);
		if (fd >= 0 && colon && use_relay(outer)) {
			relay_add_published(outer->relay, fd, (int)strtol(colon + 1, NULL, 10));
			continue;
		}
		if (fd >= 0)
			fail_at(&failure, "epoll_create1", step->argv[0]);
		report_degraded(outer->options->status_fd, &failure);
	}
}

static void forward(struct outer *outer, int signal_number)
{
	if (outer->link >= 0)
		link_send(outer->link, MSG_SIGNAL, signal_number, NULL, -1);
	if (signal_number == SIGTERM && !outer->kill_at_us)
		outer->kill_at_us = now_us() + outer->grace_us;
}

/*
 * The worker has a session of its own, so the terminal's Ctrl-C reaches it through us alone and
 * exactly once. Gives true when PID 1 has ended.
 */
static bool on_signals(struct outer *outer)
{
	struct signalfd_siginfo info;
	bool gone = false;
	while (read(outer->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo != SIGCHLD)
			forward(outer, (int)info.ssi_signo);
		else if (waitpid(outer->init, NULL, WNOHANG) == outer->init)
			gone = true;
	}
	return gone;
}

/* "take <byteLength>\n<inside>\0<dest>" or "<inside>\0<base>\0<relative dest>"; gives the bytes used. */
static size_t on_take(struct outer *outer, const char *line_end)
{
	size_t length = strtoul(outer->request + 5, NULL, 10);
	size_t header = (size_t)(line_end - outer->request) + 1;
	if (length >= sizeof outer->request - header)
		return SIZE_MAX;
	if (outer->request_length < header + length)
		return 0;
	char body[REQUEST_BYTES];
	memcpy(body, outer->request + header, length);
	body[length] = 0;
	const char *fields[3] = { body };
	size_t count = 1;
	for (size_t i = 0; i + 1 < length && count < 3; i++)
		if (!body[i])
			fields[count++] = body + i + 1;
	struct take take = { fields[0], count == 3 ? fields[1] : "/", fields[count - 1] };
	while (count == 2 && *take.dest == '/')
		take.dest++;
	const struct write_back back = { outer->link, handle, outer };
	writeback_take(&back, outer->options->channel_fd, &take);
	return header + length;
}

/* Handles one complete request; gives the bytes used, 0 when more is needed, SIZE_MAX for nonsense. */
static size_t on_request(struct outer *outer)
{
	const char *end = memchr(outer->request, '\n', outer->request_length);
	if (!end)
		return outer->request_length == sizeof outer->request ? SIZE_MAX : 0;
	if (!strncmp(outer->request, "take ", 5))
		return on_take(outer, end);
	size_t used = (size_t)(end - outer->request) + 1;
	outer->request[used - 1] = 0;
	if (!strcmp(outer->request, "release"))
		link_send(outer->link, MSG_RELEASE, 0, NULL, -1);
	else if (strncmp(outer->request, "changes ", 8) ||
	         link_send(outer->link, MSG_CHANGES, 0, outer->request + 8, -1))
		return SIZE_MAX;
	return used;
}

/* Gives false when the host's side of the channel is gone: the runner has died, nobody wants us. */
static bool on_channel(struct outer *outer)
{
	ssize_t n = read(outer->options->channel_fd, outer->request + outer->request_length,
	                 sizeof outer->request - outer->request_length);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	outer->request_length += (size_t)n;
	size_t used;
	while (outer->request_length && (used = on_request(outer))) {
		if (used == SIZE_MAX)
			return false;
		outer->request_length -= used;
		memmove(outer->request, outer->request + used, outer->request_length);
	}
	return true;
}

static int poll_timeout(const struct outer *outer)
{
	if (!outer->kill_at_us || outer->ended)
		return -1;
	int64_t left = outer->kill_at_us - now_us();
	return left > 0 ? (int)(left / 1000) + 1 : 0;
}

static void serve(struct outer *outer)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = outer->signals, .events = POLLIN },
			{ .fd = outer->link, .events = POLLIN },
			{ .fd = outer->options->channel_fd, .events = POLLIN },
			{ .fd = outer->relay ? relay_fd(outer->relay) : -1, .events = POLLIN },
		};
		if (poll(fds, 4, poll_timeout(outer)) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			on_message(outer);
		if (fds[0].revents && on_signals(outer)) {
			while (outer->link >= 0)
				on_message(outer);
			return;
		}
		if (fds[2].revents && !on_channel(outer)) {
			kill(outer->init, SIGKILL);
			waitpid(outer->init, NULL, 0);
			return;
		}
		if (fds[3].revents)
			relay_serve(outer->relay);
		if (poll_timeout(outer) == 0) {
			outer->kill_at_us = 0;
			forward(outer, SIGKILL);
		}
	}
}

/* As the worker ended, so that the caller sees its code or its signal. */
static int end_as(const struct outer *outer)
{
	if (outer->failed)
		return EXIT_NO_SANDBOX;
	int status = outer->ended ? outer->status : SIGKILL; /* PID 1 was killed, and with it everything */
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	int signal_number = WTERMSIG(status);
	prctl(PR_SET_DUMPABLE, 0); /* the core would be ours, not the worker's */
	signal(signal_number, SIG_DFL);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return 128 + signal_number;
}

int outer_run(const struct options *options, const struct plan *plan)
{
	static struct outer outer;
	struct failure failure = { .stage = "clone" };
	const struct step *grace = plan_find(plan, "grace");
	outer = (struct outer){ .options = options, .plan = plan, .link = -1 };
	outer.grace_us =
		1000 * (grace && grace->argc ? strtol(grace->argv[0], NULL, 10) : DEFAULT_GRACE_MS);
	outer.signals = catch_signals();
	if (outer.signals < 0)
		fail_at(&failure, "signalfd", "");
	if (outer.signals < 0 || start_init(&outer, plan, &failure)) {
		if (outer.init > 0)
			kill(outer.init, SIGKILL);
		report_error(options->status_fd, &failure);
		return EXIT_NO_SANDBOX;
	}
	publish(&outer, plan);
	descriptors_release(options);
	serve(&outer);
	if (outer.relay)
		relay_close(outer.relay);
	return end_as(&outer);
}

int main(int argc, char **argv)
{
	static struct options options;
	static struct plan plan;
	static struct failure failure;
	open_missing_stdio();
	if (options_parse(argc, argv, &options))
		return 2;
	const int ours[] = { options.channel_fd, options.status_fd };
	descriptors_close_others(&options, ours, 2);
	if (plan_read(&options, &plan, &failure)) {
		report_error(options.status_fd, &failure);
		return EXIT_NO_SANDBOX;
	}
	return outer_run(&options, &plan);
}
