/* SPDX-License-Identifier: MIT */
/* tenon/types.h - what applications and plugins share: status codes, dtypes, metadata values, limits.
 *
 * There are no functions. All numbers are fixed: files, logs, and plugins that are older than the library
 * contain them. New ones are added at the end.
 *
 * Conventions of all headers:
 *   - the side that owns a struct sets its first field, struct_size, to the sizeof that it was compiled with;
 *     the other side reads min(theirs, ours) bytes and takes the rest as zero;
 *   - sizes, counts, offsets and dims are uint64_t in bytes or items, and dims are below 2^63;
 *   - fields called `reserved` are 0, and are ignored: where a later version gives one a meaning, 0 means
 * what it means now;
 *   - flag words: an unknown bit among the low 16 is ignored, an unknown bit among the high 16 is refused;
 *   - texts are UTF-8; a text with a length beside it need not end in NUL. */
#ifndef TENON_TYPES_H
#define TENON_TYPES_H

#include <stdint.h>

/* A struct with its size set and the rest zero, in C, and in C++11 and later:
 *     tenon_tensor_info info = TENON_INIT (info); */
#if defined(__cplusplus) && __cplusplus >= 201103L
extern "C++" { /* also for programs that include this header in an extern "C" of their own */
template <class Type> struct tenon_bare_ {
    typedef Type type;
};
template <class Type> struct tenon_bare_<const Type> {
    typedef Type type;
};
template <class Type>
inline typename tenon_bare_<Type>::type
tenon_init_ ()
{
    typename tenon_bare_<Type>::type made = typename tenon_bare_<Type>::type ();
    made.struct_size = sizeof made;
    return made;
}
}
#define TENON_INIT(variable) tenon_init_<decltype (variable)> ()
#elif defined(__cplusplus)
#define TENON_INIT(variable)                                                                                 \
    {                                                                                                        \
        sizeof (variable)                                                                                    \
    }
#else
#define TENON_INIT(variable)                                                                                 \
    {                                                                                                        \
        .struct_size = sizeof (variable)                                                                     \
    }
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define TENON_FLAGS_MAY_IGNORE 0x0000ffffu
#define TENON_FLAGS_MUST_KNOW 0xffff0000u

/* ---- the version of the plugin interface ----------------------------------------------------------- */

/* The major version is in the name of the entry function, and in that of the folder of plugins: a host loads
 * plugins of its own major version only. A plugin states the minor version as abi_minor, and the oldest host
 * that it works with as min_host_minor. Build files read these two lines. */
#define TENON_ABI_MAJOR 0
#define TENON_ABI_MINOR 0
/* The name of the entry function as text: "tenon_plugin_v0" */
#define TENON_ENTRY_TEXT TENON_ENTRY_TEXT_1_ (TENON_ENTRY_SYMBOL_1_ (TENON_ABI_MAJOR))
#define TENON_ENTRY_TEXT_1_(symbol) TENON_ENTRY_TEXT_2_ (symbol)
#define TENON_ENTRY_TEXT_2_(symbol) #symbol
#define TENON_ENTRY_SYMBOL_1_(major) TENON_ENTRY_SYMBOL_2_ (major)
#define TENON_ENTRY_SYMBOL_2_(major) tenon_plugin_v##major

/* ---- status -------------------------------------------------------------------------------------- */

/* The result of a function that can fail: 0, or one of these, which are negative. */
typedef int32_t tenon_status;

enum {
    TENON_OK = 0,
    TENON_E_MALFORMED = -1,     /* the bytes break a rule of their format */
    TENON_E_TRUNCATED = -2,     /* the file ends before what it announces */
    TENON_E_UNSUPPORTED = -3,   /* well-formed, but not supported by this library or codec */
    TENON_E_LIMIT = -4,         /* a configured limit is exceeded; the message names it */
    TENON_E_MEMORY = -5,        /* there is not enough memory */
    TENON_E_IO = -6,            /* the system refused to open, read or write */
    TENON_E_CANCELLED = -7,     /* the progress callback asked to stop */
    TENON_E_MISUSE = -8,        /* the caller, or a plugin, broke a rule of these headers */
    TENON_E_NOT_FOUND = -9,     /* no tensor, key, option, dtype, file or folder of that name */
    TENON_E_CHECKSUM = -10,     /* the data do not have the checksum that the file states */
    TENON_E_UNRECOGNISED = -11, /* no enabled codec recognises the file */
    TENON_E_AMBIGUOUS = -12,    /* two codecs claim the file, or the extension, equally */
    TENON_E_NOT_MAPPABLE = -13, /* the tensor cannot be mapped; the message says why */
    TENON_E_LOSS = -14,         /* saving would lose something, and the caller asked for a strict save */
    TENON_E_EXISTS = -15,       /* a file that would be written exists */
    TENON_E_CONFIG = -16,       /* an ini file, an option or its value is wrong */
    TENON_E_BUSY = -17,         /* another save holds the file, or has replaced what this one read */
    TENON_E_CRASHED = -18,      /* an isolated plugin crashed, or did what isolation forbids */
    TENON_E_LAST = -18
};

