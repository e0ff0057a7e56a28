/* page_files_internal.h — the pages as they were embedded by the build. */
// SPDX-License-Identifier: MIT
#ifndef AUTH_API_PAGE_FILES_INTERNAL_H
#define AUTH_API_PAGE_FILES_INTERNAL_H

#include "auth/base/str.h"

extern const struct str page_html, page_css, page_js;
/* What page.html asks for them by: another content has another version. */
extern const struct str page_css_version, page_js_version;

#endif
