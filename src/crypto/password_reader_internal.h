/* password_reader_internal.h — the pieces stored hashes are written in. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_CRYPTO_PASSWORD_READER_INTERNAL_H
#define AUTH_CRYPTO_PASSWORD_READER_INTERNAL_H

#include "auth/base/str.h"

/* Each takes its piece off the front, or leaves all as it was and answers false. */
bool take_text(struct str *rest, struct str expected);
/* Digits without a leading zero. */
bool take_number(struct str *rest, uint32_t *ret_value);
/* "m=19456" where the name is "m=". */
bool take_parameter(struct str *rest, const char *name, uint32_t *ret_value);
/* What stands before the next '$', which must be there; both are taken. */
bool take_part(struct str *rest, struct str *ret_part);

/* One spelling: no padding, unused bits are zero. */
bool decode64_strict(struct str text, unsigned char *ret_bytes, size_t bytes_max, size_t *ret_len);
/* As other systems write it: with padding or without, '.' for '+' (passlib), '-' and '_' for '+' and '/'. */
bool decode64(struct str text, unsigned char *ret_bytes, size_t bytes_max, size_t *ret_len);

#endif
