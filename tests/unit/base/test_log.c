// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "auth/base/encoding.h"
#include "auth/base/log.h"

#define TIME_LEN 24

static int reader;
static char line[20000];

static void begin(void)
{
    int ends[2];
    cr_assert_eq(pipe2(ends, O_NONBLOCK), 0);
    reader = ends[0];
    log_to(ends[1]);
    log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
}

TestSuite(log, .init = begin);

/* What was written since the last call. */
static const char *read_line(void)
{
    const ssize_t count = read(reader, line, sizeof(line) - 1);
    line[count > 0 ? count : 0] = '\0';
    return line;
}

/* The same without the time. */
static const char *read_after_time(void)
{
    const char *text = read_line();
    cr_assert_gt(strlen(text), TIME_LEN);
    return text + TIME_LEN;
}

static const char *read_after_json_time(void)
{
    static const char start[] = "{\"time\":\"";
    const char *text = read_line();
    cr_assert_gt(strlen(text), sizeof(start) + TIME_LEN);
    cr_assert(str_starts_with(str_from(text), STR("{\"time\":\"")));
    return text + sizeof(start) - 1 + TIME_LEN;
}

static size_t count_char(const char *text, char wanted)
{
    size_t count = 0;
    for (; *text; text++) count += *text == wanted;
    return count;
}

Test(log, values_cannot_break_a_line_of_text)
{
    log_event(LOG_LEVEL_INFO, "a\nb\x1b[31m\x7f", LOG_TEXT("v", STR("x\r\ny\t\"q\"\\\x1b[0m")),
              LOG_TEXT("nul", STR("a\0b")), LOG_TEXT("c1", STR("\xc2\x9b")),
              LOG_TEXT("bidi", STR("\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8")));
    cr_assert_str_eq(read_after_time(), " INFO  a\\nb\\u001b[31m\\u007f"
                                        " v=\"x\\r\\ny\\t\\\"q\\\"\\\\\\u001b[0m\""
                                        " nul=\"a\\u0000b\" c1=\"\\u009b\" bidi=\"\\u202e\\u2066\\u2028\"\n");
}

Test(log, invalid_utf8_is_replaced)
{
    log_event(LOG_LEVEL_INFO, "m", LOG_TEXT("v", STR("a\xff\xc3(\xed\xa0\x80")),
              LOG_TEXT("w", STR("\xe2\x82")));
    cr_assert_str_eq(read_after_time(),
                     " INFO  m v=\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""
                     " w=\"\xef\xbf\xbd\xef\xbf\xbd\"\n");
}

Test(log, lines_below_the_level_are_not_written)
{
    log_init(LOG_LEVEL_WARN, LOG_FORMAT_TEXT);
    log_printf(LOG_LEVEL_INFO, "quiet");
    log_event(LOG_LEVEL_DEBUG, "quiet", LOG_NUMBER("n", 1));
    cr_assert_str_empty(read_line());
    log_printf(LOG_LEVEL_WARN, "loud");
    cr_assert_str_eq(read_after_time(), " WARN  loud\n");
    log_init(LOG_LEVEL_OFF, LOG_FORMAT_TEXT);
    log_printf(LOG_LEVEL_ERROR, "quiet");
    cr_assert_str_empty(read_line());
    cr_assert(!log_is_on(LOG_LEVEL_ERROR));
    cr_assert(!log_is_on(LOG_LEVEL_OFF));
}

Test(log, a_line_of_text_is_time_level_message_fields)
{
    log_event(LOG_LEVEL_ERROR, "request refused", LOG_TEXT("path", STR("/v1/sessions")),
              LOG_NUMBER("ms", -12), LOG_TEXT("empty", STR("")), LOG_TEXT("none", STR_NONE),
              LOG_TEXT("agent", STR("a b")), LOG_TEXT("query", STR("a=b")),
              LOG_TEXT("name", STR("J\xc3\xbcrgen")));
    const char *text = read_line();
    cr_assert_eq(text[10], 'T');
    cr_assert_eq(text[TIME_LEN - 1], 'Z');
    cr_assert_str_eq(text + TIME_LEN,
                     " ERROR request refused path=/v1/sessions ms=-12 agent=\"a b\" query=\"a=b\""
                     " name=\"J\xc3\xbcrgen\"\n");
}

Test(log, a_line_of_json_begins_with_time_level_message)
{
    log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    log_event(LOG_LEVEL_DEBUG, "say \"hi\"\n", LOG_TEXT("v", STR("back\\slash \xc3\xbc\x01\xff")),
              LOG_NUMBER("least", INT64_MIN), LOG_TEXT("empty", STR("")));
    cr_assert_str_eq(read_after_json_time(),
                     "\",\"level\":\"debug\",\"message\":\"say \\\"hi\\\"\\n\","
                     "\"v\":\"back\\\\slash \xc3\xbc\\u0001\xef\xbf\xbd\",\"least\":-9223372036854775808}\n");
}

