set(TEST_LINKS auth_migrate)
