// SPDX-License-Identifier: MIT
#include "auth/store/store.h"

#include "driver_internal.h"

static const struct db_driver *const drivers[DB_ENGINE_COUNT] = {
    [DB_POSTGRES] = &db_driver_postgres,
    [DB_SQLITE] = &db_driver_sqlite,
};

result store_open(struct task *task, struct loop *loop, const struct store_options *options,
                  struct db **ret_db)
{
    const struct db_driver *driver = drivers[options->engine];
    struct db *db = NULL;
    TRY(driver->open(task, loop, options, &db));
    *db = (struct db){.driver = driver};
    *ret_db = db;
    return RESULT_OK;
}

void store_close(struct db *db)
{
    if (db != NULL) db->driver->close(db);
}

result store_ping(struct db *db, struct task *task)
{
    db_assert_may_wait(db);
    return db->driver->ping(db, task);
}

void store_counts(const struct db *db, struct store_counts *ret_counts)
{
    db->driver->counts(db, ret_counts);
}
