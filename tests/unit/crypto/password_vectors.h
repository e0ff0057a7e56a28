/* password_vectors.h — hashes that independent tools made: passlib, python3-bcrypt, python3-argon2, Django, htpasswd,
 * mkpasswd (whois), openssl and Python's hashlib; none by this code. Firebase's is the published sample of its scrypt.
 */
// SPDX-License-Identifier: MIT
#ifndef PASSWORD_VECTORS_H
#define PASSWORD_VECTORS_H

static const struct vector {
    const char *maker;
    const char *password;
    const char *text;
} vectors[] = {
    {"bcrypt 2a passlib", "password", "$2a$04$0QOETgaYFNw1nspEzFYD4.Oq68aSvyqZA9.xsj4DQdxGtdZp3G6Py"},
    {"bcrypt 2b pybcrypt", "password", "$2b$04$Dg04ZR6o1XeAa5V1LlplkuD.Ce1tUCS7O85khOHyJZSm3CqtrPk1e"},
    {"bcrypt 2y htpasswd", "password", "$2y$04$UrVxlrhG0FIm7pG7dbIfPu2ORKH3ymd5uv4E2Y9QwdHsUtccrAPXi"},
    {"bcrypt utf8", "pa\xc3\x9fw\xc3\xb6rt \xe2\x98\xba",
     "$2b$04$hBd0ccd3AEFzDtjTikKyKe9YFAMumyiEoDuVzMZ5.JE6TcA.CYj5m"},
    {"mkpasswd yescrypt", "password",
     "$y$j75$uKvi9C8oJBdXmub8bxNtv1$VsfN7HgIZUZPy2D0ytvH0pV8vYK290BuOaIlwbvoyF6"},
    {"mkpasswd gost-yescrypt", "password",
     "$gy$j75$ioo7bdQ22Bn9nMspjMBbj/$EFHZwwdJY6gXfV2Iizlm25stvTx0TK19fKHCDYnCp63"},
    {"mkpasswd scrypt", "password",
     "$7$BU..../....j0sogaDNejzHHQjsPzReq1$1OrknIXrC4wXghqw4ZOmb9zGwYNtXo/e.uvE8ipLZe4"},
    {"mkpasswd sha256crypt", "password", "$5$5TcRycPZIctd6Fno$gUJOicU0GAKi60eZr/lLufrnt3krv1ZHrGSwaZ8oqt."},
    {"mkpasswd sha512crypt", "password",
     "$6$a7uSFPVatm7CQTRo$UwnBvtB9SNu0H.ZaAHY/6GdtmkeiN4YiAwKnNND/P7hQO1yxYDbsV/.g1JDRyx/"
     "tYzom.KP2y3N00QQKyym9a."},
    {"mkpasswd yescrypt utf8", "pa\xc3\x9fw\xc3\xb6rt \xe2\x98\xba",
     "$y$j75$q1o01m40WPYT.wCUj8wZS/$NpJ2kuLn7/7chtonXP/YbDXcGbMWQ8tEu2OTHMb1Ov5"},
    {"openssl passwd -5", "password", "$5$saltstring$OH4IDuTlsuTYPdED1gsuiRMyTAwNlRWyA6Xr3I4/dQ5"},
    {"openssl passwd -6", "password",
     "$6$saltstring$adDbXsJjcDlq2662QPgd.tkSOVmnG9Tt3oXl4HR60SusC3AGjirnDenVZp3DGwLwqy6iYKCzannhaX9DR72nN1"},
    {"passlib sha512crypt rounds", "password",
     "$6$rounds=1500$I29kRN9e8gqjIMOA$iyA/P2DF0kpVpOc4w44S2Zrv.dSMDLcP8Eyej7c2Q9RS2h78rQCFlP/"
     "WFpm2ZELadyDOpJ2mtzr60wIasSYDb/"},
    {"passlib scrypt", "password",
     "$scrypt$ln=8,r=8,p=1$0bqXsjbG+H8PoTSmFELo/Q$sj/FER5YyuRz2nyWbVZy/pK3n6QXbSN/zu84fgab9tc"},
    {"passlib pbkdf2_sha256", "password",
     "$pbkdf2-sha256$1000$7F3L.b/X.n/vHeN8750zZg$2xav1OhwqxWfZ1YUbZu.JOc6NpyBn1ISk5KcEzbduuQ"},
    {"passlib pbkdf2_sha512", "password",
     "$pbkdf2-sha512$1000$k/"
     "J.7z3H.D.nFIJwLsV4bw$RZxGVDiAOb4vz9iGzqFF.nIcBCs6nEQcdrUnUkzqAP."
     "TGI9aYdzc5i5MWtk2cD3kkhZDAQshA5JgcKs1wVucQg"},
    {"passlib pbkdf2_sha1", "password", "$pbkdf2$1000$2NsbgxAiBMDYW0spRYixVg$CHGUH0ijop6.1Ql4QLfq8fPhuGQ"},
    {"passlib argon2", "password",
     "$argon2id$v=19$m=64,t=1,p=4$G+PcmxPCGEOIsdaa855zrg$/XYVtqvBCKJG1dJQvaDhkQ"},
    {"argon2i", "password",
     "$argon2i$v=19$m=64,t=3,p=1$75qGZyk/rpXz83U895YzSQ$YPVfx1SDb8lgRy6b1kl5tn3rsJLLu/ERT32nWJhPWfc"},
    {"argon2id p4 salt8", "password", "$argon2id$v=19$m=64,t=1,p=4$YpLGHncOIuo$FPIGUdU/6jk4b/+eqsrW9Q"},
    {"argon2id 64", "password",
     "$argon2id$v=19$m=64,t=5,p=1$UcIKnThCcQOtj/OxMe9pKGAe/"
     "ZbfBr8toPavdcBe8QU$UxnLSO4lVUepf+dPv2AFvRfZeTIGyVLn2tWJbni7m7NvzfITz4WtoabAGh+lfzAjrDx7AzLV+M/"
     "LvJ1SVzy0Vw"},
    {"django pbkdf2_sha256", "password",
     "pbkdf2_sha256$1000$pNsiemTmV1bDixZmAs8GPh$9U98VVB2Md8NFylXWzMVWYvkLHpYYmXTr3C55n9SxvA="},
    {"django pbkdf2_sha1", "password",
     "pbkdf2_sha1$1000$qWKOD25oIQtD4ShNW0YcXr$gtz4fYybvbnoZuRPkqzS4PlJQbU="},
    {"django bcrypt_sha256", "password",
     "bcrypt_sha256$$2b$04$SdFQz4fJMKEQt1NWFWXkgeU2EErj.CLiHSalmfyaOPxB//YFbaQ8e"},
    {"django bcrypt", "password", "bcrypt$$2b$04$wS4bcJzqxWfGHj4OKsEyMuCnbs68rrNL9GGKg5j5nh3wUujR7OEcK"},
    {"django argon2", "password",
     "argon2$argon2id$v=19$m=64,t=1,p=2$Rk90b05vczNuOFJsUHJwS1p6cTZ0ZQ$hEglwgWxPjqpDbWAloPmeA"},
    {"django scrypt", "password",
     "scrypt$seasalt$1024$8$1$31PFhAHfMCdqX/"
     "BGQIxXuAjBaIcgP0CgVuIps6DSp+8K7h82mbxhGi3Z9fAVqY17jT4eecjow+NbgfAYw3me9g=="},
    {"phc pbkdf2 i,l", "password",
     "$pbkdf2-sha256$i=1000,l=64$MDEyMzQ1Njc4OWFiY2RlZg$hRRjgXWkW8ResfIvBP99J/T4vkgEmMRV/"
     "0tJTOjR59L1MlKxm2XwUi2/KU1ROdrq5HRVipHb+APuVX/nDe7r8w"},
    {"phc pbkdf2-sha1 i,l", "password",
     "$pbkdf2-sha1$i=1000,l=64$MDEyMzQ1Njc4OWFiY2RlZg$DYW+LTZG5wxyiF/qvsh40/+/"
     "hXltzAbMKUtORrf6q3M5hNgg3bUCVPbvuLO7vwE9k12aQTF+uVYjLh0cEVYmeA"},
    {"kratos pbkdf2 128", "password",
     "$pbkdf2-sha512$i=1000,l=128$MDEyMzQ1Njc4OWFiY2RlZg$38DzhdBT7fPaUGBlsh42VTuuKSFAIYGZJ7l6feCDLIl+"
     "K3hdPFgxxu7xuUi4gIuH6cEIoODn18xH9Ig2ryNgUznLv+"
     "HenwGMuNFlbzSJOgbKvWbcrovAWPXx1iWbgQCxi33RN4zinW4PK5sCvhM/x2F6PN+pV4SXux9yYGzYhO4"},
    {"kratos scrypt N", "password",
     "$scrypt$ln=1024,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg==$ZEBCzLptWM7dhpNJDU2HbQ945ovKHmVEozHkePPbSqw="},
    {"firebase", "user1password",
     "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk="
     "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+"
     "ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ=="},
};

