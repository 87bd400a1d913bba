/* Made by tests/abi/renew from tenon/plugin.h: with longer structs. */
/* SPDX-License-Identifier: MIT */
/* tenon/plugin.h - what a plugin includes, and all that it includes.
 *
 * A plugin is a shared object that exports one function, tenon_plugin_v0, which returns a table of the
 * codecs, filters and dtypes that it has. A codec is two functions:
 *
 *     describe (call)   turns the bytes of a source into a catalog: for each tensor its name, dtype, shape,
 * and where its bytes lie write (call)      turns a plan (the same information, the other way round) into a
 * sequence of "put these header bytes, put that tensor here"
 *
 * It never opens a file, copies tensor data, makes a thread, allocates what somebody must free, prints or
 * exits. All it does goes through its *call*: one run of one codec function, on one thread, which is dead
 * when that function returns, and with it all memory that was got through it. A codec keeps nothing else:
 * no globals that change. So describe and write may run on many threads at once, each with its own call.
 *
 * Sources, dtypes and tensors are numbers. A number means something in its own call only.
 *
 * Errors: every service that returns tenon_status has recorded the failure, with its place, before it
 * returns a negative one; the codec just returns it (TENON_TRY). A codec's own failures go through
 * tenon_fail. The first failure of a call is the one that is reported, and a function that failed once has
 * failed, whatever it returns.
 *
 * Everything that a codec says is checked by the host; nothing that a file says needs to be trusted by the
 * codec: add_tensor checks the product of the shape, the length, the range inside the source, the name and
 * the limits. What a codec must check itself is its own arithmetic: never add two numbers of a file without
 * asking whether they may be added.
 *
 * Threads: each service may be called only from inside the codec function that got the call, on its thread.
 *
 * The ABI is version 0: it may still change, and then tenon_plugin_v0 changes its name or the minor number
 * grows. How it may grow is in types.h: structs at their end, flags by their halves, services at the end of
 * struct tenon_host. */
#ifndef TENON_PLUGIN_H
#define TENON_PLUGIN_H

#include "types.h"
#include <stddef.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The minor version that this header describes. A plugin states it as abi_minor, and the oldest host that
 * will do as min_host_minor. */
#define TENON_ABI_MINOR 1

struct tenon_host;

/* One run of one codec function. The host keeps more behind it. */
struct tenon_call {
    const struct tenon_host *host;
};

/* ---- tensors ------------------------------------------------------------------------------------- */

/* tenon_tensor.storage: how the core gets at the data */
enum {
    TENON_EXTENT = 0, /* one range of one source */
    TENON_SERVED = 1, /* the codec's read() makes any region of it */
    TENON_GRID = 2    /* chunks, found by the codec's locate(). Reserved: refused by this version */
};

/* tenon_tensor.length: dtype × shape */
#define TENON_AUTO UINT64_MAX

/* A tensor, as a codec describes it and as it finds it in a plan. */
struct tenon_tensor {
    uint32_t struct_size;
    uint32_t dtype; /* a fixed id, or one from dtype_find or add_dtype */
    /* NULL: the source's own name: the file's stem, the member's key without the codec's extension */
    const char *name;
    uint64_t name_length;  /* bytes */
    const uint64_t *shape; /* `rank` dims, outermost first, whatever the flags say. NULL for rank 0 */
    uint32_t rank;         /* 0 … 64 */
    /* TENON_FORTRAN, TENON_BIG_ENDIAN, TENON_ALIAS. In a plan: how the bytes lie now, so that a format
     * which has both orders can keep them */
    uint32_t flags;
    uint32_t storage;            /* TENON_EXTENT … */
    uint32_t source;             /* 0 is the source that describe was called for */
    uint64_t offset;             /* of the data in that source, bytes */
    uint64_t length;             /* of the data, bytes, or TENON_AUTO; the core writes the number back */
    uint64_t cookie;             /* SERVED, GRID: the codec's own; comes back in read and locate */
    const uint64_t *chunk_shape; /* GRID: `rank` dims */
    uint64_t place;              /* where source 0 says all this, for messages; 0: no telling */
    uint64_t future[2];
};

