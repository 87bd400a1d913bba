/* SPDX-License-Identifier: MIT */
/* rules.h - the rules of services: from which functions of a codec each may be used. With TENON_DEBUG=abi a
 * codec gets a call of its own for each run, and a table of services that check the rules before they do
 * their work. */
#ifndef TN_RULES_H
#define TN_RULES_H
#include "codec/call.h"

enum {
    TN_FROM_PROBE = 1 << TN_CALL_PROBE,
    TN_FROM_DESCRIBE = 1 << TN_CALL_DESCRIBE,
    TN_FROM_READ = 1 << TN_CALL_READ,
    TN_FROM_WRITE = 1 << TN_CALL_WRITE,
    TN_FROM_EVERY = TN_FROM_PROBE | TN_FROM_DESCRIBE | TN_FROM_READ | TN_FROM_WRITE
};

struct tn_rule {
    const char *service;
    uint32_t from; /* TN_FROM_* */
};

/* In the order of struct tenon_host. */
extern const struct tn_rule tn_rules[];
extern const unsigned tn_rule_count;

/* What a function of the codec gets as its call. tn_call_judge ends this run of it. */
struct tenon_call *tn_call_enter (struct tn_call *call);
/* Ends the run. True if a rule was broken in it, or since the last run that told one: `words` says which. */
bool tn_rules_leave (struct tn_call *call, char *words, size_t room);
/* The call ends: what its codec does with it from now on breaks a rule. */
void tn_rules_end (struct tn_call *call);

#endif
