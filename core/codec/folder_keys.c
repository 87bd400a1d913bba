/* SPDX-License-Identifier: MIT */
/* folder_keys.c - folders as stores. A file is opened when its key is; a part of the tree is listed when its
 * keys are asked for, and once. */
#include "codec/folder_keys.h"
#include "base/key.h"
#include "source/listing.h"
#include "source/open_key.h"
#include <errno.h>

/* A file on the disk takes room that its size does not tell, so a file of a few bytes may cost as much to
 * open as one of so many. */
#define FILE_WEIGHT 1024u

struct opened {
    const char *key; /* in the catalog's arena */
    uint64_t length;
    struct tn_source *source;
};

struct part_listing {
    struct part_listing *next;
    struct tn_listing listing;
    uint32_t how; /* TENON_KEYS_* */
    size_t length;
    char prefix[]; /* the key of a folder; "": all of the store */
};

struct folder {
    struct tn_keys keys;
    struct tn_session *session;
    char *directory; /* ends in '/'; for messages */
    enum tn_links links;
    struct opened *opened;
    uint64_t count, room;
    struct tn_names names; /* of the opened ones */
    struct part_listing *listings;
};

static bool
opened_is (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    const struct opened *opened = &((const struct folder *) owner)->opened[number];
    return opened->length == length && memcmp (opened->key, text, length) == 0;
}

/* ---- opening ---- */

static tenon_status
answer_fault (struct tn_call *call, const char *key, uint64_t length, const char *fault)
{
    char words[200], shown[120];
    tn_escape (shown, sizeof shown, key ? key : "", TN_MIN (length, 100));
    snprintf (words, sizeof words, "the key '%s' %s", shown, fault);
    return tn_call_answer (call, TENON_E_MALFORMED, words);
}

/* What is a fault of this one file is an answer: the codec may do without it. */
static bool
is_of_one_file (const tenon_error *error)
{
    return error->status == TENON_E_MALFORMED
           || (error->status == TENON_E_IO && error->system != EMFILE && error->system != ENFILE
               && error->system != EIO);
}

static tenon_status
answer_failure (struct folder *folder, struct tn_call *call, const char *key, uint64_t length,
                const tenon_error *error)
{
    const bool beside = folder->links == TN_LINKS_OF_NAMES;
    if (error->status == TENON_E_NOT_FOUND)
        return beside ? tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the file ", key, length,
                                                " that it names is missing")
                      : tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the key ", key, length,
                                                " is not there");
    if (!beside && is_of_one_file (error))
        return tn_call_answer (call, error->status, error->message);
    *call->session->error = *error;
    return error->status;
}

/* The pool of the folder's files, which is made for the first one of a set; NULL: its files stay open. */
static struct tn_file_pool *
pool_of (struct folder *folder)
{
    struct tn_catalog *catalog = folder->session->catalog;
    if (!catalog->files)
        catalog->files = tn_file_pool_new (folder->directory);
    return catalog->files;
}

static tenon_status
open_key_file (struct folder *folder, const char *key, struct tn_source **source, tenon_error *error)
{
    struct tn_file_pool *pool = pool_of (folder);
    TN_FREE char *path = tn_concat (folder->directory, key, (char *) NULL);
    if (!path)
        return tn_fail_memory (error);
    if (pool)
        return tn_source_open_key (pool, key, path, folder->links, folder->session->may_map, source, error);
    if (strchr (key, '/'))
        return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "its folder cannot be opened");
    return tn_source_open (path, folder->session->may_map, source, error);
}

/* Gives an open file to the catalog and to the pool. */
static tenon_status
adopt_file (struct folder *folder, const char *key, uint64_t length, struct tn_source *source)
{
    struct tn_session *session = folder->session;
    struct tn_catalog *catalog = session->catalog;
    TN_TRY (tn_catalog_add_source (catalog, source, session->error));
    session->members++;
    session->siblings = true;
    tn_budget_join (session->budget, source->size + FILE_WEIGHT);
    TN_TRY (tn_budget_work (session->budget, TN_WORK_SIBLING));
    if (catalog->files)
        TN_TRY (tn_file_pool_join (catalog->files, source, folder->links, session->error));
    if (!tn_grow_within (session->budget, &folder->opened, &folder->room, folder->count,
                         sizeof *folder->opened)
        || !tn_names_grow (&folder->names, 1))
        return tn_fail_memory (session->error);
    folder->opened[folder->count++] = (struct opened){ source->name, source->name_length, source };
    return tn_names_enter (&folder->names, folder, opened_is, key, length, folder->count - 1) < 0
               ? tn_fail_memory (session->error)
               : TENON_OK;
}

