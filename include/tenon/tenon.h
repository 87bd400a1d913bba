/* SPDX-License-Identifier: MIT */
/* tenon/tenon.h - the interface of libtenon for applications. The manual page tenon(3) introduces it.
 *
 *     context   the configuration and the plugins that it enabled
 *     file      an opened file: a catalog of tensors and metadata, and the way to their data
 *     plan      tensors from memory, from files and from callbacks, and metadata, to be saved
 *     report    notes, losses and verdicts of an operation
 *
 * Reading is open → look → map, read or load. Saving is plan → add → save. Converting is both: a plan of
 * tensors of another file.
 *
 * Errors: every function that can fail returns tenon_status, 0 or a negative TENON_E_*, and fills the
 * caller's struct tenon_error, which may be NULL. Out parameters are set on success only, and pointers
 * to NULL on failure. An argument may be NULL where this header says so; elsewhere that is TENON_E_MISUSE,
 * and functions without a status return 0 or NULL. Functions that free take NULL. The library never prints,
 * exits, installs signal handlers or keeps state of the process.
 *
 * Threads: a context and a file may be used from many threads at once, but for tenon_context_free and
 * tenon_close. A plan and a report belong to one thread at a time. A file must be closed before its context
 * is freed; a plan keeps what it needs of a file, so the file may be closed first.
 *
 * Strings that a function returns live as long as the object that they belong to, unless stated otherwise.
 * Sizes are bytes. */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <stddef.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TENON_API __attribute__ ((visibility ("default")))
#else
#define TENON_API
#endif

typedef struct tenon_context tenon_context;
typedef struct tenon_file tenon_file;
typedef struct tenon_plan tenon_plan;
typedef struct tenon_report tenon_report;
typedef struct tenon_memory tenon_memory;

/* ---- version and errors -------------------------------------------------------------------------- */

/* The version of the running library, "0.1.0". */
TENON_API const char *tenon_version (void);

/* "TENON_E_MALFORMED" and "malformed file"; for unknown numbers "TENON_E_?" and "unknown status". Never
 * NULL. */
TENON_API const char *tenon_status_name (tenon_status status);
TENON_API const char *tenon_status_text (tenon_status status);

/* A failure, in the caller's memory. All texts end in NUL and are cut if they are too long. Names in
 * them are escaped: bytes that are no UTF-8, and characters that a terminal would obey or hide, as \n, \t, \r
 * or \xNN, and a backslash as two. */
typedef struct tenon_error {
    uint32_t struct_size; /* sizeof (tenon_error), set by the caller */
    tenon_status status;
    uint64_t offset;    /* byte in `file`, or UINT64_MAX */
    char message[1024]; /* one line, complete: place, what was found, what was expected */
    char file[512];     /* the file that it is about; "" if none */
    char tensor[256];   /* the tensor, likewise */
    int32_t system;     /* the errno of the system call that failed; 0: none did */
    /* what helps, one line apart from the message; "" if the library knows nothing. It names functions, flags
     * and fields of this header, and keys of tenon.ini(5); a program may put its own words in their place */
    char advice[252];
} tenon_error;
#define TENON_ERROR_INIT                                                                                     \
    {                                                                                                        \
        sizeof (tenon_error), TENON_OK, UINT64_MAX, "", "", "", 0, ""                                        \
    }

/* ---- progress ------------------------------------------------------------------------------------ */

/* The library calls report during long work: at least every 64 MiB, never for work under a few milliseconds,
 * on the calling thread or one of the pool, one call at a time. `done` and `total` are bytes of tensor data;
 * both are 0 while a save waits for another one.
 * A non-zero result stops the work with TENON_E_CANCELLED. */
typedef struct tenon_progress {
    uint32_t struct_size, reserved;
    int (*report) (void *user, uint64_t done, uint64_t total);
    void *user;
} tenon_progress;

/* ---- context ------------------------------------------------------------------------------------- */

