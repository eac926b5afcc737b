/*
 * Loaded into Node (LD_PRELOAD), without a C library of its own so that one file serves glibc and musl.
 *
 * 1. Before main: gives up the ambient and inheritable capability sets that brought CAP_SYS_ADMIN and a few more over
 *    exec, so that children have none, and takes them out of the effective set, so that nothing here acts with them
 *    unawares; marks the control socket close-on-exec; takes itself out of LD_PRELOAD.
 * 2. netns_receive: an answer of PID 1 together with a descriptor, which Node cannot receive itself.
 * 3. netns_enter_network(fd): moves every thread of this process that can have sockets into a network namespace.
 *    setns(2) acts on the calling thread only, so each runs it in a signal handler; a blocked thread does, too.
 * 4. netns_lend(capabilities): what the children that the calling thread starts have, until netns_lend(0).
 */
#include <elf.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define EXPORT __attribute__((visibility("default")))
#define SIGNAL 61 /* a real-time signal that neither Node nor a C library uses */
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define E2BIG 7
#define EINVAL 22
#define ETIMEDOUT 110
#define O_RDONLY_CLOEXEC 02000000
#define O_RDONLY_DIRECTORY_CLOEXEC (0200000 | 02000000)
#define AT_FDCWD (-100)

static long call(long number, long a, long b, long c, long d)
{
	long result;
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = 0; /* prctl wants its unused ones zero */
	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
		      x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = 0;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	result = x0;
#else
#error "unsupported processor"
#endif
	return result;
}

/* The beginning of a siginfo_t of rt_sigqueueinfo(2), whose value is a pointer or, as here, what fits into one. */
#define SI_QUEUE (-1)
struct signal_info {
	int signal, error, code, padding, pid, uid, move, index;
	char unused[128 - 8 * sizeof(int)];
};

/* What the kernel, not a C library, calls a signal action. */
struct kernel_action {
	void (*handler)(int, const struct signal_info *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};
#define SA_RESTART 0x10000000ul
#define SA_SIGINFO 4ul

/* x86-64 asks for a restorer; elsewhere the kernel has its own and would use ours in its stead. */
#if defined(__x86_64__)
#define SA_RESTORER 0x04000000ul
void netns_restore(void) __attribute__((visibility("hidden")));
__asm__(".text\n.hidden netns_restore\n.type netns_restore,@function\nnetns_restore:\n\tmov $15,%eax\n\tsyscall\n");
#else
#define SA_RESTORER 0ul
#define netns_restore NULL
#endif

EXPORT int netns_enter_network(int fd, int timeout_ms);
EXPORT int netns_lend(unsigned capabilities);
EXPORT int netns_receive(int socket, char *answer, int size, int *fd);

/* Root has every capability at hand; an ordinary user's worker has those that the launcher kept for it, put by. */
static int put_by;

static long change_capabilities(unsigned effective, unsigned inheritable)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	long result = call(SYS_capget, (long)&header, (long)data, 0, 0);
	if (result < 0)
		return result;
	data[0].effective = effective & data[0].permitted;
	data[0].inheritable = inheritable & data[0].permitted;
	data[1].effective = data[1].inheritable = 0;
	return call(SYS_capset, (long)&header, (long)data, 0, 0);
}

static long enter_network(int fd)
{
	if (put_by)
		change_capabilities(1u << CAP_SYS_ADMIN, 0);
	long result = call(SYS_setns, fd, CLONE_NEWNET, 0, 0);
	if (put_by)
		change_capabilities(0, 0);
	return result;
}

/* The ambient set, which only takes what is inheritable too: spawned programs have these in use. */
int netns_lend(unsigned capabilities)
{
	if (!put_by)
		return 0; /* root's children have them all */
	call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
	long result = change_capabilities(0, capabilities);
	for (long number = 0; number < 32 && result >= 0; number++)
		if (capabilities >> number & 1)
			result = call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0);
	return (int)result;
}

