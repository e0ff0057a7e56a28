// SPDX-License-Identifier: MIT
/* split_sql — cuts standard input as a revision is cut and prints each statement, NUL behind it: for comparing with
 * what psql sends.
 */
#include <stdio.h>

#include "auth/store/sql_lexer.h"

#define BYTES_MAX ((size_t)4 * 1024 * 1024)

int main(void)
{
    static char bytes[BYTES_MAX];
    const struct str text = {bytes, fread(bytes, 1, sizeof bytes, stdin)};
    struct sql_statement statement;
    size_t offset = 0;
    while (sql_split(DB_POSTGRES, text, &offset, &statement)) {
        if (statement.is_empty) continue;
        const size_t skipped = statement.start - statement.offset;
        fwrite(statement.text.ptr + skipped, 1, statement.text.len - skipped, stdout);
        putchar('\0');
    }
    return ferror(stdin) || ferror(stdout);
}
