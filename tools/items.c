/* SPDX-License-Identifier: MIT */
/* items.c - the items of a tensor as text: a line for each row of the last dim, a space between the items. */
#include "items.h"
#include "memory.h"
#include "number.h"
#include "output.h"
#include "small.h"
#include <inttypes.h>

/* How plain numbers are printed. Their ids are fixed. */
static const struct {
    uint8_t bytes;
    char kind; /* 'u', 'i', 'f', 'c'omplex */
} plain[TENON_DTYPE_FIXED] = {
    [TENON_BOOL] = { 1, 'u' },  [TENON_U8] = { 1, 'u' },  [TENON_U16] = { 2, 'u' }, [TENON_U32] = { 4, 'u' },
    [TENON_U64] = { 8, 'u' },   [TENON_I8] = { 1, 'i' },  [TENON_I16] = { 2, 'i' }, [TENON_I32] = { 4, 'i' },
    [TENON_I64] = { 8, 'i' },   [TENON_F32] = { 4, 'f' }, [TENON_F64] = { 8, 'f' }, [TENON_C64] = { 8, 'c' },
    [TENON_C128] = { 16, 'c' },
};

bool
items_printable (uint32_t dtype)
{
    return dtype < TENON_DTYPE_FIXED && (plain[dtype].bytes > 0 || small_bits (dtype) > 0);
}

void
items_start (struct items *items, uint32_t dtype, const struct tenon_dtype *about, uint64_t last,
             uint32_t digits)
{
    uint64_t block = about->block_items ? about->block_items : 1;
    *items = (struct items){ .dtype = dtype, .digits = digits, .bytes = about->block_bytes };
    items->together = small_bits (dtype) ? block : 1;
    items->row = last / (items_printable (dtype) ? 1 : block);
    items->row = items->left = items->row ? items->row : 1;
    items->rest = get_memory (NULL, items->bytes, 1);
}

static uint64_t
read_little (const uint8_t *bytes, unsigned count)
{
    uint64_t number = 0;
    for (unsigned i = count; i-- > 0;)
        number = number << 8 | bytes[i];
    return number;
}

static void
print_float (uint32_t digits, const uint8_t *bytes, unsigned size, bool with_sign)
{
    char text[NUMBER_ROOM];
    if (size == 4) {
        uint32_t bits = (uint32_t) read_little (bytes, 4);
        float number;
        memcpy (&number, &bits, sizeof number);
        if (small_bits (digits))
            small_text (text, digits, (double) number);
        else
            number_float (text, number);
    } else {
        uint64_t bits = read_little (bytes, 8);
        double number;
        memcpy (&number, &bits, sizeof number);
        number_double (text, number);
    }
    printf (with_sign && *text != '-' ? "+%s" : "%s", text);
}

static void
print_plain (const struct items *items, const uint8_t *bytes)
{
    unsigned size = plain[items->dtype].bytes;
    switch (plain[items->dtype].kind) {
    case 'u': printf ("%" PRIu64, read_little (bytes, size)); break;
    case 'i': {
        unsigned unused = 64 - 8 * size; /* shifted up and back down, the sign fills the unused bits */
        printf ("%" PRId64, (int64_t) (read_little (bytes, size) << unused) >> unused);
        break;
    }
    case 'f': print_float (items->digits, bytes, size, false); break;
    default:
        print_float (items->digits, bytes, size / 2, false);
        print_float (items->digits, bytes + size / 2, size / 2, true);
        putchar ('j');
        break;
    }
}

/* Prints item k of a unit; item 0 is in its low bits. */
static void
print_small (const struct items *items, const uint8_t *bytes, uint64_t k)
{
    char text[NUMBER_ROOM];
    unsigned bits = small_bits (items->dtype);
    uint64_t unit = read_little (bytes, (unsigned) items->bytes), mask = (1u << bits) - 1;
    small_text (text, items->dtype, small_decode (items->dtype, unit >> k * bits & mask));
    fputs (text, stdout);
}

static void
print_item (const struct items *items, const uint8_t *bytes, uint64_t k)
{
    if (small_bits (items->dtype))
        print_small (items, bytes, k);
    else if (items_printable (items->dtype))
        print_plain (items, bytes);
    else
        for (uint64_t i = 0; i < items->bytes; i++)
            printf ("%02x", bytes[i]);
}

static void
print_next (struct items *items, const uint8_t *bytes)
{
    for (uint64_t k = 0; k < items->together; k++) {
        print_item (items, bytes, k);
        items->left--;
        putchar (items->left ? ' ' : '\n');
        if (!items->left)
            items->left = items->row;
    }
}

void
items_print (struct items *items, const void *data, uint64_t size)
{
    const uint8_t *bytes = data;
    if (items->bytes == 0) /* NumPy has dtypes of 0 bytes */
        return;
    if (items->kept > 0) {
        uint64_t missing = items->bytes - items->kept, take = size < missing ? size : missing;
        memcpy (items->rest + items->kept, bytes, take);
        items->kept += take, bytes += take, size -= take;
        if (items->kept < items->bytes)
            return;
        print_next (items, items->rest);
        items->kept = 0;
    }
    for (; size >= items->bytes && !output_broken (); bytes += items->bytes, size -= items->bytes)
        print_next (items, bytes);
    if (size < items->bytes)
        memcpy (items->rest, bytes, size), items->kept = size;
}

void
items_end (struct items *items)
{
    if (items->left != items->row)
        putchar ('\n');
    free (items->rest);
}
