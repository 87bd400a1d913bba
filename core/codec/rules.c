/* SPDX-License-Identifier: MIT */
/* rules.c - the rules of services, and the services that check them before they do their work. */
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

/* ---- the rules: a line for each service, in the order of struct tenon_host ---- */

/* S: returns a value; V: none; M: memory of the call. The last but one is the pointer that must not lead into
 * memory of another call; the last what a service returns that was refused. */
#define SERVICES                                                                                             \
    V (fail, (int32_t status, uint32_t source, uint64_t offset, const char *message),                        \
       (status, source, offset, message), TN_FROM_EVERY)                                                     \
    V (note, (uint32_t kind, const char *item, const char *message), (kind, item, message), TN_FROM_EVERY)   \
    N (int32_t, cancelled, TN_FROM_EVERY, 1)                                                                 \
    S (tenon_status, work, (uint64_t amount), (amount), TN_FROM_EVERY, NULL, TENON_E_MISUSE)                 \
    M (void *, scratch, (uint64_t size), (size), TN_FROM_EVERY, size)                                        \
    S (tenon_status, option, (uint32_t index, struct tenon_setting * setting), (index, setting),             \
       TN_FROM_EVERY, NULL, TENON_E_MISUSE)                                                                  \
    S (uint64_t, limit, (uint32_t limit), (limit), TN_FROM_EVERY, NULL, 0)                                   \
    S (uint64_t, hash, (const void *bytes, uint64_t length), (bytes, length), TN_FROM_EVERY, bytes, 0)       \
    S (uint64_t, checksum, (uint32_t kind, uint64_t before, const void *bytes, uint64_t length),             \
       (kind, before, bytes, length), TN_FROM_EVERY, bytes, 0)                                               \
    S (uint32_t, dtype_find, (const char *name), (name), TN_FROM_EVERY, NULL, 0)                             \
    S (tenon_status, dtype_info, (uint32_t dtype, struct tenon_dtype * info), (dtype, info), TN_FROM_EVERY,  \
       NULL, TENON_E_MISUSE)                                                                                 \
    S (tenon_status, source_info, (uint32_t source, struct tenon_source_info * info), (source, info),        \
       TN_FROM_EVERY, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, read_at, (uint32_t source, uint64_t offset, void *to, uint64_t length),                 \
       (source, offset, to, length), TN_FROM_EVERY, to, TENON_E_MISUSE)                                      \
    M (const void *, view, (uint32_t source, uint64_t offset, uint64_t length), (source, offset, length),    \
       TN_FROM_EVERY, length)                                                                                \
    S (tenon_status, items,                                                                                  \
       (const struct tenon_value *array, uint64_t first, uint64_t n, struct tenon_value *items),             \
       (array, first, n, items), TN_FROM_DESCRIBE | TN_FROM_READ | TN_FROM_WRITE, NULL, TENON_E_MISUSE)      \
    S (tenon_status, each_item,                                                                              \
       (const struct tenon_value *array, tenon_status (*visit) (void *user, const struct tenon_value *item), \
        void *user),                                                                                         \
       (array, visit, user), TN_FROM_DESCRIBE | TN_FROM_READ | TN_FROM_WRITE, NULL, TENON_E_MISUSE)          \
    S (tenon_status, open_key, (const char *key, uint64_t length, uint32_t *source), (key, length, source),  \
       TN_FROM_DESCRIBE | TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                               \
    N (const char *, answer, TN_FROM_DESCRIBE | TN_FROM_WRITE, NULL)                                         \
    V (expect, (uint64_t tensors, uint64_t metadata), (tensors, metadata), TN_FROM_DESCRIBE)                 \
    S (tenon_status, add_dtype, (const struct tenon_dtype *dtype, uint32_t *number), (dtype, number),        \
       TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                                               \
    S (tenon_status, add_tensor, (struct tenon_tensor * tensor), (tensor), TN_FROM_DESCRIBE, tensor,         \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, skip_tensor,                                                                            \
       (const struct tenon_tensor *tensor, tenon_status status, const char *dtype, const char *why),         \
       (tensor, status, dtype, why), TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                 \
    S (tenon_status, add_metadata, (const char *key, uint64_t key_length, const struct tenon_value *value),  \
       (key, key_length, value), TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                     \
    S (tenon_status, find_metadata, (const char *key, uint64_t key_length), (key, key_length),               \
       TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                                               \
    S (tenon_status, find, (const char *name, uint64_t name_length, struct tenon_tensor *tensor),            \
       (name, name_length, tensor), TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                  \
    S (tenon_status, described, (uint64_t index, struct tenon_tensor * tensor), (index, tensor),             \
       TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                                               \
    S (tenon_status, include, (uint32_t source, const struct tenon_include *how), (source, how),             \
       TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                                               \
    S (tenon_status, shard_info, (struct tenon_shard_info * info), (info), TN_FROM_DESCRIBE, NULL,           \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, leave_state, (const void *state, uint64_t size), (state, size), TN_FROM_DESCRIBE,       \
       state, TENON_E_MISUSE)                                                                                \
    S (tenon_status, add_part, (const struct tenon_part *part, uint32_t *source), (part, source),            \
       TN_FROM_DESCRIBE, part, TENON_E_MISUSE)                                                               \
    S (tenon_status, skip_part, (const struct tenon_part *part, tenon_status status, const char *why),       \
       (part, status, why), TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                          \
    S (tenon_status, next_key, (const char *prefix, uint64_t prefix_length, struct tenon_key *key),          \
       (prefix, prefix_length, key), TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                 \
    S (tenon_status, plan_info, (struct tenon_plan_info * info), (info), TN_FROM_WRITE, NULL,                \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, plan_tensor, (uint64_t index, struct tenon_tensor * tensor), (index, tensor),           \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, plan_metadata,                                                                          \
       (uint64_t index, const char **key, uint64_t *key_length, struct tenon_value *value),                  \
       (index, key, key_length, value), TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                 \
    S (uint32_t, plan_metadata_flags, (uint64_t index), (index), TN_FROM_WRITE, NULL, 0)                     \
    S (tenon_status, put, (const void *bytes, uint64_t length), (bytes, length), TN_FROM_WRITE, bytes,       \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, align, (uint64_t alignment, uint32_t fill), (alignment, fill), TN_FROM_WRITE, NULL,     \
       TENON_E_MISUSE)                                                                                       \
    N (uint64_t, tell, TN_FROM_WRITE, 0)                                                                     \
    S (tenon_status, patch, (uint64_t position, const void *bytes, uint64_t length),                         \
       (position, bytes, length), TN_FROM_WRITE, bytes, TENON_E_MISUSE)                                      \
    S (tenon_status, put_items, (const struct tenon_value *array, uint32_t encoding), (array, encoding),     \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, put_tensor, (uint64_t index, const struct tenon_layout *layout), (index, layout),       \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, read_tensor,                                                                            \
       (uint64_t index, const struct tenon_layout *layout, uint64_t offset, void *to, uint64_t length),      \
       (index, layout, offset, to, length), TN_FROM_WRITE, to, TENON_E_MISUSE)                               \
    S (tenon_status, put_member, (const struct tenon_member *member, struct tenon_member_result *result),    \
       (member, result), TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                \
    S (tenon_status, put_key, (const struct tenon_entry *entry), (entry), TN_FROM_WRITE, NULL,               \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, drop_key, (const char *key, uint64_t length), (key, length), TN_FROM_WRITE, NULL,       \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, put_old, (uint64_t length), (length), TN_FROM_WRITE, NULL, TENON_E_MISUSE)              \
    S (tenon_status, old_part, (uint64_t index, const char **name, uint64_t *length), (index, name, length), \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)

#define LIST(...) __VA_ARGS__

enum service {
#define N(type, name, from, bad) SERVICE_##name,
#define V(name, parameters, arguments, from) SERVICE_##name,
#define M(type, name, parameters, arguments, from, size) SERVICE_##name,
#define S(type, name, parameters, arguments, from, memory, bad) SERVICE_##name,
    SERVICES
#undef N
#undef V
#undef M
#undef S
        SERVICE_COUNT
};

const struct tn_rule tn_rules[] = {
#define N(type, name, from, bad) { #name, from },
#define V(name, parameters, arguments, from) { #name, from },
#define M(type, name, parameters, arguments, from, size) { #name, from },
#define S(type, name, parameters, arguments, from, memory, bad) { #name, from },
    SERVICES
#undef N
#undef V
#undef M
#undef S
};
const unsigned tn_rule_count = SERVICE_COUNT;

/* One line for each. */
_Static_assert(sizeof (struct tenon_host)
                   == offsetof (struct tenon_host, fail) + SERVICE_COUNT * sizeof (void (*) (void)),
               "a service of struct tenon_host has no rule");

/* ---- checking ---- */

static const char *const functions[] = { [TN_CALL_PROBE] = "probe",
                                         [TN_CALL_DESCRIBE] = "describe",
                                         [TN_CALL_READ] = "read",
                                         [TN_CALL_WRITE] = "write" };

/* "describe, read and write" */
static void
list_functions (char *to, size_t room, uint32_t from)
{
    size_t used = 0;
    to[0] = 0;
    for (unsigned i = 0; i < TN_COUNT (functions); i++) {
        if (!(from & 1u << i))
            continue;
        const char *between = used == 0 ? "" : from >> (i + 1) ? ", " : " and ";
        int length = snprintf (to + used, room - used, "%s%s", between, functions[i]);
        used = TN_MIN (used + (size_t) (length > 0 ? length : 0), room - 1);
    }
}

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
find_broken (const struct handle *handle, const struct handle *running, enum service service,
             const void *memory, char *words, size_t room)
{
    char from[80];
    list_functions (from, sizeof from, tn_rules[service].from);
    words[0] = 0;
    if (!handle->call)
        snprintf (words, room, "with a call that has ended, that of %s", functions[handle->state]);
    else if (!handle->runs)
        snprintf (words, room, "while none of its functions runs");
    else if (!pthread_equal (handle->thread, pthread_self ()))
        snprintf (words, room, "on another thread than that of %s", functions[handle->state]);
    else if (handle != running)
        snprintf (words, room, "with the call of its %s, while %s of the codec %s runs",
                  functions[handle->state], running ? functions[running->state] : "nothing",
                  running ? running->codec : "");
    else if (!(tn_rules[service].from & 1u << handle->state))
        snprintf (words, room, "from %s; it may be used from %s", functions[handle->state], from);
    else if (memory && tn_debug_was_of_call (handle->debug, memory))
        snprintf (words, room, "from %s with memory of a call that has ended", functions[handle->state]);
    return words[0] != 0;
}

/* True if the service may do its work. Else the rule is told when the function returns that runs here; or, on
 * another thread, the one that got the call. */
static bool
allow_service (struct handle *handle, enum service service, const void *memory)
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

/* ---- the services that check ---- */

#define N(type, name, from, bad)                                                                             \
    static type checked_##name (struct tenon_call *public)                                                   \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        return allow_service (handle, SERVICE_##name, NULL) ? handle->services->name (&handle->call->public) \
                                                            : bad;                                           \
    }
#define V(name, parameters, arguments, from)                                                                 \
    static void checked_##name (struct tenon_call *public, LIST parameters)                                  \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        if (allow_service (handle, SERVICE_##name, NULL))                                                    \
            handle->services->name (&handle->call->public, LIST arguments);                                  \
    }
#define M(type, name, parameters, arguments, from, size)                                                     \
    static type checked_##name (struct tenon_call *public, LIST parameters)                                  \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        if (!allow_service (handle, SERVICE_##name, NULL))                                                   \
            return NULL;                                                                                     \
        return own_memory (handle, handle->services->name (&handle->call->public, LIST arguments), size);    \
    }
#define S(type, name, parameters, arguments, from, memory, bad)                                              \
    static type checked_##name (struct tenon_call *public, LIST parameters)                                  \
    {                                                                                                        \
        struct handle *handle = (struct handle *) public;                                                    \
        return allow_service (handle, SERVICE_##name, memory)                                                \
                   ? handle->services->name (&handle->call->public, LIST arguments)                          \
                   : bad;                                                                                    \
    }
SERVICES
#undef N
#undef V
#undef M
#undef S

static const void *
get_no_extension (const struct tenon_host *host, const char *id)
{
    (void) host, (void) id;
    return NULL;
}

static const struct tenon_host checking_host = { .struct_size = sizeof checking_host,
                                                 .abi_minor = TENON_ABI_MINOR,
                                                 .version = PACKAGE_VERSION,
                                                 .get_extension = get_no_extension,
#define N(type, name, from, bad) .name = checked_##name,
#define V(name, parameters, arguments, from) .name = checked_##name,
#define M(type, name, parameters, arguments, from, size) .name = checked_##name,
#define S(type, name, parameters, arguments, from, memory, bad) .name = checked_##name,
                                                 SERVICES
#undef N
#undef V
#undef M
#undef S
};

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
                               .codec = call->codec->table.id,
                               .state = call->state };
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
