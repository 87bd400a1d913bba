/* SPDX-License-Identifier: MIT */
/* keyed.c - finds the keyed codec that knows a store, and the store that a keyed codec describes. */
#include "codec/keyed.h"
#include "base/key.h"
#include "base/report.h"
#include "codec/archive.h"
#include "codec/folder_keys.h"
#include "codec/identify.h"
#include "codec/recognise.h"
#include "context/cause.h"
#include "source/beneath.h"
#include "source/listing.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* ---- the keyed codec that knows a store ---- */

static size_t
literal_length (const char *pattern)
{
    size_t length = 0;
    for (; *pattern; pattern++)
        length += *pattern != '*';
    return length;
}

struct bid {
    const char *pattern, *key; /* the key that is one of a pattern; NULL: none is */
    size_t literal, extension;
    int64_t priority;
    bool able; /* to describe this store */
};

/* A pattern that keys are compared with. */
struct root {
    const char *pattern;
    uint64_t codec;
    size_t literal;
    char last; /* of the pattern */
};

struct bids {
    const struct tn_registry *registry;
    struct bid *all;
    struct root *roots; /* those that can still say more than what was found */
    uint64_t root_count;
    uint64_t archive; /* the codec of the archive; UINT64_MAX: a folder */
};

/* Notes every pattern that the key is one of. `key` NULL: the store is empty. */
static void
weigh_key (struct bids *bids, const char *key, uint64_t length)
{
    for (uint64_t i = bids->root_count; i-- > 0;) {
        const struct root root = bids->roots[i];
        struct bid *bid = &bids->all[root.codec];
        if (key ? !root.pattern[0] || !length || (root.last != '*' && key[length - 1] != root.last)
                      || !tn_key_matches (root.pattern, key, length)
                : root.pattern[0] != 0)
            continue;
        bids->roots[i] = bids->roots[--bids->root_count];
        if (bid->pattern && root.literal <= bid->literal)
            continue;
        bid->pattern = root.pattern;
        bid->key = key;
        bid->literal = root.literal;
    }
}

static uint64_t
count_roots (const struct tn_registry *registry)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < registry->codec_count; i++)
        for (const char *const *root = registry->codecs[i]->table.root_keys; root && *root; root++)
            count++;
    return count;
}

static void
begin_bids (const tenon_context *context, struct bids *bids, const struct tn_source *source)
{
    const char *archive =
        bids->archive != UINT64_MAX ? bids->registry->codecs[bids->archive]->table.id : NULL;
    bids->root_count = 0;
    for (uint64_t i = 0; i < bids->registry->codec_count; i++) {
        const struct tn_codec *codec = bids->registry->codecs[i];
        bool able =
            tn_is_keyed (codec) && codec->table.describe
            && (!(codec->table.flags & TENON_CODEC_ARCHIVED)
                || (archive && (!codec->table.archive || strcmp (codec->table.archive, archive) == 0)));
        bids->all[i] = (struct bid){
            .extension = able ? tn_keyed_extension (context, codec, source->name, source->name_length) : 0,
            .priority = codec->priority,
            .able = able
        };
        for (const char *const *root = codec->table.root_keys; able && root && *root; root++)
            bids->roots[bids->root_count++] =
                (struct root){ *root, i, literal_length (*root), **root ? (*root)[strlen (*root) - 1] : 0 };
    }
}

/* Patterns beat names: the one with the most literal text, then the longer extension, then the priority. */
static int
compare_keyed_bids (const struct bid *a, const struct bid *b)
{
    if ((a->pattern != NULL) != (b->pattern != NULL))
        return a->pattern ? 1 : -1;
    if (a->literal != b->literal)
        return a->literal > b->literal ? 1 : -1;
    if (a->extension != b->extension)
        return a->extension > b->extension ? 1 : -1;
    return a->priority > b->priority ? 1 : a->priority < b->priority ? -1 : 0;
}

