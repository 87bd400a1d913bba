/* SPDX-License-Identifier: MIT */
/* tenon/tenon.h - what an application includes.
 *
 *     context   the configuration and the plugins that it enabled
 *     file      an opened file: a catalog of tensors and metadata, and the way to their data
 *     plan      what is to be saved: tensors from memory, from files, from callbacks; metadata
 *     report    what was said on the way: notes, losses, verdicts
 *
 * Reading is open → look → map, read or load. Saving is plan → add → save. Converting is both: a plan of
 * tensors that lie in another file.
 *
 * Errors: every function that can fail returns tenon_status, 0 or a negative TENON_E_*, and fills the
 * caller's struct tenon_error when one is given (NULL: not wanted). Out parameters are set on success only,
 * and pointers to NULL on failure. The library never prints, exits, installs signal handlers or keeps state
 * of the process.
 *
 * Threads: a context and a file may be used from many threads at once, but for tenon_context_free and
 * tenon_close. A plan and a report belong to one thread at a time. A file must be closed before its context
 * is freed; a plan keeps what it needs of a file, so the file may be closed first.
 *
 * Strings handed out live as long as the object that they come from, unless stated otherwise. */
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

/* "0.1.0": of the library that is running. */
TENON_API const char *tenon_version (void);

/* "TENON_E_MALFORMED" and "malformed file"; for unknown numbers "TENON_E_?" and "unknown status". Never
 * NULL. */
TENON_API const char *tenon_status_name (tenon_status status);
TENON_API const char *tenon_status_text (tenon_status status);

/* What went wrong, in the caller's memory. All texts are NUL-terminated and cut when too long; bytes of a
 * file that are no printable UTF-8 are escaped. */
typedef struct tenon_error {
    uint32_t struct_size; /* sizeof (tenon_error), set by the caller */
    tenon_status status;
    uint64_t offset;    /* byte in `file`, or UINT64_MAX */
    char message[1024]; /* one line, complete: place, what was found, what was expected */
    char file[512];     /* "" when it is about none */
    char tensor[256];   /* likewise */
} tenon_error;
#define TENON_ERROR_INIT                                                                                     \
    {                                                                                                        \
        sizeof (tenon_error), TENON_OK, UINT64_MAX, "", "", ""                                               \
    }

/* ---- progress ------------------------------------------------------------------------------------ */

/* Called now and then during long work (at least every 64 MiB, never for work under a few milliseconds), on
 * the calling thread or one of the pool, one call at a time. `done` and `total` are bytes of tensor data.
 * Non-zero: stop, with TENON_E_CANCELLED. */
typedef struct tenon_progress {
    uint32_t struct_size, reserved;
    int (*report) (void *user, uint64_t done, uint64_t total);
    void *user;
} tenon_progress;

/* ---- context ------------------------------------------------------------------------------------- */

enum {
    TENON_CONTEXT_NO_FILES = 1, /* read no ini files: built-in defaults and `settings` only */
    /* ignore TENON_CONFIG, TENON_PLUGIN_PATH, XDG_CONFIG_HOME and HOME. Always so in setuid programs */
    TENON_CONTEXT_NO_ENVIRONMENT = 2
};
typedef struct tenon_context_options {
    uint32_t struct_size, flags;
    /* NULL-terminated "SECTION.KEY=VALUE": "core.threads=4", "npy.max_header=2MiB",
     * "plugin.npy.enabled=no", "limits.tensors=5". They win over all files */
    const char *const *settings;
    const char
        *plugin_path;   /* absolute folders, ':' between; searched before the configured ones. NULL: none */
    const char *origin; /* what `settings` are called in messages; NULL: "the program" */
} tenon_context_options;

/* Reads the configuration and loads the plugins. `options` may be NULL. A plugin that cannot be loaded is
 * no error: see tenon_context_report. A wrong key or value is (TENON_E_CONFIG). */
TENON_API tenon_status tenon_context_new (tenon_context **context, const tenon_context_options *options,
                                          tenon_error *error);
TENON_API void tenon_context_free (tenon_context *context);

/* Verdicts on every plugin candidate, and notes on the configuration. Lives as long as the context. */
TENON_API const tenon_report *tenon_context_report (const tenon_context *context);

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

