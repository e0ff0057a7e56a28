/* folder.h — a place for files the service makes itself.
 * Errors:  errno values: the caller knows what the file was for.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_BASE_FOLDER_H
#define AUTH_BASE_FOLDER_H

#include "auth/base/str.h"

/* Makes the folders above the file `path` that are missing, readable by their owner alone. 0, or errno. */
int folders_make(struct arena *arena, struct str path);

#endif