static void
choose_keyed_bid (const struct bids *bids, uint64_t *winner, uint64_t *rival)
{
    *winner = *rival = UINT64_MAX;
    for (uint64_t i = 0; i < bids->registry->codec_count; i++) {
        if (!bids->all[i].pattern && bids->all[i].extension == 0)
            continue;
        int order = *winner == UINT64_MAX ? 1 : compare_keyed_bids (&bids->all[i], &bids->all[*winner]);
        if (order > 0)
            *winner = i, *rival = UINT64_MAX;
        else if (order == 0)
            *rival = i;
    }
}

static void
report_bids (tenon_report *report, const struct bids *bids, uint64_t winner, const char *file)
{
    for (uint64_t i = 0; i < bids->registry->codec_count; i++) {
        const struct bid *bid = &bids->all[i];
        char key[120] = "";
        if (!bid->able)
            continue;
        if (bid->key)
            tn_escape (key, sizeof key, bid->key, TN_MIN (strlen (bid->key), 100));
        tn_report_add (report, TENON_BID, i == winner ? TENON_OK : TENON_E_UNRECOGNISED, i == winner,
                       bids->registry->codecs[i]->table.id, file, "%s%s%s%s, %s",
                       bid->key       ? "the key '"
                       : bid->pattern ? "it is empty"
                                      : "none of the keys is known to it",
                       key, bid->key ? "' is one of " : "", bid->key ? bid->pattern : "",
                       bid->extension ? "its extension fits" : "its extension is not this codec's");
    }
}

#define SHOWN_KEYS 3u

/* "; its members are 'a', 'b', 'c', …" */
static void
show_keys (struct tn_keys *keys, char *words, size_t room)
{
    struct tenon_key key = { .struct_size = sizeof key };
    size_t fill = (size_t) snprintf (words, room, "; it has no members");
    for (unsigned i = 0; i <= SHOWN_KEYS && keys->kind->next (keys, "", 0, &key); i++) {
        char shown[64];
        tn_escape (shown, sizeof shown, key.key, TN_MIN (key.length, 40));
        fill = i > 0 ? fill : 0;
        if (i < SHOWN_KEYS)
            fill += (size_t) snprintf (words + fill, room - fill, "%s'%s%s'", i ? ", " : "; its members are ",
                                       shown, key.length > 40 ? "…" : "");
        else
            snprintf (words + fill, room - fill, ", …");
    }
}

static TN_OWN_FRAME tenon_status
fail_unknown_keys (struct tn_session *session, struct tn_source *source, const struct tn_codec *archive)
{
    char words[TN_IDENTIFY_ROOM], keys[300] = "";
    tn_source_fail_in (source, session->error);
    const char *advice = tn_identify_unknown (session, source, archive, words);
    show_keys (source->keys, keys, sizeof keys);
    (void) tn_fail (session->error, TENON_E_UNRECOGNISED, TN_NO_OFFSET,
                    "no codec knows what this %s archive holds%s%s", archive->table.id, words, keys);
    return tn_advise (session->error, "%s", advice);
}

static tenon_status
fail_rivals (struct tn_session *session, struct tn_source *source, const struct tn_codec *winner,
             const struct tn_codec *rival)
{
    tn_source_fail_in (source, session->error);
    return tn_fail (session->error, TENON_E_AMBIGUOUS, TN_NO_OFFSET,
                    "%s and %s know its keys equally; set priority in [codec %s], or name the format",
                    winner->table.id, rival->table.id, winner->table.id);
}

