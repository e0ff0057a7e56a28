// SPDX-License-Identifier: MIT
#include "auth/domain/audit.h"

#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/digest.h"
#include "auth/domain/audit_chain.h"
#include "auth/store/audit_repo.h"
#include "auth/store/idempotency_repo.h"

#define TEXT_BYTES_MAX   256u
#define EVENT_BYTES_MAX  8192u
#define YEAR_10000_MS    INT64_C(253402300800000)
#define DELETE_CHARACTER 0x7f
#define C1_END           0xa0 /* the second set of control characters ends before it */

/* --- the form of an event ----------------------------------------------------------------------------------------- */

#define EVENT_TEXT(member, text)                                                              \
    {                                                                                         \
        .name = #member, .type = FIELD_STRING, .offset = offsetof(struct audit_view, member), \
        .description = (text)                                                                 \
    }
#define EVENT_ID(member, text)                                                            \
    {                                                                                     \
        .name = #member, .type = FIELD_ID, .offset = offsetof(struct audit_view, member), \
        .description = (text)                                                             \
    }

/* In the order of their names, as RFC 8785 §3.2.3 has it. */
static const struct field EVENT_ROWS[] = {
    EVENT_ID(account_id, "Whose account"),
    EVENT_TEXT(actor,
               "Who did it, when not the account itself: account:, client: or key: and its id, or a command"),
    EVENT_TEXT(address_digest, "Stands for client_address in the chain: a keyed hash, base64url"),
    {.name = "at", .type = FIELD_TIME, .flags = FIELD_REQUIRED, .offset = offsetof(struct audit_view, at_ms)},
    EVENT_TEXT(chain_hash, "SHA-256 of the hash before and this event, base64url"),
    EVENT_TEXT(client_address, "Where it came from; forgotten after AUTH_AUDIT_ADDRESS_DAYS"),
    EVENT_TEXT(client_id, "The OAuth client"),
    EVENT_TEXT(detail, "More about it"),
    {.name = "id", .type = FIELD_ID, .flags = FIELD_REQUIRED, .offset = offsetof(struct audit_view, id)},
    EVENT_TEXT(request_id, "The request it happened in, as in the log, or the command or job"),
    {.name = "seq",
     .type = FIELD_INTEGER,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct audit_view, seq),
     .description = "Its place in the chain, counted from 1 without a gap"},
    EVENT_ID(session_id, "In which session"),
    EVENT_TEXT(subject, "What it was done to, when not an account: its kind, a colon, its id or name"),
    {.name = "type",
     .type = FIELD_STRING,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct audit_view, type),
     .example = "\"login.succeeded\""},
};
const struct fields audit_event_fields = FIELDS(EVENT_ROWS, struct audit_view, "AuditEvent");

static struct str base64url_or_none(struct arena *arena, struct str bytes)
{
    return is_empty(bytes) ? STR_NONE : base64url_print(arena, bytes.ptr, bytes.len);
}

struct audit_view audit_view_of(struct arena *arena, const struct audit_record *record)
{
    return (struct audit_view){
        .account_id = record->account_id,
        .actor = record->actor,
        .address_digest = base64url_or_none(arena, record->address_digest),
        .at_ms = record->at_ms,
        .chain_hash = base64url_or_none(arena, record->chain_hash),
        .client_address = record->client_address,
        .client_id = record->client_id,
        .detail = record->detail,
        .id = record->id,
        .request_id = record->request_id,
        .seq = record->seq,
        .session_id = record->session_id,
        .subject = record->subject,
        .type = record->type,
    };
}

void audit_record_hash(struct arena *arena, const struct audit_record *record, int64_t seq,
                       const unsigned char previous[AUDIT_HASH_BYTES],
                       unsigned char ret_hash[AUDIT_HASH_BYTES])
{
    struct audit_view view = audit_view_of(arena, record);
    struct strbuf text;
    view.seq = seq;
    view.chain_hash = STR_NONE;
    view.client_address = STR_NONE;
    strbuf_init(&text, arena, 512, EVENT_BYTES_MAX);
    strbuf_add(&text, (struct str){(const char *)previous, AUDIT_HASH_BYTES});
    fields_write_json(&audit_event_fields, &view, &text);
    sha256(strbuf_str(&text), ret_hash);
}

