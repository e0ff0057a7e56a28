/* import_state_internal.h — how far a file was imported, kept beside it: "<file>.import-state".
 * Shape:   one line of JSON, replaced as a whole after batches; removed when the file has been read to its end.
 * Note:    it is only ever behind what was stored: what is read again is recognised.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_COMMAND_IMPORT_STATE_INTERNAL_H
#define AUTH_COMMAND_IMPORT_STATE_INTERNAL_H

#include "auth/base/task.h"
#include "auth/transfer/import.h"
#include "auth/transfer/records.h"

struct import_state {
    struct records_place place;
    int64_t counts[IMPORT_VERDICT_COUNT];
    struct str fingerprint; /* of the format, and the file's size, time and beginning */
};

/* The fingerprint of a file that is open for reading from its beginning. */
NODISCARD result import_state_fingerprint(struct task *task, int fd, const char *format,
                                          struct str *ret_fingerprint);
/* NOT_FOUND when there is none for this file and format. */
NODISCARD result import_state_read(struct task *task, const char *file, struct str fingerprint,
                                   struct import_state *ret_state);
NODISCARD result import_state_write(struct task *task, const char *file, const struct import_state *state);
void import_state_remove(struct task *task, const char *file);

#endif
