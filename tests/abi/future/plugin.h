/* Made by tests/abi/renew from tenon/plugin.h: with longer structs. */
/* SPDX-License-Identifier: MIT */
/* tenon/plugin.h - the interface between libtenon, the host, and plugins. It is all that a plugin includes,
 * but for <tenon/json.h>. The manual page tenon-plugin(3) introduces it.
 *
 * A plugin is a shared object that exports one function, tenon_plugin_v0, which returns a table of the
 * codecs, filters and dtypes that it has. A codec is two functions:
 *
 *     describe (call)   turns the bytes of a source into a catalog: for each tensor its name, dtype
 *                       and shape, and where its bytes are
 *     write (call)      turns a plan, which is the same information the other way round, into a
 *                       sequence of "put these header bytes, put that tensor here"
 *
 * A codec never opens a file, copies tensor data, makes a thread, allocates memory that must be freed, prints
 * or exits. It acts through its *call* only: one run of one codec function, on one thread. The call ends when
 * that function returns, and all memory that was got through it is then gone. A codec keeps no other state:
 * no globals that change. So describe and write may run on many threads at once, each with its own call.
 *
 * Sources, dtypes and tensors are numbers. A number has a meaning in its own call only.
 *
 * Errors: a service that returns a negative tenon_status has recorded the failure and its place; the codec
 * returns the status (TENON_TRY). A codec records its own failures with tenon_fail. The first failure of a
 * call is the one that is reported, and a function that failed once has failed, whatever it returns. A
 * positive result, where none is stated, is TENON_E_MISUSE, as is one beyond what is stated.
 *
 * Trust: the host checks all that a codec says: add_tensor checks the product of the shape, the length, the
 * range inside the source, the name and the limits. A codec checks its own arithmetic: it never adds two
 * numbers of a file before it knows that the sum does not overflow.
 *
 * Threads: a service may be called only while the codec function that got the call runs, and on its thread.
 * The manual page has a table of which function may call which service; with TENON_DEBUG=abi in the
 * environment the host checks it, and says which rule was broken.
 *
 * Memory: texts, shapes and structs that a codec passes to a service are copied unless a comment says
 * otherwise. Texts and arrays that a service returns belong to the host and live as long as the call.
 *
 * The ABI is version 0: it may still change, and then tenon_plugin_v0 changes its name or the minor number
 * grows. types.h says how it may grow: structs at their end, flags by their halves, services at the end of
 * struct tenon_host. */
#ifndef TENON_PLUGIN_H
#define TENON_PLUGIN_H

#include "types.h"
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The minor version of this header. A plugin states it as abi_minor, and the oldest host that it works with
 * as min_host_minor. */
#define TENON_ABI_MINOR 1

struct tenon_host;

/* One run of one codec function. The host has more behind it. */
struct tenon_call {
    const struct tenon_host *host;
    void *state; /* the codec's own, NULL at first: what the functions of an archive share */
};

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

/* tenon_part.check, tenon_member.check: the checksum over decoded bytes */
enum { TENON_CHECK_NONE = 0, TENON_CHECK_CRC32 = 1 /* ISO 3309, as in zip and zlib */ };
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

/* A filter, and what it is told: one step of a pipeline. Steps stand in the order in which they encode;
 * decoding undoes the last one first. */
struct tenon_step {
    uint32_t struct_size;
    int32_t level;      /* of encoding; -1: the filter's default */
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
    uint64_t block_size;            /* decoded bytes of each block; 0: one stream */
    /* where the encoded blocks end, counted from `offset`: ceil (size / block_size) rising numbers, the last
     * one equal to stored. Not trusted: if a block does not decode to its size by itself, the host decodes
     * the part as one stream, and verifying reports it. Of use where the one step has TENON_FILTER_JOINS or
     * TENON_FILTER_FRAMES, or each of several has TENON_FILTER_FRAMES */
    const uint64_t *block_ends;
    uint32_t check; /* TENON_CHECK_*; compared when all of it is read, by tensors or by the codec */
    uint32_t flags; /* TENON_PART_* */
    uint64_t check_value;
    const char *name; /* its key in the container */
    uint64_t name_length;
    uint64_t place; /* of its description in `source`, bytes, for messages and for locate; 0: none */
    uint64_t future[2];
};

/* ---- stores -------------------------------------------------------------------------------------- */

