/* What the build command said about the build, by the variables of the environment that Package.swift reads. Empty
 * without them. */
#ifndef MEGAPHONE_CBUILDINFORMATION_H
#define MEGAPHONE_CBUILDINFORMATION_H

const char *megaphone_build_commit(void);
const char *megaphone_build_source(void);

#endif
