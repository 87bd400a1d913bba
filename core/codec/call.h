/* SPDX-License-Identifier: MIT */
/* call.h - one run of one codec function: what is behind struct tenon_call. */
#ifndef TN_CALL_H
#define TN_CALL_H
#include "catalog/catalog.h"
#include "sink/sink.h"
#include "source/readahead.h"

enum tn_state { TN_CALL_PROBE, TN_CALL_DESCRIBE, TN_CALL_READ, TN_CALL_WRITE };

/* What all calls of one open, or one save, share. */
struct tn_session {
    tenon_context *context;
    tenon_error *error;
    tenon_report *report;
    const struct tn_overlay *overlay;
    struct tn_catalog *catalog; /* describe: being filled; read: the file's; write: the plan's own */
    struct tn_source *const *metadata_sources; /* write: what the sources in metadata values count */
    uint64_t metadata_source_count;
    struct tn_arena arena;       /* scratch, released call by call */
    struct tn_readahead *window; /* describe and probe; NULL: nothing is read ahead */
    const tenon_progress *progress;
    const char *directory; /* of the file, for siblings; NULL: none */
    uint64_t members;      /* parts and siblings so far */
    uint64_t nested;       /* bytes of encoded parts in encoded parts so far */
    uint32_t depth;        /* include within include */
    struct { /* of the file that is described, not of what it includes: see struct tenon_shard_info */
        uint64_t number, count, tensors, shared[8];
        bool whole;
    } set;
    bool may_map;
    bool asked_to_stop;
    bool quiet_probe; /* probing: failures of reads are no failures */
};

struct tn_writer; /* write.h */

/* What goes when the call ends. */
struct tn_owned {
    void (*release) (void *it);
    void *it;
};

struct tn_call {
    struct tenon_call public; /* what the codec sees; first */
    struct tn_session *session;
    enum tn_state state;
    uint64_t codec;
    uint32_t description;    /* in run->catalog, describe */
    const uint32_t *sources; /* the codec's numbers → the catalog's; read */
    uint32_t source_count;
    struct tn_source *source; /* source 0; probe */
    const char *prefix;       /* "KEY/" before tensor names, or NULL */
    const char *metadata_prefix;
    uint32_t include_flags;
    struct tn_decoder *decoders; /* of the encoded sources that were read last; NULL: none */
    unsigned next_decoder;
    struct tn_writer *writer;        /* write */
    struct tn_range_reader *reading; /* write: of the tensor that read_tensor was asked for last */
    struct tn_batch *batch;          /* write: announced members, and the encoder of members */
    uint64_t announced;              /* write: how many announced members the codec has yet to ask for */
    struct tn_owned owned[2];        /* its reading, its batch */
    unsigned owned_count;
    bool reads;
    tenon_status pending;    /* what sibling or include returned without recording it … */
    char pending_words[200]; /* … in case the codec returns it */
};

/* Runs a codec's function with a fresh call and cleans up after it. The first failure wins; success after a
 * failure is the failure; a status that nobody recorded gets words. */
/* `release` gets it when the call ends. */
void tn_call_own (struct tn_call *call, void (*release) (void *), void *it);
void tn_call_begin (struct tn_call *call, struct tn_session *session, enum tn_state state, uint64_t codec);
tenon_status tn_call_end (struct tn_call *call, tenon_status result);
static inline struct tn_call *
tn_call_of (struct tenon_call *public)
{
    return (struct tn_call *) public;
}
const struct tn_codec *tn_call_codec (const struct tn_call *call);
/* A source by the codec's number; NULL: no such number, and that is recorded. */
struct tn_source *tn_call_source (struct tn_call *call, uint32_t number);
tenon_status tn_call_misuse (struct tn_call *call, const char *words);
/* May it call a service of describe? False: *status is the failure, of now or of before. */
bool tn_call_describes (struct tn_call *call, tenon_status *status);
/* Reads a source; the call keeps a decoder for an encoded one. */
tenon_status tn_call_read (struct tn_call *call, struct tn_source *source, uint64_t offset, void *to,
                           uint64_t length);

/* ---- services, one file for each group; the table is in host.c ---- */
extern const struct tenon_host tn_host;

/* call_describe.c */
void tn_host_expect (struct tenon_call *, uint64_t, uint64_t);
tenon_status tn_host_add_dtype (struct tenon_call *, const struct tenon_dtype *, uint32_t *);
tenon_status tn_host_add_tensor (struct tenon_call *, struct tenon_tensor *);
tenon_status tn_host_add_metadata (struct tenon_call *, const char *, uint64_t, const struct tenon_value *);
tenon_status tn_host_find (struct tenon_call *, const char *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_described (struct tenon_call *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_shard_info (struct tenon_call *, struct tenon_shard_info *);
/* call_sources.c */
tenon_status tn_host_add_part (struct tenon_call *, const struct tenon_part *, uint32_t *);
tenon_status tn_host_sibling (struct tenon_call *, const char *, uint64_t, uint32_t *);
tenon_status tn_host_include (struct tenon_call *, uint32_t, const struct tenon_include *);
/* write_host.c */
tenon_status tn_host_plan_info (struct tenon_call *, struct tenon_plan_info *);
tenon_status tn_host_plan_tensor (struct tenon_call *, uint64_t, struct tenon_tensor *);
tenon_status tn_host_plan_metadata (struct tenon_call *, uint64_t, const char **, uint64_t *,
                                    struct tenon_value *);
tenon_status tn_host_put (struct tenon_call *, const void *, uint64_t);
tenon_status tn_host_put_tensor (struct tenon_call *, uint64_t, const struct tenon_layout *);
tenon_status tn_host_put_old (struct tenon_call *, uint64_t);
tenon_status tn_host_put_items (struct tenon_call *, const struct tenon_value *, uint32_t);
tenon_status tn_host_align (struct tenon_call *, uint64_t, uint32_t);
uint64_t tn_host_tell (struct tenon_call *);
tenon_status tn_host_patch (struct tenon_call *, uint64_t, const void *, uint64_t);
tenon_status tn_host_next_file (struct tenon_call *, const char *, uint64_t);
/* write_read.c */
tenon_status tn_host_read_tensor (struct tenon_call *, uint64_t, const struct tenon_layout *, uint64_t,
                                  void *, uint64_t);
/* member.c */
tenon_status tn_host_put_member (struct tenon_call *, const struct tenon_member *,
                                 struct tenon_member_result *);

/* serve.c: for struct tn_catalog */
tenon_status tn_serve (struct tn_catalog *catalog, const struct tn_tensor *tensor,
                       const struct tenon_region *region, void *to, uint64_t size, tenon_error *error);

/* ---- describe.c ---- */

/* Describes source `number` of the catalog with a codec; `prefix` and so on as in struct tn_call. */
tenon_status tn_describe (struct tn_session *session, uint32_t source, uint64_t codec, const char *prefix,
                          const char *metadata_prefix, uint32_t include_flags);
/* After all: overlaps, in each source whose ranges did not come in rising order. */
tenon_status tn_check_overlaps (struct tn_catalog *catalog, tenon_error *error);

/* ---- recognise.c ---- */

/* Which codec takes a source: magic or probe, then the longest extension, then priority. `word`: the user's
 * --format, or NULL. Bids go to `report` when it is not NULL. TENON_E_UNRECOGNISED and TENON_E_AMBIGUOUS
 * are recorded in run->error unless `quiet`. */
tenon_status tn_recognise (struct tn_session *session, struct tn_source *source, const char *word,
                           uint64_t *codec, bool quiet, tenon_report *report);

#endif
