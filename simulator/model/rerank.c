// rerank.c - see rerank.h. A word consists of letters, digits and bytes of multi-byte characters; case is ignored.
#include "model/rerank.h"
#include <ctype.h>
#include <string.h>

static bool in_word(char c) { return isalnum((unsigned char)c) || (c & 0x80); }

// Takes the next word from the text. Returns an empty word at the end.
static Span next_word(Span *text)
{
    while (text->n && !in_word(*text->p)) {
        text->p++;
        text->n--;
    }
    Span word = {text->p, 0};
    for (; text->n && in_word(*text->p); text->n--, text->p++)
        word.n++;
    return word;
}

static bool contains(Span text, Span word)
{
    for (Span w = next_word(&text); w.n; w = next_word(&text))
        if (w.n == word.n && !strncasecmp(w.p, word.p, w.n))
            return true;
    return false;
}

static bool split(Span message, Span *query, Span *document)
{
    static const char first[] = "<Query>:", second[] = "<Document>:";
    const char *end = message.p + message.n, *q = memmem(message.p, message.n, first, sizeof first - 1);
    if (!q)
        return false;
    q += sizeof first - 1;
    const char *d = memmem(q, (size_t)(end - q), second, sizeof second - 1);
    if (!d)
        return false;
    *query = (Span){q, (size_t)(d - q)};
    d += sizeof second - 1;
    *document = (Span){d, (size_t)(end - d)};
    return true;
}

bool rerank_share(Span message, double *share)
{
    Span query, document;
    int words = 0, found = 0;
    if (!split(message, &query, &document))
        return false;
    Span rest = query;
    for (Span w = next_word(&rest); w.n; w = next_word(&rest)) {
        if (contains((Span){query.p, (size_t)(w.p - query.p)}, w))
            continue;
        words++;
        found += contains(document, w);
    }
    *share = words ? (double)found / words : 0;
    return true;
}
