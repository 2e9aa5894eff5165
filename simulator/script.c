/* What the model says: commands that tests use ("!count 5"), the rules of the model's script, and plain words about what this is. */
#include "sim.h"
#include <ctype.h>
#include <regex.h>

/* Where turns of the user begin and end in the chat formats in use. */
static const struct { const char *begin, *end; } user_turns[] = {
    {"<|im_start|>user\n", "<|im_end|>"},
    {"<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"},
    {"<start_of_turn>user\n", "<end_of_turn>"},
    {"<|user|>\n", "<|"},
    {"<\xEF\xBD\x9CUser\xEF\xBD\x9C>", "<\xEF\xBD\x9C" "Assistant"},
    {"[INST] ", " [/INST]"},
};

static const char *last_of(const char *text, const char *what)
{
    const char *found = NULL;
    for (const char *p = text; (p = strstr(p, what)); p++)
        found = p;
    return found;
}

/* The last user message of a templated prompt, or all of it. */
static char *last_user_message(const char *prompt)
{
    const char *begin = NULL, *end_mark = NULL;
    for (size_t i = 0; i < sizeof user_turns / sizeof *user_turns; i++) {
        const char *at = last_of(prompt, user_turns[i].begin);
        if (at && at + strlen(user_turns[i].begin) > begin) {
            begin = at + strlen(user_turns[i].begin);
            end_mark = user_turns[i].end;
        }
    }
    if (!begin)
        return strdup(prompt);
    const char *end = strstr(begin, end_mark);
    return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

static void say_bytes(reply *r, const char *hex)
{
    while (isxdigit((unsigned char)hex[0]) && isxdigit((unsigned char)hex[1])) {
        char byte = (char)strtol((char[]){hex[0], hex[1], 0}, NULL, 16);
        reply_raw(r, &byte, 1, (unsigned char)byte);
        for (hex += 2; *hex == ' ';)
            hex++;
    }
}

static void say_numbers(const model *m, reply *r, int count, int delay_ms)
{
    char number[16];
    for (int i = 1; i <= count; i++) {
        size_t n = (size_t)snprintf(number, sizeof number, " %d", i);
        /* One token each, however many digits. */
        reply_raw(r, number, n, 256 + m->piece_count + i % 1000);
        r->items[r->count - 1].delay_ms = delay_ms;
        r->items[r->count - 1].raw = false;
    }
}

static const char *after(const char *text, const char *command)
{
    size_t n = strlen(command);
    if (strncmp(text, command, n) != 0 || (text[n] && text[n] != ' '))
        return NULL;
    return text[n] ? text + n + 1 : text + n;
}

/* Commands for tests. Returns false when the message is none. */
static bool command(const model *m, const char *prompt, const char *message, buffer *fault_out, reply *r)
{
    const char *rest;
    int count, ms;
    if ((rest = after(message, "!count")) && sscanf(rest, "%d", &count) == 1) {
        say_numbers(m, r, count, -1);
    } else if ((rest = after(message, "!sleep")) && sscanf(rest, "%d %d", &ms, &count) == 2) {
        say_numbers(m, r, count, ms);
    } else if ((rest = after(message, "!echo"))) {
        reply_text(m, r, rest, strlen(rest), -1);
    } else if ((rest = after(message, "!emoji")) && sscanf(rest, "%d", &count) == 1) {
        static const char faces[][5] = {"\xF0\x9F\x98\x80", "\xF0\x9F\x9A\x80", "\xF0\x9F\x8C\x8D", "\xF0\x9F\x8E\x89"};
        for (int i = 0; i < count; i++)
            reply_text(m, r, faces[i % 4], 4, -1);
    } else if ((rest = after(message, "!bytes"))) {
        say_bytes(r, rest);
    } else if (after(message, "!loop")) {
        reply_text(m, r, " again", 6, -1);
        r->endless = true;
    } else if (after(message, "!prompt")) {
        reply_text(m, r, prompt, strlen(prompt), -1);
    } else if ((rest = after(message, "!think"))) {
        buffer b = {0};
        buffer_format(&b, "<think>\nhm\n</think>\n\n%s", rest);
        reply_text(m, r, b.data, b.length, -1);
        free(b.data);
    } else if ((rest = after(message, "!tool"))) {
        const char *arguments = strchr(rest, ' ');
        buffer b = {0};
        buffer_format(&b, "<tool_call>\n{\"name\": \"%.*s\", \"arguments\": %s}\n</tool_call>",
                      (int)(arguments ? arguments - rest : (long)strlen(rest)), rest, arguments ? arguments + 1 : "{}");
        reply_text(m, r, b.data, b.length, -1);
        free(b.data);
    } else if ((rest = after(message, "!fault"))) {
        buffer_text(fault_out, rest);
        say_numbers(m, r, 20, -1);
    } else {
        return false;
    }
    return true;
}

/* The text of the last match's first group in the conversation, or NULL; the caller frees it. */
static char *find_last(const char *pattern, const char *text)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED) != 0)
        return NULL;
    char *found = NULL;
    regmatch_t group[2];
    for (const char *p = text; regexec(&compiled, p, 2, group, p == text ? 0 : REG_NOTBOL) == 0; p += group[0].rm_eo > 0 ? group[0].rm_eo : 1) {
        if (group[1].rm_so >= 0) {
            free(found);
            found = strndup(p + group[1].rm_so, (size_t)(group[1].rm_eo - group[1].rm_so));
        }
        if (!*p)
            break;
    }
    regfree(&compiled);
    return found;
}

