// commands.h - test commands that every model executes: user messages that begin with '!'.
#pragma once
#include "base/faults.h"
#include "base/text.h"
#include "model/reply.h"

bool command_reply(Span prompt, Span message, FaultSet *faults, Reply *out);    // false if the message is not a command
