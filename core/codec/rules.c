/* SPDX-License-Identifier: MIT */
/* rules.c - the services that check the rules of services.h before they do their work. */
#include "codec/rules.h"
#include "context/debug.h"
#include <stdio.h>

/* Each run of a codec function has a handle of its own, whose address is never used again: so a call that was
 * kept beyond its end is told from the next one. */
struct handle {
    struct tenon_call public; /* what the codec sees; first, so that a cast leads back */
    struct tn_call *call;     /* NULL: it has ended */
    struct tn_debug *debug;
    const struct tenon_host *services;
    const char *plugin, *codec;
    enum tn_state state;
    bool runs; /* a function of the codec */
    pthread_t thread;
    struct handle *outer; /* which ran when this one began, on any thread */
    struct tn_block *memory;
    char broken[400];
};

#define LIST(...) __VA_ARGS__

/* ---- checking ---- */

/* The one whose function runs on this thread; NULL: none does. The caller holds the lock. */
static struct handle *
find_running (const struct tn_debug *debug)
{
    struct handle *handle = debug->running;
    while (handle && !pthread_equal (handle->thread, pthread_self ()))
        handle = handle->outer;
    return handle;
}

/* The rule that this use of a service breaks; false: none. The caller holds the lock. */
static bool
find_broken (const struct handle *handle, const struct handle *running, enum tn_service service,
             const void *memory, char *words, size_t room)
{
    const char *function = tn_state_name (handle->state);
    words[0] = 0;
    if (!handle->call)
        snprintf (words, room, "with a call that has ended, that of %s", function);
    else if (!handle->runs)
        snprintf (words, room, "while none of its functions runs");
    else if (!pthread_equal (handle->thread, pthread_self ()))
        snprintf (words, room, "on another thread than that of %s", function);
    else if (handle != running)
        snprintf (words, room, "with the call of its %s, while %s of the codec %s runs", function,
                  running ? tn_state_name (running->state) : "nothing", running ? running->codec : "");
    else if (!tn_rule_allows (service, handle->state))
        tn_rule_words (service, handle->state, words, room);
    else if (memory && tn_debug_was_of_call (handle->debug, memory))
        snprintf (words, room, "from %s with memory of a call that has ended", function);
    return words[0] != 0;
}

/* True if the service may do its work. Else the rule is told when the function returns that runs here; or, on
 * another thread, the one that got the call. */
static bool
allow_service (struct handle *handle, enum tn_service service, const void *memory)
{
    struct tn_debug *debug = handle->debug;
    char words[250];
    pthread_mutex_lock (&debug->lock);
    struct handle *running = find_running (debug);
    bool broken = find_broken (handle, running, service, memory, words, sizeof words);
    if (broken) {
        char *to = running ? running->broken : handle->call ? handle->broken : debug->late;
        if (to[0] == 0)
            snprintf (to, sizeof handle->broken,
                      "TENON_DEBUG=abi: plugin %.60s, codec %.60s: it called %s %s", handle->plugin,
                      handle->codec, tn_rules[service].service, words);
    }
    pthread_mutex_unlock (&debug->lock);
    return !broken;
}

/* Memory that the call got is a block of its own, which is spoiled at the end of the call. */
static void *
own_memory (struct handle *handle, const void *from, uint64_t size)
{
    struct tn_block *block = from ? tn_block_new (size) : NULL;
    if (from && !block)
        tn_fail_memory (handle->call->session->error);
    if (!block)
        return NULL;
    memcpy (tn_block_bytes (block), from, size);
    block->next = handle->memory;
    handle->memory = block;
    return tn_block_bytes (block);
}

/* ---- services without memory ---- */

/* The services that may need memory: scratch, view, and those that keep or fetch something. */
static bool
needs_memory (enum tn_service service)
{
    static const bool needs[TN_SERVICE_COUNT] = {
        [TN_SERVICE_scratch] = true,       [TN_SERVICE_view] = true,        [TN_SERVICE_read_at] = true,
        [TN_SERVICE_items] = true,         [TN_SERVICE_each_item] = true,   [TN_SERVICE_open_key] = true,
        [TN_SERVICE_add_dtype] = true,     [TN_SERVICE_add_tensor] = true,  [TN_SERVICE_skip_tensor] = true,
        [TN_SERVICE_add_metadata] = true,  [TN_SERVICE_include] = true,     [TN_SERVICE_leave_state] = true,
        [TN_SERVICE_add_part] = true,      [TN_SERVICE_skip_part] = true,   [TN_SERVICE_next_key] = true,
        [TN_SERVICE_claim_keys] = true,    [TN_SERVICE_plan_tensor] = true, [TN_SERVICE_put] = true,
        [TN_SERVICE_plan_metadata] = true, [TN_SERVICE_align] = true,       [TN_SERVICE_patch] = true,
        [TN_SERVICE_put_items] = true,     [TN_SERVICE_put_tensor] = true,  [TN_SERVICE_put_grid] = true,
        [TN_SERVICE_read_tensor] = true,   [TN_SERVICE_put_member] = true,  [TN_SERVICE_put_key] = true,
        [TN_SERVICE_drop_key] = true,      [TN_SERVICE_put_old] = true,
    };
    return needs[service];
}

