// commands.h - test commands that every model understands: a user message that begins with '!'.
#pragma once
#include "base/faults.h"
#include "base/text.h"
#include "model/reply.h"

bool command_reply(Span prompt, Span message, FaultSet *faults, Reply *out);    // false: it is no command
