/* SPDX-License-Identifier: MIT */
/* words.c - the names of types that numpy.dtype takes beside kind and size: 'float32', 'longlong', 'd', '?';
 * and those that ml_dtypes adds, 'bfloat16'. NumPy itself never writes them, other programs do.
 *
 * Of types whose size depends on the machine, the size is that of 64-bit Linux and macOS. */
#include "npy.h"

#define NUMPY(word, kind, bytes)                                                                             \
    {                                                                                                        \
        word, kind, bytes, TENON_NONE, NPY_ANYWHERE                                                          \
    }
#define MACHINE(word, kind, bytes)                                                                           \
    {                                                                                                        \
        word, kind, bytes, TENON_NONE, NPY_BY_MACHINE                                                        \
    }
#define ML(word, bytes, dtype)                                                                               \
    {                                                                                                        \
        word, 0, bytes, dtype, NPY_ANYWHERE                                                                  \
    }

/* Names of one letter, which may follow a byte order. */
static const struct npy_meaning letters[] = {
    NUMPY ("?", 'b', 1),  NUMPY ("b", 'i', 1),    NUMPY ("B", 'u', 1),    NUMPY ("h", 'i', 2),
    NUMPY ("H", 'u', 2),  NUMPY ("i", 'i', 4),    NUMPY ("I", 'u', 4),    NUMPY ("q", 'i', 8),
    NUMPY ("Q", 'u', 8),  MACHINE ("l", 'i', 8),  MACHINE ("L", 'u', 8),  NUMPY ("p", 'i', 8),
    NUMPY ("P", 'u', 8),  NUMPY ("n", 'i', 8),    NUMPY ("N", 'u', 8),    NUMPY ("e", 'f', 2),
    NUMPY ("f", 'f', 4),  NUMPY ("d", 'f', 8),    MACHINE ("g", 'f', 16), NUMPY ("F", 'c', 8),
    NUMPY ("D", 'c', 16), MACHINE ("G", 'c', 32), NUMPY ("M", 'M', 8),    NUMPY ("m", 'm', 8),
    NUMPY ("S", 'S', 0),  NUMPY ("a", 'S', 0),    NUMPY ("c", 'S', 1),    NUMPY ("U", 'U', 0),
    NUMPY ("V", 'V', 0),  NUMPY ("O", 'O', 0),    NUMPY ("T", 'T', 0),
};

/* Names that stand alone. */
static const struct npy_meaning names[] = {
    NUMPY ("bool", 'b', 1),
    NUMPY ("bool_", 'b', 1),
    NUMPY ("int8", 'i', 1),
    NUMPY ("int16", 'i', 2),
    NUMPY ("int32", 'i', 4),
    NUMPY ("int64", 'i', 8),
    NUMPY ("uint8", 'u', 1),
    NUMPY ("uint16", 'u', 2),
    NUMPY ("uint32", 'u', 4),
    NUMPY ("uint64", 'u', 8),
    NUMPY ("float16", 'f', 2),
    NUMPY ("float32", 'f', 4),
    NUMPY ("float64", 'f', 8),
    NUMPY ("complex64", 'c', 8),
    NUMPY ("complex128", 'c', 16),
    NUMPY ("byte", 'i', 1),
    NUMPY ("short", 'i', 2),
    NUMPY ("intc", 'i', 4),
    MACHINE ("int", 'i', 8),
    MACHINE ("int_", 'i', 8),
    MACHINE ("long", 'i', 8),
    NUMPY ("longlong", 'i', 8),
    NUMPY ("intp", 'i', 8),
    NUMPY ("ubyte", 'u', 1),
    NUMPY ("ushort", 'u', 2),
    NUMPY ("uintc", 'u', 4),
    MACHINE ("uint", 'u', 8),
    MACHINE ("ulong", 'u', 8),
    NUMPY ("ulonglong", 'u', 8),
    NUMPY ("uintp", 'u', 8),
    NUMPY ("half", 'f', 2),
    NUMPY ("single", 'f', 4),
    NUMPY ("double", 'f', 8),
    NUMPY ("float", 'f', 8),
    MACHINE ("longdouble", 'f', 16),
    NUMPY ("float128", 'f', 16),
    NUMPY ("csingle", 'c', 8),
    NUMPY ("cdouble", 'c', 16),
    NUMPY ("complex", 'c', 16),
    MACHINE ("clongdouble", 'c', 32),
    NUMPY ("complex256", 'c', 32),
    NUMPY ("bytes", 'S', 0),
    NUMPY ("bytes_", 'S', 0),
    NUMPY ("str", 'U', 0),
    NUMPY ("str_", 'U', 0),
    NUMPY ("unicode", 'U', 0),
    NUMPY ("void", 'V', 0),
    NUMPY ("object", 'O', 0),
    NUMPY ("object_", 'O', 0),
    ML ("bfloat16", 2, TENON_BF16),
    ML ("float8_e4m3fn", 1, TENON_F8_E4M3),
    ML ("float8_e5m2", 1, TENON_F8_E5M2),
    ML ("float8_e4m3fnuz", 1, TENON_F8_E4M3FNUZ),
    ML ("float8_e5m2fnuz", 1, TENON_F8_E5M2FNUZ),
    ML ("float8_e8m0fnu", 1, TENON_F8_E8M0),
    /* ml_dtypes keeps each item of these in whole bytes. tenon has no such dtypes: they are opaque. */
    ML ("float8_e3m4", 1, TENON_NONE),
    ML ("float8_e4m3", 1, TENON_NONE),
    ML ("float8_e4m3b11fnuz", 1, TENON_NONE),
    ML ("float6_e2m3fn", 1, TENON_NONE),
    ML ("float6_e3m2fn", 1, TENON_NONE),
    ML ("float4_e2m1fn", 1, TENON_NONE),
    ML ("int4", 1, TENON_NONE),
    ML ("int2", 1, TENON_NONE),
    ML ("int1", 1, TENON_NONE),
    ML ("uint4", 1, TENON_NONE),
    ML ("uint2", 1, TENON_NONE),
    ML ("uint1", 1, TENON_NONE),
    ML ("complex32", 4, TENON_NONE),
    ML ("bcomplex32", 4, TENON_NONE),
};

