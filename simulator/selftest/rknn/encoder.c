// encoder.c - a host that tests one build of librknnrt.so, alone and beside librkllmrt.so.
// encoder LIBRKNNRT LIBRKLLMRT DEMO_MODEL SCRATCH_DIR [clean] prints one line per check; "clean" skips checks that expect a crash.
// Each check runs in its own process.
#define _GNU_SOURCE
#include "abi/abi.h"
#include "rknn/abi.h"
#include <dlfcn.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    int (*init)(rknn_context *, void *, uint32_t, uint32_t, void *);
    int (*query)(rknn_context, rknn_query_cmd, void *, uint32_t);
    int (*core_mask)(rknn_context, rknn_core_mask);
    int (*inputs_set)(rknn_context, uint32_t, rknn_input *);
    int (*run)(rknn_context, void *);
    int (*outputs_get)(rknn_context, uint32_t, rknn_output *, void *);
    int (*outputs_release)(rknn_context, uint32_t, rknn_output *);
    int (*destroy)(rknn_context);
} api;

static struct {
    RKLLMParam (*defaults)(void);
    int (*init)(LLMHandle *, RKLLMParam *, void *);
    int (*run)(LLMHandle, RKLLMInput *, RKLLMInferParam *, void *);
    int (*destroy)(LLMHandle);
} llm;

static const char *demo, *scratch;
static bool clean;
static int passed, failed;

#define TINY "\"px\": 8, \"tokens\": 4, \"embed\": 16"

static void set(const char *name, const char *value)
{
    char variable[100];
    snprintf(variable, sizeof variable, "RKLLM_SIMULATOR_%s", name);
    setenv(variable, value, 1);
}

static int open_text(rknn_context *c, const char *json)
{
    char path[400];
    snprintf(path, sizeof path, "%s/encoder.rknn", scratch);
    FILE *f = fopen(path, "w");
    fprintf(f, "RKSIMNN1\n%s", json);
    fclose(f);
    return api.init(c, path, 0, RKNN_FLAG_DISABLE_PROC_HIGH_PRIORITY, NULL);
}

static rknn_context open_tiny(void)
{
    rknn_context c = 0;
    return open_text(&c, "{" TINY "}") ? 0 : c;
}

static int give(rknn_context c, unsigned char *rgb, uint32_t size)
{
    rknn_input input = {.buf = rgb, .size = size, .type = RKNN_TENSOR_UINT8, .fmt = RKNN_TENSOR_NHWC};
    return api.inputs_set(c, 1, &input);
}

// The picture has a red, a green, a blue and a gray quarter.
static void paint(unsigned char *rgb)
{
    static const unsigned char colors[4][3] = {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {102, 102, 102}};
    for (int y = 0; y < 8; y++)
        for (int x = 0; x < 8; x++)
            memcpy(rgb + (y * 8 + x) * 3, colors[y / 4 * 2 + x / 4], 3);
}

static bool encode(rknn_context c, unsigned char *rgb, float *row, int outputs)
{
    rknn_output out[4] = {{.want_float = 1}, {.want_float = 1, .index = 1}, {.want_float = 1, .index = 2}, {.want_float = 1, .index = 3}};
    if (give(c, rgb, 192) || api.run(c, NULL) || api.outputs_get(c, (uint32_t)outputs, out, NULL) || out[0].size != 256)
        return false;
    for (int i = 0; i < outputs; i++)
        memcpy(row + i * 64, out[i].buf, 256);
    return !api.outputs_release(c, (uint32_t)outputs, out);
}

static bool near(float a, float b) { return fabsf(a - b) < 1e-6f; }

