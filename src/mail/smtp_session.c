// SPDX-License-Identifier: MIT
#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/base/clock.h"
#include "smtp_internal.h"

#define REPLY_MAX       160u
#define LEAVE_MS        INT64_C(500)
#define ADDRESS_MAX     320u
#define TEMPORARY_FIRST 400
#define PERMANENT_FIRST 500
#define CLOSING         421 /* RFC 5321 §3.8: the server is about to close the connection, whatever was asked */

/* How far a conversation has come: whom a refusal is about. */
enum phase { PHASE_GREETING, PHASE_RECIPIENT, PHASE_CONTENT };

struct smtp_session {
    const struct smtp *smtp;
    CURL *curl;
    const struct smtp_letter *letter;
    size_t sent_bytes;
    enum phase phase;
    bool is_leaving;
    bool has_failed; /* the last letter, for the server's sake */
    curl_socket_t fd;
    int64_t until_ms;      /* monotonic */
    char reply[REPLY_MAX]; /* the server's last line */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin_library(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t give_bytes(char *buffer, size_t size, size_t count, void *argument)
{
    struct smtp_session *session = argument;
    const struct str rest = str_from_offset(session->letter->bytes, session->sent_bytes);
    const size_t len = rest.len < size * count ? rest.len : size * count;
    if (len > 0) memcpy(buffer, rest.ptr, len);
    session->sent_bytes += len;
    return len;
}

static void note_command(struct smtp_session *session, struct str line)
{
    if (str_starts_with(line, STR("RCPT TO:")))
        session->phase = PHASE_RECIPIENT;
    else if (str_starts_with(line, STR("DATA")))
        session->phase = PHASE_CONTENT;
    else if (str_starts_with(line, STR("QUIT")))
        session->is_leaving = true;
}

/* Printable ASCII alone: it is written to the log and the database. */
static void note_reply(struct smtp_session *session, struct str line)
{
    size_t len = 0;
    if (session->is_leaving) return;
    for (size_t i = 0; i < line.len && len + 1 < REPLY_MAX; i++)
        if (line.ptr[i] >= ' ' && line.ptr[i] <= '~') session->reply[len++] = line.ptr[i];
    session->reply[len] = '\0';
}

/* Told of all that is said. What we say may hold the password: only the names of two commands are looked at. */
static int overhear(CURL *curl, curl_infotype type, char *bytes, size_t size, void *argument)
{
    struct smtp_session *session = argument;
    (void)curl;
    if (type == CURLINFO_HEADER_OUT) note_command(session, (struct str){bytes, size});
    if (type == CURLINFO_HEADER_IN) note_reply(session, (struct str){bytes, size});
    return 0;
}

/* The library's own limit does not hold while it takes leave of a server that has stopped to answer. */
static int look_at_clock(void *argument, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
                         curl_off_t up)
{
    const struct smtp_session *session = argument;
    (void)down_total;
    (void)down;
    (void)up_total;
    (void)up;
    return atomic_load(&session->smtp->is_aborted) || clock_monotonic_ms() > session->until_ms + LEAVE_MS;
}

static curl_socket_t open_socket(void *argument, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct smtp_session *session = argument;
    (void)purpose;
    session->fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    return session->fd;
}

static int close_socket(void *argument, curl_socket_t fd)
{
    struct smtp_session *session = argument;
    if (session->fd == fd) session->fd = CURL_SOCKET_BAD;
    return close(fd);
}

#define SET(handle, option, value)                                                   \
    do {                                                                             \
        if (curl_easy_setopt((handle), (option), (value)) != CURLE_OK) return false; \
    } while (0)

/* Whatever the server. */
static const struct {
    CURLoption option;
    long value;
} NUMBERS[] = {
    {CURLOPT_NETRC, CURL_NETRC_IGNORED},
    {CURLOPT_NOSIGNAL, 1},
    {CURLOPT_QUICK_EXIT, 1}, /* a name server that is silent does not hold up who has given up */
    {CURLOPT_SSL_VERIFYPEER, 1},
    {CURLOPT_SSL_VERIFYHOST, 2},
    {CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2},
    {CURLOPT_UPLOAD, 1},
    {CURLOPT_NOPROGRESS, 0},
    {CURLOPT_VERBOSE, 1},
};

static bool set_numbers(CURL *curl)
{
    for (size_t i = 0; i < ARRAY_COUNT(NUMBERS); i++) SET(curl, NUMBERS[i].option, NUMBERS[i].value);
    return true;
}

static long use_ssl(enum smtp_starttls starttls)
{
    switch (starttls) {
    case SMTP_STARTTLS_OPPORTUNISTIC:
        return (long)CURLUSESSL_TRY;
    case SMTP_STARTTLS_OFF:
        return (long)CURLUSESSL_NONE;
    case SMTP_STARTTLS_REQUIRED:
        break;
    }
    return (long)CURLUSESSL_ALL;
}

static bool set_server(CURL *curl, const struct smtp *smtp)
{
    SET(curl, CURLOPT_URL, smtp->url);
    SET(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    SET(curl, CURLOPT_PROXY, "");
    SET(curl, CURLOPT_USE_SSL, use_ssl(smtp->starttls));
    SET(curl, CURLOPT_TIMEOUT_MS, (long)smtp->timeout_ms);
    SET(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)smtp->timeout_ms);
    if (smtp->ca_file) {
        SET(curl, CURLOPT_CAINFO, smtp->ca_file);
        SET(curl, CURLOPT_CAPATH, NULL);
    }
    if (!smtp->user) return true;
    SET(curl, CURLOPT_USERNAME, smtp->user);
    SET(curl, CURLOPT_PASSWORD, secret_expose(smtp->password).ptr);
    return true;
}

static bool set_callbacks(CURL *curl, struct smtp_session *session)
{
    SET(curl, CURLOPT_READFUNCTION, give_bytes);
    SET(curl, CURLOPT_READDATA, session);
    SET(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(curl, CURLOPT_OPENSOCKETDATA, session);
    SET(curl, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    SET(curl, CURLOPT_CLOSESOCKETDATA, session);
    SET(curl, CURLOPT_XFERINFOFUNCTION, look_at_clock);
    SET(curl, CURLOPT_XFERINFODATA, session);
    SET(curl, CURLOPT_DEBUGFUNCTION, overhear);
    SET(curl, CURLOPT_DEBUGDATA, session);
    return true;
}

struct smtp_session *smtp_session_open(const struct smtp *smtp)
{
    (void)pthread_once(&once, begin_library);
    struct smtp_session *session = calloc(1, sizeof *session);
    if (!session) return NULL;
    session->smtp = smtp;
    session->fd = CURL_SOCKET_BAD;
    session->curl = curl_easy_init();
    if (session->curl && set_numbers(session->curl) && set_server(session->curl, smtp) &&
        set_callbacks(session->curl, session))
        return session;
    smtp_session_close(session);
    return NULL;
}

void smtp_session_close(struct smtp_session *session)
{
    if (!session) return;
    /* QUIT is said, and the answer, for which the library would wait two minutes, is not listened to. */
    if (session->fd != CURL_SOCKET_BAD)
        (void)shutdown(session->fd, session->has_failed ? SHUT_RDWR : SHUT_RD);
    if (session->curl) curl_easy_cleanup(session->curl);
    free(session);
}

static bool set_letter(struct smtp_session *session, const struct smtp_letter *letter,
                       struct curl_slist **ret_list)
{
    char from[ADDRESS_MAX];
    char to[ADDRESS_MAX];
    (void)snprintf(from, sizeof from, "<%.*s>", STR_ARGS(letter->from));
    (void)snprintf(to, sizeof to, "<%.*s>", STR_ARGS(letter->to));
    *ret_list = curl_slist_append(NULL, to);
    if (!*ret_list) return false;
    SET(session->curl, CURLOPT_MAIL_FROM, from);
    SET(session->curl, CURLOPT_MAIL_RCPT, *ret_list);
    SET(session->curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)letter->bytes.len);
    return true;
}

static enum smtp_outcome outcome_of(const struct smtp_session *session, CURLcode code, long status)
{
    if (code == CURLE_OK) return SMTP_ACCEPTED;
    if (session->phase == PHASE_GREETING || status == CLOSING) return SMTP_FAILED;
    if (code != CURLE_SEND_ERROR && code != CURLE_WEIRD_SERVER_REPLY) return SMTP_FAILED;
    if (status >= PERMANENT_FIRST) return SMTP_REFUSED;
    return status >= TEMPORARY_FIRST ? SMTP_DEFERRED : SMTP_FAILED;
}

static void tell(const struct smtp_session *session, CURLcode code, long status,
                 struct smtp_answer *ret_answer)
{
    const char *words = code == CURLE_OK ? "" : curl_easy_strerror(code);
    *ret_answer = (struct smtp_answer){.outcome = outcome_of(session, code, status)};
    if (status >= TEMPORARY_FIRST)
        (void)snprintf(ret_answer->reason, sizeof ret_answer->reason, "%s", session->reply);
    else
        (void)snprintf(ret_answer->reason, sizeof ret_answer->reason, "%s", words);
}

void smtp_send(struct smtp_session *session, const struct smtp_letter *letter, struct smtp_answer *ret_answer)
{
    struct curl_slist *recipients = NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    long status = 0;
    session->letter = letter;
    session->sent_bytes = 0;
    session->phase = PHASE_GREETING;
    session->is_leaving = false;
    session->until_ms = clock_monotonic_ms() + session->smtp->timeout_ms;
    session->reply[0] = '\0';
    if (set_letter(session, letter, &recipients)) {
        code = curl_easy_perform(session->curl);
        (void)curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
    }
    tell(session, code, status, ret_answer);
    session->has_failed = ret_answer->outcome == SMTP_FAILED;
    session->letter = NULL;
    curl_slist_free_all(recipients);
}
