/* Attempts to reach an address without a route, as the network namespace counted them, whoever made them. */
#include "netns.h"
#include "sys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_text(struct sandbox *sandbox, const char *path, char *text, size_t size)
{
	/* Not what root inside has mounted there: a FIFO would never open. */
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV };
	int fd = sys_openat2(sandbox->proc, path, &how);
	if (fd < 0)
		return -1;
	size_t length = 0;
	ssize_t n;
	while (length < size - 1 && (n = read(fd, text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	text[length] = 0;
	close(fd);
	return length ? 0 : -1;
}

/* /proc/net/snmp: a line of names, a line of values, both behind "Ip:". */
static uint64_t no_route4(char *text)
{
	char *names_end, *values_end;
	char *values = strstr(text, "\nIp:");
	if (!values || strncmp(text, "Ip:", 3))
		return 0;
	*values++ = 0;
	char *name = strtok_r(text, " ", &names_end), *value = strtok_r(values, " ", &values_end);
	while (name && value) {
		if (!strcmp(name, "OutNoRoutes"))
			return strtoull(value, NULL, 10);
		name = strtok_r(NULL, " ", &names_end);
		value = strtok_r(NULL, " ", &values_end);
	}
	return 0;
}

static uint64_t no_route6(const char *text)
{
	static const char name[] = "Ip6OutNoRoutes";
	const char *at = strstr(text, name);
	return at ? strtoull(at + sizeof name - 1, NULL, 10) : 0;
}

void counters_read(struct sandbox *sandbox, struct ending *ending)
{
	static char text[16384];
	if (!sandbox->own_network || read_text(sandbox, "self/net/snmp", text, sizeof text))
		return;
	ending->counted = true;
	ending->no_route4 = no_route4(text);
	if (!read_text(sandbox, "self/net/snmp6", text, sizeof text))
		ending->no_route6 = no_route6(text);
}
