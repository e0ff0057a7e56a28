// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "auth/base/encoding.h"
#include "auth/json/writer.h"

static struct arena *arena;
static struct strbuf out;

static void begin(void)
{
    arena = arena_create(1u << 20);
    strbuf_init(&out, arena, 0, 1u << 16);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(json_writer, .init = begin, .fini = end);

Test(json_writer, every_control_character_is_escaped_at_every_place)
{
    for (unsigned c = 0; c < 0x20; c++) {
        for (size_t at = 0; at < 17; at++) {
            char text[17];
            memset(text, 'x', sizeof(text));
            text[at] = (char)c;
            strbuf_init(&out, arena, 64, 256);
            json_escape(&out, (struct str){text, sizeof(text)});
            const struct str written = strbuf_str(&out);
            cr_expect(!memchr(written.ptr, (int)c, written.len) && written.ptr[at + 1] == '\\');
        }
    }
}

Test(json_writer, bytes_that_are_no_utf8_are_replaced)
{
    json_escape(&out, STR("a\xff"
                          "b\xed\xa0\x80\xc3"));
    cr_expect(is_utf8(strbuf_str(&out)));
    cr_expect_str_eq(strbuf_str(&out).ptr, "\"a\xef\xbf\xbd"
                                           "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

Test(json_writer, text_nests_with_its_commas)
{
    struct json_writer writer = {.out = &out};
    json_begin_object(&writer);
    json_key(&writer, "a");
    json_begin_array(&writer);
    json_int64(&writer, INT64_MIN);
    json_bool(&writer, false);
    json_null(&writer);
    json_begin_object(&writer);
    json_end_object(&writer);
    json_begin_array(&writer);
    json_end_array(&writer);
    json_end_array(&writer);
    json_key(&writer, "b\"");
    json_string(&writer, STR("\\ / \x7f \xe2\x82\xac \r\n\t"));
    json_key(&writer, "c");
    json_raw(&writer, STR("[1]"));
    json_end_object(&writer);
    cr_expect_str_eq(
        strbuf_str(&out).ptr,
        "{\"a\":[-9223372036854775808,false,null,{},[]],\"b\\\"\":\"\\\\ / \\u007f \xe2\x82\xac \\r\\n\\t\","
        "\"c\":[1]}");
}

Test(json_writer, long_names_and_texts_are_written_like_short_ones)
{
    char name[80];
    memset(name, 'k', sizeof(name));
    for (size_t len = 56; len < 66; len++) {
        struct json_writer writer = {.out = &out};
        strbuf_init(&out, arena, 64, 1024);
        name[len] = '\0';
        json_begin_object(&writer);
        json_key(&writer, name);
        json_string(&writer, str_from(name));
        json_key(&writer, name);
        json_string(&writer, STR(""));
        json_end_object(&writer);
        cr_expect_eq(strbuf_str(&out).len, 3 * len + 13);
        cr_expect(
            str_equal(strbuf_str(&out), str_printf(arena, "{\"%s\":\"%s\",\"%s\":\"\"}", name, name, name)));
        name[len] = 'k';
    }
}
