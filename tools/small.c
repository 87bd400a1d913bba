/* SPDX-License-Identifier: MIT */
/* small.c - floating-point numbers of 16 bits and fewer. */
#include "small.h"
#include <math.h>

/* The meaning of the highest exponent, and of negative zero. */
enum special {
    IEEE,    /* infinities and NaNs, as in IEEE 754 */
    ONE_NAN, /* all ones is NaN, the rest are numbers */
    FNUZ,    /* negative zero is NaN, the rest are numbers */
    FINITE,  /* only numbers */
    POWERS   /* no sign, no mantissa; all ones is NaN */
};
static const struct small {
    unsigned exponent_bits, mantissa_bits;
    int bias;
    enum special special;
} smalls[TENON_DTYPE_FIXED] = {
    [TENON_F16] = { 5, 10, 15, IEEE },       [TENON_BF16] = { 8, 7, 127, IEEE },
    [TENON_F8_E4M3] = { 4, 3, 7, ONE_NAN },  [TENON_F8_E5M2] = { 5, 2, 15, IEEE },
    [TENON_F8_E4M3FNUZ] = { 4, 3, 8, FNUZ }, [TENON_F8_E5M2FNUZ] = { 5, 2, 16, FNUZ },
    [TENON_F8_E8M0] = { 8, 0, 127, POWERS }, [TENON_F6_E2M3] = { 2, 3, 1, FINITE },
    [TENON_F6_E3M2] = { 3, 2, 3, FINITE },   [TENON_F4] = { 2, 1, 1, FINITE },
};

unsigned
small_bits (uint32_t dtype)
{
    if (dtype >= TENON_DTYPE_FIXED || smalls[dtype].exponent_bits == 0)
        return 0;
    const struct small *small = &smalls[dtype];
    return small->exponent_bits + small->mantissa_bits + (small->special != POWERS);
}

double
small_decode (uint32_t dtype, uint64_t bits)
{
    const struct small *small = &smalls[dtype];
    unsigned sign_place = small->exponent_bits + small->mantissa_bits;
    uint64_t mantissa = bits & ((1u << small->mantissa_bits) - 1);
    uint64_t highest = (1u << small->exponent_bits) - 1, exponent = bits >> small->mantissa_bits & highest;
    double sign = bits >> sign_place & 1 ? -1 : 1;
    if (small->special == POWERS)
        return exponent == highest ? (double) NAN : ldexp (1, (int) exponent - small->bias);
    if (small->special == IEEE && exponent == highest)
        return mantissa ? (double) NAN : sign * (double) INFINITY;
    if (small->special == ONE_NAN && exponent == highest && mantissa == (1u << small->mantissa_bits) - 1)
        return (double) NAN;
    if (small->special == FNUZ && bits == (uint64_t) 1 << sign_place)
        return (double) NAN;
    double unit = ldexp (1, (exponent ? (int) exponent : 1) - small->bias - (int) small->mantissa_bits);
    uint64_t leading = exponent ? (uint64_t) 1 << small->mantissa_bits : 0;
    return sign * unit * (double) (leading + mantissa);
}

void
small_text (char text[NUMBER_ROOM], uint32_t dtype, double number)
{
    const struct small *small = &smalls[dtype];
    if (small_bits (dtype) <= 8) { /* among so few numbers rounded digits mislead: 0.2 for 0.25 */
        number_float (text, (float) number);
        return;
    }
    int exponent = 0;
    bool power = fabs (frexp (number, &exponent)) == 0.5; /* 0.5 ≤ number / 2^exponent < 1 */
    if (exponent < 2 - small->bias)
        exponent = 2 - small->bias, power = false; /* subnormals are equally far apart */
    /* The distance to the nearest other number, which at a power of two is the one below. */
    double distance = ldexp (1, exponent - 1 - power - (int) small->mantissa_bits);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf (text, NUMBER_ROOM, "%.*g", digits, number);
        if (!isfinite (number) || fabs (strtod (text, NULL) - number) < distance / 2)
            break;
    }
    if (isnan (number))
        strcpy (text, "nan");
}
