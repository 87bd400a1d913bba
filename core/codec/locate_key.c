/* SPDX-License-Identifier: MIT */
/* locate_key.c - the files and members that chunks lie in, by their keys. Those of archives are in the
 * catalog. Files of a folder are opened when a chunk is found in them; a locator holds a few. */
#include "base/key.h"
#include "codec/locate.h"
#include "source/decoder.h"
#include "source/file_pool.h"
#include "source/open_key.h"

/* ---- files that are held ---- */

static void
release_file (struct tn_locator *locator, struct tn_located_file *file)
{
    if (!file || --file->uses > 0)
        return;
    for (unsigned i = 0; locator->call.decoders && i < TN_CALL_DECODERS; i++)
        tn_decoder_free (&locator->call.decoders[i]); /* which may know it by its address */
    tn_source_free (file->source);
    free (file);
}

/* A chunk lies in the file: it takes the place of the oldest one. */
static void
hold_file (struct tn_locator *locator, struct tn_located_file *file)
{
    struct tn_located_file **slot = &locator->held[locator->at++ % TN_LOCATED_AT_ONCE], *old = *slot;
    file->uses++;
    *slot = file;
    release_file (locator, old);
}

void
tn_locator_release (struct tn_locator *locator)
{
    for (unsigned i = 0; i < TN_LOCATED_AT_ONCE; i++) {
        release_file (locator, locator->held[i]);
        locator->held[i] = NULL;
    }
}

void
tn_locator_close_keys (struct tn_locator *locator)
{
    for (unsigned i = 0; i < TN_LOCATOR_KEYS; i++) {
        release_file (locator, locator->opened[i]);
        locator->opened[i] = NULL;
    }
}

static bool
file_is (const struct tn_located_file *file, uint64_t hash, const char *key, uint64_t length)
{
    return file && file->hash == hash && file->source->name_length == length
           && memcmp (file->source->name, key, length) == 0;
}

/* NULL: it is not open. */
static struct tn_located_file *
find_open_file (const struct tn_locator *locator, uint64_t hash, const char *key, uint64_t length)
{
    for (unsigned i = 0; i < TN_LOCATED_AT_ONCE; i++) {
        struct tn_located_file *file = locator->held[(locator->at - 1 - i) % TN_LOCATED_AT_ONCE];
        if (file_is (file, hash, key, length))
            return file;
    }
    for (unsigned i = 0; i < TN_LOCATOR_KEYS; i++)
        if (file_is (locator->opened[i], hash, key, length))
            return locator->opened[i];
    return NULL;
}

/* ---- opening ---- */

static struct tn_source *
store_of (const struct tn_locator *locator)
{
    const struct tn_catalog *catalog = locator->catalog;
    const struct tn_description *description = &catalog->descriptions[locator->description];
    return catalog->sources[tn_description_sources (description)[0]];
}

static const struct tn_claims *
claims_of (const struct tn_locator *locator)
{
    return locator->catalog->descriptions[locator->description].claims;
}

/* TENON_E_NOT_FOUND, without a failure: there is none. Its `uses` is 0. */
static tenon_status
open_located_file (struct tn_locator *locator, uint64_t hash, const char *key, uint64_t length,
                   struct tn_located_file **result, tenon_error *error)
{
    struct tn_catalog *catalog = locator->catalog;
    const struct tn_source *store = store_of (locator);
    TN_FREE char *copy = tn_strndup (key, length); /* the key need not end with NUL */
    TN_FREE char *path = copy ? tn_concat (store->path ? store->path : "", "/", copy, (char *) NULL) : NULL;
    struct tn_located_file *file = calloc (1, sizeof *file);
    tenon_error why = TENON_ERROR_INIT;
    tenon_status status = copy && path && file ? TENON_OK : tn_fail_memory (&why);
    if (status == TENON_OK)
        status =
            tn_source_open_key (catalog->files, copy, path, TN_LINKS_BENEATH, false, &file->source, &why);
    if (status == TENON_OK) {
        file->hash = hash;
        file->source->number = 0; /* it is not in the catalog; an isolated child gets its descriptor */
        file->source->apart = catalog->apart;
        status = tn_file_pool_join (catalog->files, file->source, TN_LINKS_BENEATH, &why);
        *result = file;
    }
    if (status == TENON_OK)
        return TENON_OK;
    if (file)
        tn_source_free (file->source);
    free (file);
    if (status != TENON_E_NOT_FOUND)
        *error = why;
    return status;
}

/* A folder that was replaced has chunks that are not there any more, rather than missing ones. */
static tenon_status
check_folder (struct tn_locator *locator, tenon_error *error)
{
    const struct tn_source *store = store_of (locator);
    if (!tn_file_pool_is_stale (locator->catalog->files, store->path))
        return TENON_OK;
    tn_source_fail_in (store, error);
    return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                    "the folder was replaced or removed since it was opened: open it again");
}

/* True if describe opened or claimed the key: a save may then remove it. */
static bool
knows_key (const struct tn_locator *locator, const char *key, uint64_t length)
{
    const struct tn_claims *claims = claims_of (locator);
    return tn_claims_find (claims, key, length) || tn_claims_have (claims, key, length);
}

static tenon_status
fail_unclaimed (struct tn_call *call, const char *key, uint64_t length)
{
    return tn_fail (call->session->error, TENON_E_MISUSE, TN_NO_OFFSET,
                    "the codec %s: its locate_chunk uses the key '%s', which its describe neither opened nor "
                    "claimed",
                    call->codec->table.id, TN_SHOW_SOME (key, TN_MIN (length, 100)));
}

/* What is wrong with a key, of which the text may be NULL. */
static tenon_status
fail_fault (struct tn_call *call, const char *key, uint64_t length, const char *fault)
{
    return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET, "the key '%s' of a chunk %s",
                    TN_SHOW_SOME (key ? key : "", TN_MIN (length, 100)), fault);
}

