/* SPDX-License-Identifier: MIT */
/* option.c - parses the value of a setting by its option's type, whatever the locale. */
#include "context/option.h"
#include "context/settings.h"
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#if defined(__APPLE__) || defined(__FreeBSD__)
#include <xlocale.h>
#endif

static char
lower_case (char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static bool
same_word (const char *a, const char *b)
{
    while (*a && lower_case (*a) == lower_case (*b))
        a++, b++;
    return lower_case (*a) == lower_case (*b);
}

static bool
parse_bool (const char *text, int64_t *value)
{
    static const char *const words[2][4] = { { "no", "false", "off", "0" }, { "yes", "true", "on", "1" } };
    for (int is = 0; is < 2; is++)
        for (size_t i = 0; i < TN_COUNT (words[is]); i++)
            if (same_word (text, words[is][i])) {
                *value = is;
                return true;
            }
    return false;
}

/* At least one digit of base 10 or 16; `end` points behind the digits. False: there is none, or they do not
 * fit. */
static bool
parse_digits (const char *text, unsigned base, uint64_t *value, const char **end)
{
    const char *p = text;
    *value = 0;
    for (;; p++) {
        char c = lower_case (*p);
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned) (c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned) (c - 'a') + 10
                                                : 99;
        if (digit >= base)
            break;
        if (tn_multiply (*value, base, value) || tn_add (*value, digit, value))
            return false;
    }
    *end = p;
    return p > text;
}

static bool
parse_integer (const char *text, int64_t *value)
{
    bool negative = *text == '-';
    const char *p = text + (*text == '-' || *text == '+'), *end;
    bool hexadecimal = p[0] == '0' && lower_case (p[1]) == 'x';
    uint64_t magnitude;
    if (!parse_digits (hexadecimal ? p + 2 : p, hexadecimal ? 16 : 10, &magnitude, &end) || *end)
        return false;
    if (magnitude > (uint64_t) INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t) (0 - magnitude) : (int64_t) magnitude;
    return true;
}

static bool
parse_size (const char *text, int64_t *value)
{
    static const struct {
        const char *word;
        uint64_t bytes;
    } units[] = {
        { "", 1 },
        { "B", 1 },
        { "kB", 1000 },
        { "MB", 1000000 },
        { "GB", 1000000000 },
        { "TB", 1000000000000 },
        { "KiB", 1u << 10 },
        { "MiB", 1u << 20 },
        { "GiB", 1u << 30 },
        { "TiB", (uint64_t) 1 << 40 },
    };
    const char *unit;
    uint64_t bytes;
    if (!parse_digits (text, 10, &bytes, &unit))
        return false;
    while (*unit == ' ')
        unit++;
    for (size_t i = 0; i < TN_COUNT (units); i++)
        if (same_word (unit, units[i].word)) {
            if (tn_multiply (bytes, units[i].bytes, &bytes) || bytes > INT64_MAX)
                return false;
            *value = (int64_t) bytes;
            return true;
        }
    return false;
}

static bool
parse_number (const char *text, double *value)
{
    /* strtod takes more (nan, inf, hexadecimal, leading blanks), which is no number here */
    if (!*text || text[strspn (text, "0123456789+-.eE")])
        return false;
    locale_t c = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
    if (!c)
        return false;
    char *end;
    *value = strtod_l (text, &end, c);
    freelocale (c);
    return !*end && *value - *value == 0;
}

/* The index of `text` among words that one space separates; -1: it is none of them. */
static int64_t
find_choice (const char *choices, const char *text)
{
    size_t length = strlen (text);
    int64_t index = 0;
    for (const char *word = choices; word; index++) {
        size_t size = strcspn (word, " ");
        if (size == length && size > 0 && memcmp (word, text, size) == 0)
            return index;
        word = word[size] ? word + size + 1 : NULL;
    }
    return -1;
}

