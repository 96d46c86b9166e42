// SHA-256 from OpenSSL's libcrypto, which uses the processor's SHA instructions.
#ifndef CCRYPTO_H
#define CCRYPTO_H
#include <stddef.h>
#include <stdint.h>

typedef struct ccrypto_sha256 ccrypto_sha256;

ccrypto_sha256 *ccrypto_sha256_make(void);
void ccrypto_sha256_free(ccrypto_sha256 *state);
void ccrypto_sha256_update(ccrypto_sha256 *state, const void *bytes, size_t count);
/// Writes 32 bytes and readies the state for the next message.
void ccrypto_sha256_final(ccrypto_sha256 *state, uint8_t *digest);
/// One shot: 32 bytes.
void ccrypto_sha256_of(const void *bytes, size_t count, uint8_t *digest);
#endif