/* ---- dtypes -------------------------------------------------------------------------------------- */

/* Ids below 64 are fixed. Ids from TENON_DTYPE_DYNAMIC on are assigned at run time, to dtypes that plugins
 * register (valid in a context) and to opaque ones (valid for a file): compare them by name. Byte layouts:
 * IEEE 754, two's complement; c64 and c128 are real part, imaginary part; bool is one byte, 0 or 1; f8_*,
 * f6_*, f4 follow the OCP 8-bit and MX specifications and ml_dtypes. */
enum {
    TENON_NONE = 0, /* no dtype, or: as stored */
    TENON_BOOL = 1,
    TENON_U8 = 2,
    TENON_U16 = 3,
    TENON_U32 = 4,
    TENON_U64 = 5,
    TENON_I8 = 6,
    TENON_I16 = 7,
    TENON_I32 = 8,
    TENON_I64 = 9,
    TENON_F16 = 10,
    TENON_BF16 = 11,
    TENON_F32 = 12,
    TENON_F64 = 13,
    TENON_C64 = 14,
    TENON_C128 = 15,
    TENON_F8_E4M3 = 16,     /* finite only, one NaN ("fn") */
    TENON_F8_E5M2 = 17,     /* with infinities */
    TENON_F8_E4M3FNUZ = 18, /* no negative zero, NaN is 0x80 */
    TENON_F8_E5M2FNUZ = 19,
    TENON_F8_E8M0 = 20, /* 2^(x - 127), no sign, no zero, 0xff is NaN */
    TENON_F6_E2M3 = 21, /* 4 items in 3 bytes, first item in the low bits */
    TENON_F6_E3M2 = 22,
    TENON_F4 = 23, /* e2m1; 2 items in a byte, first item in the low half */
    TENON_DTYPE_FIXED = 24,
    TENON_MAP = 60,    /* only as the type of a metadata value */
    TENON_MIXED = 61,  /* only as the item type of an array: each item has a type of its own */
    TENON_STRING = 62, /* only as the type of a metadata value */
    TENON_ARRAY = 63,  /* likewise */
    TENON_DTYPE_DYNAMIC = 64
};

/* tenon_dtype.kind */
enum {
    TENON_KIND_PLAIN = 0, /* numbers that the library can cast */
    TENON_KIND_BLOCK = 1, /* block_items numbers share block_bytes bytes; cast through decode and encode */
    TENON_KIND_OPAQUE = 2 /* items that only `text` explains; copied, and read as `items_as` at most */
};

/* A run of equal integers inside a block, for byte swapping: `count` of them, each `size` bytes, from
 * `offset`. */
struct tenon_swap_field {
    uint32_t offset, size, count;
};

/* An element type. Plugins register block dtypes and describe opaque ones with it; applications get it. */
struct tenon_dtype {
    uint32_t struct_size;
    uint32_t kind;        /* TENON_KIND_* */
    const char *name;     /* canonical and lower case: "f32", "q4_k". Opaque: NULL, or a name for display */
    uint64_t block_items; /* items that are encoded together: f32: 1, f4: 2, f6: 4, q4_k: 256 */
    uint64_t block_bytes; /* bytes of such a block; opaque: the item's size */
    /* The integers of a block that a byte swap reverses. None: the bytes are the same in either order. */
    const struct tenon_swap_field *swap;
    uint32_t swap_size, swap_count; /* sizeof (struct tenon_swap_field), fields */
    uint32_t alignment;             /* for mapping; 0: the largest swapped size, or 1 */
    uint32_t flags;                 /* none yet */
    const char *family;             /* opaque: the origin of the text, "numpy" */
    const char *text;               /* opaque: the type in the words of the format */
    /* Blocks only; NULL: copied, but not converted. Blocks are whole, little-endian, at any address; items
     * are native floats, aligned. The two do not overlap. Called from many threads at once. Return 0 or
     * TENON_E_*. */
    int32_t (*decode) (const void *blocks, float *items, uint64_t block_count);
    int32_t (*encode) (const float *items, void *blocks, uint64_t block_count);
    /* Blocks only; NULL: all bytes are valid. Finds a block that stands for no numbers, because a scale in it
     * is NaN or infinite, for verifying. Returns the index of the first one, or block_count. Bytes and
     * threads as above. */
    uint64_t (*check) (const void *blocks, uint64_t block_count);
    /* Opaque only: the plain dtype whose bytes an item has, so that it can be read as that; TENON_NONE: there
     * is none. `items_flags` has TENON_BIG_ENDIAN if they are big-endian. NumPy's dates are such: i64, which
     * the text explains as nanoseconds, say. */
    uint32_t items_as, items_flags;
    /* Blocks only; NULL: none. Encodes a block of numbers below 2^bits, bits ≤ 8, which stand for number ×
     * scale
     * + bias, without rounding any of them. Numbers NULL: only asks. TENON_E_UNSUPPORTED: a block cannot hold
     * that scale and bias. Threads as above. */
    int32_t (*encode_affine) (const uint8_t *numbers, uint32_t bits, float scale, float bias, void *block);
};

