#pragma once

#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop. The compiler provides it without a header.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));
