set(TEST_LINKS auth_command)
