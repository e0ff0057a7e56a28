set(TEST_LINKS auth_store)
