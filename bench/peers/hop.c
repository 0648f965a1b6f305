/* How late 660 bytes come to each of N connections of another process, sent one after another every 20 ms by
 * a bare loop: the floor of any fan-out's latency on a machine. usage: hop N FRAMES */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 17055, SIZE = 660 };

static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void receive(struct sockaddr_in to, int n, long frames) {
  int ep = epoll_create1(0);
  for (int i = 0; i < n; i++) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s, (void *)&to, sizeof to)) perror("connect"), exit(1);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = s};
    epoll_ctl(ep, EPOLL_CTL_ADD, s, &e);
  }
  double *late = malloc(sizeof *late * n * frames), sent;
  char buf[SIZE];
  struct epoll_event ev[256];
  long k = 0;
  for (int m; k < n * frames && (m = epoll_wait(ep, ev, 256, 2000)) > 0;)
    for (int i = 0; i < m; i++)
      if (recv(ev[i].data.fd, buf, SIZE, MSG_WAITALL) == SIZE) {
        memcpy(&sent, buf, sizeof sent);
        late[k++] = now_ms() - sent;
      }
  qsort(late, k, sizeof *late, by_value);
  printf("%d connections: p50 %.3f, p99 %.3f, p99.9 %.3f, max %.3f ms\n", n, late[k / 2], late[k * 99 / 100],
         late[k * 999 / 1000], late[k - 1]);
}

int main(int argc, char **argv) {
  if (argc != 3) return fprintf(stderr, "usage: hop N FRAMES\n"), 2;
  int n = atoi(argv[1]), one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), *fd = malloc(n * sizeof *fd);
  long frames = atol(argv[2]);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(listener, (void *)&a, sizeof a) || listen(listener, 4096)) return perror("listen"), 1;
  if (fork() == 0) return close(listener), receive(a, n, frames), 0;
  for (int i = 0; i < n; i++) {
    fd[i] = accept(listener, 0, 0);
    setsockopt(fd[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  }
  char frame[SIZE] = {0};
  for (long k = 0; k < frames; k++) {
    usleep(20000);
    double sent = now_ms();
    memcpy(frame, &sent, sizeof sent);
    for (int i = 0; i < n; i++) send(fd[i], frame, SIZE, MSG_NOSIGNAL);
  }
  wait(NULL);
  return 0;
}
