// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The generator, run as the build runs it. */

#define OUTPUT_MAX 4096u

struct run {
    int status;
    char output[OUTPUT_MAX];
};

static void generate(const char *sql, struct run *ret_run)
{
    char folder[] = "/tmp/statements-test-XXXXXX";
    char path[96];
    char command[512];
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.sql", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(sql, file);
    fclose(file);
    snprintf(command, sizeof command,
             "cd %s && cmake -DPREFIX=x -DHEADER=x.h -DFIRST_INDEX=0 -DOUTPUT_HEADER=x.h -DOUTPUT_SOURCE=x.c "
             "-DSOURCES=x.sql -P %s/../cmake/statements.cmake 2>&1 && cat x.h x.c",
             folder, TESTS_DIR);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    ret_run->output[fread(ret_run->output, 1, OUTPUT_MAX - 1, pipe)] = '\0';
    ret_run->status = pclose(pipe);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

Test(statements, malformed_blocks_stop_the_build_with_file_and_line)
{
    static const struct {
        const char *sql;
        const char *error;
    } cases[] = {
        {"-- name: A\n", "x.sql:1: error: \"A\" is not a name"},
        {"-- name: a\n-- in:\n-- out:\nSELECT 1\n\n-- name: a\n", "x.sql:6: error: the name a is taken"},
        {"\n-- name: a\n-- out:\nSELECT 1\n", "x.sql:2: error: a needs both"},
        {"-- name: a\n-- in:\nSELECT 1\n", "x.sql:1: error: a needs both"},
        {"-- name: a\n-- in:\n-- out:\n", "x.sql:1: error: a has no text for postgres"},
        {"-- name: a\n-- in:\n-- out:\n-- dialect: postgres\nSELECT 1\n",
         "x.sql:1: error: a has no text for sqlite"},
        {"-- name: a\n-- in:\n-- out:\nDELETE FROM x\n", "x.sql:1: error: a is not a SELECT"},
        {"-- name: a\n-- lane: fast\n", "x.sql:2: error: the lane is read or write"},
        {"-- name: a\n-- in:\n-- in:\n", "x.sql:3: error: `-- in:` is said twice"},
        {"-- name: a\n-- ni:\n", "x.sql:2: error: `-- ni:` is none of"},
        {"-- lane: read\n", "x.sql:1: error: `-- lane:` stands before"},
        {"SELECT 1\n", "x.sql:1: error: SQL stands before"},
        {"-- name: a\n-- in: id number\n-- out:\nSELECT $1\n", "x.sql:2: error: \"id number\" is not"},
        {"-- name: a\n-- in: id int,\n-- out:\nSELECT $1\n", "x.sql:2: error: \"\" is not"},
        {"-- name: a\n-- in: i int, i int\n-- out:\nSELECT $1, $2\n",
         "x.sql:2: error: the parameter i is named twice"},
        {"-- name: a\n-- in:\n-- out: i int, i int\nSELECT 1\n",
         "x.sql:3: error: the column i is named twice"},
        {"-- name: a\n-- in: i int\n-- out:\nSELECT $1, $2\n", "x.sql:1: error: a uses $2 and declares 1"},
        {"-- name: a\n-- in: i int, j int\n-- out:\nSELECT $1\n",
         "x.sql:1: error: a declares 2 parameters and does not use $2"},
        {"-- name: a\n-- in:\n-- out:\nSELECT $0\n", "x.sql:1: error: a uses $0"},
        {"-- name: a\n-- in:\n-- out:\nSELECT 1;\n", "x.sql:4: error: a block is one statement"},
        {"-- name: a\n-- in:\n-- out:\nSELECT 1\n-- dialect: oracle\n", "x.sql:5: error: the dialect is"},
        {"-- name: a\n-- in:\n-- out: b_c int\nSELECT 1\n-- name: a_b\n-- in:\n-- out: c int\nSELECT 1\n",
         "x.sql:7: error: the position A_B_C is taken"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run run;
        generate(cases[i].sql, &run);
        cr_expect(run.status != 0, "%s", cases[i].sql);
        cr_expect(strstr(run.output, cases[i].error) != NULL, "%s is not in:\n%s", cases[i].error,
                  run.output);
    }
}

Test(statements, a_block_becomes_a_statement)
{
    struct run run;
    generate("-- About letters.\n\n-- Its reason.\n-- name: letter_find\n-- in: id uuid, name text?\n"
             "-- out: id uuid, size int?\nSELECT id, \"size\" FROM letters[1]\nWHERE id = $1 AND name = $2 "
             "-- both\n",
             &run);
    cr_expect_eq(run.status, 0);
    static const char *const parts[] = {"extern const struct statement statement_letter_find;",
                                        "LETTER_FIND_ID,",
                                        "LETTER_FIND_SIZE,",
                                        "\"SELECT id, \\\"size\\\" FROM letters[1]\\n\"",
                                        ".lane = DB_LANE_READ",
                                        "{\"name\", DB_TEXT, true}",
                                        "{\"id\", DB_UUID, false}",
                                        "x_statement_count"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        cr_expect(strstr(run.output, parts[i]) != NULL, "%s is not in:\n%s", parts[i], run.output);
    }
}
