// vectors.h - simulated hidden states and logits.
#pragma once
#include <stddef.h>
#include <stdint.h>

float *model_vectors(const int32_t *ids, size_t count, int dim);    // count rows of dim values, norm 1; the caller frees
