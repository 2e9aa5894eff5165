// json.c - recursive descent parser for RFC 8259 with a maximum depth of 200.
#include "base/json.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>

typedef struct { const char *p, *end; int depth; } Reader;

static Json *value(Reader *r);

static void skip_blanks(Reader *r)
{
    while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p)
        r->p++;
}

static bool take(Reader *r, char c)
{
    skip_blanks(r);
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

static int hex4(Reader *r)
{
    int v = 0;
    for (int i = 0; i < 4; i++, r->p++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        const char *at = r->p < r->end && *r->p ? strchr(digits, *r->p) : NULL;
        if (!at)
            return -1;
        v = v * 16 + (int)((at - digits) & 15);
    }
    return v;
}

static void put_utf8(Buf *b, unsigned c)
{
    char s[4];
    size_t n = 1 + (c >= 0x80) + (c >= 0x800) + (c >= 0x10000);
    for (size_t i = n; i-- > 1; c >>= 6)
        s[i] = (char)(0x80 | (c & 0x3f));
    s[0] = (char)(n == 1 ? c : ((0xf00u >> n) & 0xff) | c);
    buf_put(b, s, n);
}

static bool escape(Reader *r, Buf *b)
{
    const char *from = "\"\\/bfnrt", *to = "\"\\/\b\f\n\r\t";
    if (r->p == r->end || !*r->p)
        return false;
    char c = *r->p++;
    const char *at = strchr(from, c);
    if (at) {
        buf_put(b, to + (at - from), 1);
        return true;
    }
    int u = c == 'u' ? hex4(r) : -1;
    if (u >= 0xd800 && u < 0xdc00) {            // first half of a surrogate pair, which is one character
        if (r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u')
            return false;
        r->p += 2;
        int low = hex4(r);
        if (low < 0xdc00 || low > 0xdfff)
            return false;
        u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
    }
    if (u < 0)
        return false;
    put_utf8(b, (unsigned)u);
    return true;
}

// Reads the text after an opening quote. Returns malloc'd text, or NULL if it is invalid.
static char *string(Reader *r, size_t *len)
{
    Buf b = {0};
    buf_put(&b, "", 0);
    while (r->p < r->end && *r->p != '"') {
        if ((unsigned char)*r->p < 0x20)
            break;
        if (*r->p++ != '\\')
            buf_put(&b, r->p - 1, 1);
        else if (!escape(r, &b))
            break;
    }
    if (r->p == r->end || *r->p != '"') {
        free(b.p);
        return NULL;
    }
    r->p++;
    *len = b.n;
    return b.p;
}

static bool members(Reader *r, Json *j, char close)
{
    Json **last = &j->child;
    if (take(r, close))
        return true;
    do {
        char *key = NULL;
        size_t len;
        if (j->kind == JSON_OBJECT && (!take(r, '"') || !(key = string(r, &len)) || !take(r, ':'))) {
            free(key);
            return false;
        }
        Json *v = value(r);
        if (!v) {
            free(key);
            return false;
        }
        v->key = key;
        *last = v;
        last = &v->next;
    } while (take(r, ','));
    return take(r, close);
}

static bool number(Reader *r, Json *j)
{
    char copy[64];
    size_t n = 0;
    while (r->p + n < r->end && n < sizeof copy - 1 && r->p[n] && strchr("+-.0123456789eE", r->p[n]))
        n++;
    memcpy(copy, r->p, n);
    copy[n] = 0;
    char *stop;
    j->number = strtod(copy, &stop);
    if (!n || *stop || copy[0] == '+' || copy[0] == '.')
        return false;
    r->p += n;
    return true;
}

static bool word(Reader *r, const char *w)
{
    size_t n = strlen(w);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n))
        return false;
    r->p += n;
    return true;
}

// Reads the next value into j. Returns false if it is invalid.
static bool read_value(Reader *r, Json *j)
{
    if (take(r, '{')) {
        j->kind = JSON_OBJECT;
        return members(r, j, '}');
    }
    if (take(r, '[')) {
        j->kind = JSON_ARRAY;
        return members(r, j, ']');
    }
    if (take(r, '"')) {
        j->kind = JSON_STRING;
        j->text = string(r, &j->len);
        return j->text != NULL;
    }
    if (word(r, "null"))
        return true;
    j->kind = JSON_BOOL;
    j->number = word(r, "true");
    if (j->number || word(r, "false"))
        return true;
    j->kind = JSON_NUMBER;
    return number(r, j);
}

static Json *value(Reader *r)
{
    skip_blanks(r);
    Json *j = calloc(1, sizeof *j);
    r->depth++;
    bool ok = j && r->p != r->end && r->depth <= 200 && read_value(r, j);
    r->depth--;
    if (ok)
        return j;
    json_free(j);
    return NULL;
}

Json *json_parse(const char *text, size_t len)
{
    Reader r = {text, text + len, 0};
    Json *j = value(&r);
    skip_blanks(&r);
    if (j && r.p != r.end) {
        json_free(j);
        j = NULL;
    }
    return j;
}

void json_free(Json *j)
{
    while (j) {
        Json *next = j->next;
        json_free(j->child);
        free(j->key);
        free(j->text);
        free(j);
        j = next;
    }
}

const Json *json_get(const Json *object, const char *key)
{
    for (const Json *j = object ? object->child : NULL; j; j = j->next)
        if (j->key && !strcmp(j->key, key))
            return j;
    return NULL;
}

const char *json_text(const Json *object, const char *key, const char *otherwise)
{
    const Json *j = json_get(object, key);
    return j && j->kind == JSON_STRING ? j->text : otherwise;
}

double json_number(const Json *object, const char *key, double otherwise)
{
    const Json *j = json_get(object, key);
    return j && (j->kind == JSON_NUMBER || j->kind == JSON_BOOL) ? j->number : otherwise;
}
