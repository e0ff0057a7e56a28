// SPDX-License-Identifier: MIT
#include "auth/base/log.h"
#include "auth/crypto/password.h"

/* Bytes → a stored hash: whatever they are, parsing stays within them, and what is accepted has a name and is due to be
 * made anew unless it is ours. Nothing is computed: that is what the limits are for. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    const struct str text = {(const char *)data, size};
    struct phc phc;
    const bool is_ours = is_ok(phc_parse(text, &phc));
    const char *problem = password_text_problem(NULL, text);
    const bool is_peppered = str_starts_with(text, STR("$pepper$"));
    if (is_ours && problem) panic("our own form is no form known here");
    if (!problem && !password_scheme_name(text)) panic("an accepted form has no name");
    if (!problem && size > PASSWORD_TEXT_MAX) panic("longer than any hash");
    if (!problem && !is_ours && !is_peppered && !password_needs_rehash(NULL, text, PASSWORD_COST_DEFAULT))
        panic("a foreign hash is kept");
    if (is_ours && phc.tag_len <= 32) {
        char printed[PHC_TEXT_MAX + 1u];
        phc_print(&phc, printed);
        if (!str_equal(str_from(printed), text)) panic("two spellings of one hash");
    }
    return 0;
}