static long number_of(const char *text)
{
	long number = 0;
	while (*text >= '0' && *text <= '9')
		number = number * 10 + (*text++ - '0');
	return number;
}

static void write_number(char *to, long number)
{
	char digits[20];
	int n = 0;
	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*to++ = digits[--n];
	*to = 0;
}

static int begins_with(const char *text, const char *prefix)
{
	while (*prefix && *text == *prefix) {
		text++;
		prefix++;
	}
	return !*prefix;
}

/* The threads on which V8 compiles and collects garbage: nothing that could reach a network runs there. */
static int is_of_v8(const char *status)
{
	return begins_with(status, "Name:\tV8Worker\n") || begins_with(status, "Name:\tnode-V8Worker\n") ||
	       begins_with(status, "Name:\tDelayedTaskSche\n");
}

/* Of the mask in proc_pid_status(5): 16 hexadecimal digits, the highest signal first. 0 where there is none. */
static uint64_t blocked_signals(const char *status, long length)
{
	uint64_t mask = 0;
	for (long i = 0; i + 24 < length; i++) {
		if (!begins_with(status + i, "SigBlk:\t"))
			continue;
		for (const char *c = status + i + 8; c < status + i + 24; c++)
			mask = mask << 4 | (uint64_t)(*c <= '9' ? *c - '0' : *c - 'a' + 10);
	}
	return mask;
}

static void write_task_path(char *path, long tid, const char *name)
{
	for (const char *c = "/proc/self/task/"; *c; c++)
		*path++ = *c;
	write_number(path, tid);
	while (*path)
		path++;
	while ((*path++ = *name++))
		;
}

/* What becomes of a thread in a move. */
enum { STAYS, BLOCKING, AWAITED, MOVED, ENDED };

/*
 * A thread that blocks the signal for good (the inspector's) never answers. Others block it for a moment: one that has just
 * begun or is about to end, together with two signals that glibc lets no program block; one that starts a program; and
 * with musl each of these.
 */
static int waits(uint64_t blocked)
{
	const uint64_t ours = 1ull << (SIGNAL - 1), of_glibc = 3ull << 31;
	return (blocked & ours) && (blocked & of_glibc) != of_glibc;
}

/*
 * What is known of threads, since reading a status file takes longer than moving the thread. One that has come to block
 * the signal since then is found by the time-out.
 */
#define KNOWN_THREADS 64
static struct {
	long tid;
	int state;
} known_threads[KNOWN_THREADS];

static int know(long tid, int state)
{
	unsigned slot = (unsigned)tid % KNOWN_THREADS;
	known_threads[slot].tid = tid;
	known_threads[slot].state = state;
	return state;
}

/* Those that were waited for in vain, and must not be again because another one has their slot. */
#define WAITED_FOR 16
static long waited_for[WAITED_FOR];
static unsigned waited_for_count;

static int was_waited_for(long tid)
{
	for (unsigned at = 0; at < WAITED_FOR; at++)
		if (waited_for[at] == tid)
			return 1;
	return 0;
}

static void forget_threads(void)
{
	for (unsigned at = 0; at < WAITED_FOR; at++)
		waited_for[at] = 0;
	for (unsigned slot = 0; slot < KNOWN_THREADS; slot++)
		known_threads[slot].tid = 0;
}

/* STAYS, BLOCKING or AWAITED, or -errno. */
static long look(long tid)
{
	static char text[8192];
	unsigned slot = (unsigned)tid % KNOWN_THREADS;
	if (known_threads[slot].tid == tid)
		return known_threads[slot].state;
	if (was_waited_for(tid))
		return STAYS;
	char path[64];
	write_task_path(path, tid, "/status");
	long fd = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	long length = call(SYS_read, fd, (long)text, sizeof text - 1, 0);
	call(SYS_close, fd, 0, 0, 0);
	if (length < 0)
		return length;
	text[length] = 0;
	if (is_of_v8(text))
		return know(tid, STAYS);
	uint64_t blocked = blocked_signals(text, length);
	if (waits(blocked))
		return BLOCKING;
	return blocked >> (SIGNAL - 1) & 1 ? AWAITED : know(tid, AWAITED);
}

