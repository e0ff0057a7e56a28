// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netdb.h>

#include "postgres_internal.h"

/* Longer than any request lasts: a holder that is gone must not keep its locks. */
#define IDLE_IN_TRANSACTION_MS 10000

/* Used unless SQL_URI says otherwise. */
static const struct {
    const char *keyword;
    const char *value;
} defaults[] = {
    {"client_encoding", "UTF8"},
    {"keepalives", "1"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "5"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
    /* Kerberos asks the network without a time limit. */
    {"gssencmode", "disable"},
};

static bool is_keyword(const PQconninfoOption *option, const char *keyword)
{
    return strcmp(option->keyword, keyword) == 0;
}

static const char *option_value(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (is_keyword(option, keyword)) return option->val;
    }
    return NULL;
}

static const char *keep(struct arena *arena, const char *text)
{
    return str_copy(arena, str_from(text)).ptr;
}

static void add(struct pg_conninfo *info, const char *keyword, const char *value)
{
    if (info->count + 1 == KEYWORDS_MAX) return; /* libpq knows fewer */
    info->keywords[info->count] = keyword;
    info->values[info->count] = value;
    info->count++;
}

static const char *server_options(struct arena *arena, const struct store_options *options, const char *given)
{
    return str_printf(
               arena,
               "-c statement_timeout=%lld -c lock_timeout=%lld -c idle_in_transaction_session_timeout=%d "
               "-c jit=off %s",
               (long long)options->statement_timeout_ms, (long long)options->lock_timeout_ms,
               IDLE_IN_TRANSACTION_MS, given == NULL ? "" : given)
        .ptr;
}

static bool is_ours(const PQconninfoOption *option)
{
    return is_keyword(option, "host") || is_keyword(option, "hostaddr") || is_keyword(option, "port") ||
           is_keyword(option, "options");
}

static void keywords_read(struct arena *arena, const struct store_options *options,
                          const PQconninfoOption *parsed, struct pg_conninfo *info)
{
    for (const PQconninfoOption *option = parsed; option->keyword != NULL; option++) {
        if (option->val == NULL || is_ours(option)) continue;
        add(info, keep(arena, option->keyword), keep(arena, option->val));
    }
    for (size_t i = 0; i < ARRAY_COUNT(defaults); i++) {
        if (option_value(parsed, defaults[i].keyword) == NULL)
            add(info, defaults[i].keyword, defaults[i].value);
    }
    if (option_value(parsed, "application_name") == NULL) {
        add(info, "application_name", str_copy(arena, options->application_name).ptr);
    }
    add(info, "options", server_options(arena, options, option_value(parsed, "options")));
}

/* An address needs no look-up; an empty name or a path is a socket. */
static bool is_name(struct arena *arena, struct str host)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    if (is_empty(host) || host.ptr[0] == '/' || host.ptr[0] == '@') return false;
    if (getaddrinfo(str_copy(arena, host).ptr, NULL, &hints, &found) != 0) return true;
    freeaddrinfo(found);
    return false;
}

static unsigned item_count(struct str list)
{
    unsigned count = 1;
    for (size_t i = 0; i < list.len; i++) count += list.ptr[i] == ',';
    return count;
}

struct host_lists {
    struct str names;
    struct str addresses;
    struct str ports; /* one for all hosts, or as many */
};

static result check_lists(struct task *task, const struct host_lists *lists, unsigned count)
{
    const bool has_pairs = !is_empty(lists->names) && !is_empty(lists->addresses);
    const unsigned ports = item_count(lists->ports);
    if (count > ADDRESSES_MAX) FAIL(&task->fault, BAD_REQUEST, "SQL_URI: at most %u hosts", ADDRESSES_MAX);
    if ((has_pairs && item_count(lists->addresses) != count) || (ports != 1 && ports != count)) {
        FAIL(&task->fault, BAD_REQUEST, "SQL_URI: host, hostaddr and port are lists of different lengths");
    }
    return RESULT_OK;
}

