// rerank.h - the judgement of a simulated reranking model.
#pragma once
#include "base/text.h"
#include <stdbool.h>

// If the user message has a query and a document, as Qwen3-Reranker expects them, returns true and in share the part of the
// distinct query words that occur in the document, from 0 to 1.
bool rerank_share(Span message, double *share);
