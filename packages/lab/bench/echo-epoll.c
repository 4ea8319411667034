/*
 * What server 4 is measured against: a textbook echo server with epoll(7), level-triggered, in one
 * thread. A client with bytes that it has not taken yet is not read until it has.
 *
 * Prints its port.
 */

#define _GNU_SOURCE /* accept4 */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 511, READY_MAX = 256, BUFFER = 64 * 1024 };

struct client {
  int fd;
  char *pending; /* what it has not taken yet */
  size_t from, to;
};

static int epoll;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int operation, struct client *client, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = client};
  if (epoll_ctl(epoll, operation, client->fd, &event) < 0) fail("epoll_ctl");
}

static void end(struct client *client) {
  close(client->fd);
  free(client->pending);
  free(client);
}

/* Sends what fits; returns how much, or -1 when the client is gone. */
static ssize_t send_some(int fd, const char *bytes, size_t length) {
  ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
  return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static void echo(struct client *client) {
  static char bytes[BUFFER];
  ssize_t got = recv(client->fd, bytes, sizeof bytes, 0);
  if (got < 0 && errno == EAGAIN) return;
  ssize_t sent = got > 0 ? send_some(client->fd, bytes, (size_t)got) : -1;
  if (sent < 0) return end(client);
  if (sent == got) return;
  if (!client->pending && !(client->pending = malloc(BUFFER))) fail("malloc");
  client->from = 0;
  client->to = (size_t)(got - sent);
  memcpy(client->pending, bytes + sent, client->to);
  watch(EPOLL_CTL_MOD, client, EPOLLOUT);
}

static void send_pending(struct client *client) {
  ssize_t sent = send_some(client->fd, client->pending + client->from, client->to - client->from);
  if (sent < 0) return end(client);
  client->from += (size_t)sent;
  if (client->from == client->to) watch(EPOLL_CTL_MOD, client, EPOLLIN);
}

int main(void) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof at;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (listener < 0) fail("socket");
  if (setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0) fail("setsockopt");
  if (bind(listener, (struct sockaddr *)&at, length) < 0) fail("bind");
  if (listen(listener, BACKLOG) < 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&at, &length) < 0) fail("getsockname");
  epoll = epoll_create1(0);
  if (epoll < 0) fail("epoll_create1");
  watch(EPOLL_CTL_ADD, &(struct client){.fd = listener}, EPOLLIN);
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);

  for (;;) {
    struct epoll_event events[READY_MAX];
    int ready = epoll_wait(epoll, events, READY_MAX, -1);
    if (ready < 0) fail("epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct client *client = events[i].data.ptr;
      if (client->fd != listener) {
        if (events[i].events & EPOLLOUT) send_pending(client);
        else echo(client);
        continue;
      }
      int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK); /* inherits TCP_NODELAY */
      if (fd < 0) continue;
      struct client *newcomer = calloc(1, sizeof *newcomer);
      if (!newcomer) fail("calloc");
      newcomer->fd = fd;
      watch(EPOLL_CTL_ADD, newcomer, EPOLLIN);
    }
  }
}
