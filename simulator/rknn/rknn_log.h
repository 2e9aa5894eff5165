// rknn_log.h - a log line of librknnrt.so, with its level and the time.
#pragma once

void rknn_log(char level, const char *format, ...) __attribute__((format(printf, 2, 3)));
