/* SPDX-License-Identifier: MIT */
/* npy.h - what the files of the npy plugin share.
 *
 *     npy.c        the plugin's tables, and describe
 *     literal.c    parses the Python literals of a header
 *     dictionary.c parses the header's dictionary
 *     descr.c      parses descr, NumPy's notation of an element type
 *     words.c      names of types, and units of time
 *     header.c     formats a header as NumPy does
 *     write.c      writes a tensor
 *
 * The format is that of numpy/lib/format.py (NEP 1 and later versions), as extended by ml_dtypes and MLX. */
#ifndef TENON_NPY_H
#define TENON_NPY_H

#include <tenon/plugin.h>

#define NPY_MAGIC "\x93NUMPY"
#define NPY_MAGIC_LENGTH 6u
#define NPY_RANK 64u /* NumPy's limit since 2.0 */
/* NumPy keeps item sizes and the dims of sub-arrays in a C int. Below this limit no product of two of them
 * overflows. */
#define NPY_ITEM_BYTES 2147483647u
/* Nested structures. Python's tokenizer gives up at 200 open brackets, and each level has two. */
#define NPY_DEPTH 100u

/* The codec's options, by their index in its table. */
enum {
    NPY_OPTION_MAX_HEADER = 0,
    NPY_OPTION_V1 = 1,
    NPY_OPTION_V2 = 2,
    NPY_OPTION_FP8 = 3,
    NPY_OPTION_ORDER = 4,
    NPY_OPTION_BYTEORDER = 5
};
enum { NPY_V2_BF16 = 0, NPY_V2_OPAQUE = 1 };
enum { NPY_FP8_REFUSE = 0, NPY_FP8_VOID = 1, NPY_FP8_NAME = 2 };
enum { NPY_ORDER_KEEP = 0, NPY_ORDER_C = 1, NPY_ORDER_FORTRAN = 2 };
enum { NPY_BYTEORDER_KEEP = 0, NPY_BYTEORDER_LITTLE = 1, NPY_BYTEORDER_BIG = 2 };

/* Why a header, or its type, cannot be read. Status 0: it can. */
struct npy_fault {
    tenon_status status;
    uint64_t place; /* as in tenon_fail */
    char words[320];
};

/* A text that is being parsed, and its output: strings and numbers as Python's repr writes them. A byte
 * becomes four bytes at most (a raw control character becomes \x01), so `out` has room for four times the
 * text, and NPY_OUT_MORE for the type of one letter that is written in full, and needs no checks. */
struct npy_text {
    struct tenon_call *call;
    const uint8_t *bytes;
    uint64_t length, position;
    uint64_t place;         /* of bytes[0] in source 0, or TENON_AUTO: the text is not in a file */
    uint32_t is_utf8;       /* false: latin1 */
    uint32_t depth;         /* structures around the position */
    char *out;              /* UTF-8 */
    uint64_t written;       /* bytes of out */
    struct npy_fault fault; /* the first one of the text */
    /* the first reason for which items of the type cannot be read; the text goes on */
    struct npy_fault doubt;
};
#define NPY_OUT_FACTOR 4u
#define NPY_OUT_MORE 64u

/* A piece of npy_text.out; not NUL-terminated. */
struct npy_word {
    const char *bytes;
    uint64_t length;
};

/* An element type, from a descr. */
struct npy_type {
    uint64_t bytes;       /* of an item */
    uint32_t dtype;       /* a fixed id; TENON_NONE: opaque, only `text` describes it */
    uint32_t flags;       /* TENON_BIG_ENDIAN */
    uint32_t items_as;    /* opaque: the dtype whose bytes its items have, or TENON_NONE */
    uint32_t items_flags; /* TENON_BIG_ENDIAN: of those */
    uint64_t position;    /* of the descr in its text */
    struct npy_word text; /* '<U3' without quotes, a structure as Python's repr */
    uint32_t by_machine;  /* a word of another size on other machines */
};

/* The contents of a header. */
struct npy_header {
    struct npy_type type;
    uint32_t is_fortran, rank; /* NPY_RANK + 1: it has more dims than there is room for */
    uint64_t shape[NPY_RANK];
};

/* ---- literal.c ---- */

/* Records the first fault of a text, and is its status. The header that follows another in a file may have
 * one without a failure of the file, so the host does not learn of it here. A macro for the same reason as
 * tenon_fail. */
#define npy_fail(text, status, place, ...)                                                                   \
    (npy_record (&(text)->fault, status, place, __VA_ARGS__), (tenon_status) (status))
