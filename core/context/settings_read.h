/* SPDX-License-Identifier: MIT */
/* settings_read.h - reads the configuration from files, the environment and the program.
 *
 * Order, later ones win: built-in defaults, sysconfdir/tenon/tenon.ini (installed.h says where), its
 * conf.d/?*.ini by name, $XDG_CONFIG_HOME/tenon/tenon.ini (else ~/.config), the file in $TENON_CONFIG, the
 * program's settings
 * ("-o"). Beside each tenon.ini signatures.ini is read before it. */
#ifndef TN_SETTINGS_READ_H
#define TN_SETTINGS_READ_H
#include "context/settings.h"
#include "context/trust.h"

/* Reads the files and the program's settings; `options` is not NULL, `folder` is sysconfdir/tenon. A line
 * that is no setting, or that inih would cut, is TENON_E_CONFIG with FILE:LINE. A user's file in a folder
 * that is closed to the process, and a file that others can write, are notes in the report, and not obeyed.
 */
tenon_status tn_settings_read (struct tn_settings *settings, const tenon_context_options *options,
                               const char *folder, bool secure, tenon_report *report, tenon_error *error);

/* The same with these files, NULL-terminated, in place of those of the system and the user. A file that
 * others can write is read, with a note. */
tenon_status tn_settings_read_named (struct tn_settings *settings, const char *const *files,
                                     const tenon_context_options *options, bool secure, tenon_report *report,
                                     tenon_error *error);

/* ---- the parts of tn_settings_read, for it and for tests ---- */

struct tn_settings_reader {
    struct tn_settings *settings;
    tenon_report *report;
    struct tn_trust trust;
    tenon_error *error;
    bool all; /* also files that are not trusted */
};
/* FOLDER/signatures.ini, FOLDER/tenon.ini and FOLDER/conf.d/?*.ini, as far as they exist. */
tenon_status tn_settings_read_folder (struct tn_settings_reader *reader, const char *folder);
/* "SECTION.KEY=VALUE" */
tenon_status tn_settings_read_word (struct tn_settings *settings, const char *word, const char *origin,
                                    tenon_error *error);

#endif
