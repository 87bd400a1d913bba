/* SPDX-License-Identifier: MIT */
/* filter_option.h - options of codecs that name a filter (TENON_OPTION_FILTER). */
#ifndef TN_FILTER_OPTION_H
#define TN_FILTER_OPTION_H
#include "context/context.h"

/* After all plugins are loaded: gives such options without choices those of the codec's archive, and lists
 * all filters. */
tenon_status tn_filter_options_settle (tenon_context *context, tenon_error *error);
/* Fails if the value of an option names a filter that is not in use, with the cause, and the filters that
 * are. `section`: as in tn_option_parse. */
tenon_status tn_filter_option_check (const tenon_context *context, const struct tenon_option *option,
                                     const char *section, const struct tenon_setting *setting,
                                     tenon_error *error);

#endif
