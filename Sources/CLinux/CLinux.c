#define _GNU_SOURCE
#include "CLinux.h"

#include <sched.h>

int megaphone_allowed_processors(void) {
    cpu_set_t processors;
    return sched_getaffinity(0, sizeof processors, &processors) == 0 ? CPU_COUNT(&processors) : 0;
}
