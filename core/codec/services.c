/* SPDX-License-Identifier: MIT */
/* services.c - the rules of services, and the words for those that are broken. */
#include "codec/services.h"
#include "base/base.h"
#include <stdio.h>

#define RULE_N(type, name, from, bad) { #name, from },
#define RULE_V(name, parameters, arguments, from) { #name, from },
#define RULE_M(type, name, parameters, arguments, from, size) { #name, from },
#define RULE_S(type, name, parameters, arguments, from, memory, bad) { #name, from },
const struct tn_rule tn_rules[] = { TN_SERVICES (RULE_S, RULE_V, RULE_M, RULE_N) };

/* One line for each. */
_Static_assert(sizeof (struct tenon_host)
                   == offsetof (struct tenon_host, fail) + TN_SERVICE_COUNT * sizeof (void (*) (void)),
               "a service of struct tenon_host has no rule");

static const char *const names[] = { [TN_CALL_PROBE] = "probe",         [TN_CALL_DESCRIBE] = "describe",
                                     [TN_CALL_READ] = "read",           [TN_CALL_CHUNK] = "locate_chunk",
                                     [TN_CALL_WRITE] = "write",         [TN_CALL_LIST] = "describe",
                                     [TN_CALL_LOCATE] = "locate",       [TN_CALL_BEGIN] = "begin",
                                     [TN_CALL_DROP] = "drop",           [TN_CALL_BEGIN_ENTRY] = "begin_entry",
                                     [TN_CALL_END_ENTRY] = "end_entry", [TN_CALL_FINISH] = "finish" };

const char *
tn_state_name (enum tn_state state)
{
    return names[state];
}

/* "describe, read and write" */
static void
list_functions (char *to, size_t room, uint32_t from)
{
    size_t used = 0;
    to[0] = 0;
    for (unsigned i = 0; i < TN_COUNT (names); i++) {
        if (!(from & 1u << i))
            continue;
        const char *between = used == 0 ? "" : from >> (i + 1) ? ", " : " and ";
        int length = snprintf (to + used, room - used, "%s%s", between, names[i]);
        used = TN_MIN (used + (size_t) (length > 0 ? length : 0), room - 1);
    }
}

void
tn_rule_words (enum tn_service service, enum tn_state state, char *words, size_t room)
{
    const uint32_t from = tn_rules[service].from, codec = ~(uint32_t) (TN_FROM_PARTS | TN_FROM_ENTRIES);
    const uint32_t kind = TN_FROM_PARTS & 1u << state     ? (uint32_t) TN_FROM_PARTS
                          : TN_FROM_ENTRIES & 1u << state ? (uint32_t) TN_FROM_ENTRIES
                                                          : codec;
    const uint32_t right = from & kind ? from & kind : from;
    char functions[80];
    list_functions (functions, sizeof functions, right);
    if (kind != codec && right != (from & kind))
        snprintf (words, room, "from %s; it is the codec of an archive, which %s only", names[state],
                  kind == TN_FROM_PARTS ? "adds parts" : "puts bytes");
    else
        snprintf (words, room, "from %s; it may be used from %s%s", names[state], functions,
                  right & codec ? "" : " of an archive");
}
