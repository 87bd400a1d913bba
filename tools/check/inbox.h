/* SPDX-License-Identifier: MIT */
/* inbox.h - the records of a child, as they come out of its pipe. */
#ifndef CHECK_INBOX_H
#define CHECK_INBOX_H
#include "finding.h"
#include "tell.h"

/* A plugin can write into the pipe, too: a record may be wrong, or its end may never come. */
struct inbox {
    int fd; /* does not block */
    size_t filled;
    unsigned char bytes[2 * (sizeof (struct record) + SUBJECT_ROOM + MESSAGE_ROOM)];
};

/* Takes what is in the pipe, or a part of it, and adds the records that are whole to the result. False: the
 * pipe has ended, or holds what is no record: nothing more is to be read. */
bool inbox_take (struct inbox *inbox, struct check_result *result);
#endif
