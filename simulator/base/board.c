// board.c - see board.h.
#include "base/board.h"
#include "base/settings.h"
#include "base/version.h"

const char *runtime_version(void) { return setting(SETTING_VERSION, built_version); }
const char *driver_version(void) { return setting(SETTING_DRIVER, "0.9.8"); }
const char *platform_name(void) { return setting(SETTING_PLATFORM, "RK3588"); }
