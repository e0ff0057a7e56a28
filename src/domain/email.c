// SPDX-License-Identifier: MIT
#include "auth/domain/email.h"

#include <assert.h>
#include <idn2.h>
#include <string.h>

#include "auth/base/encoding.h"

#define LOCAL_BYTES_MAX  64u  /* RFC 5321 §4.5.3.1.1 */
#define DOMAIN_BYTES_MAX 253u /* RFC 1035 §2.3.4, without the root dot */

static result refuse(struct task *task, const char *pointer, const char *detail)
{
    fault_add_field(&task->fault, pointer, "not_an_email", detail);
    FAIL(&task->fault, VALIDATION_FAILED, "e-mail address refused: %s", detail);
}

/* RFC 5322 §3.2.3: atext = ALPHA / DIGIT / and these. */
static bool is_atom_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* dot-atom-text: atoms parted by single dots. */
static bool is_dot_atom(struct str text)
{
    bool after_dot = true;
    assert(text.ptr != NULL);
    for (size_t i = 0; i < text.len; i++) {
        const bool is_dot = text.ptr[i] == '.';
        if (is_dot ? after_dot : !is_atom_char(text.ptr[i])) return false;
        after_dot = is_dot;
    }
    return !after_dot;
}

/* Letters, digits and inner hyphens, at most 63; and whether there is anything but digits. */
static bool is_label(struct str label, bool *ret_has_letter)
{
    if (label.len == 0 || label.len > 63 || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
        return false;
    bool has_letter = false;
    for (size_t i = 0; i < label.len; i++) {
        const char c = label.ptr[i];
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && c != '-' && !(c >= 'a' && c <= 'z')) return false;
        has_letter = has_letter || !is_digit;
    }
    *ret_has_letter = has_letter;
    return true;
}

/* At least two labels; RFC 3696 §2: the last one is not all digits, which tells names from addresses. A dot at the end
 * would be a second spelling of the name, and RFC 5321 §4.1.2 has none. */
static bool is_host_name(struct str name)
{
    if (name.len == 0 || name.len > DOMAIN_BYTES_MAX || name.ptr[name.len - 1] == '.') return false;
    size_t labels = 0;
    bool has_letter = false;
    for (; !is_empty(name); labels++)
        if (!is_label(str_split(&name, '.'), &has_letter)) return false;
    return labels >= 2 && has_letter;
}

/* The domain as lower-case A-labels. Non-transitional processing: the names of IDNA 2008. */
static bool domain_to_ascii(struct arena *arena, struct str domain, struct str *ret_ascii)
{
    const struct str terminated = str_copy(arena, domain);
    char *ascii = NULL;
    const int code = idn2_to_ascii_8z(terminated.ptr, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    if (code != IDN2_OK) return false;
    *ret_ascii = str_lower_ascii(arena, str_from(ascii));
    idn2_free(ascii);
    return true;
}

result email_canonicalize(struct task *task, const char *pointer, struct str email, struct str *ret_key)
{
    if (email.len > EMAIL_BYTES_MAX) return refuse(task, pointer, "must be at most 254 bytes long");
    if (is_empty(email)) return refuse(task, pointer, "must have the form name@domain");
    if (has_nul(email) || !is_utf8(email)) return refuse(task, pointer, "must be text in UTF-8");

    const char *at = memchr(email.ptr, '@', email.len);
    if (!at) return refuse(task, pointer, "must have the form name@domain");
    const size_t local_len = (size_t)(at - email.ptr);
    const struct str local = {email.ptr, local_len};
    const struct str domain = str_from_offset(email, local_len + 1);

    if (local.len > LOCAL_BYTES_MAX || !is_dot_atom(local))
        return refuse(task, pointer,
                      "the part before the @ must be letters, digits and !#$%&'*+-/=?^_`{|}~ parted by dots");
    struct str ascii;
    if (!domain_to_ascii(task->arena, domain, &ascii) || !is_host_name(ascii))
        return refuse(task, pointer, "the part after the @ must be a domain name such as example.org");
    const struct str key =
        str_printf(task->arena, "%.*s@%.*s", STR_ARGS(str_lower_ascii(task->arena, local)), STR_ARGS(ascii));
    if (key.len > EMAIL_BYTES_MAX) return refuse(task, pointer, "must be at most 254 bytes long");
    *ret_key = key;
    return RESULT_OK;
}

static bool is_listed(struct str domain, struct str list)
{
    while (!is_empty(list)) {
        const struct str entry = str_trim(str_split(&list, ','));
        if (str_equal(domain, entry)) return true;
        const bool is_suffix = str_starts_with(entry, STR(".")) && domain.len > entry.len;
        if (is_suffix && str_equal(str_from_offset(domain, domain.len - entry.len), entry)) return true;
    }
    return false;
}

result email_domain_check(struct task *task, const char *pointer, struct str email_key, struct str allowed,
                          struct str denied)
{
    struct str domain = email_key;
    (void)str_split(&domain, '@');
    const bool is_allowed = is_empty(allowed) || is_listed(domain, allowed);
    if (is_allowed && !is_listed(domain, denied)) return RESULT_OK;
    fault_add_field(&task->fault, pointer, "domain_refused", "must be an address of another domain");
    FAIL(&task->fault, VALIDATION_FAILED, "domain of the address is not taken");
}
