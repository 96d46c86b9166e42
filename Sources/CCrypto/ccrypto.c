// The SHA256_* calls are deprecated in favour of EVP, which looks its algorithm up and counts
// references per message; for many short documents that costs more than the hash itself.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "ccrypto.h"

#include <openssl/sha.h>
#include <stdlib.h>

struct ccrypto_sha256 {
  SHA256_CTX context;
};

ccrypto_sha256 *ccrypto_sha256_make(void) {
  ccrypto_sha256 *state = malloc(sizeof *state);
  if (state) SHA256_Init(&state->context);
  return state;
}

void ccrypto_sha256_free(ccrypto_sha256 *state) { free(state); }

void ccrypto_sha256_update(ccrypto_sha256 *state, const void *bytes, size_t count) {
  SHA256_Update(&state->context, bytes, count);
}

void ccrypto_sha256_final(ccrypto_sha256 *state, uint8_t *digest) {
  SHA256_Final(digest, &state->context);
  SHA256_Init(&state->context);
}

void ccrypto_sha256_of(const void *bytes, size_t count, uint8_t *digest) {
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes, count);
  SHA256_Final(digest, &context);
}
