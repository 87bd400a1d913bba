/* SPDX-License-Identifier: MIT */
/* option.h - the value of a setting. */
#ifndef TN_OPTION_H
#define TN_OPTION_H
#include "base/base.h"

/* The value of an option of the type filter that names none. No filter has this id. */
#define TN_NO_FILTER "none"

/* Parses a value by its option's type, range and choices. On failure the message names `origin`, the section
 * (unless it is NULL), the key, what was found and what is expected. The setting's texts point to `text` and
 * `origin`. */
tenon_status tn_option_parse (const struct tenon_option *option, const char *section, const char *text,
                              const char *origin, struct tenon_setting *setting, tenon_error *error);

#endif