/* TENON_LIMIT_* as configured; 0 for an unknown one. */
TENON_API uint64_t tenon_limit (const tenon_context *context, uint32_t limit);

/* ---- formats ------------------------------------------------------------------------------------- */

enum { TENON_CAN_READ = 1, TENON_CAN_WRITE = 2, TENON_CAN_STREAM = 4 /* writes to a pipe */ };
typedef struct tenon_codec_info {
    uint32_t struct_size, flags; /* TENON_CAN_* */
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

/* Filters and registered dtypes. `plugin` is "core" for the core's own. */
typedef struct tenon_filter_info {
    uint32_t struct_size, reserved;
    const char *id, *label, *plugin;
    int32_t least_level, most_level, default_level, reserved2;
} tenon_filter_info;
TENON_API uint64_t tenon_filter_count (const tenon_context *context);
TENON_API tenon_status tenon_filter_get (const tenon_context *context, uint64_t index,
                                         tenon_filter_info *info);

/* A dtype by its canonical name ("bf16"); TENON_NONE: nobody registered it. */
TENON_API uint32_t tenon_dtype_find (const tenon_context *context, const char *name);
/* All about a dtype id; of a file when `file` is given (its opaque dtypes have ids of their own), else of
 * the context. */
TENON_API tenon_status tenon_dtype_get (const tenon_context *context, const tenon_file *file, uint32_t dtype,
                                        struct tenon_dtype *info);
/* The id after `dtype` in the context; start with TENON_NONE; TENON_NONE after the last. */
TENON_API uint32_t tenon_dtype_next (const tenon_context *context, uint32_t dtype);
/* Can data of one be read as the other? */
TENON_API int tenon_dtype_castable (const tenon_context *context, uint32_t from, uint32_t to);

/* ---- opening ------------------------------------------------------------------------------------- */

enum {
    /* never map, always read: a file that others may shrink cannot then raise SIGBUS */
    TENON_OPEN_NO_MAP = 1,
    TENON_OPEN_UNALIGNED = 2, /* tenon_map may hand out data that is not aligned to its items */
    /* All of the set that the file belongs to, as one catalog. Of NAME-00002-of-00003.EXTENSION, when the
     * codec numbers its files so: by the index beside it, NAME and what the codec calls an index, if it is
     * there; else the parts 1 … 3 by their names, of which none may be missing. Keys of metadata that an
     * earlier part has are passed over. An index is a set already; any other file opens as it is, with a
     * note. Only for paths: without one there is nothing beside a file (TENON_E_MISUSE). */
    TENON_OPEN_SHARDS = 4
};
typedef struct tenon_open_options {
    uint32_t struct_size, flags;
    const char *format;          /* a codec's id or extension; NULL: magic, then extension decide */
    const char *const *settings; /* NULL-terminated "CODEC.KEY=VALUE", for this file only */
    /* for memory, descriptors and callbacks: what the file is called; its extension and stem count. NULL:
     * none */
    const char *name;
    /* asked now and then whether to go on; its `done` counts nothing here. NULL: nobody is asked */
    const tenon_progress *progress;
} tenon_open_options;

/* Opens, recognises, describes and checks. Nothing of the tensors' data is read. A folder stands for the one
 * set in it: its index, or, with TENON_OPEN_SHARDS, numbered files without an index. Two sets are
 * TENON_E_AMBIGUOUS, none is TENON_E_NOT_FOUND. */
TENON_API tenon_status tenon_open (tenon_context *context, const char *path,
                                   const tenon_open_options *options, tenon_file **file, tenon_error *error);
/* The memory stays the caller's and must not change or go until the file, and every plan made of it, is
 * gone. */
TENON_API tenon_status tenon_open_memory (tenon_context *context, const void *data, uint64_t size,
                                          const tenon_open_options *options, tenon_file **file,
                                          tenon_error *error);
/* A regular file or a block device; duplicated, so the caller may close his. */
TENON_API tenon_status tenon_open_fd (tenon_context *context, int fd, const tenon_open_options *options,
                                      tenon_file **file, tenon_error *error);

/* Where bytes come from when neither a path nor memory will do. */
typedef struct tenon_reader {
    uint32_t struct_size, reserved;
    uint64_t size; /* bytes in all */
    /* Fills `to`, all of it, from any thread; 0 or TENON_E_*. */
    tenon_status (*read_at) (void *user, uint64_t offset, void *to, uint64_t length);
    void (*close) (void *user); /* when the last user of the source is gone; may be NULL */
    void *user;
} tenon_reader;
TENON_API tenon_status tenon_open_reader (tenon_context *context, const tenon_reader *reader,
                                          const tenon_open_options *options, tenon_file **file,
                                          tenon_error *error);
TENON_API void tenon_close (tenon_file *file);

/* Asks every codec what it makes of a file, without describing it: TENON_BID entries, the chosen one (if
 * any) with status 0 and `chosen` set. The status is what tenon_open would say of the choice. Free the
 * report. */
TENON_API tenon_status tenon_why (tenon_context *context, const char *path, const tenon_open_options *options,
                                  tenon_report **report, tenon_error *error);

/* ---- looking ------------------------------------------------------------------------------------- */

typedef struct tenon_file_info {
    uint32_t struct_size, reserved;
    const char *path;   /* as it was opened (of a set: its index or first part), the given name, or "" */
    const char *format; /* the codec's id */
    uint64_t size;      /* bytes of the file itself, without siblings */
    uint64_t tensors, metadata, sources;
    uint64_t elements, nbytes; /* of all tensors together; nbytes decoded. They stop at UINT64_MAX */
} tenon_file_info;
TENON_API tenon_status tenon_file_get (const tenon_file *file, tenon_file_info *info);
/* Notes that were made while it was opened. Lives as long as the file. */
TENON_API const tenon_report *tenon_file_report (const tenon_file *file);

typedef struct tenon_tensor_info {
    uint32_t struct_size;
    uint32_t dtype;   /* tenon_dtype_get */
    const char *name; /* NUL-terminated UTF-8 without NUL inside */
    uint64_t name_length;
    const char *dtype_name;   /* "f32", "q4_k"; opaque: its text */
    uint32_t rank, flags;     /* TENON_FORTRAN, TENON_BIG_ENDIAN: how the bytes lie in the file */
    const uint64_t *shape;    /* `rank` dims, outermost first */
    uint64_t elements;        /* product of the shape; 1 for rank 0 */
    uint64_t nbytes;          /* of the data, packed, decoded */
    uint32_t storage, source; /* 0 extent, 1 served by the codec; the source that holds the bytes */
    const char *source_name;  /* path of the file that holds them */
    uint64_t offset;    /* absolute in that file: of the data, or of the encoded member that holds them */
    uint64_t stored;    /* bytes there; 0 when served */
    const char *filter; /* what decodes that member; NULL: none */
} tenon_tensor_info;
TENON_API uint64_t tenon_count (const tenon_file *file);
TENON_API tenon_status tenon_get (const tenon_file *file, uint64_t index, tenon_tensor_info *info);
/* By name, in constant time; TENON_E_NOT_FOUND. `index` is set on success. */
TENON_API tenon_status tenon_find (const tenon_file *file, const char *name, uint64_t *index);

typedef struct tenon_metadata_info {
    uint32_t struct_size, reserved;
    const char *key;
    uint64_t key_length;
    /* Arrays: which type, how many, and where; their items: tenon_value_items, tenon_value_take,
     * tenon_value_map */
    struct tenon_value value;
} tenon_metadata_info;
TENON_API uint64_t tenon_metadata_count (const tenon_file *file);
TENON_API tenon_status tenon_metadata_get (const tenon_file *file, uint64_t index, tenon_metadata_info *info);
TENON_API tenon_status tenon_metadata_find (const tenon_file *file, const char *key, uint64_t *index);

/* Items first … first + n - 1 of an array value of this file. Numbers take no memory; strings and nested
 * arrays are kept in `memory` (free it), which may be NULL for arrays of numbers. Strings have
 * no index: each call walks from the array's beginning to `first`, so ask for many at once. */
TENON_API tenon_status tenon_value_items (const tenon_file *file, const struct tenon_value *array,
                                          uint64_t first, uint64_t n, struct tenon_value *items,
                                          tenon_memory **memory, tenon_error *error);

/* The first n items of *array, which then is the array of those behind them: walks through strings in pieces
 * and reads each once. Begin with a copy of the entry's value; count says what is left. After a failure
 * *array is as it was. */
TENON_API tenon_status tenon_value_take (const tenon_file *file, struct tenon_value *array, uint64_t n,
                                         struct tenon_value *items, tenon_memory **memory,
                                         tenon_error *error);
/* The items as they lie, no copy: `count` packed numbers of `item_type`, or strings, each behind its length,
 * in the byte order and with the lengths that `encoding` tells; at any address, so not aligned, and with
 * nothing behind a string. Who walks through strings compares each length with what is left. Valid until
 * tenon_close; tenon_map says what happens when others shrink the file. TENON_E_NOT_MAPPABLE, with the
 * reason: nested arrays, filters, callbacks, TENON_OPEN_NO_MAP. */
TENON_API tenon_status tenon_value_map (const tenon_file *file, const struct tenon_value *array,
                                        const void **data, uint64_t *size, tenon_error *error);

/* ---- the data ------------------------------------------------------------------------------------ */

/* The tensor's bytes as they lie in the file, no copy. Valid until tenon_close. TENON_E_NOT_MAPPABLE, with
 * the reason, when they are encoded, served, behind a callback, or not aligned (see TENON_OPEN_UNALIGNED).
 * flags of tenon_tensor_info say the order. If others shrink the file meanwhile, touching the memory raises
 * SIGBUS; tenon_read never does. */
TENON_API tenon_status tenon_map (tenon_file *file, uint64_t index, const void **data, uint64_t *size,
                                  tenon_error *error);

/* One tensor, or a box of it, to be read: C order, little-endian, packed. */
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
    uint64_t size; /* read: of `data`; more than needed is fine. Set to what was, or must be, filled */
} tenon_request;