static const struct npy_meaning *
search_words (const struct npy_meaning *table, size_t count, struct npy_word word)
{
    for (size_t i = 0; i < count; i++)
        if (npy_word_is (word, table[i].word))
            return &table[i];
    return NULL;
}

const struct npy_meaning *
npy_find_letter (struct npy_word word)
{
    return search_words (letters, sizeof letters / sizeof letters[0], word);
}

const struct npy_meaning *
npy_find_name (struct npy_word word)
{
    return search_words (names, sizeof names / sizeof names[0], word);
}

const char *
npy_ml_name (uint32_t dtype)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (dtype && names[i].dtype == dtype)
            return names[i].word;
    return NULL;
}

/* ---- units of time ---- */

static const char *const units[] = { "Y",  "M",  "W",  "D",  "h",  "m",  "s",
                                     "ms", "us", "ns", "ps", "fs", "as", "generic" };
enum { UNIT_W = 2, UNIT_D = 3, UNIT_S = 6, UNIT_AS = 12, UNIT_GENERIC = 13, UNITS = 14 };

/* A unit divided by a number is a multiple of a smaller unit, the first that is one: NumPy's table of what a
 * unit has of the next smaller ones, with its month of four weeks. */
static int
divide_unit (uint32_t *unit, uint64_t divisor, uint64_t *multiple)
{
    static const uint32_t smaller[UNIT_S + 1][3] = {
        { 12, 52, 365 }, { 4, 30, 720 }, { 7, 168, 10080 }, { 24, 1440, 86400 },
        { 60, 3600 },    { 60, 60000 },  { 1000, 1000000 },
    };
    if (*unit >= UNIT_AS || divisor == 0)
        return 0;
    const uint32_t *counts = smaller[*unit < UNIT_S ? *unit : UNIT_S];
    for (uint32_t i = 0; i < 3 && counts[i] && *unit + i + 1 <= UNIT_AS; i++)
        if (counts[i] % divisor == 0) {
            *multiple *= counts[i] / divisor;
            *unit += i + 1;
            return 1;
        }
    return 0;
}

/* The number of a unit; UNITS: there is none of that name. */
static uint32_t
find_unit (const char *bytes, uint64_t length)
{
    const struct npy_word word = { bytes, length };
    if (npy_word_is (word, "\xce\xbcs")) /* a Greek mu */
        return UNIT_S + 2;
    for (uint32_t i = 0; i < UNITS; i++)
        if (npy_word_is (word, units[i]))
            return i;
    return UNITS;
}

int
npy_take_unit (struct npy_word text, char unit[NPY_UNIT])
{
    uint64_t position = 1, multiple = 1, divisor, end;
    unit[0] = 0;
    if (!text.length)
        return 1;
    if (text.length < 3 || text.length >= NPY_UNIT || text.bytes[0] != '['
        || text.bytes[text.length - 1] != ']')
        return 0;
    if (!npy_take_digits (text, &position, &multiple)) {
        if (position > 1)
            return 0;
        multiple = 1;
    }
    for (end = position; text.bytes[end] != '/' && text.bytes[end] != ']';)
        end++;
    uint32_t found = find_unit (text.bytes + position, end - position);
    if (found == UNITS)
        return 0;
    if (text.bytes[end] == '/') {
        position = end + 1;
        if (!npy_take_digits (text, &position, &divisor) || position + 1 != text.length
            || !divide_unit (&found, divisor, &multiple))
            return 0;
    } else if (end + 1 != text.length)
        return 0;
    if (multiple > NPY_ITEM_BYTES)
        return 0;
    if (multiple != 1)
        snprintf (unit, NPY_UNIT, "[%llu%s]", (unsigned long long) multiple, units[found]);
    else
        snprintf (unit, NPY_UNIT, "[%s]", units[found]);
    return 1;
}
