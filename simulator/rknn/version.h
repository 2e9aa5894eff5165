// version.h - the version of this build of librknnrt.so.
#pragma once

extern const char rknn_built_version[];
const char *rknn_version(void);         // the setting RKNN_VERSION, or that of the build
