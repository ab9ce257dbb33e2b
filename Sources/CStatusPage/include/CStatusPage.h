/* The status page, as the bytes of status.html. */
#ifndef MEGAPHONE_CSTATUSPAGE_H
#define MEGAPHONE_CSTATUSPAGE_H

#include <stddef.h>

/* Copies the page to a buffer of megaphone_status_page_size bytes. */
void megaphone_copy_status_page(void *buffer);

extern const size_t megaphone_status_page_size;

#endif
