/* SPDX-License-Identifier: MIT */
/* rules.h - with TENON_DEBUG=abi a codec gets a call of its own for each run, and a table of services that
 * check the rules of threads, calls and functions before they do their work. */
#ifndef TN_RULES_H
#define TN_RULES_H
#include "codec/call.h"

/* What a function of the codec gets as its call. tn_call_judge ends this run of it. */
struct tenon_call *tn_call_enter (struct tn_call *call);
/* Ends the run. True if a rule was broken in it, or since the last run that told one: `words` says which. */
bool tn_rules_leave (struct tn_call *call, char *words, size_t room);
/* The call ends: what its codec does with it from now on breaks a rule. */
void tn_rules_end (struct tn_call *call);

#endif
