/* SPDX-License-Identifier: MIT */
/* json_decimal.c - decimal numbers to doubles and floats, exactly, in every locale. */
#include "json_decimal.h"
#include <string.h>

/* An unsigned integer of any size, least significant word first, for decimals that no double holds on the
 * way. Wide enough for 800 digits × 10^310, and for 2^3840. */
enum { BIG_WORDS = 128, MOST_DIGITS = 800 };
struct big {
    uint32_t count, word[BIG_WORDS];
};

/* big = big × factor + add */
static void
multiply_big (struct big *big, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (uint32_t i = 0; i < big->count; i++) {
        carry += (uint64_t) big->word[i] * factor;
        big->word[i] = (uint32_t) carry;
        carry >>= 32;
    }
    if (carry > 0 && big->count < BIG_WORDS)
        big->word[big->count++] = (uint32_t) carry;
}

/* big = big / divisor. Returns the remainder. */
static uint32_t
divide_big (struct big *big, uint32_t divisor)
{
    uint64_t rest = 0;
    for (uint32_t i = big->count; i-- > 0;) {
        rest = rest << 32 | big->word[i];
        big->word[i] = (uint32_t) (rest / divisor);
        rest %= divisor;
    }
    while (big->count > 0 && big->word[big->count - 1] == 0)
        big->count--;
    return (uint32_t) rest;
}

/* Word number i, counted from the most significant one. */
static inline uint32_t
top_word (const struct big *big, uint32_t i)
{
    return i < big->count ? big->word[big->count - 1 - i] : 0;
}

/* big × 10^exponent, which is not 0, as bits × 2^*two, with the highest bit set; *rest becomes non-zero if
 * more bits follow. Before a division the number is shifted up to keep enough bits: 10/3 a digit, and 96 at
 * the end. */
static uint64_t
scale_big (struct big *big, int64_t exponent, int32_t *two, uint32_t *rest)
{
    uint32_t needed = exponent < 0 ? (uint32_t) (-exponent * 10 / 96 + 5) : 0;
    uint32_t shift = needed > big->count ? needed - big->count : 0;
    memmove (big->word + shift, big->word, big->count * sizeof big->word[0]);
    memset (big->word, 0, shift * sizeof big->word[0]);
    big->count += shift;
    for (; exponent >= 9; exponent -= 9)
        multiply_big (big, 1000000000u, 0);
    for (; exponent > 0; exponent--)
        multiply_big (big, 10, 0);
    for (; exponent <= -9; exponent += 9)
        *rest |= divide_big (big, 1000000000u);
    for (; exponent < 0; exponent++)
        *rest |= divide_big (big, 10);
    uint32_t third = top_word (big, 2);
    uint64_t bits = (uint64_t) top_word (big, 0) << 32 | top_word (big, 1);
    int32_t zeros = __builtin_clzll (bits);
    if (zeros > 0)
        bits = bits << zeros | third >> (32 - zeros);
    *rest |= third << zeros;
    for (uint32_t i = 3; i < big->count; i++)
        *rest |= top_word (big, i);
    *two = (int32_t) (32 * big->count) - 64 - zeros - (int32_t) (32 * shift);
    return bits;
}

/* bits / 2^drop as the nearest integer, ties to even, for `drop` 1 … 64; `rest` is non-zero if the true value
 * is a little more than `bits`. */
static inline uint64_t
drop_bits (uint64_t bits, int32_t drop, uint32_t rest)
{
    uint64_t kept = drop < 64 ? bits >> drop : 0, below = bits & (((uint64_t) 1 << (drop - 1)) - 1);
    return kept + ((bits >> (drop - 1) & 1) && (rest || below || (kept & 1)));
}

/* bits × 2^two, with the highest bit set, as the nearest double, ties to even; `rest` as above. Returns 0 if
 * it is beyond the largest. */
static int32_t
round_double (uint64_t bits, int32_t two, uint32_t rest, double *value)
{
    int32_t biased = two + 63 + 1023, drop = 11;
    if (biased < 1) { /* subnormal: fewer bits are kept */
        drop += 1 - biased;
        biased = 1;
    }
    *value = 0;
    if (drop > 64)
        return 1;
    uint64_t kept = drop_bits (bits, drop, rest);
    kept += (uint64_t) (biased - 1) << 52; /* a carry makes the exponent grow, as it should */
    if (kept >> 52 >= 2047)
        return 0;
    memcpy (value, &kept, sizeof kept);
    return 1;
}

/* The same to the nearest float, in a double. */
static int32_t
round_single (uint64_t bits, int32_t two, uint32_t rest, double *value)
{
    int32_t exponent = two + 63, drop = exponent < -126 ? 40 - 126 - exponent : 40;
    double unit;
    *value = 0;
    if (drop > 64 || exponent > 127)
        return drop > 64;
    uint64_t power = (uint64_t) (two + drop + 1023) << 52; /* 2^-149 and more */
    memcpy (&unit, &power, sizeof unit);
    *value = (double) drop_bits (bits, drop, rest) * unit;
    return *value < 340282366920938463463374607431768211456.0; /* 2^128 */
}

