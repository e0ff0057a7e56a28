set(TEST_SOURCES support/postgres_server.c integration/migrations/site.c)
set(TEST_LINKS auth_migrate)
