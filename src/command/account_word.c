// SPDX-License-Identifier: MIT
#include "account_word_internal.h"

#include "auth/domain/email.h"
#include "command_line_internal.h"

result account_of_word(struct service *service, struct task *task, const char *word,
                       struct account *ret_account)
{
    struct id id;
    struct str email_key;
    const bool is_id = id_parse(str_from(word), &id);
    if (!is_id) TRY(email_canonicalize(task, "USER", str_from(word), &email_key));
    const result found = is_id ? account_find(service->db, task, id, ret_account)
                               : account_find_by_email_key(service->db, task, email_key, ret_account);
    if (found.code == STATUS_NOT_FOUND)
        EXPLAIN(task, NOT_FOUND, "no account of %s; see: auth user list", word);
    return found;
}
