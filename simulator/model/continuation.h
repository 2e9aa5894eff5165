// continuation.h - where a text goes on behind a beginning of it that the host has changed.
#pragma once
#include "base/text.h"
#include <stdbool.h>

// Returns the position in the text behind which it goes on after the text before it, and sets likeness to the share of that
// text, from 0 to 1, that the position has a counterpart of.
size_t continuation_find(Span text, Span before, double *likeness);
