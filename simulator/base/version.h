// version.h - the version that this library was built as.
#pragma once

extern const char built_version[];
