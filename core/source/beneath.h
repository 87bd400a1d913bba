/* SPDX-License-Identifier: MIT */
/* beneath.h - opens files by keys, beneath a folder and nowhere else. */
#ifndef TN_BENEATH_H
#define TN_BENEATH_H
#include "base/base.h"

/* Where the symbolic links on the way may lead. Where the system cannot hold a way beneath a folder
 * (openat2), no link is followed at all. */
enum tn_links {
    TN_LINKS_BENEATH, /* to what lies beneath the folder */
    /* The link that a key without '/' is may lead anywhere: download caches are made of links to files
     * elsewhere. Keys with '/' are as above */
    TN_LINKS_OF_NAMES
};

/* openat of a key that has no fault (key.h), or of "." for the folder itself; O_CLOEXEC is added. -1: errno
 * says why. */
int tn_beneath_open (int folder, const char *key, int flags, enum tn_links links);
/* What is wrong with the links on the way, by the errno of tn_beneath_open, in words; NULL: it is no fault of
 * a link. */
const char *tn_beneath_fault (int number);

#endif
