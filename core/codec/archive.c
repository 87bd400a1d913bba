/* SPDX-License-Identifier: MIT */
/* archive.c - the members of an archive as a store. */
#include "codec/archive.h"
#include "codec/host.h"
#include "codec/key_order.h"
#include "codec/rules.h"
#include "codec/wire.h"

/* A member. */
struct member {
    const char *key; /* NUL-terminated */
    struct tn_source *source;
    uint64_t size, place;
    uint32_t key_length;
    uint32_t fault; /* number + 1 of why it cannot be read; 0: it can, as far as is known */
    bool later;     /* its codec has yet to locate it */
    bool encoded;
    bool opened; /* it was asked for */
};

struct fault {
    tenon_status status;
    const char *why;
    uint64_t offset; /* of the part and what leads it, in the archive */
};

struct tn_archive {
    struct tn_keys keys;
    struct tn_call call;
    struct member *members;
    uint64_t count, room;
    struct fault *faults;
    uint64_t fault_count, fault_room;
    char *prefix;                 /* of the tensors; NULL: none */
    struct tn_names names;        /* empty until a key is looked for */
    struct tn_ordered_key *order; /* the members; NULL: not made yet */
    struct member *locating;      /* the one that is located now */
};

/* ---- members ---- */

static tenon_status
fail_misnamed (struct tn_call *call)
{
    return tn_call_misuse (call, "it locates another member than the one that it was asked for");
}

static tenon_status
new_member (struct tn_call *call, const struct tenon_part *part, struct member **member)
{
    struct tn_archive *archive = call->archive;
    struct tn_session *session = call->session;
    uint64_t most = session->context->limits[TENON_LIMIT_MEMBERS];
    if (session->members >= most)
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu members; raise members in [limits] to read them",
                        (unsigned long long) most);
    if (!tn_grow_within (session->budget, &archive->members, &archive->room, archive->count,
                         sizeof *archive->members))
        return tn_fail_memory (session->error);
    *member = &archive->members[archive->count];
    **member = (struct member){ .key = tn_archive_key (call, part),
                                .key_length = (uint32_t) part->name_length,
                                .size = part->size,
                                .place = part->place,
                                .encoded = part->step_count > 0 };
    if (!(*member)->key)
        return session->error->status;
    session->members++;
    archive->count++;
    return TENON_OK;
}

const char *
tn_archive_key (struct tn_call *call, const struct tenon_part *part)
{
    struct tn_archive *archive = call->archive;
    const struct member *member = archive->locating;
    if (member) {
        if (part->name == member->key
            || (part->name && part->name_length == member->key_length
                && memcmp (part->name, member->key, member->key_length) == 0))
            return member->key;
        fail_misnamed (call);
        return NULL;
    }
    if (!part->name) {
        tn_call_misuse (call, "a member of an archive has no key");
        return NULL;
    }
    const char *key = tn_arena_text (&call->session->catalog->arena, part->name, part->name_length);
    if (!key)
        tn_fail_memory (call->session->error);
    return key;
}

bool
tn_archive_locates (const struct tn_archive *archive)
{
    return archive->locating != NULL;
}

tenon_status
tn_archive_add_later (struct tn_call *call, const struct tenon_part *part)
{
    struct member *member;
    if (call->archive->locating)
        return tn_call_misuse (call, "it sets TENON_PART_LATER for a member that it must locate now");
    if (!call->codec->table.archive_functions->locate)
        return tn_call_misuse (call, "it sets TENON_PART_LATER, but has no locate function");
    TN_TRY (new_member (call, part, &member));
    member->later = true;
    return TENON_OK;
}

/* The member that a part is for: a new one, or the one that is being located. */
static tenon_status
member_of (struct tn_call *call, const struct tenon_part *part, struct member **member)
{
    struct tn_archive *archive = call->archive;
    if (!archive->locating)
        return new_member (call, part, member);
    *member = archive->locating;
    if (!(*member)->later)
        return tn_call_misuse (call, "it locates a member twice");
    (*member)->later = false;
    return TENON_OK;
}

