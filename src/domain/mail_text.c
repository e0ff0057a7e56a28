// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/base/encoding.h"
#include "mailer_internal.h"

#define NAME_CHARS_MAX 64u

/* Anybody may sign up with another's address and a name of his choice; mail programs turn what looks like an address into
 * a link, and the link would come with our good name. */
static bool is_plain_name(struct str name)
{
    if (utf8_count(name) > NAME_CHARS_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        const bool is_inner_dot = name.ptr[i] == '.' && i + 1 < name.len && name.ptr[i + 1] != ' ';
        if (is_inner_dot || strchr("/@:<>[]\\", name.ptr[i])) return false;
    }
    return true;
}

/* "2026-01-05 10:00 UTC" */
static struct str minute_text(struct task *task, int64_t at_ms)
{
    char text[RFC3339_SIZE];
    if (at_ms == 0) return STR_NONE;
    time_print(at_ms, text);
    return str_printf(task->arena, "%.10s %.5s UTC", text, text + 11);
}

static struct str host_of(struct str issuer)
{
    const char *mark = memmem(issuer.ptr, issuer.len, "://", 3);
    struct str rest = mark ? str_from_offset(issuer, (size_t)(mark - issuer.ptr) + 3) : issuer;
    return str_split(&rest, '/');
}

/* What stands behind '#' is sent to no server. */
struct str mail_link(struct service *service, struct task *task, const struct mail *mail)
{
    if (is_empty(mail->link_path)) return STR_NONE;
    const char *mark = mail->link_token.len > 0 ? "#" : "";
    return str_printf(task->arena, "%.*s%.*s%s%.*s", STR_ARGS(service->policy->issuer),
                      STR_ARGS(mail->link_path), mark, STR_ARGS(secret_expose(mail->link_token)));
}

result mail_text_make(struct service *service, struct task *task, const struct mail *mail,
                      struct mail_text *ret_text)
{
    const struct mail_values values = {
        .of = {
            [MAIL_SLOT_CODE] = secret_expose(mail->code),
            [MAIL_SLOT_LINK] = mail_link(service, task, mail),
            [MAIL_SLOT_NAME] = is_plain_name(mail->name) ? mail->name : STR_NONE,
            [MAIL_SLOT_ADDRESS] = mail->to,
            [MAIL_SLOT_DEVICE] = mail->device,
            [MAIL_SLOT_CLIENT_ADDRESS] = mail->client_address,
            [MAIL_SLOT_DETAIL] = mail->detail,
            [MAIL_SLOT_TIME] = minute_text(task, mail->at_ms),
            [MAIL_SLOT_EXPIRES] = minute_text(task, mail->expires_at_ms),
            [MAIL_SLOT_SERVICE] = host_of(service->policy->issuer),
            [MAIL_SLOT_ISSUER] = service->policy->issuer,
        }};
    return mail_templates_fill(service->mailer->templates, task, mail->locale, mail->kind, &values, ret_text);
}
