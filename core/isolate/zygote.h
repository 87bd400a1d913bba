/* SPDX-License-Identifier: MIT */
/* zygote.h - a process that forks isolated children, and the program's side of each child.
 *
 * The program forks the zygote once, when it is first needed. It has one thread, keeps one descriptor, and
 * waits for requests. A child is a fork of it that runs one function of the program over a channel, in the
 * sandbox. So a child costs the same however large the program has become, and sees the program's memory as
 * it was when the zygote began.
 *
 * The zygote ends with the program, or with tn_zygote_free; a child ends with its zygote. After a fork of the
 * program, the new process makes a zygote of its own. */
#ifndef TN_ZYGOTE_H
#define TN_ZYGOTE_H
#include "isolate/channel.h"
#include <pthread.h>
#include <stdatomic.h>

struct tn_zygote;

/* What a child runs: it reads requests from the channel, and returns at its end. It stores into *running what
 * it is about, which the program reads after a crash. */
typedef void tn_zygote_main (void *user, struct tn_channel *channel, atomic_uint *running);

/* Starts no process yet. `user` is for what children run. `memory`: bytes that a child may allocate;
 * `seconds`: that it may take for an answer, 0: any number. NULL: no memory. */
struct tn_zygote *tn_zygote_new (void *user, uint64_t memory, uint64_t seconds);
void tn_zygote_free (struct tn_zygote *zygote);

/* The program's side of a child. A thread that talks to it holds `lock`. */
struct tn_child {
    struct tn_zygote *zygote;
    struct tn_channel channel;
    pthread_mutex_t lock;
    int64_t program; /* the process that made it */
    int64_t process; /* 0: it has been ended */
    int ended_by;    /* its wait status, once it has ended */
    unsigned slot;
    uint64_t sources, locators; /* that it was given: the caller's own */
};
tenon_status tn_child_new (struct tn_zygote *zygote, tn_zygote_main *main, struct tn_child **child,
                           tenon_error *error);
/* Kills it if it still runs. NULL is fine. */
void tn_child_free (struct tn_child *child);
/* False in a process that the program has forked since. */
bool tn_child_is_own (const struct tn_child *child);
#define TN_CHILD_OF_OTHERS "its file was opened in isolation before the process forked; open it again"
/* After the channel has ended: ends the child, and fails with the reason: "the plugin toyraw crashed: signal
 * 11 (Segmentation fault)". `plugin` NULL: it is not known which one it was. */
tenon_status tn_child_fail (struct tn_child *child, const char *plugin, tenon_error *error);
/* What the child's function stored last. Not trusted. */
uint32_t tn_child_running (const struct tn_child *child);

#endif
