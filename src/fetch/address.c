// SPDX-License-Identifier: MIT
#include "auth/fetch/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define MAPPED_BITS 96u

struct network {
    const char *name;
    unsigned bits;
};

/* All that is not a public unicast address of IPv4. */
static const struct network SPECIAL_FOUR[] = {
    {"0.0.0.0", 8},     {"10.0.0.0", 8},      {"100.64.0.0", 10},  {"127.0.0.0", 8},    {"169.254.0.0", 16},
    {"172.16.0.0", 12}, {"192.0.0.0", 24},    {"192.0.2.0", 24},   {"192.88.99.0", 24}, {"192.168.0.0", 16},
    {"198.18.0.0", 15}, {"198.51.100.0", 24}, {"203.0.113.0", 24}, {"224.0.0.0", 4},    {"240.0.0.0", 4},
};

/* Within 2000::/3, which is all there is of public unicast IPv6: Teredo, ORCHID and their like, documentation, 6to4. */
static const struct network SPECIAL_SIX[] = {
    {"2001::", 23},
    {"2001:db8::", 32},
    {"2002::", 16},
    {"3fff::", 20},
};

static bool has_prefix(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    const unsigned whole = bits / 8;
    if (memcmp(address, prefix, whole) != 0) return false;
    if (bits % 8 == 0) return true;
    const unsigned char mask = (unsigned char)(0xff << (8 - bits % 8));
    return (address[whole] & mask) == (prefix[whole] & mask);
}

static bool is_special(int family, const unsigned char *bytes, const struct network *networks, size_t count)
{
    unsigned char prefix[sizeof(struct in6_addr)];
    for (size_t i = 0; i < count; i++) {
        if (inet_pton(family, networks[i].name, prefix) != 1) return true;
        if (has_prefix(bytes, prefix, networks[i].bits)) return true;
    }
    return false;
}

static bool is_public_four(const unsigned char bytes[4])
{
    return !is_special(AF_INET, bytes, SPECIAL_FOUR, ARRAY_COUNT(SPECIAL_FOUR));
}

static bool is_public_six(const unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char unicast[1] = {0x20};
    if (has_prefix(bytes, mapped, MAPPED_BITS) || has_prefix(bytes, nat64, MAPPED_BITS))
        return is_public_four(bytes + sizeof mapped);
    if (!has_prefix(bytes, unicast, 3)) return false;
    return !is_special(AF_INET6, bytes, SPECIAL_SIX, ARRAY_COUNT(SPECIAL_SIX));
}

bool is_public_address(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return is_public_four(
            (const unsigned char *)&((const struct sockaddr_in *)(const void *)address)->sin_addr);
    if (address->sa_family == AF_INET6)
        return is_public_six(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return false;
}

static bool as_six(const struct sockaddr *address, unsigned char ret_bytes[16])
{
    if (address->sa_family == AF_INET6) {
        memcpy(ret_bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
        return true;
    }
    if (address->sa_family != AF_INET) return false;
    memset(ret_bytes, 0, 10);
    memset(ret_bytes + 10, 0xff, 2);
    memcpy(ret_bytes + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    return true;
}

bool is_listed_address(const struct allowed *allowed, const struct sockaddr *address)
{
    unsigned char bytes[16];
    if (!as_six(address, bytes)) return false;
    for (size_t i = 0; i < allowed->network_count; i++)
        if (has_prefix(bytes, allowed->networks[i].prefix, allowed->networks[i].bits)) return true;
    return false;
}

bool is_allowed_address(const struct allowed *allowed, const struct sockaddr *address)
{
    return is_public_address(address) || is_listed_address(allowed, address);
}

bool is_allowed_host(const struct allowed *allowed, struct str host)
{
    for (size_t i = 0; i < allowed->host_count; i++)
        if (str_equal_nocase(allowed->hosts[i], host)) return true;
    return false;
}

/* "10.0.0.0/8", "fd00::/8" or a single address; false when it is none. */
static bool parse_network(struct arena *arena, struct str item, struct allowed_network *ret_network)
{
    struct str rest = item;
    const struct str name = str_copy(arena, str_split(&rest, '/'));
    const bool has_bits = name.len < item.len;
    struct allowed_network network = {.bits = 128};
    struct in_addr four;
    int64_t bits = 0;
    if (has_nul(name) || (has_bits && !str_to_int64(rest, &bits))) return false;
    const bool is_four = inet_pton(AF_INET, name.ptr, &four) == 1;
    if (!is_four && inet_pton(AF_INET6, name.ptr, network.prefix) != 1) return false;
    const int64_t before = is_four ? MAPPED_BITS : 0;
    if (bits < 0 || bits > 128 - before) return false;
    if (is_four) {
        memset(network.prefix + 10, 0xff, 2);
        memcpy(network.prefix + 12, &four, 4);
    }
    if (has_bits) network.bits = (unsigned)(before + bits);
    *ret_network = network;
    return true;
}

static bool is_host_name(struct str host)
{
    bool has_letter = false;
    for (size_t i = 0; i < host.len; i++) {
        const char c = host.ptr[i];
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') return false;
        has_letter = has_letter || is_letter;
    }
    return has_letter && host.len <= 253;
}

result allowed_parse(struct task *task, struct str items, struct allowed *ret_allowed)
{
    struct allowed allowed = {.network_count = 0};
    while (!is_empty(items)) {
        const struct str item = str_trim(str_split(&items, ','));
        if (is_empty(item)) continue;
        if (allowed.network_count == ALLOWED_ITEMS_MAX || allowed.host_count == ALLOWED_ITEMS_MAX)
            FAIL(&task->fault, BAD_REQUEST, "AUTH_FETCH_ALLOW: more than %u items", ALLOWED_ITEMS_MAX);
        if (parse_network(task->arena, item, &allowed.networks[allowed.network_count]))
            allowed.network_count++;
        else if (is_host_name(item))
            allowed.hosts[allowed.host_count++] = str_lower_ascii(task->arena, item);
        else
            FAIL(&task->fault, BAD_REQUEST, "AUTH_FETCH_ALLOW: \"%.*s\" is no network, address or host name",
                 STR_ARGS(item));
    }
    *ret_allowed = allowed;
    return RESULT_OK;
}
