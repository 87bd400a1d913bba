/* SPDX-License-Identifier: MIT */
/* tally.h - many findings of the same kind as one, with their number and the first place. */
#ifndef CHECK_TALLY_H
#define CHECK_TALLY_H
#include "check/check.h"

/* Kinds that are kept apart; more of them are counted together. */
#define TALLY_KINDS 12

struct tally_kind {
    enum check_rule rule;
    char *first; /* where and what, of the first one */
    char *shape; /* its message without numbers and names */
    uint64_t count;
};
struct tally {
    struct tally_kind kinds[TALLY_KINDS];
    size_t count;
    uint64_t others;
};

/* Counts a finding: `where` it was, and what the message says. */
void tally_add (struct tally *tally, enum check_rule rule, const char *where, const char *message);
/* Reports what was counted, and empties it. */
void tally_tell (struct tally *tally, struct check *check, const char *subject);
#endif
