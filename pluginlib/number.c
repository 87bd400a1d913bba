/* SPDX-License-Identifier: MIT */
/* number.c - the floats of <tenon/number.h>. */
#include "json_decimal.h"
#include <stddef.h>
#include <tenon/number.h>

static const char *
skip_digits (const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

static const char *
skip_sign (const char *at, const char *end)
{
    return at + (at < end && (*at == '-' || *at == '+'));
}

/* Where the number ends; NULL: there is none. */
static const char *
find_end (const char *at, const char *end)
{
    const char *whole = skip_sign (at, end), *next = skip_digits (whole, end);
    int64_t digits = next - whole;
    if (next < end && *next == '.') {
        const char *fraction = next + 1;
        next = skip_digits (fraction, end);
        digits += next - fraction;
    }
    if (digits == 0)
        return NULL;
    if (next < end && (*next == 'e' || *next == 'E' || *next == 'd' || *next == 'D')) {
        const char *exponent = skip_sign (next + 1, end), *behind = skip_digits (exponent, end);
        next = behind > exponent ? behind : next;
    }
    return next;
}

/* The number at *at for the converters, which know no '+'; *at is moved behind it. NULL: there is none. */
static const char *
take_number (const char **at, const char *end, uint64_t *length)
{
    const char *begin = *at, *behind = find_end (begin, end);
    if (!behind)
        return NULL;
    begin += *begin == '+';
    *at = behind;
    *length = (uint64_t) (behind - begin);
    return begin;
}

tenon_status
tenon_number_f64 (const char **at, const char *end, double *value)
{
    uint64_t length;
    const char *number = take_number (at, end, &length);
    *value = 0;
    if (!number)
        return TENON_E_MALFORMED;
    return tenon_json_to_f64 (number, length, value) ? TENON_OK : TENON_E_LIMIT;
}

tenon_status
tenon_number_f32 (const char **at, const char *end, float *value)
{
    uint64_t length;
    const char *number = take_number (at, end, &length);
    *value = 0;
    if (!number)
        return TENON_E_MALFORMED;
    return tenon_json_to_f32 (number, length, value) ? TENON_OK : TENON_E_LIMIT;
}