/* How put_tensor writes: flags are TENON_FORTRAN, TENON_BIG_ENDIAN, or neither; and TENON_ASKED, when the
 * user chose this by an option, so that a change of layout is no loss but a note. */
enum { TENON_ASKED = 0x100 };
struct tenon_layout {
    uint32_t struct_size, flags;
    uint64_t future[2];
};

/* A box of a tensor that read() is asked for: start + k × step in each dim, k < count. Items are packed in
 * C order. */
struct tenon_region {
    uint32_t struct_size, rank;
    const uint64_t *start, *count, *step; /* `rank` numbers each; inside the shape, step ≥ 1 */
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

/* tenon_part.check, tenon_member.check */
enum { TENON_CHECK_NONE = 0, TENON_CHECK_CRC32 = 1 /* ISO 3309, as in zip and zlib */ };
/* tenon_part.flags */
enum {
    /* who maps data of it without a copy has its checksum compared first; else only who reads all of it */
    TENON_PART_CHECK_MAPPED = 1
};

/* What a file's name says of it, in a codec with TENON_SHARDS_NUMBERED. */
enum { TENON_SHARDS_WHOLE = 1 /* all parts are described now, one after the other, into one catalog */ };
struct tenon_shard_info {
    uint32_t struct_size, flags;
    uint64_t number, count; /* this part, from 1, and of how many. 0: its name is not that of a part */
    uint64_t tensors;       /* WHOLE: of the parts before it */
    /* WHOLE, else NULL: eight numbers, zero at first, that the parts hand on, so that what each of them says
     * of the whole can be compared */
    uint64_t *shared;
    uint64_t future[2];
};

/* A stretch of a source that is a source itself: a member of an archive, a compressed section. */
struct tenon_part {
    uint32_t struct_size;
    uint32_t source; /* inside which source */
    /* bytes before `offset` that belong to it (a local header): no other part may overlap them */
    uint64_t lead;
    uint64_t offset;    /* of its stored bytes in that source */
    uint64_t stored;    /* how many */
    uint64_t size;      /* after decoding; == stored when there is no filter */
    const char *filter; /* id of the filter that decodes it, NULL: none */
    uint64_t block_size; /* 0: one stream. Else every block_size decoded bytes were encoded by themselves … */
    /* … and end here, counted from `offset`: ceil (size / block_size) rising numbers, the last one ==
     * stored. Copied. Not trusted: a block that does not decode to its size by itself makes the core fall
     * back on one stream; verifying tells */
    const uint64_t *block_ends;
    uint32_t check; /* TENON_CHECK_* over all decoded bytes; compared when all of it is read */
    uint32_t flags; /* TENON_PART_* */
    uint64_t check_value;
    const char *name; /* its key; copied */
    uint64_t name_length;
    uint64_t future[2];
};

/* include: how the tensors of another source come into this catalog */
enum {
    /* names become KEY/NAME, but for a tensor that takes its name from the source */
    TENON_INCLUDE_PREFIX = 1,
    /* metadata keys that are there already are the same in every part: keep the first, no error */
    TENON_INCLUDE_REPEATED = 2,
    TENON_INCLUDE_NO_METADATA = 4
};
struct tenon_include {
    uint32_t struct_size, flags;
    const char *codec;           /* its id; NULL: whoever recognises the source */
    const char *metadata_prefix; /* put before each metadata key of it; NULL: nothing */
    uint64_t future[2];
};

/* ---- saving -------------------------------------------------------------------------------------- */

/* tenon_plan_info.flags */
enum {
    TENON_SINK_SEEKABLE = 1, /* patch works */
    /* The user adds to a file that is there, which the codec has described without complaint: it is source
     * 0 (source_info, read_at, view), and put_old puts its beginning. The plan has what is to be added or
     * replaced, by name; its metadata are the old ones and the new ones together. Only for codecs with
     * TENON_CODEC_APPENDS */
    TENON_PLAN_APPENDS = 2,
    /* The metadata hold what is needed to restore carried tensors: a codec that keeps metadata only on
     * request keeps these without being asked */
    TENON_PLAN_CARRIES = 4,
    /* The target has the extension set_index: what is wanted is the set whose index it is. next_file (NULL)
     * gives the target itself its turn, last */
    TENON_PLAN_INDEX = 8
};
struct tenon_plan_info {
    uint32_t struct_size, flags;
    uint64_t tensors, metadata; /* how many of each */
    const char *name;           /* the target's bare name without the codec's extension */
    uint64_t name_length;
    uint64_t future[2];
};

/* A run of the plan's tensors that becomes a member, written by another codec, through a filter. */
struct tenon_member {
    uint32_t struct_size;
    uint32_t check;        /* TENON_CHECK_* to be computed over its decoded bytes */
    uint64_t first, count; /* tensors of this plan */
    const char *codec;     /* id of the codec that writes it, or one of its extensions */
    const char *filter;    /* NULL: none */
    int32_t level;         /* the filter's; -1: its default */
    uint32_t flags;        /* none yet */
    /* decoded bytes that are encoded by themselves; 0: the host's choice, of which the result tells */
    uint64_t block_size;
    /* How many members the codec asks for after this one, one by one, each like this one and of the `count`
     * tensors behind those of the member before it. The host encodes announced members on all threads; what
     * it writes is the same without an announcement. A codec that asks for another member, or for fewer,
     * fails. Of a member that was announced itself, this field does not count. */
    uint64_t announced;
    uint64_t future[2];
};

/* What became of it. All counts are bytes. */
struct tenon_member_result {
    uint32_t struct_size, reserved;
    uint64_t offset;       /* in the file being written */
    uint64_t stored, size; /* encoded, decoded */
    uint64_t check_value;
    uint64_t block_size, block_count;
    const uint64_t *block_ends; /* counted from `offset`; lives as long as the call */
    uint64_t future[2];
};

/* ---- the host's services ------------------------------------------------------------------------- */

struct tenon_host {
    uint32_t struct_size, abi_minor;
    uint32_t flags, reserved;
    const char *version; /* of the library, "0.1.0" */