static tenon_status
open_folder_key (struct tn_keys *keys, struct tn_call *call, const char *key, uint64_t length,
                 struct tn_source **source)
{
    struct folder *folder = (struct folder *) keys;
    struct tn_session *session = folder->session;
    tenon_error error = TENON_ERROR_INIT;
    uint64_t number, most = session->context->limits[TENON_LIMIT_MEMBERS];
    const char *fault = tn_key_fault (key, length);
    *source = NULL;
    TN_TRY (tn_budget_work (session->budget, TN_WORK_NOTE));
    if (fault)
        return answer_fault (call, key, length, fault);
    if (folder->count > 0 && tn_names_find (&folder->names, folder, opened_is, key, length, &number)) {
        *source = folder->opened[number].source;
        return TENON_OK;
    }
    if (session->members >= most)
        return tn_fail (session->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "more than %llu members; raise members in [limits] to read them",
                        (unsigned long long) most);
    TN_FREE char *copy = tn_strndup (key, length);
    uint64_t taken = sizeof **source + strlen (folder->directory) + 2 * length;
    if (!copy)
        return tn_fail_memory (session->error);
    if (!tn_budget_draw (session->budget, taken))
        return session->error->status;
    struct tn_source *opened;
    if (open_key_file (folder, copy, &opened, &error) < 0) {
        tn_budget_give_back (session->budget, taken);
        return answer_failure (folder, call, key, length, &error);
    }
    TN_TRY (adopt_file (folder, key, length, opened));
    *source = opened;
    return TENON_OK;
}

/* ---- listing ---- */

/* The listing that has the keys with this prefix: of a folder that they all lie in. */
static struct part_listing *
find_listing (struct folder *folder, const char *prefix, uint64_t length, uint32_t how)
{
    for (struct part_listing *part = folder->listings; part; part = part->next) {
        bool all = part->length == 0 && how == 0;
        bool one = how == TENON_KEYS_ONE_LEVEL && length == part->length + (part->length > 0);
        bool in = length > part->length && prefix[part->length] == '/' && how == 0;
        if (part->how == how && (all || one || in)
            && (part->length == 0 || memcmp (part->prefix, prefix, part->length) == 0))
            return part;
    }
    return NULL;
}

/* Lists the folder that the prefix names: all of the store, if there is no '/' in it. NULL: the failure is
 * recorded. */
static struct part_listing *
list_part (struct folder *folder, const char *prefix, uint64_t length, uint32_t how)
{
    struct tn_session *session = folder->session;
    uint64_t size = length;
    while (size > 0 && prefix[size - 1] != '/')
        size--;
    size -= size > 0;
    struct part_listing *part = calloc (1, sizeof *part + size + 1);
    if (!part) {
        tn_fail_memory (session->error);
        return NULL;
    }
    memcpy (part->prefix, prefix, size);
    part->length = size;
    part->how = how;
    part->next = folder->listings;
    folder->listings = part;
    if (size > 0 && tn_key_fault (part->prefix, size)) /* no key begins so */
        return part;
    struct tn_listing_options options = { .prefix = part->prefix,
                                          .most = session->context->limits[TENON_LIMIT_MEMBERS],
                                          .budget = session->budget };
    if (how == TENON_KEYS_ONE_LEVEL) {
        options.depth = 1 + (size > 0 ? tn_key_depth (part->prefix, size) : 0);
        options.no_sizes = options.folders = true;
    }
    tenon_status status = tn_listing_make (&part->listing, tn_file_pool_folder (session->catalog->files),
                                           &options, session->error);
    if (status < 0)
        tn_source_fail_in (folder->keys.source, session->error);
    return status < 0 ? NULL : part;
}

