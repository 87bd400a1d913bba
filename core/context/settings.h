/* SPDX-License-Identifier: MIT */
/* settings.h - the configuration as a list of entries, each with the place that it comes from. */
#ifndef TN_SETTINGS_H
#define TN_SETTINGS_H
#include "base/base.h"

/* [core], [limits], [save], [plugin NAME], [codec ID], [signature NAME] */
enum tn_section {
    TN_SECTION_CORE,
    TN_SECTION_LIMITS,
    TN_SECTION_SAVE,
    TN_SECTION_PLUGIN,
    TN_SECTION_CODEC,
    TN_SECTION_SIGNATURE,
    TN_SECTIONS
};
extern const char *const tn_section_names[TN_SECTIONS];
/* The kind of a section, and a pointer to its NAME or ID, NULL if it has none; TN_SECTIONS: no such kind. */
enum tn_section tn_section_kind (const char *section, const char **name);

/* The longest id of a codec or name of a plugin, option or dtype: "codec ID" must fit inih's buffer. */
#define TN_LONGEST_ID 40
#define TN_LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define TN_UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TN_FILTER_LETTERS TN_LOWER "_./-"
/* True if the text is 1 to TN_LONGEST_ID of the characters; it may be NULL. */
bool tn_is_id (const char *text, const char *characters);
/* True if a plugin may have that name. */
bool tn_is_plugin_name (const char *text);

struct tn_entry {
    char *section;
    char *key;      /* NULL: the headline of a section */
    char *value;    /* as it was typed */
    char *origin;   /* "FILE:LINE", or what the program calls its settings */
    uint32_t layer; /* the same for all entries of a file, higher for later files; TN_LAYER_PROGRAM */
    bool known;     /* tn_settings_find found it; unknown entries are errors once the plugins are loaded */
    bool more;      /* KEY += VALUE: it adds to the list that earlier entries make */
};
#define TN_LAYER_PROGRAM UINT32_MAX

struct tn_settings {
    struct tn_entry *entries; /* in the order in which they were read: later ones win */
    uint64_t count, room;
    uint32_t layers; /* files so far */
    /* takes the sections [signature NAME], which are many and rarely needed; NULL: they stay here */
    struct tn_settings *signatures;
    /* takes what is wrong in files and words, which then are read on; NULL: the first fault is a failure */
    tenon_report *faults;
};

/* Copies its texts. `key` and `value` are NULL for a headline. A key that ends in '+' was followed by +=. */
tenon_status tn_settings_add (struct tn_settings *settings, const char *section, const char *key,
                              const char *value, const char *origin, uint32_t layer, tenon_error *error);
/* The last entry of that section and key; NULL: there is none. Marks all entries of that section and key, and
 * the headlines of the section, as known. */
const struct tn_entry *tn_settings_find (struct tn_settings *settings, const char *section, const char *key);
/* With `faults` a failure becomes a note there, and nothing has failed; it has the failure's status. */
tenon_status tn_settings_fault (const struct tn_settings *settings, tenon_error *error);
void tn_settings_free (struct tn_settings *settings);
void tn_entry_free (struct tn_entry *entry);

#endif
