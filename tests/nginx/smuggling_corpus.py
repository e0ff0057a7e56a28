# SPDX-License-Identifier: MIT
"""Messages that two readers could take apart in different ways. Each carries a second request that must not be answered.

A case is (name, bytes). The hidden request asks for `HIDDEN`; whoever answers it has been smuggled past the limits and
the log of the first. Source: RFC 9112 sections 3, 5, 6, 7 and 11.2.
"""

HIDDEN = "/smuggled"
TARGET = "/v1/login"


def _head(*lines, start=f"POST {TARGET} HTTP/1.1", end="\r\n\r\n"):
    return "\r\n".join([start, "Host: localhost", *lines]) + end


HIDDEN_REQUEST = f"GET {HIDDEN} HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED_EMPTY = "0\r\n\r\n"
HIDDEN_LENGTH = len(HIDDEN_REQUEST)

_TEXT = {
    # Both lengths, in both orders and by both names (RFC 9112 6.1).
    "te_and_cl": _head("Transfer-Encoding: chunked", f"Content-Length: {5 + HIDDEN_LENGTH}") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "cl_and_te": _head(f"Content-Length: {5 + HIDDEN_LENGTH}", "Transfer-Encoding: chunked") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "cl_zero_and_te": _head("Content-Length: 0", "Transfer-Encoding: chunked") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_upper_case_and_cl": _head("TRANSFER-ENCODING: CHUNKED", "Content-Length: 4") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    # Transfer codings that one reader takes for chunked and another does not.
    "te_space_before_colon": _head("Transfer-Encoding : chunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_tab_before_colon": _head("Transfer-Encoding\t: chunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_leading_space": _head(" Transfer-Encoding: chunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_vertical_tab": _head("Transfer-Encoding: \x0bchunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_unknown": _head("Transfer-Encoding: xchunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_identity": _head("Transfer-Encoding: identity", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_chunked_identity": _head("Transfer-Encoding: chunked, identity") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_gzip_chunked": _head("Transfer-Encoding: gzip, chunked") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_twice": _head("Transfer-Encoding: chunked", "Transfer-Encoding: identity") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_folded": _head("Transfer-Encoding:", " chunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_quoted": _head('Transfer-Encoding: "chunked"', "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "te_http_1_0": _head("Transfer-Encoding: chunked", "Connection: keep-alive", start=f"POST {TARGET} HTTP/1.0")
    + CHUNKED_EMPTY + HIDDEN_REQUEST,
    # Content-Length: repeated, listed, signed, padded, in other bases, too large (RFC 9110 8.6).
    "cl_twice_different": _head(f"Content-Length: {HIDDEN_LENGTH}", "Content-Length: 0") + HIDDEN_REQUEST,
    "cl_twice_zero_first": _head("Content-Length: 0", f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "cl_list": _head(f"Content-Length: 0, {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "cl_plus": _head("Content-Length: +0") + HIDDEN_REQUEST,
    "cl_minus": _head("Content-Length: -1") + HIDDEN_REQUEST,
    "cl_hexadecimal": _head("Content-Length: 0x0") + HIDDEN_REQUEST,
    "cl_with_letters": _head("Content-Length: 0abc") + HIDDEN_REQUEST,
    "cl_two_numbers": _head("Content-Length: 0 0") + HIDDEN_REQUEST,
    "cl_empty": _head("Content-Length:") + HIDDEN_REQUEST,
    "cl_space_before_colon": _head("Content-Length : 0") + HIDDEN_REQUEST,
    "cl_two_to_the_64": _head("Content-Length: 18446744073709551616") + HIDDEN_REQUEST,
    "cl_two_to_the_64_minus_1": _head("Content-Length: 18446744073709551615") + HIDDEN_REQUEST,
    "cl_two_to_the_63": _head("Content-Length: 9223372036854775808") + HIDDEN_REQUEST,
    "cl_point": _head("Content-Length: 0.0") + HIDDEN_REQUEST,
    # Chunks (RFC 9112 7.1).
    "chunk_size_signed": _head("Transfer-Encoding: chunked") + "-1\r\n" + HIDDEN_REQUEST,
    "chunk_size_huge": _head("Transfer-Encoding: chunked") + "ffffffffffffffff1\r\n" + HIDDEN_REQUEST,
    "chunk_size_prefixed": _head("Transfer-Encoding: chunked") + "0x0\r\n\r\n" + HIDDEN_REQUEST,
    "chunk_without_end": _head("Transfer-Encoding: chunked") + "3\r\nabcde\r\n0\r\n\r\n" + HIDDEN_REQUEST,
    "chunk_size_empty": _head("Transfer-Encoding: chunked") + "\r\n\r\n" + HIDDEN_REQUEST,
    # Lines and fields (RFC 9112 2.2, 5.1, 5.2).
    "bare_cr_in_value": _head("X-A: b\rContent-Length: 0") + HIDDEN_REQUEST,
    "nul_in_value": _head("X-A: b\x00c", "Content-Length: 0") + HIDDEN_REQUEST,
    "nul_in_name": _head("X-A\x00B: c", "Content-Length: 0") + HIDDEN_REQUEST,
    "nul_in_target": _head("Content-Length: 0", start=f"POST {TARGET}\x00 HTTP/1.1") + HIDDEN_REQUEST,
    "no_colon_after_te": _head("Transfer-Encoding chunked", "Content-Length: 5") + CHUNKED_EMPTY + HIDDEN_REQUEST,
    "no_colon_after_cl": _head("Content-Length 0") + HIDDEN_REQUEST,
    "host_twice": _head("Host: other", "Content-Length: 0") + HIDDEN_REQUEST,
    "host_folded": _head("X-A: b", "\tfolded", "Host: other", "Content-Length: 0") + HIDDEN_REQUEST,
    # Request lines (RFC 9112 3).
    "no_version": f"GET {TARGET}\r\n{HIDDEN_REQUEST}",
    "version_9": _head("Content-Length: 0", start=f"POST {TARGET} HTTP/9.9") + HIDDEN_REQUEST,
    "version_malformed": _head("Content-Length: 0", start=f"POST {TARGET} HTTP/1.1 HTTP/1.0") + HIDDEN_REQUEST,
    "method_lower_case": _head("Content-Length: 0", start=f"post {TARGET} HTTP/1.1") + HIDDEN_REQUEST,
    "connect": "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost:80\r\n\r\n" + HIDDEN_REQUEST,
    "trace": "TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN_REQUEST,
}

# The body of these is the hidden request: whoever ignores the length answers it.
_SWALLOWED = {
    "get_with_body": f"GET {TARGET} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {HIDDEN_LENGTH}\r\n\r\n{HIDDEN_REQUEST}",
    "cl_padded_with_zeros": _head(f"Content-Length: 000{HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "cl_twice_same": _head(f"Content-Length: {HIDDEN_LENGTH}", f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "expect_continue": _head("Expect: 100-continue", f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "chunked_body": _head("Transfer-Encoding: chunked") + f"{HIDDEN_LENGTH:x}\r\n{HIDDEN_REQUEST}\r\n0\r\n\r\n",
    "chunked_extension": _head("Transfer-Encoding: chunked") + f"{HIDDEN_LENGTH:x};a=b\r\n{HIDDEN_REQUEST}\r\n0\r\n\r\n",
    "chunked_trailer": _head("Transfer-Encoding: chunked")
    + f"{HIDDEN_LENGTH:x}\r\n{HIDDEN_REQUEST}\r\n0\r\nContent-Length: 0\r\n\r\n",
    "upgrade_h2c": _head("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk",
                         f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "connection_names_cl": _head("Connection: Content-Length", f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "lf_line_ends": (_head(f"Content-Length: {HIDDEN_LENGTH}").replace("\r\n", "\n")) + HIDDEN_REQUEST,
    "no_colon": _head("X-A", f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
    "method_override": _head("X-HTTP-Method-Override: GET", f"Content-Length: {HIDDEN_LENGTH}") + HIDDEN_REQUEST,
}

CASES = [(name, text.encode("latin-1")) for name, text in {**_TEXT, **_SWALLOWED}.items()]
