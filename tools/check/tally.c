/* SPDX-License-Identifier: MIT */
/* tally.c - many findings of the same kind as one. */
#include "check/tally.h"
#include "memory.h"
#include <ctype.h>
#include <inttypes.h>

/* A copy in which each number is one '#', and each quoted text is empty. */
static char *
shape_of (const char *message)
{
    char *shape = copy_text (message, strlen (message)), *to = shape;
    bool quoted = false;
    for (const char *at = message; *at; at++) {
        if (*at == '"')
            quoted = !quoted;
        else if (quoted)
            continue;
        if (!isxdigit ((unsigned char) *at))
            *to++ = *at;
        else if (to == shape || to[-1] != '#')
            *to++ = '#';
    }
    *to = 0;
    return shape;
}

void
tally_add (struct tally *tally, enum check_rule rule, const char *where, const char *message)
{
    char text[1500], *shape = shape_of (message);
    for (size_t i = 0; i < tally->count; i++)
        if (tally->kinds[i].rule == rule && strcmp (tally->kinds[i].shape, shape) == 0) {
            tally->kinds[i].count++;
            free (shape);
            return;
        }
    if (tally->count == TALLY_KINDS) {
        tally->others++;
        free (shape);
        return;
    }
    snprintf (text, sizeof text, "%s: %s", where, message);
    tally->kinds[tally->count++] = (struct tally_kind){ rule, copy_text (text, strlen (text)), shape, 1 };
}

void
tally_tell (struct tally *tally, struct check *check, const char *subject)
{
    for (size_t i = 0; i < tally->count; i++) {
        struct tally_kind *kind = &tally->kinds[i];
        if (kind->count > 1)
            check_found (check, kind->rule, subject, "%s (and %" PRIu64 " more like it)", kind->first,
                         kind->count - 1);
        else
            check_found (check, kind->rule, subject, "%s", kind->first);
        free (kind->first);
        free (kind->shape);
    }
    if (tally->others > 0)
        check_found (check, tally->kinds[0].rule, subject, "%" PRIu64 " findings of other kinds",
                     tally->others);
    tally->count = 0;
    tally->others = 0;
}
