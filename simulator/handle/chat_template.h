// chat_template.h - makes the prompt from the host's text, with the model's template or with the template of the host.
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
    bool tool;                          // role "tool": the text is the result of a tool call
    bool thinking;
    bool first;                         // no history: the prompt begins with the system prompt
} Turn;

void template_set(ChatTemplate *t, const char *system, const char *prefix, const char *postfix);
void template_set_tools(ChatTemplate *t, const char *system, const char *tools, const char *tag);
size_t template_apply(const ChatTemplate *t, const Model *m, Turn turn, Buf *out);  // bytes of the system prompt
void template_free(ChatTemplate *t);
