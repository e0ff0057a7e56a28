/* device_api_internal.h — the devices a person has signed in from: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_DEVICE_API_INTERNAL_H
#define AUTH_API_DEVICE_API_INTERNAL_H

#include "api_internal.h"

extern const struct fields device_list_reply_fields;

HANDLER(me_devices_get);
HANDLER(me_devices_delete);
HANDLER(me_device_delete);

#endif
