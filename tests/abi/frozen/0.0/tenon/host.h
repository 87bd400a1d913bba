/* SPDX-License-Identifier: MIT */
/* tenon/host.h - the services of the host, which a codec calls. <tenon/plugin.h> includes it.
 *
 * They are grouped by the codec functions that may call them; tenon-plugin(3) has a table. */
#ifndef TENON_HOST_H
#define TENON_HOST_H

#include <stddef.h>
#include <tenon/structs.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tenon_host;

/* One run of one codec function. The host keeps fields of its own behind these. */
struct tenon_call {
    const struct tenon_host *host;
    void *state; /* the codec's own, NULL at first; the functions of an archive share it */
};

struct tenon_host {
    uint32_t struct_size, abi_minor;
    uint32_t flags, reserved;
    const char *version; /* of the library, "0.1.0" */

    /* A table of functions by its id, "org.example/name/1"; NULL: this host has none of that name. At any
     * time, on any thread. */
    const void *(*get_extension) (const struct tenon_host *host, const char *id);

    /* -- in every codec function -- */

    /* Records a failure. `status` is negative; `offset` is a place in the source, or TENON_AUTO for none. The
     * error names this source, so pass the source whose bytes are wrong or missing, not the one with the
     * header or index that led there. In write the host ignores the source. */
    void (*fail) (struct tenon_call *call, int32_t status, uint32_t source, uint64_t offset,
                  const char *message);
    /* Adds an entry to the report. `kind` is TENON_NOTE for an oddity, TENON_NOTE | TENON_FLAW if the file
     * breaks a rule of its format without damage to the data, or TENON_LOSS, at which a strict save fails. In
     * describe a loss is something in the file that the catalog does not hold (bytes behind an array, members
     * that are no tensors): it is a note when the file is opened, and a loss of each save that takes the
     * file's tensors. `item` is the name of a tensor or key, or NULL. After a failure the host reports
     * nothing else of this call. */
    void (*note) (struct tenon_call *call, uint32_t kind, const char *item, const char *message);
    /* Non-zero if the codec should return TENON_E_CANCELLED. It asks the program at once; `work`, for loops
     * that call no other service, asks less often. */
    int32_t (*cancelled) (struct tenon_call *call);
    /* Counts work that the codec is about to do without calling other services, such as parsing a text or
     * sorting a list. `amount` is the number of bytes that could be copied in the same time. TENON_E_LIMIT:
     * opening the file takes more work than the limit allows (TENON_LIMIT_OPEN_WORK); TENON_E_CANCELLED: the
     * program wants to stop. The host asks the program after each MiB of work, so do not count more than one
     * MiB in a call. The other services count their own work. */
    tenon_status (*work) (struct tenon_call *call, uint64_t amount);
    /* `size` bytes of zeroed memory, aligned to 16, that live as long as the call. NULL: the failure is
     * recorded; return TENON_E_MEMORY. (Beyond TENON_LIMIT_HEADER_BYTES it is reported as that limit.) */
    void *(*scratch) (struct tenon_call *call, uint64_t size);
    /* The value of option number `index` of the codec's table. */
    tenon_status (*option) (struct tenon_call *call, uint32_t index, struct tenon_setting *setting);
    /* The configured limit, TENON_LIMIT_*. */
    uint64_t (*limit) (struct tenon_call *call, uint32_t limit);
    /* A hash of `length` bytes under a secret key that is random for each context; all of its 64 bits can be
     * used. It is for tables of names that come from a file: if the author of a file could compute the hash,
     * the names in the file could be chosen to collide. It differs from run to run, so no byte that a codec
     * puts may depend on it, nor on an order that follows from it. */
    uint64_t (*hash) (struct tenon_call *call, const void *bytes, uint64_t length);
    /* The checksum of this kind, TENON_CHECK_*, of `length` bytes. `before` is that of the bytes before them,
     * and may be the address of *sum; NULL: there are none. A kind that the host does not know is
     * TENON_E_UNSUPPORTED, which is no failure unless the codec returns it. */
    tenon_status (*checksum) (struct tenon_call *call, uint32_t kind, const uint64_t *before,
                              const void *bytes, uint64_t length, uint64_t *sum);
    /* The number of a dtype by its canonical name; 0, without a failure, if there is none. */
    uint32_t (*dtype_find) (struct tenon_call *call, const char *name);
    tenon_status (*dtype_info) (struct tenon_call *call, uint32_t dtype, struct tenon_dtype *info);
    tenon_status (*source_info) (struct tenon_call *call, uint32_t source, struct tenon_source_info *info);
    /* Reads exactly `length` bytes of a source, or fails with TENON_E_TRUNCATED. If one call in describe
     * reads all of a part that the codec added or opened, the host compares the checksum of the part:
     * TENON_E_CHECKSUM is no failure unless the codec returns it. A wrong checksum of source 0, or of a part
     * that is read in pieces, is a flaw of the file. */
    tenon_status (*read_at) (struct tenon_call *call, uint32_t source, uint64_t offset, void *to,
                             uint64_t length);
    /* The same into scratch memory: a private copy, which does not change if the file does. NULL: the failure
     * is recorded, TENON_E_CHECKSUM too. */
    const void *(*view) (struct tenon_call *call, uint32_t source, uint64_t offset, uint64_t length);

