// pixels.c - see pixels.h.
#include "rknn/pixels.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef struct { int left, top, right, bottom; } Cell;

// The grid is square if the number of tokens is a square. Otherwise it has one column.
static Cell cell(int px, int tokens, int t)
{
    int side = (int)lround(sqrt(tokens)), columns = side * side == tokens ? side : 1, rows = tokens / columns;
    int x = t % columns, y = t / columns;
    return (Cell){px * x / columns, px * y / rows, px * (x + 1) / columns, px * (y + 1) / rows};
}

static void embed_cell(const unsigned char *rgb, int px, Cell c, float *mean, uint64_t *hash)
{
    unsigned long long sums[3] = {0}, pixels = 0;
    *hash = 14695981039346656037ull;
    for (int y = c.top; y < c.bottom; y++)
        for (int x = c.left; x < c.right; x++, pixels++)
            for (int channel = 0; channel < 3; channel++) {
                unsigned char v = rgb[((size_t)y * (size_t)px + (size_t)x) * 3 + (size_t)channel];
                sums[channel] += v;
                *hash = (*hash ^ v) * 1099511628211ull;
            }
    for (int channel = 0; channel < 3; channel++)
        mean[channel] = pixels ? (float)((double)sums[channel] / (double)pixels / 255) : 0;
}

void pixels_embed(const unsigned char *rgb, int px, int tokens, int embed, int outputs, int output, float *rows)
{
    for (int t = 0; t < tokens; t++) {
        float head[EMBED_HEAD] = {0, 0, 0, (float)px / 4096, EMBED_MARK, (float)t / 4096, (float)output / 16, (float)outputs / 16};
        float *row = rows + (size_t)t * (size_t)embed;
        uint64_t hash;
        embed_cell(rgb, px, cell(px, tokens, t), head, &hash);
        hash ^= (uint64_t)(output + 1) << 32;
        for (int i = 0; i < embed; i++) {
            hash ^= hash << 13;
            hash ^= hash >> 7;
            hash ^= hash << 17;
            row[i] = i < EMBED_HEAD ? head[i] : (float)(int32_t)(hash >> 32) / 2147483648.0f;
        }
    }
}
