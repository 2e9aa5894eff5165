// script.c - finds the last user message in a prompt and replies by the first matching rule.
#include "model/script.h"
#include "model/broken.h"
#include <stdlib.h>
#include <string.h>

static const struct { const char *open, *close, *answer; } turns[] = {
    {"<|im_start|>user\n", "<|im_end|>", "<|im_start|>assistant\n"},
    {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>", "<|start_header_id|>assistant<|end_header_id|>\n\n"},
    {"<start_of_turn>user\n", "<end_of_turn>", "<start_of_turn>model\n"},
    {"<|user|>", "<|", "<|assistant|>"},            // Phi, ChatGLM; Zephyr closes with </s>, below
    {"<|turn>user\n", "<turn|>", "<|turn>model\n"},
    {"[INST]", "[/INST]", "[/INST]"},
    {"<\xef\xbd\x9cUser\xef\xbd\x9c>", "<\xef\xbd\x9c", "<\xef\xbd\x9c" "Assistant\xef\xbd\x9c>"},
};

static const char *last(const char *text, size_t len, const char *what)
{
    const char *found = NULL, *end = text + len;
    for (const char *p = text; (p = memmem(p, (size_t)(end - p), what, strlen(what))); p++)
        found = p;
    return found;
}

static Span trim(Span s)
{
    for (; s.n && (*s.p == ' ' || *s.p == '\n'); s.n--)
        s.p++;
    while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\n'))
        s.n--;
    return s;
}

Span last_user_message(const char *prompt, size_t len)
{
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        const char *open = last(prompt, len, turns[i].open);
        if (!open)
            continue;
        Span s = {open + strlen(turns[i].open), 0};
        s.n = (size_t)(prompt + len - s.p);
        const char *close = memmem(s.p, s.n, turns[i].close, strlen(turns[i].close));
        const char *zephyr = memmem(s.p, s.n, "</s>", 4);
        if (close)
            s.n = (size_t)(close - s.p);
        if (zephyr && zephyr < s.p + s.n)
            s.n = (size_t)(zephyr - s.p);
        if (s.n > 8 && !memcmp(s.p, "<<SYS>>", 7)) {    // Llama 2 puts the system prompt into the first user message
            const char *user = memmem(s.p, s.n, "<</SYS>>", 8);
            if (user)
                s = (Span){user + 8, s.n - (size_t)(user + 8 - s.p)};
        }
        return trim(s);
    }
    return trim((Span){prompt, len});
}

Span answer_so_far(const char *prompt, size_t len, Span message)
{
    static const char open[] = "<think>", close[] = "</think>";
    const char *tail = message.p + message.n, *end = prompt + len, *start = NULL;
    for (size_t i = 0; !start && i < sizeof turns / sizeof *turns; i++)
        if (last(prompt, len, turns[i].open) && (start = last(tail, (size_t)(end - tail), turns[i].answer)))
            start += strlen(turns[i].answer);
    if (!start)
        return (Span){end, 0};
    const char *thoughts = last(start, (size_t)(end - start), close);
    if (thoughts)
        start = thoughts + sizeof close - 1;
    else if (memmem(start, (size_t)(end - start), open, sizeof open - 1))
        return (Span){end, 0};
    for (; start < end && (*start == ' ' || *start == '\n'); start++)
        ;
    return (Span){start, (size_t)(end - start)};
}

// Puts at most the first 80 bytes, without cutting a character.
static void put_quote(Buf *b, Span s)
{
    size_t n = s.n;
    if (n > 80)
        for (n = 80; n && ((unsigned char)s.p[n] & 0xc0) == 0x80; n--)
            ;
    buf_put(b, s.p, n);
    if (n < s.n)
        buf_text(b, "\xe2\x80\xa6");
}

// Expands $0 to the whole match, $1..$9 to captures, $q to the shortened user message, $v to view, $$ to a dollar sign.
static void expand(Buf *b, const char *emit, const char *subject, const regmatch_t *m, Span message, const char *view)
{
    buf_put(b, "", 0);
    for (; *emit; emit++) {
        if (*emit != '$' || !emit[1]) {
            buf_put(b, emit, 1);
            continue;
        }
        char c = *++emit;
        if (c == 'q')
            put_quote(b, message);
        else if (c == 'v')
            buf_text(b, view);
        else if (c >= '0' && c <= '9' && m[c - '0'].rm_so >= 0)
            buf_put(b, subject + m[c - '0'].rm_so, (size_t)(m[c - '0'].rm_eo - m[c - '0'].rm_so));
        else if (c == '$')
            buf_put(b, "$", 1);
    }
}

