/* import.h — accounts from elsewhere, many at a time.
 * Shape:   a batch of records becomes accounts in one transaction. A record is matched by its external id, its id and its
 *          address: one that is there already is left alone, or brought up to date where the options say so. So the same
 *          file can be read again, after a crash or by mistake, and nothing is there twice.
 * Errors:  what is wrong with a record is in its outcome and stops nothing; DATABASE_UNAVAILABLE when the batch was not
 *          stored.
 * Owner:   texts live in the task's arena.
 * Waits:   import_batch (database).
 * Source:  the exports of GoTrue, Keycloak, Ory Kratos, Firebase Authentication and Auth0, as their documentation has them.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TRANSFER_IMPORT_H
#define AUTH_TRANSFER_IMPORT_H

#include "auth/domain/service.h"
#include "auth/json/fields.h"
#include "auth/model/account.h"
#include "auth/transfer/framing.h"

#define IMPORT_BATCH_MAX        300u /* three matches each stay below DB_ROWS_MAX */
#define IMPORT_CLAIMS_BYTES_MAX 2048u
#define IMPORT_NAMES_MAX        64u /* roles, and groups, of one account */

/* Firebase keeps what its hashes need beside the export. */
struct firebase_hash {
    struct secret signer_key; /* base64, as the console shows it */
    struct str salt_separator;
    int64_t rounds;
    int64_t memory_cost;
};

struct import_options {
    const struct import_format *format;
    bool updates;      /* accounts that are there are brought up to date */
    bool makes_groups; /* groups that are not there are made */
    bool is_dry_run;   /* everything but storing */
    struct str
        granter; /* scopes of who brings them in: accounts with more power over the service are not updated */
    struct firebase_hash firebase;
};

/* One account as a record tells of it, whatever the format. */
struct import_account {
    struct id id;           /* nil: a new one */
    struct str external_id; /* "keycloak:<id>"; empty: none */
    struct str email;
    struct str email_key; /* made from it */
    bool is_email_verified;
    struct str name;
    struct str locale;
    struct str password_hash; /* empty: none */
    bool is_locked;
    bool requires_mfa;
    struct str claims; /* JSON object; empty: none */
    struct str_list roles;
    struct str_list groups;
    int64_t created_at_ms;     /* 0: now */
    struct secret totp_secret; /* bytes; empty: none */
};

enum import_verdict {
    IMPORT_CREATED,
    IMPORT_UPDATED,
    IMPORT_UNCHANGED,
    IMPORT_REFUSED,
    IMPORT_VERDICT_COUNT
};

struct import_outcome {
    int64_t number; /* of the record */
    enum import_verdict verdict;
    struct id id;        /* nil when refused */
    struct str email;    /* as given; empty when it could not be read */
    const char *pointer; /* what is wrong, when refused */
    const char *reason;
};

/* "created" */
const char *import_verdict_name(enum import_verdict verdict);

/* NULL when there is none of that name. */
const struct import_format *import_format_find(struct str name);
const char *import_format_name(const struct import_format *format);
/* How a file that begins with an object holds the records, where it does not show. */
enum framing import_format_framing(const struct import_format *format);
/* What the options lack for this format; NULL: nothing. */
const char *import_options_problem(const struct import_options *options);

/* A record of the "auth" format. */
extern const struct fields import_record_fields;

struct import_record {
    struct str text; /* a JSON object */
    int64_t number;
    bool is_too_long;
};

/* Reads one record; false, with the outcome filled, when it is refused. */
bool import_read(const struct import_options *options, struct task *task, const struct import_record *record,
                 struct import_account *ret_account, struct import_outcome *ret_outcome);

/* An account and where its outcome goes. */
struct import_item {
    struct import_account account;
    struct import_outcome outcome; /* number and address set by the reader */
};

/* At most IMPORT_BATCH_MAX items. */
NODISCARD result import_batch(struct service *service, struct task *task,
                              const struct import_options *options, struct import_item *items, size_t count);

#endif