enum {
    TENON_CONTEXT_NO_FILES = 1, /* read no ini files: built-in defaults and `settings` only */
    /* ignore TENON_CONFIG, TENON_PLUGIN_PATH, XDG_CONFIG_HOME and HOME. Always so in setuid programs */
    TENON_CONTEXT_NO_ENVIRONMENT = 2,
    /* [core] isolate = yes, or third-party, at least, whatever the configuration says: plugins read in
     * processes without rights, and one that crashes fails the call with TENON_E_CRASHED. The process forks
     * when a file is first opened, and may get a SIGCHLD then. TENON_E_UNSUPPORTED where there is no
     * isolation: it needs Linux with seccomp. "Isolation" in tenon.ini(5) says what it covers and costs */
    TENON_CONTEXT_ISOLATE = 0x10000,
    TENON_CONTEXT_ISOLATE_THIRD_PARTY = 0x20000
};
typedef struct tenon_context_options {
    uint32_t struct_size, flags;
    /* NULL-terminated "SECTION.KEY=VALUE": "core.threads=4", "npy.max_header=2MiB",
     * "plugin.npy.enabled=no", "limits.tensors=5". They override all files */
    const char *const *settings;
    const char
        *plugin_path;   /* absolute folders, ':' between; searched before the configured ones. NULL: none */
    const char *origin; /* the name of `settings` in messages; NULL: "the program" */
} tenon_context_options;

/* Reads the configuration and loads the plugins. `options` may be NULL. A plugin that cannot be loaded is
 * no error: see tenon_context_report. A wrong key or value in `settings`, or in [core], [limits] or [save] of
 * a file, is one, TENON_E_CONFIG; in a section of a plugin or codec of a file it stops that alone, with a
 * verdict and a note. */
TENON_API tenon_status tenon_context_new (tenon_context **context, const tenon_context_options *options,
                                          tenon_error *error);
TENON_API void tenon_context_free (tenon_context *context);

/* Verdicts on all plugin candidates, and notes on the configuration. Lives as long as the context. */
TENON_API const tenon_report *tenon_context_report (const tenon_context *context);

/* Looks for faults of the configuration: of the files that tenon_context_new would read, or of `files`,
 * NULL-terminated, in their place, and of the program's settings. Each becomes a TENON_NOTE of the report
 * whose status is negative and whose message begins with FILE:LINE; entries that later ones override are
 * checked, too. The plugins are loaded, since they know their codecs' options. Returns the status of the
 * first fault. `options` and `report` may be NULL; the caller frees the report. */
TENON_API tenon_status tenon_config_check (const tenon_context_options *options, const char *const *files,
                                           tenon_report **report, tenon_error *error);

/* One line of the effective configuration. */
typedef struct tenon_config_entry {
    uint32_t struct_size, type; /* TENON_OPTION_* */
    const char *section, *key;  /* "codec npy", "max_header" */
    const char *value;
    const char *origin; /* "default", "/etc/tenon/tenon.ini:12", "environment", "command line" … */
    const char *help;
} tenon_config_entry;
TENON_API uint64_t tenon_config_count (const tenon_context *context);
TENON_API tenon_status tenon_config_get (const tenon_context *context, uint64_t index,
                                         tenon_config_entry *entry);

/* The configured value of TENON_LIMIT_*; 0 for an unknown one. */
TENON_API uint64_t tenon_limit (const tenon_context *context, uint32_t limit);

/* ---- formats ------------------------------------------------------------------------------------- */

enum {
    TENON_CAN_READ = 1,
    TENON_CAN_WRITE = 2,
    TENON_CAN_STREAM = 4, /* writes to a pipe */
    /* reads archives, and writes them if it can: other codecs read and write what they hold */
    TENON_CAN_ARCHIVE = 8,
    TENON_IS_HIDDEN = 16 /* of use to other codecs only: a program lists it on request */
};
typedef struct tenon_codec_info {
    uint32_t struct_size, flags; /* TENON_CAN_*, TENON_IS_HIDDEN */
    const char *id, *label;
    const char *const *extensions; /* as configured, NULL-terminated */
    const char *plugin, *plugin_version, *plugin_license, *plugin_summary;
    const char *plugin_file; /* NULL: built in */
    int64_t priority;
    uint32_t option_count, metadata; /* TENON_METADATA_NONE 0, STRINGS 1, TYPED 2 */
    uint64_t max_tensors;            /* 0: any number */
} tenon_codec_info;
TENON_API uint64_t tenon_codec_count (const tenon_context *context);
TENON_API tenon_status tenon_codec_get (const tenon_context *context, uint64_t index, tenon_codec_info *info);
/* The option's definition and, when `setting` is given, its effective value. */
TENON_API tenon_status tenon_codec_option (const tenon_context *context, uint64_t codec, uint64_t index,
                                           struct tenon_option *option, struct tenon_setting *setting);

