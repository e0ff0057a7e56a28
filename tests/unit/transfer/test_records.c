// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auth/transfer/records.h"

#define RECORDS_READ_MAX 16

static struct arena *arena;
static struct task task;

static void begin(void)
{
    arena = arena_create((size_t)64 << 20);
    task_init(&task, arena, STR("test"), 1000);
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(records, .init = begin, .fini = end);

static int file_of(const char *text, size_t length)
{
    const int fd = memfd_create("records", MFD_CLOEXEC);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, text, length), (ssize_t)length);
    cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

struct seen {
    struct str texts[RECORDS_READ_MAX];
    struct records_place places[RECORDS_READ_MAX];
    size_t count;
    result end; /* NOT_FOUND at a proper end */
};

static struct seen read_from(int fd, enum framing framing, struct records_place place)
{
    struct seen seen = {0};
    struct records *records;
    fault_clear(&task.fault);
    seen.end = records_open(&task, fd, framing, place, &records);
    while (is_ok(seen.end)) {
        struct record record;
        seen.end = records_next(records, &task, &record);
        if (!is_ok(seen.end)) break;
        cr_assert_lt(seen.count, RECORDS_READ_MAX);
        cr_expect_eq(record.number, place.number + (int64_t)seen.count + 1);
        seen.texts[seen.count] = str_copy(arena, record.text);
        seen.places[seen.count++] = records_place(records);
    }
    return seen;
}

/* `expected` ends with NULL. From each place between two records the rest is read just so. */
static void expect(const char *text, enum framing framing, const char *const *expected)
{
    const int fd = file_of(text, strlen(text));
    const struct seen all = read_from(fd, framing, (struct records_place){0});
    cr_assert_eq(all.end.code, STATUS_NOT_FOUND, "%s: %s", text, task.fault.detail);
    for (size_t i = 0; i < all.count; i++)
        cr_expect(expected[i] && str_equal(all.texts[i], str_from(expected[i])), "%.*s",
                  STR_ARGS(all.texts[i]));
    cr_expect_null(expected[all.count], "%s", text);
    for (size_t i = 0; i < all.count; i++) {
        cr_assert_eq(lseek(fd, 0, SEEK_SET), 0);
        const struct seen rest = read_from(fd, framing, all.places[i]);
        cr_assert_eq(rest.end.code, STATUS_NOT_FOUND);
        cr_assert_eq(rest.count, all.count - i - 1, "%s: from record %zu", text, i);
        for (size_t k = 0; k < rest.count; k++) cr_expect(str_equal(rest.texts[k], all.texts[i + 1 + k]));
    }
    close(fd);
}

#define EXPECT(text, framing, ...) expect((text), (framing), (const char *const[]){__VA_ARGS__, NULL})

static void expect_failure(const char *text, enum framing framing)
{
    const int fd = file_of(text, strlen(text));
    const struct seen seen = read_from(fd, framing, (struct records_place){0});
    cr_expect_eq(seen.end.code, STATUS_BAD_REQUEST, "%s: %s", text, status_name(seen.end.code));
    cr_expect(task.fault.detail[0], "%s", text);
    close(fd);
}

Test(records, a_file_that_ends_within_a_record_or_has_no_users_fails)
{
    static const char *const texts[] = {"",
                                        "[",
                                        "[{",
                                        "[{\"a\":\"]}",
                                        "[1",
                                        "[{}",
                                        "{\"users\":[{}",
                                        "{\"realm\":\"users\"}",
                                        "{\"a\":{\"users\":[{}]}}",
                                        "{\"users\":{\"a\":1}}",
                                        "{\"a\":[\"users\",[{}]]}"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) expect_failure(texts[i], FRAMING_ARRAY);
    expect_failure("", FRAMING_CSV);
    expect_failure("id,email\n1\n", FRAMING_CSV);
    expect_failure("id,email\n1,2,3\n", FRAMING_CSV);
    expect_failure("COPY public.users (id) FROM stdin;\n1\n\\.\n", FRAMING_COPY);
}

Test(records, each_line_that_is_not_empty_is_a_record)
{
    EXPECT("{\"a\":1}\n\n  \r\n{\"b\":2}\r\n{\"c\":3}", FRAMING_LINES, "{\"a\":1}", "{\"b\":2}", "{\"c\":3}");
    expect("\n \n", FRAMING_LINES, (const char *const[]){NULL});
}

