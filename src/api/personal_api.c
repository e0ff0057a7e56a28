// SPDX-License-Identifier: MIT
#include "personal_api_internal.h"

#include "auth/domain/personal_data.h"

/* The document is written as text; this describes it. */
struct personal_data_reply {
    int64_t generated_at_ms;
    struct str data;
    struct str_list truncated;
};

static const struct field PERSONAL_DATA_ROWS[] = {
    {.name = "generated_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct personal_data_reply, generated_at_ms),
     .description = "When it was read"},
    {.name = "data",
     .type = FIELD_RAW,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct personal_data_reply, data),
     .description =
         "The account, and a list for each kind of data: sessions, factors, recovery_codes, known_devices, "
         "roles, groups, api_keys, invitations, codes, mails, events; newest first, without secrets"},
    {.name = "truncated",
     .type = FIELD_STRINGS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct personal_data_reply, truncated),
     .description = "Lists that are longer than one document holds"},
};
const struct fields personal_data_fields =
    FIELDS(PERSONAL_DATA_ROWS, struct personal_data_reply, "PersonalData");

result me_export_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    TRY(personal_data_export(service_of(request), &request->task, caller_of(request)->principal.account_id,
                             &response->body));
    response->content_type = STR("application/json");
    response_header_set(response, "Content-Disposition", STR("attachment; filename=\"account.json\""));
    return RESULT_OK;
}