    /* A table of functions by its id, "org.name/1"; NULL: this host has none of that name. In any state,
     * any thread. */
    const void *(*get_extension) (const struct tenon_host *host, const char *id);

    /* -- in every codec function -- */

    /* Records a failure. `status` is negative; `offset` is a place in source 0, or TENON_AUTO for none. */
    void (*fail) (struct tenon_call *call, int32_t status, uint64_t offset, const char *message);
    /* Says something about the file: TENON_NOTE, TENON_NOTE | TENON_FLAW or TENON_LOSS; `item` is a tensor's
     * or key's name, or NULL. A loss in write counts: a strict save fails. */
    void (*note) (struct tenon_call *call, uint32_t kind, const char *item, const char *message);
    /* Non-zero: stop, and return TENON_E_CANCELLED. For loops that call no other service. */
    int32_t (*cancelled) (struct tenon_call *call);
    /* Zeroed memory, aligned to 16, that lives as long as the call. NULL: the failure is recorded; return
     * TENON_E_MEMORY (too much memory for TENON_LIMIT_HEADER_BYTES is reported as that limit). */
    void *(*scratch) (struct tenon_call *call, uint64_t size);
    /* The value of the codec's own option number `index` in its table. */
    tenon_status (*option) (struct tenon_call *call, uint32_t index, struct tenon_setting *setting);
    /* The configured limit, TENON_LIMIT_*. */
    uint64_t (*limit) (struct tenon_call *call, uint32_t limit);
    /* The number of a dtype by its canonical name; 0: nobody registered it (no failure). */
    uint32_t (*dtype_find) (struct tenon_call *call, const char *name);
    tenon_status (*dtype_info) (struct tenon_call *call, uint32_t dtype, struct tenon_dtype *info);
    tenon_status (*source_info) (struct tenon_call *call, uint32_t source, struct tenon_source_info *info);
    /* Exactly `length` bytes, or TENON_E_TRUNCATED. */
    tenon_status (*read_at) (struct tenon_call *call, uint32_t source, uint64_t offset, void *to,
                             uint64_t length);
    /* The same, in scratch memory: a private copy, which cannot change while it is parsed. NULL: the
     * failure is recorded. */
    const void *(*view) (struct tenon_call *call, uint32_t source, uint64_t offset, uint64_t length);
    /* Items first … first + n - 1 of an array value, as values. Strings and nested items live as long as
     * the call. */
    tenon_status (*items) (struct tenon_call *call, const struct tenon_value *array, uint64_t first,
                           uint64_t n, struct tenon_value *items);

