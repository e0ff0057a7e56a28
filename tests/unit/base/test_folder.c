// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "auth/base/folder.h"

static struct arena *arena;
static char root[] = "/tmp/auth-folder-XXXXXX";

static void begin(void)
{
    arena = arena_create(65536);
    cr_assert_not_null(mkdtemp(root));
}

static void end(void)
{
    arena_destroy(arena);
}

TestSuite(folder, .init = begin, .fini = end);

Test(folder, a_file_in_the_way_is_an_error)
{
    const struct str file = str_printf(arena, "%s/file", root);
    FILE *stream = fopen(file.ptr, "w");
    cr_assert_not_null(stream);
    fclose(stream);
    cr_assert_eq(folders_make(arena, str_printf(arena, "%s/file/below/x", root)), ENOTDIR);
}

Test(folder, all_that_are_missing_are_made_for_their_owner_alone)
{
    struct stat status;
    cr_assert_eq(folders_make(arena, str_printf(arena, "%s/a/b/x.db", root)), 0);
    cr_assert_eq(stat(str_printf(arena, "%s/a/b", root).ptr, &status), 0);
    cr_assert_eq(status.st_mode & 0777, 0700);
    cr_assert_neq(stat(str_printf(arena, "%s/a/b/x.db", root).ptr, &status), 0);
}

Test(folder, those_that_are_there_and_none_at_all_are_fine)
{
    cr_assert_eq(folders_make(arena, str_printf(arena, "%s/x.db", root)), 0);
    cr_assert_eq(folders_make(arena, STR("x.db")), 0);
}