static bool matches(const char *pattern, const char *text)
{
    regex_t compiled;
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
        return false;
    bool yes = regexec(&compiled, text, 0, NULL, 0) == 0;
    regfree(&compiled);
    return yes;
}

/* The template's text with $1 filled in. */
static void emit(const model *m, reply *r, const char *text, const char *first, int delay_ms)
{
    buffer b = {0};
    for (const char *p = text; *p; p++) {
        if (p[0] == '$' && p[1] == '1') {
            buffer_text(&b, first ? first : "");
            p++;
        } else {
            buffer_add(&b, p, 1);
        }
    }
    reply_text(m, r, b.data ? b.data : "", b.length, delay_ms);
    free(b.data);
}

static bool apply_rule(const model *m, const json *rule, const char *prompt, const char *message, reply *r)
{
    const char *pattern = json_text(rule, "match", NULL), *find = json_text(rule, "find", NULL);
    if (pattern && !matches(pattern, message))
        return false;
    char *first = find ? find_last(find, prompt) : NULL;
    bool applies = !find || first;
    if (applies) {
        int repeat = (int)json_number(rule, "repeat", 1), delay_ms = (int)json_number(rule, "delay_ms", -1);
        for (int i = 0; i < repeat; i++) {
            if (json_get(rule, "echo"))
                reply_text(m, r, message, strlen(message), delay_ms);
            if (json_get(rule, "bytes"))
                say_bytes(r, json_text(rule, "bytes", ""));
            emit(m, r, json_text(rule, "emit", ""), first, delay_ms);
        }
    }
    free(first);
    return applies;
}

void script_answer(const model *m, const char *prompt, buffer *fault_out, reply *r)
{
    char *message = last_user_message(prompt);
    bool done = command(m, prompt, message, fault_out, r);
    for (size_t i = 0; !done && m->script && m->script->kind == J_ARRAY && i < m->script->length; i++)
        done = apply_rule(m, &m->script->items[i], prompt, message, r);
    if (!done) {
        buffer b = {0};
        buffer_format(&b, "This is the RkLlama simulator: no language model runs here. You asked: \"%s\"", message);
        reply_text(m, r, b.data, b.length, -1);
        free(b.data);
    }
    free(message);
}
