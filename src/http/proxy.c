// SPDX-License-Identifier: MIT
#include "proxy_internal.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "auth/base/encoding.h"

#define PROXIES_MAX     64u
#define IPV6_BITS       128
#define IPV4_BITS       32
#define V4_MAPPED_BYTES 12u

static const unsigned char v4_mapped_prefix[V4_MAPPED_BYTES] = {[10] = 0xff, [11] = 0xff};

static bool is_v4_mapped(const struct client_address *address)
{
    return memcmp(address->bytes, v4_mapped_prefix, V4_MAPPED_BYTES) == 0;
}

static struct client_address from_v4(const void *bytes)
{
    struct client_address address = {.is_known = true};
    memcpy(address.bytes, v4_mapped_prefix, V4_MAPPED_BYTES);
    memcpy(address.bytes + V4_MAPPED_BYTES, bytes, 4);
    return address;
}

bool address_parse(struct str text, struct client_address *ret_address)
{
    char copy[ADDRESS_TEXT_SIZE];
    unsigned char v4[4];
    if (text.len == 0 || text.len >= sizeof(copy) || has_nul(text)) return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, v4) == 1) {
        *ret_address = from_v4(v4);
        return true;
    }
    struct client_address address = {.is_known = true};
    if (inet_pton(AF_INET6, copy, address.bytes) != 1) return false;
    *ret_address = address;
    return true;
}

struct client_address address_of(const struct sockaddr *address)
{
    struct client_address known = {.is_known = true};
    if (!address) return (struct client_address){.is_known = false};
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        return from_v4(&v4.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        memcpy(known.bytes, &v6.sin6_addr, sizeof(known.bytes));
        return known;
    }
    return (struct client_address){.is_known = false};
}

/* For each request; inet_ntop goes by way of snprintf and takes thirty times as long. */
static struct str v4_print(const unsigned char bytes[4], char ret_text[ADDRESS_TEXT_SIZE])
{
    size_t len = 0;
    for (size_t i = 0; i < 4; i++) {
        if (i > 0) ret_text[len++] = '.';
        len += int64_print(bytes[i], ret_text + len);
    }
    return (struct str){ret_text, len};
}

struct str address_print(const struct client_address *address, char ret_text[ADDRESS_TEXT_SIZE])
{
    ret_text[0] = '\0';
    if (!address->is_known) return STR_NONE;
    if (is_v4_mapped(address)) return v4_print(address->bytes + V4_MAPPED_BYTES, ret_text);
    if (!inet_ntop(AF_INET6, address->bytes, ret_text, ADDRESS_TEXT_SIZE)) return STR_NONE;
    return str_from(ret_text);
}

static bool block_parse(struct str text, struct address_block *ret_block)
{
    struct str rest = text;
    const struct str address_text = str_split(&rest, '/');
    const bool has_prefix = address_text.len < text.len;
    struct client_address address;
    if (!address_parse(address_text, &address)) return false;
    const int64_t bits_max = is_v4_mapped(&address) ? IPV4_BITS : IPV6_BITS;
    int64_t bits = bits_max;
    if (has_prefix && (!str_to_int64(rest, &bits) || bits < 0 || bits > bits_max)) return false;
    memcpy(ret_block->bytes, address.bytes, sizeof(ret_block->bytes));
    ret_block->prefix_bits = (unsigned)(IPV6_BITS - bits_max + bits);
    return true;
}

result trusted_proxies_parse(struct str text, struct arena *arena, struct fault *fault,
                             struct trusted_proxies *ret_proxies)
{
    struct trusted_proxies proxies = {
        .blocks = arena_alloc_array(arena, PROXIES_MAX, sizeof(struct address_block))};
    struct str rest = text;
    while (rest.len > 0) {
        const struct str entry = str_trim(str_split(&rest, ','));
        if (str_equal(entry, STR("unix"))) {
            proxies.trusts_unix = true;
            continue;
        }
        if (proxies.count == PROXIES_MAX)
            FAIL(fault, BAD_REQUEST, "more than %u trusted proxies", PROXIES_MAX);
        if (!block_parse(entry, &proxies.blocks[proxies.count]))
            FAIL(fault, BAD_REQUEST, "\"%.*s\" is no address, block or \"unix\"", STR_ARGS(entry));
        proxies.count++;
    }
    *ret_proxies = proxies;
    return RESULT_OK;
}

static bool is_in_block(const struct address_block *block, const unsigned char bytes[16])
{
    const size_t whole = block->prefix_bits / 8;
    const unsigned left = block->prefix_bits % 8;
    if (memcmp(block->bytes, bytes, whole) != 0) return false;
    if (left == 0) return true;
    const unsigned mask = (0xffu << (8 - left)) & 0xffu;
    return ((block->bytes[whole] ^ bytes[whole]) & mask) == 0;
}

bool is_trusted_proxy(const struct trusted_proxies *proxies, const struct client_address *peer)
{
    if (!peer->is_known) return proxies->trusts_unix;
    for (size_t i = 0; i < proxies->count; i++)
        if (is_in_block(&proxies->blocks[i], peer->bytes)) return true;
    return false;
}
