// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/totp.h"
#include "auth/domain/accounts.h"
#include "auth/domain/claims.h"
#include "auth/domain/email.h"
#include "auth/domain/groups.h"
#include "auth/domain/roles.h"
#include "auth/domain/users.h"
#include "import_internal.h"

static const char *const VERDICT_NAMES[IMPORT_VERDICT_COUNT] = {[IMPORT_CREATED] = "created",
                                                                [IMPORT_UPDATED] = "updated",
                                                                [IMPORT_UNCHANGED] = "unchanged",
                                                                [IMPORT_REFUSED] = "refused"};

const char *import_verdict_name(enum import_verdict verdict)
{
    return VERDICT_NAMES[verdict];
}

static result refuse(struct task *task, const char *pointer, const char *code, const char *detail)
{
    fault_add_field(&task->fault, pointer, code, detail);
    return RESULT(VALIDATION_FAILED);
}

/* Names are shown to people; what other systems let through is held to our rules. */
static result check_text(struct task *task, const char *pointer, struct str text, size_t characters_max)
{
    if (is_plain_text(text, characters_max)) return RESULT_OK;
    return refuse(task, pointer, "wrong_type", "is too long, or not plain text on one line");
}

/* RFC 5646 as far as it matters: letters, digits and hyphens. Keycloak and others write "de_AT". */
static result check_locale(struct task *task, struct import_account *account)
{
    if (account->locale.len > ACCOUNT_LOCALE_MAX || account->locale.len == 1)
        return refuse(task, "/locale", "too_long", "must be a language tag");
    char *tag = arena_alloc(task->arena, account->locale.len + 1);
    for (size_t i = 0; i < account->locale.len; i++) {
        const char c = account->locale.ptr[i];
        const bool is_part = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_part && c != '-' && c != '_')
            return refuse(task, "/locale", "malformed", "must be a language tag");
        tag[i] = (char)(c == '_' ? '-' : c);
    }
    if (account->locale.len > 0) account->locale = (struct str){tag, account->locale.len};
    return RESULT_OK;
}

/* No role has such a name: it is not there. */
static result check_roles(struct task *task, struct str_list roles)
{
    if (roles.count > IMPORT_NAMES_MAX) return refuse(task, "/roles", "too_many", "are too many");
    for (size_t i = 0; i < roles.count; i++)
        if (!is_role_name(roles.items[i]))
            return refuse(task, "/roles", "unknown", "names a role that is not there");
    return RESULT_OK;
}

/* As groups are named here: a comma would make two of one where applications read them. */
static result check_groups(struct task *task, struct import_account *account)
{
    const struct str_list given = account->groups;
    if (given.count > IMPORT_NAMES_MAX) return refuse(task, "/groups", "too_many", "are too many");
    struct str *names = arena_alloc_array(task->arena, given.count + 1, sizeof *names);
    for (size_t i = 0; i < given.count; i++)
        TRY(group_name_normalize(task, "/groups", given.items[i], &names[i]));
    account->groups = (struct str_list){names, given.count};
    return RESULT_OK;
}

#define TOTP_SECRET_MAX 64u

/* A seed that is too short to be used here is no reason to go without: the account would lose its second factor. */
static result check_totp(struct task *task, struct secret seed)
{
    if (seed.len == 0 || (seed.len >= TOTP_SEED_BYTES && seed.len <= TOTP_SECRET_MAX)) return RESULT_OK;
    return refuse(task, "/totp_secret", "malformed", "must be a key of 20 to 64 bytes");
}

static result check_account(struct task *task, struct import_account *account)
{
    if (is_empty(account->email)) return refuse(task, "/email", "required", "must be given");
    TRY(email_canonicalize(task, "/email", account->email, &account->email_key));
    account->name = str_trim(account->name);
    TRY(check_text(task, "/name", account->name, ACCOUNT_NAME_MAX));
    if (account->external_id.len > EXTERNAL_ID_MAX)
        return refuse(task, "/external_id", "too_long", "must be at most 255 bytes");
    TRY(check_text(task, "/external_id", account->external_id, EXTERNAL_ID_MAX));
    TRY(check_locale(task, account));
    /* They go into access tokens: none may have the name of a claim that means something there. */
    if (!is_empty(account->claims)) TRY(claims_check(task, "/claims", account->claims));
    TRY(check_totp(task, account->totp_secret));
    TRY(check_roles(task, account->roles));
    TRY(check_groups(task, account));
    if (account->created_at_ms < 0 || account->created_at_ms > task->now_ms) account->created_at_ms = 0;
    return RESULT_OK;
}

static result read_record(const struct import_options *options, struct task *task,
                          const struct import_record *record, struct import_account *ret_account)
{
    const struct import_format *format = options->format;
    if (record->is_too_long) return refuse(task, "", "too_long", "the record is too long");
    void *value = arena_alloc(task->arena, format->fields->size);
    TRY(fields_read_json(format->fields, task, record->text, value));
    TRY(format->convert(options, task, value, ret_account));
    return check_account(task, ret_account);
}

bool import_read(const struct import_options *options, struct task *task, const struct import_record *record,
                 struct import_account *ret_account, struct import_outcome *ret_outcome)
{
    memset(ret_account, 0, sizeof *ret_account);
    *ret_outcome = (struct import_outcome){.number = record->number, .verdict = IMPORT_REFUSED};
    fault_clear(&task->fault);
    const result read = read_record(options, task, record, ret_account);
    /* Only what was read as text is repeated. */
    ret_outcome->email = ret_account->email;
    if (is_ok(read)) return true;
    const struct fault *fault = &task->fault;
    ret_outcome->pointer = fault->error_count > 0 ? fault->errors[0].pointer : "";
    ret_outcome->reason = fault->error_count > 0 ? fault->errors[0].detail : status_sentence(read.code);
    fault_clear(&task->fault);
    return false;
}
