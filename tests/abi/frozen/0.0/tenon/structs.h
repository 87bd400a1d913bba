/* SPDX-License-Identifier: MIT */
/* tenon/structs.h - the structs that the services of the host take and fill: tensors, sources, stores, and
 * those for saving. <tenon/plugin.h> includes it. */
#ifndef TENON_STRUCTS_H
#define TENON_STRUCTS_H

#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tensors ------------------------------------------------------------------------------------- */

/* tenon_tensor.storage: where the data are */
enum {
    TENON_EXTENT = 0, /* one range of one source */
    TENON_SERVED = 1, /* the codec's function read produces any region of it */
    TENON_GRID = 2    /* chunks, each of which the codec's function locate_chunk finds */
};

/* As tenon_tensor.length: the size of dtype × shape. As an offset for fail: no place. Other fields state what
 * it means */
#define TENON_AUTO UINT64_MAX
/* The largest tenon_tensor.state_size */
#define TENON_MOST_STATE 65536u

/* tenon_grid.flags */
enum {
    /* chunks at the end of a dim have only the items that are inside the shape. Without this flag each chunk
     * has all items of chunk_shape: those outside of the shape are ignored when it is read, and are fill when
     * it is written */
    TENON_GRID_CLIPPED = 1,
    /* in a plan: the tensor is not stored in chunks; the host suggests chunk_shape, and all else is 0 */
    TENON_GRID_SUGGESTED = 2,
    /* the file states no value for chunks that are missing: `fill` is NULL, and the host makes their bytes 0.
     * A format that can leave the value open keeps it so, since a reader may take a stated value for "no
     * data" */
    TENON_GRID_NO_FILL = 4
};

/* How a tensor is stored in chunks. Chunk c, `rank` numbers, has the items c × chunk_shape … (c + 1) ×
 * chunk_shape - 1 of tenon_tensor.chunk_shape; its items lie one after the other, in the byte order that the
 * flags of the tensor state (TENON_BIG_ENDIAN). The dtype is one whose items stand by themselves. */
struct tenon_grid {
    uint32_t struct_size, flags; /* TENON_GRID_* */
    /* `rank` numbers of dims, each once: in which order a chunk stores its dims, the outermost first. NULL: C
     * order, or with TENON_FORTRAN in the flags of the tensor the reverse */
    const uint32_t *order;
    const struct tenon_step *steps; /* the pipeline that encoded each chunk; NULL: it is stored as it is */
    uint32_t step_size, step_count; /* sizeof (struct tenon_step); at most 16 */
    /* the value of all items of chunks that are missing: one item, in the byte order of the tensor. NULL and
     * 0: all its bytes are 0 */
    const void *fill;
    uint64_t fill_size; /* bytes: block_bytes of the dtype */
};

/* tenon_chunk.flags */
enum {
    TENON_CHUNK_MISSING = 1 /* it is not stored: all its items are fill. The other fields do not count */
};
/* Where a chunk is stored: in the bytes of a key, or in those of a source. For locate_chunk, which gets it
 * with all fields 0 but `stored`, which is TENON_AUTO. */
struct tenon_chunk {
    uint32_t struct_size, flags; /* TENON_CHUNK_* */
    uint32_t source;             /* without a key: the number of a source of describe or of this call */
    uint32_t skipped;            /* bit i: step i of the pipeline was left out for this chunk */
    uint64_t offset, stored;     /* bytes, in the key or source; `stored` TENON_AUTO: to its end */
    /* a key of the store, which the host opens: of many, only a few are open at a time. A key that does not
     * exist is a chunk that is missing. Valid until locate_chunk is called again. NULL: `source` counts */
    const char *key;
    uint64_t key_length;
    uint32_t check, reserved; /* TENON_CHECK_*, of the decoded bytes of the chunk */
    uint64_t check_value;
};

/* For claim_keys: keys that a save over the store may remove, though describe does not open them: the prefix
 * and `rank` decimal numbers without leading zeros, number i below count[i], joined by the separator. */
struct tenon_claim {
    uint32_t struct_size, flags; /* none yet */
    const char *prefix;          /* "group/array/c/"; rank 0: the whole key */
    uint64_t prefix_length;      /* bytes */
    const uint64_t *count;       /* `rank` numbers */
    uint32_t rank;               /* 0 … 64 */
    uint32_t separator;          /* one ASCII character that is no digit: '/', '.' */
};

/* A tensor, as a codec describes it and as it finds it in a plan. Strings and shapes are copied by
 * add_tensor. */
