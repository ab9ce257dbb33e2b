#include "CBuildInformation.h"

const char *megaphone_build_commit(void) { return MEGAPHONE_COMMIT; }
const char *megaphone_build_source(void) { return MEGAPHONE_SOURCE; }