/* A store maps keys to sources. The members of an archive are one: the codec of the archive adds a part for
 * each of them, and does not look into them. A folder is one, with all files beneath it. A *keyed codec*
 * (root_keys) describes a store, be it an archive or a folder. A key is text in UTF-8, "a/b/c", relative to
 * the store. In a folder no component of a key is empty, "." or "..", and no symbolic link leads out of the
 * folder. */

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
    uint64_t size;  /* decoded bytes; TENON_AUTO: not known */
    uint64_t place; /* of its description in source 0, bytes; 0: none */
    uint64_t next;  /* in and out: where the search goes on; 0: begin */
    uint64_t future[2];
};

/* An entry of a store that is being written. */
struct tenon_entry {
    uint32_t struct_size, flags; /* none yet */
    const char *key;
    uint64_t key_length;
    uint64_t size;      /* decoded bytes that will come, more or less; TENON_AUTO: not known */
    uint64_t alignment; /* of the first stored byte in the file; 0, 1: any */
    /* NULL: it is stored as it is. An archive takes one step, of a filter that it lists
     * (tenon_archive.filters) and without setup; others are TENON_E_UNSUPPORTED. A folder takes any */
    const struct tenon_step *steps;
    uint32_t step_size, step_count; /* sizeof (struct tenon_step) */
    uint64_t block_size;            /* as in struct tenon_member */
    uint32_t check;                 /* TENON_CHECK_* to compute */
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
     * next_file (NULL) */
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
    uint32_t check;                 /* TENON_CHECK_* to compute */
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
    uint64_t alignment; /* in a store: of its first stored byte in the file; 0, 1: any */
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

/* ---- the services of the host --------------------------------------------------------------------- */

struct tenon_host {
    uint32_t struct_size, abi_minor;
    uint32_t flags, reserved;
    const char *version; /* of the library, "0.1.0" */

    /* A table of functions by its id, "org.example/name/1"; NULL: this host has none of that name. At any
     * time, on any thread. */
    const void *(*get_extension) (const struct tenon_host *host, const char *id);

    /* -- in every codec function -- */

    /* Records a failure. `status` is negative; `offset` is a place in source 0, or TENON_AUTO for none. */
    void (*fail) (struct tenon_call *call, int32_t status, uint64_t offset, const char *message);
    /* Reports an oddity: TENON_NOTE, TENON_NOTE | TENON_FLAW, or TENON_LOSS, at which a strict save fails. In
     * describe a loss is something in the file that the catalog does not hold (bytes behind an array, members
     * that are no tensors): it is a note, and a loss of each save that takes the file's tensors. `item` is
     * the name of a tensor or key, or NULL. */
    void (*note) (struct tenon_call *call, uint32_t kind, const char *item, const char *message);
    /* Non-zero if the codec should return TENON_E_CANCELLED. It asks the program at once; `work`, for loops
     * that call no other service, asks less often. */
    int32_t (*cancelled) (struct tenon_call *call);
    /* `size` bytes of zeroed memory, aligned to 16, that live as long as the call. NULL: the failure is
     * recorded; return TENON_E_MEMORY. (Beyond TENON_LIMIT_HEADER_BYTES it is reported as that limit.) */
    void *(*scratch) (struct tenon_call *call, uint64_t size);
    /* The value of option number `index` of the codec's table. */
    tenon_status (*option) (struct tenon_call *call, uint32_t index, struct tenon_setting *setting);
    /* The configured limit, TENON_LIMIT_*. */
    uint64_t (*limit) (struct tenon_call *call, uint32_t limit);
    /* The number of a dtype by its canonical name; 0, without a failure, if there is none. */
    uint32_t (*dtype_find) (struct tenon_call *call, const char *name);
    tenon_status (*dtype_info) (struct tenon_call *call, uint32_t dtype, struct tenon_dtype *info);
    tenon_status (*source_info) (struct tenon_call *call, uint32_t source, struct tenon_source_info *info);
    /* Reads exactly `length` bytes of a source, or fails with TENON_E_TRUNCATED. In describe, a call that
     * reads all of a part that the codec added or opened compares its checksum: TENON_E_CHECKSUM is no
     * failure unless the codec returns it. Of source 0, and of a part that is read in pieces, a wrong
     * checksum is a flaw of the file. */
    tenon_status (*read_at) (struct tenon_call *call, uint32_t source, uint64_t offset, void *to,
                             uint64_t length);
    /* The same into scratch memory: a private copy, which does not change if the file does. NULL: the failure
     * is recorded, TENON_E_CHECKSUM too. */
    const void *(*view) (struct tenon_call *call, uint32_t source, uint64_t offset, uint64_t length);
    /* Items first … first + n - 1 of an array value, into n values. */
    tenon_status (*items) (struct tenon_call *call, const struct tenon_value *array, uint64_t first,
                           uint64_t n, struct tenon_value *items);

