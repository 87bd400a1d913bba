/* SPDX-License-Identifier: MIT */
/* items.c - the items of a tensor as text: a line for each row of the last dim, a space between the items; a
 * record has a line of its own. Or as JSON: arrays in arrays. */
#include "items.h"
#include "item_text.h"
#include "memory.h"
#include "output.h"

void
items_start (struct items *items, uint32_t dtype, const struct tenon_dtype *about)
{
    *items = (struct items){ .dtype = dtype, .digits = dtype, .bytes = about->block_bytes };
    items->together = item_is_number (dtype) && about->block_items ? about->block_items : 1;
}

void
items_shape (struct items *items, const struct tenon_dtype *about, const uint64_t *shape, uint32_t rank,
             const uint64_t *more, uint32_t more_rank)
{
    uint64_t block = about->block_items && !item_is_number (items->dtype) ? about->block_items : 1, count = 1;
    items->rank = rank + more_rank;
    items->shape = get_memory (NULL, items->rank + 1, sizeof *items->shape);
    if (rank > 0)
        memcpy (items->shape, shape, rank * sizeof *shape);
    if (more_rank > 0)
        memcpy (items->shape + rank, more, more_rank * sizeof *more);
    uint64_t last = items->rank ? items->shape[items->rank - 1] : 1;
    for (uint32_t i = 0; i < items->rank; i++)
        count *= items->shape[i];
    if (items->rank > 0 && last % block == 0)
        items->shape[items->rank - 1] = last / block; /* blocks are printed as items */
    else if (block > 1)
        items->rank = 1, items->shape[0] = count / block;
    bool records = items->fields && items->fields->items[items->field].kind == FIELD_RECORD;
    items->row = records ? 1 : items->rank ? items->shape[items->rank - 1] : 1;
    items->row = items->left = items->row ? items->row : 1;
    items->rest = get_memory (NULL, items->bytes ? items->bytes : 1, 1);
}

static void
print_item (const struct items *items, const uint8_t *bytes, uint64_t k)
{
    if (items->fields)
        item_field (items->fields, items->field, bytes,
                    items->json       ? ITEM_JSON
                    : items->row == 1 ? ITEM_ALONE
                                      : ITEM_IN_ROW);
    else if (items->together > 1)
        item_small (items->dtype, bytes, items->bytes, k, items->json);
    else if (item_is_number (items->dtype))
        item_number (items->dtype, items->digits, bytes, items->json);
    else
        item_bytes_text (bytes, items->bytes, items->json);
}

static void
print_next (struct items *items, const uint8_t *bytes)
{
    for (uint64_t k = 0; k < items->together; k++, items->done++) {
        if (items->json) {
            fputs (items->done == 0 ? "" : items->left == items->row ? ",\n" : ",", stdout);
            item_open (items->shape, items->rank, items->done);
        }
        print_item (items, bytes, k);
        items->left--;
        if (items->json)
            item_close (items->shape, items->rank, items->done);
        else
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

/* The dims before the first 0, as arrays of "[]". */
static void
print_empty (const struct items *items)
{
    uint32_t rank = 0;
    uint64_t count = 1;
    while (rank < items->rank && items->shape[rank] > 0)
        count *= items->shape[rank++];
    for (uint64_t i = 0; i < count && rank < items->rank && !output_broken (); i++) {
        fputs (i > 0 ? "," : "", stdout);
        item_open (items->shape, rank, i);
        fputs ("[]", stdout);
        item_close (items->shape, rank, i);
    }
}

static void
close_json (const struct items *items)
{
    uint64_t product = 1;
    if (items->done == 0 && items->rank > 0)
        print_empty (items);
    if (items->done == 0) /* nothing came, or there is nothing */
        for (uint32_t i = 0; i <= items->rank; i++) {
            if (i == items->rank)
                fputs (items->rank ? "[]" : "null", stdout);
            else if (items->shape[i] == 0)
                break;
        }
    for (uint32_t k = items->rank; items->done > 0 && k-- > 0;) {
        product *= items->shape[k];
        if (items->done % product != 0)
            putchar (']');
    }
}

void
items_end (struct items *items)
{
    if (items->json)
        close_json (items);
    else if (items->left != items->row)
        putchar ('\n');
    free (items->rest);
    free (items->shape);
}
