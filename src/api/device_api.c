// SPDX-License-Identifier: MIT
#include "auth/domain/devices.h"
#include "device_api_internal.h"
#include "rights_api_internal.h"

struct device_reply {
    struct id id;
    int64_t first_seen_at_ms;
    int64_t last_seen_at_ms;
};

static const struct field DEVICE_ROWS[] = {
    {.name = "id",
     .type = FIELD_ID,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct device_reply, id),
     .description = "What it is forgotten by"},
    {.name = "first_seen_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct device_reply, first_seen_at_ms),
     .description = "When it was first signed in from"},
    {.name = "last_seen_at",
     .type = FIELD_TIME,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct device_reply, last_seen_at_ms),
     .description = "When it was last signed in from"},
};
static const struct fields DEVICE_FIELDS = FIELDS(DEVICE_ROWS, struct device_reply, "KnownDevice");

struct device_list_reply {
    struct object_list data;
};

static const struct field DEVICE_LIST_ROWS[] = {
    {.name = "data",
     .type = FIELD_OBJECTS,
     .flags = FIELD_REQUIRED,
     .offset = offsetof(struct device_list_reply, data),
     .object = &DEVICE_FIELDS,
     .description = "The devices that are known, the one seen last first"},
};
const struct fields device_list_reply_fields =
    FIELDS(DEVICE_LIST_ROWS, struct device_list_reply, "KnownDeviceList");

static struct device_owner owner_of(const struct request *request)
{
    const struct principal *principal = &caller_of(request)->principal;
    return (struct device_owner){.account_id = principal->account_id,
                                 .session_id = principal->session_id,
                                 .client_address = request->client_text};
}

result me_devices_get(struct request *request, const void *body, struct response *response)
{
    (void)body;
    struct arena *arena = request->task.arena;
    struct device_list list;
    TRY(devices_list(service_of(request), &request->task, caller_of(request)->principal.account_id, &list));
    struct device_reply *items = arena_alloc_array(arena, list.count, sizeof *items);
    for (size_t i = 0; i < list.count; i++)
        items[i] = (struct device_reply){.id = list.items[i].id,
                                         .first_seen_at_ms = list.items[i].first_seen_at_ms,
                                         .last_seen_at_ms = list.items[i].last_seen_at_ms};
    const struct device_list_reply reply = {.data = {items, list.count}};
    return response_json(response, arena, &device_list_reply_fields, &reply);
}

result me_devices_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct device_owner owner = owner_of(request);
    return devices_forget_own(service_of(request), &request->task, &owner);
}

result me_device_delete(struct request *request, const void *body, struct response *response)
{
    (void)body;
    (void)response;
    const struct device_owner owner = owner_of(request);
    struct id id;
    TRY(path_id(request, 0, &id));
    return devices_forget_one(service_of(request), &request->task, &owner, id);
}
