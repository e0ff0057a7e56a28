/* scopes.h — lists of scope words.
 * Shape:   words parted by single spaces, or the empty text.
 * Source:  RFC 6749 §3.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_SCOPES_H
#define AUTH_DOMAIN_SCOPES_H

#include "auth/base/str.h"

/* What the service itself asks for; all other words are other services'. */
struct scope_name {
    const char *name; /* "admin:users": who may change; "admin:users:read": who may look */
    const char *meaning;
};

extern const struct scope_name admin_scopes[];
extern const size_t admin_scope_count;

/* The role that has all of them, whatever they are in this version. */
#define ROLE_ADMINISTRATOR "administrator"
/* What an API key needs to act for its owner on the owner's own routes; nobody needs to be given them. */
#define SCOPE_ACCOUNT      "account"
#define SCOPE_ACCOUNT_READ "account:read"

/* The scopes of a role whose row says `stored`. */
struct str role_scopes(struct str name, struct str stored);
/* What who has the shell may give: all power over this service. */
struct str scopes_of_shell(void);
/* Whether the word stands for power over this service, which only who has it may give to others. */
bool is_guarded_scope(struct str word);

/* Scope words parted by single spaces, or the empty text. */
bool is_scope(struct str scope);
/* True when `part` is a scope and each of its words is one of `whole`. */
bool is_scope_within(struct str part, struct str whole);
/* True when each word of `part` is covered by one of `whole`, as has_scope says. */
bool is_scope_covered(struct str part, struct str whole);
/* True when `word` is one of the space-separated words. */
bool has_word(struct str words, struct str word);
/* True when `needed` is among the granted words, or is "<word>:read" and "<word>" is. */
bool has_scope(struct str granted, struct str needed);

#endif