/* Compares all keys with the patterns of all keyed codecs. */
static tenon_status
choose_keyed (struct tn_session *session, struct tn_source *source, uint64_t *codec, bool quiet,
              tenon_report *report)
{
    struct tn_codec **codecs = session->context->registry.codecs;
    struct tn_keys *keys = source->keys;
    struct tenon_key key = { .struct_size = sizeof key };
    struct bids bids = { .registry = &session->context->registry, .archive = *codec };
    uint64_t winner, rival, count = 0;
    TN_FREE struct bid *memory = bids.all = calloc (bids.registry->codec_count, sizeof *memory);
    TN_FREE struct root *roots = bids.roots = calloc (count_roots (bids.registry) + 1, sizeof *roots);
    if (!memory || !roots)
        return tn_fail_memory (session->error);
    begin_bids (session->context, &bids, source);
    for (; keys->kind->next (keys, "", 0, &key); count++) {
        TN_TRY (tn_budget_work (session->budget, TN_WORK_LOOKUP + key.length));
        weigh_key (&bids, key.key, key.length);
    }
    if (count == 0)
        weigh_key (&bids, NULL, 0);
    choose_keyed_bid (&bids, &winner, &rival);
    if (report)
        report_bids (report, &bids, winner, source->path ? source->path : source->name);
    if (winner == UINT64_MAX)
        return quiet ? (tenon_status) TENON_E_UNRECOGNISED
                     : fail_unknown_keys (session, source, codecs[*codec]);
    if (rival != UINT64_MAX)
        return fail_rivals (session, source, codecs[winner], codecs[rival]);
    *codec = winner;
    if (bids.all[winner].extension == 0)
        tn_recognise_note (session, source, winner);
    return TENON_OK;
}

/* ---- folders ---- */

static bool
has_file (int folder, const char *key)
{
    struct stat status;
#ifdef O_PATH
    const int flags = O_PATH;
#else
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
#endif
    int fd = tn_key_fault (key, strlen (key)) ? -1 : tn_beneath_open (folder, key, flags, TN_LINKS_BENEATH);
    bool found = fd >= 0 && fstat (fd, &status) == 0 && S_ISREG (status.st_mode);
    if (fd >= 0)
        close (fd);
    return found;
}

/* Looks for the root keys that are names. *depth: so many components have the patterns with more literal text
 * than those that were found; 0: there are none, UINT64_MAX: any number. */
static void
look_for_names (struct bids *bids, int folder, uint64_t *depth)
{
    size_t most = 0;
    for (uint64_t i = 0; i < bids->registry->codec_count; i++) {
        const char *const *patterns = bids->all[i].able ? bids->registry->codecs[i]->table.root_keys : NULL;
        for (; patterns && *patterns; patterns++)
            if (!strchr (*patterns, '*') && has_file (folder, *patterns)) {
                weigh_key (bids, *patterns, strlen (*patterns));
                most = TN_MAX (most, strlen (*patterns));
            }
    }
    *depth = 0;
    for (uint64_t i = 0; i < bids->registry->codec_count; i++) {
        const char *const *patterns = bids->all[i].able ? bids->registry->codecs[i]->table.root_keys : NULL;
        for (; patterns && *patterns; patterns++)
            if (strchr (*patterns, '*') && literal_length (*patterns) > most)
                *depth =
                    TN_MAX (*depth, strstr (*patterns, "**") ? UINT64_MAX
                                                             : tn_key_depth (*patterns, strlen (*patterns)));
    }
}

static tenon_status
look_for_patterns (struct tn_session *session, struct bids *bids, int folder, uint64_t depth)
{
    struct tn_listing listing;
    struct tn_listing_options options = { .prefix = "",
                                          .depth = depth == UINT64_MAX ? 0 : depth,
                                          .most = session->context->limits[TENON_LIMIT_MEMBERS],
                                          .no_sizes = true,
                                          .budget = session->budget };
    tenon_status status = tn_listing_make (&listing, folder, &options, session->error);
    for (uint64_t i = 0; i < listing.count && status == TENON_OK; i++) {
        const struct tn_listed *entry = &listing.entries[i];
        status = tn_budget_work (session->budget, TN_WORK_LOOKUP + entry->length);
        if (!entry->unreadable)
            weigh_key (bids, entry->key, entry->length);
    }
    /* the keys live as long as the call that chooses */
    for (uint64_t i = 0; i < bids->registry->codec_count && status == TENON_OK; i++) {
        struct bid *bid = &bids->all[i];
        if (bid->key && !(bid->key = tn_arena_text (&session->arena, bid->key, strlen (bid->key))))
            status = tn_fail_memory (session->error);
    }
    tn_listing_free (&listing, session->budget);
    return status;
}

