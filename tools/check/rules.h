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
    FAULT (EXPORTS, "exports", "a plugin exports " TENON_ENTRY_TEXT ", and no other symbol",                 \
           "tenon-plugin(3), ABI RULES")                                                                     \
    WARNING (WEAK, "exports-weak", "a plugin hides its templates and inline functions",                      \
             "tenon-plugin(3), ABI RULES")                                                                   \
    FAULT (NEEDS, "needs", "a plugin needs no function of libtenon but those of its call",                   \
           "tenon-plugin(3), ABI RULES")                                                                     \
    WARNING (CALLS, "calls", "a plugin leaves files, memory, output and threads to the host",                \
             "tenon-plugin(3), CALLS")                                                                       \
    FAULT (LOADING, "loading", "a plugin has no writable code, and needs no executable stack",               \
           "tenon-plugin(3), ABI RULES")                                                                     \
    WARNING (RPATH, "rpath", "a plugin has no paths of the machine that built it",                           \
             "tenon-plugin(3), ABI RULES")                                                                   \
    WARNING (TEXTS, "texts", "labels, help, version, license and summary are there, each in one line",       \
             "tenon-plugin(3), OPTIONS")                                                                     \
    FAULT (IDS, "ids", "no id belongs to another plugin", "tenon-plugin(3), ABI RULES")                      \
    WARNING (EXTENSIONS, "extensions", "an extension belongs to one format", "tenon-plugin(3), Recognition") \
    FAULT (OPTIONS, "options", "every option has a use, and its default is one of its values",               \
           "tenon-plugin(3), OPTIONS")                                                                       \
    FAULT (STATE, "no-state", "a plugin has no variables that change",                                       \
           "tenon-plugin(3), THREADS, AND HOW LONG THINGS LIVE")                                             \
    FAULT (CRASH, "no-crash", "no input makes a plugin crash", "tenon-plugin(3), CALLS")                     \
    FAULT (HANG, "no-hang", "every function ends, in a time that fits its input", "tenon-plugin(3), CALLS")  \
    FAULT (EXITS, "no-exit", "a plugin never ends the process", "tenon-plugin(3), CALLS")                    \
    FAULT (PRINTS, "no-output", "a plugin prints nothing", "tenon-plugin(3), CALLS")                         \
    FAULT (LEAVES, "leaves-nothing", "a plugin leaves no thread, process, open file or memory behind",       \
           "tenon-plugin(3), CALLS")                                                                         \
    FAULT (PROCESS, "leaves-process", "a plugin changes nothing that belongs to the whole process",          \
           "tenon-plugin(3), CALLS")                                                                         \
    FAULT (SAMPLE, "recognised", "the library finds the plugin's codec for every sample",                    \
           "tenon-plugin(3), Recognition")                                                                   \
    FAULT (PROBE, "probe", "a codec is sure of bytes of its own format only",                                \
           "tenon-plugin(3), Recognition")                                                                   \
    FAULT (PURE, "pure", "the same bytes give the same catalog and the same data", "tenon-plugin(3), CALLS") \
    FAULT (THREADS, "threads", "a plugin gives the same results on many threads at once",                    \
           "tenon-plugin(3), THREADS, AND HOW LONG THINGS LIVE")                                             \
    FAULT (REGIONS, "regions", "each region of a tensor has the items that the whole tensor has there",      \
           "tenon-plugin(3), SERVED TENSORS")                                                                \
    FAULT (MISUSE, "interface", "whatever the bytes, a plugin keeps the rules of the interface",             \
           "tenon-plugin(3), WHICH FUNCTION MAY CALL WHAT")                                                  \
    FAULT (REASON, "reason", "a refusal says why, in the words of the plugin", "tenon-plugin(3), Errors")    \
    FAULT (OFFSET, "offset", "most refusals of malformed or truncated bytes say where these are",            \
           "tenon-plugin(3), Errors")                                                                        \
    FAULT (BOUNDED, "bounded", "a plugin takes no more memory than its input justifies",                     \
           "tenon-plugin(3), Memory")                                                                        \
    FAULT (MEMORY, "out-of-memory", "without memory a function fails with TENON_E_MEMORY",                   \
           "tenon-plugin(3), Memory")                                                                        \
    FAULT (WRITES_TENSORS, "writes-tensors",                                                                 \
           "a save writes every tensor with its name, dtype and shape, or reports a loss",                   \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (WRITES_DATA, "writes-data", "the data of a tensor come back as they were saved",                  \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (WRITES_METADATA, "writes-metadata",                                                               \
           "a save writes every entry of the metadata that the codec says it keeps, or reports a loss",      \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (WRITES_SAME, "writes-same",                                                                       \
           "a plan gives the same bytes whenever, wherever and on whatever threads it is saved",             \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (READS_OWN, "reads-own", "a codec opens what it has written, and finds no fault in it",            \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (REFUSES, "refuses",                                                                               \
           "a codec refuses what its format cannot hold, with TENON_E_UNSUPPORTED and a message",            \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (DRY_RUN, "dry-run", "a dry run ends as the save does, with the same losses, and leaves nothing",  \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (FAILS, "fails", "a service that fails while a codec writes makes the save fail, with its status", \
           "tenon-plugin(3), Errors")                                                                        \
    FAULT (CARRIES, "carries", "what a file holds comes back from a file of another format that carries it", \
           "tenon-plugin(3), WRITING")                                                                       \
    FAULT (OPTION_DEFAULT, "option-default", "an option that is set to its default changes nothing",         \
           "tenon-plugin(3), OPTIONS")                                                                       \
    FAULT (OPTION_RANGE, "option-range",                                                                     \
           "a codec works with every value that its option allows, and with no other",                       \
           "tenon-plugin(3), OPTIONS")                                                                       \
    FAULT (LINEAR_TIME, "linear-time", "the time of every operation is linear in the size of its input",     \
           "tenon-plugin(3), CALLS")                                                                         \
    FAULT (LINEAR_MEMORY, "linear-memory",                                                                   \
           "the memory of every operation is linear in the size of its input", "tenon-plugin(3), Memory")    \
    FAULT (FILTER_DECODES, "filter-decodes", "a filter decodes what it encoded, whole and in pieces",        \
           "tenon-plugin(3), FILTERS")                                                                       \
    FAULT (FILTER_BOUND, "filter-bound", "an encoded block has at most as many bytes as bound says",         \
           "tenon-plugin(3), FILTERS")                                                                       \
    FAULT (FILTER_SAME, "filter-same", "a filter encodes the same bytes to the same bytes, on every thread", \
           "tenon-plugin(3), FILTERS")                                                                       \
    FAULT (FILTER_DAMAGE, "filter-damage",                                                                   \
           "a filter refuses a stream that was cut off, and ends on every stream",                           \
           "tenon-plugin(3), FILTERS")                                                                       \
    FAULT (ARCHIVE, "archive", "an archive gives back each member that was put into it, under its key",      \
           "tenon-plugin(3), STORES")                                                                        \
    FAULT (DTYPE_ENCODES, "dtype-encodes",                                                                   \
           "a block dtype decodes what it encoded, to numbers near those that it was given",                 \
           "tenon-plugin(3), BLOCK DTYPES")                                                                  \
    FAULT (DTYPE_SLICES, "dtype-slices", "a block decodes to the same numbers wherever it stands",           \
           "tenon-plugin(3), BLOCK DTYPES")

#define CHECK_RULE_NAME(name, word, sentence, place) RULE_##name,
enum check_rule { CHECK_RULES (CHECK_RULE_NAME, CHECK_RULE_NAME) RULE_COUNT };

struct check_rule_text {
    const char *word, *sentence, *place;
    bool fault; /* else a warning */
};
extern const struct check_rule_text check_rules[RULE_COUNT];
#endif
