/* SPDX-License-Identifier: MIT */
/* tell.h - what a child shares with the command: pages of memory, and a pipe for records. */
#ifndef CHECK_TELL_H
#define CHECK_TELL_H
#include "check.h"
#include <stdatomic.h>

/* Shared memory. The child writes it, but for the descriptors. */
struct check_child {
    int pipe;   /* where records go */
    int output; /* the file that is the child's standard output and standard error */
    _Atomic uint64_t number, counted;
    _Atomic uint64_t began;   /* milliseconds of the monotonic clock: when the item began */
    _Atomic uint64_t printed; /* bytes of the output that were looked at */
    _Atomic bool finished;    /* the step has returned */
    char doing[512];
};

/* A record is written at once, and is not longer than a pipe takes at once (PIPE_BUF is 4096 bytes or more),
 * so records of several threads do not mix, and none is cut when the process dies. */
enum { RECORD_FINDING = 'F', RECORD_LEFT_OUT = 'L', RECORD_SAMPLE = 'S' };
enum { RECORD_MADE = 1, RECORD_FOLDER = 2 };
struct record {
    uint32_t kind, rule; /* of a sample: RECORD_MADE, RECORD_FOLDER */
    uint32_t subject, message;
};
/* The longest texts, with their ends. */
enum { SUBJECT_ROOM = 1024, MESSAGE_ROOM = 2048 };

/* Milliseconds of the monotonic clock. */
uint64_t milliseconds_now (void);
/* The line that says most of what the child has printed since it was looked at last. False: it has printed
 * nothing. */
bool tell_line (const struct check_child *child, char *line, size_t room);
/* A finding if the child has printed something since it was looked at last. */
void tell_output (struct check *check);
#endif
