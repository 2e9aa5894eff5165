// encoder_file.c - see encoder_file.h.
#include "rknn/encoder_file.h"
#include "base/json.h"
#include "base/message.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC "RKSIMNN1\n"

static Normalize normalize_of(const char *name)
{
    static const char *const names[] = {"baked", "half", "clip", "imagenet"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(name, names[i]))
            return (Normalize)i;
    message("MODEL", "unknown normalize %s", name);
    return NORMALIZE_BAKED;
}

static int count(const Json *j, const char *key, int otherwise)
{
    double v = json_number(j, key, otherwise);
    return v >= 1 && v <= 8192 ? (int)v : otherwise;
}

static void fill(EncoderFile *e, const Json *j, long long size)
{
    *e = (EncoderFile){
        .px = count(j, "px", 448), .outputs = count(j, "outputs", 1), .tokens = count(j, "tokens", 196),
        .embed = count(j, "embed", 2048), .planar = !strcmp(json_text(j, "fmt", "NHWC"), "NCHW"),
        .leading_one = json_number(j, "leading_one", 0) != 0, .normalize = normalize_of(json_text(j, "normalize", "baked")),
        .bytes = (long long)json_number(j, "bytes", (double)size), .ms = json_number(j, "ms", 2080),
    };
    if (e->outputs > MAX_OUTPUTS)
        e->outputs = MAX_OUTPUTS;
    snprintf(e->platform, sizeof e->platform, "%s", json_text(j, "platform", "rk3588"));
    snprintf(e->toolkit, sizeof e->toolkit, "%s", json_text(j, "toolkit", "2.3.2"));
    snprintf(e->fault, sizeof e->fault, "%s", json_text(j, "fault", ""));
}

EncoderStatus encoder_file_read(EncoderFile *e, const char *path)
{
    struct stat status;
    static char text[65536];            // a file is read under the lock of rknn_init
    FILE *f = fopen(path, "rbe");
    if (!f)
        return ENCODER_MISSING;
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    long long size = fstat(fileno(f), &status) ? 0 : status.st_size;
    fclose(f);
    size_t begin = strlen(MAGIC);
    Json *j = strncmp(text, MAGIC, begin) ? NULL : json_parse(text + begin, strlen(text + begin));
    if (!j)
        return ENCODER_FOREIGN;
    fill(e, j, size);
    json_free(j);
    return ENCODER_OK;
}
