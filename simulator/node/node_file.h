// node_file.h - the files of the simulated node, which its processes share. They are in the directory of the setting NODE.
#pragma once
#include <stdbool.h>

bool node_on(void);                     // whether NODE is set
int node_open(const char *name, int flags);     // creates the directory and the file if missing; -1 if it cannot