/* A filter. `plugin` is "core" for those of the library. */
typedef struct tenon_filter_info {
    uint32_t struct_size, reserved;
    const char *id, *label, *plugin;
    int32_t least_level, most_level, default_level, reserved2;
} tenon_filter_info;
TENON_API uint64_t tenon_filter_count (const tenon_context *context);
TENON_API tenon_status tenon_filter_get (const tenon_context *context, uint64_t index,
                                         tenon_filter_info *info);

/* A dtype by its canonical name ("bf16"); TENON_NONE if there is none. */
TENON_API uint32_t tenon_dtype_find (const tenon_context *context, const char *name);
/* The description of a dtype. `file` is needed for the opaque dtypes of a file, which have ids of their own;
 * else it may be NULL. */
TENON_API tenon_status tenon_dtype_get (const tenon_context *context, const tenon_file *file, uint32_t dtype,
                                        struct tenon_dtype *info);
/* The id after `dtype` in the context, the first one after TENON_NONE; TENON_NONE after the last. */
TENON_API uint32_t tenon_dtype_next (const tenon_context *context, uint32_t dtype);
/* Non-zero if data of one can be read as the other. Of opaque dtypes, whose ids are a file's, items_as tells:
 * they can be read as that. */
TENON_API int tenon_dtype_castable (const tenon_context *context, uint32_t from, uint32_t to);

/* ---- opening ------------------------------------------------------------------------------------- */

enum {
    /* never map, always read: a file that others may shrink cannot then raise SIGBUS */
    TENON_OPEN_NO_MAP = 1,
    TENON_OPEN_UNALIGNED = 2, /* tenon_map may return data that are not aligned to their items */
    /* Open all shards of the set that the file belongs to, as one catalog. For NAME-00002-of-00003.EXTENSION,
     * if the codec numbers its files so, these are the shards 1 … 3 by their names, whatever index lies
     * beside them. Missing ones are a flaw, and metadata keys that an earlier shard has are ignored. An index
     * is a set already; any other file opens as it is, with a note. For paths only: else TENON_E_MISUSE */
    TENON_OPEN_SHARDS = 4,
    /* Find the shards of a set by their names, also when an index or its folder is opened: for an index that
     * does not fit the files beside it. Other files are not affected */
    TENON_OPEN_NO_INDEX = 8,
    /* Open the file itself, also when it is the first of a set that is opened by it */
    TENON_OPEN_ALONE = 16
};
typedef struct tenon_open_options {
    uint32_t struct_size, flags;
    const char *format;          /* a codec's id or extension; NULL: magic, then extension decide */
    const char *const *settings; /* NULL-terminated "CODEC.KEY=VALUE", for this file only */
    /* for memory, descriptors and callbacks: the name of the file, for its extension and stem. NULL: none */
    const char *name;
    /* may cancel the work; `done` has no meaning here. NULL: none */
    const tenon_progress *progress;
} tenon_open_options;

/* Opens, recognises, describes and checks a file. Reads no data of tensors. A tensor that is damaged, cut
 * off, or of a kind that is not supported is in the catalog as unreadable, with a note: the others can be
 * read. A folder stands for the one set in it: its index, or, with TENON_OPEN_SHARDS or NO_INDEX, numbered
 * files without an index; or, without a set, for the one file in it whose extension is a codec's. Two of them
 * are TENON_E_AMBIGUOUS, none is TENON_E_NOT_FOUND. */
TENON_API tenon_status tenon_open (tenon_context *context, const char *path,
                                   const tenon_open_options *options, tenon_file **file, tenon_error *error);
/* The memory belongs to the caller, and must not change or be freed before the file, and every plan that uses
 * it. */
TENON_API tenon_status tenon_open_memory (tenon_context *context, const void *data, uint64_t size,
                                          const tenon_open_options *options, tenon_file **file,
                                          tenon_error *error);
/* A regular file or a block device; a pipe or socket is read to its end first, into memory, or into a
 * temporary file beyond [limits] memory, and the progress function may stop that. The descriptor is
 * duplicated: the caller may close it. */
TENON_API tenon_status tenon_open_fd (tenon_context *context, int fd, const tenon_open_options *options,
                                      tenon_file **file, tenon_error *error);

/* Bytes that neither a path nor memory provides. */
typedef struct tenon_reader {
    uint32_t struct_size, reserved;
    uint64_t size; /* bytes in all */
    /* Reads exactly `length` bytes. Called from many threads at once. Returns 0 or TENON_E_*. */
    tenon_status (*read_at) (void *user, uint64_t offset, void *to, uint64_t length);
    void (*close) (void *user); /* called when the library no longer needs the reader; may be NULL */
    void *user;
} tenon_reader;
TENON_API tenon_status tenon_open_reader (tenon_context *context, const tenon_reader *reader,
                                          const tenon_open_options *options, tenon_file **file,
                                          tenon_error *error);
