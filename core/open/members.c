/* SPDX-License-Identifier: MIT */
/* members.c - opens members of archives that no codec opened. The archive is listed anew, as a file of which
 * only its own codec knows something. */
#include "open/members.h"
#include "codec/archive.h"
#include "codec/isolation.h"
#include "codec/keys.h"

/* ---- the archive as a file by itself ---- */

static tenon_status
read_archive (void *user, uint64_t offset, void *to, uint64_t length)
{
    tenon_error ignored = TENON_ERROR_INIT;
    return tn_source_read (tn_source_plain (user), offset, to, length, &ignored);
}

/* "FILE: member 'a': member 'b'", the names as they are: messages escape them. NULL: no memory. */
static char *
place_of_member (const struct tn_source *source)
{
    char *place = tn_strndup ("", 0);
    for (; place && source->kind == TN_SOURCE_PART; source = source->parent) {
        char *longer = tn_concat (": member '", source->name, "'", place, (char *) NULL);
        free (place);
        place = longer;
    }
    const char *file = source->path ? source->path : source->name;
    char *all = place ? tn_concat (file, place + (!file[0] && place[0] ? 2 : 0), (char *) NULL) : NULL;
    free (place);
    return all;
}

/* A root that reads the archive, wherever it lies, and is called like it in messages. */
static tenon_status
make_root (struct tn_source *archive, struct tn_source **root, tenon_error *error)
{
    tenon_reader reader = {
        .struct_size = sizeof reader, .size = archive->size, .read_at = read_archive, .user = archive
    };
    TN_TRY (tn_source_reader (&reader, archive->name, root, error));
    if (((*root)->path = place_of_member (archive)) != NULL)
        return TENON_OK;
    tn_source_free (*root);
    return tn_fail_memory (error);
}

static uint64_t
codec_of_archive (const struct tn_catalog *catalog, const struct tn_source *archive)
{
    uint64_t at = 0;
    while (catalog->descriptions[at].first != archive->number
           || !catalog->context->registry.codecs[catalog->descriptions[at].codec]->table.archive_functions)
        at++;
    return catalog->descriptions[at].codec;
}

/* ---- its members ---- */

/* A member that cannot be opened is told; a failure is that of the archive. */
static tenon_status
open_one (struct tn_call *call, const struct tenon_key *key, tn_bad_member *bad, void *user)
{
    struct tn_session *session = call->session;
    struct tn_keys *keys = call->keys;
    struct tn_source *source;
    const uint64_t told = keys->told;
    if (session->proxy)
        TN_TRY (session->proxy->open (call, key->key, key->length));
    keys->told = told;
    tenon_status status = keys->kind->open (keys, call, key->key, key->length, &source);
    TN_TRY (session->error->status);
    tenon_error error = TENON_ERROR_INIT;
    if (status == TENON_OK)
        return TENON_OK;
    tn_source_fail_in (keys->source, &error);
    tn_fail (&error, status, TN_NO_OFFSET, "member '%s': %s",
             TN_SHOW_SOME (key->key, TN_MIN (key->length, 200)), call->pending_words);
    return bad (user, &error, key->key) ? TENON_OK : TENON_E_CANCELLED;
}

/* The keys come in the order in which they came when the archive was opened. */
static tenon_status
open_unopened (struct tn_session *session, const struct tn_source *archive, struct tn_source *root,
               tn_bad_member *bad, void *user)
{
    struct tn_call call;
    struct tenon_key key = { .struct_size = sizeof key };
    tenon_status status = TENON_OK;
    uint64_t at = 0;
    tn_call_begin (&call, session, TN_CALL_DESCRIBE, session->catalog->descriptions[0].codec);
    call.keys = root->keys;
    while (at < archive->unopened_count && status == TENON_OK
           && root->keys->kind->next (root->keys, "", 0, &key))
        if (strcmp (key.key, archive->unopened[at]) == 0) {
            at++;
            status = open_one (&call, &key, bad, user);
        }
    tn_call_free (&call);
    if (status < 0 || at == archive->unopened_count)
        return status;
    tn_source_fail_in (root, session->error);
    return tn_fail (session->error, TENON_E_BUSY, TN_NO_OFFSET,
                    "its members have changed since it was opened: open it again");
}

static tenon_status
open_archive (struct tn_catalog *catalog, const struct tn_catalog *of, struct tn_source *archive,
              struct tn_budget *budget, tn_bad_member *bad, void *user, tenon_error *error)
{
    struct tn_source *root;
    struct tn_session session = { .context = catalog->context,
                                  .error = error,
                                  .overlay = &of->overlay,
                                  .catalog = catalog,
                                  .budget = budget,
                                  .arena.budget = budget };
    TN_TRY (make_root (archive, &root, error));
    TN_TRY (tn_catalog_add_source (catalog, root, error));
    tenon_status status = tn_isolation_begin (&session, root, NULL);
    if (status == TENON_OK)
        status = tn_archive_list (&session, root, NULL, codec_of_archive (of, archive));
    if (status == TENON_OK)
        status = open_unopened (&session, archive, root, bad, user);
    tn_isolation_end (&session, root);
    tn_keys_close_all (&session);
    tn_arena_free (&session.arena);
    return status;
}

tenon_status
tn_members_open (const struct tn_catalog *catalog, const tenon_progress *progress, tn_bad_member *bad,
                 void *user, struct tn_members **members, tenon_error *error)
{
    tenon_status status = TENON_OK;
    *members = NULL;
    for (uint64_t i = 0; i < catalog->source_count && status == TENON_OK; i++) {
        struct tn_source *archive = catalog->sources[i];
        struct tn_budget budget;
        if (archive->unopened_count == 0)
            continue;
        struct tn_members *more = calloc (1, sizeof *more);
        if (!more || !(more->catalog = tn_catalog_new (catalog->context))) {
            free (more);
            return tn_fail_memory (error);
        }
        more->next = *members;
        *members = more;
        tn_budget_begin (&budget, catalog->context->limits, progress, error);
        tn_budget_join (&budget, archive->size);
        tn_catalog_set_budget (more->catalog, &budget);
        status = open_archive (more->catalog, catalog, archive, &budget, bad, user, error);
        tn_catalog_set_budget (more->catalog, NULL);
    }
    return status;
}

void
tn_members_free (struct tn_members *members)
{
    while (members) {
        struct tn_members *next = members->next;
        tn_catalog_drop (members->catalog);
        free (members);
        members = next;
    }
}
