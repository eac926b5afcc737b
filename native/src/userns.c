/*
 * Id maps: a test sees the ids that it has outside, never a fake root. Where the kernel permits it
 * every range of our own map is mapped to itself, else only the own id (user_namespaces(7)).
 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * The number under which this /proc shows a process of ours. It differs from our own where the procfs is
 * that of an outer pid namespace (nested, with the container's /proc bound): never touch a stranger's map.
 */
static pid_t pid_in_proc(pid_t pid)
{
	char path[64], line[128], self[16] = "";
	pid_t shown = -1;
	if (readlink("/proc/self", self, sizeof self - 1) > 0 && strtol(self, NULL, 10) == getpid())
		return pid;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);
	FILE *info = fd < 0 ? NULL : fopen(path, "re");
	while (info && fgets(line, sizeof line, info))
		if (!strncmp(line, "Pid:", 4))
			shown = (pid_t)strtol(line + 4, NULL, 10);
	if (info)
		fclose(info);
	if (fd >= 0)
		close(fd);
	return shown;
}

static int write_file(pid_t pid, const char *name, const char *text, struct failure *failure)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return fail_at(failure, "open", path);
	ssize_t n = write(fd, text, strlen(text));
	int error = errno;
	close(fd);
	errno = error;
	return n < 0 ? fail_at(failure, "write", path) : 0;
}

/* "first outside count" lines of our own map become "first first count". */
static void identity_map(const char *own_map, char *map, size_t size)
{
	size_t length = 0;
	map[0] = 0;
	FILE *file = fopen(own_map, "re");
	if (!file)
		return;
	unsigned first, outside, count;
	while (length < size && fscanf(file, "%u %u %u", &first, &outside, &count) == 3)
		length += (size_t)snprintf(map + length, size - length, "%u %u %u\n", first, first, count);
	fclose(file);
}

static int write_own_ids(pid_t pid, struct failure *failure)
{
	char map[64];
	snprintf(map, sizeof map, "%u %u 1\n", geteuid(), geteuid());
	if (write_file(pid, "uid_map", map, failure))
		return -1;
	/* An unprivileged gid map is accepted only after setgroups is given up. */
	if (write_file(pid, "setgroups", "deny", failure))
		return -1;
	snprintf(map, sizeof map, "%u %u 1\n", getegid(), getegid());
	return write_file(pid, "gid_map", map, failure);
}

int userns_write_maps(pid_t pid, struct failure *failure)
{
	failure->stage = "uid-map";
	pid = pid_in_proc(pid);
	if (geteuid() != 0)
		return write_own_ids(pid, failure);
	char uids[4096], gids[4096];
	identity_map("/proc/self/uid_map", uids, sizeof uids);
	identity_map("/proc/self/gid_map", gids, sizeof gids);
	if (write_file(pid, "uid_map", uids, failure))
		return failure->error == EPERM ? write_own_ids(pid, failure) : -1;
	return write_file(pid, "gid_map", gids, failure);
}