    /* -- in describe, read and write -- */

    /* Writes items first … first + n - 1 of an array value into n values. Strings take scratch memory, and
     * each call walks over the strings before `first`: to read all items, use each_item. */
    tenon_status (*items) (struct tenon_call *call, const struct tenon_value *array, uint64_t first,
                           uint64_t n, struct tenon_value *items);
    /* Calls `visit` for each item of an array value, of any item type, in order and in one pass. It does not
     * go into items that are arrays or maps. An item, and the bytes of a string, are valid until visit
     * returns; they take no scratch memory. visit may call services. It returns TENON_OK to go on; another
     * status ends the pass, and each_item returns it. */
    tenon_status (*each_item) (struct tenon_call *call, const struct tenon_value *array,
                               tenon_status (*visit) (void *user, const struct tenon_value *item),
                               void *user);

    /* -- in describe, locate_chunk and write -- */

    /* Makes a source of a key; a key that was opened before has the same number.
     *
     *     in describe of a keyed codec    a key of its store
     *     in describe of another codec    a file beside source 0, or in a folder beside it. A key without '/'
     *                                     may be a symbolic link to a file anywhere, as in download caches.
     *                                     If source 0 is a part, or has no path, there are no keys
     *     in locate_chunk of a keyed codec    a key of its store that describe opened or claimed. The number
     *                                         is valid until the call has opened eight other keys
     *     in write of a keyed codec that adds to a file (TENON_PLAN_APPENDS)    a key of the old file
     *
     * Two results are no failures unless the codec returns them: TENON_E_NOT_FOUND, and the status of a key
     * that cannot be read (skip_part). In the second case *source is the source that has its stored bytes, or
     * 0 if they lie in none. `answer` returns the reason in both cases. */
    tenon_status (*open_key) (struct tenon_call *call, const char *key, uint64_t length, uint32_t *source);
    /* The reason for the last result that was no failure, one line; "" if there was none. After include it is
     * the reason why the source could not be described (TENON_INCLUDE_UNREADABLE), or "" if it could. It is
     * valid until the next such result. */
    const char *(*answer) (struct tenon_call *call);

    /* -- in describe -- */