#define BCRYPT_OF_72_X "$2b$04$4WQTBissHfgbnpK9VNCMleRD15CSfaEq6Ir.qv0VyKVP40yfuQ0VS"
#define DJANGO_BCRYPT_SHA256_OF_100_X \
    "bcrypt_sha256$$2b$04$20beJ9R0ziPM89ukc3xSqOpgvNhAWopA47So3Vh32nsUVT89YmnAq"

#define B53 "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234"
#define T43 "gUJOicU0GAKi60eZr/lLufrnt3krv1ZHrGSwaZ8oqt."
#define S22 "MDEyMzQ1Njc4OWFiY2RlZg"

static const char *const costly[] = {
    "$2b$16$" B53,
    "$2b$31$" B53,
    "$5$rounds=1000001$salt$" T43,
    "$5$rounds=999999999$salt$" T43,
    "$y$jTT$salt$" T43,
    "$y$jjT$salt$" T43,
    "$gy$jjj$salt$" T43,
    "$7$zzzzzzzzzzz$" T43,
    "$7$TU..../....salt$" T43,
    "$7$BU....zzzzzsalt$" T43,
    "$scrypt$ln=31,r=8,p=1$" S22 "$" S22,
    "$scrypt$ln=14,r=4294967295,p=1$" S22 "$" S22,
    "$scrypt$ln=14,r=8,p=4294967295$" S22 "$" S22,
    "$scrypt$ln=4,r=8,p=4194304$" S22 "$" S22,
    "$fbscrypt$v=1,n=31,r=8,p=1,ss=Bw==,sk=" S22 "==$" S22 "$" S22,
    "scrypt$salt$4194304$8$1$" S22 "==",
    "$pbkdf2-sha256$6000001$" S22 "$" S22,
    "$pbkdf2-sha512$4294967295$" S22 "$" S22,
    "$pbkdf2-sha256$i=1600000,l=128$" S22
    "$38DzhdBT7fPaUGBlsh42VTuuKSFAIYGZJ7l6feCDLIl+K3hdPFgxxu7xuUi4gIuH6cEIoODn18xH9Ig2ryNgUznLv+"
    "HenwGMuNFlbzSJOgbKvWbcrovAWPXx1iWbgQCxi33RN4zinW4PK5sCvhM/x2F6PN+pV4SXux9yYGzYhO4",
    "pbkdf2_sha256$4000000000$salt$" S22 "==",
    "bcrypt_sha256$$2b$31$" B53,
    "bcrypt$$2b$20$" B53,
    "argon2$argon2id$v=19$m=4194304,t=1,p=1$" S22 "$" S22,
    "$argon2i$v=19$m=4194304,t=3,p=1$" S22 "$" S22,
    "$argon2id$v=19$m=262144,t=5,p=4$" S22 "$" S22,
    "$argon2id$v=19$m=64,t=65,p=4$" S22 "$" S22,
};

