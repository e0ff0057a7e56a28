// SPDX-License-Identifier: MIT
#include "group_word_internal.h"

#include "auth/domain/groups.h"
#include "command_line_internal.h"

result group_of_word(struct service *service, struct task *task, const char *word, struct group *ret_group)
{
    struct id id;
    struct str name;
    const bool is_id = id_parse(str_from(word), &id);
    if (!is_id) TRY(group_name_normalize(task, "GROUP", str_from(word), &name));
    const result found = is_id ? group_find(service->db, task, id, ret_group)
                               : group_find_by_name(service->db, task, name, ret_group);
    if (found.code == STATUS_NOT_FOUND) EXPLAIN(task, NOT_FOUND, "no group %s; see: auth group list", word);
    return found;
}