struct tenon_tensor {
    uint32_t struct_size;
    uint32_t dtype; /* a fixed id of types.h, or one from dtype_find or add_dtype */
    /* UTF-8. NULL: the tensor is named after its source: the name of the file without its extension, or the
     * key of the member without the codec's extension */
    const char *name;
    uint64_t name_length; /* bytes */
    /* `rank` dims in items, outermost first, whatever the flags say. NULL for rank 0 */
    const uint64_t *shape;
    uint32_t rank; /* 0 … 64 */
    /* TENON_FORTRAN, TENON_BIG_ENDIAN, TENON_ALIAS. In a plan: the layout that the bytes have now, which a
     * format that allows both orders can keep, and TENON_CONVERTED */
    uint32_t flags;
    uint32_t storage; /* TENON_EXTENT … */
    uint32_t source;  /* 0 is the source that describe was called for */
    uint64_t offset;  /* of the data in that source, bytes */
    uint64_t length;  /* of the data, bytes, or TENON_AUTO; the host writes the number back */
    /* SERVED, GRID: what read or locate_chunk needs to know besides this struct. add_tensor copies
     * `state_size` bytes, at most TENON_MOST_STATE; these functions get the copy, aligned to 16, with
     * `offset`, `length` and `place` as describe gave them. The host may send the copy to another process: a
     * pointer in it must not point to memory of the call. EXTENT: NULL and 0 */
    const void *state;
    uint64_t state_size;
    /* `rank` dims ≥ 1, in items. GRID: of a chunk. SERVED: of the boxes, aligned to multiples of it, in which
     * the host asks read, each once as far as it can; NULL: any. In a plan, see `grid` */
    const uint64_t *chunk_shape;
    uint64_t place; /* where source 0 describes it, bytes, for messages; 0: not known */
    /* EXTENT: `rank` numbers, the distance between neighbours in each dim, in items, of any sign; 0 repeats.
     * Then `offset` is the place of the item whose indices are all 0, the host ignores `length`, and the
     * tensor counts as TENON_ALIAS. Only for dtypes whose block_items is 1. NULL: the items are packed, in
     * the order that `flags` states */
    const int64_t *strides;
    /* In a plan: the number of the first tensor of the plan that has the very same bytes, dtype, shape and
     * layout; TENON_AUTO: there is none. A codec with TENON_CODEC_ALIASES may store the bytes once, and then
     * need not put this tensor; if it puts it, the user gets a note. Services of describe set TENON_AUTO, and
     * add_tensor ignores the field */
    uint64_t alias_of;
    /* GRID: how its chunks are stored; copied. In a plan: the grid that the tensor has in its file, as far as
     * filters of that are in use, with its chunk_shape; or, with TENON_GRID_SUGGESTED, a chunk_shape of about
     * 1 MiB. Both live as long as the call; NULL for rank 0. Services of describe set NULL */
    const struct tenon_grid *grid;
};

/* The layout in which put_tensor writes: TENON_FORTRAN, TENON_BIG_ENDIAN, or neither. */
struct tenon_layout {
    uint32_t struct_size, flags;
};

/* A box of a tensor, for read: the items start + k × step in each dim, k < count. */
struct tenon_region {
    uint32_t struct_size, rank;
    const uint64_t *start, *count, *step; /* `rank` numbers of items each; inside the shape, step ≥ 1 */
};

/* ---- sources ------------------------------------------------------------------------------------- */

struct tenon_source_info {
    uint32_t struct_size, flags; /* none yet */
    uint64_t size;               /* bytes, decoded */
    const char *name; /* last part of the path, "model.safetensors"; the key of a member; "" without either */
    uint64_t name_length;
};

/* The kinds of checksum, of decoded bytes: of parts, members, archives and their entries, and for the service
 * `checksum`. Each has 32 bits. Later versions may have more: where a kind is not known, the result is
 * TENON_E_UNSUPPORTED, which is no failure unless the codec returns it. */
