set(FUZZ_LINKS auth_migrate)
