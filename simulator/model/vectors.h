// vectors.h - hidden states and logits.
#pragma once
#include <stddef.h>
#include <stdint.h>

float *model_vectors(const int32_t *ids, size_t count, int dim);    // malloc, count*dim, each row of norm 1