static bool attributes(void)
{
    rknn_context c;
    rknn_input_output_num n;
    rknn_tensor_attr in = {0}, out = {.index = 3}, none = {.index = 4};
    rknn_sdk_version version;
    bool ok = !open_text(&c, "{\"px\": 448, \"outputs\": 4, \"tokens\": 196, \"embed\": 2048}");
    ok = ok && !api.query(c, RKNN_QUERY_IN_OUT_NUM, &n, sizeof n) && n.n_input == 1 && n.n_output == 4;
    ok = ok && !api.query(c, RKNN_QUERY_INPUT_ATTR, &in, sizeof in) && in.n_dims == 4 && in.dims[1] == 448 && in.dims[3] == 3;
    ok = ok && in.n_elems == 602112 && in.size == 1204224 && in.fmt == RKNN_TENSOR_NHWC && in.type == RKNN_TENSOR_FLOAT16;
    ok = ok && !api.query(c, RKNN_QUERY_OUTPUT_ATTR, &out, sizeof out) && out.n_dims == 2 && out.dims[0] == 196;
    ok = ok && out.dims[1] == 2048 && out.size == 802816 && out.fmt == RKNN_TENSOR_UNDEFINED && out.index == 3;
    ok = ok && api.query(c, RKNN_QUERY_OUTPUT_ATTR, &none, sizeof none) == RKNN_ERR_PARAM_INVALID;
    ok = ok && !api.query(c, RKNN_QUERY_SDK_VERSION, &version, sizeof version) && strstr(version.api_version, "(simulator");
    return ok && !api.core_mask(c, RKNN_NPU_CORE_0_1_2) && !api.destroy(c);
}

static bool colors(void)                // of the quarters, in the order of the tokens
{
    unsigned char rgb[192];
    float row[64];
    rknn_context c = open_tiny();
    paint(rgb);
    bool ok = c && encode(c, rgb, row, 1) && near(row[0], 1) && near(row[1], 0) && near(row[17], 1) && near(row[34], 1);
    return ok && near(row[48], .4f) && near(row[3], 8.0f / 4096) && near(row[21], 1.0f / 4096) && !api.destroy(c);
}

static bool every_pixel_counts(void)
{
    unsigned char rgb[192];
    float before[64], after[64], again[64];
    rknn_context c = open_tiny();
    paint(rgb);
    bool ok = c && encode(c, rgb, before, 1) && encode(c, rgb, again, 1) && !memcmp(before, again, sizeof before);
    unsigned char first = rgb[0];
    rgb[0] = rgb[3] = 254;              // the same mean as 253 and 255
    ok = ok && encode(c, rgb, before, 1);
    rgb[0] = 253;
    rgb[3] = 255;
    ok = ok && first && encode(c, rgb, after, 1);
    return ok && near(before[0], after[0]) && !near(before[8], after[8]) && !memcmp(before + 16, after + 16, 48) && !api.destroy(c);
}

static bool four_outputs(void)          // have different rows, and say which output they are
{
    unsigned char rgb[192];
    float rows[256];
    rknn_context c;
    paint(rgb);
    bool ok = !open_text(&c, "{" TINY ", \"outputs\": 4, \"leading_one\": true}") && encode(c, rgb, rows, 4);
    for (int i = 0; ok && i < 4; i++)
        ok = near(rows[i * 64 + 6], (float)i / 16) && near(rows[i * 64 + 7], .25f) && (!i || !near(rows[i * 64 + 8], rows[8]));
    return ok && !api.destroy(c);
}

static bool floats(void)                // the host normalises; the values are turned back into pixels
{
    unsigned char rgb[192];
    float values[192], expected[64], row[64];
    rknn_context a = open_tiny(), b;
    rknn_input input = {.buf = values, .size = sizeof values, .type = RKNN_TENSOR_FLOAT32, .fmt = RKNN_TENSOR_NCHW};
    rknn_output out = {.want_float = 1, .is_prealloc = 1, .buf = row, .size = sizeof row};
    paint(rgb);
    for (int i = 0; i < 64; i++)
        for (int k = 0; k < 3; k++)
            values[k * 64 + i] = ((float)rgb[i * 3 + k] / 255 - .5f) / .5f;
    bool ok = a && encode(a, rgb, expected, 1) && !open_text(&b, "{" TINY ", \"fmt\": \"NCHW\", \"normalize\": \"half\"}");
    ok = ok && !api.inputs_set(b, 1, &input) && !api.run(b, NULL) && !api.outputs_get(b, 1, &out, NULL);
    return ok && !memcmp(row, expected, sizeof row) && !api.outputs_release(b, 1, &out) && !api.destroy(a) && !api.destroy(b);
}

