/* SPDX-License-Identifier: MIT */
/* npz.h - what the files of the npz plugin share. Each calls those below it only.
 *
 *     npz.c            the tables, and describe
 *     member.c         describe: a member, handed to another codec
 *     write.c          write: a plan as a store
 *     metadata.c       write: the member of metadata
 *     metadata_read.c  the way back
 *
 * The format, as numpy.savez writes it: an archive whose members are arrays, NAME.npy. The archive is a
 * matter of another plugin. All memory is scratch of the call. */
#ifndef TENON_NPZ_H
#define TENON_NPZ_H

#include <tenon/plugin.h>

/* The codec's options, by their place in its table. */
enum {
    NPZ_OPTION_COMPRESSION = 0,
    NPZ_OPTION_LEVEL = 1,
    NPZ_OPTION_MEMBER = 2,
    NPZ_OPTION_METADATA = 3,
    NPZ_OPTION_OTHERS = 4,
    NPZ_OPTIONS = 5
};
enum { NPZ_METADATA_NONE = 0, NPZ_METADATA_MEMBER = 1 };
enum { NPZ_OTHERS_SKIP = 0, NPZ_OTHERS_BYTES = 1 };

/* The data of stored members begin at a multiple of this, so that they can be mapped. */
#define NPZ_ALIGNMENT 64u

/* ---- member.c ---- */

/* The state of describe. */
struct npz_reader {
    struct tenon_call *call;
    int64_t others;      /* NPZ_OTHERS_* */
    uint64_t recognised; /* members that a codec recognised */
    char *prefix;        /* of metadata keys; used again for each member */
    uint64_t prefix_room;
};

/* Has the codec that recognises a member describe it. */
tenon_status npz_include_member (struct npz_reader *reader, const struct tenon_key *key, uint32_t source);
/* Adds a member that cannot be read: as a tensor if it has the name of an array. `source`: of its stored
 * bytes, or 0. */
tenon_status npz_skip_member (struct npz_reader *reader, const struct tenon_key *key, uint32_t source,
                              tenon_status status, const char *why);

/* ---- metadata.c, metadata_read.c ---- */

#define NPZ_METADATA_NAME "__tenon__.npy"
/* The bytes of that member before the JSON, and the beginning of its header as NumPy writes it; the only dim
 * follows. */
#define NPZ_METADATA_LEAD 128u
#define NPZ_METADATA_HEADER "{'descr': '|u1', 'fortran_order': False, 'shape': ("
/* Writes the member for the `entries` entries of metadata in the plan. */
tenon_status npz_put_metadata (struct tenon_call *call, uint64_t entries);
/* Adds the metadata of a member of that name to the catalog. *taken is 0 if it holds something else. */
tenon_status npz_take_metadata (struct npz_reader *reader, const struct tenon_key *key, uint32_t source,
                                int *taken);
/* *holds is 1 if such a member of the archive that is added to holds metadata. */
tenon_status npz_check_old_metadata (struct tenon_call *call, uint32_t source, int *holds);

/* ---- write.c ---- */

tenon_status npz_write (struct tenon_call *call);

#endif