    /* A hint how many tensors and entries of metadata will be added. The host does not trust it. */
    void (*expect) (struct tenon_call *call, uint64_t tensors, uint64_t metadata);
    /* Adds an opaque dtype to the catalog. Equal dtypes get the same number. */
    tenon_status (*add_dtype) (struct tenon_call *call, const struct tenon_dtype *dtype, uint32_t *number);
    /* Checks and adds a tensor. Writes tensor->length back. If the source ends before the tensor's bytes do,
     * the host adds the tensor as unreadable (skip_tensor) with TENON_E_TRUNCATED, and returns TENON_OK. So a
     * codec need not compare ranges with the size of the source, and a file that is cut off still lists all
     * tensors of its header. */
    tenon_status (*add_tensor) (struct tenon_call *call, struct tenon_tensor *tensor);
    /* Adds a tensor that cannot be read, so that the others of the file can be. It is listed; reading it
     * fails with `status`, which is negative, and with `why`, one line; verifying the file fails and names
     * it. The fields of `tensor` state what is known:
     *
     *     name             as in add_tensor; the name of a tensor that was added before is refused
     *     dtype            TENON_NONE if it is not known: then the argument `dtype` is the format's word
     *                      for it ("type 139"), or NULL, which stands for "?"
     *     rank, shape      TENON_NO_SHAPE in flags if they are not known; more than 64 dims count as that.
     *                      Their product may be of any size
     *     source           the source that holds the bytes, or would hold them
     *     offset, length   of the bytes; a length of 0 or TENON_AUTO is not known. They may lie beyond the
     *                      source. Ranges inside it must not overlap, unless TENON_ALIAS is set
     *
     * Use it for a fault of this tensor alone. If the structure of the file cannot be trusted (wrong counts,
     * ranges that overlap, a broken header), call fail. */
    tenon_status (*skip_tensor) (struct tenon_call *call, const struct tenon_tensor *tensor,
                                 tenon_status status, const char *dtype, const char *why);
    /* Adds an entry of metadata. Keys are UTF-8 and unique (find_metadata). Memory that `value` points to is
     * copied; a range of a source stays a range. */
    tenon_status (*add_metadata) (struct tenon_call *call, const char *key, uint64_t key_length,
                                  const struct tenon_value *value);
    /* TENON_OK: an entry of this file has the key, so add_metadata would refuse it. TENON_E_NOT_FOUND is no
     * failure unless the codec returns it. The codec of a format that allows a key twice calls this first,
     * and adds the second entry as "KEY#2", or collects the values in an array. */
    tenon_status (*find_metadata) (struct tenon_call *call, const char *key, uint64_t key_length);
    /* A tensor that was added before, by its name; an unreadable one may have the dtype TENON_NONE and the
     * flag TENON_NO_SHAPE. TENON_E_NOT_FOUND is no failure unless the codec returns it. */
    tenon_status (*find) (struct tenon_call *call, const char *name, uint64_t name_length,
                          struct tenon_tensor *tensor);
    /* Tensor number `index` of all that this call and the sources that it included have added so far.
     * TENON_E_NOT_FOUND, after the last one, is no failure unless the codec returns it. */
    tenon_status (*described) (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor);
    /* Describes a source with another codec, into this catalog. `how` may be NULL: all fields 0.
     * TENON_E_UNRECOGNISED is no failure unless the codec returns it. */
    tenon_status (*include) (struct tenon_call *call, uint32_t source, const struct tenon_include *how);
    /* Which shard of a set source 0 is, by its name. */
    tenon_status (*shard_info) (struct tenon_call *call, struct tenon_shard_info *info);
    /* In a shard of a set that is opened whole (TENON_SHARDS_WHOLE): copies `size` bytes, at most
     * TENON_MOST_SHARD_STATE, for the shards after this one, which get them from shard_info. They replace
     * what an earlier shard left. So a codec can compare what each shard states about the set. */
    tenon_status (*leave_state) (struct tenon_call *call, const void *state, uint64_t size);
    /* Makes a source of a range of another. If the filter that the part names is not in use, the result is
     * TENON_E_UNSUPPORTED, which is no failure unless the codec returns it. *source is set on success only;
     * it may be a field of *part. */
    tenon_status (*add_part) (struct tenon_call *call, const struct tenon_part *part, uint32_t *source);
    /* In describe and locate of an archive: like add_part, for a member that cannot be read. Its key is
     * listed; open_key returns `status`, which is negative, for it, and `answer` returns `why`, one line. The
     * host uses the stored bytes that `part` states only if they lie in the source. */
    tenon_status (*skip_part) (struct tenon_call *call, const struct tenon_part *part, tenon_status status,
                               const char *why);
    /* In a keyed codec: the next key that begins with `prefix`. The keys of an archive come in the order in
     * which its codec added them, the keys of a folder in the order of their bytes. TENON_E_NOT_FOUND, after
     * the last one, is no failure unless the codec returns it. The host opens the key that came last without
     * a search. */
    tenon_status (*next_key) (struct tenon_call *call, const char *prefix, uint64_t prefix_length,
                              struct tenon_key *key);
    /* In a keyed codec: these keys belong to the store. A save over a folder may remove them, like those that
     * describe opens; and only keys that describe has opened or claimed can be those of chunks. In an archive
     * the host opens all of them when describe returns, in a folder it opens each when a chunk needs it. Keys
     * that do not exist may be claimed. The claim is copied; the same claim again changes nothing.
     * TENON_E_MISUSE: describe runs for no store, or a field is out of its range. */
    tenon_status (*claim_keys) (struct tenon_call *call, const struct tenon_claim *claim);

    /* -- in write: the plan -- */

    tenon_status (*plan_info) (struct tenon_call *call, struct tenon_plan_info *info);
    /* Tensor number `index` of the plan. Its source, offset, place and state are undefined. */
    tenon_status (*plan_tensor) (struct tenon_call *call, uint64_t index, struct tenon_tensor *tensor);
    /* Entry number `index` of the plan's metadata, which has only entries that the codec's table allows. The
     * key ends in NUL. */
    tenon_status (*plan_metadata) (struct tenon_call *call, uint64_t index, const char **key,
                                   uint64_t *key_length, struct tenon_value *value);
    /* TENON_METADATA_GIVEN, TENON_METADATA_OWN. Without GIVEN the entry comes from a file, and a codec may
     * bring a value of its format up to date. */
    uint32_t (*plan_metadata_flags) (struct tenon_call *call, uint64_t index);

    /* -- in write: bytes, tensors and members -- */