tenon_status
tn_archive_add_source (struct tn_call *call, const struct tenon_part *part, struct tn_source *source,
                       uint32_t *number)
{
    struct tn_archive *archive = call->archive;
    struct member *member;
    TN_TRY (member_of (call, part, &member));
    member->source = source;
    *number = UINT32_MAX;
    TN_TRY (tn_catalog_add_source (call->session->catalog, source, call->session->error));
    return archive->locating ? TENON_OK : tn_call_number_source (call, source, number);
}

tenon_status
tn_archive_add_fault (struct tn_call *call, const struct tenon_part *part, struct tn_source *source,
                      tenon_status status, const char *why)
{
    struct tn_archive *archive = call->archive;
    struct tn_session *session = call->session;
    struct member *member;
    TN_TRY (member_of (call, part, &member));
    if (source) {
        member->source = source;
        TN_TRY (tn_catalog_add_source (session->catalog, source, session->error));
    }
    if (!tn_grow_within (session->budget, &archive->faults, &archive->fault_room, archive->fault_count,
                         sizeof *archive->faults))
        return tn_fail_memory (session->error);
    const char *words = tn_arena_text (&session->catalog->arena, why, strlen (why));
    if (!words)
        return tn_fail_memory (session->error);
    archive->faults[archive->fault_count++] =
        (struct fault){ status, words, part->offset - TN_MIN (part->lead, part->offset) };
    member->fault = (uint32_t) archive->fault_count;
    return tn_budget_work (session->budget, TN_WORK_NOTE);
}

/* ---- the store ---- */

static bool
member_is (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    const struct tn_archive *archive = owner;
    const struct member *member = &archive->members[number];
    return member->key_length == length && memcmp (member->key, text, length) == 0;
}

/* Enters all keys. Of members with the same key the last one counts. */
static tenon_status
enter_keys (struct tn_archive *archive, struct tn_session *session)
{
    archive->names = (struct tn_names){ .key = &session->context->hash_key, .budget = session->budget };
    if (!tn_names_grow (&archive->names, archive->count))
        return tn_fail_memory (session->error);
    for (uint64_t i = archive->count; i-- > 0;) {
        const struct member *member = &archive->members[i];
        TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP + member->key_length));
        if (tn_names_enter (&archive->names, archive, member_is, member->key, member->key_length, i) < 0)
            return tn_fail_memory (session->error);
    }
    return TENON_OK;
}

/* The member of a key; NULL: there is none, or a failure was recorded. */
static struct member *
find_member (struct tn_archive *archive, struct tn_session *session, const char *key, uint64_t length)
{
    uint64_t told = archive->keys.told, number;
    struct member *last = told > 0 && told <= archive->count ? &archive->members[told - 1] : NULL;
    if (last && last->key_length == length && (last->key == key || memcmp (last->key, key, length) == 0))
        return last;
    if (archive->count == 0 || (archive->names.count == 0 && enter_keys (archive, session) < 0)
        || tn_budget_work (session->budget, TN_WORK_LOOKUP + length) < 0)
        return NULL;
    return tn_names_find (&archive->names, archive, member_is, key, length, &number)
               ? &archive->members[number]
               : NULL;
}

/* Runs describe, or locate if there is a part, in the call that the archive's codec has had since it was
 * listed. Of a codec in an isolated child the failure may be told later, and is not recorded. */
static tenon_status
run_archive (struct tn_archive *archive, const struct tenon_part *part)
{
    struct tn_call *call = &archive->call;
    struct tn_session *session = call->session;
    tenon_status status;
    call->state = part ? TN_CALL_LOCATE : TN_CALL_LIST;
    if (session->proxy)
        return session->proxy->list (call, part != NULL);
    uint32_t outer = tn_plugin_enter (call->codec->plugin);
    if (part)
        status = call->codec->table.archive_functions->locate (tn_call_enter (call), part);
    else
        status = call->codec->table.describe (tn_call_enter (call));
    tn_plugin_leave (call->codec->plugin, outer);
    status = tn_call_judge (call, status);
    if (session->channel) {
        tn_channel_put_u32 (session->channel, part ? TN_SAYS_LOCATED : TN_SAYS_LISTED);
        tn_wire_put_error (session->channel, session->error);
    }
    return status;
}

