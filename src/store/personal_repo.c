// SPDX-License-Identifier: MIT
#include "auth/store/personal_repo.h"

#include "auth/store/statements.h"

const struct personal_section personal_sections[] = {
    {"sessions", &statement_personal_sessions, true},
    {"factors", &statement_personal_factors, false},
    {"recovery_codes", &statement_personal_recovery_codes, false},
    {"known_devices", &statement_personal_devices, false},
    {"roles", &statement_personal_roles, false},
    {"groups", &statement_personal_groups, false},
    {"api_keys", &statement_personal_api_keys, false},
    {"invitations", &statement_personal_invitations, false},
    {"codes", &statement_personal_codes, true},
    {"mails", &statement_personal_mails, true},
    {"events", &statement_personal_events, true},
};
const size_t personal_section_count = ARRAY_COUNT(personal_sections);

result personal_account_read(struct db *db, struct task *task, struct id account_id, struct db_rows *ret_rows)
{
    const struct db_value arguments[] = {db_id(&account_id)};
    TRY(db_run(db, task, &statement_personal_account, arguments, ret_rows));
    REQUIRE(ret_rows->count == 1, NOT_FOUND);
    return RESULT_OK;
}

result personal_page_read(struct db *db, struct task *task, const struct personal_page *page,
                          struct db_rows *ret_rows)
{
    const struct db_value arguments[] = {db_id(&page->account_id), db_id(&page->before), db_int(page->count)};
    return db_run(db, task, page->section->statement, arguments, ret_rows);
}

result personal_forget(struct db *db, struct task *task, struct id account_id, struct str email_key)
{
    const struct db_value by_id[] = {db_id(&account_id)};
    const struct db_value by_address[] = {db_text(email_key)};
    struct db_rows rows;
    TRY(db_run(db, task, &statement_personal_forget_addresses, by_id, &rows));
    return db_run(db, task, &statement_personal_forget_invitations, by_address, &rows);
}
