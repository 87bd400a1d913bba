/* SPDX-License-Identifier: MIT */
/* check.h - what the steps of tenon check-plugin share.
 *
 * The command itself never loads the plugin. Each step runs in a child process with limits of time, memory
 * and descriptors, and tells its findings through a pipe (child.h). A step is a loop over items, which are
 * numbered: when the child dies in one of them, that is a finding, and another child goes on with the next
 * item. So a step says which item it begins (check_item) before it does anything that may crash, and gives
 * each item the same number whenever it runs.
 *
 * What the child prints, and what is different in the process after a step (threads, descriptors, handlers of
 * signals, the locale …), are findings of the plugin: a step prints nothing, and leaves nothing behind. */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H
#include "common.h"
#include "rules.h"

/* A file that the plugin can read. */
struct check_sample {
    const char *path;
    const char *name;  /* for messages */
    const char *codec; /* the plugin's codec that describes it; another's if the plugin has none that reads */
    bool made;         /* it was written by the plugin itself, because no sample was given */
    bool folder;       /* a tree of files */
};

struct check {
    const char *plugin;                 /* its name */
    const char *file;                   /* its file, as an absolute path; NULL: it is built in */
    const char *plugin_path;            /* a folder that holds this plugin alone; empty if it is built in */
    const char *work;                   /* a folder for the files of the steps, private, on a disk */
    const struct check_sample *samples; /* a sample with a path of NULL ends them */
    double fuzz_seconds;                /* of --fuzz; 0: none */
    double item_seconds;                /* that one item may take */
    bool verbose;
    const char *const *arguments; /* the samples as they were given, for the step "samples"; NULL ends them */
    struct check_child *child;    /* how the findings get out */
};

struct check_step {
    const char *name;    /* "regions" */
    const char *summary; /* one line, for the report and for --list */
    /* Checks the items from number `from` on. Runs in a child. */
    void (*run) (struct check *check, uint64_t from);
};
extern const struct check_step *const check_steps[]; /* NULL-terminated, in the order in which they run */

/* ---- what a step calls ---- */

/* Begins an item: what is done now, for the message about a crash or a hang in it. Returns false for an item
 * below `from`, which a child before this one did: the step leaves it out. On the thread of `run` only. */
PRINTF_LIKE (4, 5)
bool check_item (struct check *check, uint64_t from, uint64_t number, const char *format, ...);
/* One more thing was compared, and found right or wrong. From any thread. */
void check_counted (struct check *check);
/* A finding: a rule, what it is about (a sample, an option …; "" for the plugin), and what was found. From
 * any thread. */
PRINTF_LIKE (4, 5)
void check_found (struct check *check, enum check_rule rule, const char *subject, const char *format, ...);
/* A remark of the report: what could not be checked, and why. From any thread. */
PRINTF_LIKE (2, 3) void check_left_out (struct check *check, const char *format, ...);
/* The step "samples" found one, or wrote it. */
void check_has_sample (struct check *check, const struct check_sample *sample);

/* A context with the plugin first in its path, whose services check the rules (TENON_DEBUG=abi). `settings`
 * as in tenon_context_options, or NULL. NULL after a finding of RULE_LOADS. The caller frees it. */
tenon_context *check_context (struct check *check, const char *const *settings);
/* The plugin's codecs in that context, by number; returns the index of the next one from *index on, as
 * tenon_codec_get counts, and moves *index behind it. False: there is none. */
bool check_next_codec (const struct check *check, const tenon_context *context, uint64_t *index,
                       tenon_codec_info *info);
/* True if the plugin has a filter. */
bool check_has_filter (const struct check *check, const tenon_context *context);
/* The path of a file in check->work. The caller frees it. */
PRINTF_LIKE (2, 3) char *check_path (const struct check *check, const char *format, ...);

/* The steps. */
extern const struct check_step check_archives_step;
extern const struct check_step check_dtypes_step;
extern const struct check_step check_exports_step;
extern const struct check_step check_fails_step;
extern const struct check_step check_filters_step;
extern const struct check_step check_fuzz_step;
extern const struct check_step check_growth_step;
extern const struct check_step check_loads_step;
extern const struct check_step check_options_step;
extern const struct check_step check_others_step;
extern const struct check_step check_probe_step;
extern const struct check_step check_purity_step;
extern const struct check_step check_regions_step;
extern const struct check_step check_round_step;
extern const struct check_step check_samples_step;
extern const struct check_step check_state_step;
extern const struct check_step check_tables_step;
extern const struct check_step check_damage_step;
extern const struct check_step check_nesting_step;
extern const struct check_step check_threads_step;
extern const struct check_step check_memory_step;
#endif