/* ---- a chunk ---- */

/* A key that describe opened, or that it claimed in an archive. */
static tenon_status
find_opened (struct tn_locator *locator, const struct tn_opened_key *opened, struct tn_chunk *chunk)
{
    chunk->source = opened->source;
    chunk->key = opened->key;
    if (!opened->why)
        return TENON_OK;
    tn_source_fail_in (opened->source ? opened->source : store_of (locator), locator->session.error);
    return tn_fail (locator->session.error, opened->status, TN_NO_OFFSET, "%s", opened->why);
}

tenon_status
tn_locator_find_key (struct tn_locator *locator, const char *key, uint64_t length, struct tn_chunk *chunk)
{
    struct tn_call *call = &locator->call;
    tenon_error *error = locator->session.error;
    const char *fault = tn_key_fault (key, length);
    if (!call->codec->table.root_keys)
        return tn_call_misuse (call, "it finds a chunk by a key, but is no keyed codec");
    if (fault)
        return fail_fault (call, key, length, fault);
    const struct tn_opened_key *opened = tn_claims_find (claims_of (locator), key, length);
    if (opened)
        return find_opened (locator, opened, chunk);
    if (!tn_claims_have (claims_of (locator), key, length))
        return fail_unclaimed (call, key, length);
    chunk->missing = !store_of (locator)->is_folder;
    if (chunk->missing)
        return TENON_OK;
    uint64_t hash = tn_hash (&locator->catalog->context->hash_key, key, length);
    struct tn_located_file *file = find_open_file (locator, hash, key, length);
    tenon_status status = file ? TENON_OK : open_located_file (locator, hash, key, length, &file, error);
    if (status == TENON_E_NOT_FOUND && error->status == TENON_OK) {
        chunk->missing = true;
        return check_folder (locator, error);
    }
    TN_TRY (status);
    hold_file (locator, file);
    chunk->source = file->source;
    chunk->key = file->source->name;
    return TENON_OK;
}

/* ---- open_key in locate_chunk ---- */

void
tn_locator_hold_number (struct tn_locator *locator, uint32_t number)
{
    struct tn_located_file *file = tn_locator_file (locator, number);
    if (file)
        hold_file (locator, file);
}

/* Gives a file a number, which the codec has for it from now on. */
static tenon_status
number_file (struct tn_locator *locator, struct tn_located_file *file, uint32_t *number)
{
    for (uint32_t i = 1; i <= TN_MIN (locator->serial, TN_LOCATOR_KEYS); i++)
        if (locator->opened[(locator->serial - i) % TN_LOCATOR_KEYS] == file) {
            *number = locator->call.source_count + locator->serial - i;
            return TENON_OK;
        }
    if (locator->serial >= UINT32_MAX / 2) /* the numbers begin again */
        tn_locator_close_keys (locator), locator->serial = 0;
    struct tn_located_file **slot = &locator->opened[locator->serial % TN_LOCATOR_KEYS], *old = *slot;
    file->uses++;
    *slot = file;
    release_file (locator, old);
    *number = locator->call.source_count + locator->serial++;
    return TENON_OK;
}

tenon_status
tn_locator_keep (struct tn_locator *locator, uint32_t number, struct tn_source *source)
{
    uint32_t opened = number - locator->call.source_count;
    struct tn_located_file **slot = &locator->opened[opened % TN_LOCATOR_KEYS], *old = *slot;
    struct tn_located_file *file = calloc (1, sizeof *file);
    if (!file) {
        tn_source_free (source);
        return tn_fail_memory (locator->session.error);
    }
    file->source = source;
    file->uses = 1;
    *slot = file;
    locator->serial = TN_MAX (locator->serial, opened + 1);
    release_file (locator, old);
    return TENON_OK;
}

/* A key that describe has opened has a number already, unless it was claimed in an archive or could not be
 * read. */
static tenon_status
open_opened (struct tn_call *call, const struct tn_opened_key *opened, uint32_t *number)
{
    const uint32_t at = opened->source ? opened->source->opened : 0;
    if (at > 0 && at < call->source_count && call->sources[at] == opened->source->number)
        *number = at;
    return opened->why ? tn_call_answer (call, opened->status, opened->why) : TENON_OK;
}

tenon_status
tn_locator_open (struct tn_call *call, const char *key, uint64_t length, uint32_t *number)
{
    struct tn_locator *locator = call->locator;
    tenon_error *error = call->session->error;
    const char *fault = tn_key_fault (key, length);
    if (!call->codec->table.root_keys)
        return tn_call_misuse (call, "it opens a key in locate_chunk, but is no keyed codec");
    if (fault)
        return fail_fault (call, key, length, fault);
    const struct tn_opened_key *opened = tn_claims_find (claims_of (locator), key, length);
    if (opened)
        return open_opened (call, opened, number);
    if (!knows_key (locator, key, length))
        return fail_unclaimed (call, key, length);
    uint64_t hash = tn_hash (&locator->catalog->context->hash_key, key, length);
    bool in_folder = store_of (locator)->is_folder;
    struct tn_located_file *file = in_folder ? find_open_file (locator, hash, key, length) : NULL;
    tenon_status status = file        ? TENON_OK
                          : in_folder ? open_located_file (locator, hash, key, length, &file, error)
                                      : TENON_E_NOT_FOUND;
    if (status == TENON_E_NOT_FOUND && error->status == TENON_OK) {
        if (in_folder)
            TN_TRY (check_folder (locator, error));
        return tn_call_answer_missing (call, TENON_E_NOT_FOUND, "the key ", key, length, " is not there");
    }
    TN_TRY (status);
    return number_file (locator, file, number);
}
