// vision.c - see vision.h.
#include "model/vision.h"
#include "rknn/pixels.h"
#include <math.h>

static const struct { const char *name; int rgb[3]; } colors[] = {
    {"black", {0, 0, 0}}, {"white", {255, 255, 255}}, {"gray", {128, 128, 128}}, {"red", {255, 0, 0}}, {"green", {0, 255, 0}},
    {"blue", {0, 0, 255}}, {"yellow", {255, 255, 0}}, {"cyan", {0, 255, 255}}, {"magenta", {255, 0, 255}},
    {"orange", {255, 128, 0}}, {"brown", {128, 64, 0}}, {"dark green", {0, 128, 0}}, {"dark blue", {0, 0, 128}}, {"pink", {255, 160, 190}},
};

static size_t row_len(const Pictures *p) { return (size_t)p->dim * (size_t)p->outputs; }

static const float *row(const Pictures *p, size_t token) { return p->embed + token * row_len(p); }

static uint64_t hash_of(const Pictures *p, size_t token, size_t count)
{
    const unsigned char *bytes = (const unsigned char *)row(p, token);
    uint64_t h = 14695981039346656037ull;
    for (size_t i = 0; i < count * row_len(p) * sizeof(float); i++)
        h = (h ^ bytes[i]) * 1099511628211ull;
    return h;
}

int32_t vision_id(const Pictures *p, size_t token) { return (int32_t)(hash_of(p, token, 1) & 0x3fffffff) | 0x40000000; }

void vision_hashes(const Pictures *p, Buf *out)
{
    buf_put(out, "", 0);
    for (size_t i = 0; i < p->images; i++)
        buf_printf(out, "%s%zu:%016llx", i ? " " : "", i + 1, (unsigned long long)hash_of(p, i * p->tokens, p->tokens));
}

// Whether the rows are those of an encoder, in their order: of the tokens, and of the outputs of each token.
static int in_order(const Pictures *p, size_t first)
{
    if (p->dim < EMBED_HEAD)
        return 0;
    for (size_t t = 0; t < p->tokens; t++)
        for (int k = 0; k < p->outputs; k++) {
            const float *r = row(p, first + t) + k * p->dim;
            if (r[4] != EMBED_MARK || r[5] != (float)t / 4096 || r[6] != (float)k / 16 || r[7] != (float)p->outputs / 16)
                return 0;
        }
    return 1;
}

static const char *name_of(const int *rgb)
{
    long best = -1;
    const char *name = "";
    for (size_t i = 0; i < sizeof colors / sizeof *colors; i++) {
        long distance = 0;
        for (int k = 0; k < 3; k++)
            distance += (long)(rgb[k] - colors[i].rgb[k]) * (rgb[k] - colors[i].rgb[k]);
        if (best < 0 || distance < best) {
            best = distance;
            name = colors[i].name;
        }
    }
    return name;
}

// Writes the mean colour of a quarter: 0 top left, 1 top right, 2 bottom left, 3 bottom right.
static void put_quarter(const Pictures *p, size_t first, int quarter, Buf *out)
{
    static const char *const names[] = {"top left", "top right", "bottom left", "bottom right"};
    size_t side = (size_t)lround(sqrt((double)p->tokens)), half = side / 2 ? side / 2 : 1, count = 0;
    size_t left = quarter & 1 ? side - half : 0, top = quarter & 2 ? side - half : 0;
    double sums[3] = {0};
    for (size_t y = top; y < top + half; y++)
        for (size_t x = left; x < left + half && y * side + x < p->tokens; x++, count++)
            for (int k = 0; k < 3; k++)
                sums[k] += (double)row(p, first + y * side + x)[k];
    int rgb[3];
    for (int k = 0; k < 3; k++)
        rgb[k] = count ? (int)lround(sums[k] / (double)count * 255) : 0;
    buf_printf(out, "%s%s #%02x%02x%02x (%s)", quarter ? ", " : ": ", names[quarter], rgb[0] & 255, rgb[1] & 255, rgb[2] & 255, name_of(rgb));
}

void vision_describe(const Pictures *p, Buf *out)
{
    buf_put(out, "", 0);
    if (!p->images)
        buf_text(out, "no picture");
    for (size_t i = 0; i < p->images; i++) {
        size_t first = i * p->tokens;
        buf_printf(out, "%spicture %zu of %zu", i ? "; " : "", i + 1, p->images);
        if (!in_order(p, first)) {
            buf_text(out, ": garbled");
            continue;
        }
        int px = (int)lround((double)row(p, first)[3] * 4096);
        buf_printf(out, ", %dx%d", px, px);
        for (int quarter = 0; quarter < 4; quarter++)
            put_quarter(p, first, quarter, out);
    }
}
