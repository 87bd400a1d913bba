/* SPDX-License-Identifier: MIT */
/* round.h - saving a plan as a codec's format, and looking at what comes back. */
#ifndef CHECK_ROUND_H
#define CHECK_ROUND_H
#include "check/making.h"
#include "check/target.h"

/* A codec that is checked. The subject of findings is the codec, and `about` if that is not empty. */
struct round {
    struct check *check;
    tenon_context *context;
    tenon_codec_info codec;
    struct record_rules rules;
    unsigned differences; /* RECORD_* */
    bool has_option;      /* it is not the default: it may set a limit */
    bool is_set;          /* the last save wrote a set of files */
    char subject[256];
};
/* For the codec of this index, with the rules of plain round trips. */
void round_start (struct round *round, struct check *check, tenon_context *context,
                  const tenon_codec_info *codec);
PRINTF_LIKE (2, 3) void round_about (struct round *round, const char *format, ...);

/* Saves the plan, opens and verifies the file and compares it with `expected`, which may be NULL, but for
 * the losses of the report. A refusal is judged. False: there was none, or another finding. `flags`:
 * TENON_SAVE_*; `digest`, which may be NULL: of the file. */
bool round_trip (struct round *round, tenon_plan *plan, const struct record *expected, uint32_t flags,
                 uint64_t *digest);
/* Tells when a save failed with a status that is no refusal, or without a message. */
void round_judge_refusal (const struct round *round, const char *what, const tenon_error *error);
/* Opens, verifies and records a file; false after a finding. */
bool round_read (const struct round *round, const char *path, const struct target *target,
                 struct record *record);
/* A context without the plugin: what it lacks is the plugin's. NULL: there is none. */
tenon_context *round_without (const struct check *check);
/* The path for the files of this codec, without a file. The caller frees it. */
char *round_path (const struct round *round);
/* Removes a file or a folder with all that is in it. */
void round_remove (const char *path);
#endif
