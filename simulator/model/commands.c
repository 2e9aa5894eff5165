// commands.c - see commands.h.
#include "model/commands.h"
#include "model/broken.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { Span prompt, before; const Tokenizer *tokenizer; char *args; const Sight *sight; FaultSet *faults; Reply *out; } Command;

static void count_up(Command *c) { reply_count(c->out, atol(c->args)); }

static void echo(Command *c) { reply_text(c->out, c->args, strlen(c->args)); }

static void emoji(Command *c)
{
    static const char *faces[] = {"\xf0\x9f\x98\x80", "\xf0\x9f\x9a\x80", "\xf0\x9f\x8c\x8d", "\xf0\x9f\x8e\x89"};
    Buf b = {0};
    buf_put(&b, "", 0);
    for (long i = 0, n = atol(c->args); i < n && i < 1000000; i++)
        buf_text(&b, faces[i % 4]);
    reply_text(c->out, b.p, b.n);
    free(b.p);
}

static void bytes(Command *c)
{
    unsigned value;
    int used;
    for (char *p = c->args; sscanf(p, " %2x%n", &value, &used) == 1; p += used)
        reply_push(c->out, &(char){(char)value}, 1, -1);
}

static void loop(Command *c) { reply_same(c->out, " again", -1); }

static void sleepy(Command *c)
{
    long ms = 0, count = 0;
    if (sscanf(c->args, "%ld %ld", &ms, &count) < 1)
        ms = 0;
    reply_count(c->out, count);
    c->out->delay_us = ms * 1000;
}

static void prompt(Command *c) { reply_spelled(c->out, c->prompt.p, c->prompt.n); }

static void special(Command *c) { reply_spelled(c->out, c->sight->control, strlen(c->sight->control)); }
static void see(Command *c) { reply_text(c->out, c->sight->view, strlen(c->sight->view)); }
static void image(Command *c) { reply_spelled(c->out, c->sight->hashes, strlen(c->sight->hashes)); }

static void think(Command *c)
{
    Buf b = {0};
    buf_printf(&b, "<think>\nhm\n</think>\n\n%s", c->args);
    reply_text(c->out, b.p, b.n);
    free(b.p);
}

static void tool(Command *c)
{
    char *json = c->args + strcspn(c->args, " \n");
    Buf b = {0};
    if (*json)
        *json++ = 0;
    buf_printf(&b, "<tool_call>\n{\"name\": \"%s\", \"arguments\": %s}\n</tool_call>", c->args, *json ? json : "{}");
    reply_text(c->out, b.p, b.n);
    free(b.p);
}

// A host may append instructions to the message, behind an empty line.
static void json(Command *c)
{
    size_t ways = strcspn(c->args, " \n");
    char *document = c->args + ways + (c->args[ways] != 0), *end = strstr(document, "\n\n");
    Span whole = {document, end ? (size_t)(end - document) : strlen(document)};
    broken_reply(c->out, c->tokenizer, (Span){c->args, ways}, whole, c->before);
}

static void fault(Command *c)
{
    c->args[strcspn(c->args, " \n")] = 0;
    if (faults_add(c->faults, c->args))
        reply_count(c->out, 20);
    else
        reply_text(c->out, "There is no such run fault.", 27);
}

static const struct { const char *name; void (*run)(Command *c); } commands[] = {
    {"!count", count_up}, {"!echo", echo}, {"!emoji", emoji}, {"!bytes", bytes}, {"!loop", loop},
    {"!sleep", sleepy}, {"!prompt", prompt}, {"!think", think}, {"!tool", tool}, {"!json", json},
    {"!fault", fault}, {"!special", special}, {"!see", see}, {"!image", image},
};

bool command_reply(const Tokenizer *t, Span whole, Span message, Span before, const Sight *sight, FaultSet *faults, Reply *out)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        size_t n = strlen(commands[i].name);
        if (message.n < n || memcmp(message.p, commands[i].name, n) || (message.n > n && message.p[n] != ' '))
            continue;
        size_t skip = message.n > n ? n + 1 : n;
        Command c = {whole, before, t, text_copy(message.p + skip, message.n - skip), sight, faults, out};
        commands[i].run(&c);
        free(c.args);
        return true;
    }
    return false;
}
