/* import_internal.h — one row for each format, and what they share.
 * Shape:   a format describes its records by a field table and turns them into accounts.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TRANSFER_IMPORT_INTERNAL_H
#define AUTH_TRANSFER_IMPORT_INTERNAL_H

#include "auth/store/transfer_repo.h"
#include "auth/transfer/import.h"

/* Of another system's objects: members that are of no use here are passed over. */
#define FOREIGN_FIELDS(rows_array, structure, title_text)                              \
    {                                                                                  \
        .title = (title_text), .rows = (rows_array), .count = ARRAY_COUNT(rows_array), \
        .size = sizeof(structure), .ignores_unknown = true                             \
    }

struct import_format {
    const char *name;
    const struct fields *fields;
    /* `record` is the structure of the field table. VALIDATION_FAILED with the fields in the task's fault. */
    result (*convert)(const struct import_options *options, struct task *task, const void *record,
                      struct import_account *ret_account);
};

extern const struct import_format import_format_auth, import_format_gotrue, import_format_keycloak,
    import_format_kratos, import_format_firebase, import_format_auth0;

/* "keycloak:<name>" */
struct str import_external_id(struct task *task, const char *system, struct str name);
/* The name as the account's id where it is a UUID; otherwise the account gets a new one. */
struct id import_id(struct str name);
/* Base64 of any of the two alphabets, with or without padding, as the padless standard one of PHC strings; refuses the
 * member otherwise. */
NODISCARD result import_base64(struct task *task, const char *pointer, struct str text, struct str *ret_text);
/* The same, decoded. */
NODISCARD result import_bytes(struct task *task, const char *pointer, struct str text, struct str *ret_bytes);
/* RFC 4648 base32, as authenticator applications are told secrets; with or without padding and spaces. */
NODISCARD result import_base32(struct task *task, const char *pointer, struct str text,
                               struct secret *ret_bytes);
/* "2020-01-02 03:04:05.678+00" as well as RFC 3339; 0 when it is empty or neither. */
int64_t import_time_ms(struct task *task, struct str text);
/* Reads a document that a record holds as text. */
NODISCARD result import_inner(const struct fields *fields, struct task *task, const char *pointer,
                              struct str text, void *ret_value);
/* Brings an account that is there up to date. FORBIDDEN when it has more power than who imports; CONFLICT when the address or
 * the external id is another account's, or the last administrator would be locked. */
NODISCARD result import_update(struct service *service, struct task *task,
                               const struct import_options *options, const struct import_account *account,
                               const struct transfer_account *there, enum import_verdict *ret_verdict);

#endif
