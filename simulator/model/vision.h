// vision.h - what a model makes of the embeddings of images: see rknn/pixels.h for their form.
#pragma once
#include "base/text.h"
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const float *embed;                 // images * tokens rows of dim * outputs values
    size_t images, tokens;
    int dim, outputs;
} Pictures;

void vision_describe(const Pictures *p, Buf *out);      // size and colours of each image, in words
void vision_hashes(const Pictures *p, Buf *out);        // ordinal and hash of each image
int32_t vision_id(const Pictures *p, size_t token);     // an id that no vocabulary has; equal for equal rows
