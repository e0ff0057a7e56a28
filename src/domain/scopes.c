// SPDX-License-Identifier: MIT
#include "auth/domain/scopes.h"

#define ADMIN_SCOPES(ROW)                                              \
    ROW("admin:users", "accounts, their sessions, factors and claims") \
    ROW("admin:invitations", "invitations and links sent to people")   \
    ROW("admin:groups", "groups, their members and their roles")       \
    ROW("admin:roles", "roles, and who has them")                      \
    ROW("admin:keys", "API keys of everybody")                         \
    ROW("admin:clients", "OAuth clients and their secrets")            \
    ROW("admin:signing-keys", "the keys that sign access tokens")      \
    ROW("admin:events", "the log of security events")                  \
    ROW("admin:webhooks", "where security events are sent to")         \
    ROW("admin:import", "import and export of accounts, with their hashes")

#define SCOPE_ROW(name, meaning)  {(name), (meaning)},
#define SCOPE_WORD(name, meaning) " " name

const struct scope_name admin_scopes[] = {ADMIN_SCOPES(SCOPE_ROW)};
const size_t admin_scope_count = ARRAY_COUNT(admin_scopes);

/* With a space before the first. */
static const char ALL_ADMIN_SCOPES[] = ADMIN_SCOPES(SCOPE_WORD);

struct str role_scopes(struct str name, struct str stored)
{
    if (!str_equal(name, STR(ROLE_ADMINISTRATOR))) return stored;
    return (struct str){ALL_ADMIN_SCOPES + 1, sizeof ALL_ADMIN_SCOPES - 2};
}

struct str scopes_of_shell(void)
{
    static const char all[] = "introspect" ADMIN_SCOPES(SCOPE_WORD);
    return (struct str){all, sizeof all - 1};
}

bool is_guarded_scope(struct str word)
{
    return str_starts_with(word, STR("admin:")) || str_equal(word, STR("introspect"));
}

bool has_word(struct str words, struct str word)
{
    while (!is_empty(words)) {
        const struct str next = str_split(&words, ' ');
        if (!is_empty(next) && str_equal(next, word)) return true;
    }
    return false;
}

/* RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ), parted by one space. */
bool is_scope(struct str scope)
{
    bool after_space = true;
    for (size_t i = 0; i < scope.len; i++) {
        const char c = scope.ptr[i];
        const bool is_space = c == ' ';
        if (is_space ? after_space : (c < 0x21 || c > 0x7e || c == '"' || c == '\\')) return false;
        after_space = is_space;
    }
    return scope.len == 0 || !after_space;
}

bool is_scope_within(struct str part, struct str whole)
{
    if (!is_scope(part)) return false;
    while (!is_empty(part)) {
        const struct str word = str_split(&part, ' ');
        if (!has_word(whole, word)) return false;
    }
    return true;
}

bool is_scope_covered(struct str part, struct str whole)
{
    while (!is_empty(part))
        if (!has_scope(whole, str_split(&part, ' '))) return false;
    return true;
}

/* "admin:users:read" is covered by "admin:users": who may change may look. */
bool has_scope(struct str granted, struct str needed)
{
    static const char reading[] = ":read";
    if (has_word(granted, needed)) return true;
    const size_t length = sizeof reading - 1;
    if (needed.len <= length || !str_equal(str_from_offset(needed, needed.len - length), STR(":read")))
        return false;
    return has_word(granted, (struct str){needed.ptr, needed.len - length});
}
