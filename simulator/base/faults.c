// faults.c - reads the fault list and counts calls, per process. With the setting FAULT_STATE, counts across processes.
#include "base/faults.h"
#include "base/message.h"
#include "base/settings.h"
#include "base/text.h"
#include "base/violation.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const struct { FaultClass class; const char *name; } known[] = {
#define F(class, name) {CLASS_##class, #name},
    FAULTS(F)
#undef F
};

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static long in_process[FAULT_COUNT];

typedef struct { Fault fault; long nth; const char *arg; } Spec;        // nth 0: every call

static Fault find(const char *name, size_t len)
{
    for (int i = 0; i < FAULT_COUNT; i++)
        if (strlen(known[i].name) == len && !memcmp(known[i].name, name, len))
            return (Fault)i;
    return FAULT_COUNT;
}

static Spec parse(char *item)
{
    Spec s = {.arg = ""};
    char *colon = strchr(item, ':'), *at = strchr(item, '@');
    if (colon) {
        *colon = 0;
        s.arg = colon + 1;
    }
    if (at && (!colon || at < colon)) {
        *at = 0;
        s.nth = atol(at + 1);
    }
    s.fault = find(item, strlen(item));
    return s;
}

static void set_on(FaultSet *set, const Spec *s)
{
    set->any = set->on[s->fault] = true;
    snprintf(set->arg[s->fault], sizeof set->arg[0], "%s", s->arg);
}

// Increments the counter of a fault in a text file with one line "name count" per fault. The file is locked meanwhile.
static long count_in_file(const char *path, Fault f)
{
    long counts[FAULT_COUNT] = {0}, count;
    char name[64], text[FAULT_COUNT * 48];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return ++in_process[f];
    flock(fd, LOCK_EX);
    ssize_t got = read(fd, text, sizeof text - 1);
    text[got > 0 ? got : 0] = 0;
    for (char *p = text; sscanf(p, "%63s %ld", name, &count) == 2;) {
        Fault known_fault = find(name, strlen(name));
        if (known_fault < FAULT_COUNT)
            counts[known_fault] = count;
        p += strcspn(p, "\n");
        p += *p == '\n';
    }
    counts[f]++;
    int len = 0;
    for (int i = 0; i < FAULT_COUNT; i++)
        if (counts[i])
            len += snprintf(text + len, sizeof text - (size_t)len, "%s %ld\n", known[i].name, counts[i]);
    if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)len, 0) != len)
        message("FAULT", "cannot write %s", path);
    close(fd);
    return counts[f];
}

static void draw_list(const char *list, FaultClass class, bool *counted, long *counts, FaultSet *out)
{
    const char *state = setting(SETTING_FAULT_STATE, NULL);
    char *copy = text_copy(list, strlen(list)), *rest = copy, *item;
    while ((item = strtok_r(rest, ", ", &rest))) {
        Spec s = parse(item);
        if (s.fault == FAULT_COUNT) {
            violation("RKLLM_SIMULATOR_FAULT names an unknown fault: %s", item);
            continue;
        }
        if (known[s.fault].class != class)
            continue;
        if (!counted[s.fault]) {       // a fault that is listed twice is counted once
            counted[s.fault] = true;
            counts[s.fault] = state ? count_in_file(state, s.fault) : ++in_process[s.fault];
        }
        if (!s.nth || s.nth == counts[s.fault])
            set_on(out, &s);
    }
    free(copy);
}

void faults_draw(FaultClass class, const char *of_model, FaultSet *out)
{
    bool counted[FAULT_COUNT] = {false};
    long counts[FAULT_COUNT] = {0};
    memset(out, 0, sizeof *out);
    pthread_mutex_lock(&counting);
    draw_list(setting(SETTING_FAULT, ""), class, counted, counts, out);
    if (of_model)
        draw_list(of_model, class, counted, counts, out);
    pthread_mutex_unlock(&counting);
}

bool faults_add(FaultSet *set, const char *name_and_arg)
{
    char *copy = text_copy(name_and_arg, strlen(name_and_arg));
    Spec s = parse(copy);
    bool ok = s.fault < FAULT_COUNT && known[s.fault].class == CLASS_RUN;
    if (ok)
        set_on(set, &s);
    free(copy);
    return ok;
}

bool faulty(const FaultSet *set, Fault fault) { return set->on[fault]; }
const char *fault_arg(const FaultSet *set, Fault fault) { return set->arg[fault]; }

long fault_number(const FaultSet *set, Fault fault, long otherwise)
{
    char *end;
    long v = strtol(set->arg[fault], &end, 10);
    return end == set->arg[fault] ? otherwise : v;
}

bool fault_drawn(FaultClass class, Fault fault, const char *of_model)
{
    FaultSet set;
    faults_draw(class, of_model, &set);
    return faulty(&set, fault);
}

void crash(void)
{
    int *volatile nowhere = (int *)16;
    *nowhere = 0;
}