    /* -- in describe -- */

    /* A hint of the numbers that will be added. Not trusted: it may be absurd. */
    void (*expect) (struct tenon_call *call, uint64_t tensors, uint64_t metadata);
    /* Adds an opaque dtype to the catalog. Equal dtypes get the same number. */
    tenon_status (*add_dtype) (struct tenon_call *call, const struct tenon_dtype *dtype, uint32_t *number);
    /* Checks and adds a tensor. Writes tensor->length back. One whose bytes lie behind the end of their
     * source, all or some, is added as unreadable (skip_tensor) with TENON_E_TRUNCATED, which is no failure:
     * a codec need not compare the two by itself, and the beginning of a file tells what all of it has. */
    tenon_status (*add_tensor) (struct tenon_call *call, struct tenon_tensor *tensor);
    /* Adds an entry of metadata. Keys are UTF-8 and unique. Memory that `value` points to is copied; a range
     * of a source stays a range. */
    tenon_status (*add_metadata) (struct tenon_call *call, const char *key, uint64_t key_length,
                                  const struct tenon_value *value);
    /* Makes a source of a range of another. If the filter that the part names is not in use, the result is
     * TENON_E_UNSUPPORTED, which is no failure unless the codec returns it. *source is set on success only,
     * and may lie in the part. */
    tenon_status (*add_part) (struct tenon_call *call, const struct tenon_part *part, uint32_t *source);
    /* An added tensor, by name; one that cannot be read may have dtype TENON_NONE and the flag
     * TENON_NO_SHAPE. TENON_E_NOT_FOUND is no failure unless the codec returns it. */
    tenon_status (*find) (struct tenon_call *call, const char *name, uint64_t name_length,
                          struct tenon_tensor *tensor);
    /* Describes a source with another codec, into this catalog. `how` may be NULL: all fields 0.
     * TENON_E_UNRECOGNISED is no failure unless the codec returns it. */
    tenon_status (*include) (struct tenon_call *call, uint32_t source, const struct tenon_include *how);

    /* -- in write -- */

