/* scopes.h — lists of scope words.
 * Shape:   words parted by single spaces, or the empty text.
 * Source:  RFC 6749 §3.3.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_SCOPES_H
#define AUTH_DOMAIN_SCOPES_H

#include "auth/base/str.h"

/* Scope words parted by single spaces, or the empty text. */
bool is_scope(struct str scope);
/* True when `part` is a scope and each of its words is one of `whole`. */
bool is_scope_within(struct str part, struct str whole);
/* True when `word` is one of the space-separated words. */
bool has_word(struct str words, struct str word);
/* True when `needed` is among the granted words, or is "<word>:read" and "<word>" is. */
bool has_scope(struct str granted, struct str needed);

#endif
