// SPDX-License-Identifier: MIT
#include "auth/loop/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void watched_set(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    sigaddset(ret_set, SIGHUP);
}

result signals_block(void)
{
    sigset_t set;
    watched_set(&set);
    REQUIRE(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0, INTERNAL);
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    REQUIRE(sigaction(SIGPIPE, &ignore, NULL) == 0, INTERNAL);
    /* A limit of file size is then an error of the write that meets it, as a full disk is. */
    REQUIRE(sigaction(SIGXFSZ, &ignore, NULL) == 0, INTERNAL);
    return RESULT_OK;
}

/* One signal a call: level-triggered, so the loop calls again while there are more, and the callback may
 * unwatch. */
static void read_signal(struct watch *watch, uint32_t epoll_events)
{
    (void)epoll_events;
    struct signals *signals = CONTAINER_OF(watch, struct signals, watch);
    struct signalfd_siginfo info;
    if (read(watch->fd, &info, sizeof info) != (ssize_t)sizeof info) return;
    signals->received(signals, (int)info.ssi_signo);
}

result signals_watch(struct loop *loop, struct signals *signals)
{
    sigset_t set;
    watched_set(&set);
    const int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    REQUIRE(fd >= 0, INTERNAL);
    signals->watch = (struct watch){.fd = fd, .priority = LOOP_FIRST, .ready = read_signal};
    const result watched = loop_watch(loop, &signals->watch, EPOLLIN);
    if (!is_ok(watched)) close(fd);
    return watched;
}

void signals_unwatch(struct signals *signals)
{
    if (signals->watch.loop == NULL) return;
    loop_unwatch(&signals->watch);
    close(signals->watch.fd);
}
