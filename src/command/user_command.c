// SPDX-License-Identifier: MIT
#include <stdio.h>

#include "account_word_internal.h"
#include "auth/command/command.h"
#include "auth/domain/administrators.h"
#include "auth/domain/mailer.h"
#include "commands_internal.h"
#include "runtime_internal.h"
#include "user_command_internal.h"

/* The account the first word names, changed by who has the shell. */
static result target_of(struct service *service, struct task *task, const struct user_work *work,
                        struct user_target *ret_target)
{
    struct account account;
    TRY(account_of_word(service, task, work->line->words[1], &account));
    *ret_target = (struct user_target){.id = account.id, .granter = scopes_of_shell()};
    return RESULT_OK;
}

static struct str_list roles_of(struct task *task, const struct user_work *work)
{
    struct str *items = arena_alloc_array(task->arena, work->line->value_count + 1, sizeof *items);
    size_t count = 0;
    if (work->is_administrator) items[count++] = STR(ROLE_ADMINISTRATOR);
    for (size_t i = 0; i < work->line->value_count; i++) items[count++] = str_from(work->line->values[i]);
    return (struct str_list){items, count};
}

static result create(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    const struct user_draft draft = {.email = str_from(work->line->words[1]),
                                     .name = str_from(work->name),
                                     .locale = str_from(work->locale),
                                     .external_id = str_from(work->external_id),
                                     .roles = roles_of(task, work),
                                     .is_email_verified = work->is_verified,
                                     .requires_mfa = work->demands_mfa,
                                     .sends_link = work->sends_link,
                                     .password = work->password,
                                     .granter = scopes_of_shell()};
    struct user user;
    struct rights rights;
    char id[ID_TEXT_SIZE];
    if (work->is_administrator) TRY(administrators_prepare(service->db, task));
    TRY(users_create(service, task, &draft, &user, &rights));
    if (work->sends_link) TRY(mailer_drain(service, task));
    if (work->line->is_json) return user_print(service, task, user.id, true);
    id_print(user.id, id);
    printf("%s\n", id);
    return RESULT_OK;
}

static result set(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    const struct user_change change = {.sets_email = work->email != NULL,
                                       .email = str_from(work->email),
                                       .sets_name = work->name != NULL,
                                       .name = str_from(work->name),
                                       .sets_locale = work->locale != NULL,
                                       .locale = str_from(work->locale),
                                       .sets_external_id = work->external_id != NULL,
                                       .external_id = str_from(work->external_id),
                                       .sets_verified = work->is_verified || work->is_unverified,
                                       .is_email_verified = work->is_verified,
                                       .sets_requires_mfa = work->demands_mfa || work->allows_no_mfa,
                                       .requires_mfa = work->demands_mfa};
    struct user_target target;
    struct user user;
    struct rights rights;
    TRY(target_of(service, task, work, &target));
    TRY(users_update(service, task, &target, &change, &user, &rights));
    if (change.sets_email) TRY(mailer_drain(service, task));
    return user_print(service, task, user.id, work->line->is_json);
}

static result lock(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct user_target target;
    TRY(target_of(service, task, work, &target));
    return users_lock(service, task, &target, str_from(work->reason));
}

static result unlock(struct service *service, struct task *task, void *argument)
{
    struct user_target target;
    TRY(target_of(service, task, argument, &target));
    return users_unlock(service, task, &target);
}

static result delete (struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    struct user_target target;
    int64_t delete_after_ms;
    char text[RFC3339_SIZE];
    TRY(target_of(service, task, work, &target));
    TRY(users_delete(service, task, &target, work->is_immediate, &delete_after_ms));
    if (delete_after_ms == 0) return RESULT_OK;
    time_print(delete_after_ms, text);
    printf("gone after %s; until then: auth user unlock %s\n", text, work->line->words[1]);
    return RESULT_OK;
}

static result reset(struct service *service, struct task *task, void *argument)
{
    const struct user_work *work = argument;
    const struct device device = {0};
    struct user_target target;
    struct str link;
    TRY(target_of(service, task, work, &target));
    TRY(users_forget_password(service, task, &target, &device, work->prints_link ? &link : NULL));
    if (!work->prints_link) return mailer_drain(service, task);
    printf("%.*s\n", STR_ARGS(link));
    return RESULT_OK;
}

