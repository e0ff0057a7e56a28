set(TEST_SOURCES support/postgres_server.c)
set(TEST_LINKS auth_migrate)
