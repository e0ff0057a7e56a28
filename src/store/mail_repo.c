// SPDX-License-Identifier: MIT
#include "auth/store/mail_repo.h"

#include "auth/store/statements.h"

result mail_insert(struct db *db, struct task *task, const struct mail_record *mail)
{
    const struct db_value arguments[] = {
        db_id(&mail->id),
        db_text(mail->kind),
        db_text(mail->recipient),
        db_bytes(mail->sealed_content.ptr, mail->sealed_content.len),
        db_id_or_null(&mail->account_id),
        db_int(task->now_ms),
    };
    struct db_rows rows;
    return db_run(db, task, &statement_mail_insert, arguments, &rows);
}
