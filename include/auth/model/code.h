/* code.h — what a code or a link sent by mail is good for. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_MODEL_CODE_H
#define AUTH_MODEL_CODE_H

enum code_purpose {
    CODE_VERIFY, /* proves the address of an account */
    CODE_LOGIN,  /* signs in */
    CODE_RESET,  /* sets another password */
    CODE_CHANGE, /* proves the new address of an account */
    CODE_PURPOSE_COUNT
};

#endif
