// images.h - multimodal input: the images of a run, and the tag <image> in its prompt.
#pragma once
#include "run/run_state.h"

bool images_usable(const Run *r);       // also true without images; if false, the reason is logged
int images_encode(Run *r);              // makes the ids of a prompt with images; -1 if the tags do not fit the images
void images_log_reuse(const Run *r);    // after the prefill
void images_control(const Run *r, Buf *out);    // the texts of all control tokens of the prompt, and <image> for each image
void images_describe(Run *r, Buf *view, Buf *hashes);
