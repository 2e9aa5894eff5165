// broken.c - see broken.h.
#include "model/broken.h"
#include "model/continuation.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WAYS 8
#define FILLER " and on"

typedef enum { AT_START, AT_TOKEN, AT_NAME, AT_VALUE, AT_STRING, AT_NUMBER, AT_WORD, AT_OPEN, AT_CLOSE, AT_COMMA, AT_COLON, AT_BRACKET, AT_END } Place;
typedef enum { CUT_NOTHING, CUT_CHARACTER, CUT_ITEM, CUT_REST } Cut;    // CUT_ITEM: the name or the value at the place

// In text and tail, % is the item at the place without its quotes, and & is the whole document. filler: how often FILLER follows.
static const struct { const char *name; Place place; Cut cut; const char *text; int filler; const char *after, *tail; } all_ways[] = {
    {"prose_before", AT_START, CUT_NOTHING, "Sure, here is the JSON:\n\n", 0, "", ""},
    {"prose_after", AT_END, CUT_NOTHING, "", 0, "", "\n\nI hope that this helps!"},
    {"fence", AT_START, CUT_NOTHING, "```json\n", 0, "", "\n```"},
    {"two_documents", AT_END, CUT_NOTHING, "", 0, "", "\n&"},
    {"missing_open_quote", AT_OPEN, CUT_CHARACTER, "", 0, "", ""},
    {"missing_close_quote", AT_CLOSE, CUT_CHARACTER, "", 0, "", ""},
    {"single_quotes", AT_NAME, CUT_ITEM, "'%'", 0, "", ""},
    {"single_quoted_value", AT_STRING, CUT_ITEM, "'%'", 0, "", ""},
    {"curly_quotes", AT_NAME, CUT_ITEM, "\xe2\x80\x9c%\xe2\x80\x9d", 0, "", ""},
    {"unquoted_key", AT_NAME, CUT_ITEM, "%", 0, "", ""},
    {"unquoted_value", AT_STRING, CUT_ITEM, "%", 0, "", ""},
    {"line_comment", AT_COMMA, CUT_CHARACTER, ", // as you asked\n", 0, "", ""},
    {"block_comment", AT_VALUE, CUT_NOTHING, "/* here */ ", 0, "", ""},
    {"missing_comma", AT_COMMA, CUT_CHARACTER, " ", 0, "", ""},
    {"double_comma", AT_COMMA, CUT_NOTHING, ",", 0, "", ""},
    {"trailing_comma", AT_BRACKET, CUT_NOTHING, ",", 0, "", ""},
    {"semicolon", AT_COMMA, CUT_CHARACTER, ";", 0, "", ""},
    {"missing_colon", AT_COLON, CUT_CHARACTER, " ", 0, "", ""},
    {"equals", AT_COLON, CUT_CHARACTER, " = ", 0, "", ""},
    {"missing_bracket", AT_BRACKET, CUT_CHARACTER, "", 0, "", ""},
    {"wrong_bracket", AT_BRACKET, CUT_CHARACTER, ")", 0, "", ""},
    {"ellipsis", AT_BRACKET, CUT_NOTHING, ", ...", 0, "", ""},
    {"extra_key", AT_NAME, CUT_NOTHING, "\"extra\": true, ", 0, "", ""},
    {"renamed_key", AT_NAME, CUT_ITEM, "\"the_%\"", 0, "", ""},
    {"wrong_enum", AT_STRING, CUT_ITEM, "\"other\"", 0, "", ""},
    {"wrong_type", AT_VALUE, CUT_ITEM, "{\"value\": \"%\"}", 0, "", ""},
    {"list_for_value", AT_VALUE, CUT_ITEM, "[\"%\"]", 0, "", ""},
    {"null_for_value", AT_VALUE, CUT_ITEM, "null", 0, "", ""},
    {"undefined", AT_VALUE, CUT_ITEM, "undefined", 0, "", ""},
    {"nan", AT_NUMBER, CUT_ITEM, "NaN", 0, "", ""},
    {"string_for_number", AT_NUMBER, CUT_ITEM, "\"%\"", 0, "", ""},
    {"number_for_string", AT_STRING, CUT_ITEM, "42", 0, "", ""},
    {"plus_sign", AT_NUMBER, CUT_NOTHING, "+", 0, "", ""},
    {"leading_zeros", AT_NUMBER, CUT_NOTHING, "00", 0, "", ""},
    {"unit", AT_NUMBER, CUT_ITEM, "% pieces", 0, "", ""},
    {"python_word", AT_WORD, CUT_ITEM, "True", 0, "", ""},
    {"line_break", AT_STRING, CUT_ITEM, "\"%\n%\"", 0, "", ""},
    {"bad_escape", AT_STRING, CUT_ITEM, "\"%\\x%\"", 0, "", ""},
    {"long_string", AT_STRING, CUT_ITEM, "\"%", 200, "\"", ""},
    {"endless_string", AT_STRING, CUT_REST, "\"%", 20000, "", ""},
    {"early_end", AT_TOKEN, CUT_REST, "", 0, "", ""},
    {"prose_only", AT_START, CUT_REST, "I cannot do that.", 0, "", ""},
};

typedef struct { size_t at; int way; } Break;

static size_t end_of_string(Span d, size_t open)
{
    size_t i = open + 1;
    for (; i < d.n && d.p[i] != '"'; i++)
        i += d.p[i] == '\\';
    return i < d.n ? i + 1 : d.n;
}