TENON_API void tenon_close (tenon_file *file);

/* Asks all codecs whether they recognise a file, without describing it. The report has a TENON_BID for each;
 * the chosen one, if any, has the status 0 and `chosen` set. Returns the status that tenon_open would. The
 * caller frees the report. */
TENON_API tenon_status tenon_why (tenon_context *context, const char *path, const tenon_open_options *options,
                                  tenon_report **report, tenon_error *error);

/* ---- looking ------------------------------------------------------------------------------------- */

typedef struct tenon_file_info {
    uint32_t struct_size, reserved;
    const char *path;   /* as it was opened (of a set: its index or first shard), the given name, or "" */
    const char *format; /* the codec's id */
    uint64_t size;      /* bytes of the file itself, without those beside it; 0 of a folder */
    uint64_t tensors, metadata, sources;
    /* of all tensors that can be read; nbytes are decoded bytes. Not beyond UINT64_MAX */
    uint64_t elements, nbytes;
    uint64_t unreadable; /* tensors that cannot be read: tenon_tensor_info tells why */
} tenon_file_info;
TENON_API tenon_status tenon_file_get (const tenon_file *file, tenon_file_info *info);
/* The notes of opening it. Lives as long as the file. */
TENON_API const tenon_report *tenon_file_report (const tenon_file *file);

typedef struct tenon_tensor_info {
    uint32_t struct_size;
    uint32_t dtype;   /* tenon_dtype_get */
    const char *name; /* NUL-terminated UTF-8 without NUL inside */
    uint64_t name_length;
    const char *dtype_name;   /* "f32", "q4_k"; opaque: its text */
    uint32_t rank, flags;     /* TENON_FORTRAN, TENON_BIG_ENDIAN: the layout in the file */
    const uint64_t *shape;    /* `rank` dims, outermost first */
    uint64_t elements;        /* product of the shape; 1 for rank 0 */
    uint64_t nbytes;          /* of the data, packed, decoded */
    uint32_t storage, source; /* 0 extent, 1 served by the codec; the source that holds the bytes */
    const char *source_name;  /* path of the file that holds them */
    uint64_t offset;    /* absolute in that file: of the data, or of the encoded member that holds them */
    uint64_t stored;    /* bytes there; 0 when served */
    const char *filter; /* id of the filter of that member; NULL: none */
    /* 0, or the status with which reading the tensor fails: the file holds it, but its data cannot be read.
     * All else works. Then dtype may be TENON_NONE, with dtype_name in the words of the format; flags may
     * have TENON_NO_SHAPE, with rank 0; and elements, nbytes, offset and stored are 0 where they are not
     * known */
    tenon_status unreadable;
    const char *why; /* one line; NULL: it can be read */
    /* `rank` distances between neighbours in each dim, in items; NULL: packed. Then `offset` is that of the
     * item 0 … 0, and `stored` counts from the first byte of any item to the last */
    const int64_t *strides;
} tenon_tensor_info;
TENON_API uint64_t tenon_count (const tenon_file *file);
TENON_API tenon_status tenon_get (const tenon_file *file, uint64_t index, tenon_tensor_info *info);
/* The index of the tensor of this name, in constant time, or TENON_E_NOT_FOUND. */
TENON_API tenon_status tenon_find (const tenon_file *file, const char *name, uint64_t *index);

typedef struct tenon_metadata_info {
    uint32_t struct_size, reserved;
    const char *key;
    uint64_t key_length;
    /* of an array its type, count and place; tenon_value_items, tenon_value_take and tenon_value_map get the
     * items */
    struct tenon_value value;
} tenon_metadata_info;
TENON_API uint64_t tenon_metadata_count (const tenon_file *file);
TENON_API tenon_status tenon_metadata_get (const tenon_file *file, uint64_t index, tenon_metadata_info *info);
TENON_API tenon_status tenon_metadata_find (const tenon_file *file, const char *key, uint64_t *index);

/* Items first … first + n - 1 of an array value of this file. Strings and nested arrays are in *memory, which
 * the caller frees; `memory` may be NULL for arrays of numbers. Strings have no index: each call walks from
 * the beginning of the array to `first`, so a caller should ask for many at once. TENON_E_LIMIT: those that
 * were asked for take more than TENON_LIMIT_METADATA_BYTES. */
