// export.h - marks the functions that the library exports. All other symbols are hidden.
#pragma once

#define EXPORT __attribute__((visibility("default")))
