/* SPDX-License-Identifier: MIT */
/* badrules.c - codecs that break a rule of threads or of functions, each in one way. Without TENON_DEBUG=abi
 * most go unnoticed. They keep what they must not keep in globals, which a plugin must not have either. */
#include "bad.h"
#include <pthread.h>

static struct tenon_call *kept_call;
static uint8_t *kept_memory;

static tenon_status
add_served (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.storage = TENON_SERVED;
    return add_tensor (call, tensor);
}

/* ---- other threads ---- */

static void *
note_there (void *call)
{
    tenon_note ((struct tenon_call *) call, TENON_NOTE, NULL, "from another thread");
    return NULL;
}

static tenon_status
other_thread (struct tenon_call *call)
{
    pthread_t thread;
    TENON_TRY (add_tensor (call, good_tensor ("x")));
    if (pthread_create (&thread, NULL, note_there, call) == 0)
        pthread_join (thread, NULL);
    return TENON_OK;
}

/* ---- calls and memory that have ended ---- */

static tenon_status
keeps_call (struct tenon_call *call)
{
    kept_call = call;
    return add_served (call);
}

static tenon_status
reads_kept (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
            void *to, uint64_t size)
{
    (void) call, (void) region;
    return kept_call->host->read_at (kept_call, tensor->source, 0, to, size);
}

static tenon_status
keeps_memory (struct tenon_call *call)
{
    kept_memory = call->host->scratch (call, 64);
    return kept_memory ? add_served (call) : TENON_E_MEMORY;
}

static tenon_status
reads_memory (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
              void *to, uint64_t size)
{
    (void) region, (void) to, (void) size;
    return call->host->read_at (call, tensor->source, 0, kept_memory, 4);
}

static tenon_status
keeps_view (struct tenon_call *call)
{
    kept_memory = (uint8_t *) (uintptr_t) call->host->view (call, 0, 0, 64);
    return kept_memory ? add_served (call) : TENON_E_IO;
}

/* The bytes themselves show that they are gone. */
static tenon_status
reads_view (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
            void *to, uint64_t size)
{
    (void) call, (void) tensor, (void) region;
    memcpy (to, kept_memory, size);
    return TENON_OK;
}

static void *
note_late (void *call)
{
    tenon_note ((struct tenon_call *) call, TENON_NOTE, NULL, "too late");
    return NULL;
}

/* A thread that goes on. The next function of any codec tells it. */
static tenon_status
goes_on (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
         void *to, uint64_t size)
{
    pthread_t thread;
    (void) call, (void) tensor, (void) region;
    memset (to, 1, size);
    if (pthread_create (&thread, NULL, note_late, kept_call) == 0)
        pthread_join (thread, NULL);
    return TENON_OK;
}

/* ---- functions ---- */

static tenon_status
describes (struct tenon_call *call)
{
    return add_served (call);
}

static tenon_status
adds_while_reading (struct tenon_call *call, const struct tenon_tensor *tensor,
                    const struct tenon_region *region, void *to, uint64_t size)
{
    (void) tensor, (void) region, (void) to, (void) size;
    return add_tensor (call, good_tensor ("y"));
}

static tenon_status
tells_while_describing (struct tenon_call *call)
{
    call->host->tell (call);
    return add_tensor (call, good_tensor ("x"));
}

static int32_t
probe_adds (struct tenon_call *call)
{
    (void) add_tensor (call, good_tensor ("y"));
    return 100;
}

static tenon_status
describes_while_writing (struct tenon_call *call)
{
    call->host->expect (call, 1, 1);
    return call->host->put_tensor (call, 0, NULL);
}

/* ---- an outer call ---- */

static tenon_status
inner_uses_outer (struct tenon_call *call)
{
    (void) call;
    return add_tensor (kept_call, good_tensor ("x"));
}

static tenon_status
includes_inner (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    struct tenon_include how = { .struct_size = sizeof how, .codec = "inner_uses_outer" };
    uint32_t source;
    kept_call = call;
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, &how);
}

/* ---- what is right ---- */

static tenon_status
does_right (struct tenon_call *call)
{
    uint8_t byte[16];
    struct tenon_source_info info = { .struct_size = sizeof info };
    TENON_TRY (call->host->source_info (call, 0, &info));
    TENON_TRY (call->host->read_at (call, 0, 0, byte, sizeof byte));
    const uint8_t *view = call->host->view (call, 0, 0, 16), *scratch = call->host->scratch (call, 40);
    if (!view || !scratch || memcmp (view, byte, 16) != 0 || (uintptr_t) view % 16
        || (uintptr_t) scratch % 16)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "memory of the host is wrong");
    for (unsigned i = 0; i < 40; i++)
        if (scratch[i])
            return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "scratch memory is not zeroed");
    return add_served (call);
}

static tenon_status
reads_right (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
             void *to, uint64_t size)
{
    return call->host->read_at (call, tensor->source, region->start[0], to, size);
}

static const struct tenon_codec table[] = {
    READS (other_thread),
    SERVES (keeps_call, reads_kept),
    SERVES (keeps_memory, reads_memory),
    SERVES (keeps_view, reads_view),
    { .struct_size = sizeof table[0], .id = "late", .describe = keeps_call, .read = goes_on },
    SERVES (describes, adds_while_reading),
    READS (tells_while_describing),
    { .struct_size = sizeof table[0],
      .id = "probes",
      .describe = describes,
      .probe = probe_adds,
      .read = reads_right },
    WRITES (describes_while_writing),
    READS (inner_uses_outer),
    READS (includes_inner),
    SERVES (does_right, reads_right),
};

BAD_PLUGIN ("badrules", table)
