// SPDX-License-Identifier: MIT
#include "auth/crypto/totp.h"

#include <liboath/oath.h>
#include <pthread.h>

static pthread_once_t started = PTHREAD_ONCE_INIT;
static int start_code;

static void start(void)
{
    start_code = oath_init();
}

struct secret totp_seed_make(struct arena *arena)
{
    unsigned char *bytes = arena_alloc(arena, TOTP_SEED_BYTES);
    random_bytes(bytes, TOTP_SEED_BYTES);
    return (struct secret){bytes, TOTP_SEED_BYTES};
}

result totp_code(struct secret seed, int64_t step, char ret_code[TOTP_DIGITS + 1u])
{
    REQUIRE(pthread_once(&started, start) == 0 && start_code == OATH_OK, INTERNAL);
    REQUIRE(seed.len >= TOTP_SEED_BYTES && step >= 0, INTERNAL);
    const struct str bytes = secret_expose(seed);
    const int code = oath_hotp_generate(bytes.ptr, bytes.len, (uint64_t)step, TOTP_DIGITS, false,
                                        OATH_HOTP_DYNAMIC_TRUNCATION, ret_code);
    REQUIRE(code == OATH_OK, INTERNAL);
    return RESULT_OK;
}

/* RFC 6238 §5.2: "The validation system should compare OTPs not only with the receiving timestamp but also the past
 * timestamps that are within the transmission delay." */
result totp_match(struct secret seed, int64_t now_step, int64_t drift, struct secret code, int64_t *ret_step)
{
    char expected[TOTP_DIGITS + 1u];
    int64_t found = -1;
    for (int64_t step = now_step - drift; step <= now_step + drift; step++) {
        TRY(totp_code(seed, step, expected));
        const struct secret digits = {(unsigned char *)expected, TOTP_DIGITS};
        if (secret_equal(digits, code)) found = step;
    }
    wipe(expected, sizeof expected);
    REQUIRE(found >= 0, NOT_FOUND);
    *ret_step = found;
    return RESULT_OK;
}
