/* What the steps of a root have mounted, so that a root can branch off it. Nobody asks without a control socket. */
#include "netns.h"
#include "sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for so many more. */
int places_reserve(struct root *root, size_t count)
{
	struct place *grown = realloc(root->places, (root->place_count + count) * sizeof *grown);
	if (grown)
		root->places = grown;
	root->place_room = grown ? root->place_count + count : root->place_room;
	return grown ? 0 : -1;
}

/* Takes the descriptors. The texts are the plan's, the parent's or the request's, and stay as long as the root does. */
int place_add(struct root *root, const struct place *place)
{
	if (root->place_count == root->place_room)
		return -1;
	root->places[root->place_count++] = *place;
	return 0;
}

/* These show the state of the kernel, of which there is one: a branch has them as they are, with all that is mounted below. */
bool is_shared_whole(const char *dest)
{
	static const char *const whole[] = { "root/proc", "root/sys", "root/dev" };
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		if (!strcmp(dest, whole[i]))
			return true;
	return false;
}

/* The copy of such a tree brings what the parent has mounted there. */
bool is_below_shared(const char *dest)
{
	char whole[PATH_MAX];
	const char *slash = dest + strlen("root");
	while ((slash = strchr(slash + 1, '/'))) {
		snprintf(whole, sizeof whole, "%.*s", (int)(slash - dest), dest);
		if (is_shared_whole(whole))
			return true;
	}
	return false;
}

/* Below one of them nothing is noted but what is private. */
static bool is_covered(const struct root *root, const struct place *place)
{
	for (size_t i = 0; i < root->place_count && place->kind != PLACE_LAYERED; i++) {
		const char *whole = root->places[i].dest;
		size_t length = strlen(whole);
		if (is_shared_whole(whole) && !strncmp(place->dest, whole, length) && place->dest[length] == '/')
			return true;
	}
	return false;
}

static void note(struct sandbox *sandbox, struct place place)
{
	struct root *root = sandbox->building ? sandbox->building : &sandbox->file;
	bool noted = sandbox->options->control_fd >= 0 && dest_inside(place.dest) && !is_covered(root, &place);
	const struct place given = place;
	place.origin = root;
	if (place.kind != PLACE_LAYERED)
		place.mount = place.lower = -1;
	bool added = noted && !place_add(root, &place);
	if (added && place.kind == PLACE_LAYERED)
		return;
	if (given.mount >= 0)
		close(given.mount);
	if (given.lower >= 0)
		close(given.lower);
}

void place_note(struct sandbox *sandbox, enum place_kind kind, const char *dest)
{
	note(sandbox, (struct place){ .kind = kind, .dest = dest, .mount = -1, .lower = -1 });
}

/* Takes the descriptors. */
void place_note_layered(struct sandbox *sandbox, const struct place *place)
{
	note(sandbox, *place);
}

/* The lower mount belongs to the place's origin. */
void places_free(struct root *root)
{
	for (size_t i = 0; i < root->place_count; i++) {
		struct place *place = &root->places[i];
		if (place->mount >= 0)
			close(place->mount);
		if (place->lower >= 0 && place->origin == root)
			close(place->lower);
	}
	free(root->places);
	root->places = NULL;
	root->place_count = 0;
}
