set(TEST_LINKS auth_api auth_migrate)
set(TEST_SOURCES support/api_fixture.c support/request_fields.c support/domain_fixture.c support/db_probe.c support/postgres_server.c)
