/*
 * The worker's requests, one record each, answered one by one: Jest's environment constructor is
 * synchronous, so an answer must be there when a plain read returns. Same encoding as the plan; the
 * first record is the verb.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define REQUEST_BYTES (1 << 18)

struct answer {
	int fd; /* sent along, then closed */
	int count;
};

typedef int verb(struct sandbox *sandbox, const struct plan *request, struct answer *answer);

/* What follows the verb. */
static struct plan rest(const struct plan *request)
{
	return (struct plan){ .steps = request->steps + 1, .count = request->count - 1 };
}

static const char *argument(const struct plan *request)
{
	return request->steps[0].argc ? request->steps[0].argv[0] : "";
}

static int build(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	const struct plan steps = rest(request);
	return roots_build(sandbox, argument(request), &steps);
}

static int enter(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	return roots_enter(sandbox, argument(request));
}

static int drop(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	return roots_drop(sandbox, argument(request));
}

static int mark(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	(void)request;
	return processes_mark(sandbox, &sandbox->roots[sandbox->current]);
}

static int end_processes(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)request;
	answer->count = processes_end_since(sandbox, &sandbox->roots[sandbox->current]);
	return answer->count < 0 ? -1 : 0;
}

static int network(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	const struct plan steps = rest(request);
	answer->fd = network_make(sandbox, (int)strtol(argument(request), NULL, 10), &steps);
	return answer->fd < 0 ? -1 : 0;
}

/* The file's own namespace, to come back to. */
static int home_network(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)request;
	answer->fd = dup(sandbox->network);
	return answer->fd < 0 ? step_fail(sandbox, "dup", "net") : 0;
}

static int unlisten(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	int group = (int)strtol(argument(request), NULL, 10);
	return link_send(sandbox->link, MSG_UNLISTEN, group, NULL, -1) ? step_fail(sandbox, "sendmsg", "") : 0;
}

static int set_frozen(struct sandbox *sandbox, const struct plan *request, bool read_only)
{
	const struct step *step = &request->steps[0];
	for (size_t i = 0; i < step->argc; i++)
		if (freeze(sandbox, step->argv[i], read_only)) {
			int error = sandbox->failure.error;
			while (i-- > 0) /* all or none */
				freeze(sandbox, step->argv[i], !read_only);
			sandbox->failure.error = error;
			return -1;
		}
	return 0;
}

static int freeze_all(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	return set_frozen(sandbox, request, true);
}

static int thaw_all(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	(void)answer;
	return set_frozen(sandbox, request, false);
}

static const struct {
	const char *name;
	verb *run;
} verbs[] = {
	{ "build", build },         { "enter", enter },
	{ "drop", drop },           { "mark", mark },
	{ "end", end_processes },   { "network", network },
	{ "home", home_network },   { "unlisten", unlisten },
	{ "freeze", freeze_all },   { "thaw", thaw_all },
};

static int run(struct sandbox *sandbox, const struct plan *request, struct answer *answer)
{
	sandbox->failure.stage = request->steps[0].name;
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (!strcmp(verbs[i].name, request->steps[0].name))
			return verbs[i].run(sandbox, request, answer);
	errno = EPROTO;
	return step_fail(sandbox, "control", request->steps[0].name);
}

/* Never waits: a worker that asks and does not read would keep PID 1 from ending it. */
static bool reply(struct sandbox *sandbox, const struct answer *answer, bool failed)
{
	char text[6 * PATH_MAX + 1024];
	size_t length = failed ? report_format_failure(text, sizeof text, &sandbox->failure)
	                       : (size_t)snprintf(text, sizeof text, "{\"ok\":true,\"count\":%d}", answer->count);
	return !link_send_text(sandbox->control, text, length, answer->fd);
}

/* Gives false when the worker has closed its end, or does not read. */
bool control_serve(struct sandbox *sandbox)
{
	static char text[REQUEST_BYTES + 1];
	struct answer answer = { .fd = -1 };
	struct plan request = { .text = text };
	ssize_t length = recv(sandbox->control, text, REQUEST_BYTES, 0);
	if (length <= 0)
		return length < 0 && errno == EINTR;
	text[length] = 0;
	bool failed = plan_split(&request, (size_t)length, &sandbox->failure) || !request.count ||
	              run(sandbox, &request, &answer);
	bool sent = reply(sandbox, &answer, failed);
	if (answer.fd >= 0)
		close(answer.fd);
	free(request.args);
	free(request.steps);
	return sent;
}
