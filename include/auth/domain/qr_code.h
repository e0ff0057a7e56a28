/* qr_code.h — text as a QR code in SVG, to be shown on a page and scanned.
 * Shape:   one path of unit squares in a quiet zone of four, black on white, scaled by the page; error correction M.
 * Errors:  TOO_LARGE for text beyond QR_TEXT_MAX; INTERNAL when the library has no memory; OVERLOADED.
 * Waits:   yes: drawn in a worker thread.
 * Source:  ISO/IEC 18004; SVG 1.1.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_DOMAIN_QR_CODE_H
#define AUTH_DOMAIN_QR_CODE_H

#include "auth/domain/service.h"

#define QR_TEXT_MAX 1024u

NODISCARD result qr_code_svg(struct service *service, struct task *task, struct secret text,
                             struct str *ret_svg);

#endif
