set(TEST_LINKS auth_http)
