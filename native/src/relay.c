/*
 * Relay of TCP connections across the network namespace: services of the host answer inside, published
 * ports of the sandbox (the inspector's) answer outside. Two one-way flows per connection,
 * each with its own buffer: a full buffer stops reading (back-pressure), an end of one flow is passed
 * on as a half-close, the pair goes when both flows have ended.
 */
#include "netns.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_BYTES 65536
#define EVENTS_AT_ONCE 64

struct flow {
	char *buffer;
	size_t start, end;
	bool closed; /* the source has ended */
	bool finished; /* and that was passed on */
};

struct pair;

/* What epoll gives back: a listening socket or one side of a pair. */
struct side {
	struct pair *pair; /* NULL: a listener */
	int fd;
	uint32_t interest;
	struct sockaddr_storage outside;
	unsigned outside_length;
	int group; /* goes with the network namespace for which it was made */
	int port; /* of a published port: the connection is made inside, by PID 1 */
	struct side *next;
};

/* Accepted on the host, waiting for PID 1 to send the other side. */
struct waiting {
	int fd;
	struct waiting *next;
};

struct pair {
	struct side sides[2]; /* accepted, connected */
	struct flow flows[2]; /* flows[i] is read from sides[i] */
	bool connecting;
	struct pair *next_dead;
	bool dead;
};

struct relay {
	int epoll;
	int link;
	struct waiting *first, **last;
	struct side *listeners;
	struct pair *dead; /* freed when no event of this round can name them any more */
	bool resting; /* a listener waits for descriptors to come free */
};

