// export.h - marks the functions that a library exports. All other symbols are hidden.
#pragma once

#define EXPORT __attribute__((visibility("default")))
