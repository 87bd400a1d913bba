/* SPDX-License-Identifier: MIT */
/* host_describe.c - the services that fill a catalog, and their checks, which no codec can avoid. */
#include "base/report.h"
#include "codec/describe_grid.h"
#include "codec/host.h"
#include "codec/reach.h"
#include <stdio.h>

void
tn_host_expect (struct tenon_call *public, uint64_t tensors, uint64_t metadata)
{
    struct tn_call *call = (struct tn_call *) public;
    (void) metadata;
    if (TN_CALL_MAY (call, expect) < 0)
        return;
    /* The number may be a hostile file's. No format describes a tensor in fewer bytes than this. */
    enum { LEAST_BYTES = 16 };
    struct tn_source *source = tn_call_source (call, 0);
    uint64_t most =
        source ? TN_MIN (source->size, call->session->context->limits[TENON_LIMIT_HEADER_BYTES]) : 0;
    tn_catalog_expect (call->session->catalog, TN_MIN (tensors, most / LEAST_BYTES));
}

tenon_status
tn_host_add_dtype (struct tenon_call *public, const struct tenon_dtype *dtype, uint32_t *number)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_dtype ours;
    TN_TRY (TN_CALL_MAY (call, add_dtype));
    if (!tn_copy_struct (&ours, sizeof ours, dtype, offsetof (struct tenon_dtype, swap)))
        return tn_call_misuse (call, "a struct tenon_dtype has a wrong struct_size");
    if (ours.flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s adds a dtype with flags %#x that this version does not know",
                        call->codec->table.id, ours.flags);
    uint64_t words = ours.text ? strlen (ours.text) : 0;
    TN_TRY (tn_budget_work (call->session->budget, TN_WORK_LOOKUP + words));
    return tn_catalog_add_dtype (call->session->catalog, &ours, number, call->session->error);
}

/* ---- names ---- */

/* "letter.box.toy" → 10 with the extension toy. */
static uint64_t
stem_length (const struct tn_codec *codec, const char *name, uint64_t length)
{
    size_t extension = tn_extension_length (codec, name, length);
    return extension > 0 && extension + 1 < length ? length - extension - 1 : length;
}

tenon_status
tn_call_source_name (struct tn_session *session, const struct tn_codec *codec, const struct tn_source *source,
                     const char **name, uint64_t *length)
{
    *name = source->name;
    *length = codec ? stem_length (codec, source->name, source->name_length) : source->name_length;
    if (!tn_utf8 (*name, *length)) { /* a path may be no text; that is no failure of the file */
        char *escaped = tn_arena_get (&session->arena, 4 * *length + 1, false);
        if (!escaped)
            return tn_fail_memory (session->error);
        tn_escape (escaped, 4 * *length + 1, *name, *length);
        *name = escaped;
        *length = strlen (escaped);
    }
    if (*length == 0)
        *name = "array", *length = strlen (*name);
    return TENON_OK;
}

tenon_status
tn_call_name_tensor (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to)
{
    struct tn_session *session = call->session;
    const char *name = from->name, *prefix = call->prefix ? call->prefix : "";
    uint64_t length = from->name_length, prefix_length = strlen (prefix);
    if (!name) {
        /* in the place of the KEY that the prefix ends with */
        const struct tn_source *source = tn_call_source (call, 0);
        TN_TRY (tn_call_source_name (session, call->codec, source, &name, &length));
        if (call->prefix && (call->include_flags & TENON_INCLUDE_PREFIX))
            prefix_length -= source->name_length + 1;
    }
    if (length == 0 || length > UINT32_MAX / 2 || !tn_utf8 (name, length)) {
        char shown[200];
        tn_escape (shown, sizeof shown, name, TN_MIN (length, 60));
        return tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET, "the tensor name '%s' is %s", shown,
                        length == 0               ? "empty"
                        : length > UINT32_MAX / 2 ? "too long"
                                                  : "not valid UTF-8 without NUL");
    }
    uint64_t total = prefix_length + length;
    TN_TRY (tn_budget_work (session->budget, TN_WORK_ENTRY + total));
    char *text = prefix_length ? tn_arena_get (&session->catalog->arena, total + 1, false)
                               : tn_arena_text (&session->catalog->arena, name, length);
    if (!text)
        return tn_fail_memory (session->error);
    if (prefix_length) {
        memcpy (text, prefix, prefix_length);
        memcpy (text + prefix_length, name, length);
        text[total] = 0;
    }
    to->name = text;
    to->name_length = (uint32_t) total;
    return TENON_OK;
}

