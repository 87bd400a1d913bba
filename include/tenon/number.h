/* SPDX-License-Identifier: MIT */
/* tenon/number.h - numbers from text, for headers that are text but not JSON. No function depends on the
 * locale, needs a NUL behind the text, or reads at `end`. The whole numbers are inline; f64 and f32 are in
 * libtenonplugin.a, like <tenon/json.h>.
 *
 *     const char *at = text, *end = text + length;
 *     if (tenon_number_u64 (&at, end, &count) < 0 || at != end)
 *         return tenon_fail (call, TENON_E_MALFORMED, place, "…");
 *
 * Each function reads the longest number that begins at *at, moves *at behind it, and returns
 *
 *     TENON_OK
 *     TENON_E_MALFORMED    there is none: *at stays, and *value is 0
 *     TENON_E_LIMIT        it is beyond what the type holds: *at is behind it, and *value is the nearest that
 *                          the type has, of floats an infinity
 *
 * No failure is recorded. Space before the number, and what stands behind it, are the caller's. */
#ifndef TENON_NUMBER_H
#define TENON_NUMBER_H

#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Decimal digits: no sign. Zeros may lead. */
static inline tenon_status
tenon_number_u64 (const char **at, const char *end, uint64_t *value)
{
    const char *next = *at;
    uint64_t sum = 0;
    tenon_status status = TENON_E_MALFORMED;
    for (; next < end && *next >= '0' && *next <= '9'; next++) {
        uint64_t digit = (uint64_t) (*next - '0');
        if (status == TENON_E_MALFORMED)
            status = TENON_OK;
        if (sum > (UINT64_MAX - digit) / 10)
            status = TENON_E_LIMIT;
        sum = status == TENON_E_LIMIT ? UINT64_MAX : sum * 10 + digit;
    }
    *at = next;
    *value = sum;
    return status;
}

/* The same behind '-', '+' or neither. */
static inline tenon_status
tenon_number_i64 (const char **at, const char *end, int64_t *value)
{
    const char *next = *at;
    uint64_t size;
    int minus = next < end && *next == '-';
    next += next < end && (*next == '-' || *next == '+');
    tenon_status status = tenon_number_u64 (&next, end, &size);
    *value = 0;
    if (status == TENON_E_MALFORMED)
        return status;
    *at = next;
    uint64_t most = (uint64_t) INT64_MAX + (uint64_t) minus;
    if (size > most) {
        status = TENON_E_LIMIT;
        size = most;
    }
    *value = minus && size > 0 ? -(int64_t) (size - 1) - 1 : (int64_t) size;
    return status;
}

#pragma GCC visibility push(hidden)

/* The nearest double, or float, ties to even; the float is rounded once. Digits, with a point among them,
 * before or behind them, or without; before them '-', '+' or neither; behind them 'e' or 'E', or Fortran's
 * 'd' or 'D', with an exponent that may have a sign. No words ("inf", "nan") and no hexadecimals. What is too
 * small becomes 0, which is TENON_OK. */
tenon_status tenon_number_f64 (const char **at, const char *end, double *value);
tenon_status tenon_number_f32 (const char **at, const char *end, float *value);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif
#endif
