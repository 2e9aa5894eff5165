// script.h - finds the reply to a prompt in the model's script.
#pragma once
#include "base/text.h"
#include "model/model.h"
#include "model/reply.h"

Span last_user_message(const char *prompt, size_t len);     // by the turn markers of common templates
Span answer_so_far(const char *prompt, size_t len, Span message);  // what the prompt has behind the reasoning of the answer's beginning

// view: the description of the images of the run, which replaces $v.
void script_reply(const Model *m, Span prompt, Span message, Span before, const char *view, Reply *out);