    /* -- in describe -- */

    /* A hint of how many are to come, for the memory. Never trusted, may be absurd. */
    void (*expect) (struct tenon_call *call, uint64_t tensors, uint64_t metadata);
    /* Copies an opaque dtype into the catalog and gives its number. The same one twice gives the same
     * number. */
    tenon_status (*add_dtype) (struct tenon_call *call, const struct tenon_dtype *dtype, uint32_t *number);
    /* Checks and copies a tensor. Writes the length back. */
    tenon_status (*add_tensor) (struct tenon_call *call, struct tenon_tensor *tensor);
    /* Keys are UTF-8 and unique. What `value` points to is copied; a range of a source stays a range. */
    tenon_status (*add_metadata) (struct tenon_call *call, const char *key, uint64_t key_length,
                                  const struct tenon_value *value);
    /* Makes a source of a stretch of another, or of all of a sibling. */
    tenon_status (*add_part) (struct tenon_call *call, const struct tenon_part *part, uint32_t *source);
    /* Opens a file beside the one that holds source 0: a bare name, no path. TENON_E_NOT_FOUND is not
     * recorded as a failure until the codec returns it. */
    tenon_status (*sibling) (struct tenon_call *call, const char *name, uint64_t name_length,
                             uint32_t *source);
    /* A tensor that was added so far, by name. TENON_E_NOT_FOUND is no failure either. */
    tenon_status (*find) (struct tenon_call *call, const char *name, uint64_t name_length,
                          struct tenon_tensor *tensor);
    /* Describes a source with another codec, into this catalog. TENON_E_UNRECOGNISED is no failure either:
     * skip it, or return it. */
    tenon_status (*include) (struct tenon_call *call, uint32_t source, const struct tenon_include *how);

    /* -- in write -- */

