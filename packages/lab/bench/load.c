/*
 * A closed-loop load generator: each of N connections sends one message, waits for its whole reply,
 * and only then sends the next. One thread, epoll.
 *
 *   load <ip> <port> echo|arithmetic <connections> <seconds>
 *
 * Every reply is compared with the right one; a wrong byte, a lost connection or ten seconds of
 * silence end the run with exit code 1. The clock starts when all connections have had their first
 * reply and three seconds of warm-up are over: a young JavaScript
 * thread is two to three times slower, and that is not what is compared here. Then it prints `measuring`, and at the end one line of
 * JSON: requests per second and latencies in microseconds.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 48, READY_MAX = 256, SILENCE_MS = 10000, WARM_UP_MS = 3000 };

/* Latencies are counted in whole microseconds; what takes longer than a second counts as one. */
enum { LATENCY_MAX_US = 1000 * 1000 };
static uint32_t latencies[LATENCY_MAX_US + 1];

struct connection {
  int fd;
  int answered; /* at least once */
  char message[MESSAGE_MAX];
  char reply[MESSAGE_MAX];
  size_t length;   /* of the reply */
  size_t received; /* of it so far */
  int64_t sent_at; /* ns */
};

static void fail(const char *what) {
  fprintf(stderr, "load: %s%s%s\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void send_message(struct connection *c) {
  size_t length = strlen(c->message);
  c->received = 0;
  c->sent_at = now_ns();
  if (send(c->fd, c->message, length, MSG_NOSIGNAL) != (ssize_t)length) fail("send");
}

/* Takes what has arrived; 1 when the reply is complete. */
static int reply_is_complete(struct connection *c) {
  char bytes[MESSAGE_MAX];
  ssize_t got = recv(c->fd, bytes, sizeof bytes, 0);
  if (got < 0) fail("recv");
  errno = 0;
  if (got == 0) fail("the server closed a connection");
  if (c->received + (size_t)got > c->length || memcmp(bytes, c->reply + c->received, (size_t)got)) {
    fprintf(stderr, "load: sent %sload: and got %.*s\n", c->message, (int)got, bytes);
    fail("wrong reply");
  }
  c->received += (size_t)got;
  return c->received == c->length;
}

static uint32_t percentile(double share, uint64_t count) {
  uint64_t seen = 0;
  for (uint32_t us = 0; us < LATENCY_MAX_US; us++)
    if ((seen += latencies[us]) >= share * count) return us;
  return LATENCY_MAX_US;
}

int main(int argc, char **argv) {
  if (argc != 6) fail("usage: load <ip> <port> echo|arithmetic <connections> <seconds>");
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) fail("not an IPv4 address");
  int is_echo = strcmp(argv[3], "echo") == 0;
  int count = atoi(argv[4]);
  double seconds = atof(argv[5]);

  struct connection *connections = calloc((size_t)count, sizeof *connections);
  int epoll = epoll_create1(0);
  if (!connections || epoll < 0) fail("set-up");
  for (int i = 0; i < count; i++) {
    struct connection *c = &connections[i];
    /* To echo, 32 bytes of its own for each, so that bytes sent to a wrong client are noticed. */
    snprintf(c->message, sizeof c->message, is_echo ? "client %7d: a 32-byte line!\n" : "22 + 44\n", i);
    strcpy(c->reply, is_echo ? c->message : "66\n");
    c->length = strlen(c->reply);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0) fail("socket");
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) < 0) fail("connect");
    if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)) < 0) fail("TCP_NODELAY");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0) fail("epoll_ctl");
  }
  for (int i = 0; i < count; i++) send_message(&connections[i]);

  int unanswered = count;
  int64_t from = INT64_MAX, until = INT64_MAX;
  uint64_t requests = 0;
  int measuring = 0;
  for (;;) {
    struct epoll_event events[READY_MAX];
    errno = 0;
    int ready = epoll_wait(epoll, events, READY_MAX, SILENCE_MS);
    if (ready <= 0) fail(ready == 0 ? "the server is silent" : "epoll_wait");
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (!reply_is_complete(c)) continue;
      int64_t now = now_ns();
      if (!c->answered) {
        c->answered = 1;
        if (--unanswered == 0) from = now + WARM_UP_MS * 1000LL * 1000;
      }
      if (now >= until) goto done;
      if (!measuring && now >= from) {
        measuring = 1;
        until = now + (int64_t)(seconds * 1e9);
        from = now;
        puts("measuring");
        fflush(stdout);
      } else if (measuring) {
        int64_t us = (now - c->sent_at) / 1000;
        latencies[us < LATENCY_MAX_US ? us : LATENCY_MAX_US]++;
        requests++;
      }
      send_message(c);
    }
  }
done:
  printf("{\"requestsPerSecond\": %.0f, \"p50\": %u, \"p99\": %u, \"requests\": %llu}\n",
         requests / ((double)(until - from) / 1e9), percentile(0.5, requests),
         percentile(0.99, requests), (unsigned long long)requests);
}
