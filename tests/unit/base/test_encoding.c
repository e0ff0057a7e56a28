// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>

#include "auth/base/encoding.h"

static struct arena *arena;

static void begin(void)
{
    arena = arena_create(1u << 22);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(encoding, .init = begin, .fini = end);

/* RFC 4648 §10; base64url is the same without the padding. */
static const struct {
    const char *plain;
    const char *base64;
    const char *base64url;
    const char *hex;
} vectors[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "66"},
    {"fo", "Zm8=", "Zm8", "666f"},
    {"foo", "Zm9v", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
};

static void assert_text(struct str actual, const char *expected)
{
    cr_expect(str_equal(actual, str_from(expected)), "\"%.*s\", not \"%s\"", STR_ARGS(actual), expected);
    cr_expect_eq(actual.ptr[actual.len], '\0');
}

Test(encoding, base64url_refuses_every_other_spelling)
{
    static const struct str refused[] = {
        STR_INIT("Z"),     STR_INIT("Zm9vY"),  STR_INIT("Zg=="),    STR_INIT("Zm8="), STR_INIT("Zh"),
        STR_INIT("Zm9"),   STR_INIT("Zm+v"),   STR_INIT("Zm/v"),    STR_INIT("Zm v"), STR_INIT("Zm9v\n"),
        STR_INIT("Zm\0v"), STR_INIT("Zm9v\0"), STR_INIT("\xc5m9v"), STR_INIT("Zm9*"), STR_INIT("===="),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct str bytes = STR_INIT("untouched");
        cr_expect(!base64url_parse(arena, refused[i], &bytes), "accepted: %.*s", STR_ARGS(refused[i]));
        cr_expect(str_equal(bytes, STR("untouched")));
    }
}

Test(encoding, base64url_refuses_another_count_and_writes_nothing)
{
    unsigned char bytes[4] = {1, 2, 3, 4};
    static const unsigned char untouched[4] = {1, 2, 3, 4};
    cr_assert(!base64url_decode(STR("Zm9v"), bytes, 2));
    cr_assert(!base64url_decode(STR("Zm9v"), bytes, 4));
    cr_assert(!base64url_decode(STR(""), bytes, 1));
    cr_assert(!base64url_decode(STR("Zm9*"), bytes, 3));
    cr_assert(!base64url_decode(STR("Zm9"), bytes, 2));
    cr_assert_arr_eq(bytes, untouched, 4);
}

Test(encoding, base64_refuses_every_other_spelling)
{
    static const struct str refused[] = {
        STR_INIT("Zg"),   STR_INIT("Zg="),      STR_INIT("Zg==="), STR_INIT("Zh=="),   STR_INIT("Zm9="),
        STR_INIT("Zm8"),  STR_INIT("Zm-v"),     STR_INIT("Zm_v"),  STR_INIT("Zm9v\n"), STR_INIT("Zm 9v"),
        STR_INIT("===="), STR_INIT("Zg==Zg=="), STR_INIT("Z==="),  STR_INIT("Zm9v\0"), STR_INIT("Zm9v===="),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct str bytes = STR_INIT("untouched");
        cr_expect(!base64_parse(arena, refused[i], &bytes), "accepted: %.*s", STR_ARGS(refused[i]));
        cr_expect(str_equal(bytes, STR("untouched")));
    }
}

Test(encoding, hex_refuses_upper_case_odd_lengths_and_other_characters)
{
    static const struct str refused[] = {
        STR_INIT("666F"), STR_INIT("666"),  STR_INIT("66"),    STR_INIT("66666f"), STR_INIT("66 f"),
        STR_INIT("66:f"), STR_INIT("666g"), STR_INIT("66\0f"), STR_INIT("0x66"),   STR_INIT("66`f"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        unsigned char bytes[2] = {7, 7};
        cr_expect(!hex_decode(refused[i], bytes, 2), "accepted: %.*s", STR_ARGS(refused[i]));
        cr_expect(bytes[0] == 7 && bytes[1] == 7);
    }
}

Test(encoding, percent_decoding_refuses_broken_escapes)
{
    static const struct str refused[] = {
        STR_INIT("%"),   STR_INIT("a%4"),  STR_INIT("%4"),   STR_INIT("%4g"),
        STR_INIT("%g4"), STR_INIT("%%41"), STR_INIT("%-1a"), STR_INIT("%4\0"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct str text;
        cr_expect(!percent_decode(arena, refused[i], true, &text), "accepted: %.*s", STR_ARGS(refused[i]));
    }
}

Test(encoding, invalid_utf8_is_refused_wherever_it_stands)
{
    static const struct str refused[] = {
        STR_INIT("\x80"), /* a continuation alone */
        STR_INIT("\xbf"),
        STR_INIT("\xc0\x80"),         /* overlong NUL */
        STR_INIT("\xc1\xbf"),         /* overlong U+007F */
        STR_INIT("\xe0\x9f\xbf"),     /* overlong U+07FF */
        STR_INIT("\xf0\x8f\xbf\xbf"), /* overlong U+FFFF */
        STR_INIT("\xed\xa0\x80"),     /* surrogate U+D800 */
        STR_INIT("\xed\xbf\xbf"),     /* surrogate U+DFFF */
        STR_INIT("\xf4\x90\x80\x80"), /* U+110000 */
        STR_INIT("\xf5\x80\x80\x80"),
        STR_INIT("\xff"),
        STR_INIT("\xc3"), /* cut short */
        STR_INIT("\xe2\x82"),
        STR_INIT("\xf0\x9f\x98"),
        STR_INIT("\xc3z"),
        STR_INIT("\xe2\x82z"),
        STR_INIT("\xf0\x9f\x98z"),
    };
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        uint32_t code_point;
        cr_expect(!is_utf8(refused[i]), "row %zu", i);
        cr_expect_eq(utf8_next(refused[i], &code_point), 0u, "row %zu", i);
        for (size_t before = 1; before < 20; before++) {
            char text[64];
            memset(text, 'a', sizeof(text));
            memcpy(text + before, refused[i].ptr, refused[i].len);
            cr_expect(!is_utf8((struct str){text, sizeof(text)}), "row %zu after %zu", i, before);
            cr_expect(!is_utf8((struct str){text, before + refused[i].len}), "row %zu at the end", i);
        }
    }
    uint32_t code_point;
    cr_assert_eq(utf8_next(STR(""), &code_point), 0u);
}

Test(encoding, the_vectors_of_rfc_4648_hold_both_ways)
{
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct str plain = str_from(vectors[i].plain);
        char text[32];
        unsigned char bytes[8];
        struct str parsed;
        assert_text(base64url_print(arena, plain.ptr, plain.len), vectors[i].base64url);
        assert_text(base64_print(arena, plain.ptr, plain.len), vectors[i].base64);
        base64url_encode(plain.ptr, plain.len, text);
        cr_expect_str_eq(text, vectors[i].base64url);
        hex_encode(plain.ptr, plain.len, text);
        cr_expect_str_eq(text, vectors[i].hex);

        cr_expect(base64url_parse(arena, str_from(vectors[i].base64url), &parsed));
        assert_text(parsed, vectors[i].plain);
        cr_expect(base64_parse(arena, str_from(vectors[i].base64), &parsed));
        assert_text(parsed, vectors[i].plain);
        cr_expect(base64url_decode(str_from(vectors[i].base64url), bytes, plain.len));
        cr_expect_arr_eq(bytes, plain.ptr, plain.len);
        cr_expect(hex_decode(str_from(vectors[i].hex), bytes, plain.len));
        cr_expect_arr_eq(bytes, plain.ptr, plain.len);
    }
}

Test(encoding, every_byte_survives_every_encoding)
{
    unsigned char bytes[256];
    for (unsigned i = 0; i < 256; i++) bytes[i] = (unsigned char)(255 - i);
    for (size_t count = 0; count <= sizeof(bytes); count++) {
        struct str parsed;
        unsigned char decoded[256];
        char hex[513];
        const struct str text = base64url_print(arena, bytes, count);
        cr_assert_eq(text.len, BASE64URL_LEN(count));
        cr_assert(base64url_parse(arena, text, &parsed));
        cr_assert(str_equal(parsed, (struct str){(const char *)bytes, count}));
        cr_assert(base64url_decode(text, decoded, count));
        cr_assert(count == 0 || memcmp(decoded, bytes, count) == 0);
        cr_assert(base64_parse(arena, base64_print(arena, bytes, count), &parsed));
        cr_assert(str_equal(parsed, (struct str){(const char *)bytes, count}));
        hex_encode(bytes, count, hex);
        cr_assert(hex_decode(str_from(hex), decoded, count));
        cr_assert(count == 0 || memcmp(decoded, bytes, count) == 0);
    }
}

Test(encoding, the_two_alphabets_differ_in_two_characters)
{
    static const unsigned char bytes[3] = {0xfb, 0xff, 0xfe};
    assert_text(base64url_print(arena, bytes, 3), "-__-");
    assert_text(base64_print(arena, bytes, 3), "+//+");
}

Test(encoding, the_borders_of_utf8_are_accepted_and_counted)
{
    static const struct {
        struct str text;
        uint32_t code_point;
    } accepted[] = {
        {STR_INIT("\0"), 0},
        {STR_INIT("\x7f"), 0x7f},
        {STR_INIT("\xc2\x80"), 0x80},
        {STR_INIT("\xdf\xbf"), 0x7ff},
        {STR_INIT("\xe0\xa0\x80"), 0x800},
        {STR_INIT("\xed\x9f\xbf"), 0xd7ff},
        {STR_INIT("\xee\x80\x80"), 0xe000},
        {STR_INIT("\xef\xbf\xbf"), 0xffff},
        {STR_INIT("\xf0\x90\x80\x80"), 0x10000},
        {STR_INIT("\xf3\xbf\xbf\xbf"), 0xfffff},
        {STR_INIT("\xf4\x8f\xbf\xbf"), 0x10ffff},
    };
    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        uint32_t code_point = 1;
        cr_expect(is_utf8(accepted[i].text), "row %zu", i);
        cr_expect_eq(utf8_next(accepted[i].text, &code_point), accepted[i].text.len, "row %zu", i);
        cr_expect_eq(code_point, accepted[i].code_point, "row %zu", i);
        cr_expect_eq(utf8_count(accepted[i].text), 1u);
    }
    cr_assert(is_utf8(STR("")));
    cr_assert(is_utf8(STR_NONE));
    cr_assert(is_utf8(STR("a long line of ASCII, then \xe2\x82\xac and again ASCII to the end")));
    cr_assert_eq(utf8_count(STR("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80")), 6u);
    cr_assert_eq(utf8_count(STR_NONE), 0u);
}

