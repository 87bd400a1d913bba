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
enum { ZARR_OPTION_CONSOLIDATED = 0, ZARR_OPTIONS = 1 };
enum { ZARR_CONSOLIDATED_USE = 0, ZARR_CONSOLIDATED_IGNORE = 1 };

/* ---- describe.c ---- */

tenon_status zarr_describe (struct tenon_call *call);

/* ---- locate.c ---- */

tenon_status zarr_locate_chunk (struct tenon_call *call, const struct tenon_tensor *tensor,
                                const uint64_t *chunk, struct tenon_chunk *found);

#endif
