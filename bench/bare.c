/*
 * What the launcher does, without being the launcher: the system calls that make the default sandbox
 * of this machine, in a straight line, with nothing read, checked, resolved or reported that a fixed
 * program would not need. steps.h has one call per step of the plan, as constants.
 *
 * bare COMMAND [ARG...]
 */
#include "../native/src/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

static int root;

static int check(long result, const char *what, int line)
{
	if (result >= 0)
		return (int)result;
	fprintf(stderr, "bare: line %d: %s: %s\n", line, what, strerror(errno));
	_exit(125);
}
#define MUST(call) check((call), #call, __LINE__)

/* The kernel's descriptor to path operation, without a look-up of our own before it. */
static void move_to(int mount, const char *dest)
{
	MUST(syscall(SYS_move_mount, mount, "", AT_FDCWD, dest, MOVE_MOUNT_F_EMPTY_PATH));
	close(mount);
}

static void make_dir(const char *dest)
{
	if (mkdir(dest, 0755) && errno != EEXIST)
		MUST(-1);
}

static void make_file(const char *dest)
{
	close(MUST(open(dest, O_CREAT | O_WRONLY | O_CLOEXEC, 0644)));
}

static void own(const char *dest, int mode, int uid, int gid)
{
	if (uid >= 0 || gid >= 0)
		MUST(lchown(dest, (uid_t)uid, (gid_t)gid));
	if (mode >= 0)
		MUST(chmod(dest, (mode_t)mode));
}

static int new_tmpfs(const char *size, unsigned attributes)
{
	int fs = MUST(sys_fsopen("tmpfs"));
	MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0755"));
	if (size)
		MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "size", size));
	MUST(sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL));
	int mount = MUST(sys_fsmount(fs, attributes));
	close(fs);
	return mount;
}

static void store(const char *size)
{
	int mount = new_tmpfs(size, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	int top = MUST(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	MUST(sys_move_mount(mount, top));
	close(top);
	MUST(fchdir(mount));
	MUST(mkdir("root", 0755) | mkdir("l", 0755) | mkdir("u", 0755) | mkdir("w", 0755));
	move_to(new_tmpfs(size, MOUNT_ATTR_NODEV), "root");
	root = MUST(open("root", O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static void tmpfs(const char *dest, int mode, int uid, int gid, const char *size)
{
	make_dir(dest);
	move_to(new_tmpfs(size, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), dest);
	own(dest, mode, uid, gid);
}

static void directory(const char *dest, int mode, int uid, int gid)
{
	make_dir(dest);
	own(dest, mode, uid, gid);
}

static void file(const char *dest, int mode, int uid, int gid, const char *content)
{
	int fd = MUST(open(dest, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644));
	MUST(write(fd, content, strlen(content)));
	close(fd);
	own(dest, mode, uid, gid);
}

static void copy_file(const char *dest, const char *source)
{
	char buffer[1 << 16];
	struct stat st;
	ssize_t n;
	int from = MUST(open(source, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
	int to = MUST(open(dest, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
	MUST(fstat(from, &st));
	while ((n = MUST(read(from, buffer, sizeof buffer))) > 0)
		MUST(write(to, buffer, (size_t)n));
	const struct timespec times[] = { st.st_atim, st.st_mtim };
	if (fchown(to, st.st_uid, st.st_gid) == 0 || geteuid() != 0)
		MUST(fchmod(to, st.st_mode & 07777) | futimens(to, times));
	close(from);
	close(to);
}

static int clone_tree(const char *path, int recursive, int read_only)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0));
	if (tree >= 0 && read_only)
		MUST(sys_mount_setattr(tree, AT_RECURSIVE, &attributes));
	return tree;
}

static void lower(const char *dest, const char *host_path)
{
	MUST(symlink(host_path, dest));
}

struct layers {
	const char *lower, *upper, *work;
};

static void overlay(const char *dest, struct layers layers, int mode, int uid, int gid, int read_only)
{
	make_dir(dest);
	make_dir(layers.upper);
	make_dir(layers.work);
	own(layers.upper, mode, uid, gid);
	int fs = MUST(sys_fsopen("overlay"));
	MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", "netns"));
	MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "lowerdir", layers.lower));
	MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "upperdir", layers.upper));
	MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "workdir", layers.work));
	MUST(sys_fsconfig(fs, FSCONFIG_SET_FLAG, "userxattr", NULL));
	MUST(sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL));
	move_to(MUST(sys_fsmount(fs, read_only ? MOUNT_ATTR_RDONLY : 0)), dest);
	close(fs);
}

/* A source that is missing is no error where the plan says that it may be. */
static void bind_path(const char *dest, const char *source, int recursive, int read_only, int is_file,
                      int optional)
{
	int tree = clone_tree(source, recursive, read_only);
	if (tree < 0 && optional)
		return;
	MUST(tree);
	if (is_file)
		make_file(dest);
	else
		make_dir(dest);
	move_to(tree, dest);
}

