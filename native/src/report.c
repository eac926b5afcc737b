/* Events to the host: one JSON object a line. Paths are bytes; bytes above 0x7f go out as they are. */
#include "netns.h"


#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A path of PATH_MAX control characters escapes to six times its length. */
struct line {
	char text[6 * PATH_MAX + 1024];
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line->text + line->length, sizeof line->text - line->length, format, args);
	va_end(args);
	if (n > 0)
		line->length += (size_t)n;
	if (line->length > sizeof line->text - 1)
		line->length = sizeof line->text - 1;
}

static void add_string(struct line *line, const char *key, const char *value)
{
	add(line, ",\"%s\":\"", key);
	for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
		if (*c == '"' || *c == '\\')
			add(line, "\\%c", *c);
		else if (*c < 0x20 || *c == 0x7f)
			add(line, "\\u%04x", *c);
		else
			add(line, "%c", *c);
	}
	add(line, "\"");
}

static void begin(struct line *line, const char *event)
{
	line->length = 0;
	add(line, "{\"event\":\"%s\"", event);
}

static void finish(struct line *line, int fd)
{
	add(line, "}\n");
	for (size_t sent = 0; sent < line->length;) {
		ssize_t n = write(fd, line->text + sent, line->length - sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return; /* nobody listens any more: the outer process notices by itself */
		sent += (size_t)n;
	}
}

static void add_failure(struct line *line, const struct failure *failure)
{
	add_string(line, "stage", failure->stage);
	add_string(line, "syscall", failure->syscall);
	add_string(line, "path", failure->path);
	add(line, ",\"errno\":%d", failure->error);
	add_string(line, "message", strerror(failure->error));
}

static void report_failure(int fd, const char *event, const struct failure *failure)
{
	struct line line;
	begin(&line, event);
	add_failure(&line, failure);
	finish(&line, fd);
}

/* The same object as text, for an answer to the worker. */
size_t report_format_failure(char *text, size_t size, const struct failure *failure)
{
	struct line line = { .length = 0 };
	add(&line, "{\"ok\":false");
	add_failure(&line, failure);
	add(&line, "}");
	return (size_t)snprintf(text, size, "%s", line.text);
}

/* Places are named as the worker names them; fdinfo(5) has the numbers of their mounts. */
static void add_busy(struct line *line, const struct place *place)
{
	const char *inside = dest_inside(place->dest);
	char path[PATH_MAX];
	snprintf(path, sizeof path, "/%s", strcmp(inside, ".") ? inside : "");
	add(line, "{\"mountId\":%" PRIu64, mount_id(place->mount));
	add_string(line, "path", path);
	add(line, "}");
}

size_t report_format_answer(char *text, size_t size, const struct answer *answer)
{
	struct line line = { .length = 0 };
	add(&line, "{\"ok\":true,\"count\":%d,\"group\":%d,\"ahead\":%s,\"busy\":[", answer->count,
	    answer->group, answer->ahead ? "true" : "false");
	for (size_t i = 0; i < answer->busy_count; i++) {
		add(&line, i ? "," : "");
		add_busy(&line, answer->busy[i]);
	}
	add(&line, "]}");
	return (size_t)snprintf(text, size, "%s", line.text);
}

static void add_state(struct line *line, const char *key, const struct stat *st)
{
	const char *kind = !st ? "none" : S_ISREG(st->st_mode) ? "file" : S_ISDIR(st->st_mode) ? "directory"
	                   : S_ISLNK(st->st_mode) ? "symlink" : "other";
	add_string(line, key, kind);
}

void report_difference(int fd, const char *place, const char *path, const struct stat *now, const struct stat *before)
{
	char whole[2 * PATH_MAX];
	struct line line = { .length = 0 };
	snprintf(whole, sizeof whole, "/%s%s%s", place, *place ? "/" : "", path);
	add(&line, "{\"event\":\"difference\"");
	add_state(&line, "now", now);
	add_state(&line, "before", before);
	add_string(&line, "path", whole);
	finish(&line, fd);
}

void report_error(int fd, const struct failure *failure)
{
	if (fd < 0)
		failure_print(failure);
	else
		report_failure(fd, "error", failure);
}

void report_degraded(int fd, const struct failure *failure)
{
	if (fd >= 0)
		report_failure(fd, "degraded", failure);
}

void report_started(int fd, pid_t host_pid, int64_t setup_us)
{
	if (fd < 0)
		return;
	struct line line;
	begin(&line, "started");
	add(&line, ",\"hostPid\":%d,\"setupUs\":%" PRId64, host_pid, setup_us);
	finish(&line, fd);
}

void report_ended(int fd, const struct ending *ending)
{
	if (fd < 0)
		return;
	struct line line;
	begin(&line, "ended");
	if (WIFEXITED(ending->status))
		add(&line, ",\"exitCode\":%d,\"signal\":null", WEXITSTATUS(ending->status));
	else
		add(&line, ",\"exitCode\":null,\"signal\":%d", WTERMSIG(ending->status));
	if (ending->counted)
		add(&line, ",\"noRoute\":{\"ipv4\":%" PRIu64 ",\"ipv6\":%" PRIu64 "}",
		    ending->no_route4, ending->no_route6);
	else
		add(&line, ",\"noRoute\":null");
	add(&line, ",\"leftProcesses\":%d,\"maxRssKiB\":%ld", ending->left_processes,
	    ending->max_rss_kib);
	finish(&line, fd);
}

void report_change(int fd, const struct change *change)
{
	struct line line;
	begin(&line, "change");
	add_string(&line, "id", change->id);
	add_string(&line, "path", change->path);
	add_string(&line, "type", change->type);
	/* Nanoseconds do not fit a JSON number. */
	add(&line, ",\"mode\":%u,\"sizeBytes\":%" PRId64 ",\"mtimeNs\":\"%" PRId64 "\"",
	    change->mode, change->size, change->mtime_ns);
	finish(&line, fd);
}

void report_changes_end(int fd, const char *id)
{
	struct line line;
	begin(&line, "changes-end");
	add_string(&line, "id", id);
	finish(&line, fd);
}

void report_taken(int fd, const char *path, int64_t size, const struct failure *failure)
{
	struct line line;
	begin(&line, "taken");
	if (failure) {
		add(&line, ",\"ok\":false");
		add_failure(&line, failure);
	} else {
		add(&line, ",\"ok\":true,\"sizeBytes\":%" PRId64, size);
		add_string(&line, "path", path);
	}
	finish(&line, fd);
}
