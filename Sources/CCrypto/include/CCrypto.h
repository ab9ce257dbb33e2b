/*
 * One flat call over libcrypto. Swift sees no type of OpenSSL's.
 */
#ifndef MEGAPHONE_CCRYPTO_H
#define MEGAPHONE_CCRYPTO_H

#include <stddef.h>

enum { MEGAPHONE_SHA256_BYTES = 32 };

/* Writes the SHA-256 of `count` bytes to `digest`, which has room for MEGAPHONE_SHA256_BYTES. From any thread.
 * Returns 0, or -1 when libcrypto offers no SHA-256 or has no memory. */
int megaphone_sha256(const void *bytes, size_t count, void *digest);

#endif