static result host_add(struct task *task, struct arena *arena, const struct pg_host *host,
                       struct pg_conninfo *info)
{
    const struct str name = str_from(host->name);
    const struct str address = str_from(host->address);
    if (name.len > HOST_NAME_MAX_BYTES || address.len >= ADDRESS_TEXT_MAX ||
        strlen(host->port) >= PORT_TEXT_MAX) {
        FAIL(&task->fault, BAD_REQUEST, "SQL_URI: a host or a port is too long");
    }
    if (is_name(arena, is_empty(address) ? name : address)) info->has_names = true;
    info->hosts[info->host_count++] = *host;
    return RESULT_OK;
}

static result hosts_read(struct task *task, struct arena *arena, const char *const given[3],
                         struct pg_conninfo *info)
{
    struct host_lists lists = {str_copy(arena, str_from(given[0])), str_copy(arena, str_from(given[1])),
                               str_copy(arena, str_from(given[2]))};
    const unsigned count = item_count(is_empty(lists.names) ? lists.addresses : lists.names);
    const bool has_one_port = item_count(lists.ports) == 1;
    TRY(check_lists(task, &lists, count));
    while (info->host_count < count) {
        const struct pg_host host = {
            .name = str_copy(arena, str_split(&lists.names, ',')).ptr,
            .address = str_copy(arena, str_split(&lists.addresses, ',')).ptr,
            .port = str_copy(arena, has_one_port ? lists.ports : str_split(&lists.ports, ',')).ptr,
        };
        TRY(host_add(task, arena, &host, info));
    }
    return RESULT_OK;
}

/* libpq would take host, hostaddr and port from the environment by itself, and look a name up while the loop
 * stands still. */
static result places_read(struct task *task, struct arena *arena, const PQconninfoOption *parsed,
                          struct pg_conninfo *info)
{
    static const char *const keywords[3] = {"host", "hostaddr", "port"};
    const char *lists[3];
    PQconninfoOption *environment = PQconndefaults();
    if (environment == NULL) FAIL(&task->fault, BAD_REQUEST, "PGSERVICE names a service that is not known");
    const bool is_given = option_value(parsed, "host") != NULL || option_value(parsed, "hostaddr") != NULL;
    for (unsigned i = 0; i < ARRAY_COUNT(keywords); i++) {
        lists[i] = option_value(parsed, keywords[i]);
        const bool is_wanted = lists[i] == NULL && (!is_given || i == 2);
        if (is_wanted) lists[i] = option_value(environment, keywords[i]);
    }
    const result outcome = hosts_read(task, arena, lists, info);
    PQconninfoFree(environment);
    return outcome;
}

static result refuse(struct task *task, char *message)
{
    /* Others quote the text around the mistake, which may be the password. */
    const bool is_harmless = message != NULL && strncmp(message, "invalid connection option", 25) == 0;
    const result outcome = fault_record(&task->fault, STATUS_BAD_REQUEST, __FILE__, __LINE__, __func__,
                                        "SQL_URI: %s", is_harmless ? message : "libpq cannot read it");
    PQfreemem(message);
    return outcome;
}

result pg_conninfo_read(struct task *task, struct arena *arena, const struct store_options *options,
                        struct pg_conninfo *ret_info)
{
    char *message = NULL;
    PQconninfoOption *parsed = PQconninfoParse(str_copy(arena, options->uri).ptr, &message);
    if (parsed == NULL) return refuse(task, message);
    if (option_value(parsed, "service") != NULL) {
        PQconninfoFree(parsed);
        FAIL(&task->fault, BAD_REQUEST, "SQL_URI: a service file is not read; name the host");
    }
    keywords_read(arena, options, parsed, ret_info);
    const result outcome = places_read(task, arena, parsed, ret_info);
    PQconninfoFree(parsed);
    return outcome;
}
