/*
 * netns-launcher: starts one command in namespaces of its own.
 *
 *   outer process (host) --clone--> PID 1 (inside) --fork--> worker (inside)
 *
 * outer.c   lives on the host: id maps, signals in, status out, relays, write-back
 * init.c    PID 1: executes the plan, starts the worker, reaps, keeps the tree until released
 * worker.c  the last steps before exec
 *
 * Guarantees: when any of the three dies, everything inside dies; no mount, process or file of
 * the sandbox outlives the outer process; the outer process ends as the worker ended.
 */
#ifndef NETNS_H
#define NETNS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/types.h>

#define MAX_KEEP_FDS 32
#define MAX_RLIMITS 16
#define EXIT_NO_SANDBOX 125

#define NORETURN __attribute__((noreturn))

/* What the command line says. */
struct options {
	int channel_fd; /* duplex: plan and requests in, events out; -1 without */
	int status_fd; /* events out; equals channel_fd when there is one */
	const char *plan_file;
	int control_fd; /* number of the worker's end of the control socket; -1: none */
	int keep_fds[MAX_KEEP_FDS];
	size_t keep_count;
	char **command;
};

struct step {
	const char *name;
	size_t argc;
	char **argv;
};

struct plan {
	char *text;
	char **args;
	struct step *steps;
	size_t count;
};

/* The first thing that went wrong: which step, which system call, on what, why. */
struct failure {
	const char *stage;
	const char *syscall;
	char path[PATH_MAX];
	int error;
};

#define ROOT_ID_BYTES 32

/*
 * A mount of a root, as a root that branches off it has to have it, in the order of the plan:
 * layered: copy-on-write over what it holds now; shared: the same mount; the others: the step again.
 */
enum place_kind { PLACE_LAYERED, PLACE_SHARED, PLACE_READ_ONLY, PLACE_READ_ONLY_ALONE, PLACE_WRITABLE };
struct place {
	enum place_kind kind;
	const char *dest; /* "root/..." */
	const char *id; /* of an overlay of the plan, whose upper directory is u/<id> */
	const char *size; /* of a tmpfs */
	const struct root *origin; /* the root that has it from a step, not from its parent */
	bool read_only;
	bool host; /* what lies below is the host's */
	bool is_known, is_unwritten; /* that nothing was written here until the root was frozen */
	mode_t mode; /* with uid and gid: as the parent's root showed it when the root was built */
	uid_t uid;
	gid_t gid;
	int64_t changed_ns; /* ctime of its upper directory when the root was built */
	int mount; /* of this root */
	int lower; /* a detached mount of what the origin began with; -1 until it is asked for */
};

struct process {
	pid_t pid;
	unsigned long long start; /* clock ticks after boot: a pid may be taken again */
};

/* Those that lived at some time. */
struct processes {
	struct process *list;
	size_t count;
	long last_pid; /* the newest process or thread then; -1: not known */
};

/* A root that PID 1 has built: the one in use, or one beside it that no path of the worker reaches. */
struct root {
	char id[ROOT_ID_BYTES];
	unsigned serial; /* s/<serial>: its layers */
	char place[ROOT_ID_BYTES]; /* where it is parked */
	struct root *next, *parent;
	int fd; /* the mount of its "/" */
	struct place *places;
	size_t place_count, place_room;
	unsigned children;
	bool dropped, detached;
	bool was_parent; /* another root has branched off it */
	bool is_frozen; /* each of its places, with nothing open for writing */
	unsigned thaws; /* how often it has been */
	int64_t entered_ns; /* for the first time, by the clock of ctime; 0: it has not been */
	bool parent_was_frozen; /* when the root was built, or first entered */
	unsigned parent_thaws; /* of the parent then */
	long last_pid; /* when PID 1 last looked, which it does at each change of roots */
	bool began_processes; /* while it was the worker's */
	struct plan request; /* that its own steps came with */
	struct processes before; /* those that lived when it was entered */
	char *absent; /* paths that were missing when it was built: with one of them it would show a stale view */
	size_t absent_bytes;
	size_t *empty; /* places of the parent that were empty then */
	size_t empty_count;
};

struct rlimit_setting {
	int resource;
	rlim_t soft;
};

#define MAX_BUSY 16

/* What goes back to the worker. */
struct answer {
	int fd; /* sent along, then closed */
	int count, group;
	bool ahead; /* the root had been built before it was asked for */
	const struct place *busy[MAX_BUSY]; /* with files that are open for writing */
	size_t busy_count;
};