static size_t end_of_item(Span d, size_t at)
{
    if (d.p[at] == '"')
        return end_of_string(d, at);
    int depth = 0;
    for (size_t i = at; i < d.n; i++) {
        if (d.p[i] == '"')
            i = end_of_string(d, i) - 1;
        else if (strchr("{[", d.p[i]))
            depth++;
        else if (strchr("}]", d.p[i]) ? !depth-- : d.p[i] == ',' && !depth)
            return i;
    }
    return d.n;
}

static bool is_name(Span d, size_t open)
{
    size_t i = end_of_string(d, open);
    while (i < d.n && isspace((unsigned char)d.p[i]))
        i++;
    return i < d.n && d.p[i] == ':';
}

// Whether the place is at this position, which is outside of strings or the first character of one.
static bool is_place(Span d, size_t i, Place place)
{
    char c = d.p[i];
    bool text = c == '"', name = text && is_name(d, i), number = c == '-' || isdigit((unsigned char)c), word = c == 't' || c == 'f' || c == 'n';
    bool value = i && !name && (text || number || word || c == '{' || c == '[');
    switch (place) {
    case AT_NAME: return name;
    case AT_VALUE: return value;
    case AT_STRING: return text && !name;
    case AT_NUMBER: return number;
    case AT_WORD: return word;
    case AT_OPEN: return text;
    case AT_COMMA: return c == ',';
    case AT_COLON: return c == ':';
    case AT_BRACKET: return c == '}' || c == ']';
    default: return false;
    }
}

// Returns the first position of the place at or behind a position, or -1.
static long find_place(Span d, Place place, size_t from)
{
    if (place == AT_START || place == AT_TOKEN || place == AT_END)
        return (long)(place == AT_START ? 0 : place == AT_TOKEN ? from : d.n);
    for (size_t i = 0; i < d.n;) {
        size_t end = d.p[i] == '"' ? end_of_string(d, i) : is_place(d, i, AT_NUMBER) || is_place(d, i, AT_WORD) ? end_of_item(d, i) : i + 1;
        if (place == AT_CLOSE && d.p[i] == '"' && end > from)
            return (long)end - 1;
        if (i >= from && is_place(d, i, place))
            return (long)i;
        i = end;
    }
    return -1;
}

// Reads "NAME" or "NAME@TOKEN". Returns whether there is such a way and the document has a place for it.
static bool read_way(const Tokenizer *t, Span d, Span way, Break *out)
{
    const char *sign = memchr(way.p, '@', way.n);
    size_t name = sign ? (size_t)(sign - way.p) : way.n, from = 0;
    for (long skipped = sign ? atol(sign + 1) : 1; skipped > 1 && from < d.n; skipped--)
        from += tokenizer_cut(t, d.p + from, d.n - from);
    for (size_t i = 0; i < sizeof all_ways / sizeof *all_ways; i++) {
        if (strlen(all_ways[i].name) != name || memcmp(all_ways[i].name, way.p, name))
            continue;
        long at = find_place(d, all_ways[i].place, from);
        *out = (Break){(size_t)at, (int)i};
        return at >= 0;
    }
    return false;
}

static void put_text(Buf *b, const char *text, Span item, Span document)
{
    for (; *text; text++) {
        Span put = *text == '%' ? item : *text == '&' ? document : (Span){text, 1};
        buf_put(b, put.p, put.n);
    }
}

// Puts the part of the document behind a position, with its breaks, which are in order.
static void put_broken(Buf *b, Span d, size_t from, const Break *breaks, int n)
{
    size_t begin = from;
    for (int i = 0; i < n; i++) {
        if (breaks[i].at < from)
            continue;
        buf_put(b, d.p + from, breaks[i].at - from);
        Cut cut = all_ways[breaks[i].way].cut;
        Span item = {d.p + breaks[i].at, breaks[i].at < d.n ? end_of_item(d, breaks[i].at) - breaks[i].at : 0};
        from = breaks[i].at + (cut == CUT_CHARACTER ? 1 : cut == CUT_ITEM ? item.n : 0);
        if (cut == CUT_REST)
            from = d.n;
        if (item.n > 1 && *item.p == '"')
            item = (Span){item.p + 1, item.n - 2};
        put_text(b, all_ways[breaks[i].way].text, item, d);
        for (int times = 0; times < all_ways[breaks[i].way].filler; times++)
            buf_text(b, FILLER);
        buf_text(b, all_ways[breaks[i].way].after);
    }
    buf_put(b, d.p + from, d.n - from);
    for (int i = 0; i < n; i++)
        if (breaks[i].at >= begin)
            put_text(b, all_ways[breaks[i].way].tail, d, d);
}

static int by_position(const void *a, const void *b)
{
    const Break *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

void broken_reply(Reply *out, const Tokenizer *t, Span ways, Span document, Span before)
{
    Break breaks[MAX_WAYS];
    int n = 0;
    for (const char *p = ways.p, *end = ways.p + ways.n; p < end;) {
        size_t len = strcspn(p, ", ");
        len = len < (size_t)(end - p) ? len : (size_t)(end - p);
        if (n == MAX_WAYS || !read_way(t, document, (Span){p, len}, &breaks[n++])) {
            static const char error[] = "There is no such way to break this document.";
            reply_text(out, error, sizeof error - 1);
            return;
        }
        p += len + 1;
    }
    qsort(breaks, (size_t)n, sizeof *breaks, by_position);
    double likeness;
    size_t from = before.n ? continuation_find(document, before, &likeness) : 0;
    Buf b = {0};
    buf_put(&b, "", 0);
    put_broken(&b, document, from, breaks, n);
    reply_text(out, b.p, b.n);
    out->continues = true;
    free(b.p);
}
