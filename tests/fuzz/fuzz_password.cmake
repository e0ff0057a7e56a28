set(FUZZ_LINKS auth_crypto)
