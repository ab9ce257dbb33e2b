/*
 * One function over libcrypto, so that Swift imports no types of OpenSSL.
 */
#ifndef MEGAPHONE_CCRYPTO_H
#define MEGAPHONE_CCRYPTO_H

#include <stddef.h>

enum { MEGAPHONE_SHA256_BYTES = 32 };

/* Writes the SHA-256 of `count` bytes to `digest`, which has MEGAPHONE_SHA256_BYTES bytes. May be called by any thread.
 * Returns 0, or -1 if libcrypto offers no SHA-256 or has no memory. */
int megaphone_sha256(const void *bytes, size_t count, void *digest);

#endif
