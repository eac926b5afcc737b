/*
 * The settings of a network are files, the sysctls, which root's worker can write without leaving anything that a counter
 * shows. A write is an event of the directory. Where nobody holds a directory the kernel may forget it, and make another
 * one, which is not watched, for the next who asks. dnotify (F_NOTIFY in fcntl(2)) holds it; with inotify the kernel
 * would not, and take up to 20 ms to close the descriptor.
 */
#include "netns.h"
#include "sys.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

/* Of all sysctls the worker can write these only, where there are any. */
#define WRITABLE "proc-clean/sys/net"
#define MAX_DIRECTORIES 256

struct settings {
	struct settings *next;
	int group; /* of the network */
	bool changed;
	int watched[MAX_DIRECTORIES]; /* none where nobody can write */
	size_t count;
};

/* Names of all directories, each with a NUL: to list them takes longer than to watch them, and new networks have the same. */
static int list_below(struct sandbox *sandbox, const char *path)
{
	char below[PATH_MAX];
	const struct dirent *entry;
	size_t length = strlen(path) + 1;
	char *names = realloc(sandbox->setting_names, sandbox->setting_bytes + length);
	DIR *dir = names ? opendir(path) : NULL;
	sandbox->setting_names = names ? names : sandbox->setting_names;
	if (!dir)
		return -1;
	memcpy(names + sandbox->setting_bytes, path, length);
	sandbox->setting_bytes += length;
	int failed = 0;
	while (!failed && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.') {
			snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
			failed = list_below(sandbox, below);
		}
	closedir(dir);
	return failed;
}

static int list_directories(struct sandbox *sandbox)
{
	if (sandbox->setting_bytes || !list_below(sandbox, WRITABLE))
		return 0;
	sandbox->setting_bytes = 0;
	return -1;
}

static int watch(const struct sandbox *sandbox, struct settings *settings)
{
	const char *names = sandbox->setting_names;
	for (size_t at = 0; at < sandbox->setting_bytes; at += strlen(names + at) + 1) {
		int fd = settings->count < MAX_DIRECTORIES ? open(names + at, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (fd < 0)
			return -1;
		settings->watched[settings->count++] = fd;
		if (fcntl(fd, F_NOTIFY, DN_MODIFY))
			return -1;
	}
	return 0;
}

static void release(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		close(settings->watched[i]);
	free(settings);
}

/* Not in an isolate() of now, which may hide them. */
static bool is_read_only(const struct sandbox *sandbox)
{
	struct statvfs of_root;
	int fd = openat(sandbox->file.fd, "proc/sys/net", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool read_only = !fstatvfs(fd, &of_root) && (of_root.f_flag & ST_RDONLY);
	close(fd);
	return read_only;
}

/* uid 0 passes the mode bits without a capability; an ordinary user's worker does not. */
static bool needs_watch(const struct sandbox *sandbox)
{
	return !geteuid() && (!access(WRITABLE, F_OK) || !is_read_only(sandbox));
}

/* In the network of that group. Where it cannot be watched, it does not count as unchanged. */
void settings_watch(struct sandbox *sandbox, int group)
{
	struct settings *settings = calloc(1, sizeof *settings);
	if (!settings)
		return;
	settings->group = group;
	if (needs_watch(sandbox) && (list_directories(sandbox) || watch(sandbox, settings))) {
		release(settings);
		return;
	}
	settings->next = sandbox->settings;
	sandbox->settings = settings;
}

/* The signal, which PID 1 has blocked like all others, does not say which network: it counts for all of them. */
bool settings_are_unchanged(struct sandbox *sandbox, int group)
{
	const struct timespec at_once = { 0 };
	sigset_t event;
	sigemptyset(&event);
	sigaddset(&event, SIGIO);
	const bool changed = sigtimedwait(&event, NULL, &at_once) == SIGIO;
	const struct settings *found = NULL;
	for (struct settings *at = sandbox->settings; at; at = at->next) {
		at->changed = at->changed || changed;
		if (at->group == group)
			found = at;
	}
	return found && !found->changed;
}

void settings_forget(struct sandbox *sandbox, int group)
{
	struct settings **at = &sandbox->settings;
	while (*at && (*at)->group != group)
		at = &(*at)->next;
	struct settings *found = *at;
	if (!found)
		return;
	*at = found->next;
	release(found);
}