Test(log, a_long_line_is_cut_and_still_one_line)
{
    static char big[20000];
    static const char *const fills[] = {"x", "\n", "\xc3\xbc", "\xff", "\""};
    for (size_t fill = 0; fill < ARRAY_COUNT(fills); fill++) {
        const size_t step = strlen(fills[fill]);
        for (size_t i = 0; i + step <= sizeof(big); i += step) memcpy(big + i, fills[fill], step);
        for (size_t shift = 0; shift < 8; shift++) {
            const struct str pad = {"12345678", shift};
            const struct log_field fields[] = {
                LOG_TEXT("pad", pad), LOG_TEXT("big", ((struct str){big, 20000})), LOG_NUMBER("late", 1)};
            log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT);
            log_fields(LOG_LEVEL_INFO, "m", fields, ARRAY_COUNT(fields));
            const struct str text = str_from(read_line());
            cr_assert_leq(text.len, 8192u);
            cr_assert_gt(text.len, 8140u);
            cr_assert(is_utf8(text));
            cr_assert_eq(count_char(text.ptr, '\n'), 1u);
            cr_assert_str_eq(text.ptr + text.len - 10, " cut=true\n");
            log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
            log_fields(LOG_LEVEL_INFO, "m", fields, ARRAY_COUNT(fields));
            const struct str json = str_from(read_line());
            cr_assert_leq(json.len, 8192u);
            cr_assert(is_utf8(json));
            cr_assert_eq(count_char(json.ptr, '\n'), 1u);
            cr_assert_str_eq(json.ptr + json.len - 14, "\",\"cut\":true}\n");
        }
    }
}

Test(log, a_field_that_just_does_not_fit_leaves_no_trace)
{
    static char big[8192];
    memset(big, 'x', sizeof(big));
    log_init(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    for (size_t len = 8050; len < 8192; len++) {
        log_event(LOG_LEVEL_INFO, "m", LOG_TEXT("big", ((struct str){big, len})), LOG_NUMBER("late", 123456),
                  LOG_TEXT("later", STR("yz")));
        const struct str json = str_from(read_line());
        cr_assert_leq(json.len, 8192u);
        cr_assert_eq(count_char(json.ptr, '"') % 2, 0u, "length %zu: %s", len, json.ptr + 8000);
        const char *late = strstr(json.ptr, "\"late\":");
        cr_assert(!late || str_starts_with(str_from(late), STR("\"late\":123456")), "length %zu", len);
        const char *later = strstr(json.ptr, "\"later\":");
        cr_assert(!later || str_starts_with(str_from(later), STR("\"later\":\"")), "length %zu", len);
        cr_assert_eq(json.ptr[json.len - 2], '}');
    }
}

Test(log, a_printed_message_longer_than_its_room_is_cut)
{
    log_printf(LOG_LEVEL_INFO, "%05000d|", 0);
    cr_assert_eq(strlen(read_after_time()), 7 + 4095 + 1u);
}

Test(log, logging_keeps_errno)
{
    log_to(-1);
    errno = ENOENT;
    log_printf(LOG_LEVEL_ERROR, "lost");
    cr_assert_eq(errno, ENOENT);
}

static char panic_line[256];

static void read_panic(int signal_number)
{
    const ssize_t count = read(reader, panic_line, sizeof(panic_line) - 1);
    const char wanted[] = " ERROR no 7\n";
    const bool is_told = count == TIME_LEN + (ssize_t)sizeof(wanted) - 1 && strstr(panic_line, wanted);
    _exit(is_told ? signal_number : 0);
}

Test(log, a_panic_is_told_whatever_the_level_and_aborts, .exit_code = SIGABRT)
{
    log_init(LOG_LEVEL_OFF, LOG_FORMAT_TEXT);
    signal(SIGABRT, read_panic);
    panic("no %d", 7);
}

Test(log, gathered_lines_are_written_in_order_by_a_flush)
{
    log_begin_batches();
    log_printf(LOG_LEVEL_INFO, "first");
    log_printf(LOG_LEVEL_INFO, "second");
    cr_assert_eq(strlen(read_line()), 0, "nothing is written before the flush");
    log_flush();
    const char *text = read_line();
    cr_assert(strstr(text, "first") && strstr(text, "second"));
    cr_assert_lt(strstr(text, "first"), strstr(text, "second"));
    log_end_batches();
}

Test(log, a_warning_does_not_wait_and_takes_what_waits_with_it)
{
    log_begin_batches();
    log_printf(LOG_LEVEL_INFO, "before");
    log_printf(LOG_LEVEL_WARN, "now");
    const char *text = read_line();
    cr_assert(strstr(text, "before") && strstr(text, "now"));
    log_end_batches();
}

Test(log, many_gathered_lines_are_written_without_a_flush)
{
    log_begin_batches();
    for (int i = 0; i < 1000; i++) log_printf(LOG_LEVEL_INFO, "line %d of many", i);
    cr_assert(strstr(read_line(), "line 0 of many"));
    log_end_batches();
}

Test(log, a_duration_is_written_in_milliseconds)
{
    log_event(LOG_LEVEL_INFO, "took", LOG_DURATION("ms", 5031), LOG_DURATION("short", 7));
    cr_assert_str_eq(read_after_time(), " INFO  took ms=5.031 short=0.007\n");
}