/* Bytes that a request needs; also checks it. */
TENON_API tenon_status tenon_request_size (const tenon_file *file, const tenon_request *request,
                                           uint64_t *size, tenon_error *error);
/* Reads all requests, on all threads of the pool, into the caller's memory. After a failure that memory
 * holds anything. */
TENON_API tenon_status tenon_read (tenon_file *file, tenon_request *requests, uint64_t count,
                                   const tenon_progress *progress, tenon_error *error);
/* The same into memory that the library gets, in huge pages where it can, all in one arena. `memory` set:
 * the caller frees it and it may outlive the file; NULL: it goes with the file. */
TENON_API tenon_status tenon_load (tenon_file *file, tenon_request *requests, uint64_t count,
                                   tenon_memory **memory, const tenon_progress *progress, tenon_error *error);
TENON_API void tenon_memory_free (tenon_memory *memory);

/* Reads everything, compares every checksum; what is wrong goes to the report as TENON_NOTE with a negative
 * status, and the first of it is returned. `report` may be NULL, else free it. */
TENON_API tenon_status tenon_verify (tenon_file *file, tenon_report **report, const tenon_progress *progress,
                                     tenon_error *error);

/* Hands all bytes of a tensor (or box) to `sink` in order, in pieces, in bounded memory. Its non-zero
 * result stops the work with TENON_E_CANCELLED. */
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
} tenon_array;
TENON_API tenon_status tenon_plan_add (tenon_plan *plan, const tenon_array *array, tenon_error *error);

