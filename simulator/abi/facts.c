// facts.c - see facts.h.
#include "abi/facts.h"

static const AbiFacts groups[] = {
    {.abi = 10100, .context_reserve = 4, .highest_mode = 1, .running = 0, .split_characters = "B"},
    {.abi = 10200, .highest_mode = 2, .running = 0, .split_characters = "A", .chat_template = true, .prefix_reuse = true,
     .text_before_hidden_layer = true, .prefixed_log = true, .cpu_fields = true},
    {.abi = 10201, .highest_mode = 2, .running = 0, .split_characters = "A", .chat_template = true, .prefix_reuse = true,
     .text_before_hidden_layer = true, .prefixed_log = true, .dtype_log = true, .cpu_fields = true,
     .batch_fields = true, .image_count = true},
    {.abi = 10300, .highest_mode = 2, .running = 1, .split_characters = "A", .chat_template = true, .prefix_reuse = true,
     .text_before_hidden_layer = true, .prefixed_log = true, .dtype_log = true, .cpu_fields = true,
     .batch_fields = true, .image_count = true, .run_fields = true, .callback_struct = 48, .callback_releases = true, .memory_crash = true},
    {.abi = 10301, .highest_mode = 2, .running = 1, .split_characters = "A", .chat_template = true, .prefix_reuse = true,
     .text_before_hidden_layer = true, .prefixed_log = true, .dtype_log = true, .cpu_fields = true,
     .batch_fields = true, .image_count = true, .run_fields = true, .callback_struct = 48, .callback_releases = true, .memory_crash = true},
};

enum { ROW = (SIM_ABI >= 10200) + (SIM_ABI >= 10201) + (SIM_ABI >= 10300) + (SIM_ABI >= 10301) };
const AbiFacts *const abi_facts = &groups[ROW];