/* --- texts -------------------------------------------------------------------------------------------------------- */

static bool is_control(uint32_t code_point)
{
    return code_point < ' ' || (code_point >= DELETE_CHARACTER && code_point < C1_END);
}

/* Length of the acceptable character that `text` begins with, or 0. */
static size_t character_len(struct str text)
{
    uint32_t code_point;
    const size_t len = utf8_next(text, &code_point);
    return len > 0 && !is_control(code_point) ? len : 0;
}

static bool is_clean(struct str text)
{
    while (!is_empty(text)) {
        const size_t len = character_len(text);
        if (len == 0) return false;
        text = str_from_offset(text, len);
    }
    return true;
}

/* Never longer than the original, and never cut within a character. */
static struct str cleaned(struct arena *arena, struct str text)
{
    if (text.len <= TEXT_BYTES_MAX && is_clean(text)) return text;
    char *copy = arena_alloc(arena, TEXT_BYTES_MAX + 1);
    size_t len = 0;
    while (!is_empty(text)) {
        const size_t good = character_len(text);
        if (len + (good > 0 ? good : 1) > TEXT_BYTES_MAX) break;
        if (good > 0)
            memcpy(copy + len, text.ptr, good);
        else
            copy[len] = '?';
        len += good > 0 ? good : 1;
        text = str_from_offset(text, good > 0 ? good : 1);
    }
    return (struct str){copy, len};
}

static bool is_text_sound(struct str text)
{
    return !text.ptr || (text.len > 0 && is_clean(text));
}

bool is_audit_record_sound(const struct audit_record *record)
{
    const struct str texts[] = {record->client_id, record->client_address, record->request_id,
                                record->detail,    record->actor,          record->subject};
    if (record->at_ms < 0 || record->at_ms >= YEAR_10000_MS) return false;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (!is_text_sound(texts[i])) return false;
    return !is_empty(record->type) && is_clean(record->type);
}

/* --- addresses ---------------------------------------------------------------------------------------------------- */

static void address_digest(const struct service *service, const struct id *id, struct str address,
                           unsigned char ret_digest[SHA256_BYTES])
{
    const struct str parts[] = {{(const char *)id->bytes, sizeof id->bytes}, address};
    hmac_sha256(&service->secrets->audit_address_key, parts, ARRAY_COUNT(parts), ret_digest);
}

bool is_audit_address_right(const struct service *service, const struct audit_record *record)
{
    unsigned char digest[SHA256_BYTES];
    if (!record->client_address.ptr) return true;
    address_digest(service, &record->id, record->client_address, digest);
    return record->address_digest.len == sizeof digest &&
           bytes_equal(record->address_digest.ptr, digest, sizeof digest);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

result audit_note(struct service *service, struct db *db, struct task *task, const struct audit_event *event)
{
    struct audit_event noted = *event;
    const struct id id = id_new(task->now_ms);
    unsigned char digest[SHA256_BYTES];
    struct str digest_bytes = STR_NONE;
    noted.actor = cleaned(task->arena, is_empty(event->actor) ? task->actor : event->actor);
    noted.client_id = cleaned(task->arena, event->client_id);
    noted.subject = cleaned(task->arena, event->subject);
    noted.client_address = cleaned(task->arena, event->client_address);
    if (!is_empty(noted.client_address)) {
        address_digest(service, &id, noted.client_address, digest);
        digest_bytes = (struct str){(const char *)digest, sizeof digest};
    }
    /* A request that may be sent again has been done once this is committed. */
    if (task->claim) TRY(idempotency_mark(db, task, task->claim));
    TRY(audit_event_insert(db, task, &id, &noted, digest_bytes));
    audit_chain_wake(service);
    return RESULT_OK;
}