struct decimal {
    const uint8_t *at, *end; /* the digits and their point */
    uint64_t head;           /* the first 19 significant digits */
    int64_t digits;          /* the number of significant ones */
    int64_t exponent;        /* the value is head × 10^exponent, and a little more if `more` */
    uint32_t more;           /* non-zero if a digit behind `head` is not 0 */
};

static void
split_decimal (struct decimal *decimal, const uint8_t *at, const uint8_t *end)
{
    uint32_t point = 0, minus;
    int64_t exponent = 0;
    memset (decimal, 0, sizeof *decimal);
    decimal->at = at;
    for (; at < end; at++) {
        uint8_t digit = (uint8_t) (*at - '0');
        if (*at == '.') {
            point = 1;
            continue;
        }
        if (digit > 9) /* the exponent's letter */
            break;
        decimal->exponent -= point;
        if (digit == 0 && decimal->digits == 0)
            continue;
        if (++decimal->digits <= 19) {
            decimal->head = decimal->head * 10 + digit;
            continue;
        }
        decimal->exponent++;
        decimal->more |= digit;
    }
    decimal->end = at;
    if (at < end)
        at++;
    minus = at < end && *at == '-';
    for (at += at < end && (*at == '-' || *at == '+'); at < end; at++)
        if (exponent < (int64_t) 1 << 50)
            exponent = exponent * 10 + (*at - '0');
    decimal->exponent += minus ? -exponent : exponent;
}

/* The nearest double, or float if `single`, computed with as many bits as it takes. Returns 0 if it is beyond
 * the largest. */
static int32_t
convert_decimal (const struct decimal *decimal, uint32_t single, double *value)
{
    struct big big;
    int64_t exponent = decimal->exponent, taken = 0,
            magnitude = exponent + (decimal->digits < 19 ? decimal->digits : 19);
    uint32_t part = 0, factor = 1, rest = 0;
    int32_t two;
    *value = 0;
    if (magnitude > 310 || magnitude < -330 || decimal->head == 0)
        return magnitude <= 310 || decimal->head == 0;
    big.count = 0;
    for (const uint8_t *at = decimal->at; at < decimal->end; at++) {
        uint8_t digit = (uint8_t) (*at - '0');
        if (*at == '.' || (taken == 0 && digit == 0))
            continue;
        if (taken == MOST_DIGITS) {
            rest |= digit;
            continue;
        }
        taken++;
        part = part * 10 + digit;
        factor *= 10;
        if (factor == 1000000000u) {
            multiply_big (&big, factor, part);
            factor = 1;
            part = 0;
        }
    }
    multiply_big (&big, factor, part);
    exponent -= taken > 19 ? taken - 19 : 0;
    uint64_t bits = scale_big (&big, exponent, &two, &rest);
    return single ? round_single (bits, two, rest, value) : round_double (bits, two, rest, value);
}

int32_t
tenon_json_to_f64 (const void *text, uint64_t length, double *value)
{
    static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const uint8_t *at = (const uint8_t *) text, *end = at + length;
    const uint64_t infinite = (uint64_t) 2047 << 52;
    struct decimal decimal;
    uint32_t minus = at < end && *at == '-';
    int32_t fits = 1;
    split_decimal (&decimal, at + minus, end);
    /* both are exact, and so one operation rounds rightly, where doubles are not computed in more bits */
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ == 0
    if (!decimal.more && decimal.head >> 53 == 0 && decimal.exponent >= -22 && decimal.exponent <= 22)
        *value = decimal.exponent < 0 ? (double) decimal.head / tens[-decimal.exponent]
                                      : (double) decimal.head * tens[decimal.exponent];
    else
#endif
        fits = convert_decimal (&decimal, 0, value);
    (void) tens;
    if (!fits)
        memcpy (value, &infinite, sizeof *value);
    if (minus)
        *value = -*value;
    return fits;
}

/* Rounding to double first and then to float is wrong only if the double lies in the middle between two
 * floats, that is, if its mirror image at the nearest float is a float as well. Then the decimal is rounded
 * anew. */
int32_t
tenon_json_to_f32 (const void *text, uint64_t length, float *value)
{
    const uint8_t *at = (const uint8_t *) text;
    struct decimal decimal;
    double wide;
    int32_t fits = tenon_json_to_f64 (text, length, &wide);
    *value = (float) wide;
    double other = 2 * wide - (double) *value; /* as far from `wide` on its other side */
    if (wide == (double) *value || other != (double) (float) other)
        return fits && *value - *value == 0;
    uint32_t minus = length > 0 && *at == '-';
    split_decimal (&decimal, at + minus, at + length);
    fits = convert_decimal (&decimal, 1, &wide);
    *value = (float) (fits ? wide : __builtin_inf ());
    if (minus)
        *value = -*value;
    return fits;
}
