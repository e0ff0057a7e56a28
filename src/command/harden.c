// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "runtime_internal.h"

result harden_process(struct fault *fault)
{
    const struct rlimit no_core = {0, 0};
    umask(S_IRWXG | S_IRWXO);
    if (setrlimit(RLIMIT_CORE, &no_core) != 0)
        FAIL(fault, INTERNAL, "core files cannot be ruled out: %s", strerror(errno));
    /* Also keeps other processes of the same user from reading this one's memory. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
        FAIL(fault, INTERNAL, "memory cannot be closed to others: %s", strerror(errno));
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        FAIL(fault, INTERNAL, "new rights cannot be ruled out: %s", strerror(errno));
    return RESULT_OK;
}
