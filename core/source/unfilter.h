/* SPDX-License-Identifier: MIT */
/* unfilter.h - a pipeline of filters that decodes: the last step first. Between two filters lies a buffer.
 *
 * A function fails if a filter could not be asked, or if what lies between two filters exceeds a limit, and
 * then `error` says so, with the source. What the filters said of the bytes is a result. */
#ifndef TN_UNFILTER_H
#define TN_UNFILTER_H
#include "source/stage.h"

/* What a filter gets from the one before it in decoding. */
struct tn_between {
    uint8_t *bytes;
    uint64_t begin, end; /* of those that wait */
    uint64_t total;      /* that were made since the last reset */
    int result;          /* of the last step of the filter that makes them */
};

/* What lay between two filters, in one piece: kept for the next source. */
struct tn_kept_bytes {
    uint8_t *bytes;
    uint64_t size;
};

/* Zero it at first. One thread at a time uses it. */
struct tn_unfilter {
    const tenon_context *context; /* NULL: no state is open */
    uint64_t serial;              /* of the pipeline */
    struct tn_apart *apart;       /* where the filters of third-party plugins run; NULL: here */
    uint32_t count;
    struct tn_stage one, *stages; /* in the order of decoding; &one if there is one */
    struct tn_between *between;   /* in front of each but the first, from number 1 on; NULL: there is one */
    struct tn_kept_bytes kept[2]; /* of every other filter */
    uint64_t most;                /* bytes that may lie between two filters in all */
    const char *limit;            /* the name of the limit that says so */
    uint64_t work;                /* bytes between filters that were made; the caller zeroes it */
};

/* States that can decode the source, which has a pipeline: those that are open, if they can. */
tenon_status tn_unfilter_open (struct tn_unfilter *unfilter, struct tn_source *source, tenon_error *error);
void tn_unfilter_close (struct tn_unfilter *unfilter);

/* As in struct tenon_filter, for all of the pipeline. *good is false if a filter refused the bytes. */
tenon_status tn_unfilter_decode (struct tn_unfilter *unfilter, uint32_t last, const void *from,
                                 uint64_t stored, void *to, uint64_t size, bool *good, tenon_error *error);
/* After a refusal, or where the stored bytes end before the stream does: fails with a wrong checksum if a
 * filter found one and none found other damage; else TENON_OK. */
tenon_status tn_unfilter_wrong_sum (const struct tn_unfilter *unfilter, tenon_error *error);
/* The same, and fails with the filter's reason if the refusal is no damage. */
tenon_status tn_unfilter_refusal (const struct tn_unfilter *unfilter, tenon_error *error);
tenon_status tn_unfilter_reset (struct tn_unfilter *unfilter, bool *good, tenon_error *error);
/* *result is TENON_STEP_*, or -1 if a filter refused the bytes. *taken is at most `stored`, *made at most
 * `room`. */
tenon_status tn_unfilter_step (struct tn_unfilter *unfilter, const void *from, uint64_t stored,
                               uint64_t *taken, void *to, uint64_t room, uint64_t *made, int *result,
                               tenon_error *error);
/* A whole stream whose decoded size is not known: the caller frees *bytes, at most `most`, which the
 * limit of that name allows. */
tenon_status tn_unfilter_unpack (struct tn_unfilter *unfilter, const void *from, uint64_t stored,
                                 uint64_t most, const char *limit, uint8_t **bytes, uint64_t *size,
                                 bool *good, tenon_error *error);

/* The most decoded bytes of a stream whose decoded size is not known, by the limits; *limit is their name. */
uint64_t tn_most_decoded (const tenon_context *context, uint64_t stored, const char **limit);

#endif
