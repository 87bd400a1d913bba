/* SPDX-License-Identifier: MIT */
/* npy.h - what the files of the npy plugin share.
 *
 *     npy.c        the tables, and describe
 *     literal.c    the few Python literals that a header is made of
 *     dictionary.c the header's dictionary
 *     descr.c      NumPy's words for an element type
 *     header.c     a header's bytes, as NumPy writes them
 *     write.c      write
 *
 * The format: numpy/lib/format.py (NEP 1 and its later versions), and what ml_dtypes and MLX make of it. */
#ifndef TENON_NPY_H
#define TENON_NPY_H

#include <tenon/plugin.h>

#define NPY_MAGIC "\x93NUMPY"
#define NPY_MAGIC_LENGTH 6u
#define NPY_RANK 64u /* NumPy's own bound since 2.0 */
/* NumPy keeps item sizes and the dims of sub-arrays in a C int. With this bound no product of two of them
 * overflows. */
#define NPY_ITEM_BYTES 2147483647u
/* Structures in structures. Python's tokenizer gives up at 200 open brackets, and each level has two. */
#define NPY_DEPTH 100u

/* The codec's options, by their place in its table. */
enum {
    NPY_OPTION_MAX_HEADER = 0,
    NPY_OPTION_V1 = 1,
    NPY_OPTION_V2 = 2,
    NPY_OPTION_FP8 = 3,
    NPY_OPTION_ORDER = 4,
    NPY_OPTION_BYTEORDER = 5
};
enum { NPY_V2_BF16 = 0, NPY_V2_OPAQUE = 1 };
enum { NPY_FP8_REFUSE = 0, NPY_FP8_VOID = 1 };
enum { NPY_ORDER_KEEP = 0, NPY_ORDER_C = 1, NPY_ORDER_FORTRAN = 2 };
enum { NPY_BYTEORDER_KEEP = 0, NPY_BYTEORDER_LITTLE = 1, NPY_BYTEORDER_BIG = 2 };

/* A text being parsed, and what of it is written again as Python's repr would write it. That takes no more
 * than four bytes for one (a raw control character becomes \x01), so `out` has four times the text's length,
 * and nothing asks for room. */
struct npy_text {
    struct tenon_call *call;
    const uint8_t *bytes;
    uint64_t length, position;
    uint64_t place;   /* of bytes[0] in source 0, or TENON_AUTO: the text does not lie in a file */
    uint32_t is_utf8; /* else latin1 */
    uint32_t depth;   /* of structures around the position */
    char *out;        /* UTF-8 */
    uint64_t written;
};
#define NPY_OUT_FACTOR 4u

/* A stretch of npy_text.out; not NUL-terminated. */
struct npy_word {
    const char *bytes;
    uint64_t length;
};

/* An element type as a descr states it. */
struct npy_type {
    uint64_t bytes;       /* of an item */
    uint32_t dtype;       /* a fixed id; TENON_NONE: none of those, so `text` is kept */
    uint32_t flags;       /* TENON_BIG_ENDIAN */
    uint64_t position;    /* of the descr in its text */
    struct npy_word text; /* '<U3' without its quotes, a structure as Python's repr */
};

/* What a header says. */
struct npy_header {
    struct npy_type type;
    uint32_t is_fortran, rank;
    uint64_t shape[NPY_RANK];
};

/* ---- literal.c ---- */

/* Records what was found at the position and what was expected there, and is TENON_E_MALFORMED. A macro for
 * the reason that tenon_fail is one. */
#define npy_unexpected(text, expected)                                                                       \
    (npy_unexpected_text (text, expected), (tenon_status) TENON_E_MALFORMED)
void npy_unexpected_text (struct npy_text *text, const char *expected);
/* The place in source 0 of a position in the text, for tenon_fail. */
uint64_t npy_place (const struct npy_text *text, uint64_t position);
/* What Python takes for white space between two tokens inside brackets. */
void npy_skip_space (struct npy_text *text);
/* After white space: takes `character` if it comes next, and says so. */
int npy_accept (struct npy_text *text, char character);
tenon_status npy_expect (struct npy_text *text, char character, const char *expected);
/* A string in either quotes. Its repr is appended to `out`; `inside` is that without the quotes. */
tenon_status npy_take_string (struct npy_text *text, const char *expected, struct npy_word *inside);
/* A decimal integer 0 … 2^63 - 1, maybe with the L of Python 2. */
tenon_status npy_take_integer (struct npy_text *text, const char *expected, uint64_t *value);
tenon_status npy_take_boolean (struct npy_text *text, uint32_t *value);
/* Appends to `out`. */
void npy_emit (struct npy_text *text, const char *bytes, uint64_t length);
void npy_emit_number (struct npy_text *text, uint64_t number);
int npy_word_is (struct npy_word word, const char *other);

/* ---- dictionary.c ---- */

/* All of a header's text. */
tenon_status npy_parse_dictionary (struct npy_text *text, struct npy_header *header);

/* ---- descr.c ---- */

/* The value of the key descr. */
tenon_status npy_parse_descr (struct npy_text *text, struct npy_type *type);
/* The same of a type string that stands for itself; `at` is where a failure is placed. */
tenon_status npy_parse_typestring (struct npy_text *text, struct npy_word word, uint64_t at,
                                   struct npy_type *type);
/* NumPy's type string of a plain dtype, ml_dtypes' of bf16 and the f8 family; at least 5 bytes. 0: it has
 * none. */
int npy_typestring (uint32_t dtype, uint32_t flags, char *typestring);

/* ---- header.c ---- */

/* A C-order array's bytes are the same in Fortran order when at most one dim is above 1, or one is 0. */
int npy_orders_agree (const uint64_t *shape, uint32_t rank);
/* Magic, version, length, dictionary and padding, in scratch memory. `descr` is UTF-8, as it stands in the
 * dictionary. */
tenon_status npy_format_header (struct tenon_call *call, struct npy_word descr, uint32_t is_fortran,
                                const uint64_t *shape, uint32_t rank, const void **bytes, uint64_t *length);

/* ---- write.c ---- */

tenon_status npy_write (struct tenon_call *call);

#endif