/* PID 1's view of the sandbox that it builds. */
struct sandbox {
	const struct options *options;
	const struct plan *plan;
	int link; /* socket to the outer process */
	int store; /* the private tmpfs: layers, upper and work directories */
	int root; /* what becomes "/" of the worker */
	int proc; /* its /proc, as it was before the worker could put something else there */
	bool own_network;
	bool hold;
	unsigned capabilities; /* the worker keeps these over exec */
	const char *cwd;
	pid_t first_pid;
	struct rlimit_setting rlimits[MAX_RLIMITS];
	size_t rlimit_count;
	struct rlimit open_files; /* as the caller had them */
	mode_t umask;
	struct failure failure;
	int control; /* PID 1's end of the control socket */
	int worker_control; /* the worker's */
	pid_t worker;
	struct root file; /* the plan's root */
	struct root *roots, *current; /* every root, the file's last */
	struct plan *request; /* of the worker, while it is served */
	struct root *building; /* its steps run now */
	bool branching; /* what the parent has is made for it, not what its own steps say */
	bool root_per_file; /* the worker will ask for one, and for a network */
	struct root *spare; /* built ahead, which nobody has been in */
	char spare_parent[ROOT_ID_BYTES]; /* build one on this root when there is time */
	unsigned root_serial;
	struct processes seen; /* when PID 1 last looked */
	int network; /* the file's network namespace */
	int spare_network, spare_group, network_group;
	bool want_network;
	bool watch_settings; /* of networks that are made from now on */
	struct settings *settings;
	char *setting_names; /* of the directories that they are in */
	size_t setting_bytes;
	int listen_group; /* listeners made now belong to it */
};

/* options.c */
int options_parse(int argc, char **argv, struct options *options);

/* descriptors.c */
void descriptors_close_others(const struct options *options, const int *wanted, size_t count);
void descriptors_release(const struct options *options);

/* plan.c */
int plan_split(struct plan *plan, size_t length, struct failure *failure);
int plan_read(const struct options *options, struct plan *plan, struct failure *failure);
const struct step *plan_find(const struct plan *plan, const char *name);
int plan_namespaces(const struct plan *plan, struct failure *failure);

/* report.c: events, one JSON object a line */
void report_error(int fd, const struct failure *failure);
void report_degraded(int fd, const struct failure *failure);
void report_started(int fd, pid_t host_pid, int64_t setup_us);
struct ending {
	int status; /* as waitpid gives it */
	int left_processes;
	long max_rss_kib;
	bool counted;
	uint64_t no_route4, no_route6;
};
void report_ended(int fd, const struct ending *ending);
struct change {
	const char *id, *path, *type;
	unsigned mode;
	int64_t size, mtime_ns;
};
void report_change(int fd, const struct change *change);
void report_changes_end(int fd, const char *id);
size_t report_format_answer(char *text, size_t size, const struct answer *answer);
void report_difference(int fd, const char *place, const char *path, const struct stat *now, const struct stat *before);
size_t report_format_failure(char *text, size_t size, const struct failure *failure);
void report_taken(int fd, const char *path, int64_t size, const struct failure *failure);

/* failure.c */
int fail_at(struct failure *failure, const char *syscall, const char *path);
void failure_print(const struct failure *failure);
int64_t now_us(void);

/* link.c: messages between the outer process and PID 1 */
enum message_type {
	MSG_GO = 1, /* outer -> PID 1: id maps are written; value: its pid on the host */
	MSG_SIGNAL, /* value: send this signal to the worker */
	MSG_CHANGES, /* text: list this upper directory */
	MSG_TAKE, /* text: open this path of the sandbox */
	MSG_CONNECT, /* value: connect to this port of the sandbox's loopback */
	MSG_UNLISTEN, /* PID 1 -> outer; value: the group of listeners that goes */
	MSG_RELEASE,
	MSG_LISTENER, /* PID 1 -> outer: fd listens inside; text: where to connect outside */
	MSG_CONNECTED, /* answer to MSG_CONNECT: fd, or none */
	MSG_FAILED, /* an error event was written, no worker runs */
	MSG_ENDED, /* value: the worker's wait status */
	MSG_FILE, /* answer to MSG_TAKE: fd */
	MSG_SYMLINK, /* answer to MSG_TAKE: text is its target */
	MSG_REFUSED, /* answer to MSG_TAKE: value is errno */
};
struct message {
	uint32_t type;
	int32_t value;
	char text[PATH_MAX];
};
int link_send(int link, enum message_type type, int value, const char *text, int fd);
int link_send_text(int link, const char *text, size_t length, int fd);
ssize_t link_receive(int link, struct message *message, int *fd);

/* userns.c */
int userns_write_maps(pid_t pid, struct failure *failure);

/* outer.c, init.c, worker.c */
int outer_run(const struct options *options, const struct plan *plan);
int init_run(struct sandbox *sandbox) NORETURN;
int worker_start(struct sandbox *sandbox);

/* steps.c */
int steps_run(struct sandbox *sandbox);
int step_run(struct sandbox *sandbox, const struct step *step);
int step_fail(struct sandbox *sandbox, const char *syscall, const char *path);
void step_degraded(struct sandbox *sandbox, const char *stage);

/* dest.c: destinations of steps */
const char *dest_inside(const char *dest);
int dest_open(struct sandbox *sandbox, const char *dest, int flags);
int dest_open_parent(struct sandbox *sandbox, const char *dest, const char **name);
int dest_make_dir(struct sandbox *sandbox, const char *dest);
int dest_make_file(struct sandbox *sandbox, const char *dest);
/* Gives the name of the system call that failed, or NULL. */
const char *apply_owner(int fd, const char *mode, const char *uid, const char *gid);

