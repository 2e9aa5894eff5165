// pixels.h - what the simulated encoder makes of a picture. librkllmrt.so of the simulator reads it: see model/vision.h.
// The tokens are the cells of a grid. Row t of output k has these values, then a hash of all pixels of the cell:
//   0-2  mean red, green and blue of the cell, from 0 to 1
//   3    side of the picture in pixels / 4096
//   4    EMBED_MARK
//   5    t / 4096
//   6    k / 16
//   7    number of outputs / 16
#pragma once
#include <stddef.h>

#define EMBED_MARK 0.640625f
#define EMBED_HEAD 8                    // number of values before the hash; a row has at least as many

void pixels_embed(const unsigned char *rgb, int px, int tokens, int embed, int outputs, int output, float *rows);