/* The default stands beside the choices. Without any, each filter may be named. */
static bool
parse_filter (const struct tenon_option *option, const char *text, int64_t *value)
{
    *value = strcmp (text, TN_NO_FILTER) != 0;
    if (!option->choices)
        return tn_is_id (text, TN_FILTER_LETTERS);
    return find_choice (option->choices, text) >= 0 || strcmp (text, option->value) == 0;
}

/* "" or " from 1 to 9", and the like. Bounds beyond the range of the type are left out. */
static const char *
range_text (char room[96], const struct tenon_option *option)
{
    bool from = option->least > -9.2e18, to = option->most < 9.2e18;
    if ((option->least == 0 && option->most == 0) || (!from && !to))
        return "";
    if (from && to)
        snprintf (room, 96, " from %.15g to %.15g", option->least, option->most);
    else
        snprintf (room, 96, from ? " from %.15g on" : " up to %.15g", from ? option->least : option->most);
    /* printf takes the decimal point from the locale */
    for (char *comma = room; (comma = strchr (comma, ',')) != NULL;)
        *comma = '.';
    return room;
}

/* What is expected of a value, for a message. */
static const char *
expected_text (const struct tenon_option *option)
{
    switch (option->type) {
    case TENON_OPTION_BOOL: return "yes or no";
    case TENON_OPTION_INTEGER: return "a whole number";
    case TENON_OPTION_SIZE: return "a size (as 4096, 64kB, 64KiB, 1GiB)";
    case TENON_OPTION_NUMBER: return "a number";
    case TENON_OPTION_FILTER: return option->choices ? "one of: " : TN_NO_FILTER " or the id of a filter";
    default: return "one of: ";
    }
}

static tenon_status
reject_value (const struct tenon_option *option, const char *section, const char *text, const char *origin,
              tenon_error *error)
{
    char range[96] = "";
    bool is_list = option->type == TENON_OPTION_CHOICE || option->type == TENON_OPTION_FILTER;
    const char *more = is_list && option->choices                     ? option->choices
                       : is_list || option->type == TENON_OPTION_BOOL ? ""
                                                                      : range_text (range, option);
    return tn_fail (error, TENON_E_CONFIG, TN_NO_OFFSET, "%s: %s%s%s%s = '%s': expected is %s%s%s", origin,
                    section ? "[" : "", section ? section : "", section ? "] " : "", option->name,
                    TN_SHOW (text), expected_text (option), more,
                    strpbrk (text, "#;") ? " (a comment stands on a line of its own)" : "");
}

static bool
is_in_range (const struct tenon_option *option, double value)
{
    return (option->least == 0 && option->most == 0) || (value >= option->least && value <= option->most);
}

tenon_status
tn_option_parse (const struct tenon_option *option, const char *section, const char *text, const char *origin,
                 struct tenon_setting *setting, tenon_error *error)
{
    struct tenon_setting parsed = {
        .struct_size = sizeof parsed, .type = option->type, .text = text, .origin = origin
    };
    bool good = true;
    switch (option->type) {
    case TENON_OPTION_BOOL: good = parse_bool (text, &parsed.integer); break;
    case TENON_OPTION_INTEGER:
        good = parse_integer (text, &parsed.integer) && is_in_range (option, (double) parsed.integer);
        break;
    case TENON_OPTION_SIZE:
        good = parse_size (text, &parsed.integer) && is_in_range (option, (double) parsed.integer);
        break;
    case TENON_OPTION_NUMBER:
        good = parse_number (text, &parsed.number) && is_in_range (option, parsed.number);
        break;
    case TENON_OPTION_CHOICE:
        parsed.integer = find_choice (option->choices, text);
        good = parsed.integer >= 0;
        break;
    case TENON_OPTION_FILTER: good = parse_filter (option, text, &parsed.integer); break;
    case TENON_OPTION_TEXT: break;
    default:
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "%s: option %s has the unknown type %u",
                        origin, option->name, option->type);
    }
    if (!good)
        return reject_value (option, section, text, origin, error);
    if (option->type == TENON_OPTION_INTEGER || option->type == TENON_OPTION_SIZE)
        parsed.number = (double) parsed.integer;
    *setting = parsed;
    return TENON_OK;
}
