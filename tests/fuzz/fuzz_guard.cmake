set(FUZZ_LINKS auth_http)
