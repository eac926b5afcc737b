/*
 * Ports across the network namespace. The listen step: a socket belongs to the namespace in which it was made, so PID 1 makes the
 * listening socket inside and hands it to the outer process, which connects outside.
 */
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "127.0.0.1:80" or "[::1]:80" into a socket address. */
int parse_endpoint(const char *text, void *address, unsigned *length)
{
	char host[INET6_ADDRSTRLEN];
	unsigned port;
	struct sockaddr_in *v4 = address;
	struct sockaddr_in6 *v6 = address;
	if (sscanf(text, "[%45[^]]]:%u", host, &port) == 2 && port <= 65535) {
		*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
		*length = sizeof *v6;
		return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1 ? 0 : -1;
	}
	if (sscanf(text, "%45[^:]:%u", host, &port) != 2 || port > 65535)
		return -1;
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	*length = sizeof *v4;
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1 ? 0 : -1;
}

int listen_at(const char *endpoint, struct failure *failure)
{
	struct sockaddr_storage address;
	unsigned length;
	int on = 1;
	if (parse_endpoint(endpoint, &address, &length)) {
		errno = EINVAL;
		return fail_at(failure, "inet_pton", endpoint);
	}
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail_at(failure, "socket", endpoint);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (address.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	int failed = 0;
	if (bind(fd, (struct sockaddr *)&address, length))
		failed = fail_at(failure, "bind", endpoint);
	else if (listen(fd, 4096))
		failed = fail_at(failure, "listen", endpoint);
	if (!failed)
		return fd;
	close(fd);
	return -1;
}

void format_endpoint(char *text, size_t size, const char *address, const char *port)
{
	bool bracket = strchr(address, ':') != NULL;
	snprintf(text, size, "%s%s%s:%s", bracket ? "[" : "", address, bracket ? "]" : "", port);
}

int step_listen(struct sandbox *sandbox, const struct step *step)
{
	char inside[128], outside[128];
	format_endpoint(inside, sizeof inside, step->argv[1], step->argv[0]);
	format_endpoint(outside, sizeof outside, step->argv[2], step->argv[0]);
	int fd = listen_at(inside, &sandbox->failure);
	if (fd < 0)
		return -1;
	int failed = link_send(sandbox->link, MSG_LISTENER, sandbox->listen_group, outside, fd);
	if (failed)
		step_fail(sandbox, "sendmsg", inside);
	close(fd);
	return failed;
}

/* In PID 1, for a published port: a socket that connects to the sandbox's own loopback. */
int connect_inside(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_port = htons((uint16_t)port),
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}
