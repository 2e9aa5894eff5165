// board.h - properties of the simulated board. The first log line reports them.
#pragma once

const char *runtime_version(void);      // the setting VERSION; if unset, the version of the build
const char *driver_version(void);
const char *platform_name(void);
