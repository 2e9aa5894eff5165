// tokenizer.c - see tokenizer.h.
#include "model/tokenizer.h"
#include <stdlib.h>
#include <string.h>

static uint32_t hash(const char *p, size_t len)
{
    uint32_t h = 2166136261u;
    while (len--)
        h = (h ^ (unsigned char)*p++) * 16777619u;
    return h;
}

void tokenizer_new(Tokenizer *t, int room, int vocab)
{
    int slots = 64;
    while (slots < 2 * room)
        slots *= 2;
    *t = (Tokenizer){.vocab = vocab, .index_mask = slots - 1};
    t->pieces = calloc((size_t)room + 1, sizeof *t->pieces);
    t->index = malloc((size_t)slots * sizeof *t->index);
    if (!t->pieces || !t->index)
        abort();
    t->learned = calloc((size_t)(vocab > 0 ? vocab : 1), sizeof *t->learned);
    if (!t->learned)
        abort();
    memset(t->index, -1, (size_t)slots * sizeof *t->index);
    memset(t->first, -1, sizeof t->first);
}

void tokenizer_add(Tokenizer *t, const char *text, size_t len, int32_t id, bool special)
{
    int i = t->n_pieces++;
    t->pieces[i] = (Piece){text, (int)len, -1, id < 0 ? 256 + i : id, special};
    t->own_ids |= id >= 0;
    t->has_special |= special;
    if (!len)
        return;
    uint32_t slot = hash(text, len) & (uint32_t)t->index_mask;
    while (t->index[slot] >= 0)
        slot = (slot + 1) & (uint32_t)t->index_mask;
    t->index[slot] = i;
    int *at = &t->first[(unsigned char)*text];
    while (*at >= 0 && t->pieces[*at].len >= t->pieces[i].len)
        at = &t->pieces[*at].next;
    t->pieces[i].next = *at;
    *at = i;
}

void tokenizer_free(Tokenizer *t)
{
    for (int i = 0; t->learned && i < t->vocab; i++)
        free(t->learned[i]);
    free(t->learned);
    free(t->pieces);
    free(t->index);
    *t = (Tokenizer){0};
}

const Piece *tokenizer_piece(const Tokenizer *t, int32_t id)
{
    for (int i = 0; t->own_ids && i < t->n_pieces; i++)
        if (t->pieces[i].id == id)
            return &t->pieces[i];
    return !t->own_ids && id >= 256 && id < 256 + t->n_pieces ? &t->pieces[id - 256] : NULL;
}

// Returns the id of a text that is no piece: the given one, or the next one that no other text has. So a prompt with the id contains
// the text. If all ids are taken, texts share an id.
static int32_t learned_id(const Tokenizer *t, int32_t id, int32_t first, const char *text, size_t len)
{
    for (int32_t at = id, i = 0; i < 64 && at < t->vocab && (!i || at != id); i++, at = at + 1 < t->vocab ? at + 1 : first) {
        if (t->own_ids && tokenizer_piece(t, at))
            continue;
        if (!t->learned[at])
            t->learned[at] = text_copy(text, len);
        if (!strncmp(t->learned[at], text, len) && !t->learned[at][len])
            return at;
    }
    return id;
}

int32_t tokenizer_id(const Tokenizer *t, const char *text, size_t len)
{
    if (len == 1 && !t->own_ids)
        return (unsigned char)*text;
    uint32_t h = hash(text, len);
    for (uint32_t i = h & (uint32_t)t->index_mask; t->index && t->index[i] >= 0; i = (i + 1) & (uint32_t)t->index_mask) {
        const Piece *p = &t->pieces[t->index[i]];
        if ((size_t)p->len == len && !memcmp(p->text, text, len))
            return p->id;
    }
    if (len == 1)
        return (unsigned char)*text;
    int first = 256 + t->n_pieces, rest = t->vocab - first;
    int32_t id = rest > 0 ? first + (int32_t)(h % (uint32_t)rest) : first;
    while (t->own_ids && tokenizer_piece(t, id))
        id++;
    return rest > 0 ? learned_id(t, id, first, text, len) : id;
}

static const Piece *longest_piece(const Tokenizer *t, const char *text, size_t len)
{
    for (int i = t->first[(unsigned char)*text]; i >= 0; i = t->pieces[i].next)
        if ((size_t)t->pieces[i].len <= len && !memcmp(t->pieces[i].text, text, (size_t)t->pieces[i].len))
            return &t->pieces[i];
    return NULL;
}

static bool letter(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\'' || (c >= 0x80 && c < 0xe0);
}

// A control token is a piece that is special or begins with '<'.
size_t tokenizer_control(const Tokenizer *t, const char *text, size_t len)
{
    const Piece *p = *text == '<' || t->has_special ? longest_piece(t, text, len) : NULL;
    return p && (*text == '<' || p->special) ? (size_t)p->len : 0;
}

// A blank is part of the next word. Characters of three and four bytes are cut into parts of one and two bytes, so that
// tokens end inside a character.
size_t tokenizer_cut(const Tokenizer *t, const char *text, size_t len)
{
    unsigned char c = (unsigned char)*text;
    size_t control = tokenizer_control(t, text, len);
    if (control)
        return control;
    if (c >= 0xf0 && len >= 4)
        return 2;                       // 2 + 1 + 1
    if (c >= 0xe0 && len >= 3)
        return 2;                       // 2 + 1
    if (c >= 0x80 && c < 0xc0)
        return 1;
    if (c == '\n') {
        size_t n = 1;
        while (n < len && text[n] == '\n')
            n++;
        return n;
    }
    size_t n = c == ' ' && len > 1 ? 1 : 0;
    if (n && tokenizer_control(t, text + n, len - n))
        return n;
    c = (unsigned char)text[n];
    if (c >= '0' && c <= '9') {
        for (size_t digits = 0; n < len && digits < 3 && text[n] >= '0' && text[n] <= '9'; digits++)
            n++;
        return n;
    }
    if (!letter(c))
        return n && (c >= 0x80 || c == ' ' || c == '\n' || c == '<') ? n : n + 1;
    while (n < len && n < 14 && letter((unsigned char)text[n]))
        n += (unsigned char)text[n] >= 0xc0 && n + 1 < len ? 2 : 1;
    return n;
}

int32_t *tokenizer_encode(const Tokenizer *t, const char *text, size_t len, size_t *count)
{
    int32_t *ids = malloc((len + 1) * sizeof *ids);
    size_t n = 0;
    if (!ids)
        abort();
    for (size_t i = 0; i < len; n++) {
        const Piece *p = longest_piece(t, text + i, len - i);
        ids[n] = p ? p->id : (unsigned char)text[i];
        i += p ? (size_t)p->len : 1;
    }
    *count = n;
    return ids;
}

void tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t count, Buf *out)
{
    buf_put(out, "", 0);
    for (size_t i = 0; i < count; i++) {
        const Piece *p = tokenizer_piece(t, ids[i]);
        if (p)
            buf_put(out, p->text, (size_t)p->len);
        else if (ids[i] >= 256 && ids[i] < t->vocab && t->learned[ids[i]])
            buf_text(out, t->learned[ids[i]]);
        else if (ids[i] >= 0 && ids[i] < 256)
            buf_put(out, &(unsigned char){(unsigned char)ids[i]}, 1);
    }
}
