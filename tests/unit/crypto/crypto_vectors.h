/* crypto_vectors.h — keys and signatures published in RFCs. */
// SPDX-License-Identifier: MIT
#ifndef CRYPTO_VECTORS_H
#define CRYPTO_VECTORS_H

/* RFC 7515, appendix A.2 and A.3: one payload, two keys. */
#define RFC7515_PAYLOAD \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define RFC7515_RS256_MESSAGE "eyJhbGciOiJSUzI1NiJ9." RFC7515_PAYLOAD
#define RFC7515_RS256_SIGNATURE                                                        \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF" \
    "5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK" \
    "5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt" \
    "FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB" \
    "p0igcN_IoypGlUPQGe77Rw"
#define RFC7515_RSA_MODULUS                                                            \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJ" \
    "PMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0" \
    "LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD" \
    "Zlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2" \
    "PAcDTW9gb54h4FRWyuXpoQ"
#define RFC7515_RSA_JWK "{\"kty\":\"RSA\",\"n\":\"" RFC7515_RSA_MODULUS "\",\"e\":\"AQAB\"}"

#define RFC7515_ES256_MESSAGE "eyJhbGciOiJFUzI1NiJ9." RFC7515_PAYLOAD
#define RFC7515_ES256_SIGNATURE \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define RFC7515_EC_JWK                                                                         \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"," \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"

/* RFC 8037, appendix A.1 to A.4. */
#define RFC8037_MESSAGE "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define RFC8037_SIGNATURE \
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
#define RFC8037_JWK \
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define RFC8037_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define RFC8037_SEED_HEX   "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

/* RFC 7638, section 3.1. */
#define RFC7638_JWK                                                                                       \
    "{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFF" \
    "xuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQ"  \
    "R0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6"  \
    "WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\","          \
    "\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}"
#define RFC7638_THUMBPRINT "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"

/* Keys of the wrong size and on the wrong curve, made for these tests alone. */
#define RSA_1024_HEX                                                                                   \
    "30820276020100300d06092a864886f70d0101010500048202603082025c02010002818100d2393596317f3140990668" \
    "65b8e6289b92fbeb821d29bd4256648337fe1cac8d5b88a7afd0993abb2be8cfa234bb1d56aeef8dc28daefafc5e33f7" \
    "ef9b05c28b3d02bd34cdaead3b61b5c495019fce95c8732081d4991ec411547753cf1705b151c7810e2638588b9daf34" \
    "a095ac1b93829201f520f059065e40d040fd1364c502030100010281807f467fb905129ac11f648fc43663b2662e6133" \
    "3ebd654dde61ebccbe13ad4c92f0be15b80e351727c6f7d6edbfbb21921fab8d4a22f9b39f237197448bb8bb04f49b37" \
    "56a4767851b47a08bd51c2c7a5aa23fbedab0f71cfdbcbcec5116b2affd5001eac0d7c43f906fec53b1a6c0d48d257a9" \
    "81eb373d0efe59090f7fd29441024100f3580083d613d9f244733d9265e4496d31e0f23456da03fedd6046b93fec9705" \
    "8548518912cd6db1008fea8fab074c684ffa526e6e61c5b84813e516ea5200c9024100dd283a45d09039e8b44d2a4ccd" \
    "696aa6afabdbf0832bfea843179ec8c79b14987803f4aa04c50aa4097a3565173eba8453bd4d29a14c0741fc92f0c2dc" \
    "c3de1d02410085269e01855e0f5f74fce9aff578d8849b4a4ebd3cd8c65eea9b0797cdd6933c3e15b8279cd633332aef" \
    "9495502c0a2ef9b42aeeaa0f6db4cc1bb6bab7346fa102401cd26a4dc0f19aea6ddd049f3fc1f64944e9b3df33691f66" \
    "146056ac39ff46fedbdd401c8c4495af6d20c526a891df42f19ae11c84cde0c043c76ea3269c4c2d02400144a0aec457" \
    "1d08dcd791867fda2b2e2c7e60006f558ccb173dccdc8ea1c72c24355de1da221850ace9149494c5fb07d7b8b17a9f3f" \
    "3442665a222379cee856"
#define P384_HEX                                                                                       \
    "3081b6020100301006072a8648ce3d020106052b8104002204819e30819b02010104307039d18274c5fbc91cfe100fc8" \
    "712e9ea2ddd741b64c8f749ede5fa53f6f677bc87b7cab8e58bb28d4f316befb5c10bda16403620004d6217dbe564ba8" \
    "1d43cfa071e65d2a2bf9836671fbf7ad4622d7ddce360e6fa6d399e2a3eb41b0ad6c2ab2175b622b3c8fa846b17d0050" \
    "3c4f3ed3e384be15093a095b0ec41b69ba3d897c54be07a13645e1e6f3df972dd166bbc0d520c6f983"
#define SECP256K1_HEX                                                                                  \
    "308184020100301006072a8648ce3d020106052b8104000a046d306b0201010420b3379c43d58630063027d4039a3e66" \
    "e693e18bd19afe79594b7a6fd62f510158a14403420004f9f3964d946fa72b8a42018b77cf4d3775ca9f9f17d6dd6fba" \
    "208b7000e6c882a2a3e13d4b022b738853ae5f9c09247d7fe5439b64700b38625228b3638c7b6d"

#endif