/* A tensor of an open file; name NULL: its own; dtype TENON_NONE: its own. */
TENON_API tenon_status tenon_plan_add_from (tenon_plan *plan, tenon_file *file, uint64_t index,
                                            const char *name, uint32_t dtype, tenon_error *error);
/* All tensors and all metadata of a file. */
TENON_API tenon_status tenon_plan_add_file (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* All metadata of a file. */
TENON_API tenon_status tenon_plan_add_metadata_from (tenon_plan *plan, tenon_file *file, tenon_error *error);
/* One entry; copied, with all that the value points to. The same key again replaces it. */
TENON_API tenon_status tenon_plan_add_metadata (tenon_plan *plan, const char *key,
                                                const struct tenon_value *value, tenon_error *error);
/* The same with a value in words, as somebody types it. `type` is "bool", u8 … u64, i8 … i64, "f32", "f64",
 * "string", or "array:" and one of these; NULL: that of the entry which the plan has under this key, or else
 * "string". string        the text as it is bool          true, false whole numbers decimal, in the range of
 * the type f32, f64      decimal, to the nearest number in one step; nan, inf, -inf arrays        in JSON:
 * [1,2], ["a","b"]; "NaN", "Infinity", "-Infinity" among floats TENON_E_MALFORMED: the text is no value of
 * the type; TENON_E_NOT_FOUND: there is no such type; TENON_E_UNSUPPORTED: the entry has a type that no text
 * stands for (null, arrays of arrays). The message names the key. */
TENON_API tenon_status tenon_plan_set_metadata (tenon_plan *plan, const char *key, const char *type,
                                                const char *text, tenon_error *error);
/* Takes an entry out again. TENON_E_NOT_FOUND: there is none of this key. */
TENON_API tenon_status tenon_plan_remove_metadata (tenon_plan *plan, const char *key, tenon_error *error);

enum {
    TENON_SAVE_STRICT = 1,     /* a loss is an error: TENON_E_LOSS */
    TENON_SAVE_NEW = 2,        /* refuse a target that exists: TENON_E_EXISTS */
    TENON_SAVE_DRY_RUN = 4,    /* do everything but write: errors and losses are found, no file appears */
    TENON_SAVE_EXACT_NAME = 8, /* with `format`: do not append the codec's extension */
    /* Add to the target, or replace in it what has the same name; all else stays, metadata too. The old file
     * is cloned, not changed: until the end it is whole. A target that is not there is made. Formats that
     * cannot grow, and targets of another format, are TENON_E_UNSUPPORTED. */
    TENON_SAVE_APPEND = 16,
    /* A tensor whose dtype the format cannot hold is stored as u8, [.., bytes of a row], and a record in the
     * metadata tells what it was, so that opening the file shows it as it was. The format must have room for
     * metadata. The record keeps the order of tensors and keys, too, and is there for that alone when the
     * format has an order of its own */
    TENON_SAVE_CARRY = 32
};
typedef struct tenon_save_options {
    uint32_t struct_size, flags;
    const char *format;          /* a codec's id or extension; NULL: by the path's extension */
    const char *const *settings; /* NULL-terminated "CODEC.KEY=VALUE", for this save only */
} tenon_save_options;

/* Writes to a temporary file beside the target and renames it, so that the target is always whole, the old
 * or the new. A symbolic link is followed; a device, FIFO or terminal is written straight. With `format`
 * the codec's extension is appended when the path has none of its extensions. `report` may be NULL, else it
 * is set, also on failure, to the notes and losses; free it. */
TENON_API tenon_status tenon_save (tenon_plan *plan, const char *path, const tenon_save_options *options,
                                   tenon_report **report, const tenon_progress *progress, tenon_error *error);
/* Writes to an open descriptor, from its current position, no seeking; `format` is needed. */
TENON_API tenon_status tenon_save_fd (tenon_plan *plan, int fd, const tenon_save_options *options,
                                      tenon_report **report, const tenon_progress *progress,
                                      tenon_error *error);

/* Opens `source`, plans all of it, saves it as `target`. */
TENON_API tenon_status tenon_convert (tenon_context *context, const char *source, const char *target,
                                      const tenon_open_options *open, const tenon_save_options *save,
                                      tenon_report **report, const tenon_progress *progress,
                                      tenon_error *error);

/* ---- reports ------------------------------------------------------------------------------------- */

typedef struct tenon_report_entry {
    uint32_t struct_size, kind; /* TENON_NOTE, TENON_LOSS, TENON_BID, TENON_VERDICT, TENON_WRITTEN */
    tenon_status status;        /* 0, or what is wrong */
    uint32_t chosen;            /* bids: this one was taken; verdicts: the plugin is in use */
    const char *subject;        /* codec id, plugin name, tensor or key; or "" */
    const char *file;           /* the file that it is about; or "" */
    const char *message;        /* one line */
} tenon_report_entry;
TENON_API uint64_t tenon_report_count (const tenon_report *report);
TENON_API tenon_status tenon_report_get (const tenon_report *report, uint64_t index,
                                         tenon_report_entry *entry);
TENON_API void tenon_report_free (tenon_report *report);

#ifdef __cplusplus
}
#endif
#endif
