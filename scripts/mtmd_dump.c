/*
 * Preloaded into llama.cpp's tools (0.7.0), writes what they give to the model and the logits they choose from, as lines to the file
 * that DUMP names: "tile" and its bytes in hexadecimal, planar; "token" and its id; "logits" and VOCAB numbers.
 * gcc -shared -fPIC -O1 -o mtmd_dump.so mtmd_dump.c -ldl -lm
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *out(void) {
    static FILE *file;
    if (!file) file = fopen(getenv("DUMP"), "w");
    return file;
}

void ggml_backend_tensor_set(void *tensor, const void *data, size_t offset, size_t size) {
    static void (*next)(void *, const void *, size_t, size_t);
    static const char *(*name)(const void *);
    if (!next) { next = dlsym(RTLD_NEXT, "ggml_backend_tensor_set"); name = dlsym(RTLD_DEFAULT, "ggml_get_name"); }
    if (strcmp(name(tensor), "inp_raw") == 0) {
        fprintf(out(), "tile ");   /* mean and deviation are 0.5 */
        for (size_t i = 0; i < size / sizeof(float); i++) {
            float byte = (((const float *)data)[i] * 0.5f + 0.5f) * 255.0f;
            if (fabsf(byte - rintf(byte)) > 1e-3f) { fprintf(stderr, "not a byte: %g\n", byte); abort(); }
            fprintf(out(), "%02x", (int)rintf(byte));
        }
        fprintf(out(), "\n"); fflush(out());
    }
    next(tensor, data, offset, size);
}

long llama_batch_ext_add_token(void *batch, long sequence, long token, long b, long c, long d) {
    static long (*next)(void *, long, long, long, long, long);
    if (!next) next = dlsym(RTLD_NEXT, "llama_batch_ext_add_token");
    fprintf(out(), "token %d\n", (int)token); fflush(out());
    return next(batch, sequence, token, b, c, d);
}

float *llama_get_logits_ith(void *context, int i) {
    static float *(*next)(void *, int);
    if (!next) next = dlsym(RTLD_NEXT, "llama_get_logits_ith");
    float *logits = next(context, i);
    fprintf(out(), "logits");
    for (int v = 0, n = atoi(getenv("VOCAB")); v < n; v++) fprintf(out(), " %.9g", logits[v]);
    fprintf(out(), "\n"); fflush(out());
    return logits;
}
