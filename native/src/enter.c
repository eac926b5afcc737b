/* What the worker asks for about roots: a new one that branches off another, made now or ahead. */
#include "netns.h"
#include "sys.h"

#include <errno.h>
#include <string.h>

/* What only narrows what the worker sees, or shows it once more. Sources of binds are its own paths. */
static bool may_ask_for(const struct step *step)
{
	static const char *const steps[] = { "tmpfs", "mkdir",    "symlink", "file",
		                             "mask",  "readonly", "writable" };
	if (!strcmp(step->name, "readonly-all"))
		return true;
	if (!step->argc || !dest_inside(step->argv[0]))
		return false;
	if (!strcmp(step->name, "bind"))
		return step->argc == 3 && step_flag(step->argv[2], "present");
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (!strcmp(steps[i], step->name))
			return true;
	return false;
}

static int run_steps(struct sandbox *sandbox, struct root *root, const struct plan *steps)
{
	int present = sandbox->root;
	const struct plan *plan = sandbox->plan;
	for (size_t i = 0; i < steps->count; i++)
		if (!may_ask_for(&steps->steps[i])) {
			errno = EPERM;
			return step_fail(sandbox, "step", steps->steps[i].name);
		}
	if (steps->count && places_reserve(root, steps->count))
		return step_fail(sandbox, "realloc", "");
	if (steps->count) { /* the places that they make name its texts */
		root->request = *sandbox->request;
		*sandbox->request = (struct plan){ 0 };
	}
	sandbox->building = root;
	sandbox->root = root->fd;
	sandbox->plan = steps;
	int failed = steps_run(sandbox);
	sandbox->plan = plan;
	sandbox->root = present;
	sandbox->building = NULL;
	return failed;
}

static struct root *build(struct sandbox *sandbox, const char *id, struct root *parent)
{
	struct root *root = roots_new(sandbox, id, parent);
	if (root && branch_build(sandbox, root)) {
		struct failure failure = sandbox->failure;
		roots_forget(sandbox, root);
		sandbox->failure = failure;
		return NULL;
	}
	return root;
}

static void drop_spare(struct sandbox *sandbox)
{
	struct root *spare = sandbox->spare;
	sandbox->spare = NULL;
	if (spare)
		spare->dropped = true;
}

static struct root *take_spare(struct sandbox *sandbox, const char *id, const struct root *parent)
{
	struct root *spare = sandbox->spare;
	if (!spare || spare->parent != parent || strlen(id) >= sizeof spare->id)
		return NULL;
	bool served = spare->entered_ns != 0;
	if (!branch_is_current(spare) || (served && !branch_is_untouched(spare))) {
		drop_spare(sandbox);
		return NULL;
	}
	sandbox->spare = NULL;
	memcpy(spare->id, id, strlen(id) + 1);
	return spare;
}

static int enter_built(struct sandbox *sandbox, struct root *root, const struct plan *steps)
{
	if (run_steps(sandbox, root, steps) || roots_exchange(sandbox, root))
		return -1;
	return processes_mark(sandbox, root);
}

/* After a failure the worker is where it was, and can write there again. */
int enter(struct sandbox *sandbox, const char *id, const char *parent_id, const char *flags,
          const struct plan *steps, struct answer *answer)
{
	struct root *before = sandbox->current, *parent = roots_find(sandbox, parent_id);
	if (!parent)
		return -1;
	if (*id == 0 || roots_find(sandbox, id)) {
		errno = EEXIST;
		return step_fail(sandbox, "root", id);
	}
	if (step_flag(flags, "freeze") && freeze_root(sandbox, parent, answer))
		return -1;
	struct root *root = take_spare(sandbox, id, parent);
	answer->ahead = root != NULL;
	if (!root)
		root = build(sandbox, id, parent);
	if (root && !enter_built(sandbox, root, steps))
		return 0;
	struct failure failure = sandbox->failure;
	if (sandbox->current != before)
		roots_exchange(sandbox, before);
	if (root)
		root->dropped = true;
	if (parent == before)
		thaw_root(parent);
	sandbox->failure = failure;
	return -1;
}

/* A root that was left and is as it was, which saves the taking down of this one and the building of another. */
static struct root *take_back(struct sandbox *sandbox, const struct root *parent)
{
	if (parent == sandbox->current) /* the worker may write to it, and roots that it has seen would not show that */
		return NULL;
	for (struct root *root = sandbox->roots; root; root = root->next)
		if (root->dropped && !root->detached && root->parent == parent && root != sandbox->current &&
		    branch_is_current(root) && branch_is_untouched(root)) {
			root->dropped = false;
			return root;
		}
	return NULL;
}

void build_spare(struct sandbox *sandbox)
{
	struct root *parent = roots_find(sandbox, sandbox->spare_parent);
	sandbox->spare_parent[0] = 0;
	if (!parent || (sandbox->spare && sandbox->spare->parent == parent))
		return;
	drop_spare(sandbox);
	sandbox->spare = sandbox->spare_is_new ? NULL : take_back(sandbox, parent);
	if (!sandbox->spare)
		sandbox->spare = build(sandbox, "spare", parent);
}
