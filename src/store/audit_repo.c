// SPDX-License-Identifier: MIT
#include "auth/store/audit_repo.h"

#include "auth/store/statements.h"

static const char *const TYPE_NAMES[AUDIT_TYPE_COUNT] = {
#define AUDIT_TYPE(name, text) [AUDIT_##name] = (text),
#include "auth/model/audit_types.def"
#undef AUDIT_TYPE
};

result audit_event_insert(struct db *db, struct task *task, const struct audit_event *event)
{
    const struct id id = id_new(task->now_ms);
    const struct db_value arguments[] = {
        db_id(&id),
        db_int(task->now_ms),
        db_text(str_from(TYPE_NAMES[event->type])),
        db_id_or_null(&event->account_id),
        db_id_or_null(&event->session_id),
        db_text_or_null(event->client_id),
        db_text_or_null(event->client_address),
        db_text_or_null(task->id),
        db_text_or_null(str_from(event->detail)),
        db_text_or_null(event->actor),
        db_text_or_null(event->subject),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_audit_event_insert, arguments, &rows);
}
