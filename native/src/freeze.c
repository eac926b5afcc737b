/*
 * A layer must not change once another overlay stands on it: the kernel would show a mixture. A read-only mount
 * freezes it for descriptors of directories, too; EBUSY means that somebody holds a file open for writing.
 */
#include "netns.h"
#include "sys.h"

#include <errno.h>

static int set_read_only(const struct place *place, bool read_only)
{
	struct mount_attr attributes = { 0 };
	if (read_only)
		attributes.attr_set = MOUNT_ATTR_RDONLY;
	else
		attributes.attr_clr = MOUNT_ATTR_RDONLY;
	return sys_mount_setattr(place->mount, 0, &attributes);
}

static bool freezes(const struct place *place)
{
	return place->kind == PLACE_LAYERED && !place->read_only;
}

/* statx(2), which not every C library has: stx_mnt_id is the 19th of its words. */
uint64_t mount_id(int mount)
{
	const unsigned mask = 0x1000; /* STATX_MNT_ID */
	uint64_t words[32] = { 0 };
	syscall(SYS_statx, mount, "", AT_EMPTY_PATH, mask, words);
	return words[18];
}

void thaw_root(struct root *root)
{
	root->is_frozen = false;
	root->thaws++;
	for (size_t i = 0; i < root->place_count; i++)
		if (freezes(&root->places[i]))
			set_read_only(&root->places[i], false);
}

/* Places with open files stay writable and go into the answer. */
int freeze_root(struct sandbox *sandbox, struct root *root, struct answer *answer)
{
	sandbox->failure.stage = "freeze";
	if (root->is_frozen)
		return 0;
	for (size_t i = 0; i < root->place_count; i++) {
		const struct place *place = &root->places[i];
		if (!freezes(place) || !set_read_only(place, true))
			continue;
		if (errno != EBUSY) {
			step_fail(sandbox, "mount_setattr", place->dest);
			thaw_root(root);
			return -1;
		}
		if (answer->busy_count < MAX_BUSY)
			answer->busy[answer->busy_count++] = place;
	}
	root->is_frozen = !answer->busy_count;
	return 0;
}

/* fs.mode 'readonly' of a root that branches off: all but private directories, and what was made writable before. */
int step_readonly_all(struct sandbox *sandbox, const struct step *step)
{
	struct root *root = sandbox->building;
	(void)step;
	for (size_t i = 0; root && i < root->place_count; i++) {
		struct place *place = &root->places[i];
		if (!freezes(place) || (i > 0 && !place->host))
			continue;
		if (set_read_only(place, true))
			return step_fail(sandbox, "mount_setattr", place->dest);
		place->read_only = true;
	}
	return 0;
}