enum {
    TENON_CHECK_NONE = 0,
    TENON_CHECK_CRC32 = 1,  /* ISO 3309, as in zip and gzip */
    TENON_CHECK_CRC32C = 2, /* Castagnoli, RFC 3720: as in iSCSI and zarr's shards */
    TENON_CHECK_ADLER32 = 3 /* RFC 1950, as in zlib; of no bytes it is 1 */
};
/* tenon_part.flags */
enum {
    /* the host also compares the checksum before it maps data of the part without a copy; without this flag
     * it compares only when all of the part is read */
    TENON_PART_CHECK_MAPPED = 1,
    /* add_part reads all of the part and compares the checksum at once. It returns TENON_E_CHECKSUM if the
     * checksum is wrong, or TENON_E_MALFORMED if the encoded bytes are damaged, and does not add the part.
     * Neither is a failure unless the codec returns it */
    TENON_PART_CHECK_NOW = 2,
    /* In describe of an archive: only what the directory states is known so far (name, size, place, and
     * whether the member is encoded). The archive's `locate` completes the part when its key is opened. */
    TENON_PART_LATER = 4
};

/* Which shard of a numbered set a file is, by its name, for codecs with TENON_SHARDS_NUMBERED. */
enum {
    TENON_SHARDS_WHOLE = 1, /* the host describes all shards, one after the other, into one catalog */
    /* WHOLE: shards before this one are missing, so the counts so far are too small */
    TENON_SHARDS_INCOMPLETE = 2
};
struct tenon_shard_info {
    uint32_t struct_size, flags;
    uint64_t number, count; /* this shard, from 1, and the number of shards. 0: it has no name of a shard */
    uint64_t tensors;       /* WHOLE: the number of tensors in the shards before this one */
    /* WHOLE: the state that a shard before this one left last (leave_state), aligned to 16, valid until
     * leave_state is called again. NULL and 0: no shard left one */
    const void *state;
    uint64_t state_size;
};
/* The most bytes that leave_state takes */
#define TENON_MOST_SHARD_STATE 4096u

/* tenon_step.level: the filter's default_level. So no filter encodes at the level -1. */
#define TENON_LEVEL_DEFAULT (-1)

/* One step of a pipeline: a filter with its level and its parameters. Steps stand in the order in which they
 * encode; decoding undoes the last one first. */
struct tenon_step {
    uint32_t struct_size;
    int32_t level;      /* of encoding, or TENON_LEVEL_DEFAULT */
    const char *filter; /* its id */
    /* parameters in the filter's own form: at most 64 KiB, copied. NULL and 0: none */
    const void *setup;
    uint64_t setup_size;
};

/* A range of a source that becomes a source itself: a member of an archive, a compressed section. */
struct tenon_part {
    uint32_t struct_size;
    uint32_t source; /* the source that it is in */
    /* bytes before `offset` that belong to the part (a local header): no other part may overlap them */
    uint64_t lead;
    uint64_t offset; /* of its stored bytes in that source */
    uint64_t stored; /* the number of stored bytes */
    /* decoded bytes; equal to `stored` if there are no steps. TENON_AUTO: not known. Then add_part decodes
     * the part to find its size, within the limits, and keeps the bytes */
    uint64_t size;
    const struct tenon_step *steps; /* the pipeline that encoded it; NULL: it is stored as it is */
    uint32_t step_size, step_count; /* sizeof (struct tenon_step); at most 16 */
    uint32_t check; /* TENON_CHECK_*; compared when all of it is read, by tensors or by the codec */
    uint32_t flags; /* TENON_PART_* */
    uint64_t check_value;
    const char *name; /* its key in the archive or container */
    uint64_t name_length;
    uint64_t place;      /* of its description in `source`, bytes, for messages and for locate; 0: none */
    uint64_t block_size; /* decoded bytes of each block; 0: one stream */
    /* where the encoded blocks end, counted from `offset`: ceil (size / block_size) rising numbers, the last
     * one equal to stored. Not trusted: if a block does not decode to its size by itself, the host decodes
     * the part as one stream, and verifying reports it. Of use where the one step has TENON_FILTER_JOINS or
     * TENON_FILTER_FRAMES, or each of several has TENON_FILTER_FRAMES */
    const uint64_t *block_ends;
};

/* ---- stores -------------------------------------------------------------------------------------- */

/* A store maps keys to sources. An archive is a store: its codec adds a part for each member, whose name is
 * the key, and does not look into the member. A folder is a store: its keys are the paths of all files
 * beneath it. A *keyed codec* (root_keys) describes a store, in an archive or in a folder. A key is text in
 * UTF-8, "a/b/c", relative to the store. In a folder no component of a key is empty, "." or "..", and no
 * symbolic link leads out of the folder. A save over a folder removes the files that describe opened, and is
 * refused if the folder has any other file. */

