// SPDX-License-Identifier: MIT
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "fetch_internal.h"

#define HOST_BYTES_MAX 255u

const char url_not_public[] = "has an address that is not public";

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    const CURLUcode code = curl_url_get(url, part, &text, 0);
    curl_free(text);
    return code == CURLUE_OK;
}

static bool has_scheme(CURLU *url, const char *name)
{
    char *scheme = NULL;
    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK) return false;
    const bool is_it = str_equal(str_from(scheme), str_from(name));
    curl_free(scheme);
    return is_it;
}

bool url_is_secure(CURLU *url)
{
    return has_scheme(url, "https");
}

/* The address a host spells, if it spells one: the library has turned 0x7f.1 and its like into the usual form. */
static bool parse_address(const char *host, struct sockaddr_storage *ret_address)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    char inner[INET6_ADDRSTRLEN];
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        memcpy(ret_address, &four, sizeof four);
        return true;
    }
    const size_t len = strlen(host);
    if (len < 4 || host[0] != '[' || len - 2 >= sizeof inner) return false;
    memcpy(inner, host + 1, len - 2);
    inner[len - 2] = '\0';
    if (inet_pton(AF_INET6, inner, &six.sin6_addr) != 1) return false;
    memcpy(ret_address, &six, sizeof six);
    return true;
}

bool url_is_listed(const struct fetch *fetch, CURLU *url)
{
    char *host = NULL;
    struct sockaddr_storage address = {0};
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) return false;
    const bool is_listed = is_allowed_host(&fetch->allowed, str_from(host)) ||
                           (parse_address(host, &address) &&
                            is_listed_address(&fetch->allowed, (const struct sockaddr *)&address));
    curl_free(host);
    return is_listed;
}

static const char *host_problem(const struct fetch *fetch, CURLU *url, bool *ret_is_allowed)
{
    char *host = NULL;
    struct sockaddr_storage address = {0};
    if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK) return "must name a host";
    const char *problem = strlen(host) > HOST_BYTES_MAX ? "has a host name that is too long" : NULL;
    *ret_is_allowed = is_allowed_host(&fetch->allowed, str_from(host));
    if (!problem && !*ret_is_allowed && parse_address(host, &address) &&
        !is_allowed_address(&fetch->allowed, (const struct sockaddr *)&address))
        problem = url_not_public;
    curl_free(host);
    return problem;
}

static const char *parts_problem(const struct fetch *fetch, CURLU *url, bool *ret_is_host_allowed)
{
    if (!has_scheme(url, "http") && !url_is_secure(url)) return "must begin with https:// or http://";
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return "must not hold credentials";
    if (has_part(url, CURLUPART_ZONEID)) return "must not name a network interface";
    return host_problem(fetch, url, ret_is_host_allowed);
}

const char *url_parse(const struct fetch *fetch, struct str text, CURLU **ret_url, bool *ret_is_host_allowed)
{
    char terminated[FETCH_URL_BYTES_MAX + 1];
    if (is_empty(text)) return "must not be empty";
    if (text.len > FETCH_URL_BYTES_MAX) return "is too long";
    for (size_t i = 0; i < text.len; i++) {
        const unsigned char c = (unsigned char)text.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '\\') return "must be a URL in ASCII without spaces";
    }
    memcpy(terminated, text.ptr, text.len);
    terminated[text.len] = '\0';
    CURLU *url = curl_url();
    if (!url) return "cannot be read now";
    const CURLUcode code = curl_url_set(url, CURLUPART_URL, terminated, 0);
    const char *problem = code != CURLUE_OK ? "is not a URL" : parts_problem(fetch, url, ret_is_host_allowed);
    if (problem)
        curl_url_cleanup(url);
    else
        *ret_url = url;
    return problem;
}
