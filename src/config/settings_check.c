// SPDX-License-Identifier: MIT
#include "settings_internal.h"

#define HASH_WORK_KIB_MAX (1024 * 1024)

/* A pair in which the first may not exceed the second. */
struct order {
    enum setting_name small;
    enum setting_name large;
};

static int64_t number_of(const struct settings *settings, enum setting_name name)
{
    return *(const int64_t *)setting_at(settings, &setting_rows[name]);
}

static void check_orders(struct collected *collected, const struct settings *settings)
{
    static const struct order orders[] = {
        {SETTING_AUTH_SESSION_IDLE_SECONDS, SETTING_AUTH_SESSION_SECONDS},
        {SETTING_AUTH_ACCESS_TOKEN_SECONDS, SETTING_AUTH_SESSION_SECONDS},
        {SETTING_AUTH_THROTTLE_FIRST_DELAY_SECONDS, SETTING_AUTH_THROTTLE_MAX_DELAY_SECONDS},
        {SETTING_AUTH_DB_LOCK_TIMEOUT_MS, SETTING_AUTH_DB_STATEMENT_TIMEOUT_MS},
        {SETTING_AUTH_MAIL_RETRY_SECONDS, SETTING_AUTH_MAIL_RETRY_MAX_SECONDS},
    };
    for (size_t i = 0; i < ARRAY_COUNT(orders); i++) {
        if (number_of(settings, orders[i].small) <= number_of(settings, orders[i].large)) continue;
        problem_add(collected, setting_rows[orders[i].small].name, "must not exceed %s",
                    setting_rows[orders[i].large].name);
    }
    if (settings->throttle_stop <= settings->throttle_free_attempts) {
        problem_add(collected, "AUTH_THROTTLE_STOP", "must exceed AUTH_THROTTLE_FREE_ATTEMPTS");
    }
}

/* RFC 8414 §2 and OWASP ASVS 12.2.1 want https; a service on the loopback interface has no wire to protect. */
static void check_issuer(struct collected *collected, const struct settings *settings)
{
    if (!str_starts_with(settings->issuer, STR("http://"))) return;
    struct str rest = str_from_offset(settings->issuer, 7);
    const struct str authority = str_split(&rest, '/');
    const bool is_six = authority.len > 0 && authority.ptr[0] == '[';
    struct str host = authority;
    if (is_six)
        host = str_starts_with(authority, STR("[::1]")) ? STR("[::1]") : authority;
    else
        host = str_split(&host, ':');
    if (is_loopback_host(host)) return;
    warning_add(collected, "AUTH_ISSUER", "should begin with https:// unless it is on this machine");
}

static void check_hash_cost(struct collected *collected, const struct settings *settings)
{
    /* What the hasher takes at most: about a second of a core. */
    if (settings->hash_memory_kib * settings->hash_iterations > HASH_WORK_KIB_MAX)
        problem_add(collected, "AUTH_HASH_MEMORY_KIB", "times AUTH_HASH_ITERATIONS must not exceed %d KiB",
                    HASH_WORK_KIB_MAX);
    /* OWASP Password Storage: 19 MiB with 2 passes, or more memory with fewer, is the least advised. */
    if (settings->hash_memory_kib * settings->hash_iterations >= 19456 * 2) return;
    warning_add(collected, "AUTH_HASH_MEMORY_KIB",
                "and AUTH_HASH_ITERATIONS are below 19456 KiB and 2 passes");
}

void settings_check(struct collected *collected, const struct settings *settings)
{
    check_orders(collected, settings);
    check_issuer(collected, settings);
    check_hash_cost(collected, settings);
    if (str_equal(settings->listen, settings->ops_listen)) {
        problem_add(collected, "AUTH_OPS_LISTEN", "must differ from AUTH_LISTEN");
    }
}
