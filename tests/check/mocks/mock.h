/* SPDX-License-Identifier: MIT */
/* mock.h - the faults of the mock plugins.
 *
 * Each mock is a small plugin that does all as it must, and has one fault when it is compiled with
 * -DFAULT=NAME: the fault is the only difference. tests/check/mocks.sh compiles them, and compares
 * the rules that tenon check-plugin finds broken with those that it must find. */
#ifndef MOCK_H
#define MOCK_H
#include <tenon/plugin.h>

enum mock_fault {
    none,

    /* plain.c: what every codec does */
    adds_later,         /* the catalog has one more entry of metadata from the second time on */
    allocates_by_count, /* memory from malloc, for as many tensors as the header claims */
    answers_positive,   /* a refusal is a positive number */
    bad_default,        /* the default of an option is outside of its range */
    bad_id,             /* a blank in its id */
    breaks_alignment,   /* an alignment above 64: the offsets in the header are wrong */
    calls_open,         /* opens a file itself, and closes it */
    changes_folder,     /* of the process */
    claims_all,         /* probe is sure of any bytes */
    counts,             /* a counter in a global variable */
    cuts_texts,         /* of metadata, after 40 bytes, without a word */
    cuts_names,         /* after 16 bytes, without a word */
    dotted_extension,
    drops_dims,    /* of ranks above 4 the first ones, without a word */
    exits,         /* ends the process where it should refuse */
    flattens,      /* a tensor without dims gets one */
    follows_hash,  /* the bytes that it writes depend on the secret of the context */
    forgets_entry, /* the last entry of metadata is not written, without a word */
    forgets_tensor,
    ignores_null, /* scratch without memory: it goes on */
    keeps_call,   /* and uses it in the next call */
    leaks,        /* a few hundred bytes each time that it describes a file */
    leaves_descriptor,
    leaves_thread,
    loops_for_ever, /* on an alignment that is no power of two */
    needs_patch,    /* patches its header, and its table does not say so */
    no_help,        /* of an option */
    no_license,
    no_place,        /* a refusal without an offset */
    offset_beyond,   /* a refusal whose place lies beyond the file */
    no_words,        /* a refusal without a message */
    other_name,      /* than its file has */
    prints,          /* to standard output */
    reads_beyond,    /* the bytes that it has: it trusts the length of a text */
    reads_first_dim, /* of tensors without dims, too */
    quadratic_describe,
    quadratic_write,
    sets_environment,
    sets_locale,
    sets_signal,
    sets_umask,
    shares_bytes,   /* of two tensors that are the same, without TENON_ALIAS */
    sorts_silently, /* the tensors by their names, without TENON_CODEC_SORTS */
    static_buffer,  /* a name lies in a static buffer while it is added */
    swaps_wrong,    /* says that the bytes are big-endian, and puts little-endian ones */
    tells_time,     /* writes the time of day into its header */
    too_new,        /* needs a later host */
    trusts_rank,    /* more dims than its array has room for */
    two_symbols,    /* are exported */
    upper_extension,
    wrong_service, /* tell, in describe */
    waits_at_load, /* for ever */
    writes_fortran /* puts the bytes in Fortran's order, says C's */,

    /* served.c: tensors that read makes */
    drops_offset, /* where the region begins */
    drops_step,
    forgets_last, /* the last item is not filled in */
    keeps_memory, /* of describe, in the state */
    serves_big,   /* big-endian items, as the file has them */
    shared_buffer,
    wrong_stride, /* the rows of the region are as far apart as its own width */

    /* grid.c: tensors in chunks */
    clips_edges, /* the chunks at the end are shorter than describe says */
    drops_fill,  /* the value of chunks that are missing */
    stale_chunk, /* takes the chunk that it found last for one of the same row */
    swaps_chunks /* takes chunk (a, b) for (b, a) where both are there */,

    /* archive.c: an archive, and a keyed codec */
    cuts_keys,   /* after 16 bytes */
    forgets_sum, /* does not tell the host the checksum of every second member */
    loses_empty, /* members without bytes */

    /* filter.c */
    breaks_level, /* level 3 changes a bit of what is not shortened */
    decodes_short /* bytes that are missing are 0 */,
    encodes_randomly, /* a byte of the stream depends on an address */
    forgets_bit,      /* of the length of a piece, in step */
    refuses_size,     /* blocks of 4096 bytes */
    shares_state,     /* of streams, in one variable */
    tight_bound,      /* its bound is a byte too small for bytes that repeat nowhere */
    trusts_stream,    /* an encoded length: it copies so many bytes */

    /* blocks.c: a block dtype */
    reads_next, /* the scale of the block behind */
    loses_sign, /* encode does */
    writes_behind /* one item more than a block has */,

    /* nest.c: nested lists */
    recurses /* once for each level, without a bound */,

    /* scalar.c: one number */
    changes_dtype /* what it reads has another dtype than what it writes */
};

#ifndef FAULT
#define FAULT none
#endif
/* True in the plugin with this fault. */
#define MOCK(fault) (FAULT == (fault))
#endif