/* tenon_key.flags */
enum {
    /* open_key will fail for it; `answer` then returns the reason */
    TENON_KEY_UNREADABLE = 1,
    /* its bytes are encoded. If a codec opens several such keys before it reads the first, the host decodes
     * the beginnings of all of them at once */
    TENON_KEY_ENCODED = 2
};
struct tenon_key {
    uint32_t struct_size, flags;
    const char *key; /* lives as long as the call; NUL-terminated */
    uint64_t length;
    uint64_t next;  /* where next_key goes on: set it to 0 before the first call, then leave it as it is */
    uint64_t size;  /* decoded bytes; TENON_AUTO: not known */
    uint64_t place; /* where source 0 describes it, bytes; 0: not known */
    /* TENON_KEYS_*, or 0: all keys behind the prefix. Like `next`, set before the first call and left as it
     * is */
    uint32_t how, reserved;
};
/* tenon_key.how */
enum {
    /* One level: the keys that have no '/' behind the prefix, and, for all keys that have one, what stands up
     * to it, once each: "a/", which is no key itself. They come in the order of their bytes. The prefix
     * is "" or ends in '/'; another one is TENON_E_MISUSE. A folder is listed without the folders in it,
     * which may have a million files: so "a/" may have no key behind it. `size` is TENON_AUTO */
    TENON_KEYS_ONE_LEVEL = 1
};

/* tenon_entry.alignment: the most bytes */
#define TENON_MOST_ALIGNMENT ((uint64_t) 1 << 30)

/* For put_key: an entry of a store, or a file beside the target. For such a file the host reads key and
 * key_length only, and steps and a check are TENON_E_UNSUPPORTED. */
struct tenon_entry {
    uint32_t struct_size, flags; /* none yet */
    const char *key;
    uint64_t key_length;
    uint64_t size; /* about how many decoded bytes will be put; TENON_AUTO: not known */
    /* of the first stored byte in the file: a power of two, at most TENON_MOST_ALIGNMENT; 0: any */
    uint64_t alignment;
    /* NULL: it is stored as it is. An archive takes one step, with a filter that it lists
     * (tenon_archive.filters) and without setup; other steps are TENON_E_UNSUPPORTED. A folder takes any */
    const struct tenon_step *steps;
    uint32_t step_size, step_count; /* sizeof (struct tenon_step) */
    uint64_t block_size;            /* as in struct tenon_member */
    /* TENON_CHECK_NONE: the kind of the archive, tenon_archive.check. Any other kind than that is
     * TENON_E_UNSUPPORTED, and so is any kind in a folder */
    uint32_t check;
    uint32_t reserved;
};

/* tenon_include.flags: how include adds the tensors of another source to this catalog */
enum {
    /* names become KEY/NAME, except the name of a tensor that is named after its source. If source 0 was
     * itself included with a prefix, that prefix comes first in either case; in the same way its
     * metadata_prefix comes before the new one */
    TENON_INCLUDE_PREFIX = 1,
    /* a metadata key that is in the catalog already is no error: the first value stays */
    TENON_INCLUDE_REPEATED = 2,
    TENON_INCLUDE_NO_METADATA = 4,
    /* If the source cannot be described, include still returns TENON_OK: the tensors that the source added
     * become unreadable (skip_tensor) with the reason, and its metadata are removed. If it added none, the
     * host adds one unreadable tensor with the name of the source, also if no codec recognises the source.
     * Failures of the program, of the file as a whole, or of a plugin remain failures */
    TENON_INCLUDE_UNREADABLE = 8,
    /* with TENON_INCLUDE_UNREADABLE: for a source that no codec recognises include returns
     * TENON_E_UNRECOGNISED, as without that flag */
    TENON_INCLUDE_OTHERS = 16
};
struct tenon_include {
    uint32_t struct_size, flags;
    const char *codec;           /* its id; NULL: the codec that recognises the source */
    const char *metadata_prefix; /* put before each metadata key of the source; NULL: nothing */
};

/* ---- saving -------------------------------------------------------------------------------------- */

