// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "account_word_internal.h"
#include "auth/domain/claims.h"
#include "auth/domain/roles.h"
#include "auth/domain/scopes.h"
#include "user_command_internal.h"

#define CLAIMS_INPUT_MAX (16u * 1024u) /* bytes, with the space between members that people write */

struct claims_record {
    struct str claims;
};

static const struct field CLAIMS_ROWS[] = {
    {.name = "claims",
     .type = FIELD_RAW,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct claims_record, claims),
     .max = CLAIMS_TEXT_MAX},
};
static const struct fields CLAIMS_FIELDS = FIELDS(CLAIMS_ROWS, struct claims_record, "AccountClaims");

static bool refuse(const char *word, const char *problem)
{
    fprintf(
        stderr,
        "auth user: %s %s; --replace takes a JSON object, a file that holds one, or - for standard input\n",
        word, problem);
    return false;
}

static bool read_stream(FILE *stream, const char *word, struct arena *arena, struct str *ret_text)
{
    char *text = arena_alloc(arena, CLAIMS_INPUT_MAX + 1);
    const size_t len = fread(text, 1, CLAIMS_INPUT_MAX + 1, stream);
    if (ferror(stream)) return refuse(word, "cannot be read");
    if (len > CLAIMS_INPUT_MAX) return refuse(word, "is too long");
    *ret_text = (struct str){text, len};
    return true;
}

bool user_claims_read(struct arena *arena, struct user_work *work)
{
    const char *word = work->replacement;
    const struct str text = str_trim(str_from(word));
    if (str_starts_with(text, STR("{"))) {
        work->claims = text;
        return true;
    }
    if (str_equal(text, STR("-"))) return read_stream(stdin, "standard input", arena, &work->claims);
    FILE *file = fopen(word, "re");
    if (!file) return refuse(word, strerror(errno));
    const bool is_read = read_stream(file, word, arena, &work->claims);
    (void)fclose(file);
    return is_read;
}

/* As a member of an object, as over the API: what closes this object early is not JSON, or has members it does not know. */
static result replace(struct service *service, struct task *task, const struct user_work *work, struct id id)
{
    const struct user_target target = {.id = id, .granter = scopes_of_shell()};
    const struct str text = str_printf(task->arena, "{\"claims\":%.*s}", STR_ARGS(str_trim(work->claims)));
    struct claims_record given;
    const result read = fields_read_json(&CLAIMS_FIELDS, task, text, &given);
    if (read.code == STATUS_MALFORMED_JSON) EXPLAIN(task, MALFORMED_JSON, "claims are not a JSON object");
    TRY(read);
    TRY(users_may_touch(service, task, &target));
    int64_t version;
    return roles_set_claims(service, task, &target, given.claims, &version);
}

result user_claims(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct account account;
    struct rights rights;
    TRY(account_of_word(service, task, work->line->words[1], &account));
    if (work->replacement) TRY(replace(service, task, work, account.id));
    TRY(rights_read(service->db, task, account.id, &rights));
    const struct claims_record record = {is_empty(rights.claims) ? STR("{}") : rights.claims};
    record_print(&CLAIMS_FIELDS, &record, work->line->is_json);
    return RESULT_OK;
}
