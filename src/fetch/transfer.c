// SPDX-License-Identifier: MIT
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "fetch_internal.h"

#define HEADER_BYTES_MAX (64u * 1024u)
#define LINE_FIRST_BYTES 256u
#define LINE_BYTES_MAX   8192u

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* --- callbacks ---------------------------------------------------------------------------------------------------- */

/* Where the name has become an address and the address becomes a connection. */
static curl_socket_t open_checked(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = argument;
    const bool is_allowed =
        purpose == CURLSOCKTYPE_IPCXN &&
        (is_public_address(&address->addr) ||
         (transfer->is_host_allowed && (address->family == AF_INET || address->family == AF_INET6)) ||
         is_allowed_address(&transfer->fetch->allowed, &address->addr));
    if (is_allowed) return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    transfer->is_refused = true;
    return CURL_SOCKET_BAD;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    strbuf_add(&transfer->body, (struct str){bytes, size * count});
    transfer->is_too_large = transfer->is_too_large || transfer->body.overflowed;
    return transfer->is_too_large ? 0 : size * count;
}

static size_t count_header(char *bytes, size_t size, size_t count, void *argument)
{
    struct transfer *transfer = argument;
    (void)bytes;
    transfer->header_bytes += size * count;
    transfer->is_too_large = transfer->is_too_large || transfer->header_bytes > HEADER_BYTES_MAX;
    return transfer->is_too_large ? 0 : size * count;
}

/* Called about once a second, whatever goes on. */
static int look_at_end(void *argument, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                       curl_off_t up)
{
    const struct transfer *transfer = argument;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return atomic_load(&transfer->fetch->is_aborted);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

#define SET(handle, option, value)                                                   \
    do {                                                                             \
        if (curl_easy_setopt((handle), (option), (value)) != CURLE_OK) return false; \
    } while (0)

/* Whatever is fetched. */
static const struct {
    CURLoption option;
    long value;
} NUMBERS[] = {
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* a name server that is silent does not hold up who has given up */
    {CURLOPT_NOPROGRESS, 0},
    {CURLOPT_FOLLOWLOCATION, 0},
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1},
    {CURLOPT_FRESH_CONNECT, 1},
    {CURLOPT_FORBID_REUSE, 1},
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
};

static bool set_numbers(CURL *curl)
{
    for (size_t i = 0; i < ARRAY_COUNT(NUMBERS); i++) SET(curl, NUMBERS[i].option, NUMBERS[i].value);
    return true;
}

static bool set_limits(CURL *curl, const struct transfer *transfer)
{
    SET(curl, CURLOPT_TIMEOUT_MS, (long)transfer->request->timeout_ms);
    SET(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)transfer->request->timeout_ms);
    SET(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(curl, CURLOPT_PROXY, "");
    SET(curl, CURLOPT_NOPROXY, "*");
    return true;
}

static bool set_callbacks(CURL *curl, struct transfer *transfer)
{
    SET(curl, CURLOPT_OPENSOCKETFUNCTION, open_checked);
    SET(curl, CURLOPT_OPENSOCKETDATA, transfer);
    SET(curl, CURLOPT_WRITEFUNCTION, take_body);
    SET(curl, CURLOPT_WRITEDATA, transfer);
    SET(curl, CURLOPT_HEADERFUNCTION, count_header);
    SET(curl, CURLOPT_HEADERDATA, transfer);
    SET(curl, CURLOPT_XFERINFOFUNCTION, look_at_end);
    SET(curl, CURLOPT_XFERINFODATA, transfer);
    SET(curl, CURLOPT_ERRORBUFFER, transfer->error);
    return true;
}

static bool set_authorities(CURL *curl, const struct fetch *fetch)
{
    if (is_empty(fetch->options.ca_file)) return true;
    SET(curl, CURLOPT_CAINFO, fetch->options.ca_file.ptr);
    SET(curl, CURLOPT_CAPATH, NULL);
    return true;
}

static bool has_body(const struct fetch_request *request)
{
    return request->body.len > 0 || str_equal(request->method, STR("POST")) ||
           str_equal(request->method, STR("PUT"));
}

static bool set_request(CURL *curl, struct transfer *transfer, struct curl_slist *headers)
{
    const struct fetch_request *request = transfer->request;
    const struct str method = str_copy(transfer->arena, request->method);
    SET(curl, CURLOPT_CURLU, transfer->url);
    SET(curl, CURLOPT_HTTPHEADER, headers);
    SET(curl, CURLOPT_USERAGENT, transfer->fetch->options.user_agent.ptr);
    if (str_equal(method, STR("HEAD"))) SET(curl, CURLOPT_NOBODY, 1L);
    if (has_body(request)) {
        SET(curl, CURLOPT_POST, 1L);
        SET(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(curl, CURLOPT_POSTFIELDS, request->body.len > 0 ? request->body.ptr : "");
    }
    SET(curl, CURLOPT_CUSTOMREQUEST, method.ptr);
    return true;
}

/* --- the transfer ------------------------------------------------------------------------------------------------- */

static void free_list(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static void end_handle(CURL **curl)
{
    curl_easy_cleanup(*curl);
}

static bool add_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer) *list = longer;
    return longer != NULL;
}

/* Without "Expect: 100-continue", which the library adds to large bodies and few servers understand. */
static bool make_headers(struct transfer *transfer, struct curl_slist **ret_list)
{
    const struct fetch_request *request = transfer->request;
    bool is_made = add_header(ret_list, "Expect:") && add_header(ret_list, "Accept: */*");
    for (size_t i = 0; is_made && i < request->header_count; i++) {
        const struct fetch_header *header = &request->headers[i];
        /* A header without a value is written with a semicolon. */
        struct strbuf line;
        strbuf_init(&line, transfer->arena, LINE_FIRST_BYTES, LINE_BYTES_MAX);
        strbuf_add(&line, header->name);
        strbuf_add(&line, is_empty(header->value) ? STR(";") : STR(": "));
        strbuf_add(&line, header->value);
        is_made = !line.overflowed && add_header(ret_list, line.bytes);
    }
    return is_made;
}

static void note_answer(CURL *curl, struct transfer *transfer)
{
    const char *content_type = NULL;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &transfer->status);
    (void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &transfer->retry_after);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &content_type);
    transfer->content_type = str_copy(transfer->arena, str_from(content_type));
}

void transfer_run(void *argument)
{
    struct transfer *transfer = argument;
    struct curl_slist *headers SCOPED(free_list) = NULL;
    (void)pthread_once(&once, begin_library);
    CURL *curl SCOPED(end_handle) = curl_easy_init();
    transfer->has_failed = !curl || !make_headers(transfer, &headers) || !set_numbers(curl) ||
                           !set_limits(curl, transfer) || !set_callbacks(curl, transfer) ||
                           !set_authorities(curl, transfer->fetch) || !set_request(curl, transfer, headers);
    if (transfer->has_failed) return;
    transfer->code = curl_easy_perform(curl);
    note_answer(curl, transfer);
}