/* ---- tensors ---- */

static tenon_status
check_layout (struct tn_call *call, const struct tenon_tensor *from, const struct tenon_dtype *dtype)
{
    if (from->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s describes it with flags %#x that this version does not know",
                        call->codec->table.id, from->flags);
    if (from->storage != TENON_EXTENT && from->storage != TENON_SERVED && from->storage != TENON_GRID)
        return tn_call_misuse (call, "a tensor has an unknown storage");
    if (from->storage == TENON_SERVED && !call->codec->table.read)
        return tn_call_misuse (call, "it serves a tensor, but has no read function");
    if (from->storage == TENON_SERVED && ((from->flags & TENON_FORTRAN) || dtype->block_items > 1))
        return tn_call_misuse (call, "a served tensor is in C order, and its items stand by themselves");
    if (from->strides && (from->storage != TENON_EXTENT || (from->flags & TENON_FORTRAN)))
        return tn_call_misuse (call, "a tensor with strides must be TENON_EXTENT without TENON_FORTRAN");
    if (from->strides && dtype->block_items > 1)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "blocks of %s cannot have strides", dtype->name);
    if ((from->flags & TENON_FORTRAN) && dtype->block_items > 1 && from->rank > 1)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "blocks of %s cannot be in Fortran order", dtype->name);
    return TENON_OK;
}

/* Keeps what read or locate_chunk will need. */
static tenon_status
keep_state (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
            const struct tn_grid *grid)
{
    struct tn_session *session = call->session;
    uint64_t size = from->state_size;
    if (size > 0 && !from->state)
        return tn_call_misuse (call, "a tensor has a state of NULL");
    if (size > 0 && from->storage == TENON_EXTENT)
        return tn_call_misuse (call, "a tensor has a state, but its bytes are a range: nothing would get it");
    if (size > TENON_MOST_STATE)
        return tn_call_misuse (call, "the state of a tensor has more than 65536 bytes");
    if (from->storage == TENON_EXTENT)
        return TENON_OK;
    TN_TRY (tn_budget_work (session->budget, size));
    struct tn_served *served = tn_arena_get (&session->catalog->arena, sizeof *served + size, false);
    if (!served)
        return tn_fail_memory (session->error);
    *served = (struct tn_served){ .offset = from->offset, .place = from->place, .size = size, .grid = grid };
    if (size > 0)
        memcpy (tn_served_state (served), from->state, size);
    to->served = served;
    return TENON_OK;
}

static tenon_status
check_described (struct tn_call *call, struct tenon_tensor *from, struct tn_tensor *to)
{
    struct tn_session *session = call->session;
    struct tn_catalog *catalog = session->catalog;
    const struct tn_grid *grid;
    uint64_t elements, bytes;
    TN_TRY (tn_call_name_tensor (call, from, to));
    const struct tenon_dtype *dtype = tn_catalog_dtype (catalog, from->dtype);
    if (!dtype || from->dtype == TENON_NONE)
        return tn_call_misuse (call, "there is no dtype of the number that it gave");
    if (from->rank > 64)
        return tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "it has %u dims, at most 64 are possible", from->rank);
    if (from->rank > 0 && !from->shape)
        return tn_call_misuse (call, "a tensor has dims but no shape");
    TN_TRY (check_layout (call, from, dtype));
    TN_TRY (tn_shape_bytes (dtype, from->rank, from->shape, &elements, &bytes, session->error));
    struct tn_source *source = tn_call_source (call, from->source);
    if (!source)
        return session->error->status;
    if (!tn_catalog_give_shape (catalog, to, from->rank, from->shape))
        return tn_fail_memory (session->error);
    to->dtype = from->dtype;
    to->flags = (uint8_t) (from->flags & (TENON_FORTRAN | TENON_BIG_ENDIAN | TENON_ALIAS));
    to->storage = (uint8_t) from->storage;
    to->source = source->number;
    catalog->serves |= from->storage != TENON_EXTENT;
    to->description = call->description;
    TN_TRY (tn_call_copy_grid (call, from, to, dtype, &grid));
    TN_TRY (tn_call_check_reach (call, from, to, source, dtype, bytes));
    TN_TRY (keep_state (call, from, to, grid));
    if (from->storage == TENON_GRID)
        TN_TRY (tn_call_bound_chunks (call, to));
    from->length = bytes;
    return TENON_OK;
}

