/* SPDX-License-Identifier: MIT */
/* tenon/json_number.h - decimal numbers to doubles and floats, exactly and without the locale: a part of
 * tenon/json.h. */
#ifndef TENON_JSON_NUMBER_H
#define TENON_JSON_NUMBER_H

#include <string.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whole numbers without end, for decimals that a double does not hold on the way: least word first. Wide
 * enough for 800 digits × 10^310, and for 2^3840. */
#define TENON_JSON_WORDS 128u
#define TENON_JSON_MOST_DIGITS 800
struct tenon_json_big {
    uint32_t count, word[TENON_JSON_WORDS];
};

static inline void
tenon_json_multiply (struct tenon_json_big *big, uint32_t factor, uint32_t add)
{
    uint64_t carry = add;
    for (uint32_t i = 0; i < big->count; i++) {
        carry += (uint64_t) big->word[i] * factor;
        big->word[i] = (uint32_t) carry;
        carry >>= 32;
    }
    if (carry > 0 && big->count < TENON_JSON_WORDS)
        big->word[big->count++] = (uint32_t) carry;
}

/* The result is the remainder. */
static inline uint32_t
tenon_json_divide (struct tenon_json_big *big, uint32_t divisor)
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

static inline uint32_t
tenon_json_top (const struct tenon_json_big *big, uint32_t i)
{
    return i < big->count ? big->word[big->count - 1 - i] : 0;
}

/* big × 10^exponent, which is not 0, as bits × 2^*two, the highest bit set; *rest: something was cut off.
 * Dividing needs room below first: 10/3 bits a digit, and 96 that are left. */
static inline uint64_t
tenon_json_bits (struct tenon_json_big *big, int64_t exponent, int32_t *two, uint32_t *rest)
{
    uint32_t needed = exponent < 0 ? (uint32_t) (-exponent * 10 / 96 + 5) : 0;
    uint32_t shift = needed > big->count ? needed - big->count : 0;
    memmove (big->word + shift, big->word, big->count * sizeof big->word[0]);
    memset (big->word, 0, shift * sizeof big->word[0]);
    big->count += shift;
    for (; exponent >= 9; exponent -= 9)
        tenon_json_multiply (big, 1000000000u, 0);
    for (; exponent > 0; exponent--)
        tenon_json_multiply (big, 10, 0);
    for (; exponent <= -9; exponent += 9)
        *rest |= tenon_json_divide (big, 1000000000u);
    for (; exponent < 0; exponent++)
        *rest |= tenon_json_divide (big, 10);
    uint32_t third = tenon_json_top (big, 2);
    uint64_t bits = (uint64_t) tenon_json_top (big, 0) << 32 | tenon_json_top (big, 1);
    int32_t zeros = __builtin_clzll (bits);
    if (zeros > 0)
        bits = bits << zeros | third >> (32 - zeros);
    *rest |= third << zeros;
    for (uint32_t i = 3; i < big->count; i++)
        *rest |= tenon_json_top (big, i);
    *two = (int32_t) (32 * big->count) - 64 - zeros - (int32_t) (32 * shift);
    return bits;
}

/* bits / 2^drop as the nearest whole number, ties to even; `rest`: and a little more. `drop` is 1 … 64. */
static inline uint64_t
tenon_json_drop (uint64_t bits, int32_t drop, uint32_t rest)
{
    uint64_t kept = drop < 64 ? bits >> drop : 0, below = bits & (((uint64_t) 1 << (drop - 1)) - 1);
    return kept + ((bits >> (drop - 1) & 1) && (rest || below || (kept & 1)));
}

/* bits × 2^two, the highest bit set, as the nearest double, ties to even; `rest`: and a little more. 0:
 * too large. */
static inline int32_t
tenon_json_round (uint64_t bits, int32_t two, uint32_t rest, double *value)
{
    int32_t biased = two + 63 + 1023, drop = 11;
    if (biased < 1) { /* subnormal: fewer bits are kept */
        drop += 1 - biased;
        biased = 1;
    }
    *value = 0;
    if (drop > 64)
        return 1;
    uint64_t kept = tenon_json_drop (bits, drop, rest);
    kept += (uint64_t) (biased - 1) << 52; /* a carry makes the exponent grow, as it should */
    if (kept >> 52 >= 2047)
        return 0;
    memcpy (value, &kept, sizeof kept);
    return 1;
}

