/* Messages between the outer process and PID 1: one record each, with at most one descriptor. */
#include "netns.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static int send_record(int link, struct iovec data, int fd, int flags)
{
	union control control = { 0 };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	if (fd >= 0) {
		header.msg_control = control.bytes;
		header.msg_controllen = sizeof control.bytes;
		struct cmsghdr *c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	ssize_t n;
	while ((n = sendmsg(link, &header, MSG_NOSIGNAL | flags)) < 0 && errno == EINTR)
		;
	return n < 0 ? -1 : 0;
}

int link_send(int link, enum message_type type, int value, const char *text, int fd)
{
	struct message message = { .type = type, .value = value };
	int length = snprintf(message.text, sizeof message.text, "%s", text ? text : "");
	if ((size_t)length >= sizeof message.text) { /* a piece of a path is another path */
		errno = ENAMETOOLONG;
		return -1;
	}
	return send_record(link, (struct iovec){ &message, offsetof(struct message, text) + (size_t)length + 1 }, fd, 0);
}

/* Does not wait for room. */
int link_send_text(int link, const char *text, size_t length, int fd)
{
	return send_record(link, (struct iovec){ (void *)(uintptr_t)text, length }, fd, MSG_DONTWAIT);
}

/* Gives the record's length, 0 when the other side is gone, -1 on error. */
ssize_t link_receive(int link, struct message *message, int *fd)
{
	struct iovec data = { message, sizeof *message };
	union control control;
	struct msghdr header = { .msg_iov = &data,
		                 .msg_iovlen = 1,
		                 .msg_control = control.bytes,
		                 .msg_controllen = sizeof control.bytes };
	*fd = -1;
	ssize_t n;
	while ((n = recvmsg(link, &header, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return n;
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof *fd);
	message->text[sizeof message->text - 1] = 0;
	return n;
}
