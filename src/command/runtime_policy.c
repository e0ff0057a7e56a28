// SPDX-License-Identifier: MIT
#include "runtime_internal.h"

#define MS_PER_DAY            INT64_C(86400000)
#define CODE_FIRST_DELAY_MS   INT64_C(60000)
#define CODE_LONGEST_DELAY_MS INT64_C(3600000)

/* There is no stop: whoever asks too often waits an hour at most, so that nobody is kept from a code for good. */
static struct throttle_rule code_requests_of(const struct settings *settings)
{
    return (struct throttle_rule){.free_attempts = settings->code_requests,
                                  .first_delay_ms = CODE_FIRST_DELAY_MS,
                                  .longest_delay_ms = CODE_LONGEST_DELAY_MS,
                                  .stop = INT64_MAX};
}

struct policy runtime_policy(struct arena *arena, const struct settings *settings)
{
    return (struct policy){
        .issuer = settings->issuer,
        .audience = is_empty(settings->audience) ? settings->issuer : settings->audience,
        .client_id = settings->client_id,
        .access_token_ms = settings->access_token_seconds * MS_PER_SECOND,
        .session_ms = settings->session_seconds * MS_PER_SECOND,
        .session_idle_ms = settings->session_idle_seconds * MS_PER_SECOND,
        .session_cache_ms = settings->session_cache_seconds * MS_PER_SECOND,
        .refresh_grace_ms = settings->refresh_grace_seconds * MS_PER_SECOND,
        .sessions_per_account = settings->sessions_per_account,
        .keys_per_account = settings->api_keys_per_account,
        .fresh_ms = settings->fresh_seconds * MS_PER_SECOND,
        .deletion_grace_ms = settings->deletion_grace_seconds * MS_PER_SECOND,
        .signing_algorithm = (enum signing_algorithm)settings->signing_algorithm,
        .key_overlap_ms = settings->key_overlap_seconds * MS_PER_SECOND,
        .password_min = settings->password_min,
        .breached_url = settings->breached_passwords_url,
        .breached_timeout_ms = settings->breached_passwords_timeout_ms,
        .breached_fails_closed = settings->breached_passwords_fail == BREACHED_FAIL_CLOSED,
        .is_signup_open = settings->signup == SIGNUP_OPEN,
        .is_signup_by_invitation = settings->signup != SIGNUP_CLOSED,
        .signup_signs_in = settings->signup_signs_in,
        .requires_verification = settings->signup_verification,
        .has_code_sign_in = settings->code_sign_in,
        .email_domains_allowed = setting_list_join(arena, settings->email_domains_allowed),
        .email_domains_denied = setting_list_join(arena, settings->email_domains_denied),
        .code_life_ms = {[CODE_VERIFY] = settings->code_verify_seconds * MS_PER_SECOND,
                         [CODE_LOGIN] = settings->code_login_seconds * MS_PER_SECOND,
                         [CODE_RESET] = settings->code_reset_seconds * MS_PER_SECOND,
                         [CODE_CHANGE] = settings->code_change_seconds * MS_PER_SECOND},
        .code_requests = code_requests_of(settings),
        .invitation_ms = settings->invitation_seconds * MS_PER_SECOND,
        .throttle = {.free_attempts = settings->throttle_free_attempts,
                     .first_delay_ms = settings->throttle_first_delay_seconds * MS_PER_SECOND,
                     .longest_delay_ms = settings->throttle_max_delay_seconds * MS_PER_SECOND,
                     .stop = settings->throttle_stop},
        .audit_checkpoint_ms = settings->audit_checkpoint_seconds * MS_PER_SECOND,
        .event_streams_max = settings->audit_streams_max,
        .audit_address_ms = settings->audit_address_days * MS_PER_DAY,
        .audit_retention_ms = settings->audit_retention_days * MS_PER_DAY,
        .requires_mfa = settings->mfa == MFA_REQUIRED_OF_ALL,
        .mfa_roles = settings->mfa_roles,
        .totp_issuer = settings->totp_issuer,
        .totp_drift_steps = settings->totp_drift_steps,
        .assured_ms = settings->aal2_seconds * MS_PER_SECOND,
        .assured_idle_ms = settings->aal2_idle_seconds * MS_PER_SECOND,
        .device_ms = settings->device_seconds * MS_PER_SECOND,
    };
}

struct str setting_list_join(struct arena *arena, struct setting_list list)
{
    struct str joined = STR("");
    for (size_t i = 0; i < list.count; i++)
        joined =
            str_printf(arena, "%.*s%s%.*s", STR_ARGS(joined), i == 0 ? "" : ",", STR_ARGS(list.items[i]));
    return joined;
}

struct mailer_options runtime_mailer_options(const struct settings *settings)
{
    return (struct mailer_options){
        .templates = settings->mail_templates,
        .language = settings->mail_language,
        .per_hour = settings->mail_per_hour,
        .account_per_hour = settings->mail_account_per_hour,
        .notices_per_hour = settings->mail_notices_per_hour,
        .retry_ms = settings->mail_retry_seconds * MS_PER_SECOND,
        .retry_longest_ms = settings->mail_retry_max_seconds * MS_PER_SECOND,
        .give_up_ms = settings->mail_give_up_seconds * MS_PER_SECOND,
        .from = settings->mail_from,
        .reply_to = settings->mail_reply_to,
        .smtp = {.url = settings->smtp_url,
                 .password = settings->smtp_password,
                 .starttls = (enum smtp_starttls)settings->smtp_starttls,
                 .ca_file = settings->ca_file,
                 .timeout_ms = settings->smtp_timeout_seconds * MS_PER_SECOND},
    };
}
