/* SPDX-License-Identifier: MIT */
/* dates.h - NumPy's dates and spans as text, as NumPy prints them. */
#ifndef TOOL_DATES_H
#define TOOL_DATES_H
#include "common.h"

#define DATE_ROOM 80
#define DATE_NO_UNIT UINT32_MAX
#define DATE_NAT INT64_MIN /* no date */

/* The number of a unit: "Y", "M", "W", "D", "h" … "as", "generic". DATE_NO_UNIT: there is no such unit. */
uint32_t date_unit (const char *word);
/* `value` times `multiple` units since 1970: "2024-02-29T12:00:00". Without a unit there is no date, but NaT:
 * then it is the number. */
void date_text (char text[DATE_ROOM], int64_t value, uint32_t unit, uint64_t multiple);
/* "-5 seconds", and the number alone. */
void span_text (char text[DATE_ROOM], int64_t value, uint32_t unit, uint64_t multiple);
void span_number (char text[DATE_ROOM], int64_t value, uint64_t multiple);
#endif