TENON_API tenon_status tenon_value_items (const tenon_file *file, const struct tenon_value *array,
                                          uint64_t first, uint64_t n, struct tenon_value *items,
                                          tenon_memory **memory, tenon_error *error);

/* The first n items of *array, which becomes the array of the others: the way to walk through strings, each
 * of which is read once. It begins with a copy of the value of the entry; array->count tells how many are
 * left. A failure leaves *array as it was. */
TENON_API tenon_status tenon_value_take (const tenon_file *file, struct tenon_value *array, uint64_t n,
                                         struct tenon_value *items, tenon_memory **memory,
                                         tenon_error *error);
/* The items as they are stored, without a copy: `count` packed numbers of `item_type`, or strings, each after
 * its length, in the byte order and with the lengths that `encoding` tells. They need not be aligned, strings
 * do not end in NUL, and the caller compares each length with the bytes that are left. Valid until
 * tenon_close; about files that others shrink see tenon_map. TENON_E_NOT_MAPPABLE, with the reason: nested
 * arrays, filters, callbacks, TENON_OPEN_NO_MAP. */
TENON_API tenon_status tenon_value_map (const tenon_file *file, const struct tenon_value *array,
                                        const void **data, uint64_t *size, tenon_error *error);

/* Weights that are packed: integers whose numbers other tensors of the file complete, by their names. A cast
 * of the integers would mean nothing, so no plan does it. */
enum {
    /* NAME.weight u32, NAME.scales, NAME.biases (f16, bf16, f32): numbers of `bits` bits in groups of 32, 64
     * or 128 of a row, the first in the lowest bits, each number × scale + bias, as MLX has them. A plan that
     * casts them has the numbers themselves, of `columns` in a row, bit for bit as MLX makes them in the
     * dtype of the scales, and then cast; scales and biases are then of no more use */
    TENON_PACKED_AFFINE = 1,
    /* of another kind, as of bitsandbytes or GPTQ: they stay as they are, a cast is TENON_E_UNSUPPORTED */
    TENON_PACKED_OTHER = 2
};
typedef struct tenon_packed_info {
    uint32_t struct_size, kind; /* TENON_PACKED_* */
    uint64_t weight;          /* index of the tensor with the integers: this one, or the one it belongs to */
    uint64_t columns;         /* AFFINE: numbers in a row */
    uint32_t bits, group;     /* AFFINE */
    uint32_t dtype, reserved; /* AFFINE: of scales and biases */
    char words[200];          /* what it is: "packed weights (…)" */
} tenon_packed_info;
/* Of packed weights, and of the scales and biases of AFFINE ones. TENON_E_NOT_FOUND: the tensor is neither.
 * May read scales and biases, to tell numbers of 4 bits in groups of 64 from those of 8 bits in groups of
 * 32. */
TENON_API tenon_status tenon_packed_get (const tenon_file *file, uint64_t index, tenon_packed_info *info);

/* ---- the data ------------------------------------------------------------------------------------ */

/* The bytes of a tensor as they are in the file, without a copy, in the order that the flags of
 * tenon_tensor_info tell. Valid until tenon_close. TENON_E_NOT_MAPPABLE, with the reason, if they are
 * encoded, served, from a callback, or not aligned (see TENON_OPEN_UNALIGNED). If another process shrinks the
 * file, touching the memory raises SIGBUS; tenon_read never does. */
TENON_API tenon_status tenon_map (tenon_file *file, uint64_t index, const void **data, uint64_t *size,
                                  tenon_error *error);

/* A tensor, or a box of it, to be read: packed, C order, little-endian. */
typedef struct tenon_request {
    uint32_t struct_size;
    uint32_t dtype;        /* cast to this; TENON_NONE: as stored */
    uint64_t index;        /* of the tensor */
    uint32_t flags;        /* none yet */
    uint32_t rank;         /* of start, count, step: the tensor's, or 0 for all of it */
    const uint64_t *start; /* NULL: 0 */
    const uint64_t *count; /* NULL: to the end */
    const int64_t *step;   /* ≥ 1; NULL: 1 */
    void *data;            /* read: the caller's. load: set by the library, aligned to 64 */
    uint64_t size;         /* read: of `data`, at least as many as needed. Set to the bytes that are needed */
    /* The layout of the result, for tenon_read and tenon_load: the distance between neighbours in each dim of
     * the tensor, in items, of any sign. Then `data` is the item 0 … 0, the size counts from the first byte
     * of any item to the last, and the bytes between items stay as they are (load: are zero). Items may not
     * overlap: in the order of their sizes, each stride goes beyond all that the smaller ones reach. For
     * dtypes whose items stand by themselves. NULL: packed, C order */
    const int64_t *strides;
} tenon_request;