tenon_status
tn_keys_choose_folder (struct tn_session *session, struct tn_source *source, const char *word,
                       uint64_t *codec, tenon_report *report)
{
    struct tn_codec **codecs = session->context->registry.codecs;
    struct bids bids = { .registry = &session->context->registry, .archive = UINT64_MAX };
    tenon_error ignored = TENON_ERROR_INIT;
    uint64_t winner, rival, depth;
    TN_FREE struct bid *memory = bids.all = calloc (bids.registry->codec_count + 1, sizeof *memory);
    TN_FREE struct root *roots = bids.roots = calloc (count_roots (bids.registry) + 1, sizeof *roots);
    if (!memory || !roots)
        return tn_fail_memory (session->error);
    begin_bids (session->context, &bids, source);
    if (word
        && (tn_codec_find (session->context, word, TN_TO_READ, codec, &ignored) < 0
            || !bids.all[*codec].able))
        return TENON_E_UNRECOGNISED;
    look_for_names (&bids, source->fd, &depth);
    if (depth > 0)
        TN_TRY (look_for_patterns (session, &bids, source->fd, depth));
    choose_keyed_bid (&bids, &winner, &rival);
    if (report)
        report_bids (report, &bids, word ? *codec : winner, source->path ? source->path : source->name);
    if (word)
        return TENON_OK;
    if (winner == UINT64_MAX)
        return TENON_E_UNRECOGNISED;
    if (rival != UINT64_MAX)
        return fail_rivals (session, source, codecs[winner], codecs[rival]);
    *codec = winner;
    return TENON_OK;
}

/* ---- what the bytes of a source hold ---- */

tenon_status
tn_keys_archive_codec (const tenon_context *context, const struct tn_codec *keyed, uint64_t *archive,
                       tenon_error *error)
{
    const struct tn_registry *registry = &context->registry;
    char cause[TN_CAUSE_ROOM];
    for (uint64_t i = 0; i < registry->codec_count; i++)
        if (strcmp (registry->codecs[i]->table.id, keyed->table.archive) == 0
            && registry->codecs[i]->table.archive_functions) {
            *archive = i;
            return TENON_OK;
        }
    bool known = tn_cause_of_word (context, keyed->table.archive, cause);
    return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "the files of the codec %s are archives of the codec %s, which is not in use%s%s",
                    keyed->table.id, keyed->table.archive, known ? ": " : "", known ? cause : "");
}

tenon_status
tn_keys_need (struct tn_session *session, struct tn_source *source, const char *prefix, uint64_t codec)
{
    struct tn_codec **codecs = session->context->registry.codecs;
    uint64_t archive;
    if (!tn_is_keyed (codecs[codec]) || source->keys)
        return TENON_OK;
    if (source->is_folder)
        return tn_folder_keys_add (session, source);
    if (codecs[codec]->table.archive)
        TN_TRY (tn_keys_archive_codec (session->context, codecs[codec], &archive, session->error));
    else {
        TN_TRY (tn_recognise (session, source, NULL, &archive, false, NULL));
        if (!codecs[archive]->table.archive_functions)
            return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "the codec %s describes folders and archives, this is a file of the codec %s",
                            codecs[codec]->table.id, codecs[archive]->table.id);
    }
    tenon_status status = tn_archive_list (session, source, prefix, archive);
    if (session->error->status < 0)
        tn_identify_failure (session, source, codec);
    return status;
}

tenon_status
tn_keys_resolve (struct tn_session *session, struct tn_source *source, const char *prefix, uint64_t *codec,
                 bool quiet, tenon_report *report)
{
    struct tn_codec **codecs = session->context->registry.codecs;
    if (!codecs[*codec]->table.archive_functions)
        return tn_keys_need (session, source, prefix, *codec);
    TN_TRY (tn_archive_list (session, source, prefix, *codec));
    return choose_keyed (session, source, codec, quiet, report);
}
