// broken.h - a JSON document as a model writes it that breaks the format in known ways.
#pragma once
#include "model/reply.h"

// Replies with the document. ways is a list such as "missing_comma@4,nan": each breaks the document at its first place in or behind
// that token, from 1. The text before the reply is a part of the answer that the prompt has. The reply goes on behind it: what it
// has is not broken again. Replies with an error text if a way is unknown or the document has no place for it.
void broken_reply(Reply *out, const Tokenizer *t, Span ways, Span document, Span before);
