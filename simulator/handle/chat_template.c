// chat_template.c - see chat_template.h. The template of a model is "chatml", "chatml-think" or "none".
#include "handle/chat_template.h"
#include "abi/facts.h"
#include <stdlib.h>
#include <string.h>

static void replace(char **slot, const char *text)
{
    free(*slot);
    *slot = text ? text_copy(text, strlen(text)) : NULL;
}

void template_set(ChatTemplate *t, const char *system, const char *prefix, const char *postfix)
{
    t->custom = true;
    replace(&t->system, system);
    replace(&t->prefix, prefix);
    replace(&t->postfix, postfix);
}

void template_set_tools(ChatTemplate *t, const char *system, const char *tools, const char *tag)
{
    replace(&t->tools_system, system);
    replace(&t->tools, tools);
    replace(&t->tool_tag, *tag ? tag : "tool_response");
}

static void put_system(const ChatTemplate *t, const Model *m, Buf *out)
{
    const char *system = t->tools_system && *t->tools_system ? t->tools_system : m->system;
    if (!*system && !t->tools)
        return;
    buf_printf(out, "<|im_start|>system\n%s", system);
    if (t->tools)
        buf_printf(out, "%s# Tools\n\n<tools>\n%s\n</tools>", *system ? "\n\n" : "", t->tools);
    buf_text(out, "<|im_end|>\n");
}

static void put_turn(const ChatTemplate *t, const Model *m, Turn turn, Buf *out)
{
    const char *tag = t->tool_tag ? t->tool_tag : "tool_response";
    if (turn.tool)
        buf_printf(out, "<|im_start|>user\n<%s>\n%s\n</%s><|im_end|>\n<|im_start|>assistant\n", tag, turn.text, tag);
    else
        buf_printf(out, "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n", turn.text);
    if (!turn.thinking && !strcmp(m->template, "chatml-think"))
        buf_text(out, "<think>\n\n</think>\n\n");
}

size_t template_apply(const ChatTemplate *t, const Model *m, Turn turn, Buf *out)
{
    if (!abi_facts->chat_template || (!t->custom && !strcmp(m->template, "none"))) {
        buf_text(out, turn.text);
        return 0;
    }
    if (turn.first && t->custom)
        buf_text(out, t->system);
    else if (turn.first)
        put_system(t, m, out);
    size_t system_len = out->n;
    if (t->custom)
        buf_printf(out, "%s%s%s", t->prefix, turn.text, t->postfix);
    else
        put_turn(t, m, turn, out);
    return system_len;
}

void template_free(ChatTemplate *t)
{
    char *texts[] = {t->system, t->prefix, t->postfix, t->tools_system, t->tools, t->tool_tag};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    *t = (ChatTemplate){0};
}
