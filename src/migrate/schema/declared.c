// SPDX-License-Identifier: MIT
#include "schema_internal.h"
#include "schema_text_internal.h"

result schema_declared(struct migration_scope *scope, struct str directory, enum db_engine engine,
                       struct str *ret_text)
{
    if (is_empty(directory)) {
        const struct embedded_schema *embedded = &embedded_schemas[engine];
        *ret_text = (struct str){(const char *)embedded->bytes, embedded->len};
        return RESULT_OK;
    }
    return schema_text_load(scope, directory, engine == DB_POSTGRES ? "postgres" : "sqlite", ret_text);
}
