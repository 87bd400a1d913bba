/* Made by tests/abi/renew from tenon/structs.h: with longer structs. */
/* SPDX-License-Identifier: MIT */
/* tenon/structs.h - what the services of the host take and give: tensors, sources, stores, and what is
 * saved. <tenon/plugin.h> includes it. */
#ifndef TENON_STRUCTS_H
#define TENON_STRUCTS_H

#include "types.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- tensors ------------------------------------------------------------------------------------- */

/* tenon_tensor.storage: where the data are */
enum {
    TENON_EXTENT = 0, /* one range of one source */
    TENON_SERVED = 1, /* the codec's read makes any region of it */
    TENON_GRID = 2    /* chunks that the codec's locate_chunk finds. Reserved: this version refuses it */
};

/* tenon_tensor.length: the bytes of dtype × shape. An offset for fail: none */
#define TENON_AUTO UINT64_MAX
/* tenon_tensor.state_size: the most bytes */
#define TENON_MOST_STATE 65536u

/* A tensor, as a codec describes it and as it finds it in a plan. Strings and shapes are copied by
 * add_tensor. */
struct tenon_tensor {
    uint32_t struct_size;
    uint32_t dtype; /* a fixed id of types.h, or one from dtype_find or add_dtype */
    /* UTF-8. NULL: the name of the source: the stem of the file, the key of the member without the codec's
     * extension */
    const char *name;
    uint64_t name_length; /* bytes */
    /* `rank` dims in items, outermost first, whatever the flags say. NULL for rank 0 */
    const uint64_t *shape;
    uint32_t rank; /* 0 … 64 */
    /* TENON_FORTRAN, TENON_BIG_ENDIAN, TENON_ALIAS. In a plan: the present layout, which a format with both
     * orders can keep, and TENON_CONVERTED */
    uint32_t flags;
    uint32_t storage; /* TENON_EXTENT … */
    uint32_t source;  /* 0 is the source that describe was called for */
    uint64_t offset;  /* of the data in that source, bytes */
    uint64_t length;  /* of the data, bytes, or TENON_AUTO; the host writes the number back */
    /* SERVED, GRID: what read needs to know beside this struct. add_tensor copies `state_size` bytes, at most
     * TENON_MOST_STATE; read gets the copy, aligned to 16, with `offset`, `length` and `place` as describe
     * gave them. The copy may travel to another process: a pointer in it must not point to memory of the
     * call. EXTENT: none, NULL and 0 */
    const void *state;
    uint64_t state_size;
    const uint64_t *chunk_shape; /* GRID: `rank` dims */
    uint64_t place;              /* of the description in source 0, bytes, for messages; 0: none */
    /* EXTENT: `rank` numbers, the distance between neighbours in each dim, in items, of any sign; 0 repeats.
     * Then `offset` is that of the item 0 … 0, `length` does not count, and the tensor is TENON_ALIAS. For
     * dtypes whose items stand by themselves. NULL: packed, in the order that `flags` says */
    const int64_t *strides;
    /* In a plan: the first tensor of the plan that is the very same bytes, with the same dtype, shape and
     * layout; TENON_AUTO: none is. A codec with TENON_CODEC_ALIASES may have both share the bytes, and then
     * need not put this one; a tensor that is put all the same gets a note. Services of describe give
     * TENON_AUTO, and add_tensor does not look at it */
    uint64_t alias_of;
    uint64_t future[2];
};

/* The layout in which put_tensor writes: TENON_FORTRAN, TENON_BIG_ENDIAN, or neither. */
struct tenon_layout {
    uint32_t struct_size, flags;
    uint64_t future[2];
};

/* A box of a tensor, for read: the items start + k × step in each dim, k < count. */
struct tenon_region {
    uint32_t struct_size, rank;
    const uint64_t *start, *count, *step; /* `rank` numbers of items each; inside the shape, step ≥ 1 */
    uint64_t future[2];
};

/* ---- sources ------------------------------------------------------------------------------------- */

struct tenon_source_info {
    uint32_t struct_size, flags; /* none yet */
    uint64_t size;               /* bytes, decoded */
    const char *name; /* bare: "model.safetensors" of a path, the key of a member, "" without either */
    uint64_t name_length;
    uint64_t future[2];
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
    /* compare the checksum before data are mapped without a copy, too; else only when all of it is read */
    TENON_PART_CHECK_MAPPED = 1,
    /* add_part reads all of the part and compares the checksum at once. A wrong one is TENON_E_CHECKSUM,
     * damage of the encoded bytes TENON_E_MALFORMED: no failures unless the codec returns them; the part is
     * not added */
    TENON_PART_CHECK_NOW = 2,
    /* In the describe of an archive: only the key and what a directory says of it are known yet (name, size,
     * place, and whether there is a filter). The archive's `locate` tells the rest when the key is opened. */
    TENON_PART_LATER = 4
};