__attribute__ ((format (printf, 4, 5))) void npy_record (struct npy_fault *fault, tenon_status status,
                                                         uint64_t place, const char *format, ...);
/* The same with the text at the position and what was expected there; TENON_E_MALFORMED. */
#define npy_unexpected(text, expected)                                                                       \
    (npy_unexpected_text (text, expected), (tenon_status) TENON_E_MALFORMED)
void npy_unexpected_text (struct npy_text *text, const char *expected);
/* The offset in source 0 of a position in the text, for tenon_fail. */
uint64_t npy_place (const struct npy_text *text, uint64_t position);
/* Skips what Python accepts as white space between two tokens inside brackets. */
void npy_skip_space (struct npy_text *text);
/* Skips white space. Takes `character` if it comes next, and returns true if it did. */
int npy_accept (struct npy_text *text, char character);
/* Like npy_accept, but fails if another character comes next. */
tenon_status npy_expect (struct npy_text *text, char character, const char *expected);
/* Takes a string in either quotes, and appends its repr to `out`; `inside` is the repr without quotes. */
tenon_status npy_take_string (struct npy_text *text, const char *expected, struct npy_word *inside);
/* Takes a decimal integer from 0 to 2^63 - 1, with or without the L of Python 2. */
tenon_status npy_take_integer (struct npy_text *text, const char *expected, uint64_t *value);
/* Takes decimal digits of a word. Returns 0 if there are none, or if the number exceeds NPY_ITEM_BYTES. */
int npy_take_digits (struct npy_word word, uint64_t *position, uint64_t *number);
/* Takes True or False. */
tenon_status npy_take_boolean (struct npy_text *text, uint32_t *value);
/* These append to `out`. */
void npy_emit (struct npy_text *text, const char *bytes, uint64_t length);
void npy_emit_number (struct npy_text *text, uint64_t number);
int npy_word_is (struct npy_word word, const char *other);

/* ---- dictionary.c ---- */

/* Parses the text of a header. */
tenon_status npy_parse_dictionary (struct npy_text *text, struct npy_header *header);

/* True if C and Fortran order are the same bytes: at most one dim is above 1, or one is 0. */
int npy_orders_agree (const uint64_t *shape, uint32_t rank);

/* ---- words.c ---- */

/* The meaning of a word: a kind and a size, or, with the kind 0, a type of ml_dtypes. */
struct npy_meaning {
    const char *word;
    char kind;
    uint8_t bytes;
    uint8_t dtype; /* of ml_dtypes': a fixed id; TENON_NONE: opaque */
    uint8_t where;
};
enum { NPY_ANYWHERE = 0, NPY_BY_MACHINE = 1 /* other machines have another size */ };
/* A word of one letter, after a byte order or not; a word that stands alone. NULL: there is none. */
const struct npy_meaning *npy_find_letter (struct npy_word word);
const struct npy_meaning *npy_find_name (struct npy_word word);
/* ml_dtypes' name of a dtype; NULL: it has none. */
const char *npy_ml_name (uint32_t dtype);
/* Takes a time unit in brackets, as in '<M8[25s]', or nothing, which is the generic unit. `unit` is the same
 * as NumPy writes it. Returns 0 if it is none. */
#define NPY_UNIT 48u
int npy_take_unit (struct npy_word text, char unit[NPY_UNIT]);

/* ---- descr.c ---- */

/* Parses the value of the key descr. */
tenon_status npy_parse_descr (struct npy_text *text, struct npy_type *type);
/* Parses a type string, without quotes; `at` is its position, for failures. What cannot be read becomes a
 * doubt. */
void npy_parse_typestring (struct npy_text *text, struct npy_word word, uint64_t at, struct npy_type *type);
/* Formats the type string of a plain dtype: NumPy's, or ml_dtypes' of bf16 and the f8 family. `typestring`
 * has at least 5 bytes. Returns its length; 0: the dtype has none. */
int npy_typestring (uint32_t dtype, uint32_t flags, char *typestring);

/* ---- header.c ---- */

/* Formats magic, version, length, dictionary and padding, in scratch memory. `descr` is the value of the key,
 * in UTF-8. */
tenon_status npy_format_header (struct tenon_call *call, struct npy_word descr, uint32_t is_fortran,
                                const uint64_t *shape, uint32_t rank, const void **bytes, uint64_t *length);

/* ---- write.c ---- */

tenon_status npy_write (struct tenon_call *call);

#endif
