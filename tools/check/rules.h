/* SPDX-License-Identifier: MIT */
/* rules.h - the rules that tenon check-plugin holds a plugin to, a line each: the name in C, the word that
 * the report has, a sentence that says what a plugin must do, and the place in a manual page that explains
 * it. A FAULT makes the command exit with 1, a WARNING only with --strict. tenon-check-plugin(1) has the same
 * list. */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H
#include "common.h"

#define CHECK_RULES(FAULT, WARNING)                                                                          \
    FAULT (LOADS, "loads", "the library accepts the plugin and its tables",                                  \
           "tenon-plugin(3), WHY WAS MY PLUGIN NOT LOADED?")                                                 \
    FAULT (CRASH, "no-crash", "no input makes a plugin crash", "tenon-plugin(3), CALLS")                     \
    FAULT (HANG, "no-hang", "every function ends, in a time that fits its input", "tenon-plugin(3), CALLS")  \
    FAULT (EXITS, "no-exit", "a plugin never ends the process", "tenon-plugin(3), CALLS")                    \
    FAULT (PRINTS, "no-output", "a plugin prints nothing", "tenon-plugin(3), CALLS")                         \
    FAULT (LEAVES, "leaves-nothing", "a plugin starts no threads and processes and leaves no files open",    \
           "tenon-plugin(3), CALLS")                                                                         \
    FAULT (PROCESS, "leaves-process", "a plugin changes nothing that belongs to the whole process",          \
           "tenon-plugin(3), CALLS")                                                                         \
    FAULT (SAMPLE, "recognised", "the library finds the plugin's codec for every sample",                    \
           "tenon-plugin(3), Recognition")                                                                   \
    FAULT (PURE, "pure", "the same bytes give the same catalog and the same data", "tenon-plugin(3), CALLS") \
    FAULT (THREADS, "threads", "a plugin gives the same results on many threads at once",                    \
           "tenon-plugin(3), THREADS, AND HOW LONG THINGS LIVE")                                             \
    FAULT (REGIONS, "regions", "each region of a tensor has the items that the whole tensor has there",      \
           "tenon-plugin(3), SERVED TENSORS")                                                                \
    FAULT (MISUSE, "interface", "whatever the bytes, a plugin keeps the rules of the interface",             \
           "tenon-plugin(3), WHICH FUNCTION MAY CALL WHAT")                                                  \
    FAULT (REASON, "reason", "a refusal says why, in the words of the plugin", "tenon-plugin(3), Errors")    \
    FAULT (OFFSET, "offset", "a refusal of malformed or truncated bytes says where they are",                \
           "tenon-plugin(3), Errors")                                                                        \
    FAULT (BOUNDED, "bounded", "a plugin takes no more memory than its input justifies",                     \
           "tenon-plugin(3), Memory")                                                                        \
    FAULT (MEMORY, "out-of-memory", "without memory a function fails with TENON_E_MEMORY",                   \
           "tenon-plugin(3), Memory")

#define CHECK_RULE_NAME(name, word, sentence, place) RULE_##name,
enum check_rule { CHECK_RULES (CHECK_RULE_NAME, CHECK_RULE_NAME) RULE_COUNT };

struct check_rule_text {
    const char *word, *sentence, *place;
    bool fault; /* else a warning */
};
extern const struct check_rule_text check_rules[RULE_COUNT];
#endif
