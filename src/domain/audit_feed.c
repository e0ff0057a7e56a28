// SPDX-License-Identifier: MIT
#include "auth/domain/audit_feed.h"

#include "auth/store/audit_repo.h"

result audit_feed_join(struct service *service, struct task *task, struct audit_listener *listener)
{
    struct audit_feed *feed = &service->feed;
    if (feed->count >= service->policy->event_streams_max)
        FAIL(&task->fault, OVERLOADED, "%lld event streams are open", (long long)feed->count);
    listener->previous = NULL;
    listener->next = feed->listeners;
    if (listener->next) listener->next->previous = listener;
    feed->listeners = listener;
    feed->count++;
    return RESULT_OK;
}

void audit_feed_leave(struct service *service, struct audit_listener *listener)
{
    struct audit_feed *feed = &service->feed;
    if (listener->next) listener->next->previous = listener->previous;
    if (listener->previous) listener->previous->next = listener->next;
    if (feed->listeners == listener) feed->listeners = listener->next;
    feed->count--;
}

result audit_feed_end(struct service *service, struct task *task, int64_t *ret_seq)
{
    struct audit_feed *feed = &service->feed;
    const int64_t now_ms = clock_monotonic_ms();
    struct audit_chain chain;
    if (feed->asked_at_ms == 0 || now_ms - feed->asked_at_ms >= AUDIT_FEED_POLL_MS) {
        /* Before the wait: others who come meanwhile do not ask again. */
        feed->asked_at_ms = now_ms;
        TRY(audit_chain_find(service->db, task, &chain));
        if (chain.end.seq > feed->seq) feed->seq = chain.end.seq;
    }
    *ret_seq = feed->seq;
    return RESULT_OK;
}

void audit_feed_tell(struct service *service, int64_t seq)
{
    struct audit_feed *feed = &service->feed;
    if (seq > feed->seq) feed->seq = seq;
    for (struct audit_listener *listener = feed->listeners; listener; listener = listener->next)
        listener->notify(listener);
}
