/* SPDX-License-Identifier: MIT */
/* services.h - from which functions of a codec each service may be called. */
#ifndef TN_SERVICES_H
#define TN_SERVICES_H
#include <stdbool.h>
#include <tenon/plugin.h>

/* The function that runs. */
enum tn_state {
    TN_CALL_PROBE,
    TN_CALL_DESCRIBE,
    TN_CALL_READ,
    TN_CALL_CHUNK, /* locate_chunk */
    TN_CALL_WRITE,
    /* of the codec of an archive: its describe, and those of struct tenon_archive */
    TN_CALL_LIST,
    TN_CALL_LOCATE,
    TN_CALL_BEGIN,
    TN_CALL_DROP,
    TN_CALL_BEGIN_ENTRY,
    TN_CALL_END_ENTRY,
    TN_CALL_FINISH,
    TN_CALL_STATES
};

enum {
    TN_FROM_PROBE = 1 << TN_CALL_PROBE,
    TN_FROM_DESCRIBE = 1 << TN_CALL_DESCRIBE,
    TN_FROM_READ = 1 << TN_CALL_READ,
    TN_FROM_CHUNK = 1 << TN_CALL_CHUNK,
    TN_FROM_WRITE = 1 << TN_CALL_WRITE,
    TN_FROM_LIST = 1 << TN_CALL_LIST,
    TN_FROM_LOCATE = 1 << TN_CALL_LOCATE,
    TN_FROM_BEGIN = 1 << TN_CALL_BEGIN,
    TN_FROM_DROP = 1 << TN_CALL_DROP,
    TN_FROM_BEGIN_ENTRY = 1 << TN_CALL_BEGIN_ENTRY,
    TN_FROM_END_ENTRY = 1 << TN_CALL_END_ENTRY,
    TN_FROM_FINISH = 1 << TN_CALL_FINISH,
    /* of an archive that is read, and of one that is written */
    TN_FROM_PARTS = TN_FROM_LIST | TN_FROM_LOCATE,
    TN_FROM_ENTRIES = TN_FROM_BEGIN | TN_FROM_DROP | TN_FROM_BEGIN_ENTRY | TN_FROM_END_ENTRY | TN_FROM_FINISH,
    TN_FROM_EVERY = (1 << TN_CALL_STATES) - 1
};

/* A line for each service, in the order of struct tenon_host. S: returns a value; V: none; M: memory of the
 * call; N: has no parameters. The last but one is the pointer that must not lead into memory of another call;
 * the last what a service returns that was refused. */
