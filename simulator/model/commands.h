// commands.h - test commands that every model executes: user messages that begin with '!'.
#pragma once
#include "base/faults.h"
#include "base/text.h"
#include "model/reply.h"

// What a run is about, for the replies of commands: the texts of the control tokens of the prompt, and the images.
typedef struct { const char *control, *view, *hashes; } Sight;

bool command_reply(Span prompt, Span message, const Sight *sight, FaultSet *faults, Reply *out);    // false if the message is not a command