static const char *const unknown[] = {
    "",
    "$",
    "password",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "$1$saltsalt$abcdefghijklmnopqrstuv",
    "$apr1$saltsalt$abcdefghijklmnopqrstuv",
    "$2x$04$" B53,
    "$2$04$" B53,
    "$2b$03$" B53,
    "$2b$4$" B53,
    "$2b$99$" B53,
    "$2b$04$" B53 "x",
    "$argon2d$v=19$m=64,t=1,p=1$" S22 "$" S22,
    "$argon2id$v=18$m=64,t=1,p=4$" S22 "$" S22,
    "$argon2id$v=19$m=8,t=1,p=4$" S22 "$" S22,
    "$argon2id$v=19$m=640,t=1,p=65$" S22 "$" S22,
    "$argon2id$v=19$m=64,t=1,p=4$MDEy$" S22,
    "$argon2id$v=19$m=64,t=1,p=4$" S22 "$MDEy",
    "$5$$" T43,
    "$5$rounds=999$salt$" T43,
    "$5$seventeencharsalt$" T43,
    "$6$salt$" T43,
    "$y$j9T0$salt$" T43,
    "$y$.9T$salt$" T43,
    "$y$j9z$salt$" T43,
    "$7$.U..../....salt$" T43,
    "$scrypt$ln=14,r=8$" S22 "$" S22,
    "$scrypt$ln=1000,r=8,p=1$" S22 "$" S22,
    "$scrypt$ln=14,r=8,p=1$$" S22,
    "$fbscrypt$v=2,n=14,r=8,p=1,ss=Bw==,sk=" S22 "==$" S22 "$" S22,
    "$fbscrypt$v=1,n=14,r=8,p=1$" S22 "$" S22,
    "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=" S22 "==$" S22 "$MDEy",
    "$pbkdf2-md5$1000$" S22 "$" S22,
    "$pbkdf2-sha256$0$" S22 "$" S22,
    "$pbkdf2-sha256$i=1000,l=17$" S22 "$" S22,
    "$pbkdf2-sha256$1000$" S22 "$MDEy",
    "pbkdf2_md5$1000$salt$" S22 "==",
    "pbkdf2_sha256$1000$$" S22 "==",
    "bcrypt$bcrypt$$2b$04$" B53,
    "bcrypt_sha256$$5$salt$" T43,
    "argon2$2b$04$" B53,
    "argon2argon2id$v=19$m=64,t=1,p=1$" S22 "$" S22,
};

#endif