/* tenon_plan_info.flags */
enum {
    TENON_SINK_SEEKABLE = 1, /* patch works */
    /* The user adds to an existing file, which the codec has described without a failure. That file is source
     * 0 (source_info, read_at, view), and put_old writes its beginning. The tensors of the plan are added to
     * the file, or replace those of the same name; the metadata of the plan are all that the new file has,
     * old and new. Only for codecs with TENON_CODEC_APPENDS */
    TENON_PLAN_APPENDS = 2,
    /* The plan has carried tensors (TENON_SAVE_CARRY), which cannot be restored without the metadata: a codec
     * that keeps metadata only on request keeps these in any case */
    TENON_PLAN_CARRIES = 4,
    /* The target has the extension set_index: write a set, with its index in the target. put_key (NULL)
     * returns to the target, which comes last */
    TENON_PLAN_INDEX = 8
};
struct tenon_plan_info {
    uint32_t struct_size, flags;
    uint64_t tensors, metadata; /* the number of each */
    const char *name;           /* of the target, without its folder and without the codec's extension */
    uint64_t name_length;
    /* the extension in the name of the target; of an index, the extension of its shards. Length 0: the name
     * has none of the codec's extensions */
    const char *extension;
    uint64_t extension_length;
};

/* For put_member: consecutive tensors of the plan that another codec writes as a member, through filters or
 * not. */
struct tenon_member {
    uint32_t struct_size;
    uint32_t check;                 /* TENON_CHECK_* to compute; in a store as that of struct tenon_entry */
    uint64_t first, count;          /* tensors of this plan */
    const char *codec;              /* id of the codec that writes it, or one of its extensions */
    const struct tenon_step *steps; /* NULL: it is stored as it is */
    uint32_t step_size, step_count; /* sizeof (struct tenon_step); at most 16 */
    uint32_t flags, reserved;       /* none yet */
    /* decoded bytes of a block, which is encoded by itself; 0: the host chooses, and the result has its
     * choice. If readers cannot use blocks (tenon_part.block_ends), the member is one block in any case */
    uint64_t block_size;
    /* How many members the codec puts after this one, one by one, each like this one and with the next
     * `count` tensors. The host encodes announced members on all threads; it writes the same bytes without an
     * announcement. A codec that puts another member than it announced, or fewer, fails. The host ignores
     * this field of a member that was announced itself. */
    uint64_t announced;
    const char *key; /* keyed codecs: the member becomes the entry of this key. Else NULL */
    uint64_t key_length;
    uint64_t alignment; /* in a store: as in struct tenon_entry */
};

/* The member as it was written. Sizes are bytes. */
struct tenon_member_result {
    uint32_t struct_size, reserved;
    uint64_t offset;       /* in the file that is being written */
    uint64_t stored, size; /* encoded, decoded */
    uint64_t check_value;
    uint64_t block_size, block_count;
    const uint64_t *block_ends; /* counted from `offset`; block_count numbers */
};

/* tenon_grid_put.flags */
enum {
    /* chunks whose items are all fill, bit by bit, are left out: their place has `stored` TENON_AUTO, and
     * none of them becomes an entry */
    TENON_PUT_SKIP_FILL = 1
};
/* Where put_grid put a chunk. */
struct tenon_chunk_place {
    uint64_t offset; /* in the open entry or file, as `tell` counts; of an entry of its own: 0 */
    uint64_t stored; /* encoded bytes; TENON_AUTO: it was left out */
};
/* For put_grid: a box of chunks of a tensor of the plan. */
struct tenon_grid_put {
    uint32_t struct_size, flags;   /* TENON_PUT_* */
    uint64_t tensor;               /* its number in the plan */
    const uint64_t *chunk_shape;   /* `rank` dims ≥ 1, in items */
    const struct tenon_grid *grid; /* TENON_GRID_SUGGESTED is ignored */
    const struct tenon_layout
        *layout; /* of the items in a chunk, with grid->order; NULL: C order, little-endian */
    const uint64_t *first, *count; /* `rank` numbers of chunks: the box; both NULL: all chunks */
    /* Writes the key of a chunk into at most `room` bytes, which are at least 4096, and returns its length,
     * or TENON_E_*. It is called on the thread of the call, once for each chunk, in C order; it may not call
     * services that put. Then each chunk becomes an entry of its own, no entry may be open, and the host
     * writes many at once. NULL: the chunks come one behind the other, in C order, at the position */
    int64_t (*key) (void *user, const uint64_t *chunk, char *key, uint64_t room);
    void *user;
    struct tenon_chunk_place
        *places; /* room for one for each chunk of the box, in C order; NULL: not needed */
    uint64_t place_count;
    uint32_t place_size, reserved; /* sizeof (struct tenon_chunk_place) */
};

/* plan_metadata_flags */
enum {
    TENON_METADATA_GIVEN = 1, /* the program set it, or changed its value */
    /* it comes from a file that a codec of this plugin described, also if the program changed its value */
    TENON_METADATA_OWN = 2
};

#ifdef __cplusplus
}
#endif

#endif
