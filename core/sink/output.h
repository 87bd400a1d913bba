/* SPDX-License-Identifier: MIT */
/* output.h - the sink of an application's own functions. */
#ifndef TN_OUTPUT_H
#define TN_OUTPUT_H
#include "sink/sink.h"

/* Copies and checks the struct; `name` stays the application's. Small writes are gathered in a buffer that
 * tn_output_sink_flush empties. After a function failed none is called again. */
tenon_status tn_output_sink_new (const tenon_output *output, struct tn_sink **sink, tenon_error *error);
/* The name that the application gave; NULL: none. */
const char *tn_output_sink_name (const struct tn_sink *sink);
tenon_status tn_output_sink_flush (struct tn_sink *sink, tenon_error *error);
void tn_output_sink_free (struct tn_sink *sink);

#endif