    tenon_status (*plan_info) (struct tenon_call *call, struct tenon_plan_info *info);
    /* Tensor number `index` of the plan. Its source, offset, place and state are undefined. */
    tenon_status (*plan_tensor) (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor);
    /* Entry number `index` of its metadata, of which the codec's table allows each. The key ends in NUL. */
    tenon_status (*plan_metadata) (struct tenon_call *call, uint64_t index, const char **key,
                                   uint64_t *key_length, struct tenon_value *value);
    /* Writes bytes at the position. They are buffered: any number of them is cheap. */
    tenon_status (*put) (struct tenon_call *call, const void *bytes, uint64_t length);
    /* Writes all bytes of a tensor of the plan in this layout; NULL: C order, little-endian. The host reports
     * a change of layout. */
    tenon_status (*put_tensor) (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout);
    /* Writes the items of an array value in this encoding, TENON_ENCODING_*. */
    tenon_status (*put_items) (struct tenon_call *call, const struct tenon_value *array, uint32_t encoding);
    /* Writes bytes of the value `fill` up to the next position that is a multiple of `alignment` ≥ 1. */
    tenon_status (*align) (struct tenon_call *call, uint64_t alignment, uint32_t fill);
    /* The position in the file or member that is being written, bytes. */
    uint64_t (*tell) (struct tenon_call *call);
    /* Overwrites bytes that were put. TENON_E_UNSUPPORTED if the sink is a pipe, or a member that is filtered
     * or summed. */
    tenon_status (*patch) (struct tenon_call *call, uint64_t position, const void *bytes, uint64_t length);
    /* Begins a file beside the target, by its bare name, each name once; NULL: goes back to the target. All
     * files appear together at the end, in the order in which they were begun; the target, if anything was
     * put there, comes last. */
    tenon_status (*next_file) (struct tenon_call *call, const char *name, uint64_t name_length);
    /* Writes a member at the position, and fills in *result. */
    tenon_status (*put_member) (struct tenon_call *call, const struct tenon_member *member,
                                struct tenon_member_result *result);
    /* For formats that print or index values: reads `length` bytes from byte `offset` of those that
     * put_tensor would write. Any offset will do; rising ones are cheap. A tensor that was read counts as
     * put. */
    tenon_status (*read_tensor) (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout,
                                 uint64_t offset, void *to, uint64_t length);
    /* With TENON_PLAN_APPENDS: writes the first `length` bytes of the old file, once, before anything else is
     * put. Where the file system can share them, they are not copied. */
    tenon_status (*put_old) (struct tenon_call *call, uint64_t length);
    /* In describe: tensor number `index` of all that were added before, by this call and by those that it
     * included. TENON_E_NOT_FOUND, after the last one, is no failure unless the codec returns it. */
    tenon_status (*described) (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor);
    /* In describe: the place of source 0 in a set, by its name. */
    tenon_status (*shard_info) (struct tenon_call *call, struct tenon_shard_info *info);
    /* In every codec function: a hash of `length` bytes, all of its 64 bits good, under a secret key that is
     * random for each context. For tables of names that come from a file: an author who knows the hash of a
     * name can make all names of a file collide. It differs from run to run, so no byte that a codec puts may
     * depend on it, nor on an order that follows from it. */
    uint64_t (*hash) (struct tenon_call *call, const void *bytes, uint64_t length);
    /* In write of a plan that is added to a file (TENON_PLAN_APPENDS): the part of source 0 that the tensor
     * `index` of the plan replaces, by the name that describe gave the part; it lives as long as the call.
     * *name is NULL if the old file has no tensor of that name, or has it in no part. A part that
     * holds more than the tensor cannot be replaced: TENON_E_UNSUPPORTED. */
    tenon_status (*old_part) (struct tenon_call *call, uint64_t index, const char **name, uint64_t *length);
    /* Draws work that the codec does without calling other services, before it is done, in bytes that could
     * be copied meanwhile: parsing a text, sorting a list. TENON_E_LIMIT: opening the file takes more than it
     * may (TENON_LIMIT_OPEN_WORK); TENON_E_CANCELLED: the program asked to stop, which it is asked after each
     * MiB of work. Draw no more than that at once. The other services draw their own work. */
    tenon_status (*work) (struct tenon_call *call, uint64_t amount);
    /* In describe: adds a tensor that cannot be read, so that the others of the file can be. It is listed;
     * reading it fails with `status`, which is negative, and with `why`, one line; verifying the file fails
     * and names it. The fields of `tensor` state what is known:
     *
     *     name             as in add_tensor; the name of a tensor that was added before is refused
     *     dtype            TENON_NONE if it is not known: then the argument `dtype` is the format's word
     *                      for it ("type 139"), or NULL, which stands for "?"
     *     rank, shape      TENON_NO_SHAPE in flags if they are not known; more than 64 dims count as that.
     *                      Their product may be of any size
     *     source           the one that holds the bytes, or would
     *     offset, length   of the bytes; a length of 0 or TENON_AUTO is not known. They may leave the
     *                      source. Ranges inside it must not overlap, unless TENON_ALIAS is set
     *
     * Use it where the fault is that tensor's alone. Structure that cannot be trusted (counts that lie,
     * ranges that overlap, a broken header) is a failure: fail. */
    tenon_status (*skip_tensor) (struct tenon_call *call, const struct tenon_tensor *tensor,
                                 tenon_status status, const char *dtype, const char *why);
    /* In write: TENON_METADATA_GIVEN, TENON_METADATA_OWN. Without GIVEN the entry comes from a file, and a
     * codec may bring a value of its format up to date. */
    uint32_t (*plan_metadata_flags) (struct tenon_call *call, uint64_t index);
    /* In describe of a shard of a set that is opened whole (TENON_SHARDS_WHOLE): copies `size` bytes, at most
     * TENON_MOST_SHARD_STATE, for the shards behind it, in place of what was left before (shard_info). So a
     * codec can compare what each shard says of the set. */
    tenon_status (*leave_state) (struct tenon_call *call, const void *state, uint64_t size);
    /* In every codec function: continues a checksum, TENON_CHECK_*, which begins as 0, with `length` bytes.
     * The sum of bytes that lie one after the other is that of the last call. */
    uint64_t (*checksum) (struct tenon_call *call, uint32_t kind, uint64_t before, const void *bytes,
                          uint64_t length);