/* The layout of the bytes of a tensor. */
enum {
    TENON_FORTRAN = 1,    /* the first index changes fastest; without it C order, the last one */
    TENON_BIG_ENDIAN = 2, /* items are big-endian; without it little-endian */
    TENON_ALIAS = 4,      /* the tensor shares bytes with another one on purpose */
    TENON_NO_SHAPE = 8,   /* of an unreadable tensor: its shape is not known */
    TENON_CONVERTED = 16  /* in a plan: the tensor is converted from another dtype, as asked for */
};

/* ---- metadata values ----------------------------------------------------------------------------- */

/* tenon_value.encoding: the items of an array as bytes. */
enum {
    TENON_ENCODING_LITTLE = 0,
    TENON_ENCODING_BIG = 1,
    TENON_STRINGS_32 = 0x10, /* strings: u32 length, bytes, u32 length, bytes ...; add LITTLE or BIG */
    TENON_STRINGS_64 = 0x20  /* strings with u64 lengths */
};

/* tenon_value.source of a map, and of an array in memory (as.memory, or as.items if nested or mixed). */
#define TENON_NO_SOURCE UINT32_MAX

/* A typed value, always 64 bytes. A scalar (type below TENON_DTYPE_FIXED: bool, u8 … u64, i8 … i64, f32, f64)
 * is in `as`; the bytes of a string (which need not be UTF-8) are as.string, `count` of them; an array is one
 * of
 *
 *   - a range of a source, which is not read before an item is asked for: source, offset, length, encoding;
 *   - packed items, or strings with their lengths, in memory: as.memory, `length` bytes, encoding;
 *   - nested: item_type TENON_ARRAY, as.items, `count` values that are arrays;
 *   - mixed: item_type TENON_MIXED, as.items, `count` values of any types, null, maps and arrays too.
 *
 * A map has `count` entries in as.items: 2 × `count` values, a string, which is the key, and its value, and
 * so on. Keys are valid UTF-8, and no key occurs twice. item_type is TENON_NONE, source TENON_NO_SOURCE.
 *
 * The side that passes a value owns the memory that it points to. The function says how long it lives. */
struct tenon_value {
    uint32_t type;      /* a plain scalar dtype, TENON_STRING, TENON_ARRAY, TENON_MAP; TENON_NONE: null */
    uint32_t item_type; /* arrays: the type of every item */
    uint64_t count;     /* items of an array, entries of a map, bytes of a string */
    uint32_t encoding;  /* TENON_ENCODING_* */
    uint32_t source;    /* number of the source, or TENON_NO_SOURCE */
    uint64_t offset;    /* in that source, bytes */
    uint64_t length;    /* bytes of the whole array there, or in memory */
    union {
        uint64_t u; /* bool, u8 … u64 */
        int64_t i;  /* i8 … i64 */
        double f;   /* f32 and f64; an f32's value is exact in it */
        const char *string;
        const void *memory;
        const struct tenon_value *items;
    } as;
    uint64_t reserved[2];
};

/* ---- options and limits -------------------------------------------------------------------------- */

/* tenon_option.type: the form of its text. */
enum {
    TENON_OPTION_BOOL = 1,    /* yes no true false on off 1 0 */
    TENON_OPTION_INTEGER = 2, /* decimal, or 0x hexadecimal, with a sign */
    TENON_OPTION_SIZE = 3,    /* bytes; B kB MB GB TB (powers of 1000), KiB MiB GiB TiB (powers of 1024) */
    TENON_OPTION_NUMBER = 4,  /* a floating-point number, with a point in every locale */
    TENON_OPTION_TEXT = 5,    /* anything */
    TENON_OPTION_CHOICE = 6,  /* one of `choices` */
    TENON_OPTION_FILTER = 7   /* "none", or the id of a filter */
};

