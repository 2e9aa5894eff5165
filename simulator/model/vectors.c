// vectors.c - see vectors.h.
#include "model/vectors.h"
#include <math.h>
#include <stdlib.h>

// Row i depends on ids[0..i], as a hidden state does. Equal inputs give equal vectors on every machine.
float *model_vectors(const int32_t *ids, size_t count, int dim)
{
    float *v = malloc((count ? count : 1) * (size_t)dim * sizeof *v);
    uint64_t state = 0x9e3779b97f4a7c15ull;
    if (!v)
        abort();
    for (size_t i = 0; i < count; i++) {
        float *row = v + i * (size_t)dim, sum = 0;
        state = (state ^ (uint32_t)ids[i]) * 0xff51afd7ed558ccdull;
        uint64_t x = state | 1;
        for (int d = 0; d < dim; d++) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            row[d] = (float)(int32_t)(x >> 32) / 2147483648.0f;
            sum += row[d] * row[d];
        }
        for (int d = 0; d < dim; d++)
            row[d] /= sqrtf(sum);
    }
    return v;
}
