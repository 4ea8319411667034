/*
 * What server 4 is measured against: a textbook echo server with select(2) in one thread (Stevens, UNIX
 * Network Programming, vol. 1, section 6.8). A client with bytes that it has not taken yet is not
 * read until it has.
 *
 * Prints its port. It ends when a descriptor does not fit into an fd_set.
 */

#define _GNU_SOURCE /* accept4 */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 511, BUFFER = 64 * 1024 };

struct client {
  char *pending; /* what it has not taken yet */
  size_t from, to;
};

static struct client clients[FD_SETSIZE];
static fd_set reading, writing;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void end(int fd) {
  FD_CLR(fd, &reading);
  FD_CLR(fd, &writing);
  free(clients[fd].pending);
  clients[fd].pending = NULL;
  close(fd);
}

/* Sends what fits; returns how much, or -1 when the client is gone. */
static ssize_t send_some(int fd, const char *bytes, size_t length) {
  ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
  return sent < 0 && errno == EAGAIN ? 0 : sent;
}

static void echo(int fd) {
  static char bytes[BUFFER];
  struct client *client = &clients[fd];
  ssize_t got = recv(fd, bytes, sizeof bytes, 0);
  if (got < 0 && errno == EAGAIN) return;
  ssize_t sent = got > 0 ? send_some(fd, bytes, (size_t)got) : -1;
  if (sent < 0) {
    end(fd);
    return;
  }
  if (sent == got) return;
  if (!client->pending && !(client->pending = malloc(BUFFER))) fail("malloc");
  client->from = 0;
  client->to = (size_t)(got - sent);
  memcpy(client->pending, bytes + sent, client->to);
  FD_CLR(fd, &reading);
  FD_SET(fd, &writing);
}

static void send_pending(int fd) {
  struct client *client = &clients[fd];
  ssize_t sent = send_some(fd, client->pending + client->from, client->to - client->from);
  if (sent < 0) {
    end(fd);
    return;
  }
  client->from += (size_t)sent;
  if (client->from < client->to) return;
  FD_CLR(fd, &writing);
  FD_SET(fd, &reading);
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
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);

  FD_SET(listener, &reading);
  int highest = listener;
  for (;;) {
    fd_set readable = reading, writable = writing;
    if (select(highest + 1, &readable, &writable, NULL, NULL) < 0) fail("select");
    int last = highest;
    for (int fd = 0; fd <= last; fd++) {
      if (FD_ISSET(fd, &writable)) send_pending(fd);
      if (!FD_ISSET(fd, &readable)) continue;
      if (fd != listener) {
        echo(fd);
        continue;
      }
      int newcomer = accept4(listener, NULL, NULL, SOCK_NONBLOCK); /* inherits TCP_NODELAY */
      if (newcomer < 0) continue;
      if (newcomer >= FD_SETSIZE) fail("more descriptors than an fd_set holds");
      FD_SET(newcomer, &reading);
      if (newcomer > highest) highest = newcomer;
    }
  }
}
