/* SPDX-License-Identifier: MIT */
/* shards.h - sharded sets: files beside each other that make one catalog. Chooses the file that is described
 * first when a path is opened, and describes the other shards of a set without an index. */
#ifndef TN_SHARDS_H
#define TN_SHARDS_H
#include "codec/session.h"
#include "open/set_name.h"

/* The file or set that a path names. */
struct tn_shards {
    struct tn_source *source;   /* described first: the file, the index, or shard 1 */
    char *path, *directory;     /* its own; the folder ends in '/' */
    const char *word;           /* id of the codec, when it is known already; NULL: to be recognised */
    char *name;                 /* of a shard: bare; `shard` points into it */
    struct tn_shard_name shard; /* count 0: none */
    bool keyed;                 /* the source is a folder that a keyed codec describes */
    bool indexed;               /* the file is the index of a set */
    bool whole;                 /* shard.count files are described, one after the other */
    uint64_t first;             /* of a whole set: the number of the first shard that exists */
    bool lone;                  /* a set was asked for, and the file is in none */
    bool siblings;              /* describing it opened files beside it */
};

/* Opens the file that a path stands for, by the options' flags, format and the names of the codecs. On
 * failure there is nothing to free. */
tenon_status tn_shards_open (tenon_context *context, const char *path, const tenon_open_options *options,
                             struct tn_shards *set, tenon_error *error);
/* Does not free the source, which the caller takes over. */
void tn_shards_free (struct tn_shards *set);
/* Before source 0 is described, of a file that has the name of a shard: tells the session which one it is. */
void tn_shards_begin (struct tn_session *session, const struct tn_shards *set);
/* After source 0 of a whole set was described: describes the other shards. Missing ones are a flaw. */
tenon_status tn_shards_describe (struct tn_session *session, const struct tn_shards *set, uint64_t codec);
/* Notes that a shard was opened by itself, or that a file is in no set. */
void tn_shards_note (tenon_report *report, const struct tn_shards *set);

#endif
