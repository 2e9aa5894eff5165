// export.h - marks the functions that the library exports. Nothing else is visible from outside.
#pragma once

#define EXPORT __attribute__((visibility("default")))
