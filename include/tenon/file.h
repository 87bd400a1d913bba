/* SPDX-License-Identifier: MIT */
/* tenon/file.h - opening a file, and looking at its tensors. */
#ifndef TENON_FILE_H
#define TENON_FILE_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    /* The part of a regular file, a block device or memory that is opened: `length` bytes from byte `offset`
     * on; 0: to its end. TENON_E_TRUNCATED: it has no such part. Of a pipe the first
     * `offset` bytes are skipped, and the bytes behind the part stay in it. A part has no files beside it. It
     * is TENON_E_MISUSE with a folder, a reader or TENON_OPEN_SHARDS. Offsets of infos count from the
     * beginning of the whole file; those of errors from that of the part, which the error's `file` names */
    uint64_t offset, length;
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

enum {
    /* The reader is called on one thread only: the one that called the function of the library, within that
     * call, also for a save whose plan has tensors of the file. Work that does not read still uses all
     * threads. If the program calls the library on several threads at once, each of them calls the reader */
    TENON_READER_ONE_THREAD = 0x10000
};
/* Bytes that neither a path nor memory provides. */
typedef struct tenon_reader {
    uint32_t struct_size, flags; /* TENON_READER_* */
    uint64_t size;               /* bytes in all */
    /* Reads exactly `length` bytes. Called from many threads at once, unless the flags say otherwise. Returns
     * 0 or TENON_E_*. */
    tenon_status (*read_at) (void *user, uint64_t offset, void *to, uint64_t length);
    void (*close) (void *user); /* called when the library no longer needs the reader; may be NULL */
    void *user;
    /* Called on the same thread, right after read_at failed: why, in one line, which becomes a part of the
     * message; NULL: it does not know. The text stays valid until the next call on that thread. May be NULL
     */
    const char *(*reason) (void *user);
} tenon_reader;
/* Opens what the functions read. The struct is copied. `close` is called also if opening fails, unless an
 * argument is NULL or the struct is wrong. */
TENON_API tenon_status tenon_open_reader (tenon_context *context, const tenon_reader *reader,
                                          const tenon_open_options *options, tenon_file **file,
                                          tenon_error *error);
/* Ends the use of a file: of what was mapped from it, and of all texts and shapes that it handed out. Plans
 * that have its tensors keep what they need. NULL is fine. */
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
/* Sums of a file. Its texts live as long as the file. */
TENON_API tenon_status tenon_file_get (const tenon_file *file, tenon_file_info *info);
/* The notes of opening it. Lives as long as the file. */
TENON_API const tenon_report *tenon_file_report (const tenon_file *file);

typedef struct tenon_tensor_info {
    uint32_t struct_size;
    uint32_t dtype;   /* tenon_dtype_get */
    const char *name; /* NUL-terminated UTF-8 without NUL inside */
    uint64_t name_length;
    const char *dtype_name; /* "f32", "q4_k"; opaque: its text */
    uint32_t rank, flags;   /* TENON_FORTRAN, TENON_BIG_ENDIAN: the layout in the file */
    const uint64_t *shape;  /* `rank` dims, outermost first */
    uint64_t elements;      /* product of the shape; 1 for rank 0 */
    uint64_t nbytes;        /* of the data, packed, decoded */
    /* 0 extent, 1 served by the codec, 2 chunks; the source that holds the bytes, of chunks: the store */
    uint32_t storage, source;
    const char *source_name; /* path of the file that holds them */
    uint64_t offset;    /* absolute in that file: of the data, or of the encoded member that holds them */
    uint64_t stored;    /* bytes there; 0 if served or in chunks */
    const char *filter; /* ids of the filters of that member, or of each chunk: "shuffle+zstd"; NULL: none */
    /* 0, or the status with which reading the tensor fails: the file holds it, but its data cannot be read.
     * All else works. Then dtype may be TENON_NONE, with dtype_name in the words of the format; flags may
     * have TENON_NO_SHAPE, with rank 0; and elements, nbytes, offset and stored are 0 where they are not
     * known */
    tenon_status unreadable;
    uint32_t reserved;
    const char *why; /* one line; NULL: it can be read */
    /* `rank` distances between neighbours in each dim, in items; NULL: packed. Then `offset` is that of the
     * item 0 … 0, and `stored` counts from the first byte of any item to the last */
    const int64_t *strides;
    const uint64_t
        *chunk_shape; /* `rank` dims, in items: of chunks, or of the boxes that a codec serves; else NULL */
} tenon_tensor_info;
/* The number of tensors, and one of them: 0 is the first, in the order of the file. Texts, shape and strides
 * live as long as the file. TENON_E_NOT_FOUND: `index` is none. */
TENON_API uint64_t tenon_count (const tenon_file *file);
TENON_API tenon_status tenon_get (const tenon_file *file, uint64_t index, tenon_tensor_info *info);
/* The infos of the tensors first … first + count - 1 in one call, for bindings, which spend most of
 * their time on calls. `infos` has room for `count` of them: infos[0].struct_size is the size of each,
 * and the distance from one to the next; the library sets it in the others. TENON_E_NOT_FOUND: there are not
 * so many tensors; then none is filled. */
TENON_API tenon_status tenon_get_range (const tenon_file *file, uint64_t first, uint64_t count,
                                        tenon_tensor_info *infos);
/* The index of the tensor of this name, in constant time, or TENON_E_NOT_FOUND. */
TENON_API tenon_status tenon_find (const tenon_file *file, const char *name, uint64_t *index);
/* The same for a name of `length` bytes, which need not end in NUL, or of TENON_NUL. */
TENON_API tenon_status tenon_find_name (const tenon_file *file, const char *name, uint64_t length,
                                        uint64_t *index);

/* 1 if the pattern fits a name of `length` bytes, else 0. '*' stands for any characters, '/' and '.' too, '?'
 * for one character of UTF-8, or one byte that is none; '[a-c0]' for one of these, '[!a-c0]' for any other
 * one, '[[:digit:]]' for one of a class of ASCII, as in the C locale; a backslash takes the next character as
 * it is. A '[' that no ']' follows stands for itself. A pattern also fits the name that has the same
 * characters, so no name has to be quoted. The time is at most proportional to the length of the name times
 * the square of the length of the pattern. */
TENON_API int tenon_match (const char *pattern, const char *name, uint64_t length);
/* Finds the first tensor, from *index on, whose name the pattern fits, and sets *index to its index.
 * TENON_E_NOT_FOUND: there is none; *index stays as it was. All tensors of a pattern:
 *     for (uint64_t i = 0; tenon_find_next (file, "blk.*.weight", &i) == TENON_OK; i++) … */
TENON_API tenon_status tenon_find_next (const tenon_file *file, const char *pattern, uint64_t *index);

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

#ifdef __cplusplus
}
#endif
#endif