Test(encoding, percent_decoding_follows_the_form_rules_only_when_asked)
{
    struct str text;
    cr_assert(percent_decode(arena, STR("a+b%20c%2B%c3%BC"), true, &text));
    assert_text(text, "a b c+\xc3\xbc");
    cr_assert(percent_decode(arena, STR("a+b"), false, &text));
    assert_text(text, "a+b");
    cr_assert(percent_decode(arena, STR("%00"), false, &text));
    cr_assert(str_equal(text, STR("\0")));
    cr_assert(percent_decode(arena, STR_NONE, false, &text));
    assert_text(text, "");
}

Test(encoding, percent_encoding_leaves_only_the_unreserved)
{
    assert_text(percent_encode(arena, STR("AZaz09-._~")), "AZaz09-._~");
    assert_text(percent_encode(arena, STR("a b/?&=%+\xc3\xbc\x1f\xff")),
                "a%20b%2F%3F%26%3D%25%2B%C3%BC%1F%FF");
    for (unsigned i = 0; i < 256; i++) {
        const char c = (char)i;
        struct str decoded;
        cr_assert(percent_decode(arena, percent_encode(arena, (struct str){&c, 1}), true, &decoded));
        cr_assert(str_equal(decoded, (struct str){&c, 1}));
    }
}

