/* SPDX-License-Identifier: MIT */
/* signals.h - signals, so that the program ends in good order. */
#ifndef TOOL_SIGNALS_H
#define TOOL_SIGNALS_H
#include "common.h"

/* From now on a write to a pipe without reader fails, instead of ending a conversion in its middle. */
void signals_start (void);
/* Ends the program as SIGPIPE would have done. */
void signals_end_by_pipe (void) __attribute__ ((noreturn));
/* From now on the first SIGINT, SIGTERM or SIGHUP lets the library stop and clean up. */
void signals_defer (void);
bool signals_pending (void);
/* Ends the program by the signal that is pending, if one is. */
void signals_deliver (void);
#endif
