// SPDX-License-Identifier: MIT
#include "auth/mail/smtp.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/log.h"
#include "smtp_internal.h"

#define SMTP_ARENA_BYTES (64u * 1024u)

static void free_text(char **text)
{
    curl_free(*text);
}

static void free_url(CURLU **url)
{
    curl_url_cleanup(*url);
}

static bool is_on_this_machine(const char *host)
{
    const struct str name = str_from(host);
    return str_equal(name, STR("localhost")) || str_starts_with(name, STR("127.")) ||
           str_equal(name, STR("[::1]"));
}

/* The part as it is meant, decoded; NULL when there is none. */
static char *part_of(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    const unsigned flags = part == CURLUPART_USER || part == CURLUPART_PASSWORD ? CURLU_URLDECODE : 0;
    return curl_url_get(url, part, &text, flags) == CURLUE_OK ? text : NULL;
}

static result take_credentials(struct task *task, CURLU *url, const struct smtp_options *options,
                               struct smtp *smtp)
{
    char *user SCOPED(free_text) = part_of(url, CURLUPART_USER);
    char *password SCOPED(free_text) = part_of(url, CURLUPART_PASSWORD);
    smtp->password = password ? secret_copy(smtp->arena, password, strlen(password)) : (struct secret){0};
    if (password) wipe(password, strlen(password));
    if (options->password.len > 0)
        smtp->password = secret_copy(smtp->arena, options->password.bytes, options->password.len);
    if (user && user[0]) smtp->user = str_copy(smtp->arena, str_from(user)).ptr;
    if (!smtp->user && smtp->password.len > 0)
        FAIL(&task->fault, BAD_REQUEST, "AUTH_SMTP_URL: there is a password, and no user it is for");
    if (smtp->user && smtp->password.len == 0)
        FAIL(&task->fault, BAD_REQUEST,
             "AUTH_SMTP_URL: there is a user, and no password (AUTH_SMTP_PASSWORD)");
    return RESULT_OK;
}

static result take_place(struct task *task, CURLU *url, const struct smtp_options *options, struct smtp *smtp)
{
    char *scheme SCOPED(free_text) = part_of(url, CURLUPART_SCHEME);
    char *host SCOPED(free_text) = part_of(url, CURLUPART_HOST);
    char *port SCOPED(free_text) = part_of(url, CURLUPART_PORT);
    const bool is_tls = scheme && str_equal(str_from(scheme), STR("smtps"));
    if (!scheme || !host || (!is_tls && !str_equal(str_from(scheme), STR("smtp"))))
        FAIL(&task->fault, BAD_REQUEST, "AUTH_SMTP_URL: must be smtp://host:port or smtps://host:port");
    if (smtp->user && !is_tls && smtp->starttls != SMTP_STARTTLS_REQUIRED && !is_on_this_machine(host))
        FAIL(&task->fault, BAD_REQUEST, "AUTH_SMTP_STARTTLS: must be required where a password is sent");
    /* The path is what the client says of itself (EHLO). RFC 8314 §3: 465 for smtps; 587 for what is submitted. */
    smtp->url = str_printf(smtp->arena, "%s://%s:%s/%.*s", scheme, host,
                           port     ? port
                           : is_tls ? "465"
                                    : "587",
                           STR_ARGS(options->helo))
                    .ptr;
    return RESULT_OK;
}

static result fill(struct task *task, const struct smtp_options *options, struct smtp *smtp)
{
    CURLU *url SCOPED(free_url) = curl_url();
    const struct str text = str_copy(smtp->arena, secret_expose(options->url));
    smtp->starttls = options->starttls;
    smtp->timeout_ms = options->timeout_ms;
    if (!url || curl_url_set(url, CURLUPART_URL, text.ptr, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        FAIL(&task->fault, BAD_REQUEST, "AUTH_SMTP_URL: is not a URL");
    TRY(take_credentials(task, url, options, smtp));
    TRY(take_place(task, url, options, smtp));
    if (is_empty(options->ca_file)) return RESULT_OK;
    smtp->ca_file = str_copy(smtp->arena, options->ca_file).ptr;
    if (access(smtp->ca_file, R_OK) != 0)
        FAIL(&task->fault, BAD_REQUEST, "AUTH_CA_FILE: %s cannot be read", smtp->ca_file);
    return RESULT_OK;
}

result smtp_create(struct task *task, const struct smtp_options *options, struct smtp **ret_smtp)
{
    struct smtp *smtp = calloc(1, sizeof *smtp);
    if (!smtp) panic("out of memory");
    smtp->arena = arena_create(SMTP_ARENA_BYTES);
    const result filled = fill(task, options, smtp);
    if (is_ok(filled))
        *ret_smtp = smtp;
    else
        smtp_destroy(smtp);
    return filled;
}

void smtp_abort(struct smtp *smtp)
{
    atomic_store(&smtp->is_aborted, true);
}

void smtp_destroy(struct smtp *smtp)
{
    if (!smtp) return;
    arena_destroy(smtp->arena);
    free(smtp);
}
