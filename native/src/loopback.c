/* The loopback step: lo up and extra addresses on it, in one netlink exchange (rtnetlink(7)). */
#include "netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_INDEX 1 /* lo is the first link of every network namespace */
#define IFF_UP_FLAG 1

union request {
	struct nlmsghdr header;
	char bytes[256];
};

static void add_attribute(union request *request, unsigned short type, const void *data, size_t size)
{
	struct rtattr *attribute =
		(void *)(request->bytes + NLMSG_ALIGN(request->header.nlmsg_len));
	attribute->rta_type = type;
	attribute->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(attribute), data, size);
	request->header.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(request->header.nlmsg_len) + RTA_LENGTH(size));
}

static void *begin(union request *request, unsigned short type, unsigned short flags, size_t size)
{
	*request = (union request){ .header = { .nlmsg_len = (uint32_t)NLMSG_LENGTH(size),
		                                .nlmsg_type = type,
		                                .nlmsg_flags = (unsigned short)(NLM_F_REQUEST | NLM_F_ACK | flags) } };
	return NLMSG_DATA(&request->header);
}

/* Sends one request and gives the kernel's answer: 0 or -1 with errno. */
static int ask(int socket, union request *request)
{
	char answer[1024];
	if (send(socket, request, request->header.nlmsg_len, 0) < 0)
		return -1;
	ssize_t n = recv(socket, answer, sizeof answer, 0);
	if (n < (ssize_t)NLMSG_LENGTH(sizeof(struct nlmsgerr)))
		return -1;
	const struct nlmsgerr *error = (const void *)NLMSG_DATA((struct nlmsghdr *)(void *)answer);
	errno = -error->error;
	return error->error ? -1 : 0;
}

static int link_up(int socket)
{
	union request request;
	struct ifinfomsg *link = begin(&request, RTM_NEWLINK, 0, sizeof *link);
	link->ifi_index = LOOPBACK_INDEX;
	link->ifi_flags = link->ifi_change = IFF_UP_FLAG;
	return ask(socket, &request);
}

static int add_address(int socket, const char *text)
{
	char host[INET6_ADDRSTRLEN];
	unsigned prefix;
	unsigned char bytes[16];
	if (sscanf(text, "%45[^/]/%u", host, &prefix) != 2) {
		errno = EINVAL;
		return -1;
	}
	bool v6 = strchr(host, ':') != NULL;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, host, bytes) != 1) {
		errno = EINVAL;
		return -1;
	}
	union request request;
	struct ifaddrmsg *address =
		begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof *address);
	address->ifa_family = v6 ? AF_INET6 : AF_INET;
	address->ifa_prefixlen = (unsigned char)prefix;
	/* No duplicate address detection: the address is to be there at once. */
	address->ifa_flags = v6 ? IFA_F_NODAD : 0;
	address->ifa_index = LOOPBACK_INDEX;
	add_attribute(&request, IFA_LOCAL, bytes, v6 ? 16 : 4);
	add_attribute(&request, IFA_ADDRESS, bytes, v6 ? 16 : 4);
	return ask(socket, &request);
}

int step_loopback(struct sandbox *sandbox, const struct step *step)
{
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (netlink < 0)
		return step_fail(sandbox, "socket", "netlink");
	int failed = 0;
	for (size_t i = 0; i < step->argc && !failed; i++) {
		const char *what = step->argv[i];
		if (!strcmp(what, "up") ? link_up(netlink) : add_address(netlink, what)) {
			step_fail(sandbox, "netlink", what);
			if (strchr(what, ':')) /* a kernel without IPv6 */
				step_degraded(sandbox, "loopback");
			else
				failed = -1;
		}
	}
	close(netlink);
	return failed;
}
