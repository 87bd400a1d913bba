/* SPDX-License-Identifier: MIT */
/* item_text.h - one item of a tensor as text or JSON. */
#ifndef TOOL_ITEM_TEXT_H
#define TOOL_ITEM_TEXT_H
#include "fields.h"

enum item_style {
    ITEM_ALONE,  /* on a line of its own: a string has no quotes */
    ITEM_IN_ROW, /* with spaces between: a string has quotes where it would not be told from two */
    ITEM_INSIDE, /* in a record or a sub-array: a string has quotes */
    ITEM_JSON
};
/* True for dtypes that item_number prints. */
bool item_is_number (uint32_t dtype);
/* Bytes of a number; 0: it shares bytes with others. */
unsigned item_bytes (uint32_t dtype);
/* A little-endian number. `digits`: the dtype whose digits are printed, the one that an f32 was cast from. */
void item_number (uint32_t dtype, uint32_t digits, const uint8_t *bytes, bool json);
/* Number `k` of a few that share `size` bytes; number 0 is in the low bits. */
void item_small (uint32_t dtype, const uint8_t *bytes, uint64_t size, uint64_t k, bool json);
/* Bytes in hexadecimal. */
void item_bytes_text (const uint8_t *bytes, uint64_t size, bool json);
/* One item of a field's type, without its dims. */
void item_field (const struct fields *fields, size_t field, const uint8_t *bytes, enum item_style style);
/* The brackets that item number `i` of these dims opens, or closes behind it. */
void item_open (const uint64_t *dims, uint32_t rank, uint64_t i);
void item_close (const uint64_t *dims, uint32_t rank, uint64_t i);
#endif