tenon_status
tn_call_new_tensor (struct tn_call *call, struct tn_tensor **slot)
{
    struct tn_session *session = call->session;
    uint64_t most = session->context->limits[TENON_LIMIT_TENSORS];
    if (session->catalog->count >= most)
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu tensors; raise tensors in [limits] to read them",
                        (unsigned long long) most);
    *slot = tn_catalog_slot (session->catalog);
    return *slot ? TENON_OK : tn_fail_memory (session->error);
}

tenon_status
tn_call_end_tensor (struct tn_call *call, struct tn_tensor *slot, uint64_t place, tenon_status status)
{
    struct tn_session *session = call->session;
    if (status < 0 && session->error->status == TENON_OK) /* it is an answer, and no failure yet */
        return status;
    if (status < 0 && session->error->offset == TN_NO_OFFSET && place > 0)
        session->error->offset = place;
    if (status == TENON_OK)
        status = tn_catalog_commit_later (session->catalog, place, session->error);
    if (status < 0) {
        struct tn_source *source = tn_call_source (call, 0);
        if (source)
            tn_source_fail_in (source, session->error);
        tn_fail_in (session->error, NULL, slot->name);
    }
    return status;
}

tenon_status
tn_host_add_tensor (struct tenon_call *public, struct tenon_tensor *tensor)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_tensor ours;
    struct tn_tensor *slot;
    TN_TRY (TN_CALL_MAY (call, add_tensor));
    if (!tn_copy_struct (&ours, sizeof ours, tensor, offsetof (struct tenon_tensor, chunk_shape)))
        return tn_call_misuse (call, "a struct tenon_tensor has a wrong struct_size");
    TN_TRY (tn_call_new_tensor (call, &slot));
    TN_TRY (tn_call_end_tensor (call, slot, ours.place, check_described (call, &ours, slot)));
    /* tn_copy_struct refused structs that end before the length. */
    memcpy ((char *) tensor + offsetof (struct tenon_tensor, length), &ours.length, sizeof ours.length);
    return TENON_OK;
}

static tenon_status
show_tensor (struct tn_call *call, const struct tn_tensor *found, struct tenon_tensor *tensor)
{
    const struct tn_description *description = &call->session->catalog->descriptions[call->description];
    struct tenon_tensor theirs;
    tn_call_show_tensor (call->session->catalog, found, tn_description_sources (description),
                         description->count, &theirs);
    return tn_call_reply (call, tensor, &theirs, sizeof theirs);
}

tenon_status
tn_host_find (struct tenon_call *public, const char *name, uint64_t length, struct tenon_tensor *tensor)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_catalog *catalog = call->session->catalog;
    uint64_t index;
    TN_TRY (TN_CALL_MAY (call, find));
    TN_TRY (tn_budget_work (call->session->budget, TN_WORK_LOOKUP + length));
    TN_TRY (tn_catalog_enter_names (catalog, call->session->error));
    if (!tn_catalog_find (catalog, name, length, &index)) {
        return tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the tensor ", name, length, " is not there");
    }
    return show_tensor (call, tn_catalog_tensor (catalog, index), tensor);
}

