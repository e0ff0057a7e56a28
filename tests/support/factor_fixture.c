// SPDX-License-Identifier: MIT
#include "factor_fixture.h"

#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/encoding.h"
#include "auth/crypto/totp.h"

struct secret seed_of(struct visitor *visitor, struct secret text)
{
    unsigned char seed[TOTP_SEED_BYTES];
    unsigned bits = 0, buffer = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = text.bytes[i];
        buffer = (buffer << 5) | (unsigned)(c >= 'A' ? c - 'A' : c - '2' + 26);
        bits += 5;
        if (bits < 8) continue;
        bits -= 8;
        seed[count++] = (unsigned char)(buffer >> bits);
        buffer &= (1u << bits) - 1u;
    }
    cr_expect_eq(count, TOTP_SEED_BYTES);
    return secret_copy(visitor->task.arena, seed, count);
}

struct secret code_at(struct visitor *visitor, struct secret seed, int64_t drift)
{
    char code[TOTP_DIGITS + 1];
    cr_expect(is_ok(totp_code(seed, totp_step_at(visitor->task.now_ms) + drift, code)));
    return secret_copy(visitor->task.arena, code, TOTP_DIGITS);
}

void guarded_begin(struct visitor *visitor, struct guarded *ret_guarded)
{
    struct totp_enrolment enrolment;
    struct str_list codes;
    expect_code(visitor, sign_up(visitor, ADA, GOOD, &ret_guarded->account), STATUS_OK, "sign_up");
    const struct totp_draft draft = {.id = id_new(visitor->task.now_ms), .account = &ret_guarded->account};
    expect_code(visitor, factors_enrol_totp(visitor->service, &visitor->task, &draft, &enrolment), STATUS_OK,
                "enrol");
    ret_guarded->seed = seed_of(visitor, enrolment.seed_text);
    const struct factor_change change = {.account_id = ret_guarded->account.id, .factor_id = draft.id};
    /* The oldest step that is good, so that this one and the next are still to be used. */
    const struct secret code = code_at(visitor, ret_guarded->seed, -1);
    expect_code(visitor, factors_confirm(visitor->service, &visitor->task, &change, code, &codes), STATUS_OK,
                "confirm");
    cr_expect_eq(codes.count, RECOVERY_CODES_COUNT);
    for (size_t i = 0; i < codes.count; i++) ret_guarded->recovery_codes[i] = codes.items[i];
}

/* What stands behind "login_token":" in the members of the problem. */
static struct secret token_in(struct visitor *visitor)
{
    const struct str members = visitor->task.problem_members;
    static const char name[] = "\"login_token\":\"";
    const char *at = is_empty(members) ? NULL : strstr(members.ptr, name);
    cr_expect(at, "no login token is told");
    if (!at) return (struct secret){0};
    at += sizeof name - 1;
    return secret_copy(visitor->task.arena, at, strcspn(at, "\""));
}

struct secret first_step(struct visitor *visitor)
{
    struct token_response tokens = {0};
    expect_code(visitor, sign_in(visitor, ADA, GOOD, &tokens), STATUS_MFA_REQUIRED, "first step");
    cr_expect(is_empty(tokens.access_token));
    return token_in(visitor);
}

result second_step(struct visitor *visitor, struct secret login_token, enum second_factor_kind kind,
                   struct secret code)
{
    struct token_response tokens;
    const struct login_continuation given = {
        .login_token = login_token,
        .kind = kind,
        .code = code,
        .device = {.address = STR("192.0.2.1"), .user_agent = STR("test\x01\xff agent")}};
    return login_continue(visitor->service, &visitor->task, &given, &tokens);
}
