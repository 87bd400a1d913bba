/* SPDX-License-Identifier: MIT */
/* json_number.c - the numbers of <tenon/json.h>. */
#include "json_decimal.h"
#include "json_word.h"
#include <stdio.h>
#include <tenon/json.h>

/* Records that the last number is refused. */
__attribute__ ((cold, noinline)) static tenon_status
refuse_number (struct tenon_json *json, const char *expected)
{
    int32_t shown = json->length < 32 ? (int32_t) json->length : 32;
    snprintf (json->error, sizeof json->error, "found %.*s%s, expected %s", (int) shown,
              (const char *) json->text, json->length > 32 ? "..." : "", expected);
    json->error_at = (uint64_t) (json->text - json->start);
    return TENON_E_MALFORMED;
}

/* The value of a word of eight digits: combined to pairs, to fours, to eight. */
static inline uint32_t
eight_digits (uint64_t word)
{
    word = (word & 0x0f0f0f0f0f0f0f0fu) * 2561 >> 8;
    word = (word & 0x00ff00ff00ff00ffu) * 6553601 >> 16;
    return (uint32_t) ((word & 0x0000ffff0000ffffu) * 42949672960001u >> 32);
}

/* The last `count` ≤ 8 of the eight bytes before `end`, padded with '0' in front. */
static inline uint64_t
last_digits (const uint8_t *end, uint64_t count)
{
    uint64_t others = count < 8 ? UINT64_MAX >> (8 * count) : 0;
    return (json_word (end - 8) & ~others) | (0x3030303030303030u & others);
}

/* True if the token is nothing but digits from byte `skipped` on; *value is their number. */
static int32_t
whole_number (const struct tenon_json *json, uint64_t skipped, uint64_t *value)
{
    const uint8_t *at = json->text + skipped, *end = json->text + json->length;
    uint64_t sum = 0, count = json->length - skipped;
    if (count == 0 || count > 20)
        return 0;
    if (count <= 16
        && end - json->start >= 16) { /* at once: lengths vary, and loops over them are guessed badly */
        uint64_t low = last_digits (end, count < 8 ? count : 8);
        uint64_t most = last_digits (end - 8, count < 8 ? 0 : count - 8);
        *value = eight_digits (most) * (uint64_t) 100000000 + eight_digits (low);
        return json_count_digits (low) + json_count_digits (most) == 16;
    }
    for (; at < end; at++) {
        uint8_t digit = (uint8_t) (*at - '0');
        if (digit > 9 || sum > UINT64_MAX / 10 || sum * 10 > UINT64_MAX - digit)
            return 0;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 1;
}

tenon_status
tenon_json_u64 (struct tenon_json *json, uint64_t *value)
{
    if (whole_number (json, 0, value))
        return TENON_OK;
    *value = 0;
    return refuse_number (json, "a whole number from 0 to 18446744073709551615");
}

tenon_status
tenon_json_i64 (struct tenon_json *json, int64_t *value)
{
    uint64_t size = 0;
    uint32_t minus = json->length > 0 && json->text[0] == '-';
    *value = 0;
    if (!whole_number (json, minus, &size) || size > (uint64_t) INT64_MAX + minus)
        return refuse_number (json, "a whole number of 64 bits with a sign");
    *value = minus && size > 0 ? -(int64_t) (size - 1) - 1 : (int64_t) size;
    return TENON_OK;
}

/* True if the last number is NaN or an infinity, which begin with a letter behind the sign. */
static int32_t
nonfinite_number (const struct tenon_json *json, double *value)
{
    uint32_t minus = json->length > 1 && json->text[0] == '-';
    if (json->length == 0 || json->text[minus] < 'A')
        return 0;
    *value = json->text[minus] == 'N' ? __builtin_nan ("") : minus ? -__builtin_inf () : __builtin_inf ();
    return 1;
}

tenon_status
tenon_json_f64 (struct tenon_json *json, double *value)
{
    if (nonfinite_number (json, value) || tenon_json_to_f64 (json->text, json->length, value))
        return TENON_OK;
    return refuse_number (json, "a number that a double holds");
}

tenon_status
tenon_json_f32 (struct tenon_json *json, float *value)
{
    double nonfinite;
    if (nonfinite_number (json, &nonfinite)) {
        *value = (float) nonfinite;
        return TENON_OK;
    }
    if (tenon_json_to_f32 (json->text, json->length, value))
        return TENON_OK;
    return refuse_number (json, "a number that a float holds");
}
