/* SPDX-License-Identifier: MIT */
/* apart.c - an isolated process that decodes: the program's side. */
#include "source/apart.h"
#include <unistd.h>

struct tn_apart {
    const tenon_context *context;
    pid_t program;        /* the process that opened the file */
    pthread_mutex_t lock; /* held during an exchange */
    struct tn_child *child;
    const struct tn_plugin *plugin; /* what the last exchange is, or was, about */
    uint64_t states;
};

struct tn_apart *
tn_apart_new (const tenon_context *context)
{
    struct tn_apart *apart = calloc (1, sizeof *apart);
    if (apart) {
        apart->context = context;
        apart->program = getpid ();
        pthread_mutex_init (&apart->lock, NULL);
    }
    return apart;
}

void
tn_apart_free (struct tn_apart *apart)
{
    if (!apart)
        return;
    tn_child_free (apart->child);
    pthread_mutex_destroy (&apart->lock);
    free (apart);
}

struct tn_channel *
tn_apart_begin (struct tn_apart *apart, const struct tn_plugin *plugin, tenon_error *error)
{
    tenon_status status = TENON_OK;
    if (apart->program != getpid ()) { /* where a thread that is not here may hold the lock */
        tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, TN_CHILD_OF_OTHERS);
        return NULL;
    }
    pthread_mutex_lock (&apart->lock);
    if (!apart->child)
        status = tn_child_new (apart->context->zygote, tn_apart_main, &apart->child, error);
    else if (apart->child->channel.end != TN_CHANNEL_OPEN) /* every later exchange fails like the first */
        status = tn_child_fail (apart->child, apart->plugin->name, error);
    if (status == TENON_OK) {
        apart->plugin = plugin;
        tn_channel_begin_answer (&apart->child->channel);
        return &apart->child->channel;
    }
    pthread_mutex_unlock (&apart->lock);
    return NULL;
}

tenon_status
tn_apart_end (struct tn_apart *apart, tenon_error *error)
{
    tenon_status status = TENON_OK;
    if (apart->child->channel.end != TN_CHANNEL_OPEN)
        status = tn_child_fail (apart->child, apart->plugin->name, error);
    pthread_mutex_unlock (&apart->lock);
    return status;
}

tenon_status
tn_apart_fail_memory (tenon_error *error)
{
    return tn_fail (error, TENON_E_MEMORY, TN_NO_OFFSET,
                    "out of memory in an isolated process (isolated_memory in [limits])");
}

uint64_t
tn_apart_state (struct tn_apart *apart)
{
    return ++apart->states;
}