/* An option of a codec. The host parses and checks it, wherever it is set. */
struct tenon_option {
    uint32_t struct_size;
    uint32_t type;     /* TENON_OPTION_* */
    const char *name;  /* lower case, digits, '_' or '.': "compression" */
    const char *value; /* the default, as text */
    /* CHOICE: words separated by one space: "keep c". FILTER: "none" and the filters that the format has a
     * number for: "none deflate". FILTER and NULL: "none", the default, and for a keyed codec the filters of
     * its archive (tenon_archive.filters), for another codec every filter that is in use. An application gets
     * the list in any case. An ini file may name a filter that is not in use: only saves with it fail */
    const char *choices;
    const char *help;         /* one line, no full stop */
    double least, most;       /* INTEGER, SIZE, NUMBER: the range; both 0: none */
    uint32_t flags, reserved; /* TENON_OPTION_FOR_* */
};
enum { TENON_OPTION_FOR_READING = 1, TENON_OPTION_FOR_WRITING = 2 };

/* The value of an option. The fields of its type are set. */
struct tenon_setting {
    uint32_t struct_size;
    uint32_t type;
    /* BOOL 0 or 1; INTEGER; SIZE in bytes; CHOICE its index; FILTER 1, or 0 for "none" */
    int64_t integer;
    double number;      /* NUMBER */
    const char *text;   /* as it was given, or the default; NUL-terminated */
    const char *origin; /* "default", "FILE:LINE", "command line" … */
};

/* The limits, with their names in [limits] of the ini file. */
enum {
    TENON_LIMIT_HEADER_BYTES = 0,     /* header_bytes: that a codec reads and keeps in describe */
    TENON_LIMIT_TENSORS = 1,          /* tensors: in one catalog */
    TENON_LIMIT_METADATA_ENTRIES = 2, /* metadata_entries */
    TENON_LIMIT_METADATA_BYTES = 3,   /* metadata_bytes: keys, strings and nested arrays kept in memory */
    TENON_LIMIT_DEPTH = 4,   /* depth: nesting of arrays, of JSON, of sources within sources; at most 100 */
    TENON_LIMIT_MEMBERS = 5, /* members: parts of a file, and files that it or a folder names */
    TENON_LIMIT_INFLATED_BYTES = 6, /* inflated_bytes: decoded size of one source, size of a served tensor */
    TENON_LIMIT_INFLATED_RATIO =
        7, /* inflated_ratio: decoded size / stored size, served tensors / file; beyond 1 MiB */
    TENON_LIMIT_MEMORY = 8,           /* memory: bytes that a conversion holds at once, without the catalog */
    TENON_LIMIT_ENCODED_DEPTH = 9,    /* encoded_depth: encoded parts that lie in each other */
    TENON_LIMIT_ISOLATED_MEMORY = 10, /* isolated_memory: bytes that an isolated process may get */
    TENON_LIMIT_ISOLATED_SECONDS = 11, /* isolated_seconds: for an answer of such a process; 0: any number */
    /* What opening a file may take: memory, in bytes, and work, in bytes that could be copied meanwhile. Each
     * is bounded as such; and in multiples of the bytes of the file, beyond 64 MiB of memory and 256 MiB of
     * work */
    TENON_LIMIT_OPEN_MEMORY = 12,       /* open_memory */
    TENON_LIMIT_OPEN_MEMORY_RATIO = 13, /* open_memory_ratio */
    TENON_LIMIT_OPEN_WORK = 14,         /* open_work */
    TENON_LIMIT_OPEN_WORK_RATIO = 15,   /* open_work_ratio */
    TENON_LIMITS = 16
};

/* The kinds of entries of a report. */
enum {
    TENON_NOTE = 0,    /* an accepted oddity */
    TENON_LOSS = 1,    /* a save dropped or changed something */
    TENON_BID = 2,     /* whether a codec recognises a file */
    TENON_VERDICT = 3, /* whether a plugin candidate is in use, or why not */
    /* `file` is one of the files of a saved set, in the order in which they got their names. None if the
     * target is the only file, or if the save failed */
    TENON_WRITTEN = 4
};
/* Added to TENON_NOTE by a codec: the file breaks a rule of its format without damage to the data. The entry
 * of the report has the status TENON_E_MALFORMED, with which tenon_verify fails. */
enum { TENON_FLAW = 0x100 };

#ifdef __cplusplus
}
#endif
#endif