    tenon_status (*plan_info) (struct tenon_call *call, struct tenon_plan_info *info);
    /* `source`, `offset` and `cookie` are not meaningful. Texts and shapes live as long as the call. */
    tenon_status (*plan_tensor) (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor);
    tenon_status (*plan_metadata) (struct tenon_call *call, uint64_t index, const char **key,
                                   uint64_t *key_length, struct tenon_value *value);
    tenon_status (*put) (struct tenon_call *call, const void *bytes, uint64_t length);
    /* All bytes of a tensor of the plan in this layout (NULL: C order, little-endian). A change from how it
     * lies in its source is told to the user by the core. */
    tenon_status (*put_tensor) (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout);
    /* The items of an array value in another encoding. */
    tenon_status (*put_items) (struct tenon_call *call, const struct tenon_value *array, uint32_t encoding);
    /* Bytes of value `fill` until the position in the current file is a multiple of `alignment` ≥ 1. */
    tenon_status (*align) (struct tenon_call *call, uint64_t alignment, uint32_t fill);
    /* The position in the current file, or member, bytes. */
    uint64_t (*tell) (struct tenon_call *call);
    /* Overwrites bytes that were put. TENON_E_UNSUPPORTED when the sink is a pipe or inside a filter. */
    tenon_status (*patch) (struct tenon_call *call, uint64_t position, const void *bytes, uint64_t length);
    /* What follows goes to the file of this bare name beside the target; NULL: to the target itself. Each
     * name once. All files appear together at the end, in the order in which they were begun, the target
     * (unless nothing was put there) last. */
    tenon_status (*next_file) (struct tenon_call *call, const char *name, uint64_t name_length);
    tenon_status (*put_member) (struct tenon_call *call, const struct tenon_member *member,
                                struct tenon_member_result *result);
    /* For formats that print or index values: bytes offset … offset + length - 1 of what put_tensor would
     * put. At any offset; cheap in rising order. A tensor that was read counts as put. */
    tenon_status (*read_tensor) (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout,
                                 uint64_t offset, void *to, uint64_t length);
    /* With TENON_PLAN_APPENDS: the first `length` bytes of the old file, as they are, where the file system
     * can without copying them. Before anything else is put, and once. */
    tenon_status (*put_old) (struct tenon_call *call, uint64_t length);
    /* In describe: tensor number `index` of all that were added so far, by this call and those that it
     * included; like find. TENON_E_NOT_FOUND behind the last one is no failure. */
    tenon_status (*described) (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor);
    /* In describe: which part of a set source 0 is, as its name says. */
    tenon_status (*shard_info) (struct tenon_call *call, struct tenon_shard_info *info);
    int32_t (*future_service) (struct tenon_call *call);
};

/* Does this host have a service that is newer than the one the plugin asks for at least? */
#define TENON_HAS(call, service)                                                                             \
    ((call)->host->struct_size >= offsetof (struct tenon_host, service) + sizeof ((call)->host->service)     \
     && (call)->host->service)

/* ---- what a plugin hands over ---------------------------------------------------------------------- */

/* Bytes that files of a format have at a known place. */
struct tenon_magic {
    uint32_t from_end; /* 1: offset counts back from the end of the file, to the first byte of the magic */
    uint32_t length;
    uint64_t offset;
    const char *bytes;
    uint64_t future[2];
};

/* tenon_codec.flags */
enum {
    /* its tensors may share bytes: overlaps of tensors marked TENON_ALIAS are fine */
    TENON_CODEC_ALIASES = 1,
    TENON_CODEC_NEEDS_PATCH = 2, /* write uses patch: saving to a pipe is refused at once */
    TENON_CODEC_APPENDS = 4,     /* write understands TENON_PLAN_APPENDS */
    /* its files have tensors or metadata in an order of their own, not in the plan's: who carries (--carry)
     * is given a record that brings the plan's order back */
    TENON_CODEC_SORTS = 8
};

/* tenon_codec.shard_flags: sets of files NAME-00001-of-00003.EXTENSION, one catalog in all. The core opens
 * them: by their index (set_index) if there is one, which is described like any file, else one after the
 * other by their numbers; metadata keys that an earlier one had are passed over. Of a part that is opened by
 * itself there is a note. */
enum {
    TENON_SHARDS_NUMBERED = 1,
    TENON_SHARDS_FIRST_OPENS = 2 /* opening the first part opens them all; else only TENON_OPEN_SHARDS does */
};

/* tenon_codec.metadata: what write can keep; the core puts the rest into the loss report */
enum { TENON_METADATA_NONE = 0, TENON_METADATA_STRINGS = 1, TENON_METADATA_TYPED = 2 };

struct tenon_codec {
    uint32_t struct_size, flags;
    const char *id;    /* lower case: "npy"; not "core", "limits", "save" */
    const char *label; /* one line, for people: "NumPy array" */
    /* without the dot, lower case, NULL-terminated; the first is appended when saving */
    const char *const *extensions;
    const struct tenon_magic *magics;
    uint32_t magic_size, magic_count; /* sizeof (struct tenon_magic), how many */
    const struct tenon_option *options;
    uint32_t option_size, option_count;
    /* What write can store, checked by the core before write is called. */
    const char *const *dtypes; /* canonical names, NULL-terminated; NULL: all that have a name */
    const char *opaque_family; /* opaque dtypes of this family too; NULL: none */
    uint64_t max_tensors;      /* 0: any number */
    uint32_t max_rank;         /* 0: any rank */
    uint32_t metadata;         /* TENON_METADATA_* */
    tenon_status (*describe) (struct tenon_call *call); /* NULL: the codec only writes */
    tenon_status (*write) (struct tenon_call *call);    /* NULL: it only reads */
    /* How sure the codec is that source 0 is its own, 0 … 100, when magics do not tell: 50 and above count
     * as a match. Only read_at, view and source_info may be called, and their failures are no failures.
     * NULL: magics and extensions decide. */
    int32_t (*probe) (struct tenon_call *call);
    /* Fills `to` with a region of a served tensor, packed, C order, little-endian, `size` bytes. Sources
     * have the numbers that they had in describe. */
    tenon_status (*read) (struct tenon_call *call, const struct tenon_tensor *tensor,
                          const struct tenon_region *region, void *to, uint64_t size);
    /* Reserved for TENON_GRID. */
    tenon_status (*locate) (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
                            void *found);
    /* 0; or, of a container, 1 + the number of the option that names the codec of its members: what that one
     * cannot store (dtypes, opaque_family, max_rank), this one cannot store either */
    uint32_t member_option;
    uint32_t shard_flags;  /* TENON_SET_* */
    const char *set_index; /* extension of the file that lists a set: "safetensors.index.json". NULL: none */
    uint64_t future[2];
};

/* A reversible byte transform. Blocks that were encoded by themselves and joined end to end are one valid
 * stream. A state belongs to one thread at a time and is used for one block after the other. */
enum { TENON_FILTER_LAST = 1 /* encode: this block ends the stream */ };
struct tenon_filter {
    uint32_t struct_size, flags; /* none yet */
    const char *id;              /* lower case: "deflate" */
    const char *label;
    int32_t least_level, most_level, default_level;
    uint32_t reserved;
    /* Bytes that encode may need for a block of `size`. */
    uint64_t (*bound) (int32_t level, uint64_t size);
    /* A state for encoding (level) or decoding (encode 0); NULL: no memory. The one thing that a plugin
     * allocates; close frees it. */
    void *(*open) (int32_t level, int32_t encode);
    void (*close) (void *state);
    /* One block of `size` bytes into `room`; the bytes that it takes, or TENON_E_*. */
    int64_t (*encode) (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room);
    /* One whole block: exactly `stored` bytes to exactly `size` bytes. `last`: it ends the stream; else it
     * must not. */
    tenon_status (*decode) (void *state, uint32_t last, const void *from, uint64_t stored, void *to,
                            uint64_t size);
    /* One stream in pieces of any size: reset, then step until it returns 1 (the stream's end). step sets
     * *taken and *made to what it used of each side, and returns 0 for more. */
    tenon_status (*reset) (void *state);
    int32_t (*step) (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
                     uint64_t *made);
    /* The block size that suits a member of about `size` decoded bytes at this level, when the codec leaves
     * it to the host. The same for the same arguments, whatever the machine: what is written must not
     * depend on the number of threads. NULL: 1 MiB. */
    uint64_t (*block_size) (int32_t level, uint64_t size);
    uint64_t future[2];
};

struct tenon_plugin {
    uint32_t struct_size;
    uint32_t abi_minor;      /* TENON_ABI_MINOR of the header that it was compiled with */
    uint32_t min_host_minor; /* refused, with a message, by hosts that are older */
    uint32_t flags;          /* none yet */
    const char *name;        /* as in the ini's [plugin NAME]: letters, digits, '-', '_' */
    const char *version, *license, *summary;
    const struct tenon_codec *const *codecs; /* each list NULL, or NULL-terminated */
    const struct tenon_filter *const *filters;
    const struct tenon_dtype *const *dtypes; /* plain ones are the core's: only blocks */
    /* The plugin's own extensions, by id; NULL: none. */
    const void *(*get_extension) (const char *id);
    uint64_t future[2];
};

/* The one symbol that a plugin exports. Called once per context, on the thread that makes it; may return
 * NULL, and then the plugin is reported as unwilling. TENON_PLUGIN gives it a name of its own when the
 * plugin is linked into the library. */
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

/* At the end of a plugin: TENON_PLUGIN (the_table) */
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

#endif