static bool find_last(const regex_t *re, const char *text, regmatch_t *m)
{
    regmatch_t now[10];
    bool found = false;
    for (regoff_t at = 0; !regexec(re, text + at, 10, now, at ? REG_NOTBOL : 0);) {
        for (int i = 0; i < 10; i++) {
            m[i] = now[i];
            if (now[i].rm_so >= 0) {
                m[i].rm_so += at;
                m[i].rm_eo += at;
            }
        }
        found = true;
        at = m[0].rm_eo > m[0].rm_so ? m[0].rm_eo : m[0].rm_eo + 1;
        if (!text[m[0].rm_eo])
            break;
    }
    return found;
}

static void put_hex(Reply *out, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0}, byte = (char)strtol(pair, NULL, 16);
        reply_push(out, &byte, 1, -1);
    }
}

// Pushes one token: a string is its text, a number is its id.
static void push_json(const Model *m, Reply *out, const Json *t)
{
    int32_t id = (int32_t)t->number;
    Buf b = {0};
    if (t->kind == JSON_NUMBER)
        tokenizer_decode(&m->tokenizer, &id, 1, &b);
    else
        buf_put(&b, t->text, t->len);
    reply_push(out, b.p, b.n, t->kind == JSON_NUMBER ? id : -1);
    free(b.p);
}

static void apply(const Model *m, const Rule *rule, const char *subject, const regmatch_t *at, Span message, Span before,
                  const char *view, Reply *out)
{
    const Json *s = rule->spec, *tokens = json_get(s, "emit_tokens");
    const char *bytes = json_text(s, "bytes", NULL), *ways = json_text(s, "break", NULL);
    Buf b = {0};
    if (tokens)
        for (const Json *t = tokens->child; t; t = t->next)
            push_json(m, out, t);
    else if (bytes)
        put_hex(out, bytes);
    else if (json_number(s, "echo", 0))
        reply_text(out, message.p, message.n);
    else {
        expand(&b, json_text(s, "emit", ""), subject, at, message, view);
        if (ways)
            broken_reply(out, &m->tokenizer, (Span){ways, strlen(ways)}, (Span){b.p, b.n}, before);
        else
            reply_text(out, b.p, b.n);
    }
    free(b.p);
    if (json_number(s, "repeat", 0) > 0 && out->kind == REPLY_TEXT)
        out->count = (long)json_number(s, "repeat", 1);
    if (json_get(s, "delay_ms"))
        out->delay_us = (long)(json_number(s, "delay_ms", 0) * 1000);
}

// Returns the first matching rule. Sets subject to the text that it matched and at to the positions of the match.
static const Rule *find_rule(const Model *m, const char *message, const char *whole, const char **subject, regmatch_t at[10])
{
    for (int i = 0; i < m->n_rules; i++) {
        const Rule *rule = &m->rules[i];
        memset(at, -1, 10 * sizeof *at);
        if (rule->has_match && regexec(&rule->match, message, 10, at, 0))
            continue;
        if (rule->has_find && !find_last(&rule->find, whole, at))
            continue;
        *subject = rule->has_find ? whole : message;
        return rule;
    }
    return NULL;
}

void script_reply(const Model *m, Span prompt, Span message, Span before, const char *view, Reply *out)
{
    char *text = text_copy(message.p, message.n), *whole = text_copy(prompt.p, prompt.n);
    const char *subject;
    regmatch_t at[10];
    const Rule *rule = find_rule(m, text, whole, &subject, at);
    if (rule)
        apply(m, rule, subject, at, message, before, view, out);
    else {
        Buf b = {0};
        buf_text(&b, "This is the RkLlama simulator; no language model runs here. You asked: \"");
        put_quote(&b, message);
        buf_text(&b, "\".");
        reply_text(out, b.p, b.n);
        free(b.p);
    }
    free(text);
    free(whole);
}
