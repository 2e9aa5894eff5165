// continuation.c - see continuation.h. The two texts are aligned: characters of structure weigh more than others, so that a value
// that the host has replaced does not move the position out of the value's place.
#include "model/continuation.h"
#include <stdlib.h>
#include <string.h>

enum { STRUCTURE = 400, QUOTE = 200, LETTER = 100, SPACE = 1, REPLACED = -100, SKIPPED = -10 };

static bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }

static bool is_structure(char c) { return is_quote(c) || (c && strchr("{}[]:,", c)); }

static int weight(char c) { return is_quote(c) ? QUOTE : is_structure(c) ? STRUCTURE : c == ' ' || c == '\n' ? SPACE : LETTER; }

static int skipped(char c) { return is_structure(c) ? -weight(c) / 2 : SKIPPED; }

static bool same(char a, char b) { return a == b || (is_quote(a) && is_quote(b)); }

size_t continuation_find(Span text, Span before, double *likeness)
{
    // best[j]: the best alignment of the characters of before so far that ends at position j of the text.
    int *best = calloc(text.n + 1, sizeof *best), diagonal, total = 0;
    if (!best)
        abort();
    for (size_t j = 0; j < text.n; j++) // words before a document
        best[j + 1] = best[j] - 1;
    for (size_t i = 0; i < before.n; i++) {
        diagonal = best[0];
        total += weight(before.p[i]);
        for (size_t j = 0; j < text.n; j++) {
            int matched = same(before.p[i], text.p[j]) ? diagonal + weight(text.p[j]) : diagonal + REPLACED;
            int without = best[j] + skipped(text.p[j]);
            diagonal = best[j + 1];
            if (matched > best[j + 1])
                best[j + 1] = matched;
            if (without > best[j + 1])
                best[j + 1] = without;
        }
    }
    size_t at = 0;
    for (size_t j = 1; j <= text.n; j++)
        if (best[j] > best[at])
            at = j;
    *likeness = total ? (double)best[at] / total : 0;
    free(best);
    return at;
}
