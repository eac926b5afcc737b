/*
 * The worker's requests, one record each, answered one by one: Jest's environment constructor is
 * synchronous, so an answer must be there when a plain read returns. Same encoding as the plan; its
 * records are commands, executed in order up to the first that fails. What can wait is done after the answer.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REQUEST_BYTES (1 << 18)

/* `rest`: the request from the command on. Gives how many records it took, or -1. */
typedef int verb(struct sandbox *sandbox, const struct plan *rest, struct answer *answer);

static bool is_verb(const char *name);

static const char *argument(const struct plan *rest, size_t i)
{
	return rest->steps[0].argv[i];
}

/* enter id parent flags, then the steps that the new root has beside its parent's. */
static int enter_root(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	struct plan steps = { .steps = rest->steps + 1 };
	while (steps.count + 1 < rest->count && !is_verb(steps.steps[steps.count].name))
		steps.count++;
	if (enter(sandbox, argument(rest, 0), argument(rest, 1), argument(rest, 2), &steps, answer))
		return -1;
	return (int)steps.count + 1;
}

/* Back into a root that was left. */
static int return_to(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	struct root *root = roots_find(sandbox, argument(rest, 0));
	(void)answer;
	if (!root || roots_exchange(sandbox, root))
		return -1;
	thaw_root(root);
	return 1;
}

static int drop(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	struct root *root = roots_find(sandbox, argument(rest, 0));
	(void)answer;
	if (!root)
		return -1;
	if (root == &sandbox->file || root == sandbox->current) {
		errno = EBUSY;
		return step_fail(sandbox, "root", root->id);
	}
	root->dropped = true; /* unmounting waits */
	return 1;
}

static int spare(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	(void)answer;
	snprintf(sandbox->spare_parent, sizeof sandbox->spare_parent, "%s", argument(rest, 0));
	return 1;
}

static int mark(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	(void)rest;
	(void)answer;
	return processes_mark(sandbox, sandbox->current) ? -1 : 1;
}

/* Ends the processes that began since a root was entered. */
static int end_processes(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	const struct root *root = roots_find(sandbox, argument(rest, 0));
	answer->count = root ? processes_end_since(sandbox, root) : -1;
	return answer->count < 0 ? -1 : 1;
}

/*
 * `full GROUP` asks for a file's: the network of the file before serves again, without a descriptor, where its settings are
 * as they were made. `full used` says that it cannot, `full first` that there was none.
 */
static int network(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	const char *before = rest->steps[0].argc > 1 ? argument(rest, 1) : NULL;
	bool full = !strcmp(argument(rest, 0), "full"), is_files = full && before;
	int group = is_files ? (int)strtol(before, NULL, 10) : 0;
	sandbox->watch_settings = sandbox->watch_settings || is_files;
	if (group > 0 && settings_are_unchanged(sandbox, group)) {
		answer->group = group;
		return 1;
	}
	if (full && sandbox->spare_network >= 0) {
		answer->fd = sandbox->spare_network;
		answer->group = sandbox->spare_group;
		answer->ahead = true;
		sandbox->spare_network = -1;
	} else {
		answer->group = ++sandbox->network_group;
		answer->fd = network_make(sandbox, &rest->steps[0], answer->group);
	}
	if (answer->fd < 0)
		return -1;
	/* Most files use no network, and the first one's serves them all. */
	sandbox->want_network = full && !(is_files && !strcmp(before, "first"));
	return 1;
}

/* The file's own namespace, to come back to. */
static int home_network(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	(void)rest;
	answer->fd = dup(sandbox->network);
	return answer->fd < 0 ? step_fail(sandbox, "dup", "net") : 1;
}

static int unlisten(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	(void)answer;
	int group = (int)strtol(argument(rest, 0), NULL, 10);
	if (group <= 0 || group == answer->group) /* those of the file stay */
		return 1;
	settings_forget(sandbox, group);
	return link_send(sandbox->link, MSG_UNLISTEN, group, NULL, -1) ? step_fail(sandbox, "sendmsg", "") : 1;
}