/* Checks a request and returns the bytes that it needs. */
TENON_API tenon_status tenon_request_size (const tenon_file *file, const tenon_request *request,
                                           uint64_t *size, tenon_error *error);
/* Reads all requests, on all threads of the pool, into memory of the caller, whose contents are undefined
 * after a failure. */
TENON_API tenon_status tenon_read (tenon_file *file, tenon_request *requests, uint64_t count,
                                   const tenon_progress *progress, tenon_error *error);
/* The same into one piece of memory that the library allocates, in huge pages if possible. The caller frees
 * *memory, which may outlive the file; if `memory` is NULL, it is freed with the file. */
TENON_API tenon_status tenon_load (tenon_file *file, tenon_request *requests, uint64_t count,
                                   tenon_memory **memory, const tenon_progress *progress, tenon_error *error);
TENON_API void tenon_memory_free (tenon_memory *memory);

/* Reads all data and compares all checksums, also those of an archive's members that hold no tensors. Each
 * fault, and each tensor or member that cannot be read, becomes a TENON_NOTE with a negative status in the
 * report; the first one is returned. `report` may be NULL; else the caller frees it. */
TENON_API tenon_status tenon_verify (tenon_file *file, tenon_report **report, const tenon_progress *progress,
                                     tenon_error *error);

/* Passes all bytes of a request to `sink` in order, in pieces, in bounded memory. A non-zero result of sink
 * stops the work with TENON_E_CANCELLED. */
TENON_API tenon_status tenon_stream (tenon_file *file, const tenon_request *request,
                                     int (*sink) (void *user, const void *data, uint64_t size), void *user,
                                     const tenon_progress *progress, tenon_error *error);

/* ---- saving -------------------------------------------------------------------------------------- */

TENON_API tenon_status tenon_plan_new (tenon_context *context, tenon_plan **plan, tenon_error *error);
TENON_API void tenon_plan_free (tenon_plan *plan);

/* A tensor of the application. */
typedef struct tenon_array {
    uint32_t struct_size;
    uint32_t dtype;
    /* copied; NULL: arr_0, arr_1 …, the number of arrays without a name before it, as NumPy names them */
    const char *name;
    const uint64_t *shape; /* copied */
    uint32_t rank, flags;  /* TENON_FORTRAN, TENON_BIG_ENDIAN: how `data` lies */
    const void *data;      /* packed; must stay until the save is done. NULL: `fill` makes it */
    uint64_t size;         /* bytes of `data`: dtype × shape */
    /* Fills `to` with bytes offset … offset + length - 1 of the packed data; called in order, on one
     * thread. 0 or TENON_E_*. */
    tenon_status (*fill) (void *user, uint64_t offset, void *to, uint64_t length);
    void *user;
    /* `rank` distances between neighbours in each dim, in items, of any sign, copied; 0 repeats. Then `data`
     * is the item 0 … 0, and `size` counts from the first byte of any item to the last. For dtypes whose
     * items stand by themselves, without `fill`. NULL: packed, in the order that `flags` says */
    const int64_t *strides;
} tenon_array;
TENON_API tenon_status tenon_plan_add (tenon_plan *plan, const tenon_array *array, tenon_error *error);

/* Adds a tensor of an open file. A NULL name and TENON_NONE stand for its own name and dtype. What the cast
 * to another dtype changes is counted when it is saved: the digits that a narrower float lacks are what was
 * asked for, and a note for each pair of dtypes says so; values that overflow, are clipped or flushed to
 * zero, NaN that becomes a number, imaginary parts, integers that become others, and blocks that cannot hold
 * their items are a TENON_LOSS of the tensor. */
TENON_API tenon_status tenon_plan_add_from (tenon_plan *plan, tenon_file *file, uint64_t index,
                                            const char *name, uint32_t dtype, tenon_error *error);
/* Adds all tensors and all metadata of a file. Tensors that cannot be read, too: TENON_SAVE_SKIP_UNREADABLE.
 * What the file holds beside them, such as bytes behind the data, is not in its catalog: each note that
 * opening it made of that becomes a TENON_LOSS of the saves of the plan (tenon_plan_add_from: those on that
 * tensor). */