Test(records, the_elements_of_the_array_are_records_whatever_stands_in_texts_and_around)
{
    EXPECT("[{\"a\":\"]}\\\"[{\"},[1,{\"b\":2}],\"x,]\",null , 4]", FRAMING_ARRAY, "{\"a\":\"]}\\\"[{\"}",
           "[1,{\"b\":2}]", "\"x,]\"", "null", "4");
    EXPECT("{\"realm\":\"users\",\"x\":{\"users\":[1]},\"users\" : [ {\"users\":[{}]} ,{} ],\"users2\":[{}]}",
           FRAMING_ARRAY, "{\"users\":[{}]}", "{}");
    expect("{\"users\":[]}", FRAMING_ARRAY, (const char *const[]){NULL});
}

Test(records, rows_of_csv_become_objects_by_their_heading)
{
    EXPECT("id,email,name,is_anonymous,raw_user_meta_data\r\n"
           "1,a@example.org,\"Hopper, \"\"Grace\"\"\nof the navy\",f,\"{\"\"a\"\": [1]}\"\r\n"
           "2,,\"\",t,\n",
           FRAMING_CSV,
           "{\"id\":\"1\",\"email\":\"a@example.org\",\"name\":\"Hopper, \\\"Grace\\\"\\nof the "
           "navy\",\"is_anonymous\":false,"
           "\"raw_user_meta_data\":{\"a\": [1]}}",
           "{\"id\":\"2\",\"name\":\"\",\"is_anonymous\":true}");
}

Test(records, rows_of_a_dump_become_objects_and_other_tables_are_passed_over)
{
    EXPECT("--\n-- dump\n\nCOPY auth.other (id) FROM stdin;\n9\n\\.\nCOPY auth.users (id, email, "
           "raw_app_meta_data) FROM stdin;\n"
           "1\ta\\tb\\\\c\\nd\t{\"x\": \"\\\\\\\\N\"}\n2\t\\N\t\\N\n\\.\n\nCOPY auth.more (id) FROM "
           "stdin;\n3\n\\.\n",
           FRAMING_COPY,
           "{\"id\":\"1\",\"email\":\"a\\tb\\\\c\\nd\",\"raw_app_meta_data\":{\"x\": \"\\\\N\"}}",
           "{\"id\":\"2\"}");
}

Test(records, a_record_that_is_too_long_is_told_and_the_next_one_is_whole)
{
    const size_t length = (size_t)RECORD_BYTES_MAX + 5;
    char *text = arena_alloc(arena, length + 16);
    memset(text, 'x', length);
    memcpy(text + length, "\n{\"a\":1}\n", 10);
    const int fd = file_of(text, length + 9);
    struct records *records;
    struct record record;
    cr_assert(is_ok(records_open(&task, fd, FRAMING_LINES, (struct records_place){0}, &records)));
    cr_assert(is_ok(records_next(records, &task, &record)));
    cr_expect(record.is_too_long);
    cr_expect_eq(record.text.len, RECORD_BYTES_MAX);
    cr_assert(is_ok(records_next(records, &task, &record)));
    cr_expect(!record.is_too_long);
    cr_expect(str_equal(record.text, STR("{\"a\":1}")));
    close(fd);
}

Test(records, the_framing_is_told_by_how_a_file_begins)
{
    static const struct {
        const char *text;
        enum framing of_object;
        enum framing expected;
    } cases[] = {
        {"\n [{}]", FRAMING_LINES, FRAMING_ARRAY},
        {"{\"a\":1}\n{\"b\":2}\n", FRAMING_LINES, FRAMING_LINES},
        {"{\"users\":[]}", FRAMING_ARRAY, FRAMING_ARRAY},
        {"{ \n \"users\":[]}", FRAMING_LINES, FRAMING_ARRAY},
        {"--\n-- PostgreSQL", FRAMING_LINES, FRAMING_COPY},
        {"COPY auth.users (id) FROM stdin;\n", FRAMING_LINES, FRAMING_COPY},
        {"id,email\n", FRAMING_LINES, FRAMING_CSV},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const int fd = file_of(cases[i].text, strlen(cases[i].text));
        enum framing found;
        cr_assert(is_ok(framing_detect(&task, fd, cases[i].of_object, &found)));
        cr_expect_eq(found, cases[i].expected, "%s", cases[i].text);
        close(fd);
    }
}