struct relay *relay_new(int link)
{
	struct relay *relay = calloc(1, sizeof *relay);
	if (!relay)
		return NULL;
	relay->link = link;
	relay->last = &relay->first;
	if ( (relay->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) {
		free(relay);
		return NULL;
	}
	return relay;
}

int relay_fd(const struct relay *relay)
{
	return relay->epoll;
}

static int watch(struct relay *relay, struct side *side, uint32_t interest)
{
	struct epoll_event event = { .events = interest, .data.ptr = side };
	int operation = side->interest ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
	if (side->interest == interest)
		return 0;
	if (!interest)
		operation = EPOLL_CTL_DEL; /* a hang-up would be reported even without interest */
	side->interest = interest;
	return epoll_ctl(relay->epoll, operation, side->fd, &event);
}

static int add_listener(struct relay *relay, struct side *side)
{
	side->next = relay->listeners;
	relay->listeners = side;
	return watch(relay, side, EPOLLIN);
}

/* The three that add take the descriptor, also when they fail. */
int relay_add_service(struct relay *relay, int fd, const char *outside, int group)
{
	struct side *side = calloc(1, sizeof *side);
	if (!side || parse_endpoint(outside, &side->outside, &side->outside_length)) {
		free(side);
		close(fd);
		return -1;
	}
	side->fd = fd;
	side->group = group;
	return add_listener(relay, side);
}

/* A listening socket keeps its network namespace alive. */
void relay_drop_group(struct relay *relay, int group)
{
	for (struct side **at = &relay->listeners; *at;) {
		struct side *side = *at;
		if (side->group != group) {
			at = &side->next;
			continue;
		}
		*at = side->next;
		close(side->fd);
		free(side);
	}
}

int relay_add_published(struct relay *relay, int fd, int port)
{
	struct side *side = calloc(1, sizeof *side);
	if (!side) {
		close(fd);
		return -1;
	}
	side->fd = fd;
	side->port = port;
	return add_listener(relay, side);
}

static void destroy(struct relay *relay, struct pair *pair, bool reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };
	if (pair->dead)
		return;
	for (int i = 0; i < 2; i++) {
		if (reset) /* the peer sees ECONNRESET, not an orderly end */
			setsockopt(pair->sides[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		close(pair->sides[i].fd);
	}
	pair->dead = true;
	pair->next_dead = relay->dead;
	relay->dead = pair;
}

static bool fill(struct flow *flow, int fd)
{
	while (!flow->closed && flow->end < BUFFER_BYTES) {
		ssize_t n = recv(fd, flow->buffer + flow->end, BUFFER_BYTES - flow->end, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			flow->closed = true;
		flow->end += (size_t)n;
	}
	return true;
}

static bool drain(struct flow *flow, int fd)
{
	while (flow->start < flow->end) {
		ssize_t n = send(fd, flow->buffer + flow->start, flow->end - flow->start,
		                 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		flow->start += (size_t)n;
	}
	flow->start = flow->end = 0;
	if (flow->closed && !flow->finished) {
		flow->finished = true;
		shutdown(fd, SHUT_WR);
	}
	return true;
}

static uint32_t interest_of(const struct pair *pair, int i)
{
	const struct flow *out_of = &pair->flows[i], *into = &pair->flows[1 - i];
	uint32_t interest = 0;
	if (pair->connecting)
		return i == 1 ? EPOLLOUT : 0;
	if (!out_of->closed && out_of->end < BUFFER_BYTES)
		interest |= EPOLLIN;
	if (into->start < into->end)
		interest |= EPOLLOUT;
	return interest;
}

/* Moves what can be moved in both directions; false: a side failed. */
static bool pump(struct pair *pair)
{
	for (int i = 0; i < 2; i++)
		if (!fill(&pair->flows[i], pair->sides[i].fd) ||
		    !drain(&pair->flows[i], pair->sides[1 - i].fd))
			return false;
	return true;
}

static bool connected(struct pair *pair)
{
	int error = 0;
	socklen_t length = sizeof error;
	getsockopt(pair->sides[1].fd, SOL_SOCKET, SO_ERROR, &error, &length);
	pair->connecting = false;
	return !error;
}

static void serve_pair(struct relay *relay, struct pair *pair)
{
	if (pair->dead)
		return;
	if ((pair->connecting && !connected(pair)) || !pump(pair)) {
		destroy(relay, pair, true);
		return;
	}
	if (pair->flows[0].finished && pair->flows[1].finished) {
		destroy(relay, pair, false);
		return;
	}
	for (int i = 0; i < 2; i++)
		watch(relay, &pair->sides[i], interest_of(pair, i));
}

static struct pair *new_pair(int inside, int outside)
{
	struct pair *pair = calloc(1, sizeof *pair + 2 * BUFFER_BYTES);
	const int on = 1;
	if (!pair)
		return NULL;
	char *buffers = (char *)(pair + 1);
	const int fds[] = { inside, outside };
	for (int i = 0; i < 2; i++) {
		pair->sides[i] = (struct side){ .pair = pair, .fd = fds[i] };
		pair->flows[i].buffer = buffers + i * BUFFER_BYTES;
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	}
	pair->connecting = true;
	return pair;
}

static void ask_for_inside(struct relay *relay, int accepted, int port)
{
	struct waiting *waiting = malloc(sizeof *waiting);
	if (!waiting || link_send(relay->link, MSG_CONNECT, port, NULL, -1)) {
		free(waiting);
		close(accepted);
		return;
	}
	*waiting = (struct waiting){ .fd = accepted };
	*relay->last = waiting;
	relay->last = &waiting->next;
}

/* PID 1's answer to the oldest request; fd is -1 where nothing listens inside. */
void relay_add_inside(struct relay *relay, int fd)
{
	struct waiting *waiting = relay->first;
	if (!waiting) {
		if (fd >= 0)
			close(fd);
		return;
	}
	relay->first = waiting->next;
	if (!relay->first)
		relay->last = &relay->first;
	struct pair *pair = fd < 0 ? NULL : new_pair(waiting->fd, fd);
	if (pair) {
		watch(relay, &pair->sides[1], EPOLLOUT);
	} else {
		close(waiting->fd);
		if (fd >= 0)
			close(fd);
	}
	free(waiting);
}

static void connect_pair(struct relay *relay, const struct side *listener, int inside, int outside)
{
	const struct sockaddr *address = (const void *)&listener->outside;
	struct pair *pair = new_pair(inside, outside);
	if (!pair) {
		close(inside);
		close(outside);
		return;
	}
	if (connect(outside, address, listener->outside_length) && errno != EINPROGRESS)
		destroy(relay, pair, true);
	else
		watch(relay, &pair->sides[1], EPOLLOUT);
}

/* One connection, both of its descriptors had before it is accepted; false: none is waiting, or there is no room. */
static bool accept_one(struct relay *relay, const struct side *listener)
{
	int outside = -1;
	if (!listener->port &&
	    (outside = socket(listener->outside.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) < 0)
		return false;
	int inside = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (inside < 0) {
		int error = errno;
		if (outside >= 0)
			close(outside);
		errno = error;
		return false;
	}
	if (listener->port)
		ask_for_inside(relay, inside, listener->port);
	else
		connect_pair(relay, listener, inside, outside);
	return true;
}

/* Without a free descriptor the connections stay in the backlog; epoll would report them again and again. */
static void accept_all(struct relay *relay, struct side *listener)
{
	while (accept_one(relay, listener))
		;
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		relay->resting = true;
		watch(relay, listener, 0);
	}
}

static void wake_listeners(struct relay *relay)
{
	if (!relay->resting)
		return;
	relay->resting = false;
	for (struct side *side = relay->listeners; side; side = side->next)
		watch(relay, side, EPOLLIN);
}

static void free_dead(struct relay *relay)
{
	if (relay->dead)
		wake_listeners(relay);
	while (relay->dead) {
		struct pair *pair = relay->dead;
		relay->dead = pair->next_dead;
		free(pair);
	}
}

void relay_serve(struct relay *relay)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int n = epoll_wait(relay->epoll, events, EVENTS_AT_ONCE, 0);
	for (int i = 0; i < n; i++) {
		struct side *side = events[i].data.ptr;
		if (side->pair)
			serve_pair(relay, side->pair);
		else
			accept_all(relay, side);
	}
	free_dead(relay);
}

void relay_close(struct relay *relay)
{
	while (relay->first)
		relay_add_inside(relay, -1);
	while (relay->listeners) {
		struct side *side = relay->listeners;
		relay->listeners = side->next;
		close(side->fd);
		free(side);
	}
	close(relay->epoll);
	free(relay);
}
