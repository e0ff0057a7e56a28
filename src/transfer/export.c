// SPDX-License-Identifier: MIT
#include "auth/transfer/export.h"

#include "auth/json/fields.h"
#include "auth/store/account_repo.h"
#include "auth/store/transfer_repo.h"

#define RECORD_FIRST_BYTES 512u
#define RECORD_BYTES_MAX   65536u

/* An account as import's "auth" format reads it. */
struct exported {
    struct id id;
    struct str external_id;
    struct str email;
    bool email_verified;
    struct str name;
    struct str locale;
    struct str password_hash;
    struct str status;
    bool requires_mfa;
    struct str claims;
    struct str roles;
    struct str groups;
    int64_t created_at_ms;
};

#define MEMBER(member_name, kind, member)                                                  \
    {                                                                                      \
        .name = (member_name), .type = (kind), .offset = offsetof(struct exported, member) \
    }
static const struct field ROWS[] = {
    MEMBER("id", FIELD_ID, id),
    MEMBER("external_id", FIELD_STRING, external_id),
    MEMBER("email", FIELD_STRING, email),
    MEMBER("email_verified", FIELD_BOOLEAN, email_verified),
    MEMBER("name", FIELD_STRING, name),
    MEMBER("locale", FIELD_STRING, locale),
    MEMBER("password_hash", FIELD_STRING, password_hash),
    MEMBER("status", FIELD_STRING, status),
    MEMBER("requires_mfa", FIELD_BOOLEAN, requires_mfa),
    MEMBER("claims", FIELD_RAW, claims),
    MEMBER("roles", FIELD_RAW, roles),
    MEMBER("groups", FIELD_RAW, groups),
    MEMBER("created_at", FIELD_TIME, created_at_ms),
};
const struct fields export_record_fields = FIELDS(ROWS, struct exported, "ExportedAccount");

static result print(struct task *task, const struct transfer_account *account, bool with_hashes,
                    struct str *ret_record)
{
    const struct exported exported = {
        .id = account->id,
        .external_id = account->external_id,
        .email = account->email,
        .email_verified = account->is_email_verified,
        .name = account->name,
        .locale = account->locale,
        .password_hash = with_hashes ? account->password_hash : STR_NONE,
        .status = str_from(account_status_name(account->status)),
        .requires_mfa = account->requires_mfa,
        .claims = account->claims,
        .roles = account->roles,
        .groups = account->groups,
        .created_at_ms = account->created_at_ms,
    };
    struct strbuf text;
    strbuf_init(&text, task->arena, RECORD_FIRST_BYTES, RECORD_BYTES_MAX);
    fields_write_json(&export_record_fields, &exported, &text);
    return strbuf_finish(&text, ret_record);
}

result export_page(struct service *service, struct task *task, struct id after, bool with_hashes,
                   struct export_page *ret_page)
{
    struct transfer_list list;
    TRY(transfer_page(service->db, task, after, EXPORT_PAGE_MAX, &list));
    struct str *records = arena_alloc_array(task->arena, list.count + 1, sizeof *records);
    for (size_t i = 0; i < list.count; i++) TRY(print(task, &list.items[i], with_hashes, &records[i]));
    *ret_page = (struct export_page){.records = records, .count = list.count};
    if (list.count == EXPORT_PAGE_MAX) ret_page->last = list.items[list.count - 1].id;
    return RESULT_OK;
}
