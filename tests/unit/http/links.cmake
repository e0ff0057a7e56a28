set(TEST_LINKS auth_http PkgConfig::JANSSON)
