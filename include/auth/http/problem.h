/* problem.h — failures as bodies: RFC 9457 for the application surface, RFC 6749 §5.2 for the protocol
 * surface.
 * Note:    only the status's public sentence and the offending fields are told; the fault's detail goes to
 *          the log.
 */
// SPDX-License-Identifier: MIT
#ifndef AUTH_HTTP_PROBLEM_H
#define AUTH_HTTP_PROBLEM_H

#include "auth/http/route.h"

/* Fills the response: status, body, Retry-After, WWW-Authenticate. `issuer` is the base of problem type URIs.
 */
void problem_write(struct request *request, enum status code, enum surface surface, struct str issuer,
                   struct response *response);

#endif