static bool refusals(void)
{
    rknn_context c = 0;
    char path[400];
    snprintf(path, sizeof path, "%s/absent.rknn", scratch);
    bool ok = api.init(&c, path, 0, 0, NULL) == RKNN_ERR_FAIL && api.init(&c, (void *)demo, 0, 0, NULL) == RKNN_ERR_MODEL_INVALID;
    ok = ok && open_text(&c, "{\"platform\": \"rk3576\"}") == RKNN_ERR_TARGET_PLATFORM_UNMATCH && !c;
    set("FAULT", "rknn_init:-3");
    ok = ok && open_text(&c, "{" TINY "}") == RKNN_ERR_DEVICE_UNAVAILABLE;
    set("FAULT", "rknn_run@1:-2,rknn_outputs@2");
    unsigned char rgb[192] = {0};
    float row[64];
    ok = ok && !open_text(&c, "{" TINY "}") && !give(c, rgb, 192) && api.run(c, NULL) == RKNN_ERR_TIMEOUT && encode(c, rgb, row, 1);
    return ok && !encode(c, rgb, row, 1) && encode(c, rgb, row, 1) && !api.destroy(c);
}

static int quiet(RKLLMResult *r, void *userdata, LLMCallState state)
{
    (void)r;
    (void)userdata;
    (void)state;
    return 0;
}

static LLMHandle open_llm(int domain)
{
    LLMHandle h = NULL;
    RKLLMParam p = llm.defaults();
    p.model_path = demo;
    p.max_context_len = 1024;
    p.max_new_tokens = 10;
    p.extend_param.base_domain_id = domain;
    return llm.init(&h, &p, quiet) ? NULL : h;
}

static rknn_context encoder;
static unsigned char black[192];
static int overlap_result;
static int run_encoder(RKLLMResult *r, void *userdata, LLMCallState state)
{
    (void)r;
    (void)userdata;
    (void)state;
    overlap_result |= give(encoder, black, 192) || api.run(encoder, NULL) ? 1 : 2;
    return 0;
}

static void use_node(void)
{
    char path[400];
    snprintf(path, sizeof path, "%s/node-%d", scratch, (int)getpid());
    set("NODE", path);
}

static bool overlap(void)               // a run of the encoder during a run of the language model
{
    use_node();
    LLMHandle h = NULL;
    RKLLMParam p = llm.defaults();
    p.model_path = demo;
    p.max_context_len = 1024;
    p.max_new_tokens = 2;
    encoder = open_tiny();
    RKLLMInput input = {.input_type = RKLLM_INPUT_PROMPT, .prompt_input = "!count 2"};
    RKLLMInferParam infer = {0};
    bool ok = encoder && !llm.init(&h, &p, run_encoder) && !llm.run(h, &input, &infer, NULL) && overlap_result & 1;
    return ok && !give(encoder, black, 192) && !api.run(encoder, NULL) && !llm.destroy(h) && !api.destroy(encoder);
}

static bool domain_0(void)              // is shared with language models that begin there
{
    use_node();
    set("OOM", "fail");
    rknn_context c, other = 0;
    LLMHandle h = open_llm(0);
    bool ok = h && open_text(&c, "{" TINY ", \"bytes\": 4000000000}") == RKNN_ERR_MODEL_INVALID && !llm.destroy(h);
    ok = ok && (h = open_llm(1)) && !open_text(&c, "{" TINY ", \"bytes\": 4000000000}");
    ok = ok && open_text(&other, "{" TINY ", \"bytes\": 4000000000}") == RKNN_ERR_MODEL_INVALID && !api.destroy(c);
    return ok && !open_text(&other, "{" TINY ", \"bytes\": 4000000000}") && !api.destroy(other) && !llm.destroy(h);
}

static rknn_context ready(void)         // with outputs that can be read
{
    rknn_context c = open_tiny();
    return give(c, black, 192) || api.run(c, NULL) ? 0 : c;
}

