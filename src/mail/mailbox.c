// SPDX-License-Identifier: MIT
#include <string.h>

#include "auth/mail/message.h"

#define LOCAL_BYTES_MAX 64u /* RFC 5321 §4.5.3.1.1 */
#define LABEL_BYTES_MAX 63u

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 5322 §3.2.3: dot-atom-text. */
static bool is_dot_atom(struct str text)
{
    bool after_dot = true;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        const bool is_dot = c == '.';
        const bool is_atom = is_letter_or_digit(c) || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
        if (is_dot ? after_dot : !is_atom) return false;
        after_dot = is_dot;
    }
    return !after_dot;
}

static bool is_label(struct str label)
{
    if (label.len == 0 || label.len > LABEL_BYTES_MAX) return false;
    if (label.ptr[0] == '-' || label.ptr[label.len - 1] == '-') return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_letter_or_digit(label.ptr[i]) && label.ptr[i] != '-') return false;
    return true;
}

static bool is_domain(struct str domain)
{
    if (is_empty(domain) || domain.ptr[domain.len - 1] == '.') return false;
    while (!is_empty(domain))
        if (!is_label(str_split(&domain, '.'))) return false;
    return true;
}

bool is_mail_address(struct str text)
{
    struct str domain = text;
    if (text.len > MAIL_ADDRESS_BYTES_MAX) return false;
    const struct str local = str_split(&domain, '@');
    return local.len <= LOCAL_BYTES_MAX && is_dot_atom(local) && is_domain(domain);
}

struct str mail_domain(struct str address)
{
    (void)str_split(&address, '@');
    return address;
}

bool mailbox_parse(struct str text, struct mailbox *ret_mailbox)
{
    struct mailbox mailbox = {.address = str_trim(text)};
    const char *mark = text.len > 0 ? memrchr(text.ptr, '<', text.len) : NULL;
    if (mark && text.ptr[text.len - 1] == '>') {
        const size_t name_len = (size_t)(mark - text.ptr);
        mailbox.name = str_trim((struct str){text.ptr, name_len});
        mailbox.address = (struct str){mark + 1, text.len - name_len - 2};
    }
    if (!is_mail_address(mailbox.address)) return false;
    if (mailbox.name.len >= 2 && mailbox.name.ptr[0] == '"' && mailbox.name.ptr[mailbox.name.len - 1] == '"')
        mailbox.name = (struct str){mailbox.name.ptr + 1, mailbox.name.len - 2};
    *ret_mailbox = mailbox;
    return true;
}