static tenon_status
locate_member (struct tn_archive *archive, struct member *member)
{
    struct tn_call *call = &archive->call;
    struct tn_session *session = call->session;
    struct tenon_part part = { .struct_size = sizeof part,
                               .name = member->key,
                               .name_length = member->key_length,
                               .size = member->size,
                               .place = member->place };
    struct tn_mark mark = tn_arena_mark (&session->arena);
    archive->locating = member;
    tenon_status status = run_archive (archive, &part);
    archive->locating = NULL;
    tn_arena_release (&session->arena, mark);
    if (status < 0 && session->error->status == TENON_OK)
        return status;
    if (status == TENON_OK && member->later)
        status = tn_call_misuse (call, "it did not locate a member");
    if (status < 0)
        tn_source_fail_in (archive->keys.source, session->error);
    return status;
}

static tenon_status
open_member (struct tn_keys *keys, struct tn_call *call, const char *key, uint64_t length,
             struct tn_source **source)
{
    struct tn_archive *archive = (struct tn_archive *) keys;
    struct tn_session *session = call->session;
    *source = NULL;
    struct member *member = find_member (archive, session, key, length);
    if (!member)
        return session->error->status < 0 ? session->error->status
                                          : tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the key ", key,
                                                                    length, " is not there");
    member->opened = true;
    if (member->later)
        TN_TRY (locate_member (archive, member));
    *source = member->source;
    if (member->fault == 0)
        return TENON_OK;
    const struct fault *fault = &archive->faults[member->fault - 1];
    tn_call_answer (call, fault->status, fault->why);
    if (member->source) {
        call->pending_source = member->source->parent;
        call->pending_offset = fault->offset;
    }
    return fault->status;
}

static void
tell_member (struct tn_archive *archive, uint64_t number, struct tenon_key *key)
{
    const struct member *member = &archive->members[number];
    archive->keys.told = number + 1;
    key->key = member->key;
    key->length = member->key_length;
    key->size = member->size;
    key->place = member->place;
    key->flags = (member->fault ? TENON_KEY_UNREADABLE : 0u) | (member->encoded ? TENON_KEY_ENCODED : 0u);
}

/* ---- one level of keys ---- */

static tenon_status
order_members (struct tn_archive *archive)
{
    struct tn_session *session = archive->call.session;
    uint64_t bytes = archive->count * sizeof *archive->order;
    if (archive->order || archive->count == 0)
        return TENON_OK;
    TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP * archive->count));
    archive->order = tn_budget_draw (session->budget, bytes) ? malloc (bytes) : NULL;
    if (!archive->order)
        return tn_fail_memory (session->error);
    for (uint32_t i = 0; i < archive->count; i++) {
        const struct member *member = &archive->members[i];
        archive->order[i] = (struct tn_ordered_key){ member->key, member->key_length, i };
    }
    tn_key_order_sort (archive->order, archive->count);
    return TENON_OK;
}

/* "a/", for all keys that begin so. */
static bool
tell_folder (struct tn_archive *archive, const struct tn_key_level *level, struct tenon_key *key)
{
    char *text = tn_arena_text (&archive->call.session->arena, level->key->key, level->length);
    if (!text) {
        tn_fail_memory (archive->call.session->error);
        return false;
    }
    text[level->length - 1]++; /* the first text behind all of them */
    key->next = tn_key_order_find (archive->order, level->at, archive->count, text, level->length);
    text[level->length - 1]--;
    key->key = text;
    key->length = level->length;
    key->size = TENON_AUTO;
    key->place = 0;
    key->flags = 0;
    return true;
}

static bool
next_level (struct tn_archive *archive, const char *prefix, uint64_t prefix_length, struct tenon_key *key)
{
    struct tn_key_level level;
    if (order_members (archive) < 0)
        return false;
    tn_key_order_next (archive->order, archive->count, prefix, prefix_length, key->next, &level);
    if (!level.key)
        return false;
    if (level.length > 0)
        return tell_folder (archive, &level, key);
    key->next = level.at + 1;
    tell_member (archive, level.key->number, key);
    key->size = TENON_AUTO;
    return true;
}

