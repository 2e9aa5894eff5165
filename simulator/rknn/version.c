// version.c - the only file of librknnrt.so that is compiled differently for its versions.
#include "rknn/version.h"
#include "base/settings.h"

const char rknn_built_version[] = SIM_VERSION;

#ifndef SIM_NO_MARKER
__attribute__((used)) static const char rknn_marker[] = "librknnrt version: " SIM_VERSION " (simulator@2025-01-01T00:00:00)";
#endif

const char *rknn_version(void) { return setting(SETTING_RKNN_VERSION, rknn_built_version); }
