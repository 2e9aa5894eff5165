// json.h - a small JSON reader: one tree, freed at once.
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;
typedef struct Json {
    JsonKind kind;
    double number;                      // also 0 or 1 of a bool
    char *key, *text;                   // text is NUL-terminated UTF-8; len counts without the NUL
    size_t len;
    struct Json *child, *next;
} Json;

Json *json_parse(const char *text, size_t len);     // NULL: not one complete JSON value
void json_free(Json *j);
const Json *json_get(const Json *object, const char *key);
const char *json_text(const Json *object, const char *key, const char *otherwise);
double json_number(const Json *object, const char *key, double otherwise);
