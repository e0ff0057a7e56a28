// SPDX-License-Identifier: MIT
#include "auth/domain/notices.h"

result notice_enqueue(struct service *service, struct db *tx, struct task *task,
                      const struct account *account, const struct notice *notice)
{
    struct mail mail = {.kind = notice->kind,
                        .account_id = account->id,
                        .to = account->email,
                        .locale = account->locale,
                        .name = account->name,
                        .detail = notice->detail,
                        .expires_at_ms = notice->expires_at_ms};
    if (notice->device) {
        mail.client_address = notice->device->address;
        mail.device = device_name(task, notice->device);
    }
    return mailer_enqueue(service, tx, task, &mail);
}
