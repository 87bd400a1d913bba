/* SPDX-License-Identifier: MIT */
/* settings.h - the configuration: a list of entries, each with the place that it comes from; and the
 * parsing of values.
 *
 * Order, later ones win: built-in defaults, sysconfdir/tenon/tenon.ini, its conf.d/?*.ini by name,
 * $XDG_CONFIG_HOME/tenon/tenon.ini (else ~/.config), the file in $TENON_CONFIG, the program's settings
 * ("-o"). */
#ifndef TN_SETTINGS_H
#define TN_SETTINGS_H
#include "base/base.h"
#include "base/nearest.h"

struct tn_entry {
    char *section;  /* "core", "limits", "save", "plugin NAME", "codec ID" */
    char *key;      /* NULL: the headline of a section */
    char *value;    /* as it was typed */
    char *origin;   /* "FILE:LINE", or the program's word for its settings */
    uint32_t layer; /* entries of one file have the same, later files a higher one; TN_LAYER_PROGRAM */
    bool known;     /* somebody asked for it: an entry that nobody knows is an error in the end */
};
#define TN_LAYER_PROGRAM UINT32_MAX

struct tn_settings {
    struct tn_entry *entries; /* in the order in which they were read: a later one wins */
    uint64_t count, room;
    uint32_t layers; /* files so far */
};

/* Reads the files and the program's settings; `options` is not NULL. Lines that inih would cut, and lines
 * that are no setting, are TENON_E_CONFIG with FILE:LINE. A user's file that cannot even be looked at is a
 * note. */
tenon_status tn_settings_read (struct tn_settings *settings, const tenon_context_options *options,
                               bool secure, tenon_report *report, tenon_error *error);
void tn_settings_free (struct tn_settings *settings);
/* The last entry of that section and key; NULL: there is none. All entries of that section and key, and the
 * section's headlines, are marked as known. */
const struct tn_entry *tn_settings_find (struct tn_settings *settings, const char *section, const char *key);

/* ---- the parts of tn_settings_read, for it and for tests ---- */

/* Copies its texts. `key` and `value` are NULL for a headline. */
tenon_status tn_settings_add (struct tn_settings *settings, const char *section, const char *key,
                              const char *value, const char *origin, uint32_t layer, tenon_error *error);
/* FOLDER/tenon.ini and FOLDER/conf.d/?*.ini; what is absent is fine. */
tenon_status tn_settings_read_folder (struct tn_settings *settings, const char *folder, tenon_error *error);
/* "SECTION.KEY=VALUE" */
tenon_status tn_settings_read_word (struct tn_settings *settings, const char *word, const char *origin,
                                    tenon_error *error);
/* Parses the text of an ini file (settings_ini.c). `path` is for messages. */
tenon_status tn_settings_parse (struct tn_settings *settings, const char *path, const char *text,
                                size_t length, tenon_error *error);

/* ---- values (option.c) ---- */

/* Parses one value by its option's type, range and choices. On failure the message names `origin`, the
 * section (unless it is NULL), the key, what was found and what would do. The setting's texts point to
 * `text` and `origin`. */
tenon_status tn_option_parse (const struct tenon_option *option, const char *section, const char *text,
                              const char *origin, struct tenon_setting *setting, tenon_error *error);

#endif