/* The place of a file in a numbered set, by its name, for codecs with TENON_SHARDS_NUMBERED. */
enum {
    TENON_SHARDS_WHOLE = 1, /* all shards are being described, one after the other, into one catalog */
    /* WHOLE: some of those before this one are missing, so that what was counted so far is too little */
    TENON_SHARDS_INCOMPLETE = 2
};
struct tenon_shard_info {
    uint32_t struct_size, flags;
    uint64_t number, count; /* of this shard, from 1, and of all. 0: its name is not that of a shard */
    uint64_t tensors;       /* WHOLE: the number in the shards before it */
    /* WHOLE: what the last of the shards before this one left (leave_state), aligned to 16; it lives until
     * leave_state is called again. NULL and 0: none left anything */
    const void *state;
    uint64_t state_size;
    uint64_t future[2];
};
/* leave_state: the most bytes */
#define TENON_MOST_SHARD_STATE 4096u

/* tenon_step.level: the filter's default_level. So no filter encodes at the level -1. */
#define TENON_LEVEL_DEFAULT (-1)

/* A filter, and what it is told: one step of a pipeline. Steps stand in the order in which they encode;
 * decoding undoes the last one first. */
struct tenon_step {
    uint32_t struct_size;
    int32_t level;      /* of encoding, or TENON_LEVEL_DEFAULT */
    const char *filter; /* its id */
    /* parameters in the filter's own form: at most 64 KiB, copied. NULL and 0: none */
    const void *setup;
    uint64_t setup_size;
    uint64_t future[2];
};

/* A range of a source that becomes a source itself: a member of an archive, a compressed section. */
struct tenon_part {
    uint32_t struct_size;
    uint32_t source; /* the source that it is in */
    /* bytes before `offset` that belong to it (a local header): no other part may overlap them */
    uint64_t lead;
    uint64_t offset; /* of its stored bytes in that source */
    uint64_t stored; /* their number */
    /* decoded bytes; equal to stored without steps. TENON_AUTO: not known. Then add_part decodes the part to
     * find it, within the limits, and keeps the bytes */
    uint64_t size;
    const struct tenon_step *steps; /* what it is encoded by; NULL: nothing */
    uint32_t step_size, step_count; /* sizeof (struct tenon_step); at most 16 */
    uint32_t check; /* TENON_CHECK_*; compared when all of it is read, by tensors or by the codec */
    uint32_t flags; /* TENON_PART_* */
    uint64_t check_value;
    const char *name; /* its key in the container */
    uint64_t name_length;
    uint64_t place;      /* of its description in `source`, bytes, for messages and for locate; 0: none */
    uint64_t block_size; /* decoded bytes of each block; 0: one stream */
    /* where the encoded blocks end, counted from `offset`: ceil (size / block_size) rising numbers, the last
     * one equal to stored. Not trusted: if a block does not decode to its size by itself, the host decodes
     * the part as one stream, and verifying reports it. Of use where the one step has TENON_FILTER_JOINS or
     * TENON_FILTER_FRAMES, or each of several has TENON_FILTER_FRAMES */
    const uint64_t *block_ends;
    uint64_t future[2];
};

/* ---- stores -------------------------------------------------------------------------------------- */

/* A store maps keys to sources. The members of an archive are one: the codec of the archive adds a part for
 * each of them, and does not look into them. A folder is one, with all files beneath it. A *keyed codec*
 * (root_keys) describes a store, be it an archive or a folder. A key is text in UTF-8, "a/b/c", relative to
 * the store. In a folder no component of a key is empty, "." or "..", and no symbolic link leads out of the
 * folder. What describe opens of a folder is the codec's own: a save over the folder removes that, and is
 * refused if anything else is in it. */

/* tenon_key.flags */
enum {
    /* opening it will fail: the store tells why (answer) */
    TENON_KEY_UNREADABLE = 1,
    /* its bytes are encoded: opening some such keys before the first is read has the host decode the
     * beginnings of all of them at once */
    TENON_KEY_ENCODED = 2
};
struct tenon_key {
    uint32_t struct_size, flags;
    const char *key; /* lives as long as the call; NUL-terminated */
    uint64_t length;
    uint64_t next;  /* in and out: where the search goes on; 0: begin */
    uint64_t size;  /* decoded bytes; TENON_AUTO: not known */
    uint64_t place; /* of its description in source 0, bytes; 0: none */
    uint64_t future[2];
};

/* tenon_entry.alignment: the most bytes */
#define TENON_MOST_ALIGNMENT ((uint64_t) 1 << 30)

/* An entry of a store that is being written, or a file beside the target: of that key and key_length count,
 * and steps and a check are TENON_E_UNSUPPORTED. */
struct tenon_entry {
    uint32_t struct_size, flags; /* none yet */
    const char *key;
    uint64_t key_length;
    uint64_t size; /* decoded bytes that will come, more or less; TENON_AUTO: not known */
    /* of the first stored byte in the file: a power of two, at most TENON_MOST_ALIGNMENT; 0: any */
    uint64_t alignment;
    /* NULL: it is stored as it is. An archive takes one step, of a filter that it lists
     * (tenon_archive.filters) and without setup; others are TENON_E_UNSUPPORTED. A folder takes any */
    const struct tenon_step *steps;
    uint32_t step_size, step_count; /* sizeof (struct tenon_step) */
    uint64_t block_size;            /* as in struct tenon_member */
    /* TENON_CHECK_NONE: what the archive has, tenon_archive.check. Another kind than that is
     * TENON_E_UNSUPPORTED; a folder has none */
    uint32_t check;
    uint32_t reserved;
    uint64_t future[2];
};

