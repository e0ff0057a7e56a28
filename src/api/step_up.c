// SPDX-License-Identifier: MIT
#include "auth/model/session.h"
#include "factor_api_internal.h"

static const char *const ACR_NAMES[] = {[ACR_INDEX_ONE] = ACR_ONE, [ACR_INDEX_TWO] = ACR_TWO, NULL};

static const struct field AUTHZ_QUERY_ROWS[] = {
    {.name = "acr",
     .type = FIELD_CHOICE,
     .offset = offsetof(struct authz_query, acr),
     .presence_offset = offsetof(struct authz_query, acr_presence),
     .choices = ACR_NAMES,
     .description = "How strong the authentication must be: aal2 is of two factors",
     .example = "\"aal2\""},
    {.name = "max_age",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct authz_query, max_age_seconds),
     .presence_offset = offsetof(struct authz_query, max_age_presence),
     .min = 1,
     .max = 31536000,
     .description = "How many seconds ago it may have been at most",
     .example = "300"},
    {.name = "scope",
     .type = FIELD_STRING,
     .offset = offsetof(struct authz_query, scope),
     .max = 512,
     .description = "Scopes, parted by spaces: all of them are needed. What a client needs to be let through",
     .example = "\"articles:write\""},
    {.name = "group",
     .type = FIELD_STRING,
     .offset = offsetof(struct authz_query, group),
     .max = 512,
     .description = "Names of groups, parted by commas: a member of one of them is let through",
     .example = "\"Editors\""},
    {.name = "role",
     .type = FIELD_STRING,
     .offset = offsetof(struct authz_query, role),
     .max = 512,
     .description = "Names of roles, parted by commas: who has one of them is let through",
     .example = "\"editor\""},
};
const struct fields authz_query_fields = FIELDS(AUTHZ_QUERY_ROWS, struct authz_query, "AuthzQuery");

/* RFC 9470 §3; the members of the problem say the same as the header. */
static void tell(struct task *task, bool needs_two_factors, int64_t max_age_seconds)
{
    if (needs_two_factors) task->acr_values = STR(ACR_TWO);
    if (max_age_seconds > 0) task->max_age_seconds = max_age_seconds;
    const struct str acr = needs_two_factors ? STR("\"acr_values\":\"" ACR_TWO "\"") : STR("");
    const struct str age = max_age_seconds > 0
                               ? str_printf(task->arena, "\"max_age\":%lld", (long long)max_age_seconds)
                               : STR("");
    const char *comma = is_empty(acr) || is_empty(age) ? "" : ",";
    task->problem_members = str_printf(task->arena, "%.*s%s%.*s", STR_ARGS(acr), comma, STR_ARGS(age));
}

void tell_two_factors(struct request *request)
{
    tell(&request->task, true, 0);
}

result check_step_up(struct request *request, bool needs_two_factors, int64_t max_age_seconds)
{
    const struct principal *principal = &caller_of(request)->principal;
    const int64_t age_ms = request->task.now_ms - principal->authenticated_at_ms;
    const bool is_old = max_age_seconds >= 0 && age_ms > max_age_seconds * MS_PER_SECOND;
    const bool is_weak = needs_two_factors && !principal->is_assured;
    if (!is_old && !is_weak) return RESULT_OK;
    tell(&request->task, needs_two_factors, max_age_seconds);
    FAIL(&request->task.fault, STEP_UP_REQUIRED,
         is_weak ? "authentication is of one factor" : "authentication is too old");
}