TENON_API tenon_status tenon_plan_add_file (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Counts all of these notes on a file, of which the plan has some tensors, as losses. */
TENON_API tenon_status tenon_plan_add_losses (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Adds all metadata of a file. */
TENON_API tenon_status tenon_plan_add_metadata_from (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* Adds an entry, or replaces that of the same key. Copies it, with the memory that the value points to. */
TENON_API tenon_status tenon_plan_add_metadata (tenon_plan *plan, const char *key,
                                                const struct tenon_value *value, tenon_error *error);
/* The same with the value as text. `type` is "bool", "u8" … "u64", "i8" … "i64", "f32", "f64", "string", or
 * "array:" and one of these; NULL: the type of the entry that the plan has under this key, else "string".
 *
 *     string           the text as it is
 *     bool             true, false
 *     whole numbers    decimal, in the range of the type
 *     f32, f64         decimal, rounded once to the nearest number; nan, inf, -inf
 *     arrays           JSON: [1,2], ["a","b"]; "NaN", "Infinity", "-Infinity" among floats
 *
 * TENON_E_MALFORMED: the text is no value of the type; TENON_E_NOT_FOUND: there is no such type;
 * TENON_E_UNSUPPORTED: no text stands for values of the type of that entry (null, arrays of arrays). The
 * message names the key. */
TENON_API tenon_status tenon_plan_set_metadata (tenon_plan *plan, const char *key, const char *type,
                                                const char *text, tenon_error *error);
/* The same with a text of `length` bytes, which need not end in NUL; a string may have NULs. */
TENON_API tenon_status tenon_plan_set_metadata_text (tenon_plan *plan, const char *key, const char *type,
                                                     const char *text, uint64_t length, tenon_error *error);
/* A new value of one item of an array. */
typedef struct tenon_item_text {
    uint32_t struct_size, reserved;
    uint64_t index;   /* from 0 */
    const char *text; /* as for a scalar of the type of the items; need not end in NUL */
    uint64_t length;
} tenon_item_text;
/* Replaces `count` items of the array that the plan has under this key, which keeps its type; of two texts
 * for one item the later counts. Costs one pass over the array, and memory for twice its bytes, whatever
 * `count` is. TENON_E_NOT_FOUND: there is no such key, or item; TENON_E_MALFORMED: a text is no value of the
 * type; TENON_E_UNSUPPORTED: the value is no array, or one of arrays. After a failure all is as it was. */
TENON_API tenon_status tenon_plan_set_metadata_items (tenon_plan *plan, const char *key,
                                                      const tenon_item_text *items, uint64_t count,
                                                      tenon_error *error);
/* Removes an entry. TENON_E_NOT_FOUND: there is none of this key. */
TENON_API tenon_status tenon_plan_remove_metadata (tenon_plan *plan, const char *key, tenon_error *error);

enum {
    TENON_SAVE_STRICT = 1, /* a loss is an error: TENON_E_LOSS */
    TENON_SAVE_NEW = 2,    /* refuse a target that exists: TENON_E_EXISTS */
    /* find errors and losses, but write nothing. Tensors that a cast may change by more than their last
     * digits are read, since only their values tell what is lost; others are not */
    TENON_SAVE_DRY_RUN = 4,
    TENON_SAVE_EXACT_NAME = 8, /* with `format`: do not append the codec's extension */
    /* Add to the target, and replace tensors and metadata of the same name; all others stay. The old file is
     * cloned, not changed: it is whole until the end. A target that does not exist is created.
     * TENON_E_UNSUPPORTED if the format cannot grow, the target has another one, or the longer file would
     * not have all tensors when it is opened */
    TENON_SAVE_APPEND = 16,
    /* Store a tensor whose dtype the format cannot hold as u8 or i8, [.., bytes of a row], with a record in
     * the metadata, by which opening the file restores it. The format must have metadata. The record keeps
     * the order of tensors and keys, too; if the format has an order of its own, it is written for that
     * alone */
    TENON_SAVE_CARRY = 32,
    /* Leave out tensors that cannot be read, each of which is a TENON_LOSS. Without it a plan that has one is
     * refused with the status of the first, and with a TENON_NOTE for each */
    TENON_SAVE_SKIP_UNREADABLE = 64,
    /* Casts to f8_* but f8_e8m0 give what is too large, or infinite, the largest finite value, not an
     * infinity or NaN. It counts as clipped, and so as a loss, all the same */
    TENON_SAVE_SATURATE = 128
};
/* What a save does while another save, of any process or thread, holds the lock of its file. A save holds it
 * while it gives the new file its name; one that adds to a file, from the moment before it opens that. */
enum {
    TENON_LOCK_CONFIGURED = 0, /* as [save] lock says */
    /* waits, at most the seconds of [save] lock_wait, then TENON_E_BUSY. After 20 ms the progress function is
     * called with a total of 0, about 20 times a second, and may cancel */
    TENON_LOCK_WAIT = 1,
    TENON_LOCK_FAIL = 2, /* TENON_E_BUSY at once */
    TENON_LOCK_NO = 3    /* does not look: saves at once may undo each other, and leave sets half done */
};
typedef struct tenon_lock tenon_lock;
typedef struct tenon_save_options {
    uint32_t struct_size, flags;
    const char *format;          /* a codec's id or extension; NULL: by the path's extension */
    const char *const *settings; /* NULL-terminated "CODEC.KEY=VALUE", for this save only */
    uint32_t lock, reserved;     /* TENON_LOCK_*; 0 */
    tenon_lock *held;            /* the lock of the target, which the caller has; NULL: none */
} tenon_save_options;

/* Takes the lock of a file, which need not exist, before it is opened to be changed and saved again: no other
 * save can replace it until the lock is released, and what was read stays true. The save gets the lock in
 * `held`; without that it waits for its own caller. A save of a file that another one replaced after it was
 * opened fails with TENON_E_BUSY, with or without a lock. `how` is TENON_LOCK_*, with which NO is MISUSE.
 * The lock is a file beside the target, .NAME.tenon.lock, which exists while it is held; it does not outlive
 * the process. A child of fork without exec must not use or release it. One thread at a time uses it. */
TENON_API tenon_status tenon_lock_take (tenon_context *context, const char *path, uint32_t how,
                                        const tenon_progress *progress, tenon_lock **lock,
                                        tenon_error *error);
/* NULL is fine. */
TENON_API void tenon_lock_release (tenon_lock *lock);

/* Writes a temporary file beside the target and renames it, so that the target is always whole, the old file
 * or the new one. A symbolic link is followed; a device, FIFO or terminal is written directly. With `format`,
 * the extension of the codec is appended if the path has none of its extensions. `report` may be NULL; else
 * it is set to the notes and losses, also on failure, and the caller frees it. TENON_E_BUSY: another save
 * holds the lock of the file, or has replaced a file that the plan has tensors of, and that this save would
 * replace. */
TENON_API tenon_status tenon_save (tenon_plan *plan, const char *path, const tenon_save_options *options,
                                   tenon_report **report, const tenon_progress *progress, tenon_error *error);
/* Writes to an open descriptor from its current position, without seeking. `format` must not be NULL. */
TENON_API tenon_status tenon_save_fd (tenon_plan *plan, int fd, const tenon_save_options *options,
                                      tenon_report **report, const tenon_progress *progress,
                                      tenon_error *error);

/* Opens `source`, adds all of it to a plan, and saves that as `target`. */
TENON_API tenon_status tenon_convert (tenon_context *context, const char *source, const char *target,
                                      const tenon_open_options *open, const tenon_save_options *save,
                                      tenon_report **report, const tenon_progress *progress,
                                      tenon_error *error);

/* ---- reports ------------------------------------------------------------------------------------- */

typedef struct tenon_report_entry {
    uint32_t struct_size, kind; /* TENON_NOTE, TENON_LOSS, TENON_BID, TENON_VERDICT, TENON_WRITTEN */
    tenon_status status;        /* 0, or that of the fault */
    /* bids: 1 if the codec is chosen; verdicts: 1 if the plugin is in use; notes: 1 if `subject` is a tensor
     * that cannot be read */
    uint32_t chosen;
    const char *subject; /* codec id, plugin name, tensor or key; or "" */
    const char *file;    /* the file that it is about; or "" */
    const char *message; /* one line */
} tenon_report_entry;
TENON_API uint64_t tenon_report_count (const tenon_report *report);
TENON_API tenon_status tenon_report_get (const tenon_report *report, uint64_t index,
                                         tenon_report_entry *entry);
TENON_API void tenon_report_free (tenon_report *report);

#ifdef __cplusplus
}
#endif
#endif
