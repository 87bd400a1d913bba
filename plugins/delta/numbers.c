/* SPDX-License-Identifier: MIT */
/* numbers.c - differences, and their sums.
 *
 * Integers are computed modulo 2^64, which is the same as modulo 2^n once they are stored. A float is
 * computed in its own type. Where items and differences have one type, in the order of the machine, a loop of
 * that type sums them. */
#include "delta_filter.h"

static float
float_of (uint64_t bits)
{
    uint32_t low = (uint32_t) bits;
    float number;
    memcpy (&number, &low, sizeof number);
    return number;
}

static uint64_t
bits_of_float (float number)
{
    uint32_t bits;
    memcpy (&bits, &number, sizeof bits);
    return bits;
}

static double
double_of (uint64_t bits)
{
    double number;
    memcpy (&number, &bits, sizeof number);
    return number;
}

static uint64_t
bits_of_double (double number)
{
    uint64_t bits;
    memcpy (&bits, &number, sizeof bits);
    return bits;
}

/* ---- numbers of any type ---- */

/* A float as its bits, an integer as its value. */
static uint64_t
get_number (const struct number_type *type, uint32_t is_big, const uint8_t *from)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < type->bytes; i++)
        bits |= (uint64_t) from[is_big ? type->bytes - 1 - i : i] << 8 * i;
    uint64_t sign = (uint64_t) 1 << (8 * type->bytes - 1);
    return type->is_signed && !type->is_float ? (bits ^ sign) - sign : bits;
}

static void
put_number (const struct number_type *type, uint32_t is_big, uint64_t bits, uint8_t *to)
{
    for (uint32_t i = 0; i < type->bytes; i++)
        to[is_big ? type->bytes - 1 - i : i] = (uint8_t) (bits >> 8 * i);
}

/* Of integers, nothing changes. */
static uint64_t
cast_number (const struct number_type *from, const struct number_type *to, uint64_t bits)
{
    if (!from->is_float || from->bytes == to->bytes)
        return bits;
    return from->bytes == 4 ? bits_of_double (float_of (bits)) : bits_of_float ((float) double_of (bits));
}

static uint64_t
add_numbers (const struct number_type *type, uint64_t a, uint64_t b)
{
    if (!type->is_float)
        return a + b;
    return type->bytes == 4 ? bits_of_float (float_of (a) + float_of (b))
                            : bits_of_double (double_of (a) + double_of (b));
}

static uint64_t
subtract_numbers (const struct number_type *type, uint64_t a, uint64_t b)
{
    if (!type->is_float)
        return a - b;
    return type->bytes == 4 ? bits_of_float (float_of (a) - float_of (b))
                            : bits_of_double (double_of (a) - double_of (b));
}

/* The item that follows when this difference is read. */
static uint64_t
next_item (struct delta_state *state, const uint8_t *from)
{
    uint64_t change =
        cast_number (&state->stored, &state->item, get_number (&state->stored, state->is_big, from));
    uint64_t item = state->started ? add_numbers (&state->item, state->before, change) : change;
    state->started = 1;
    return state->before = item;
}

/* ---- decoding ---- */

#define SUM(type)                                                                                            \
    do {                                                                                                     \
        type sum, change;                                                                                    \
        memcpy (&sum, to, sizeof sum);                                                                       \
        for (uint64_t i = 1; i < count; i++) {                                                               \
            memcpy (&change, from + i * sizeof change, sizeof change);                                       \
            sum = (type) (sum + change);                                                                     \
            memcpy (to + i * sizeof sum, &sum, sizeof sum);                                                  \
        }                                                                                                    \
    } while (0)

/* All after the first item, which is at `to` already. */
static void
sum_alike (const struct number_type *type, const uint8_t *from, uint64_t count, uint8_t *to)
{
    switch (type->bytes) {
    case 1: SUM (uint8_t); break;
    case 2: SUM (uint16_t); break;
    case 4:
        if (type->is_float)
            SUM (float);
        else
            SUM (uint32_t);
        break;
    default:
        if (type->is_float)
            SUM (double);
        else
            SUM (uint64_t);
    }
}

/* Both have one type, as the machine has it; the signs of integers do not matter. */
static int
is_alike (const struct delta_state *state)
{
    return state->item.bytes == state->stored.bytes
           && (state->item.bytes == 1 || state->is_big == (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__));
}

void
tenon_delta_sum (struct delta_state *state, const uint8_t *from, uint64_t count, uint8_t *to)
{
    uint32_t bytes = state->item.bytes;
    if (count > 0 && is_alike (state)) {
        put_number (&state->item, state->is_big, next_item (state, from), to);
        sum_alike (&state->item, from, count, to);
        state->before = get_number (&state->item, state->is_big, to + (count - 1) * bytes);
        return;
    }
    for (; count > 0; count--, from += state->stored.bytes, to += bytes)
        put_number (&state->item, state->is_big, next_item (state, from), to);
}

/* ---- encoding ---- */

/* Reads back what it writes: a difference may not fit into its type, or be rounded. */
tenon_status
tenon_delta_subtract (struct delta_state *state, const uint8_t *from, uint64_t count, uint8_t *to)
{
    for (; count > 0; count--, from += state->item.bytes, to += state->stored.bytes) {
        uint64_t item = get_number (&state->item, state->is_big, from);
        uint64_t change = state->started ? subtract_numbers (&state->item, item, state->before) : item;
        put_number (&state->stored, state->is_big, cast_number (&state->item, &state->stored, change), to);
        uint8_t again[8];
        put_number (&state->item, state->is_big, next_item (state, to), again);
        if (memcmp (again, from, state->item.bytes) != 0)
            return TENON_E_UNSUPPORTED;
    }
    return TENON_OK;
}