static bool
next_member (struct tn_keys *keys, const char *prefix, uint64_t prefix_length, struct tenon_key *key)
{
    struct tn_archive *archive = (struct tn_archive *) keys;
    if (key->how == TENON_KEYS_ONE_LEVEL)
        return next_level (archive, prefix, prefix_length, key);
    uint64_t at = key->next;
    while (prefix_length > 0 && at < archive->count
           && (archive->members[at].key_length < prefix_length
               || memcmp (archive->members[at].key, prefix, prefix_length) != 0))
        at++;
    key->next = at < archive->count ? at + 1 : at;
    if (at >= archive->count)
        return false;
    tell_member (archive, at, key);
    return true;
}

/* What the archive's codec finds to be lost is a loss of what the keyed codec describes. */
static void
begin_archive (struct tn_keys *keys, struct tn_catalog *catalog, uint32_t description)
{
    struct tn_archive *archive = (struct tn_archive *) keys;
    catalog->descriptions[description].loss = catalog->descriptions[archive->call.losing].loss;
    archive->call.losing = description;
    keys->told = 0;
}

static bool
is_unopened (const struct member *member)
{
    return !member->opened && (member->later || member->fault > 0);
}

/* Verifying opens what no codec asked for (open/members.c). Parts that were complete at once have sources. */
static void
remember_unopened (const struct tn_archive *archive)
{
    struct tn_session *session = archive->call.session;
    struct tn_source *source = archive->keys.source;
    uint64_t count = 0;
    for (uint64_t i = 0; i < archive->count; i++)
        count += is_unopened (&archive->members[i]);
    if (count == 0 || session->error->status < 0)
        return;
    const char **keys = tn_arena_get (&session->catalog->arena, count * sizeof *keys, false);
    if (!keys) {
        tn_fail_memory (session->error);
        return;
    }
    source->unopened = keys;
    source->unopened_count = count;
    for (uint64_t i = 0; i < archive->count; i++)
        if (is_unopened (&archive->members[i]))
            *keys++ = archive->members[i].key;
}

static void
close_archive (struct tn_keys *keys)
{
    struct tn_archive *archive = (struct tn_archive *) keys;
    struct tn_budget *budget = archive->call.session->budget;
    remember_unopened (archive);
    tn_call_free (&archive->call);
    tn_budget_give_back (budget, archive->room * sizeof *archive->members);
    tn_budget_give_back (budget, archive->fault_room * sizeof *archive->faults);
    tn_budget_give_back (budget, archive->names.size * sizeof *archive->names.slots);
    tn_budget_give_back (budget, archive->order ? archive->count * sizeof *archive->order : 0);
    free (archive->order);
    free (archive->names.slots);
    free (archive->prefix);
    free (archive->members);
    free (archive->faults);
    free (archive);
}

static const struct tn_keys_kind archive_kind = { open_member, next_member, begin_archive, close_archive };

tenon_status
tn_archive_list (struct tn_session *session, struct tn_source *source, const char *prefix, uint64_t codec)
{
    struct tn_catalog *catalog = session->catalog;
    TN_TRY (tn_budget_work (session->budget, TN_WORK_CALL));
    if (!tn_grow_within (session->budget, &catalog->descriptions, &catalog->description_room,
                         catalog->description_count, sizeof (struct tn_description)))
        return tn_fail_memory (session->error);
    struct tn_archive *archive = calloc (1, sizeof *archive);
    if (!archive || (prefix && !(archive->prefix = tn_strndup (prefix, strlen (prefix))))) {
        free (archive);
        return tn_fail_memory (session->error);
    }
    struct tn_call *call = &archive->call;
    tn_call_begin (call, session, TN_CALL_LIST, codec);
    call->archive = archive;
    call->description = call->losing = (uint32_t) catalog->description_count;
    call->prefix = archive->prefix;
    catalog->descriptions[catalog->description_count++] =
        (struct tn_description){ .codec = codec, .first = source->number, .count = 1 };
    archive->keys.kind = &archive_kind;
    tn_keys_add (session, source, &archive->keys);
    if (session->channel && session->depth > 0) {
        tn_channel_put_u32 (session->channel, TN_SAYS_LIST);
        tn_channel_put_u32 (session->channel, session->included.number);
        tn_channel_put_u32 (session->channel, session->included.flags);
        tn_channel_put_u64 (session->channel, codec);
    }
    tenon_status status = run_archive (archive, NULL);
    if (session->error->status < 0)
        tn_source_fail_in (source, session->error);
    return status;
}