/* What differs between two roots, as a file of JSON lines. */
static int changes(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	const struct root *root = roots_find(sandbox, argument(rest, 0));
	const struct root *base = root ? roots_find(sandbox, argument(rest, 1)) : NULL;
	answer->fd = base ? compare_roots(sandbox, root, base) : -1;
	return answer->fd < 0 ? -1 : 1;
}

static const struct {
	const char *name;
	size_t argc;
	verb *run;
} verbs[] = {
	{ "enter", 3, enter_root }, { "return", 1, return_to },   { "drop", 1, drop },
	{ "spare", 1, spare },      { "mark", 0, mark },          { "end", 1, end_processes },
	{ "network", 1, network },  { "home", 0, home_network },  { "unlisten", 1, unlisten },
	{ "changes", 2, changes },
};
#define VERBS (sizeof verbs / sizeof *verbs)

static bool is_verb(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return true;
	return false;
}

static int run_one(struct sandbox *sandbox, const struct plan *rest, struct answer *answer)
{
	const struct step *command = &rest->steps[0];
	sandbox->failure.stage = command->name;
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, command->name) && command->argc >= verbs[i].argc)
			return verbs[i].run(sandbox, rest, answer);
	errno = EPROTO;
	return step_fail(sandbox, "control", command->name);
}

static int run(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	for (size_t at = 0; at < request->count;) {
		const struct plan rest = { .steps = request->steps + at, .count = request->count - at };
		int taken = run_one(sandbox, &rest, answer);
		if (taken < 0)
			return -1;
		at += (size_t)taken;
	}
	return 0;
}

/* Never waits: a worker that asks and does not read would keep PID 1 from ending it. */
static bool reply(struct sandbox *sandbox, const struct answer *answer, bool failed)
{
	char text[6 * PATH_MAX + 2048];
	size_t length = failed ? report_format_failure(text, sizeof text, &sandbox->failure)
	                       : report_format_answer(text, sizeof text, answer);
	return !link_send_text(sandbox->control, text, length, answer->fd);
}

/* Gives false when the worker has closed its end, or does not read. */
bool control_serve(struct sandbox *sandbox)
{
	static char text[REQUEST_BYTES];
	struct answer answer = { .fd = -1 };
	struct plan request = { 0 }, served;
	ssize_t length = recv(sandbox->control, text, REQUEST_BYTES, 0);
	if (length <= 0)
		return length < 0 && errno == EINTR;
	bool failed = true;
	if ((request.text = calloc(1, (size_t)length + 1))) {
		memcpy(request.text, text, (size_t)length);
		failed = plan_split(&request, (size_t)length, &sandbox->failure) || !request.count;
	}
	served = request; /* a root may keep it */
	sandbox->request = &request;
	failed = failed || run(sandbox, &served, &answer);
	if (failed && answer.fd >= 0) { /* what it was made for is not there */
		settings_forget(sandbox, answer.group);
		if (answer.group > 0)
			link_send(sandbox->link, MSG_UNLISTEN, answer.group, NULL, -1);
		close(answer.fd);
		answer.fd = -1;
	}
	bool sent = reply(sandbox, &answer, failed);
	if (answer.fd >= 0)
		close(answer.fd);
	free(request.text);
	free(request.args);
	free(request.steps);
	roots_limit_backlog(sandbox);
	return sent;
}

/* Does one of the things that nobody waits for; gives false when there is none. */
bool control_idle(struct sandbox *sandbox)
{
	if (sandbox->want_network && sandbox->spare_network < 0) {
		char mode[] = "full", *argv[] = { mode };
		const struct step full = { "network", 1, argv };
		sandbox->spare_group = ++sandbox->network_group;
		sandbox->spare_network = network_make(sandbox, &full, sandbox->spare_group);
		sandbox->want_network = false;
		return true;
	}
	if (*sandbox->spare_parent) {
		build_spare(sandbox);
		return true;
	}
	return roots_tidy(sandbox);
}