    /* -- stores -- */

    /* Makes a source of a key; a key that was opened before has the same number.
     *
     *     in describe of a keyed codec    a key of its store
     *     in describe of another codec    a file beside source 0, or in a folder beside it. A key without '/'
     *                                     may be a symbolic link to a file anywhere, as in download caches.
     *                                     Where source 0 is a part, or has no path, no key is there
     *     in write of a keyed codec that adds to a file (TENON_PLAN_APPENDS)    a key of the old file
     *
     * Two results are no failures unless the codec returns them: TENON_E_NOT_FOUND, and the status of a key
     * that cannot be read (skip_part). Of the latter *source is the source of its stored bytes, 0 if they
     * have no place. `answer` has the words for both. */
    tenon_status (*open_key) (struct tenon_call *call, const char *key, uint64_t length, uint32_t *source);
    /* In describe of a keyed codec: the next key that begins with `prefix`, in the order of the archive; of a
     * folder, in the order of their bytes. TENON_E_NOT_FOUND, after the last one, is no failure unless the
     * codec returns it. Opening the key that came last takes no search. */
    tenon_status (*next_key) (struct tenon_call *call, const char *prefix, uint64_t prefix_length,
                              struct tenon_key *key);
    /* In describe and locate of an archive: like add_part, of a member that cannot be read. Its key is known;
     * opening it answers `status`, which is negative, with `why`, one line. What `part` says beside name,
     * size and place counts as far as its stored bytes lie in the source. */
    tenon_status (*skip_part) (struct tenon_call *call, const struct tenon_part *part, tenon_status status,
                               const char *why);
    /* In describe and write: the words for the last result that was no failure, one line; "" if there was
     * none. They live until the next such result. */
    const char *(*answer) (struct tenon_call *call);
    /* In write of a keyed codec: ends the entry before, and begins this one; NULL: only ends. put,
     * put_tensor, put_items, align, tell and patch then count inside the entry. A key twice is
     * TENON_E_EXISTS; where a file is added to, its archive refuses an old key that was not dropped. The
     * archive's own functions put bytes only: no keys, tensors, members or files. */
    tenon_status (*put_key) (struct tenon_call *call, const struct tenon_entry *entry);
    /* In write of a keyed codec that adds to a file, before its first key: an old key is not part of the new
     * file; its bytes may stay in it. Of a key that the file does not have nothing happens. */
    tenon_status (*drop_key) (struct tenon_call *call, const char *key, uint64_t length);
    int32_t (*future_service) (struct tenon_call *call);
};

/* True if the host has this service. A plugin asks before it uses one that is newer than min_host_minor. */
#define TENON_HAS(call, service)                                                                             \
    ((call)->host->struct_size >= offsetof (struct tenon_host, service) + sizeof ((call)->host->service)     \
     && (call)->host->service)

/* ---- the tables of a plugin --------------------------------------------------------------------- */

/* Bytes at a known place in all files of a format. */
struct tenon_magic {
    uint32_t from_end; /* 1: offset counts back from the end of the file to the first byte of the magic */
    uint32_t length;   /* bytes */
    uint64_t offset;   /* bytes */
    const char *bytes;
    uint64_t future[2];
};

/* tenon_codec.flags */
enum {
    /* its tensors may share bytes: in describe if they are marked TENON_ALIAS, in write by alias_of */
    TENON_CODEC_ALIASES = 1,
    TENON_CODEC_NEEDS_PATCH = 2, /* write calls patch: the host refuses to save to a pipe */
    TENON_CODEC_APPENDS = 4,     /* write supports TENON_PLAN_APPENDS */
    /* its files have tensors or metadata in an order of their own: carrying (TENON_SAVE_CARRY) records the
     * order of the plan */
    TENON_CODEC_SORTS = 8,
    /* its files have one tensor without a name: add_tensor gets a NULL name, and the file's stem stands for
     * it. Saving a tensor of another name is a loss */
    TENON_CODEC_NAMELESS = 16,
    /* keyed: its stores are archives only, not folders */
    TENON_CODEC_ARCHIVED = 32
};

/* tenon_codec.shard_flags: sets of files NAME-00001-of-00003.EXTENSION, which make one catalog. An index
 * (set_index) is described like any file. The set that the name of a shard means is opened shard by shard, in
 * the order of the numbers, whatever index lies beside it; metadata keys that an earlier shard had are
 * ignored, and missing shards are a flaw. A shard that is opened alone gets a note. */
enum {
    TENON_SHARDS_NUMBERED = 1,
    TENON_SHARDS_FIRST_OPENS = 2 /* opening the first shard opens all; else only TENON_OPEN_SHARDS does */
};

/* What a codec whose files are archives has beside describe. Its describe adds a part with a name, which is a
 * key, for each member (add_part, skip_part), and nothing else: no tensors, no metadata. The call of describe
 * then lives on, with its scratch memory and its `state`, as long as the keyed codec is at work, and locate
 * gets the same call. The functions that write share another call in the same way, one for each save.
 *
 * Writing: the host calls begin. For each entry it calls begin_entry, which puts what stands before the
 * entry's bytes; then come these bytes, and then end_entry. At the end it calls finish. They use the services
 * of write, on the thread of the save; a failure of one ends the save. An entry with its key lives until its
 * end_entry returns. begin_entry, end_entry and finish need each other; without them the archive is only
 * read. */
struct tenon_archive {
    uint32_t struct_size, flags; /* none yet */
    /* ids of the filters that its members may have, NULL-terminated; NULL: none */
    const char *const *filters;
    /* Completes a part that was added with TENON_PART_LATER, and calls add_part or skip_part with it. What it
     * gets from scratch lives until it returns. NULL: all parts are complete */
    tenon_status (*locate) (struct tenon_call *call, const struct tenon_part *part);
    /* With TENON_PLAN_APPENDS: reads the old directory (source 0), and puts what stays (put_old). NULL:
     * nothing stands before the first entry */
    tenon_status (*begin) (struct tenon_call *call);
    /* With TENON_PLAN_APPENDS: the old file's key, if it has it, is not to be in the new one. NULL: cannot */
    tenon_status (*drop) (struct tenon_call *call, const char *key, uint64_t length);
    tenon_status (*begin_entry) (struct tenon_call *call, const struct tenon_entry *entry);
    tenon_status (*end_entry) (struct tenon_call *call, const struct tenon_entry *entry,
                               const struct tenon_member_result *result);
    tenon_status (*finish) (struct tenon_call *call);
    uint64_t future[2];
};

/* The least result of probe that counts as a match */
enum { TENON_SURE_MATCH = 50 };

/* tenon_codec.metadata: the values that write can keep. The host reports the others as lost. */
enum { TENON_METADATA_NONE = 0, TENON_METADATA_STRINGS = 1, TENON_METADATA_TYPED = 2 };

struct tenon_codec {
    uint32_t struct_size, flags;
    const char *id;    /* lower case: "npy"; not "core", "limits", "save" */
    const char *label; /* one line for users: "NumPy array" */
    /* lower case, without the dot, NULL-terminated; the first is the usual one */
    const char *const *extensions;
    const struct tenon_magic *magics;
    uint32_t magic_size, magic_count; /* sizeof (struct tenon_magic), how many */
    const struct tenon_option *options;
    uint32_t option_size, option_count;
    /* The limits of write. The host checks them before it calls write. */
    const char *const *dtypes; /* canonical names, NULL-terminated; NULL: all dtypes with a name */
    const char *opaque_family; /* opaque dtypes of this family too; NULL: none */
    uint64_t max_tensors;      /* 0: any number */
    uint32_t max_rank;         /* 0: any rank */
    uint32_t metadata;         /* TENON_METADATA_* */
    tenon_status (*describe) (struct tenon_call *call); /* NULL: the codec only writes */
    tenon_status (*write) (struct tenon_call *call);    /* NULL: it only reads */
    /* How sure it is that source 0 has this format, 0 … 100, if no magic tells; TENON_SURE_MATCH and above
     * count as a match. So that it can be compared with other codecs:
     *
     *     - 100: bytes that only this format has, though no magic can state them;
     *     - 90: the structure was found and fits the file, such as a directory at its end;
     *     - 80: a part of the structure fits;
     *     - 60: nothing contradicts, and other formats could begin alike;
     *     - 50: plausible text or numbers, to be taken only where no other codec knows the bytes;
     *     - less: no.
     *
     * A negative result counts as no, and so does one above 100, which gets a note. Only services for every
     * codec function may be called, and their failures do not count. NULL: magics and extensions decide. */
    int32_t (*probe) (struct tenon_call *call);
    /* Fills `to` with a region of a served tensor: `size` bytes, packed, C order, little-endian. Sources have
     * the numbers that they had in describe. Called from many threads at once, each with its own call. */
    tenon_status (*read) (struct tenon_call *call, const struct tenon_tensor *tensor,
                          const struct tenon_region *region, void *to, uint64_t size);
    /* Reserved for TENON_GRID. */
    tenon_status (*locate_chunk) (struct tenon_call *call, const struct tenon_tensor *tensor,
                                  const uint64_t *chunk, void *found);
    /* of a container: the name of the option that names the codec of its members, whose limits (dtypes,
     * opaque_family, max_rank) then hold as well; else NULL */
    const char *member_option;
    uint32_t shard_flags; /* TENON_SHARDS_* */
    uint32_t reserved;
    /* extension of indexes of sets: "safetensors.index.json"; NULL: none. "safetensors.index.VARIANT.json",
     * and another extension of the codec in place of "safetensors", are indexes as well */
    const char *set_index;
    /* If an option makes the codec hold more: those of `dtypes` that it holds while the option of the name
     * `dtypes_option` has its default. The host refuses the others, and `dtypes_words` goes into the message:
     * what the option does for them. Else NULL */
    const char *const *default_dtypes;
    const char *dtypes_option, *dtypes_words;
    /* Makes it a keyed codec: it describes a store that has a key of one of these patterns; the one with the
     * most literal text wins. '*' stands for any text without '/', '**' for any text; "" is an empty store.
     * NULL-terminated; NULL: it describes bytes */
    const char *const *root_keys;
    /* keyed: the codec of the archives that write makes, and that a file is taken for if the bytes do not
     * tell: "zip". NULL: a folder */
    const char *archive;
    const struct tenon_archive *archive_functions; /* it is the codec of archives; else NULL */
    uint64_t future[2];
};

/* A level in steps and members: the filter's default_level. So no filter encodes at the level -1. */
#define TENON_LEVEL_DEFAULT (-1)

/* What a state of a filter is for. */
struct tenon_coding {
    uint32_t struct_size;
    uint32_t encode; /* 1: it encodes; 0: it decodes */
    int32_t level;   /* encode: inside the filter's levels */
    uint32_t flags;  /* none yet */
    /* The step's setup, NULL without any; it lives until open returns. It may come from a file: check it */
    const void *setup;
    uint64_t setup_size;
    /* decode: the most bytes that the state may hold (TENON_LIMIT_MEMORY). step refuses a stream that needs
     * more with TENON_E_LIMIT. 0: any number */
    uint64_t memory;
    uint64_t future[2];
};

/* tenon_filter.flags. Neither: what a source is stored in is one block, or one stream */
enum {
    /* Blocks that were encoded by themselves, the last one with TENON_FILTER_LAST, are one stream when they
     * are joined end to end: raw deflate */
    TENON_FILTER_JOINS = 1,
    /* Each block is a whole stream by itself, and streams joined end to end are one: gzip, zstd, xz. Each
     * block has TENON_FILTER_LAST and `last` */
    TENON_FILTER_FRAMES = 2
};
/* encode: this block ends the stream, or begins it. A block may do both */
enum { TENON_FILTER_LAST = 1, TENON_FILTER_FIRST = 2 };
/* The result of step */
enum {
    TENON_STEP_MORE = 0, /* there is more to do */
    TENON_STEP_END = 1,  /* the stream has ended: input that follows does not belong to it */
    /* the stream is complete if no input follows. If some does, step goes on with it */
    TENON_STEP_MAY_END = 2
};

/* A reversible byte transform. A state belongs to one thread at a time and processes one block, or one
 * stream, after the other. */
struct tenon_filter {
    uint32_t struct_size, flags; /* TENON_FILTER_JOINS, TENON_FILTER_FRAMES */
    const char *id;              /* lower case: "deflate" */
    const char *label;
    int32_t least_level, most_level, default_level;
    uint32_t reserved;
    /* The most bytes of an encoded block of `size` decoded bytes. */
    uint64_t (*bound) (const struct tenon_coding *coding, uint64_t size);
    /* Makes a state, which is the only thing that a plugin allocates; close frees it. TENON_E_MALFORMED: the
     * setup is wrong; TENON_E_UNSUPPORTED: the filter cannot do what it asks for. */
    tenon_status (*open) (const struct tenon_coding *coding, void **state);
    void (*close) (void *state);
    /* Encodes a block of `size` bytes into at most `room` bytes. Returns their number, or TENON_E_*. */
    int64_t (*encode) (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room);
    /* Decodes a whole block: exactly `stored` bytes to exactly `size` bytes. It ends the stream if and only
     * if `last` is 1. A whole stream is such a block, too: with `last` 1, and with TENON_FILTER_FRAMES of
     * any number of frames. */
    tenon_status (*decode) (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                            uint64_t size);
    /* Decode a stream in pieces of any size: reset, then step until the stream ends. step sets *taken and
     * *made to the bytes that it used of each side, and returns TENON_STEP_* or TENON_E_*. One that returns
     * TENON_STEP_MORE and neither took nor made anything waits for more input or more room. */
    tenon_status (*reset) (void *state);
    int32_t (*step) (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                     uint64_t *made);
    /* Decodes a whole stream whose decoded size is not known, and returns it. More than `room`: that much
     * room is needed, and `to` does not count. TENON_E_LIMIT: `room` is too small, and it is not known by
     * how much. NULL: step does it. */
    int64_t (*unpack) (void *state, const void *from, uint64_t stored, void *to, uint64_t room);
    /* The block size for a member of about `size` decoded bytes, if the codec leaves it to the host. It
     * depends on the arguments only, not on the machine, so files do not either. NULL: 1 MiB. */
    uint64_t (*block_size) (const struct tenon_coding *coding, uint64_t size);
    /* After decode, reset, step or unpack refused the bytes with TENON_E_UNSUPPORTED or TENON_E_LIMIT: one
     * line that says why, "they need the dictionary 7", which lives until the next call. NULL: the host has
     * words of its own. Other failures are damage, whose place the host tells. */
    const char *(*why) (void *state);
    uint64_t future[2];
};

struct tenon_plugin {
    uint32_t struct_size;
    uint32_t abi_minor;      /* TENON_ABI_MINOR of the header that it was compiled with */
    uint32_t min_host_minor; /* an older host refuses the plugin */
    uint32_t flags;          /* none yet */
    /* as in the ini's [plugin NAME]: letters, digits, '-', '_'. It is the name of the file without ".so":
     * else the host refuses the plugin */
    const char *name;
    const char *version, *license, *summary;
    const struct tenon_codec *const *codecs; /* each list is NULL, or ends in NULL */
    const struct tenon_filter *const *filters;
    const struct tenon_dtype *const *dtypes; /* block dtypes only: plain ones are the host's */
    /* The plugin's own extensions, by id; NULL: none. */
    const void *(*get_extension) (const char *id);
    uint64_t future[2];
};

/* The only symbol that a plugin exports. It is called once per context, on the thread that makes the context,
 * and may return NULL, which is reported as unwilling. A plugin that is linked into libtenon gets a symbol
 * with its name. */
#ifdef TENON_BUILTIN_PLUGIN
#define TENON_VISIBLE __attribute__ ((visibility ("hidden")))
#else
#define TENON_VISIBLE __attribute__ ((visibility ("default")))
#endif
#ifdef __cplusplus
#define TENON_EXPORT extern "C" TENON_VISIBLE
#else
#define TENON_EXPORT TENON_VISIBLE
#endif
#ifdef TENON_BUILTIN_PLUGIN
#define TENON_PLUGIN_SYMBOL_2(name) tenon_plugin_v0_##name
#define TENON_PLUGIN_SYMBOL_1(name) TENON_PLUGIN_SYMBOL_2 (name)
#define TENON_PLUGIN_SYMBOL TENON_PLUGIN_SYMBOL_1 (TENON_BUILTIN_PLUGIN)
#else
#define TENON_PLUGIN_SYMBOL tenon_plugin_v0
#endif
TENON_EXPORT const struct tenon_plugin *TENON_PLUGIN_SYMBOL (const struct tenon_host *host);

/* Defines that symbol. At the end of a plugin: TENON_PLUGIN (the_table) */
#define TENON_PLUGIN(table)                                                                                  \
    const struct tenon_plugin *TENON_PLUGIN_SYMBOL (const struct tenon_host *host)                           \
    {                                                                                                        \
        (void) host;                                                                                         \
        return &(table);                                                                                     \
    }

#ifdef __cplusplus
}
#endif

/* Helpers that are compiled into the plugin. They need the declarations above. */
#include <tenon/bytes.h>
#include <tenon/cursor.h>
#include <tenon/errors.h>
#include <tenon/odometer.h>

#endif