static const struct subcommand SUBCOMMANDS[] = {
    {"create", 1, 1,
     "--admin --role --name --locale --external-id --verified --require-mfa --no-password --send-link"},
    {"list", 0, 0,
     "--status --prefix --role --group --verified --unverified --created-after --created-before"},
    {"show", 1, 1, ""},
    {"set", 1, 1,
     "--email --name --locale --external-id --verified --unverified --require-mfa --no-require-mfa"},
    {"lock", 1, 1, "--reason"},
    {"unlock", 1, 1, ""},
    {"delete", 1, 1, "--now --yes"},
    {"sessions", 1, 2, "--end"},
    {"reset", 1, 1, "--print-link --yes"},
    {"invite", 1, 1, "--roles --groups --locale --print-link"},
    {"link", 2, 2, "--mail"},
    {"claims", 1, 1, "--replace"}};
static service_work *const WORKS[] = {create, user_list,     user_show, set,         lock,      unlock,
                                      delete, user_sessions, reset,     user_invite, user_link, user_claims};

/* What cannot be taken back, or ends what somebody is in the middle of, asks first. */
static bool is_agreed(service_work *found, const struct user_work *work)
{
    if (found == delete)
        return is_confirmed(work->is_immediate ? "It cannot be brought back. Erase the account now?"
                                               : "All its sessions end. Delete the account?",
                            work->says_yes);
    if (found == reset)
        return is_confirmed("Its password is forgotten and all its sessions end. Go on?", work->says_yes);
    return true;
}

static bool needs_password(service_work *found, const struct user_work *work)
{
    return found == create && !work->has_no_password && !work->sends_link;
}

static int run(const struct command_line *line, service_work *found, struct user_work *work)
{
    struct runtime runtime = {0};
    int code = runtime_load(&runtime, line, "user");
    if (code == EXIT_DONE && needs_password(found, work) && !password_read(runtime.arena, &work->password))
        code = EXIT_USAGE;
    if (code == EXIT_DONE && work->replacement && !user_claims_read(runtime.arena, work)) code = EXIT_USAGE;
    if (code == EXIT_DONE) code = runtime_start(&runtime);
    if (code == EXIT_DONE) code = runtime_run(&runtime, found, work);
    runtime_done(&runtime);
    return code;
}

int user_command(int argc, char **argv)
{
    struct user_work work = {0};
    const struct command_option options[] = {{"--name", &work.name, NULL},
                                             {"--email", &work.email, NULL},
                                             {"--locale", &work.locale, NULL},
                                             {"--external-id", &work.external_id, NULL},
                                             {"--reason", &work.reason, NULL},
                                             {"--status", &work.status, NULL},
                                             {"--prefix", &work.prefix, NULL},
                                             {"--group", &work.group, NULL},
                                             {"--created-after", &work.created_after, NULL},
                                             {"--created-before", &work.created_before, NULL},
                                             {"--replace", &work.replacement, NULL},
                                             {"--role", NULL, NULL},
                                             {"--roles", &work.roles, NULL},
                                             {"--groups", &work.groups, NULL},
                                             {"--mail", NULL, &work.is_mailed},
                                             {"--admin", NULL, &work.is_administrator},
                                             {"--verified", NULL, &work.is_verified},
                                             {"--unverified", NULL, &work.is_unverified},
                                             {"--require-mfa", NULL, &work.demands_mfa},
                                             {"--no-require-mfa", NULL, &work.allows_no_mfa},
                                             {"--no-password", NULL, &work.has_no_password},
                                             {"--send-link", NULL, &work.sends_link},
                                             {"--print-link", NULL, &work.prints_link},
                                             {"--end", NULL, &work.ends_sessions},
                                             {"--now", NULL, &work.is_immediate},
                                             {"--yes", NULL, &work.says_yes},
                                             {0}};
    struct command_line line;
    if (!command_line_read(argc, argv, options, &line)) return EXIT_USAGE;
    const struct subcommand *chosen = subcommand_find("user", &line, SUBCOMMANDS, ARRAY_COUNT(SUBCOMMANDS));
    if (!chosen) return EXIT_USAGE;
    service_work *found = WORKS[chosen - SUBCOMMANDS];
    work.line = &line;
    if (!is_agreed(found, &work)) return EXIT_USAGE;
    return run(&line, found, &work);
}
