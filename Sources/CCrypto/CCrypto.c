#include "CCrypto.h"

#include <openssl/evp.h>
#include <pthread.h>

/* OpenSSL 3 looks an algorithm up at each use unless it was fetched before, and allocates a context for each digest.
 * Here the algorithm is fetched once, and each thread keeps its context: 200 to 250 ns for a token instead of 750 to
 * 830 with SHA256() (OpenSSL 3.0.19). */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *algorithm;
static pthread_key_t context_key;
static int is_ready;

static void free_context(void *context) { EVP_MD_CTX_free(context); }

static void prepare(void) {
    /* A separate library context, so that an openssl.cnf that restricts or breaks the default one has no effect. */
    OSSL_LIB_CTX *library = OSSL_LIB_CTX_new();
    if (!library) return;
    algorithm = EVP_MD_fetch(library, "SHA256", NULL);
    is_ready = algorithm && pthread_key_create(&context_key, free_context) == 0;
}

/* Returns the calling thread's context, created at its first use and freed when the thread ends, or NULL. */
static EVP_MD_CTX *thread_context(void) {
    EVP_MD_CTX *context = pthread_getspecific(context_key);
    if (context) return context;
    context = EVP_MD_CTX_new();
    if (context && pthread_setspecific(context_key, context) != 0) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    return context;
}

int megaphone_sha256(const void *bytes, size_t count, void *digest) {
    pthread_once(&once, prepare);
    EVP_MD_CTX *context = is_ready ? thread_context() : NULL;
    if (!context || !EVP_DigestInit_ex2(context, algorithm, NULL)) return -1;
    return EVP_DigestUpdate(context, bytes, count) && EVP_DigestFinal_ex(context, digest, NULL) ? 0 : -1;
}
