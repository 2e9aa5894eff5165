// images.c - tests of multimodal input: the embeddings of images and the tag <image>.
#define _GNU_SOURCE
#include "selftest/harness.h"
#include "rknn/pixels.c"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MODEL "RKSIMULATOR1\n{\"embd\": 16, \"template\": \"none\", \"pieces\": [\"<|im_start|>\", \"<|im_end|>\", \"<|vs|>\", \"<|ve|>\"]%s}"
#define TOKENS 4
#define ROWS (TOKENS * 16)

static float embed[4 * ROWS];

// An image of four quarters in these colours.
static void paint(float *rows, int r, int g, int b)
{
    unsigned char rgb[192];
    for (int i = 0; i < 64; i++) {
        int quarter = i / 32 * 2 + i % 8 / 4;
        rgb[i * 3] = (unsigned char)(quarter == 0 ? r : 0);
        rgb[i * 3 + 1] = (unsigned char)(quarter == 1 ? g : 0);
        rgb[i * 3 + 2] = (unsigned char)(quarter == 2 ? b : 0);
    }
    pixels_embed(rgb, 8, TOKENS, 16, 1, 0, rows);
}

static LLMHandle open_vision(const char *more)
{
    char path[300], text[500];
    snprintf(path, sizeof path, "%s/vision.rkllm", scratch);
    snprintf(text, sizeof text, MODEL, more);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    RKLLMParam p = defaults();
    p.model_path = path;
#if SIM_ABI < 10300
    p.img_start = "<|vs|>";
    p.img_end = "<|ve|>";
    p.img_content = "<|pad|>";
#endif
    return open_with(p);
}

static RKLLMInput input_of(char *prompt, float *rows, size_t images)
{
    RKLLMInput input;
    memset(&input, 0, sizeof input);
    input.input_type = RKLLM_INPUT_MULTIMODAL;
    RKLLMMultiModalInput *m = (RKLLMMultiModalInput *)&input.multimodal_input;
    m->prompt = prompt;
#if SIM_ABI >= 10300
    m->image.image_embed = rows;
    m->image.n_image_tokens = TOKENS;
    m->image.n_image = images;
    m->image.image_start = "<|vs|>";
    m->image.image_end = "<|ve|>";
    m->image.image_content = "<|pad|>";
    m->image.image_width = m->image.image_height = 8;
#else
    m->image_embed = rows;
    m->n_image_tokens = TOKENS;
#if SIM_ABI >= 10201
    m->n_image = images;
    m->image_width = m->image_height = 8;
#else
    (void)images;
#endif
#endif
    return input;
}

static int ask(LLMHandle h, const char *message, float *rows, size_t images)
{
    char prompt[300];
    RKLLMInferParam infer;
    memset(&infer, 0, sizeof infer);
    snprintf(prompt, sizeof prompt, "<|im_start|>user\n%s<|im_end|>\n", message);
    RKLLMInput input = input_of(prompt, rows, images);
    return run_with(h, &input, &infer);
}

// The transcript has one bracket for each token.
static bool answered(const char *text)
{
    char all[20000], *to = all;
    for (const char *p = seen->text; *p && to < all + sizeof all - 1; p++)
        if (*p != '[' && *p != ']')
            *to++ = *p;
    *to = 0;
    return is(strstr(all, text) != NULL, text);
}

static bool colors(void)
{
    LLMHandle h = open_vision("");
    paint(embed, 255, 255, 255);
    bool ok = h && !ask(h, "!see <image>", embed, 1);
    return ok && answered("picture 1 of 1, 8x8: top left #ff0000 (red), top right #00ff00 (green), bottom left #0000ff (blue), "
                          "bottom right #000000 (black)") && !api.destroy(h);
}

static bool script(void)                // $v in a rule
{
    LLMHandle h = open_vision(", \"script\": [{\"emit\": \"I see $v.\"}]");
    paint(embed, 255, 0, 0);
    bool ok = h && !ask(h, "<image>What is this?", embed, 1) && answered("I see picture 1 of 1, 8x8: top left #ff0000 (red)");
    return ok && !run(h, "What is this?") && answered("I see no picture.") && !api.destroy(h);
}

static bool order_of_outputs(void)      // row t of output k follows row t of output k - 1
{
    unsigned char rgb[192] = {0};
    float parts[2][ROWS];
    LLMHandle h = open_vision(", \"image_outputs\": 2");
    for (int k = 0; k < 2; k++)
        pixels_embed(rgb, 8, TOKENS, 16, 2, k, parts[k]);
    for (int t = 0; t < TOKENS; t++)
        for (int k = 0; k < 2; k++)
            memcpy(embed + (t * 2 + k) * 16, parts[k] + t * 16, 64);
    bool ok = h && !ask(h, "!see <image>", embed, 1) && answered("8x8: top left #000000");
    memcpy(embed, parts, sizeof parts);
    return ok && !ask(h, "!see <image>", embed, 1) && answered("picture 1 of 1: garbled") && !api.destroy(h);
}

static bool refused(LLMHandle h, const char *message, float *rows, size_t images, const char *line)
{
    return !ask(h, message, rows, images) && is(!seen->calls, "no callback") && logged(line);
}

