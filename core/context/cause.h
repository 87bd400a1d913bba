/* SPDX-License-Identifier: MIT */
/* cause.h - why no codec serves a file: one that would is not in use. */
#ifndef TN_CAUSE_H
#define TN_CAUSE_H
#include "context/context.h"

#define TN_CAUSE_ROOM 600u

/* "the codec toy is disabled at …" */
void tn_cause_say (const struct tn_dropped *dropped, char cause[TN_CAUSE_ROOM]);
/* Looks for a codec that is not used, by its extensions, and for a plugin that is not, by its name: that of
 * `plugin`, unless it is NULL, or a part of the file's name behind a dot. False: no cause is known. */
bool tn_cause_find (const tenon_context *context, const char *name, uint64_t length, const char *plugin,
                    char cause[TN_CAUSE_ROOM]);
/* True if there is one for some name. */
bool tn_cause_exists (const tenon_context *context);
/* The same for the id of a codec, or an extension. */
bool tn_cause_of_word (const tenon_context *context, const char *word, char cause[TN_CAUSE_ROOM]);
/* Records that there is no filter of this id, with the cause if it is known. */
tenon_status tn_cause_fail_filter (const tenon_context *context, const char *id, tenon_error *error);
/* True if a plugin of this name is in use. */
bool tn_plugin_in_use (const tenon_context *context, const char *name);

#endif
