// node_file.c - see node_file.h.
#include "node/node_file.h"
#include "base/message.h"
#include "base/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool node_on(void) { return *setting(SETTING_NODE, ""); }

int node_open(const char *name, int flags)
{
    char path[PATH_MAX];
    const char *directory = setting(SETTING_NODE, "");
    mkdir(directory, 0777);
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, flags | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        message("NODE", "cannot open %s: %s", path, strerror(errno));
    return fd;
}
