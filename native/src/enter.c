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
	if (!branch_is_current(spare)) {
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

/* Another root would be the same: there is nothing in the present one that entering it would take away. */
static bool may_stay(struct sandbox *sandbox, const char *id, const struct root *parent, const struct plan *steps)
{
	const struct root *present = sandbox->current;
	if (present->parent != parent || steps->count || strlen(id) >= sizeof present->id)
		return false;
	roots_look(sandbox);
	return branch_is_untouched(present);
}

static int stay(struct sandbox *sandbox, const char *id, struct answer *answer)
{
	struct root *present = sandbox->current;
	if (processes_mark(sandbox, present))
		return -1;
	memcpy(present->id, id, strlen(id) + 1);
	answer->ahead = true;
	return 0;
}

/*
 * `freeze` the parent; `leaves`: nobody comes back to the present root; `may-stay`: it serves again where it is as it was.
 * After a failure the worker is where it was, and can write there again.
 */
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
	if (step_flag(flags, "may-stay") && may_stay(sandbox, id, parent, steps))
		return stay(sandbox, id, answer);
	if (step_flag(flags, "freeze") && freeze_root(sandbox, parent, answer))
		return -1;
	struct root *root = take_spare(sandbox, id, parent);
	answer->ahead = root != NULL;
	if (!root)
		root = build(sandbox, id, parent);
	if (root && !enter_built(sandbox, root, steps)) {
		before->dropped = before->dropped || (step_flag(flags, "leaves") && before != &sandbox->file);
		return 0;
	}
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

void build_spare(struct sandbox *sandbox)
{
	struct root *parent = roots_find(sandbox, sandbox->spare_parent);
	sandbox->spare_parent[0] = 0;
	if (!parent || (sandbox->spare && sandbox->spare->parent == parent))
		return;
	drop_spare(sandbox);
	sandbox->spare = build(sandbox, "spare", parent);
}