#define TN_SERVICES(S, V, M, N)                                                                              \
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
    S (tenon_status, checksum,                                                                               \
       (uint32_t kind, const uint64_t *before, const void *bytes, uint64_t length, uint64_t *sum),           \
       (kind, before, bytes, length, sum), TN_FROM_EVERY, bytes, TENON_E_MISUSE)                             \
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
       TN_FROM_DESCRIBE | TN_FROM_CHUNK | TN_FROM_WRITE, NULL, TENON_E_MISUSE)                               \
    N (const char *, answer, TN_FROM_DESCRIBE | TN_FROM_CHUNK | TN_FROM_PARTS | TN_FROM_WRITE, "")           \
    V (expect, (uint64_t tensors, uint64_t metadata), (tensors, metadata), TN_FROM_DESCRIBE | TN_FROM_LIST)  \
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
       TN_FROM_DESCRIBE | TN_FROM_PARTS, part, TENON_E_MISUSE)                                               \
    S (tenon_status, skip_part, (const struct tenon_part *part, tenon_status status, const char *why),       \
       (part, status, why), TN_FROM_PARTS, NULL, TENON_E_MISUSE)                                             \
    S (tenon_status, next_key, (const char *prefix, uint64_t prefix_length, struct tenon_key *key),          \
       (prefix, prefix_length, key), TN_FROM_DESCRIBE, NULL, TENON_E_MISUSE)                                 \
    S (tenon_status, claim_keys, (const struct tenon_claim *claim), (claim), TN_FROM_DESCRIBE, NULL,         \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, plan_info, (struct tenon_plan_info * info), (info), TN_FROM_WRITE | TN_FROM_ENTRIES,    \
       NULL, TENON_E_MISUSE)                                                                                 \
    S (tenon_status, plan_tensor, (uint64_t index, struct tenon_tensor * tensor), (index, tensor),           \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, plan_metadata,                                                                          \
       (uint64_t index, const char **key, uint64_t *key_length, struct tenon_value *value),                  \
       (index, key, key_length, value), TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                 \
    S (uint32_t, plan_metadata_flags, (uint64_t index), (index), TN_FROM_WRITE, NULL, 0)                     \
    S (tenon_status, put, (const void *bytes, uint64_t length), (bytes, length),                             \
       TN_FROM_WRITE | TN_FROM_ENTRIES, bytes, TENON_E_MISUSE)                                               \
    S (tenon_status, align, (uint64_t alignment, uint32_t fill), (alignment, fill),                          \
       TN_FROM_WRITE | TN_FROM_ENTRIES, NULL, TENON_E_MISUSE)                                                \
    N (uint64_t, tell, TN_FROM_WRITE | TN_FROM_ENTRIES, 0)                                                   \
    S (tenon_status, patch, (uint64_t position, const void *bytes, uint64_t length),                         \
       (position, bytes, length), TN_FROM_WRITE | TN_FROM_ENTRIES, bytes, TENON_E_MISUSE)                    \
    S (tenon_status, put_items, (const struct tenon_value *array, uint32_t encoding), (array, encoding),     \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, put_tensor, (uint64_t index, const struct tenon_layout *layout), (index, layout),       \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                                  \
    S (tenon_status, put_grid, (const struct tenon_grid_put *put), (put), TN_FROM_WRITE, NULL,               \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, read_tensor,                                                                            \
       (uint64_t index, const struct tenon_layout *layout, uint64_t offset, void *to, uint64_t length),      \
       (index, layout, offset, to, length), TN_FROM_WRITE, to, TENON_E_MISUSE)                               \
    S (tenon_status, put_member, (const struct tenon_member *member, struct tenon_member_result *result),    \
       (member, result), TN_FROM_WRITE, NULL, TENON_E_MISUSE)                                                \
    S (tenon_status, put_key, (const struct tenon_entry *entry), (entry), TN_FROM_WRITE, NULL,               \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, drop_key, (const char *key, uint64_t length), (key, length), TN_FROM_WRITE, NULL,       \
       TENON_E_MISUSE)                                                                                       \
    S (tenon_status, put_old, (uint64_t length), (length),                                                   \
       TN_FROM_WRITE | TN_FROM_BEGIN | TN_FROM_BEGIN_ENTRY | TN_FROM_FINISH, NULL, TENON_E_MISUSE)           \
    S (tenon_status, old_part, (uint64_t index, const char **name, uint64_t *length), (index, name, length), \
       TN_FROM_WRITE, NULL, TENON_E_MISUSE)

#define TN_SERVICE_N(type, name, from, bad) TN_SERVICE_##name,
#define TN_SERVICE_V(name, parameters, arguments, from) TN_SERVICE_##name,
#define TN_SERVICE_M(type, name, parameters, arguments, from, size) TN_SERVICE_##name,
#define TN_SERVICE_S(type, name, parameters, arguments, from, memory, bad) TN_SERVICE_##name,
enum tn_service { TN_SERVICES (TN_SERVICE_S, TN_SERVICE_V, TN_SERVICE_M, TN_SERVICE_N) TN_SERVICE_COUNT };

struct tn_rule {
    const char *service;
    uint32_t from; /* TN_FROM_* */
};

extern const struct tn_rule tn_rules[TN_SERVICE_COUNT];
static inline bool
tn_rule_allows (enum tn_service service, enum tn_state state)
{
    return tn_rules[service].from & 1u << state;
}
/* The name of a codec's function. */
const char *tn_state_name (enum tn_state state);
/* "from describe; it may be used from write": what a service that was called from there is told. */
void tn_rule_words (enum tn_service service, enum tn_state state, char *words, size_t room);

#endif
