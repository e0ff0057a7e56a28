/* framing.h — how a file holds its records. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_TRANSFER_FRAMING_H
#define AUTH_TRANSFER_FRAMING_H

enum framing {
    FRAMING_LINES,
    FRAMING_ARRAY,
    FRAMING_CSV,
    FRAMING_COPY /* the rows of auth.users in a dump of pg_dump */
};

#endif