static bool run_without_input(void) { return api.run(open_tiny(), NULL); }
static bool wrong_size(void) { return give(open_tiny(), black, 191); }
static bool outputs_without_run(void) { return api.outputs_get(open_tiny(), 1, &(rknn_output){.want_float = 1}, NULL); }
static bool too_many_outputs(void) { return api.outputs_get(ready(), 2, (rknn_output[2]){{.want_float = 1}, {.want_float = 1}}, NULL); }
static bool unreleased(void)
{
    rknn_context c = ready();
    return api.outputs_get(c, 1, &(rknn_output){.want_float = 1}, NULL) || api.destroy(c);
}
static bool use_after_destroy(void)
{
    rknn_context c = open_tiny();
    return api.destroy(c) || give(c, black, 192);
}
static bool segv(void)
{
    set("FAULT", "rknn_segv");
    return !ready();
}

static void check(const char *name, bool (*body)(void), int expect)
{
    int status;
    if (clean && expect)
        return;
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        if (!freopen("/dev/null", "w", stdout) || (expect && !freopen("/dev/null", "w", stderr)))
            _exit(3);
        alarm(10);
        exit(body() ? 0 : 1);
    }
    waitpid(pid, &status, 0);
    bool ok = expect ? WIFSIGNALED(status) && WTERMSIG(status) == expect : !status;
    *(ok ? &passed : &failed) += 1;
    printf(ok ? "ok   %s\n" : "FAIL %s: status 0x%x\n", name, status);
}

static void *function(void *lib, const char *name)
{
    void *f = dlsym(lib, name);
    if (!f)
        fprintf(stderr, "no %s\n", name);
    return f;
}

int main(int argc, char **argv)
{
    void *lib = argc >= 5 ? dlopen(argv[1], RTLD_NOW) : NULL, *other = lib ? dlopen(argv[2], RTLD_NOW) : NULL;
    if (!lib || !other) {
        fprintf(stderr, "%s\n", argc >= 5 ? dlerror() : "encoder LIBRKNNRT LIBRKLLMRT DEMO_MODEL SCRATCH_DIR [clean]");
        return 2;
    }
    demo = argv[3];
    scratch = argv[4];
    clean = argc > 5;
    *(void **)&api.init = function(lib, "rknn_init");
    *(void **)&api.query = function(lib, "rknn_query");
    *(void **)&api.core_mask = function(lib, "rknn_set_core_mask");
    *(void **)&api.inputs_set = function(lib, "rknn_inputs_set");
    *(void **)&api.run = function(lib, "rknn_run");
    *(void **)&api.outputs_get = function(lib, "rknn_outputs_get");
    *(void **)&api.outputs_release = function(lib, "rknn_outputs_release");
    *(void **)&api.destroy = function(lib, "rknn_destroy");
    *(void **)&llm.defaults = function(other, "rkllm_createDefaultParam");
    *(void **)&llm.init = function(other, "rkllm_init");
    *(void **)&llm.run = function(other, "rkllm_run");
    *(void **)&llm.destroy = function(other, "rkllm_destroy");
    set("SPEED", "0");
    check("encoder: attributes", attributes, 0);
    check("encoder: colours of the quarters", colors, 0);
    check("encoder: every pixel counts", every_pixel_counts, 0);
    check("encoder: four outputs", four_outputs, 0);
    check("encoder: floats that the host normalised", floats, 0);
    check("encoder: refusals and faults", refusals, 0);
    check("encoder: a run during a run of the language model", overlap, 0);
    check("encoder: domain 0", domain_0, 0);
    check("encoder: rknn_run without an input", run_without_input, SIGABRT);
    check("encoder: an input of the wrong size", wrong_size, SIGABRT);
    check("encoder: rknn_outputs_get without a run", outputs_without_run, SIGABRT);
    check("encoder: more outputs than the model has", too_many_outputs, SIGABRT);
    check("encoder: outputs that are not released", unreleased, SIGABRT);
    check("encoder: use after rknn_destroy", use_after_destroy, SIGABRT);
    check("fault rknn_segv", segv, SIGSEGV);
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