tenon_status
tn_host_described (struct tenon_call *public, uint64_t index, struct tenon_tensor *tensor)
{
    struct tn_call *call = (struct tn_call *) public;
    TN_TRY (TN_CALL_MAY (call, described));
    TN_TRY (tn_budget_work (call->session->budget, TN_WORK_LOOKUP));
    if (index >= call->session->catalog->count) {
        char words[60];
        snprintf (words, sizeof words, "there is no tensor number %llu", (unsigned long long) index);
        return tn_call_answer (call, TENON_E_NOT_FOUND, words);
    }
    return show_tensor (call, tn_catalog_tensor (call->session->catalog, index), tensor);
}

/* Only the file that is described by itself is a shard: the name of an included source says nothing. */
tenon_status
tn_host_shard_info (struct tenon_call *public, struct tenon_shard_info *info)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    struct tenon_shard_info found = { .struct_size = sizeof found };
    TN_TRY (TN_CALL_MAY (call, shard_info));
    if (session->depth == 1) {
        found.number = session->shard.number;
        found.count = session->shard.count;
    }
    if (session->depth == 1 && session->shard.whole) {
        found.flags = TENON_SHARDS_WHOLE | (session->shard.incomplete ? TENON_SHARDS_INCOMPLETE : 0u);
        found.tensors = session->shard.tensors;
        found.state = session->shard.state_size > 0 ? session->shard.state : NULL;
        found.state_size = session->shard.state_size;
    }
    return tn_call_reply (call, info, &found, sizeof found);
}

tenon_status
tn_host_leave_state (struct tenon_call *public, const void *state, uint64_t size)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    TN_TRY (TN_CALL_MAY (call, leave_state));
    if (session->depth != 1 || !session->shard.whole)
        return tn_call_misuse (call, "it leaves a state, but this is no shard of a set that is opened whole");
    if (size > TENON_MOST_SHARD_STATE || (size > 0 && !state))
        return tn_call_misuse (call, size > 0 && !state ? "it leaves a state of NULL"
                                                        : "it leaves a state of more than 4096 bytes");
    TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP + size));
    if (!session->shard.state
        && !(session->shard.state = tn_arena_get (&session->catalog->arena, TENON_MOST_SHARD_STATE, false)))
        return tn_fail_memory (session->error);
    if (size > 0)
        memmove (session->shard.state, state, size); /* it may be the one that shard_info gave */
    session->shard.state_size = size;
    return TENON_OK;
}

/* ---- metadata ---- */

/* Checks the range of an array, and turns the codec's number of its source into the catalog's. */
static tenon_status
adopt_value (struct tn_call *call, struct tenon_value *value)
{
    if (!tn_value_is_packed (value) || value->source == TENON_NO_SOURCE)
        return TENON_OK;
    struct tn_source *source = tn_call_source (call, value->source);
    if (!source)
        return call->session->error->status;
    if (value->offset > source->size || value->length > source->size - value->offset)
        return tn_fail (
            call->session->error, TENON_E_TRUNCATED, value->offset,
            "a metadata array needs %llu bytes, %llu are left", (unsigned long long) value->length,
            (unsigned long long) (value->offset > source->size ? 0 : source->size - value->offset));
    value->source = source->number;
    return TENON_OK;
}

/* Maps and nested arrays may hold ranges, too. The value is the catalog's copy, so its items may be changed.
 */
static tenon_status
adopt_nested (struct tn_call *call, const struct tenon_value *value)
{
    struct tn_value_walk walk;
    for (value = tn_value_first (&walk, value); value; value = tn_value_next (&walk, value))
        TN_TRY (adopt_value (call, (struct tenon_value *) (uintptr_t) value));
    return TENON_OK;
}

/* A later shard may repeat a key of an earlier one, whose value counts. Another value gets a note. */
static tenon_status
compare_repeated (struct tn_call *call, struct tn_metadata *entry, const struct tenon_value *value)
{
    struct tn_session *session = call->session;
    struct tn_catalog *catalog = session->catalog;
    const struct tn_description *description = &catalog->descriptions[call->description];
    const struct tn_source *source = tn_call_source (call, 0);
    struct tenon_value copy; /* tn_value_copy checks the value */
    uint64_t bytes = 0;
    bool same;
    entry->description = call->description;
    TN_TRY (tn_value_copy (&session->arena, value, &copy, session->context, &bytes, session->error));
    TN_TRY (tn_value_same (catalog, &entry->value, &copy, tn_description_sources (description),
                           description->count, &same, session->error));
    if (!same && session->report)
        tn_report_add (session->report, TENON_NOTE, TENON_OK, 0, entry->key,
                       source->path ? source->path : source->name,
                       "an earlier file of the set has another value, which counts");
    return TENON_OK;
}

