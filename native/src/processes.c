/* Which processes began since a moment: by pid and start time, because pids are taken again. */
#include "netns.h"
#include "sys.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Field 22 of /proc/<pid>/stat, counted from behind the name, which may hold anything. False: gone or a zombie. */
static bool read_start(int proc, const char *pid, unsigned long long *start)
{
	char path[32], text[1024];
	snprintf(path, sizeof path, "%s/stat", pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	char *at = strrchr(text, ')'), state = at && at[1] ? at[2] : 'X';
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	*start = at ? strtoull(at, NULL, 10) : 0;
	return at && state != 'Z' && state != 'X';
}

/* Where /proc is the host's (a masked one in a container) its numbers mean other processes. */
static bool shows_our_pids(const struct sandbox *sandbox)
{
	char self[8];
	return readlinkat(sandbox->proc, "self", self, sizeof self) == 1 && *self == '1';
}

typedef void visitor(struct sandbox *sandbox, void *context, struct process process);

static int each(struct sandbox *sandbox, visitor *visit, void *context)
{
	if (!shows_our_pids(sandbox)) {
		errno = ENOTSUP;
		return step_fail(sandbox, "readlinkat", "/proc/self");
	}
	int proc = openat(sandbox->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = proc < 0 ? NULL : fdopendir(proc);
	const struct dirent *entry;
	if (!dir)
		return step_fail(sandbox, "open", "/proc");
	while ((entry = readdir(dir))) {
		struct process process;
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		process.pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (process.pid != 1 && process.pid != sandbox->worker &&
		    read_start(dirfd(dir), entry->d_name, &process.start))
			visit(sandbox, context, process);
	}
	closedir(dir);
	return 0;
}

static int add(struct processes *processes, struct process process)
{
	struct process *grown = realloc(processes->list, (processes->count + 1) * sizeof *grown);
	if (!grown)
		return -1;
	processes->list = grown;
	processes->list[processes->count++] = process;
	return 0;
}

static void forget(struct processes *processes)
{
	free(processes->list);
	*processes = (struct processes){ .last_pid = -1 };
}

/* One that is not remembered would be ended as a new one. */
static void remember(struct sandbox *sandbox, void *context, struct process process)
{
	bool *failed = context;
	*failed = *failed || add(&sandbox->seen, process);
}

/* The newest process or thread: /proc/loadavg ends with it. -1: not known. */
long processes_last_pid(const struct sandbox *sandbox)
{
	char text[128];
	int fd = shows_our_pids(sandbox) ? openat(sandbox->proc, "loadavg", O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return -1;
	ssize_t length = read(fd, text, sizeof text - 1);
	close(fd);
	text[length > 0 ? length : 0] = 0;
	const char *last = strrchr(text, ' ');
	return last ? strtol(last, NULL, 10) : -1;
}

/* To look takes as long as all else; where nothing has begun since, there is nothing new to see. */
static int look(struct sandbox *sandbox)
{
	long last_pid = processes_last_pid(sandbox);
	if (last_pid >= 0 && last_pid == sandbox->seen.last_pid)
		return 0;
	bool failed = false;
	forget(&sandbox->seen);
	if (each(sandbox, remember, &failed))
		return -1;
	if (failed)
		return step_fail(sandbox, "realloc", "");
	sandbox->seen.last_pid = last_pid;
	return 0;
}

int processes_mark(struct sandbox *sandbox, struct root *root)
{
	forget(&root->before);
	if (look(sandbox))
		return -1;
	for (size_t i = 0; i < sandbox->seen.count; i++)
		if (add(&root->before, sandbox->seen.list[i]))
			return step_fail(sandbox, "realloc", "");
	root->before.last_pid = sandbox->seen.last_pid;
	return 0;
}

struct ending_since {
	const struct root *root;
	int found;
};

static void end_if_new(struct sandbox *sandbox, void *context, struct process process)
{
	struct ending_since *since = context;
	(void)sandbox;
	for (size_t i = 0; i < since->root->before.count; i++)
		if (since->root->before.list[i].pid == process.pid &&
		    since->root->before.list[i].start == process.start)
			return;
	since->found++;
	kill(process.pid, SIGKILL);
}

/* Until none is left, since a process can fork while we read. Gives how many there were. */
int processes_end_since(struct sandbox *sandbox, const struct root *root)
{
	int total = 0;
	if (root->before.last_pid >= 0 && root->before.last_pid == processes_last_pid(sandbox))
		return 0;
	for (int round = 0; round < 10000; round++) {
		struct ending_since since = { root, 0 };
		if (each(sandbox, end_if_new, &since))
			return -1;
		if (!since.found)
			return total;
		if (round == 0)
			total = since.found;
		if (round > 0)
			usleep(100); /* a killed process dies when it runs next */
	}
	errno = ETIMEDOUT;
	return step_fail(sandbox, "kill", "/proc");
}
