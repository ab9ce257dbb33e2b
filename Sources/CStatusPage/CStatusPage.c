#include "CStatusPage.h"

#include <string.h>

/* #embed is C23. Clang accepts it in every language mode, with a warning. */
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char page[] = {
#embed "status.html"
};

const size_t megaphone_status_page_size = sizeof page;

void megaphone_copy_status_page(void *buffer) { memcpy(buffer, page, sizeof page); }