/* The key behind the prefix of this call, in the session's arena. NULL: the failure is recorded. */
static char *
whole_key (struct tn_call *call, const char *key, uint64_t *length)
{
    struct tn_session *session = call->session;
    const char *prefix = call->metadata_prefix ? call->metadata_prefix : "";
    uint64_t prefix_length = strlen (prefix);
    if (tn_budget_work (session->budget, TN_WORK_ENTRY + prefix_length + *length) < 0)
        return NULL;
    char *whole = tn_arena_get (&session->arena, prefix_length + *length + 1, false);
    if (!whole) {
        tn_fail_memory (session->error);
        return NULL;
    }
    memcpy (whole, prefix, prefix_length);
    memcpy (whole + prefix_length, key, *length);
    *length += prefix_length;
    return whole;
}

/* The entry of that key, which an earlier file of the set may have brought; NULL: there is none. */
static struct tn_metadata *
entry_of_key (struct tn_call *call, const char *key, uint64_t length, bool *repeated)
{
    struct tn_catalog *catalog = call->session->catalog;
    uint64_t index;
    if (!tn_catalog_find_key (catalog, key, length, &index))
        return NULL;
    *repeated = (call->include_flags & TENON_INCLUDE_REPEATED)
                && catalog->metadata[index].description != call->description;
    return &catalog->metadata[index];
}

tenon_status
tn_host_find_metadata (struct tenon_call *public, const char *key, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    bool repeated = false;
    TN_TRY (TN_CALL_MAY (call, find_metadata));
    if (length <= UINT32_MAX && !(call->include_flags & TENON_INCLUDE_NO_METADATA)) {
        struct tn_mark mark = tn_arena_mark (&session->arena);
        uint64_t whole_length = length;
        char *whole = whole_key (call, key, &whole_length);
        if (!whole)
            return session->error->status;
        bool known = entry_of_key (call, whole, whole_length, &repeated) && !repeated;
        tn_arena_release (&session->arena, mark);
        if (known)
            return TENON_OK;
    }
    return tn_call_answer (call, TENON_E_NOT_FOUND, "a metadata key is not there");
}

tenon_status
tn_host_add_metadata (struct tenon_call *public, const char *key, uint64_t length,
                      const struct tenon_value *value)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_session *session = call->session;
    tenon_status status;
    TN_TRY (TN_CALL_MAY (call, add_metadata));
    if (call->include_flags & TENON_INCLUDE_NO_METADATA)
        return TENON_OK;
    if (length == 0 || length > UINT32_MAX || !tn_utf8 (key, length))
        status = tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET, "a metadata key is %s",
                          length == 0 ? "empty" : "not valid UTF-8 without NUL");
    else {
        struct tn_mark mark = tn_arena_mark (&session->arena);
        char *whole = whole_key (call, key, &length);
        if (!whole)
            return session->error->status;
        uint64_t before = session->catalog->metadata_bytes;
        bool repeated = false;
        struct tn_metadata *entry = entry_of_key (call, whole, length, &repeated);
        status = repeated ? compare_repeated (call, entry, value)
                          : tn_catalog_add_metadata (session->catalog, whole, length, value, false,
                                                     session->error);
        tn_arena_release (&session->arena, mark);
        if (status == TENON_OK && !repeated) {
            struct tn_metadata *added = &session->catalog->metadata[session->catalog->metadata_count - 1];
            added->description = call->description;
            status = adopt_nested (call, &added->value);
            if (status == TENON_OK)
                status = tn_budget_work (session->budget, session->catalog->metadata_bytes - before);
        }
    }
    if (status < 0)
        tn_source_fail_in (tn_call_source (call, 0), session->error);
    return status;
}