/* The same as the nearest float, as a double. */
static inline int32_t
tenon_json_round_single (uint64_t bits, int32_t two, uint32_t rest, double *value)
{
    int32_t exponent = two + 63, drop = exponent < -126 ? 40 - 126 - exponent : 40;
    double unit;
    *value = 0;
    if (drop > 64 || exponent > 127)
        return drop > 64;
    uint64_t power = (uint64_t) (two + drop + 1023) << 52; /* 2^-149 and more */
    memcpy (&unit, &power, sizeof unit);
    *value = (double) tenon_json_drop (bits, drop, rest) * unit;
    return *value < 340282366920938463463374607431768211456.0; /* 2^128 */
}

struct tenon_json_decimal {
    const uint8_t *at, *end; /* of the digits and their point */
    uint64_t head;           /* the first 19 digits that count */
    int64_t digits;          /* that count, head's and more */
    int64_t exponent;        /* the value is head × 10^exponent, and what the other digits add */
    uint32_t more;           /* they add something */
};

static inline void
tenon_json_take_decimal (struct tenon_json_decimal *decimal, const uint8_t *at, const uint8_t *end)
{
    uint32_t point = 0, minus;
    int64_t exponent = 0;
    memset (decimal, 0, sizeof *decimal);
    decimal->at = at;
    for (; at < end && *at != 'e' && *at != 'E'; at++) {
        uint8_t digit = (uint8_t) (*at - '0');
        if (*at == '.') {
            point = 1;
            continue;
        }
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

/* `single`: the nearest float. 0: too large. */
static inline int32_t
tenon_json_from_decimal (const struct tenon_json_decimal *decimal, uint32_t single, double *value)
{
    struct tenon_json_big big;
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
        if (taken == TENON_JSON_MOST_DIGITS) {
            rest |= digit;
            continue;
        }
        taken++;
        part = part * 10 + digit;
        factor *= 10;
        if (factor == 1000000000u) {
            tenon_json_multiply (&big, factor, part);
            factor = 1;
            part = 0;
        }
    }
    tenon_json_multiply (&big, factor, part);
    exponent -= taken > 19 ? taken - 19 : 0;
    uint64_t bits = tenon_json_bits (&big, exponent, &two, &rest);
    return single ? tenon_json_round_single (bits, two, rest, value)
                  : tenon_json_round (bits, two, rest, value);
}

/* The double that is nearest to a number that the parser has passed, ties to even, whatever the locale.
 * The result is 0, and the value infinite, when no double is near. */
__attribute__ ((unused)) static int32_t
tenon_json_to_f64 (const void *text, uint64_t length, double *value)
{
    static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    const uint8_t *at = (const uint8_t *) text, *end = at + length;
    const uint64_t infinite = (uint64_t) 2047 << 52;
    struct tenon_json_decimal decimal;
    uint32_t minus = at < end && *at == '-';
    int32_t fits = 1;
    tenon_json_take_decimal (&decimal, at + minus, end);
    /* both are exact, and so one operation rounds rightly, where doubles are not computed in more bits */
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ == 0
    if (!decimal.more && decimal.head >> 53 == 0 && decimal.exponent >= -22 && decimal.exponent <= 22)
        *value = decimal.exponent < 0 ? (double) decimal.head / tens[-decimal.exponent]
                                      : (double) decimal.head * tens[decimal.exponent];
    else
#endif
        fits = tenon_json_from_decimal (&decimal, 0, value);
    (void) tens;
    if (!fits)
        memcpy (value, &infinite, sizeof *value);
    if (minus)
        *value = -*value;
    return fits;
}

/* The same for floats. Through a double what lies a little beside the middle of two floats would be rounded
 * twice, the second time to the other side. */
__attribute__ ((unused)) static int32_t
tenon_json_to_f32 (const void *text, uint64_t length, float *value)
{
    const uint8_t *at = (const uint8_t *) text;
    struct tenon_json_decimal decimal;
    double wide;
    int32_t fits = tenon_json_to_f64 (text, length, &wide);
    *value = (float) wide;
    double other = 2 * wide - (double) *value; /* as far from `wide` on its other side */
    if (wide == (double) *value || other != (double) (float) other)
        return fits && *value - *value == 0;
    uint32_t minus = length > 0 && *at == '-';
    tenon_json_take_decimal (&decimal, at + minus, at + length);
    fits = tenon_json_from_decimal (&decimal, 1, &wide);
    *value = (float) (fits ? wide : __builtin_inf ());
    if (minus)
        *value = -*value;
    return fits;
}

#ifdef __cplusplus
}
#endif
#endif
