// json.h - a small JSON parser. Its result is a tree.
#pragma once
#include <stdbool.h>
#include <stddef.h>

typedef enum { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT } JsonKind;
typedef struct Json {
    JsonKind kind;
    double number;                      // for a bool: 0 or 1
    char *key, *text;                   // text is NUL-terminated UTF-8; len does not count the NUL
    size_t len;
    struct Json *child, *next;
} Json;

Json *json_parse(const char *text, size_t len);     // NULL if the text is not exactly one JSON value
void json_free(Json *j);
const Json *json_get(const Json *object, const char *key);
const char *json_text(const Json *object, const char *key, const char *otherwise);
double json_number(const Json *object, const char *key, double otherwise);
