// images.c - see images.h.
#include "run/images.h"
#include "abi/facts.h"
#include "base/log.h"
#include "base/violation.h"
#include "model/vision.h"
#include <stdlib.h>
#include <string.h>

#define TAG "<image>"

static bool has_images(const Run *r) { return r->rq.type == RKLLM_INPUT_MULTIMODAL; }

static Pictures pictures(const Run *r)
{
    if (!has_images(r))
        return (Pictures){0};
    return (Pictures){r->rq.embed, r->rq.n_image, r->rq.n_image_tokens, r->h->model.embd, r->h->model.image_outputs};
}

static bool check_size(const Run *r)
{
    int side = r->h->model.image_px;
    if (!side || !abi_facts->image_count)
        return true;
    int h = (int)r->rq.image_height / side, w = (int)r->rq.image_width / side, n = (int)r->rq.n_image_tokens;
    if (h * w != n)
        log_line("E rkllm: patch_h[%d] * patch_w[%d] != n_image_token[%d]!", h, w, n);
    return h * w == n;
}

bool images_usable(const Run *r)
{
    const Request *q = &r->rq;
    const char *count = abi_facts->image_count ? "n_image/n_image_token" : "n_image_token";
    if (faulty(&r->faults, FAULT_n_image_unset) || (has_images(r) && (!q->n_image || !q->n_image_tokens)))
        log_line("E rkllm: The %s of multimodal_input is not set", count);
    else if (has_images(r) && !q->embed)
        log_line("E rkllm: The image_embed of multimodal_input is empty");
    else if (has_images(r) && !strstr(q->text, TAG))
        log_line("E rkllm: multimodal input must contain the <image> tag, for plain text input, please use prompt_input");
    else
        return !has_images(r) || check_size(r);
    return false;
}

static void add(Run *r, const int32_t *ids, size_t count)
{
    r->ids = realloc(r->ids, (r->n_ids + count + 1) * sizeof *r->ids);
    if (!r->ids)
        abort();
    if (count)
        memcpy(r->ids + r->n_ids, ids, count * sizeof *ids);
    r->n_ids += count;
}

static void add_text(Run *r, const char *text, size_t len)
{
    size_t count;
    int32_t *ids = tokenizer_encode(&r->h->model.tokenizer, text, len, &count);
    add(r, ids, count);
    free(ids);
}

static void add_images(Run *r, const Pictures *p, size_t first, size_t count)
{
    add_text(r, r->rq.image_start ? r->rq.image_start : "", r->rq.image_start ? strlen(r->rq.image_start) : 0);
    for (size_t t = first * p->tokens; t < (first + count) * p->tokens; t++) {
        int32_t id = vision_id(p, t);
        add(r, &id, 1);
    }
    r->images_end = r->n_ids;
    add_text(r, r->rq.image_end ? r->rq.image_end : "", r->rq.image_end ? strlen(r->rq.image_end) : 0);
}

static size_t count_tags(const char *text)
{
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, TAG)); p += strlen(TAG))
        n++;
    return n;
}

// Either each image has a tag, or one tag stands for all images. Which other numbers the vendor's library allows is unknown.
int images_encode(Run *r)
{
    Pictures p = pictures(r);
    const char *text = r->prompt;
    size_t tags = count_tags(text), each = tags == 1 ? p.images : 1;
    if (tags * each != p.images && violation_mode() != VIOLATION_UNCHECKED) {
        violation("%zu tags <image> for %zu images", tags, p.images);
        return -1;
    }
    for (size_t i = 0; i < tags && (i + 1) * each <= p.images; i++) {
        const char *tag = strstr(text, TAG);
        add_text(r, text, (size_t)(tag - text));
        add_images(r, &p, i * each, each);
        text = tag + strlen(TAG);
    }
    add_text(r, text, strlen(text));
    return 0;
}

void images_log_reuse(const Run *r)
{
    if (r->images_end && r->n_ids - (size_t)r->prefill_tokens >= r->images_end)
        log_line("I rkllm: match same image, so keep the image_embed cache, total %zu", r->rq.n_image * r->rq.n_image_tokens);
}

void images_control(const Run *r, Buf *out)
{
    const Tokenizer *t = &r->h->model.tokenizer;
    bool in_image = false;
    buf_put(out, "", 0);
    for (size_t i = 0; i < r->n_ids; i++) {
        bool image = has_images(r) && r->ids[i] >= 0x40000000;
        const Piece *piece = image ? NULL : tokenizer_piece(t, r->ids[i]);
        if (image && !in_image)
            buf_printf(out, "%s" TAG, out->n ? " " : "");
        else if (piece && tokenizer_control(t, piece->text, (size_t)piece->len))
            buf_printf(out, "%s%.*s", out->n ? " " : "", piece->len, piece->text);
        in_image = image;
    }
}

void images_describe(Run *r, Buf *view, Buf *hashes)
{
    Pictures p = pictures(r), last = p;
    vision_describe(&p, view);
    vision_hashes(&p, hashes);
    if (!p.images)
        return;
    buf_printf(hashes, " start=%s end=%s content=%s", r->rq.image_start ? r->rq.image_start : "", r->rq.image_end ? r->rq.image_end : "",
               r->rq.image_content ? r->rq.image_content : "");
    if (faulty(&r->faults, FAULT_blend_images) && p.images > 1) {       // seen with Qwen3-VL on 1.2.3: the images are mixed up
        last.images = 1;
        last.embed += (p.images - 1) * p.tokens * (size_t)p.dim * (size_t)p.outputs;
        view->n = 0;
        vision_describe(&last, view);
    }
    if (!r->h->first_view)
        r->h->first_view = text_copy(view->p, view->n);
    if (faulty(&r->faults, FAULT_stale_image) && r->rq.keep_history) {  // seen on 1.2.1b1: the answer is about the first image
        view->n = 0;
        buf_text(view, r->h->first_view);
    }
}
