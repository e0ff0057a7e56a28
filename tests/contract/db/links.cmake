include(support/store/statements.cmake)
set(TEST_SOURCES support/db_fixture.c support/postgres_server.c)
set(TEST_LINKS test_statements auth_migrate)
