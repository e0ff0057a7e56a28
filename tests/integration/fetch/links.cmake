set(TEST_LINKS auth_fetch)
set(TEST_SOURCES support/fake_server.c)
