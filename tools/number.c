/* SPDX-License-Identifier: MIT */
/* number.c - numbers as text. The locale does not matter: the command never sets LC_NUMERIC. */
#include "number.h"
#include <math.h>

/* The digits that always suffice (MOST), and the fewest to try (LEAST). */
enum { FLOAT_LEAST = 6, FLOAT_MOST = 9, DOUBLE_LEAST = 15, DOUBLE_MOST = 17 };

void
number_double (char text[NUMBER_ROOM], double number)
{
    for (int digits = DOUBLE_LEAST; digits <= DOUBLE_MOST; digits++) {
        snprintf (text, NUMBER_ROOM, "%.*g", digits, number);
        if (!isfinite (number) || strtod (text, NULL) == number)
            break;
    }
    if (isnan (number))
        strcpy (text, "nan"); /* the sign of a NaN means nothing */
}

void
number_float (char text[NUMBER_ROOM], float number)
{
    for (int digits = FLOAT_LEAST; digits <= FLOAT_MOST; digits++) {
        snprintf (text, NUMBER_ROOM, "%.*g", digits, (double) number);
        if (!isfinite (number) || strtof (text, NULL) == number)
            break;
    }
    if (isnan (number))
        strcpy (text, "nan");
}

void
number_human (char text[NUMBER_ROOM], uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    if (bytes < 1024) {
        snprintf (text, NUMBER_ROOM, "%u B", (unsigned) bytes);
        return;
    }
    double size = (double) bytes / 1024;
    size_t unit = 0;
    for (; size >= 1023.5 && unit + 1 < COUNT_OF (units); unit++)
        size /= 1024;
    snprintf (text, NUMBER_ROOM, size < 9.95 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

const char *
plural (uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}