static bool
next_folder_key (struct tn_keys *keys, const char *prefix, uint64_t length, struct tenon_key *key)
{
    struct folder *folder = (struct folder *) keys;
    prefix = length > 0 ? prefix : "";
    struct part_listing *part = find_listing (folder, prefix, length, key->how);
    if (!part && !(part = list_part (folder, prefix, length, key->how)))
        return false;
    const struct tn_listing *listing = &part->listing;
    uint64_t at = key->next > 0 ? key->next : tn_listing_find (listing, prefix, length);
    const struct tn_listed *entry = at < listing->count ? &listing->entries[at] : NULL;
    if (!entry || entry->length < length || memcmp (entry->key, prefix, length) != 0)
        return false;
    key->next = at + 1;
    key->key = entry->key;
    key->length = entry->length;
    key->size = entry->unreadable || key->how ? TENON_AUTO : entry->size;
    key->place = 0;
    key->flags = entry->unreadable ? TENON_KEY_UNREADABLE : 0;
    return true;
}

/* ---- the store ---- */

static void
begin_folder (struct tn_keys *keys, struct tn_catalog *catalog, uint32_t description)
{
    (void) keys, (void) catalog, (void) description;
}

static void
close_folder (struct tn_keys *keys)
{
    struct folder *folder = (struct folder *) keys;
    struct tn_budget *budget = folder->session->budget;
    for (struct part_listing *part = folder->listings, *next; part; part = next) {
        next = part->next;
        tn_listing_free (&part->listing, budget);
        free (part);
    }
    tn_budget_give_back (budget, folder->room * sizeof *folder->opened);
    tn_budget_give_back (budget, folder->names.size * sizeof *folder->names.slots);
    free (folder->names.slots);
    free (folder->opened);
    free (folder->directory);
    free (folder);
}

static const struct tn_keys_kind folder_kind = { open_folder_key, next_folder_key, begin_folder,
                                                 close_folder };

bool
tn_keys_are_folder (const struct tn_keys *keys)
{
    return keys->kind == &folder_kind;
}

/* NULL: no memory. */
static struct folder *
make_folder_store (struct tn_session *session, const char *path, const char *end, enum tn_links links)
{
    struct folder *folder = calloc (1, sizeof *folder);
    char *directory = tn_concat (path, end, (char *) NULL);
    if (!folder || !directory) {
        free (folder);
        free (directory);
        tn_fail_memory (session->error);
        return NULL;
    }
    folder->keys.kind = &folder_kind;
    folder->session = session;
    folder->directory = directory;
    folder->links = links;
    folder->names = (struct tn_names){ .key = &session->context->hash_key, .budget = session->budget };
    return folder;
}

tenon_status
tn_folder_keys_add (struct tn_session *session, struct tn_source *source)
{
    const char *path = source->path ? source->path : "";
    size_t length = strlen (path);
    struct tn_catalog *catalog = session->catalog;
    if (!catalog->files && source->fd >= 0) {
        int fd = tn_duplicate (source->fd);
        if (fd < 0)
            return tn_fail_errno (session->error, errno, "the folder cannot be opened", path);
        if (!(catalog->files = tn_file_pool_of (fd)))
            return tn_fail_memory (session->error);
    }
    struct folder *folder =
        make_folder_store (session, path, length > 0 && path[length - 1] == '/' ? "" : "/", TN_LINKS_BENEATH);
    if (!folder)
        return session->error->status;
    tn_keys_add (session, source, &folder->keys);
    return TENON_OK;
}

tenon_status
tn_beside_open (struct tn_call *call, const char *key, uint64_t length, struct tn_source **source)
{
    struct tn_session *session = call->session;
    *source = NULL;
    /* A member must not reach files of the folder: the archive's author could not read them there. */
    if (tn_call_source (call, 0)->kind == TN_SOURCE_PART)
        return tn_call_answer_missing (
            call, TENON_E_NOT_FOUND, "", key, length,
            " is not looked for: only a file has files beside it, a member of one has not");
    if (!session->directory)
        return tn_call_answer_missing (call, TENON_E_NOT_FOUND, "", key, length,
                                       " cannot be looked for: the file was opened without a path");
    if (!session->beside) {
        struct folder *folder = make_folder_store (session, session->directory, "", TN_LINKS_OF_NAMES);
        if (!folder)
            return session->error->status;
        session->beside = &folder->keys;
    }
    return session->beside->kind->open (session->beside, call, key, length, source);
}
