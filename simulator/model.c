/* A model of the simulator: a first line "RKSTAND1" and one JSON object. Anything else is refused the way a bad file would be. */
#include "sim.h"

static char *read_file(const char *path, size_t *length)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    buffer b = {0};
    char chunk[65536];
    size_t n;
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        buffer_add(&b, chunk, n);
    fclose(f);
    *length = b.length;
    return b.data;
}

static void index_pieces(model *m, const json *pieces)
{
    if (!pieces || pieces->kind != J_ARRAY)
        return;
    m->piece_count = (int)pieces->length;
    m->pieces = malloc((pieces->length + 1) * sizeof *m->pieces);
    m->piece_lengths = malloc((pieces->length + 1) * sizeof *m->piece_lengths);
    m->piece_table_size = m->piece_count * 2 + 1;
    m->piece_table = malloc((size_t)m->piece_table_size * sizeof *m->piece_table);
    for (int i = 0; i < m->piece_table_size; i++)
        m->piece_table[i] = -1;
    for (int i = 0; i < m->piece_count; i++) {
        m->pieces[i] = pieces->items[i].text ? pieces->items[i].text : "";
        m->piece_lengths[i] = (int)pieces->items[i].length;
        unsigned h = 2166136261u;
        for (int k = 0; k < m->piece_lengths[i]; k++)
            h = (h ^ (unsigned char)m->pieces[i][k]) * 16777619u;
        unsigned slot = h % (unsigned)m->piece_table_size;
        while (m->piece_table[slot] >= 0)
            slot = (slot + 1) % (unsigned)m->piece_table_size;
        m->piece_table[slot] = i;
    }
}

model *model_open(const char *path, const char **error)
{
    size_t length = 0;
    char *file = read_file(path, &length);
    static const char magic[] = "RKSTAND1\n";
    *error = "bad_magic";
    if (!file || length < sizeof magic || memcmp(file, magic, sizeof magic - 1) != 0) {
        free(file);
        return NULL;
    }
    json *header = json_parse(file + sizeof magic - 1);
    free(file);
    if (!header)
        return NULL;

    model *m = calloc(1, sizeof *m);
    m->header = header;
    m->script = json_get(header, "script");
    m->fault = json_text(header, "fault", NULL);
    m->max_context_limit = (int)json_number(header, "max_context_limit", 4096);
    m->vocab = (int)json_number(header, "vocab", 4096);
    m->embd = (int)json_number(header, "embd", 128);
    m->eos = (int)json_number(header, "eos", 2);
    m->has_tokenizer = json_number(header, "tokenizer", 1) != 0;
    m->has_template = json_number(header, "template", 1) != 0;
    m->prefill_ms = json_number(header, "prefill_ms_per_token", 2.95);
    m->decode_ms = json_number(header, "decode_ms_per_token", 59.9);
    index_pieces(m, json_get(header, "pieces"));
    *error = NULL;
    return m;
}

void model_close(model *m)
{
    if (!m)
        return;
    json_free(m->header);
    free(m->pieces);
    free(m->piece_lengths);
    free(m->piece_table);
    free(m);
}
