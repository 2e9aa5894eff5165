// chat_template.h - from the host's text to the prompt: the model's template, or the one that the host has set.
#pragma once
#include "base/text.h"
#include "model/model.h"
#include <stdbool.h>

typedef struct {
    bool custom;                        // set by rkllm_set_chat_template
    char *system, *prefix, *postfix;    // of the custom template
    char *tools_system, *tools, *tool_tag;  // set by rkllm_set_function_tools
} ChatTemplate;

typedef struct {
    const char *text;
    bool tool;                          // role "tool": text is the result of a call
    bool thinking;
    bool first;                         // no history: the system prompt comes first
} Turn;

void template_set(ChatTemplate *t, const char *system, const char *prefix, const char *postfix);
void template_set_tools(ChatTemplate *t, const char *system, const char *tools, const char *tag);
size_t template_apply(const ChatTemplate *t, const Model *m, Turn turn, Buf *out);  // length of the system prompt
void template_free(ChatTemplate *t);