/* mounts.c, files.c, system.c, loopback.c, services.c, copy.c: the steps */
typedef int step_function(struct sandbox *sandbox, const struct step *step);
step_function step_store, step_tmpfs, step_lower, step_overlay, step_bind, step_readonly, step_mask;
step_function step_proc, step_sysfs, step_devpts, step_mqueue, step_cgroup2, step_dev;
step_function step_mkdir, step_symlink, step_file, step_whiteout, step_copy;
step_function step_hostname, step_sysctl, step_rlimit, step_pid, step_capability, step_chdir, step_hold,
	step_ahead;
step_function step_loopback, step_listen, step_writable, step_readonly_all;
int mount_tmpfs(struct sandbox *sandbox, const char *dest, const char *size);
int mount_create(struct sandbox *sandbox, int fs, const char *type, unsigned attributes);
int mount_attach(struct sandbox *sandbox, int mount, int dest, const char *path);
int clone_tree(struct sandbox *sandbox, int dir, const char *path, const char *flags);
bool step_flag(const char *flags, const char *flag);

/* rootfs.c */
int rootfs_make_private(struct sandbox *sandbox);
int rootfs_enter(struct sandbox *sandbox);

/* places.c: what the steps of a root have mounted */
int places_reserve(struct root *root, size_t count);
int place_add(struct root *root, const struct place *place);
void place_note(struct sandbox *sandbox, enum place_kind kind, const char *dest);
void place_note_layered(struct sandbox *sandbox, const struct place *place);
void places_free(struct root *root);
bool is_shared_whole(const char *dest);
bool is_below_shared(const char *dest);

/* branch.c */
int branch_build(struct sandbox *sandbox, struct root *root);
bool branch_is_current(const struct root *root);
bool branch_is_untouched(const struct root *root);
int place_upper(const struct root *root, size_t index, char *path, size_t size);

/* freeze.c */
int freeze_root(struct sandbox *sandbox, struct root *root, struct answer *answer);
void thaw_root(struct root *root);
uint64_t mount_id(int mount);

/* roots.c */
int roots_begin(struct sandbox *sandbox);
struct root *roots_find(struct sandbox *sandbox, const char *id);
struct root *roots_new(struct sandbox *sandbox, const char *id, struct root *parent);
void roots_forget(struct sandbox *sandbox, struct root *root);
int roots_exchange(struct sandbox *sandbox, struct root *next);
void roots_look(struct sandbox *sandbox);
bool roots_tidy(struct sandbox *sandbox);
void roots_limit_backlog(struct sandbox *sandbox);

/* networks.c */
int network_here(void);
int network_make(struct sandbox *sandbox, const struct step *mode, int group);

/* settings.c: what root's worker can change of a network without a packet */
void settings_watch(struct sandbox *sandbox, int group);
bool settings_are_unchanged(struct sandbox *sandbox, int group);
void settings_forget(struct sandbox *sandbox, int group);

/* enter.c: the worker's requests about roots */
int enter(struct sandbox *sandbox, const char *id, const char *parent, const char *flags,
          const struct plan *steps, struct answer *answer);
void build_spare(struct sandbox *sandbox);

/* compare.c */
int compare_roots(struct sandbox *sandbox, const struct root *root, const struct root *base);

/* processes.c */
long processes_last_pid(const struct sandbox *sandbox);
int processes_mark(struct sandbox *sandbox, struct root *root);
int processes_end_since(struct sandbox *sandbox, const struct root *root);

/* control.c: what the worker asks for */
bool control_serve(struct sandbox *sandbox);
bool control_idle(struct sandbox *sandbox);

/* changes.c */
void changes_list(struct sandbox *sandbox, const char *id);
void changes_open(struct sandbox *sandbox, const char *path);

/* counters.c */
void counters_read(struct sandbox *sandbox, struct ending *ending);

/* writeback.c: on the host */
struct take {
	const char *inside, *base, *dest;
};
struct write_back {
	int link;
	void (*on_other)(void *context, const struct message *message, int fd); /* takes the descriptor */
	void *context;
};
void writeback_take(const struct write_back *back, int events, const struct take *take);

/* relay.c: on the host */
struct relay;
struct relay *relay_new(int link);
int relay_add_service(struct relay *relay, int fd, const char *outside, int group);
void relay_drop_group(struct relay *relay, int group);
int relay_add_published(struct relay *relay, int fd, int port);
void relay_add_inside(struct relay *relay, int fd);
int relay_fd(const struct relay *relay);
void relay_serve(struct relay *relay);
void relay_close(struct relay *relay);
/* "127.0.0.1:80" or "[::1]:80" */
int parse_endpoint(const char *text, void *address, unsigned *length);
void format_endpoint(char *text, size_t size, const char *address, const char *port);
int listen_at(const char *endpoint, struct failure *failure);
int connect_inside(int port);

#endif
