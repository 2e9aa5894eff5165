// encoder_file.h - the file of a simulated encoder: the line "RKSIMNN1", then one JSON object. Any other file is not a model.
#pragma once
#include <stdbool.h>

#define MAX_OUTPUTS 4

typedef enum { NORMALIZE_BAKED, NORMALIZE_HALF, NORMALIZE_CLIP, NORMALIZE_IMAGENET } Normalize;

typedef struct {
    int px, outputs, tokens, embed;     // px: side of the square input; tokens and embed: rows and columns of each output
    bool planar, leading_one;           // planar: NCHW; leading_one: the outputs have three dimensions, the first is 1
    Normalize normalize;                // BAKED: the input is 8-bit pixels; otherwise normalised floats
    long long bytes;                    // memory that the loaded encoder takes
    double ms;                          // time of one run at SPEED=1
    char platform[16], toolkit[16], fault[128];
} EncoderFile;

typedef enum { ENCODER_OK, ENCODER_MISSING, ENCODER_FOREIGN } EncoderStatus;

EncoderStatus encoder_file_read(EncoderFile *e, const char *path);
