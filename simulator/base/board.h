// board.h - the simulated board: what the first log line reports.
#pragma once

const char *runtime_version(void);      // the setting VERSION, or the version that was built
const char *driver_version(void);
const char *platform_name(void);
