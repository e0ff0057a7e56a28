set(FUZZ_LINKS auth_store)
