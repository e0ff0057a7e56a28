/* page_api_internal.h — the pages that links in mail lead to: handlers and field tables. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_PAGE_API_INTERNAL_H
#define AUTH_API_PAGE_API_INTERNAL_H

#include "api_internal.h"

HANDLER(page_get);
HANDLER(page_style_get);
HANDLER(page_script_get);
HANDLER(change_password_get);

extern const struct fields page_query_fields, page_asset_query_fields;

/* The members of `shared` that are the pages' own. */
void page_assets_create(struct api_shared *shared);
void page_assets_destroy(struct api_shared *shared);

#endif