static int is_gone(long error)
{
	return error == -ENOENT || error == -ESRCH;
}

/* One that a moved thread has started is there already. */
static int is_in_network_of(long tid, long self)
{
	char path[64], names[2][64];
	const long tids[2] = { tid, self };
	for (int i = 0; i < 2; i++) {
		write_task_path(path, tids[i], "/ns/net");
		long length = call(SYS_readlinkat, AT_FDCWD, (long)path, (long)names[i], sizeof names[i] - 1);
		if (length < 0)
			return 0;
		names[i][length] = 0;
	}
	return begins_with(names[0], names[1]);
}

/* The threads of one move. */
#define MOST_THREADS 4096
static struct {
	int tid;
	int state;
} seen[MOST_THREADS];
static int seen_count, awaited, failed, target = -1;
/* Counts the moves: after a time-out a signal may arrive when the next one is under way. */
static int move;

static void finish(int index, int state)
{
	int before = AWAITED;
	if (__atomic_compare_exchange_n(&seen[index].state, &before, state, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		__atomic_sub_fetch(&awaited, 1, __ATOMIC_SEQ_CST);
}

static void enter_here(int signal, const struct signal_info *info, void *context)
{
	(void)signal;
	(void)context;
	long result = enter_network(target);
	if (info->move != move)
		return;
	if (result < 0)
		__atomic_store_n(&failed, (int)-result, __ATOMIC_SEQ_CST);
	finish(info->index, MOVED);
	if (__atomic_load_n(&awaited, __ATOMIC_SEQ_CST) == 0)
		call(SYS_futex, (long)&awaited, FUTEX_WAKE_PRIVATE, 1, 0);
}

static int is_seen(long tid)
{
	for (int index = 0; index < seen_count; index++)
		if (seen[index].tid == tid)
			return 1;
	return 0;
}

/* 0 or -errno. */
static long ask(long process, int index)
{
	const struct signal_info info = { .signal = SIGNAL, .code = SI_QUEUE, .move = move, .index = index };
	seen[index].state = AWAITED;
	__atomic_add_fetch(&awaited, 1, __ATOMIC_SEQ_CST);
	long result = call(SYS_rt_tgsigqueueinfo, process, seen[index].tid, SIGNAL, (long)&info);
	if (result < 0)
		finish(index, ENDED);
	return result == -ESRCH ? 0 : result;
}

/* 1 where something is to be done about it, 0, or -errno. */
static long attend(long process, long tid)
{
	long state = look(tid);
	if (state < 0)
		return is_gone(state) ? 0 : state;
	if (seen_count == MOST_THREADS)
		return -E2BIG;
	int index = seen_count++;
	seen[index].tid = (int)tid;
	seen[index].state = (int)state;
	if (state != AWAITED)
		return state == BLOCKING;
	long result = ask(process, index);
	return result < 0 ? result : 1;
}

struct entry {
	uint64_t inode, offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* All threads, in one buffer: gives its length or -errno. */
static char listing[128 * 1024] __attribute__((aligned(8)));

static long list_threads(void)
{
	long used = 0, length;
	long dir = call(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY_DIRECTORY_CLOEXEC, 0);
	if (dir < 0)
		return dir;
	while ((length = call(SYS_getdents64, dir, (long)listing + used, (long)sizeof listing - used, 0)) > 0)
		used += length;
	call(SYS_close, dir, 0, 0, 0);
	return length == -EINVAL ? -E2BIG : used; /* no room for one more */
}

/*
 * Attends to the other threads that can have sockets and were not seen before. Gives 1 where there may be more of them, 0 or
 * -errno. The listing stops at a thread that has just ended, so the last of it is looked at.
 */
static long attend_others(long process, long self, long listed, int is_first)
{
	long found = 0, last = self;
	for (long at = 0; at < listed;) {
		const struct entry *entry = (const void *)(listing + at);
		long tid = number_of(entry->name);
		at += entry->length;
		if (tid <= 0)
			continue;
		last = tid;
		if (tid == self || is_seen(tid) || (!is_first && is_in_network_of(tid, self)))
			continue;
		long result = attend(process, tid);
		if (result < 0)
			return result;
		found |= result;
	}
	return found || call(SYS_tgkill, process, last, 0, 0) == -ESRCH;
}

/* Threads of which no answer comes, and those that have decided themselves meanwhile: 0 or -errno. */
static long look_again(long process, int is_over)
{
	long result = 0;
	for (int index = 0; index < seen_count && result >= 0; index++) {
		int state = __atomic_load_n(&seen[index].state, __ATOMIC_SEQ_CST);
		/* One that ends with the signal pending never answers. */
		if (state == AWAITED && call(SYS_tgkill, process, seen[index].tid, 0, 0) == -ESRCH)
			finish(index, ENDED);
		if (state != BLOCKING)
			continue;
		long now = look(seen[index].tid);
		if (now == AWAITED)
			result = ask(process, index);
		else if (now < 0 && !is_gone(now))
			result = now;
		else if (now != BLOCKING)
			seen[index].state = now < 0 ? ENDED : STAYS;
		else if (is_over) {
			waited_for[waited_for_count++ % WAITED_FOR] = seen[index].tid;
			seen[index].state = STAYS;
		}
	}
	return result;
}

static int has_blocking(void)
{
	for (int index = 0; index < seen_count; index++)
		if (seen[index].state == BLOCKING)
			return 1;
	return 0;
}

static long milliseconds(void)
{
	struct {
		long seconds, nanoseconds;
	} now;
	call(SYS_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&now, 0, 0);
	return now.seconds * 1000 + now.nanoseconds / 1000000;
}

/*
 * Waits for those that were asked, and for those that block the signal to end doing so. The first move is soon after the start, where
 * only Node's own threads do.
 */
static long settle(long process, long blocking_ms, long deadline)
{
	const struct {
		long seconds, nanoseconds;
	} step = { 0, 1000000 };
	long began = milliseconds();
	for (;;) {
		int left = __atomic_load_n(&awaited, __ATOMIC_SEQ_CST);
		if (left == 0 && !has_blocking())
			return 0;
		if (call(SYS_futex, (long)&awaited, FUTEX_WAIT_PRIVATE, left, (long)&step) != -ETIMEDOUT)
			continue;
		long now = milliseconds();
		long result = look_again(process, now - began >= blocking_ms);
		if (result < 0)
			return result;
		if (now >= deadline) {
			forget_threads();
			return -ETIMEDOUT;
		}
	}
}

/* Until there is none that a thread started before it moved itself: 0, or -errno. */
static long move_others(long listed, long timeout_ms)
{
	long process = call(SYS_getpid, 0, 0, 0, 0), self = call(SYS_gettid, 0, 0, 0, 0);
	long deadline = milliseconds() + timeout_ms, result;
	int is_first = 1;
	while ((result = listed < 0 ? listed : attend_others(process, self, listed, is_first)) > 0) {
		result = settle(process, move == 1 ? 2 : 20, deadline);
		if (result == 0 && milliseconds() >= deadline)
			result = -ETIMEDOUT;
		if (result < 0)
			break;
		is_first = 0;
		listed = list_threads();
	}
	return result;
}

/*
 * Gives 0; or errno where nothing has moved; or -errno, and then some threads may not have moved and the process should be given
 * up. Call it from one thread at a time.
 */
int netns_enter_network(int fd, int timeout_ms)
{
	struct kernel_action action = { enter_here, SA_SIGINFO | SA_RESTORER | SA_RESTART, netns_restore, ~0ul }, before;
	long listed = list_threads();
	if (listed < 0)
		return (int)(listed == -E2BIG ? listed : -listed);
	long result = enter_network(fd);
	if (result < 0)
		return (int)result;
	__atomic_add_fetch(&move, 1, __ATOMIC_SEQ_CST);
	target = fd;
	seen_count = awaited = failed = 0;
	result = call(SYS_rt_sigaction, SIGNAL, (long)&action, (long)&before, 8);
	if (result < 0)
		return (int)result;
	result = move_others(listed, timeout_ms);
	if (result < 0) /* a late signal must still find a handler */
		return (int)result;
	call(SYS_rt_sigaction, SIGNAL, (long)&before, 0, 8);
	return -failed;
}

/* Reads one answer of the control socket and the descriptor that came with it (-1: none); gives its length or -errno. */
int netns_receive(int socket, char *answer, int size, int *fd)
{
	struct {
		char *base;
		size_t length;
	} data = { answer, (size_t)size };
	struct {
		size_t length;
		int level, type, fd, padding;
	} control = { 0, 0, 0, -1, 0 };
	struct {
		void *name;
		int name_length;
		void *data;
		size_t data_count;
		void *control;
		size_t control_length;
		int flags;
	} message = { NULL, 0, &data, 1, &control, sizeof control, 0 };
	const long close_on_exec = 0x40000000; /* MSG_CMSG_CLOEXEC */
	long length;
	do
		length = call(SYS_recvmsg, socket, (long)&message, close_on_exec, 0);
	while (length == -EINTR);
	*fd = message.control_length ? control.fd : -1;
	return (int)length;
}

static void put_capabilities_by(void)
{
	const unsigned kept = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0);
	if (call(SYS_capget, (long)&header, (long)data, 0, 0) < 0)
		return;
	put_by = !(data[0].permitted & ~kept) && !data[1].permitted;
	data[0].inheritable = data[1].inheritable = 0;
	if (put_by)
		data[0].effective = data[1].effective = 0;
	call(SYS_capset, (long)&header, (long)data, 0, 0);
}

/* "NETNS_CONTROL=<number>" */
static void close_control_on_exec(char **environment)
{
	static const char name[] = "NETNS_CONTROL=";
	const long set_descriptor_flags = 2, close_on_exec = 1; /* F_SETFD, FD_CLOEXEC */
	for (char **at = environment; *at; at++) {
		size_t i = 0;
		while (name[i] && (*at)[i] == name[i])
			i++;
		if (!name[i])
			call(SYS_fcntl, number_of(*at + i), set_descriptor_flags, close_on_exec, 0);
	}
}

static int is_ours(const char *path)
{
	static const char name[] = "netns-threads.so";
	const char *base = path;
	for (const char *c = path; *c && *c != ':' && *c != ' '; c++)
		if (*c == '/')
			base = c + 1;
	size_t i = 0;
	while (name[i] && base[i] == name[i])
		i++;
	return !name[i] && (!base[i] || base[i] == ':' || base[i] == ' ');
}

/* "LD_PRELOAD=<ours>[:<the user's>]": leaves the user's, or takes the variable away. */
static void forget_preload(char **environment)
{
	static const char name[] = "LD_PRELOAD=";
	for (char **at = environment; *at; at++) {
		size_t i = 0;
		while (name[i] && (*at)[i] == name[i])
			i++;
		if (name[i] || !is_ours(*at + i))
			continue;
		char *rest = *at + i;
		while (*rest && *rest != ':' && *rest != ' ')
			rest++;
		if (*rest) {
			char *to = *at + i;
			for (rest++; (*to++ = *rest++);)
				;
			return;
		}
		for (char **next = at; (next[0] = next[1]); next++)
			;
		return;
	}
}

__attribute__((constructor)) static void before_main(int argc, char **argv, char **environment)
{
	put_capabilities_by();
	/* musl passes nothing to constructors; there the environment is found behind the arguments. */
	(void)argc;
	(void)argv;
	extern char **environ __attribute__((weak));
	char **variables = &environ && environ ? environ : environment;
	if (!variables)
		return;
	close_control_on_exec(variables);
	forget_preload(variables);
}
