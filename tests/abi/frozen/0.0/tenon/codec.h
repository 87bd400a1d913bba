/* SPDX-License-Identifier: MIT */
/* tenon/codec.h - the table of a codec. <tenon/plugin.h> includes it. */
#ifndef TENON_CODEC_H
#define TENON_CODEC_H

#include <tenon/host.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes at a known place in all files of a format. */
struct tenon_magic {
    uint32_t from_end; /* 1: `offset` is the distance from the first byte of the magic to the file's end */
    uint32_t length;   /* bytes */
    uint64_t offset;   /* bytes */
    const char *bytes;
};

/* tenon_codec.flags */
enum {
    /* its tensors may share bytes: in describe if they are marked TENON_ALIAS, in write by alias_of */
    TENON_CODEC_ALIASES = 1,
    TENON_CODEC_NEEDS_PATCH = 2, /* write calls patch: the host refuses to save to a pipe */
    TENON_CODEC_APPENDS = 4,     /* write supports TENON_PLAN_APPENDS */
    /* its files have tensors or metadata in an order of their own, such as sorted: a save that carries
     * (TENON_SAVE_CARRY) records the order of the plan */
    TENON_CODEC_SORTS = 8,
    /* its files have one tensor without a name: the codec passes a NULL name to add_tensor, and the host
     * names the tensor after the file. Saving a tensor of another name is a loss */
    TENON_CODEC_NAMELESS = 16,
    /* keyed: it describes and writes archives only, not folders */
    TENON_CODEC_ARCHIVED = 32,
    /* its format is of use only for members of other formats. The host never chooses the codec by bytes or by
     * a name, and `tenon formats` lists it only with --all. Its id selects it: in include, in put_member, and
     * when the user names the format. Such a codec has no root_keys, archive_functions or sets */
    TENON_CODEC_HIDDEN = 64
};

/* tenon_codec.shard_flags: sets of files NAME-00001-of-00003.EXTENSION, which make one catalog. An index
 * (set_index) is described like any file. If the user opens a shard and wants its set, the host opens the
 * shards in the order of their numbers, whatever index lies beside them; it ignores metadata keys that an
 * earlier shard had, and reports missing shards as a flaw. A shard that is opened alone gets a note. */
enum {
    TENON_SHARDS_NUMBERED = 1,
    TENON_SHARDS_FIRST_OPENS = 2 /* opening the first shard opens all; else only TENON_OPEN_SHARDS does */
};

/* The functions that a codec of archives has in addition to describe. Its describe adds a part for each
 * member (add_part, skip_part), whose name is the key, and nothing else: no tensors, no metadata. It notes a
 * member that no key can reach as a loss. The call of describe then stays valid, with its scratch memory and
 * its `state`, until the keyed codec is done, and locate gets the same call. The functions that write share
 * another call in the same way, one for each save.
 *
 * Writing: the host calls begin. For each entry it calls begin_entry, which puts what stands before the
 * entry's bytes; then the keyed codec puts these bytes; then the host calls end_entry. At the end it calls
 * finish. All four may put bytes only (put, align, tell, patch, put_old, plan_info), on the thread of the
 * save; if one fails, the save fails. An entry and its key are valid until end_entry returns. A codec has all
 * of begin_entry, end_entry and finish, or none of them; without them its archives are only read. */
struct tenon_archive {
    uint32_t struct_size, flags; /* none yet */
    /* TENON_CHECK_*: the checksum that each entry has. The host computes it over the decoded bytes, and
     * end_entry gets it in the result */
    uint32_t check;
    uint32_t reserved;
    /* ids of the filters that its members may have, NULL-terminated; NULL: none. They are the choices of
     * those options of keyed codecs that name a filter (TENON_OPTION_FILTER) */
    const char *const *filters;
    /* Completes a part that was added with TENON_PART_LATER, and calls add_part or skip_part with it. Scratch
     * memory that it gets is valid until it returns. NULL: all parts are complete */
    tenon_status (*locate) (struct tenon_call *call, const struct tenon_part *part);
    /* With TENON_PLAN_APPENDS: reads the old directory (source 0), and puts what stays (put_old). NULL:
     * nothing stands before the first entry */
    tenon_status (*begin) (struct tenon_call *call);
    tenon_status (*begin_entry) (struct tenon_call *call, const struct tenon_entry *entry);
    tenon_status (*end_entry) (struct tenon_call *call, const struct tenon_entry *entry,
                               const struct tenon_member_result *result);
    tenon_status (*finish) (struct tenon_call *call);
    /* With TENON_PLAN_APPENDS, between begin and the first entry: the key of the old file, if it has it, must
     * not be in the new file. NULL: keys can only be added */
    tenon_status (*drop) (struct tenon_call *call, const char *key, uint64_t length);
};

