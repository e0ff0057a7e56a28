/* banned.h — library calls that are not used here, turned into compile errors with readable names. Forced
 * into every file by the build (-include).
 * Source:  git, banned.h.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_BANNED_H
#define AUTH_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(function, instead) this_function_is_banned_##function##_use_##instead

#undef strcpy
#define strcpy(a, b) BANNED(strcpy, str_copy)
#undef strcat
#define strcat(a, b) BANNED(strcat, strbuf_add)
#undef strncpy
#define strncpy(a, b, n) BANNED(strncpy, str_copy)
#undef strncat
#define strncat(a, b, n) BANNED(strncat, strbuf_add)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#undef strtok
#define strtok(a, b) BANNED(strtok, str_split)
#undef gmtime
#define gmtime(a) BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime(a) BANNED(localtime, localtime_r)
#undef ctime
#define ctime(a) BANNED(ctime, time_print)
#undef asctime
#define asctime(a) BANNED(asctime, time_print)
#undef atoi
#define atoi(a) BANNED(atoi, str_to_int64)
#undef atol
#define atol(a) BANNED(atol, str_to_int64)
#undef rand
#define rand() BANNED(rand, random_bytes)
#undef alloca
#define alloca(a) BANNED(alloca, arena_alloc)

#endif
