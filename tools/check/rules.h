/* SPDX-License-Identifier: MIT */
/* rules.h - the rules that tenon check-plugin holds a plugin to, a line each: the name in C, the word that
 * the report has, a sentence that says what a plugin must do, and the place in a manual page that explains
 * it. */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H
#include "common.h"

#define CHECK_RULES(RULE)                                                                                    \
    RULE (LOADS, "loads", "the library accepts the plugin and its tables",                                   \
          "tenon-plugin(3), WHY WAS MY PLUGIN NOT LOADED?")                                                  \
    RULE (CRASH, "no-crash", "no input makes a plugin crash", "tenon-plugin(3), CALLS")                      \
    RULE (HANG, "no-hang", "every function ends, in a time that fits its input", "tenon-plugin(3), CALLS")

#define CHECK_RULE_NAME(name, word, sentence, place) RULE_##name,
enum check_rule { CHECK_RULES (CHECK_RULE_NAME) RULE_COUNT };

struct check_rule_text {
    const char *word, *sentence, *place;
};
extern const struct check_rule_text check_rules[RULE_COUNT];
#endif