static void read_only(const char *dest, int alone, int optional)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd = open(dest, O_PATH | O_CLOEXEC);
	if (fd < 0 && optional)
		return;
	MUST(fd);
	if (alone)
		MUST(sys_mount_setattr(fd, 0, &attributes));
	else
		move_to(MUST(clone_tree(dest, 1, 1)), dest);
	close(fd);
}

static void pseudo(const char *dest, const char *type, unsigned attributes)
{
	make_dir(dest);
	int fs = MUST(sys_fsopen(type));
	if (!strcmp(type, "devpts")) {
		MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666"));
		MUST(sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0620"));
	}
	MUST(sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL));
	move_to(MUST(sys_fsmount(fs, attributes)), dest);
	close(fs);
}

/* Not every machine lets it be written; the launcher goes on then, too. */
static void write_sysctl(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fd = fd < 0 ? -1 : fd;
	if (fd >= 0)
		close(fd);
}

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	};
	char attributes[64];
};

static void ask(int netlink, struct request *request)
{
	char answer[1024];
	MUST(send(netlink, request, request->header.nlmsg_len, 0));
	MUST(recv(netlink, answer, sizeof answer, 0));
	const struct nlmsgerr *error = NLMSG_DATA((struct nlmsghdr *)(void *)answer);
	errno = -error->error;
	MUST(error->error ? -1 : 0);
}

static int loopback_up(void)
{
	int netlink = MUST(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
	struct request request = {
		.header = { .nlmsg_len = NLMSG_LENGTH(sizeof request.link),
		            .nlmsg_type = RTM_NEWLINK,
		            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.link = { .ifi_index = 1, .ifi_flags = 1, .ifi_change = 1 },
	};
	ask(netlink, &request);
	return netlink;
}

static void loopback_address(int netlink, int family, const char *host, unsigned char prefix)
{
	unsigned char bytes[16];
	unsigned short size = family == AF_INET6 ? 16 : 4;
	struct request request = {
		.header = { .nlmsg_type = RTM_NEWADDR,
		            .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL },
		.address = { .ifa_family = (unsigned char)family, .ifa_prefixlen = prefix,
		             .ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0, .ifa_index = 1 },
	};
	MUST(inet_pton(family, host, bytes) - 1);
	char *at = (char *)&request + NLMSG_LENGTH(sizeof request.address);
	const unsigned short types[] = { IFA_LOCAL, IFA_ADDRESS };
	for (size_t i = 0; i < 2; i++, at += RTA_LENGTH(size)) {
		struct rtattr attribute = { .rta_type = types[i], .rta_len = (unsigned short)RTA_LENGTH(size) };
		memcpy(at, &attribute, sizeof attribute);
		memcpy(at + RTA_LENGTH(0), bytes, size);
	}
	request.header.nlmsg_len = (unsigned)(at - (char *)&request);
	ask(netlink, &request);
}

#define PSEUDO (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
static const char *cwd = "/";
static unsigned long namespaces;
#include "build/steps.h"

static void write_map(pid_t pid, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int fd = MUST(open(path, O_WRONLY | O_CLOEXEC));
	MUST(write(fd, text, strlen(text)));
	close(fd);
}

static void write_maps(pid_t pid)
{
	char own_ids[64];
	if (geteuid() == 0) {
		write_map(pid, "uid_map", "0 0 4294967295\n");
		write_map(pid, "gid_map", "0 0 4294967295\n");
		return;
	}
	snprintf(own_ids, sizeof own_ids, "%u %u 1\n", geteuid(), geteuid());
	write_map(pid, "uid_map", own_ids);
	write_map(pid, "setgroups", "deny");
	snprintf(own_ids, sizeof own_ids, "%u %u 1\n", getegid(), getegid());
	write_map(pid, "gid_map", own_ids);
}

static void enter_root(void)
{
	MUST(sys_pivot_root(".", "."));
	MUST(sys_umount(".", MNT_DETACH));
	int top = MUST(open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	MUST(sys_move_mount(root, top));
	close(top);
	MUST(prctl(PR_SET_DUMPABLE, 0));
}

static void run_worker(char **command)
{
	MUST(setsid());
	MUST(fchdir(root));
	MUST(chroot("."));
	MUST(chdir(cwd));
	if (geteuid() != 0)
		MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(execv(command[0], command));
}

static int pid_1(int go, char **command)
{
	char byte;
	int status;
	MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
	MUST(read(go, &byte, 1) - 1);
	MUST(sys_mount(NULL, "/", MS_REC | MS_SLAVE));
	umask(0);
	build();
	enter_root();
	pid_t worker = MUST(fork());
	if (worker == 0)
		run_worker(command);
	MUST(waitpid(worker, &status, 0));
	return status;
}

int main(int argc, char **argv)
{
	int go[2], status;
	if (argc < 2)
		return 2;
	plan_namespaces();
	MUST(pipe2(go, O_CLOEXEC));
	pid_t pid = (pid_t)MUST(syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL));
	if (pid == 0)
		_exit(pid_1(go[0], argv + 1) ? 1 : 0);
	write_maps(pid);
	MUST(write(go[1], "", 1));
	MUST(waitpid(pid, &status, 0));
	return status ? 1 : 0;
}