    /* Writes bytes at the position. They are buffered: any number of them is cheap. */
    tenon_status (*put) (struct tenon_call *call, const void *bytes, uint64_t length);
    /* Writes bytes of the value `fill` up to the next position that is a multiple of `alignment` ≥ 1. */
    tenon_status (*align) (struct tenon_call *call, uint64_t alignment, uint32_t fill);
    /* The position in the file or member that is being written, bytes. */
    uint64_t (*tell) (struct tenon_call *call);
    /* Overwrites bytes that were put. TENON_E_UNSUPPORTED in a pipe, and in a member that has a filter or a
     * checksum. */
    tenon_status (*patch) (struct tenon_call *call, uint64_t position, const void *bytes, uint64_t length);
    /* Writes the items of an array value in this encoding, TENON_ENCODING_*. */
    tenon_status (*put_items) (struct tenon_call *call, const struct tenon_value *array, uint32_t encoding);
    /* Writes all bytes of a tensor of the plan in this layout; NULL: C order, little-endian. The host reports
     * a change of layout. */
    tenon_status (*put_tensor) (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout);
    /* Writes the chunks of a box of a tensor, encoded on all threads, in the order and with the bytes that
     * one thread would write. Where the tensor has the same grid, layout and pipeline in its file, whatever
     * the levels, and is not converted, the chunks are copied as they are. A tensor counts as put when all
     * its chunks were, once each, in one call or in several. The structs are copied; what they point to must
     * live until put_grid returns.
     *
     * TENON_E_UNSUPPORTED: items of the dtype are packed in blocks, or a filter is not in use. TENON_E_LIMIT:
     * a chunk that is encoded does not fit into limits.memory. TENON_E_MISUSE: a chunk twice, or outside of
     * the grid; chunks of one tensor in two shapes; `key` while an entry is open, or without a store. */
    tenon_status (*put_grid) (struct tenon_call *call, const struct tenon_grid_put *put);
    /* For formats that print or index values: reads `length` bytes from byte `offset` of those that
     * put_tensor would write. Any offset works; rising offsets are cheap. A tensor that was read counts as
     * put. */
    tenon_status (*read_tensor) (struct tenon_call *call, uint64_t index, const struct tenon_layout *layout,
                                 uint64_t offset, void *to, uint64_t length);
    /* Writes a member at the position, and fills in *result. */
    tenon_status (*put_member) (struct tenon_call *call, const struct tenon_member *member,
                                struct tenon_member_result *result);

    /* -- in write: keys -- */

    /* Begins an entry or a file, and ends the one before it. From then on put, put_tensor, put_items, align,
     * tell and patch work inside it. A key that occurs twice is TENON_E_EXISTS in a store, and TENON_E_MISUSE
     * for files.
     *
     *     in a keyed codec    begins an entry of its store. NULL only ends the entry before. When the codec
     *                         adds to a file, the archive refuses an old key that was not dropped (drop_key)
     *     in another codec    begins a file beside the target; the key is its name, without a folder. NULL
     *                         goes back to the target. All files appear together at the end, in the order
     *                         in which they were begun; the target, if anything was put there, comes last
     *
     * The functions of an archive may put bytes only: no keys, tensors or members. */
    tenon_status (*put_key) (struct tenon_call *call, const struct tenon_entry *entry);
    /* In a keyed codec that adds to a file, before it puts the first key: removes a key of the old file. Its
     * bytes may stay in the new file. A key that the old file does not have is ignored. */
    tenon_status (*drop_key) (struct tenon_call *call, const char *key, uint64_t length);

    /* -- in write: adding to a file -- */

    /* With TENON_PLAN_APPENDS: writes the first `length` bytes of the old file, once, before anything else is
     * put. Where the file system can share them, they are not copied. */
    tenon_status (*put_old) (struct tenon_call *call, uint64_t length);
    /* With TENON_PLAN_APPENDS: the part of source 0 that tensor number `index` of the plan replaces. *name is
     * the name that describe gave the part, valid as long as the call, or NULL if the old file has no tensor
     * of that name, or does not have it in a part. TENON_E_UNSUPPORTED: the part holds more than the tensor,
     * so it cannot be replaced. */
    tenon_status (*old_part) (struct tenon_call *call, uint64_t index, const char **name, uint64_t *length);
};

/* True if the other side's struct has this field, which is 0 otherwise. A plugin asks before it reads a field
 * that is newer than min_host_minor in a struct that the host passes (region, coding, result, part): an older
 * host's ends before it. In a struct of the plugin's own that the host fills, such a field is 0. */
#define TENON_HAS_FIELD(pointer, field)                                                                      \
    ((pointer)->struct_size >= offsetof (__typeof__ (*(pointer)), field) + sizeof ((pointer)->field))
/* True if the host has this service. A plugin asks before it uses one that is newer than min_host_minor. */
#define TENON_HAS(call, service) (TENON_HAS_FIELD ((call)->host, service) && (call)->host->service)

#ifdef __cplusplus
}
#endif

#endif
