/* A small JSON reader for model files and for what callers hand in as tools. */
#include "sim.h"
#include <stdarg.h>

static json *alloc_value(int kind)
{
    json *v = calloc(1, sizeof *v);
    v->kind = kind;
    return v;
}

static void skip_blank(const char **p)
{
    while (**p == ' ' || **p == '\n' || **p == '\t' || **p == '\r')
        ++*p;
}

static int hex4(const char *p)
{
    int value = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static void add_utf8(buffer *b, unsigned c)
{
    char u[4];
    int n = 0;
    if (c < 0x80) {
        u[n++] = (char)c;
    } else if (c < 0x800) {
        u[n++] = (char)(0xC0 | c >> 6);
        u[n++] = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        u[n++] = (char)(0xE0 | c >> 12);
        u[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        u[n++] = (char)(0x80 | (c & 0x3F));
    } else {
        u[n++] = (char)(0xF0 | c >> 18);
        u[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        u[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        u[n++] = (char)(0x80 | (c & 0x3F));
    }
    buffer_add(b, u, (size_t)n);
}

static bool read_string(const char **p, buffer *out)
{
    static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    for (++*p; **p && **p != '"'; ++*p) {
        if (**p != '\\') {
            buffer_add(out, *p, 1);
            continue;
        }
        char c = *++*p;
        const char *known = NULL;
        for (size_t i = 0; i + 1 < sizeof escapes; i += 2)
            if (escapes[i] == c)
                known = &escapes[i + 1];
        if (known) {
            buffer_add(out, known, 1);
        } else if (c == 'u') {
            int unit = hex4(*p + 1);
            if (unit < 0)
                return false;
            *p += 4;
            unsigned code = (unsigned)unit;
            if (unit >= 0xD800 && unit < 0xDC00 && (*p)[1] == '\\' && (*p)[2] == 'u') {
                int low = hex4(*p + 3);
                code = 0x10000 + ((unsigned)(unit - 0xD800) << 10) + (unsigned)(low - 0xDC00);
                *p += 6;
            }
            add_utf8(out, code);
        } else {
            return false;
        }
    }
    if (**p != '"')
        return false;
    ++*p;
    return true;
}

static json *read_value(const char **p, int depth);

static json *read_list(const char **p, int depth, bool object)
{
    json *v = alloc_value(object ? J_OBJECT : J_ARRAY);
    char end = object ? '}' : ']';
    ++*p;
    skip_blank(p);
    if (**p == end) {
        ++*p;
        return v;
    }
    for (;;) {
        buffer key = {0};
        skip_blank(p);
        if (object) {
            if (**p != '"' || !read_string(p, &key))
                break;
            skip_blank(p);
            if (*(*p)++ != ':')
                break;
        }
        json *item = read_value(p, depth + 1);
        if (!item)
            break;
        v->items = realloc(v->items, (v->length + 1) * sizeof *v->items);
        v->keys = realloc(v->keys, (v->length + 1) * sizeof *v->keys);
        v->items[v->length] = *item;
        v->keys[v->length++] = object && !key.data ? strdup("") : key.data;
        free(item);
        skip_blank(p);
        char c = *(*p)++;
        if (c == end)
            return v;
        if (c != ',')
            break;
    }
    json_free(v);
    return NULL;
}

static json *read_value(const char **p, int depth)
{
    skip_blank(p);
    if (depth > 64)
        return NULL;
    if (**p == '{' || **p == '[')
        return read_list(p, depth, **p == '{');
    if (**p == '"') {
        buffer text = {0};
        if (!read_string(p, &text)) {
            free(text.data);
            return NULL;
        }
        json *v = alloc_value(J_STRING);
        v->text = text.data ? text.data : strdup("");
        v->length = text.length;
        return v;
    }
    static const struct { const char *word; int kind, value; } words[] = {{"true", J_BOOL, 1}, {"false", J_BOOL, 0}, {"null", J_NULL, 0}};
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i].word);
        if (strncmp(*p, words[i].word, n) == 0) {
            *p += n;
            json *v = alloc_value(words[i].kind);
            v->number = words[i].value;
            return v;
        }
    }
    char *end;
    double number = strtod(*p, &end);
    if (end == *p)
        return NULL;
    *p = end;
    json *v = alloc_value(J_NUMBER);
    v->number = number;
    return v;
}

json *json_parse(const char *text)
{
    json *v = read_value(&text, 0);
    skip_blank(&text);
    if (v && *text) {
        json_free(v);
        return NULL;
    }
    return v;
}

static void clear_value(json *v)
{
    if (v->kind == J_ARRAY || v->kind == J_OBJECT) {
        for (size_t i = 0; i < v->length; i++) {
            clear_value(&v->items[i]);
            free(v->keys[i]);
        }
    }
    free(v->items);
    free(v->keys);
    free(v->text);
}

void json_free(json *value)
{
    if (!value)
        return;
    clear_value(value);
    free(value);
}

const json *json_get(const json *object, const char *key)
{
    if (object && object->kind == J_OBJECT)
        for (size_t i = 0; i < object->length; i++)
            if (strcmp(object->keys[i], key) == 0)
                return &object->items[i];
    return NULL;
}

double json_number(const json *object, const char *key, double fallback)
{
    const json *v = json_get(object, key);
    return v && (v->kind == J_NUMBER || v->kind == J_BOOL) ? v->number : fallback;
}

const char *json_text(const json *object, const char *key, const char *fallback)
{
    const json *v = json_get(object, key);
    return v && v->kind == J_STRING ? v->text : fallback;
}

void buffer_add(buffer *b, const void *bytes, size_t length)
{
    if (b->length + length + 1 > b->room) {
        b->room = (b->length + length + 1) * 2;
        b->data = realloc(b->data, b->room);
    }
    if (length)
        memcpy(b->data + b->length, bytes, length);
    b->length += length;
    b->data[b->length] = 0;
}

void buffer_text(buffer *b, const char *text)
{
    buffer_add(b, text, strlen(text));
}

void buffer_format(buffer *b, const char *format, ...)
{
    char *text;
    va_list list;
    va_start(list, format);
    int n = vasprintf(&text, format, list);
    va_end(list);
    if (n >= 0) {
        buffer_add(b, text, (size_t)n);
        free(text);
    }
}

void buffer_json(buffer *b, const char *text, size_t length)
{
    buffer_text(b, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            buffer_format(b, "\\%c", c);
        else if (c < 0x20)
            buffer_format(b, "\\u%04x", c);
        else
            buffer_add(b, &text[i], 1);
    }
    buffer_text(b, "\"");
}