/* True for the one service that is to find no memory (TENON_DEBUG=abi,fail=N), which fails here. */
static bool
lacks_memory (struct handle *handle, enum tn_service service)
{
    struct tn_debug *debug = handle->debug;
    if (debug->fail_at == 0 || !needs_memory (service))
        return false;
    pthread_mutex_lock (&debug->lock);
    bool lacks = ++debug->services == debug->fail_at;
    pthread_mutex_unlock (&debug->lock);
    if (lacks)
        tn_fail_memory (handle->call->session->error);
    return lacks;
}

/* ---- the services that check ---- */

#define CHECKED_N(type, name, from, bad)                                                                     \
    static type checked_##name (struct tenon_call *public)                                                   \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        return allow_service (handle, TN_SERVICE_##name, NULL)                                               \
                   ? handle->services->name (&handle->call->public)                                          \
                   : bad;                                                                                    \
    }
#define CHECKED_V(name, parameters, arguments, from)                                                         \
    static void checked_##name (struct tenon_call *public, LIST parameters)                                  \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        if (allow_service (handle, TN_SERVICE_##name, NULL))                                                 \
            handle->services->name (&handle->call->public, LIST arguments);                                  \
    }
#define CHECKED_M(type, name, parameters, arguments, from, size)                                             \
    static type checked_##name (struct tenon_call *public, LIST parameters)                                  \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        if (!allow_service (handle, TN_SERVICE_##name, NULL) || lacks_memory (handle, TN_SERVICE_##name))    \
            return NULL;                                                                                     \
        return own_memory (handle, handle->services->name (&handle->call->public, LIST arguments), size);    \
    }
#define CHECKED_S(type, name, parameters, arguments, from, memory, bad)                                      \
    static type checked_##name (struct tenon_call *public, LIST parameters)                                  \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        if (!allow_service (handle, TN_SERVICE_##name, memory))                                              \
            return bad;                                                                                      \
        return lacks_memory (handle, TN_SERVICE_##name)                                                      \
                   ? (type) TENON_E_MEMORY                                                                   \
                   : handle->services->name (&handle->call->public, LIST arguments);                         \
    }
TN_SERVICES (CHECKED_S, CHECKED_V, CHECKED_M, CHECKED_N)

static const void *
get_no_extension (const struct tenon_host *host, const char *id)
{
    (void) host, (void) id;
    return NULL;
}

#define ENTRY_N(type, name, from, bad) .name = checked_##name,
#define ENTRY_V(name, parameters, arguments, from) .name = checked_##name,
#define ENTRY_M(type, name, parameters, arguments, from, size) .name = checked_##name,
#define ENTRY_S(type, name, parameters, arguments, from, memory, bad) .name = checked_##name,
static const struct tenon_host checking_host = { .struct_size = sizeof checking_host,
                                                 .abi_minor = TENON_ABI_MINOR,
                                                 .version = PACKAGE_VERSION,
                                                 .get_extension = get_no_extension,
                                                 TN_SERVICES (ENTRY_S, ENTRY_V, ENTRY_M, ENTRY_N) };

/* ---- the runs of codec functions ---- */

static struct handle *
handle_of_call (struct tn_call *call)
{
    tenon_context *context = call->session->context;
    struct tn_debug *debug = context->debug;
    struct tn_block *block = call->handle ? NULL : tn_block_new (sizeof (struct handle));
    if (!block)
        return call->handle;
    struct handle *handle = tn_block_bytes (block);
    *handle = (struct handle){ .public.host = &checking_host,
                               .call = call,
                               .debug = debug,
                               .services = context->host,
                               .plugin = call->codec->plugin ? call->codec->plugin->name : "",
                               .codec = call->codec->table.id };
    pthread_mutex_lock (&debug->lock);
    block->next = debug->handles;
    debug->handles = block;
    pthread_mutex_unlock (&debug->lock);
    return call->handle = handle;
}

struct tenon_call *
tn_call_enter (struct tn_call *call)
{
    struct handle *handle = call->session->context->debug ? handle_of_call (call) : NULL;
    if (!handle)
        return &call->public;
    pthread_mutex_lock (&handle->debug->lock);
    handle->runs = true;
    handle->state = call->state;
    handle->thread = pthread_self ();
    handle->outer = handle->debug->running;
    handle->debug->running = handle;
    pthread_mutex_unlock (&handle->debug->lock);
    return &handle->public;
}

bool
tn_rules_leave (struct tn_call *call, char *words, size_t room)
{
    struct handle *handle = call->handle;
    words[0] = 0;
    if (!handle || !handle->runs)
        return false;
    struct tn_debug *debug = handle->debug;
    pthread_mutex_lock (&debug->lock);
    handle->runs = false;
    struct handle *inner = debug->running;
    if (inner == handle)
        debug->running = handle->outer;
    else {
        while (inner->outer != handle)
            inner = inner->outer;
        inner->outer = handle->outer;
    }
    char *broken = handle->broken[0] ? handle->broken : debug->late;
    snprintf (words, room, "%s", broken);
    broken[0] = 0;
    pthread_mutex_unlock (&debug->lock);
    return words[0] != 0;
}

void
tn_rules_end (struct tn_call *call)
{
    struct handle *handle = call->handle;
    if (!handle)
        return;
    pthread_mutex_lock (&handle->debug->lock);
    handle->call = NULL;
    pthread_mutex_unlock (&handle->debug->lock);
    tn_debug_keep (handle->debug, handle->memory);
    handle->memory = NULL;
    call->handle = NULL;
}
