// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/hooks.h>

#include "domain_fixture.h"

/* In the process that starts the tests, which find the server by their environment. */
ReportHook(PRE_ALL)(struct criterion_test_set *tests)
{
    (void)tests;
    domain_servers_start();
}

ReportHook(POST_ALL)(struct criterion_global_stats *stats)
{
    (void)stats;
    domain_servers_stop();
}
