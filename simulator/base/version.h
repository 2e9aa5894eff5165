// version.h - the version of this build.
#pragma once

extern const char built_version[];
