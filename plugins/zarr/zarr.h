/* SPDX-License-Identifier: MIT */
/* zarr.h - what reading and writing of the zarr plugin share.
 *
 *     zarr.c       the tables
 *     read.h       the files that read
 *
 * The format: Zarr v2 and v3, as zarr-specs has them. All memory is scratch of the call. */
#ifndef TENON_ZARR_H
#define TENON_ZARR_H

#include <tenon/plugin.h>

/* The codec's options, by their place in its table. */
enum {
    ZARR_OPTION_CONSOLIDATED = 0,
    ZARR_OPTION_FORMAT,
    ZARR_OPTION_CHUNKS,
    ZARR_OPTION_SHARDS,
    ZARR_OPTION_COMPRESSION,
    ZARR_OPTION_LEVEL,
    ZARR_OPTION_CNAME,
    ZARR_OPTION_SHUFFLE,
    ZARR_OPTION_CHECKSUM,
    ZARR_OPTION_ORDER,
    ZARR_OPTION_BYTEORDER,
    ZARR_OPTION_KEYS,
    ZARR_OPTION_SEPARATOR,
    ZARR_OPTION_FILL,
    ZARR_OPTION_SKIP_FILL,
    ZARR_OPTION_CONSOLIDATE,
    ZARR_OPTION_ROOT,
    ZARR_OPTIONS
};
enum { ZARR_CONSOLIDATED_USE = 0, ZARR_CONSOLIDATED_IGNORE = 1 };

/* ---- describe.c ---- */

tenon_status zarr_describe (struct tenon_call *call);

/* ---- locate.c ---- */

tenon_status zarr_locate_chunk (struct tenon_call *call, const struct tenon_tensor *tensor,
                                const uint64_t *chunk, struct tenon_chunk *found);

/* ---- write.c ---- */

tenon_status zarr_write (struct tenon_call *call);

#endif
