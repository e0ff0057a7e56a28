set(TEST_LINKS auth_domain auth_migrate)
set(TEST_SOURCES support/domain_fixture.c support/factor_fixture.c support/domain_servers.c support/db_probe.c support/fake_server.c support/webhook_receiver.c support/postgres_server.c)
