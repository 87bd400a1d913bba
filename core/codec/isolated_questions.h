/* SPDX-License-Identifier: MIT */
/* isolated_questions.h - what an isolated child asks of the program. */
#ifndef TN_ISOLATED_QUESTIONS_H
#define TN_ISOLATED_QUESTIONS_H
#include "codec/wire.h"
#include <time.h>

/* Keys that the program told, and the codec has yet to ask for. */
struct tn_asked {
    uint32_t description; /* that asked */
    char *prefix;
    uint64_t length, from; /* of the prefix; tenon_key.next of the question */
    uint32_t how;          /* tenon_key.how */
    unsigned count;
    struct tenon_key keys[TN_WIRE_KEYS];
};

/* The user of tn_isolated_ask_progress. */
struct tn_question {
    struct tn_channel *channel;
    struct timespec last;
};

/* A file that the program sends. */
tenon_status tn_isolated_get_root (struct tn_channel *channel, struct tn_arena *arena,
                                   struct tn_source **source, tenon_error *error);
/* The file of a key in a folder: a source that the program has, and that has the same number here. */
tenon_status tn_isolated_ask_key (struct tn_call *call, const char *key, uint64_t length, uint32_t *number);
/* A key that locate_chunk opens, in a folder or an archive. */
tenon_status tn_isolated_open_key (struct tn_call *call, const char *key, uint64_t length, uint32_t *number);
/* The key of a folder behind that of `asked`, of which `next` and `how` count. *key is NULL when there are no
 * more; it is valid until the next call. */
tenon_status tn_isolated_next_key (struct tn_call *call, const char *prefix, uint64_t length,
                                   const struct tenon_key *asked, const struct tenon_key **key);
/* tenon_progress.report: asks the program's, a hundred times a second at most. */
int32_t tn_isolated_ask_progress (void *user, uint64_t done, uint64_t total);

#endif
