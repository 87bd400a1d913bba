/* SPDX-License-Identifier: MIT */
/* dates.c - NumPy's dates and spans as text. A product of value and multiple may need more than 64 bits;
 * NumPy lets it wrap. */
#include "dates.h"

typedef __int128 wide;

enum { YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES, SECONDS, GENERIC = 13 };
static const struct {
    const char *word, *name;
} units[] = {
    { "Y", "years" },         { "M", "months" },
    { "W", "weeks" },         { "D", "days" },
    { "h", "hours" },         { "m", "minutes" },
    { "s", "seconds" },       { "ms", "milliseconds" },
    { "us", "microseconds" }, { "ns", "nanoseconds" },
    { "ps", "picoseconds" },  { "fs", "femtoseconds" },
    { "as", "attoseconds" },  { "generic", "generic time units" },
};

uint32_t
date_unit (const char *word)
{
    for (uint32_t i = 0; i < COUNT_OF (units); i++)
        if (strcmp (units[i].word, word) == 0)
            return i;
    return DATE_NO_UNIT;
}

/* Decimal, at least `least` characters wide with the sign, as printf's %04d. */
static char *
put_wide (char *to, wide number, int least)
{
    char digits[48];
    int count = 0;
    bool minus = number < 0;
    for (unsigned __int128 rest = minus ? -(unsigned __int128) number : (unsigned __int128) number;
         rest > 0 || count == 0; rest /= 10)
        digits[count++] = (char) ('0' + (int) (rest % 10));
    if (minus)
        *to++ = '-';
    for (int i = count + minus; i < least; i++)
        *to++ = '0';
    while (count > 0)
        *to++ = digits[--count];
    *to = 0;
    return to;
}

/* The quotient toward minus infinity; *rest is not negative. */
static wide
floor_divide (wide number, wide by, wide *rest)
{
    *rest = number % by;
    if (*rest < 0)
        *rest += by;
    return (number - *rest) / by;
}

/* Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": years that begin in March, in cycles of 400
 * years from 0000-03-01 on. */
static char *
put_day (char *to, wide days)
{
    wide day;
    wide era = floor_divide (days + 719468, 146097, &day);
    int64_t in_era = (int64_t) day;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
    to = put_wide (to, era * 400 + year + (month >= 10), 4);
    to += sprintf (to, "-%02d-%02d", (int) (month < 10 ? month + 3 : month - 9),
                   (int) (in_year - (153 * month + 2) / 5 + 1));
    return to;
}

/* A time of day with the digits of the unit: 12, 12:00, 12:00:00, 12:00:00.000 … */
static void
put_time (char *to, wide value, uint32_t unit)
{
    wide rest, second, ticks = 1;
    int digits = unit > SECONDS ? 3 * (int) (unit - SECONDS) : 0;
    for (int i = 0; i < digits; i++)
        ticks *= 10;
    if (unit <= MINUTES)
        value *= unit == HOURS ? 3600 : 60;
    wide seconds = floor_divide (value, ticks, &rest), days = floor_divide (seconds, 86400, &second);
    int clock = (int) second;
    to = put_day (to, days);
    to += sprintf (to, "T%02d", clock / 3600);
    if (unit >= MINUTES)
        to += sprintf (to, ":%02d", clock / 60 % 60);
    if (unit >= SECONDS)
        to += sprintf (to, ":%02d", clock % 60);
    if (digits > 0) {
        *to++ = '.';
        put_wide (to, rest, digits);
    }
}

void
date_text (char text[DATE_ROOM], int64_t value, uint32_t unit, uint64_t multiple)
{
    wide number = (wide) value * (wide) multiple, month;
    if (value == DATE_NAT) {
        strcpy (text, "NaT");
        return;
    }
    switch (unit) {
    case YEARS: put_wide (text, 1970 + number, 4); break;
    case MONTHS:
        text = put_wide (text, 1970 + floor_divide (number, 12, &month), 4);
        sprintf (text, "-%02d", (int) month + 1);
        break;
    case WEEKS: put_day (text, 7 * number); break;
    case DAYS: put_day (text, number); break;
    case GENERIC: put_wide (text, number, 1); break;
    default: put_time (text, number, unit); break;
    }
}

void
span_number (char text[DATE_ROOM], int64_t value, uint64_t multiple)
{
    put_wide (text, (wide) value * (wide) multiple, 1);
}

void
span_text (char text[DATE_ROOM], int64_t value, uint32_t unit, uint64_t multiple)
{
    if (value == DATE_NAT) {
        strcpy (text, "NaT");
        return;
    }
    text = put_wide (text, (wide) value * (wide) multiple, 1);
    sprintf (text, " %s", units[unit].name);
}
