/* SPDX-License-Identifier: MIT */
/* call.h - one run of one codec function: what lies behind struct tenon_call.
 *
 * tn_call_begin, the codec's function, tn_call_end: all on one thread, the call on its stack. */
#ifndef TN_CALL_H
#define TN_CALL_H
#include "codec/services.h"
#include "codec/session.h"

/* Decoders that a call keeps. */
#define TN_CALL_DECODERS 4u

/* An object that the call releases at its end. */
struct tn_owned {
    void (*release) (void *it);
    void *it;
};

struct tn_call {
    struct tenon_call public; /* what the codec sees; first, so that a cast leads back */
    struct tn_session *session;
    void *handle; /* with TENON_DEBUG=abi: what the codec sees instead (rules.c); else NULL */
    enum tn_state state;
    uint64_t number; /* of the codec in the registry */
    const struct tn_codec *codec;

    /* probe */
    struct tn_source *source; /* source 0 */

    /* describe */
    uint32_t description; /* in session->catalog */
    const char *prefix;   /* "KEY/", which goes before tensor names; NULL: none */
    const char *metadata_prefix;
    uint32_t include_flags;
    tenon_status pending; /* what open_key, find or include returned last without recording a failure … */
    char pending_words[320];          /* … and the message, in case the codec returns that status … */
    struct tn_source *pending_source; /* … and the place that is at fault; NULL: none */
    uint64_t pending_offset;
    struct tn_keys *keys;       /* the store that a keyed codec describes; NULL: it has none */
    struct tn_archive *archive; /* the call is that of an archive's codec; NULL: it is not */
    uint32_t losing;            /* of an archive: the description whose tensors its losses are of */

    /* read, locate_chunk */
    const uint32_t *sources; /* the codec's numbers → the catalog's */
    uint32_t source_count;
    struct tn_locator *locator; /* locate_chunk: has the sources that it opened */

    /* probe, describe, read */
    struct tn_decoder *decoders; /* of the encoded sources that were read last; NULL: none was */
    unsigned next_decoder;       /* the oldest one, which the next source takes */

    /* write */
    struct tn_writer *writer;
    struct tn_range_reader *reader;     /* of the tensor that read_tensor was asked for last */
    const struct tn_pipeline *pipeline; /* of the member that was put last, in the session's arena */
    struct tn_batch *batch;             /* announced members, and the encoder of members */
    uint64_t announced;                 /* announced members that the codec has yet to ask for */

    struct tn_shown_grid **shown; /* grids of tensors of the plan, in scratch memory; NULL: none */
    struct tn_chunks *chunks;     /* tensors that are put in chunks; NULL: none is */

    struct tn_owned owned[3]; /* `reader`, `batch` and `chunks` */
    unsigned owned_count;
};

void tn_call_begin (struct tn_call *call, struct tn_session *session, enum tn_state state, uint64_t number);
/* Frees what the call owns. `result` is what the codec's function returned, or TENON_OK. The status is that
 * of the first recorded failure, also when the codec returned success; a failure that was not recorded gets a
 * message. */
tenon_status tn_call_end (struct tn_call *call, tenon_status result);
/* The two steps of it: frees what the call owns … */
void tn_call_free (struct tn_call *call);
/* … and judges what a function returned. A call with several functions judges each. */
tenon_status tn_call_judge (struct tn_call *call, tenon_status result);
/* The call's end releases the object. */
void tn_call_own (struct tn_call *call, void (*release) (void *), void *it);

/* Records that the codec breaks a rule of the ABI. */
tenon_status tn_call_misuse (struct tn_call *call, const char *words);
/* A codec that includes a source, or puts a member, is called by the host and calls it: each level takes some
 * of the stack, with the codec's own functions in it. So no limit raises this number: a stack of 128 KiB
 * holds it. */
#define TN_MOST_CALLS 20u
/* TENON_E_LIMIT if one more call would be too deep. */
tenon_status tn_call_check_depth (struct tn_call *call, const char *what, const char *verb);
tenon_status tn_call_refuse (struct tn_call *call, enum tn_service service);
/* The first step of a service that not every function may call: fails where it may not, and after a failure.
 */
#define TN_CALL_MAY(call, service)                                                                           \
    (tn_rule_allows (TN_SERVICE_##service, (call)->state) ? (call)->session->error->status                   \
                                                          : tn_call_refuse (call, TN_SERVICE_##service))
/* True while a source is described, be it by the codec of an archive, and while one is written. */
static inline bool
tn_call_describes (const struct tn_call *call)
{
    return (TN_FROM_DESCRIBE | TN_FROM_PARTS) & 1u << call->state;
}
static inline bool
tn_call_writes (const struct tn_call *call)
{
    return (TN_FROM_WRITE | TN_FROM_ENTRIES) & 1u << call->state;
}
/* A result that is no failure unless the codec returns it, with its words. */
tenon_status tn_call_answer (struct tn_call *call, tenon_status status, const char *words);
/* The same: a checksum of a kind that this version does not have. */
tenon_status tn_call_answer_check (struct tn_call *call, uint32_t kind);
/* The same: a file, a codec or a filter of this name is missing. */
tenon_status tn_call_answer_missing (struct tn_call *call, tenon_status status, const char *before,
                                     const char *name, uint64_t length, const char *behind);
/* The last step of a service: fills the codec's struct from the host's, as far as its struct_size reaches. */
tenon_status tn_call_reply (struct tn_call *call, void *theirs, const void *ours, size_t size);

/* A source by the codec's number. NULL: there is none, and that is recorded. */
struct tn_source *tn_call_find_source (struct tn_call *call, uint32_t number);
static inline struct tn_source *
tn_call_source (struct tn_call *call, uint32_t number)
{
    if (number == 0 && tn_call_describes (call)) { /* for each of a million tensors */
        const struct tn_catalog *catalog = call->session->catalog;
        const struct tn_description *description = &catalog->descriptions[call->description];
        if (description->count > 0)
            return catalog->sources[tn_description_sources (description)[0]];
    }
    return tn_call_find_source (call, number);
}
/* The source that an array is a range of; NULL: it is none. */
tenon_status tn_call_array_source (struct tn_call *call, const struct tenon_value *array,
                                   struct tn_source **source);
/* A tensor as the codec sees it. `source` becomes the codec's number of the tensor's source, which is its
 * place in `sources`, numbers of the catalog; UINT32_MAX: it has none. */
void tn_call_show_tensor (const struct tn_catalog *catalog, const struct tn_tensor *tensor,
                          const uint32_t *sources, uint32_t count, struct tenon_tensor *theirs);
/* Has the codec's number of a source that is in the catalog; a source that has one keeps it. */
tenon_status tn_call_number_source (struct tn_call *call, struct tn_source *source, uint32_t *number);
/* Reads decoded bytes of a source: through what was read ahead, or through a decoder that the call keeps. */
tenon_status tn_call_read (struct tn_call *call, struct tn_source *source, uint64_t offset, void *to,
                           uint64_t length);

/* ---- the services that read, for every state (call_read.c); the table is in host.c ---- */

tenon_status tn_host_read_at (struct tenon_call *public, uint32_t number, uint64_t offset, void *to,
                              uint64_t length);
const void *tn_host_view (struct tenon_call *public, uint32_t number, uint64_t offset, uint64_t length);

#endif