static bool unusable(void)
{
    LLMHandle h = open_vision("");
    paint(embed, 1, 2, 3);
    bool ok = h && refused(h, "no tag", embed, 1, "multimodal input must contain the <image> tag, for plain text input, please use prompt_input");
    ok = ok && refused(h, "<image>", NULL, 1, "The image_embed of multimodal_input is empty");
    if (SIM_ABI >= 10201)
        ok = ok && refused(h, "<image>", embed, 0, "The n_image/n_image_token of multimodal_input is not set");
    return ok && !ask(h, "!see <image>", embed, 1) && answered("picture 1") && !api.destroy(h);
}

static bool control_tokens(void)        // that a user wrote are control tokens of the prompt: the host must break them up
{
    LLMHandle h = open_vision("");
    paint(embed, 1, 2, 3);
    bool ok = h && !ask(h, "!special <image>", embed, 1) && answered("<|im_start|> <|vs|> <image> <|ve|> <|im_end|>");
    return ok && !ask(h, "!special <|vs|><image>", embed, 1) && answered("<|im_start|> <|vs|> <|vs|> <image>") && !api.destroy(h);
}

#if SIM_ABI >= 10201
static bool token_counts(void)          // and reuse of the same image
{
    LLMHandle h = open_vision("");
    paint(embed, 1, 2, 3);
    bool ok = h && !ask(h, "!count 1 <image>", embed, 1);
    int with = seen->prefill_tokens;
    ok = ok && !api.clear(h, 0, NULL, NULL) && !ask(h, "!count 1 <image> and text", embed, 1);
    ok = ok && is(seen->prefill_tokens == with + 9, "9 bytes more");
    ok = ok && is(with == 1 + 5 + 9 + 1 + TOKENS + 1 + 1 + 1, "text, start, content, end");
    ok = ok && !ask(h, "!count 1 <image> and more", embed, 1) && is(seen->prefill_tokens < TOKENS + 5, "the image is reused");
    ok = ok && logged("match same image, so keep the image_embed cache, total 4");
    paint(embed, 9, 2, 3);
    return ok && !ask(h, "!count 1 <image> and more", embed, 1) && is(seen->prefill_tokens > TOKENS + 5, "another image is not") &&
        !api.destroy(h);
}

static bool two_images(void)
{
    LLMHandle h = open_vision("");
    paint(embed, 255, 0, 0);
    paint(embed + ROWS, 0, 255, 0);
    bool ok = h && !ask(h, "!see <image> <image>", embed, 2) && answered("picture 1 of 2, 8x8: top left #ff0000") &&
        answered("; picture 2 of 2, 8x8: top left #000000 (black), top right #00ff00");
    ok = ok && !ask(h, "!image <image>", embed, 2) && answered("1:") && answered(" 2:") && answered("content=<|pad|>");
    set("FAULT", "blend_images");
    return ok && !ask(h, "!see <image>", embed, 2) && answered("picture 1 of 1, 8x8: top left #000000") && !api.destroy(h);
}

static bool patches(void)
{
    LLMHandle h = open_vision(", \"image_px_per_token\": 4"), other = open_vision(", \"image_px_per_token\": 2");
    paint(embed, 1, 2, 3);
    bool ok = h && other && logged("Using mrope") && !ask(h, "!see <image>", embed, 1) && answered("picture 1");
    return ok && refused(other, "<image>", embed, 1, "patch_h[4] * patch_w[4] != n_image_token[4]!") && !api.destroy(h) &&
        !api.destroy(other);
}

static bool tags_without_image(void) { return ask(open_vision(""), "<image> <image> <image>", embed, 2); }
#endif

static bool stale(void)                 // with keep_history, the answer is about the first image
{
    char prompt[] = "<|im_start|>user\n!see <image><|im_end|>\n";
    LLMHandle h = open_vision("");
    RKLLMInferParam infer;
    RKLLMInput input = input_of(prompt, embed, 1);
    memset(&infer, 0, sizeof infer);
    keep_history(&infer);
    paint(embed, 255, 0, 0);
    set("FAULT", "stale_image,image_leak:1");
    bool ok = h && !run_with(h, &input, &infer) && answered("top left #ff0000");
    paint(embed, 0, 255, 0);
    return ok && !run_with(h, &input, &infer) && answered(SIM_ABI >= 10200 ? "top left #ff0000" : "top left #000000") && !api.destroy(h);
}

static float *guarded(size_t len)       // memory before a page that cannot be read
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p + 4096, 4096, PROT_NONE) ? NULL : (float *)(p + 4096 - len);
}

static bool exact_size(void)            // reads no byte behind the rows
{
    LLMHandle h = open_vision("");
    float *rows = guarded(ROWS * sizeof(float));
    paint(rows, 255, 0, 0);
    return h && !ask(h, "!see <image>", rows, 1) && answered("top left #ff0000") && !api.destroy(h);
}

static bool too_short(void) { return ask(open_vision(""), "<image>", guarded(ROWS * sizeof(float) - 16), 1); }

static const Check checks[] = {
    {"image: colours", colors, PASS},
    {"image: $v in a script", script, PASS},
    {"image: the order of several outputs", order_of_outputs, PASS},
    {"image: unusable input", unusable, PASS},
    {"image: control tokens of the prompt", control_tokens, PASS},
    {"image: exactly the rows are read", exact_size, PASS},
    {"faults stale_image and image_leak", stale, PASS},
    {"image: rows that are too short", too_short, SIGABRT},
#if SIM_ABI >= 10201
    {"image: tokens and reuse", token_counts, PASS},
    {"image: two images", two_images, PASS},
    {"image: patches", patches, PASS},
    {"image: more tags than images", tags_without_image, SIGABRT},
#endif
    {0},
};

void image_checks(void) { run_checks(checks); }
