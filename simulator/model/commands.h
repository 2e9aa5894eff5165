// commands.h - test commands that every model executes: user messages that begin with '!'.
#pragma once
#include "base/faults.h"
#include "base/text.h"
#include "model/reply.h"

// What a run is about, for the replies of commands: the texts of the control tokens of the prompt, and the images.
typedef struct { const char *control, *view, *hashes; } Sight;

// before is the part of the answer that the prompt has. Returns false if the message is not a command.
bool command_reply(const Tokenizer *t, Span prompt, Span message, Span before, const Sight *sight, FaultSet *faults, Reply *out);