/* At every place in a text longer than the steps it is read in. */
Test(encoding, a_printable_prefix_ends_at_the_first_byte_that_is_not)
{
    char text[24];
    for (int byte = 0; byte < 256; byte++) {
        const bool is_printable = byte >= ' ' && byte <= '~';
        const bool is_quote = byte == '"' || byte == '\\';
        for (size_t place = 0; place < sizeof text; place++) {
            memset(text, 'a', sizeof text);
            text[place] = (char)byte;
            const struct str s = {text, sizeof text};
            cr_assert_eq(printable_prefix(s, false), is_printable ? sizeof text : place, "byte %d", byte);
            cr_assert_eq(printable_prefix(s, true), is_printable && !is_quote ? sizeof text : place,
                         "byte %d", byte);
        }
    }
    cr_assert_eq(printable_prefix(STR_NONE, true), 0u);
}

Test(encoding, integers_are_printed_in_decimal_up_to_both_ends)
{
    static const struct {
        int64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {-10, "-10"},
                {INT64_MAX, "9223372036854775807"},
                {INT64_MIN, "-9223372036854775808"}};
    char text[INT64_TEXT_SIZE];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_eq(int64_print(rows[i].value, text), strlen(rows[i].text));
        cr_assert_str_eq(text, rows[i].text);
    }
}

/* RFC 4648 §10, without its padding. */
Test(encoding, base32_is_printed_as_in_the_rfc)
{
    static const struct {
        const char *plain, *text;
    } rows[] = {{"", ""},
                {"f", "MY"},
                {"fo", "MZXQ"},
                {"foo", "MZXW6"},
                {"foob", "MZXW6YQ"},
                {"fooba", "MZXW6YTB"},
                {"foobar", "MZXW6YTBOI"}};
    struct arena *place = arena_create(65536);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(base32_print(place, rows[i].plain, strlen(rows[i].plain)).ptr, rows[i].text);
    arena_destroy(place);
}