/* include: how the tensors of another source are added to this catalog */
enum {
    /* names become KEY/NAME, except that of a tensor that takes its name from the source. Where this source
     * was included with a prefix itself, that comes before both, and before metadata_prefix its own */
    TENON_INCLUDE_PREFIX = 1,
    /* a metadata key that is in the catalog already is no error: the first value stays */
    TENON_INCLUDE_REPEATED = 2,
    TENON_INCLUDE_NO_METADATA = 4,
    /* A source that cannot be described hides no other: include returns TENON_OK, the tensors that were added
     * become unreadable (skip_tensor) with the reason, and their metadata go; if there was none, an
     * unreadable tensor takes the name of the source. So a source of a format that is not known is one, too.
     * Failures of the program, the file as a whole, or a plugin remain failures */
    TENON_INCLUDE_UNREADABLE = 8,
    /* with TENON_INCLUDE_UNREADABLE: a source of a format that is not known is none of these, but
     * TENON_E_UNRECOGNISED, as without it */
    TENON_INCLUDE_OTHERS = 16
};
struct tenon_include {
    uint32_t struct_size, flags;
    const char *codec;           /* its id; NULL: the codec that recognises the source */
    const char *metadata_prefix; /* put before each metadata key of it; NULL: nothing */
    uint64_t future[2];
};

/* ---- saving -------------------------------------------------------------------------------------- */

/* tenon_plan_info.flags */
enum {
    TENON_SINK_SEEKABLE = 1, /* patch works */
    /* The user adds to an existing file, which the codec has described without a failure. It is source 0
     * (source_info, read_at, view), and put_old puts its beginning. The tensors of the plan are to be added,
     * or to replace those of the same name; its metadata are all, old and new. Only for codecs with
     * TENON_CODEC_APPENDS */
    TENON_PLAN_APPENDS = 2,
    /* Carried tensors cannot be restored without the metadata: a codec that keeps metadata on request only
     * keeps these in any case */
    TENON_PLAN_CARRIES = 4,
    /* The target has the extension set_index: write the set whose index it is. The target comes last, with
     * put_key (NULL) */
    TENON_PLAN_INDEX = 8
};
struct tenon_plan_info {
    uint32_t struct_size, flags;
    uint64_t tensors, metadata; /* the number of each */
    const char *name;           /* of the target, bare, without the codec's extension */
    uint64_t name_length;
    /* of the target, as it has it; of an index, that of its shards. Length 0: it has none of the codec's */
    const char *extension;
    uint64_t extension_length;
    uint64_t future[2];
};

/* A run of tensors of the plan that becomes a member: another codec writes it, through filters. */
struct tenon_member {
    uint32_t struct_size;
    uint32_t check;                 /* TENON_CHECK_* to compute; in a store as that of struct tenon_entry */
    uint64_t first, count;          /* tensors of this plan */
    const char *codec;              /* id of the codec that writes it, or one of its extensions */
    const struct tenon_step *steps; /* NULL: it is stored as it is */
    uint32_t step_size, step_count; /* sizeof (struct tenon_step); at most 16 */
    uint32_t flags, reserved;       /* none yet */
    /* decoded bytes of a block, which is encoded by itself; 0: the host chooses, and the result tells. Where
     * blocks are of no use (tenon_part.block_ends), the member is one block, whatever this says */
    uint64_t block_size;
    /* How many members the codec asks for after this one, one by one, each like this one and of the `count`
     * tensors behind those of the member before it. The host encodes announced members on all threads; what
     * it writes is the same without an announcement. A codec that asks for another member, or for fewer,
     * fails. Of a member that was announced itself, this field does not count. */
    uint64_t announced;
    const char *key; /* in a store: the member becomes the entry of this key. Else NULL */
    uint64_t key_length;
    uint64_t alignment; /* in a store: as in struct tenon_entry */
    uint64_t future[2];
};

/* The member as it was written. Sizes are bytes. */
struct tenon_member_result {
    uint32_t struct_size, reserved;
    uint64_t offset;       /* in the file that is being written */
    uint64_t stored, size; /* encoded, decoded */
    uint64_t check_value;
    uint64_t block_size, block_count;
    const uint64_t *block_ends; /* counted from `offset`; block_count numbers */
    uint64_t future[2];
};

/* plan_metadata_flags */
enum {
    TENON_METADATA_GIVEN = 1, /* the program set it, or changed its value */
    /* it comes, or came before the program changed it, from a file that this plugin described */
    TENON_METADATA_OWN = 2
};

#ifdef __cplusplus
}
#endif

#endif
