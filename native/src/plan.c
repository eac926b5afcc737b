/* The plan: `NETNS1 <byteLength>\n`, then records `name\0argc\0arg\0...`. Parsing only. */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_PLAN_BYTES (64u << 20)

static int wrong(struct failure *failure, const char *what)
{
	failure->stage = "plan";
	errno = EPROTO;
	return fail_at(failure, "read", what);
}

static int read_full(int fd, char *buffer, size_t length)
{
	for (size_t got = 0; got < length;) {
		ssize_t n = read(fd, buffer + got, length - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		got += (size_t)n;
	}
	return 0;
}

/* Byte by byte up to the newline, because requests may follow the plan on the same socket. */
static size_t read_length(int fd)
{
	static const char magic[] = "NETNS1 ";
	char line[40];
	size_t n = 0;
	while (n < sizeof line - 1 && !read_full(fd, line + n, 1) && line[n] != '\n')
		n++;
	line[n] = 0;
	if (strncmp(line, magic, sizeof magic - 1))
		return 0;
	unsigned long length = strtoul(line + sizeof magic - 1, NULL, 10);
	return length > MAX_PLAN_BYTES ? 0 : length;
}

static size_t count_strings(const char *text, size_t length)
{
	size_t n = 0;
	for (size_t i = 0; i < length; i++)
		n += !text[i];
	return n;
}

/* Records of a text that the plan owns; requests of the worker have the same form. */
int plan_split(struct plan *plan, size_t length, struct failure *failure)
{
	size_t strings = count_strings(plan->text, length);
	plan->args = calloc(strings + 1, sizeof *plan->args);
	plan->steps = calloc(strings + 1, sizeof *plan->steps);
	if (!plan->args || !plan->steps)
		return wrong(failure, "plan too large");
	char *at = plan->text;
	for (size_t i = 0; i < strings; i++, at += strlen(at) + 1)
		plan->args[i] = at;
	for (size_t i = 0; i < strings;) {
		if (i + 1 >= strings)
			return wrong(failure, "truncated record");
		char *end;
		size_t argc = strtoul(plan->args[i + 1], &end, 10);
		if (*end || end == plan->args[i + 1] || argc > strings - i - 2)
			return wrong(failure, plan->args[i]);
		plan->steps[plan->count++] =
			(struct step){ plan->args[i], argc, plan->args + i + 2 };
		i += 2 + argc;
	}
	return 0;
}

int plan_read(const struct options *options, struct plan *plan, struct failure *failure)
{
	*plan = (struct plan){ 0 };
	int fd = options->channel_fd;
	if (options->plan_file) {
		fd = open(options->plan_file, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			failure->stage = "plan";
			return fail_at(failure, "open", options->plan_file);
		}
	}
	size_t length = read_length(fd);
	if (!length || !(plan->text = malloc(length + 1)))
		return wrong(failure, "header");
	if (read_full(fd, plan->text, length))
		return wrong(failure, "body");
	plan->text[length] = 0;
	if (options->plan_file)
		close(fd);
	if (plan->text[length - 1])
		return wrong(failure, "last record has no end");
	return plan_split(plan, length, failure);
}

const struct step *plan_find(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->count; i++)
		if (!strcmp(plan->steps[i].name, name))
			return &plan->steps[i];
	return NULL;
}

int plan_namespaces(const struct plan *plan, struct failure *failure)
{
	/* Without the first three the steps would change the host, and a kill would leave processes. */
	static const struct {
		const char *name;
		int flag;
	} known[] = {
		{ "user", CLONE_NEWUSER }, { "mount", CLONE_NEWNS },     { "pid", CLONE_NEWPID },
		{ "net", CLONE_NEWNET },   { "ipc", CLONE_NEWIPC },      { "uts", CLONE_NEWUTS },
		{ "cgroup", CLONE_NEWCGROUP },
	};
	const size_t needed = 3;
	const struct step *step = plan_find(plan, "namespaces");
	if (!step)
		return wrong(failure, "no namespaces step");
	int flags = 0;
	for (size_t i = 0; i < step->argc; i++) {
		size_t k = 0;
		while (k < sizeof known / sizeof *known && strcmp(known[k].name, step->argv[i]))
			k++;
		if (k == sizeof known / sizeof *known)
			return wrong(failure, step->argv[i]);
		flags |= known[k].flag;
	}
	for (size_t k = 0; k < needed; k++)
		if (!(flags & known[k].flag))
			return wrong(failure, known[k].name);
	return flags;
}
