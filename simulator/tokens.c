/* The token model: deterministic, invertible for what a caller can send, and shaped like a real tokenizer's output. */
#include "sim.h"

static unsigned hash(const char *text, size_t length)
{
    unsigned h = 2166136261u;
    for (size_t i = 0; i < length; i++)
        h = (h ^ (unsigned char)text[i]) * 16777619u;
    return h;
}

/* The id of a piece of the vocabulary, or -1. */
static int piece_id(const model *m, const char *text, size_t length)
{
    if (length == 1)
        return (unsigned char)*text;
    if (!m->piece_table_size)
        return -1;
    unsigned slot = hash(text, length) % (unsigned)m->piece_table_size;
    for (; m->piece_table[slot] >= 0; slot = (slot + 1) % (unsigned)m->piece_table_size) {
        int i = m->piece_table[slot];
        if ((size_t)m->piece_lengths[i] == length && memcmp(m->pieces[i], text, length) == 0)
            return 256 + i;
    }
    return -1;
}

/* Greedy, longest piece first: every byte string has an encoding, because every byte is a token. */
int *encode(const model *m, const char *text, size_t length, size_t *count)
{
    size_t longest = 1;
    for (int i = 0; i < m->piece_count; i++)
        if ((size_t)m->piece_lengths[i] > longest)
            longest = (size_t)m->piece_lengths[i];
    int *ids = malloc((length + 1) * sizeof *ids);
    *count = 0;
    for (size_t at = 0; at < length;) {
        size_t n = length - at < longest ? length - at : longest;
        int id;
        while ((id = piece_id(m, text + at, n)) < 0)
            n--;
        ids[(*count)++] = id;
        at += n;
    }
    return ids;
}

void decode(const model *m, const int32_t *ids, size_t count, buffer *text)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 256)
            buffer_add(text, &(char){(char)ids[i]}, 1);
        else if (ids[i] - 256 < m->piece_count)
            buffer_add(text, m->pieces[ids[i] - 256], (size_t)m->piece_lengths[ids[i] - 256]);
        else
            buffer_text(text, "\xEF\xBF\xBD");
    }
    if (!text->data)
        buffer_text(text, "");
}

static void add_token(reply *r, int id, size_t offset, size_t length, int delay_ms, bool raw)
{
    if (r->count == r->room) {
        r->room = r->room ? r->room * 2 : 64;
        r->items = realloc(r->items, r->room * sizeof *r->items);
    }
    r->items[r->count++] = (token){.id = id, .length = (int)length, .offset = offset, .delay_ms = delay_ms, .raw = raw};
}

void reply_raw(reply *r, const char *bytes, size_t length, int id)
{
    size_t offset = r->text.length;
    buffer_add(&r->text, bytes, length);
    add_token(r, id, offset, length, -1, true);
}

static size_t character_length(unsigned char lead)
{
    return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

static bool is_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0xE0) == 0xC0 || (c & 0xC0) == 0x80;
}

/* A blank with the word, number or mark behind it is one token; a character of 3 or 4 bytes takes two tokens of 1 or 2 and the rest. */
void reply_text(const model *m, reply *r, const char *text, size_t length, int delay_ms)
{
    for (size_t at = 0; at < length;) {
        unsigned char c = (unsigned char)text[at];
        size_t n;
        if (c >= 0xE0) {
            size_t whole = character_length(c);
            if (whole > length - at)
                whole = length - at;
            for (size_t part = 0; part < whole;) {
                size_t bytes = whole - part > 2 ? 2 : whole - part > 1 && part == 0 ? 1 : whole - part;
                size_t offset = r->text.length;
                buffer_add(&r->text, text + at + part, bytes);
                add_token(r, (int)(hash(text + at + part, bytes) % 256), offset, bytes, delay_ms, false);
                part += bytes;
            }
            at += whole;
            continue;
        }
        n = c == ' ' && at + 1 < length && (unsigned char)text[at + 1] < 0xE0 && text[at + 1] != ' ' ? 1 : 0;
        const unsigned char *s = (const unsigned char *)text + at;
        size_t start = n;
        if (at + n < length && is_word(s[n])) {
            while (at + n < length && n - start < 12 && is_word(s[n]))
                n++;
            while (at + n < length && (s[n] & 0xC0) == 0x80)
                n++;
        } else if (at + n < length && s[n] >= '0' && s[n] <= '9') {
            while (at + n < length && n - start < 3 && s[n] >= '0' && s[n] <= '9')
                n++;
        } else {
            n++;
        }
        int id = piece_id(m, text + at, n);
        if (id < 0) {
            int first = 256 + m->piece_count;
            id = first + (int)(hash(text + at, n) % (unsigned)(m->vocab > first ? m->vocab - first : 1));
        }
        size_t offset = r->text.length;
        buffer_add(&r->text, text + at, n);
        add_token(r, id, offset, n, delay_ms, false);
        at += n;
    }
}

void reply_free(reply *r)
{
    free(r->items);
    free(r->text.data);
    *r = (reply){0};
}
