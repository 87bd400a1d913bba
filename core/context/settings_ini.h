/* SPDX-License-Identifier: MIT */
/* settings_ini.h - the text of an ini file. */
#ifndef TN_SETTINGS_INI_H
#define TN_SETTINGS_INI_H
#include "context/settings.h"

/* Adds the settings of a file's text. `path` is for messages. */
tenon_status tn_settings_parse (struct tn_settings *settings, const char *path, const char *text,
                                size_t length, tenon_error *error);

#endif
