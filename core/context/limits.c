/* SPDX-License-Identifier: MIT */
/* limits.c - the limits, by name. No honest file meets a default; a hostile one finds its damage bounded. */
#include "context/context.h"

#define NO_END 9223372036854775807.0
#define LIMIT(type, name, value, least, help)                                                                \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, NULL, help, least, NO_END, 0, 0                     \
    }

const struct tenon_option tn_limit_options[TENON_LIMITS] = {
    /* the largest vocabularies that are stored in headers take tens of MiB */
    [TENON_LIMIT_HEADER_BYTES] =
        LIMIT (TENON_OPTION_SIZE, "header_bytes", "1GiB", 1,
               "what one codec may read and keep in memory while it describes a file"),
    /* about 1.3 GB of catalog */
    [TENON_LIMIT_TENSORS] = LIMIT (TENON_OPTION_INTEGER, "tensors", "10000000", 1,
                                   "tensors in one file, all its shards together"),
    [TENON_LIMIT_METADATA_ENTRIES] =
        LIMIT (TENON_OPTION_INTEGER, "metadata_entries", "1000000", 1, "metadata keys in one file"),
    [TENON_LIMIT_METADATA_BYTES] =
        LIMIT (TENON_OPTION_SIZE, "metadata_bytes", "256MiB", 1,
               "keys, strings and nested arrays of metadata that are kept in memory"),
    [TENON_LIMIT_DEPTH] = LIMIT (TENON_OPTION_INTEGER, "depth", "64", 1,
                                 "how deep arrays, JSON and files within files may be nested"),
    [TENON_LIMIT_MEMBERS] =
        LIMIT (TENON_OPTION_INTEGER, "members", "10000000", 1, "members and sibling files of one file"),
    [TENON_LIMIT_INFLATED_BYTES] =
        LIMIT (TENON_OPTION_SIZE, "inflated_bytes", "1TiB", 1, "decoded size of one compressed member"),
    /* deflate makes at most 1032 bytes of one (258 bytes for two bits, RFC 1951), so this stops other
     * filters' bombs and lies in directories, and never an honest member of zeros */
    [TENON_LIMIT_INFLATED_RATIO] =
        LIMIT (TENON_OPTION_INTEGER, "inflated_ratio", "1100", 1,
               "decoded size of a compressed member, in multiples of its stored size, beyond 1 MiB"),
    [TENON_LIMIT_MEMORY] = LIMIT (TENON_OPTION_SIZE, "memory", "64MiB", 65536,
                                  "what a conversion may hold in memory at once, beside the catalog"),
};
