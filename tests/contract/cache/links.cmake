set(TEST_LINKS auth_cache)
set(TEST_SOURCES support/cache_fixture.c support/redis_server.c)