/* The least result of probe that counts as a match */
enum { TENON_SURE_MATCH = 50 };

/* tenon_codec.metadata: the values that write can keep. It gets no others: the host reports them as lost. */
enum {
    TENON_METADATA_NONE = 0,
    TENON_METADATA_STRINGS = 1,
    TENON_METADATA_TYPED = 2, /* all but values that have a map or a mixed array in them */
    TENON_METADATA_NESTED = 3 /* all */
};

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
    /* Makes it a keyed codec: it describes a store that has a key of one of these patterns; the one with the
     * most literal text wins. '*' stands for any text without '/', '**' for any text; "" is an empty store.
     * NULL-terminated; NULL: it describes bytes */
    const char *const *root_keys;
    /* keyed: the codec of the archives that write makes, which also describes a file that only its name
     * assigns to this codec: "zip". NULL: write makes folders */
    const char *archive;
    const struct tenon_archive *archive_functions; /* it is the codec of archives; else NULL */
    /* Returns how sure it is that source 0 has this format, 0 … 100, if no magic decides; TENON_SURE_MATCH
     * and above count as a match. The results of all codecs are compared, so use this scale:
     *
     *     - 100: bytes that only this format has, though no magic can state them;
     *     - 90: the structure was found and fits the file, such as a directory at its end;
     *     - 80: a part of the structure fits;
     *     - 60: nothing contradicts, and other formats could begin alike;
     *     - 50: plausible text or numbers, to be taken only where no other codec knows the bytes;
     *     - less: no.
     *
     * A negative result counts as no, and so does one above 100, which gets a note. probe may call only the
     * services for every codec function, and their failures do not count. NULL: magics and extensions
     * decide. */
    int32_t (*probe) (struct tenon_call *call);
    /* Fills `to` with a region of a served tensor: `size` bytes, packed, C order, little-endian. Sources have
     * the numbers that they had in describe. Called from many threads at once, each with its own call. */
    tenon_status (*read) (struct tenon_call *call, const struct tenon_tensor *tensor,
                          const struct tenon_region *region, void *to, uint64_t size);
    /* Finds a chunk of a TENON_GRID tensor: `rank` numbers in `chunk`, inside the grid. The host calls it for
     * each chunk that it needs, when it needs it, so it must be cheap. One call serves many chunks of one
     * tensor, one after the other: call->state, NULL at first, and scratch memory live until the host ends
     * that call. A codec keeps there what it needs again, such as the index of the shard that it looked into
     * last. Many calls for one tensor may run at once, each on one thread at a time. It may call the services
     * for every codec function, open_key and answer. A key that it opens stays open until it has opened eight
     * others. A failure is that of the chunk alone: the file stays usable. NULL: the codec describes no
     * TENON_GRID tensors. */
    tenon_status (*locate_chunk) (struct tenon_call *call, const struct tenon_tensor *tensor,
                                  const uint64_t *chunk, struct tenon_chunk *found);
    /* of a container: the name of the option that selects the codec of its members; the limits of that codec
     * (dtypes, opaque_family, max_rank) then hold, too. Else NULL */
    const char *member_option;
    uint32_t shard_flags; /* TENON_SHARDS_* */
    uint32_t reserved;
    /* extension of indexes of sets: "safetensors.index.json"; NULL: none. "safetensors.index.VARIANT.json",
     * and another extension of the codec in place of "safetensors", are indexes as well */
    const char *set_index;
    /* For a codec whose dtypes depend on an option: those that it writes while the option named
     * `dtypes_option` has its default. `dtypes` are then those that it writes while the option has another
     * value; each list may have more than the other. The host refuses dtypes that the value excludes;
     * `dtypes_words`, a part of its message, says what the option does for one that the other list has. Else
     * NULL */
    const char *const *default_dtypes;
    const char *dtypes_option, *dtypes_words;
};

#ifdef __cplusplus
}
#endif

#endif
