/* SPDX-License-Identifier: MIT */
/* put_chunks.c - where the chunks of put_grid go. The files of a folder are written by the threads that
 * make them, in any order; all else is written in order, the entries of an archive by the thread of the save.
 */
#include "codec/put_chunks.h"
#include "base/key.h"
#include "codec/archive_write.h"
#include <pthread.h>

/* So many files of a folder are expected at a time. */
#define MOST_EXPECTED 4096u
/* The folders that are open at a time: one a thread, and some that may be needed again. Each has up to two
 * descriptors, of which a process has few. */
#define MOST_FOLDERS 64u
#define SPARE_FOLDERS 4u
/* The room for a key, and its end. */
#define KEY_ROOM 4096u

/* ---- all chunks ---- */

tenon_status
tn_chunks_check (const struct tn_call *call)
{
    const struct tn_writer *writer = call->writer;
    const struct tn_chunked *tensor = call->chunks ? call->chunks->tensors : NULL;
    if (tensor) {
        tn_fail_in (call->session->error, NULL, tn_catalog_tensor (writer->plan->own, tensor->index)->name);
        return tn_fail (call->session->error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the codec %s: it put %llu of the %llu chunks of this tensor", call->codec->table.id,
                        (unsigned long long) tensor->done, (unsigned long long) tensor->total);
    }
    return TENON_OK;
}

/* ---- the same chunks ---- */

static bool
has_same_order (const struct tn_tensor *tensor, const uint32_t *order)
{
    const struct tn_grid *grid = tensor->served->grid;
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (order[i]
            != (grid->order                     ? grid->order[i]
                : tensor->flags & TENON_FORTRAN ? tensor->rank - 1u - i
                                                : i))
            return false;
    return true;
}

static bool
has_same_fill (const uint8_t *a, const uint8_t *b, uint64_t item)
{
    for (uint64_t i = 0; i < item; i++)
        if ((a ? a[i] : 0) != (b ? b[i] : 0))
            return false;
    return true;
}

/* A level is no part of what is stored. */
static bool
has_same_steps (const struct tn_pipeline *a, const struct tn_pipeline *b)
{
    const uint32_t count = a ? a->count : 0;
    if (count != (b ? b->count : 0))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (a->steps[i].filter != b->steps[i].filter || a->steps[i].setup_size != b->steps[i].setup_size
            || (a->steps[i].setup_size > 0
                && memcmp (a->steps[i].setup, b->steps[i].setup, a->steps[i].setup_size) != 0))
            return false;
    return true;
}

bool
tn_chunks_are_same (const struct tn_origin *origin, const struct tn_cut_job *job,
                    const struct tn_pipeline *pipeline, uint32_t layout)
{
    const struct tn_tensor *tensor = origin->tensor;
    const struct tn_cut_shape *shape = job->shape;
    if (tensor->storage != TENON_GRID || origin->target != TENON_NONE)
        return false;
    const struct tn_grid *grid = tensor->served->grid;
    const bool ordered = tn_catalog_dtype (origin->catalog, tensor->dtype)->swap_count > 0;
    return memcmp (grid->chunk_shape, shape->chunk_shape, shape->rank * sizeof *shape->chunk_shape) == 0
           && ((grid->flags & TENON_GRID_CLIPPED) > 0) == shape->clipped
           && has_same_order (tensor, shape->order) && has_same_fill (grid->fill, shape->fill, shape->item)
           && has_same_steps (grid->pipeline, pipeline)
           && (!ordered || !((tensor->flags ^ layout) & TENON_BIG_ENDIAN));
}

/* ---- places ---- */

static void
note_place (struct tn_put_chunks *chunks, uint64_t number, uint64_t offset, uint64_t stored)
{
    const struct tenon_chunk_place place = { offset, stored };
    const size_t size = chunks->put->place_size;
    if (!chunks->put->places)
        return;
    uint8_t *to = (uint8_t *) chunks->put->places + number * size;
    memset (to, 0, size);
    memcpy (to, &place, TN_MIN (size, sizeof place));
}

/* ---- one behind the other ---- */

static tenon_status
take_at_position (void *user, uint64_t number, const uint8_t *bytes, uint64_t length, bool last,
                  tenon_error *error)
{
    struct tn_put_chunks *chunks = user;
    struct tn_sink *sink = chunks->call->writer->sink;
    if (length == TENON_AUTO) {
        note_place (chunks, number, sink->position, TENON_AUTO);
        return TENON_OK;
    }
    if (!chunks->open)
        chunks->begin = sink->position;
    chunks->open = !last;
    TN_TRY (bytes ? tn_sink_write (sink, bytes, length, error) : tn_sink_skip (sink, length, error));
    if (last)
        note_place (chunks, number, chunks->begin, sink->position - chunks->begin);
    return TENON_OK;
}

/* ---- keys ---- */

/* Asks the codec for the key of a chunk, which ends in NUL. */
static tenon_status
name_chunk (struct tn_put_chunks *chunks, uint64_t number, char *key, uint64_t *length, tenon_error *error)
{
    struct tn_call *call = chunks->call;
    uint64_t chunk[TN_MAX_RANK];
    tn_cut_find_chunk (chunks->job, number, chunk);
    int64_t result = chunks->put->key (chunks->put->user, chunk, key, KEY_ROOM);
    if (error->status < 0)
        return error->status;
    if (result < 0 && result >= INT32_MIN)
        return tn_fail (error, (tenon_status) result, TN_NO_OFFSET, "the codec %s has no key for a chunk",
                        call->codec->table.id);
    if (result <= 0 || result > KEY_ROOM)
        return tn_call_misuse (call, "the key of a chunk is empty, or longer than the room for it");
    key[result] = 0;
    *length = (uint64_t) result;
    return TENON_OK;
}

/* An entry of its own, in an archive, or of pieces, or in a dry run. */
static tenon_status
take_as_entry (void *user, uint64_t number, const uint8_t *bytes, uint64_t length, bool last,
               tenon_error *error)
{
    struct tn_put_chunks *chunks = user;
    struct tn_call *call = chunks->call;
    struct tn_sink *sink = call->writer->sink;
    if (!chunks->open) {
        char key[KEY_ROOM + 1];
        struct tenon_entry entry = { .struct_size = sizeof entry, .key = key };
        TN_TRY (name_chunk (chunks, number, key, &entry.key_length, error));
        note_place (chunks, number, 0, TENON_AUTO);
        if (length == TENON_AUTO)
            return TENON_OK;
        entry.size = last ? length : tn_cut_chunk_size (chunks->job, number);
        TN_TRY (tn_entries_choose_check (call, &entry.check));
        TN_TRY (tn_entries_put_key (call, &entry));
        sink = call->writer->sink;
        chunks->begin = sink->position;
    }
    chunks->open = !last;
    TN_TRY (bytes ? tn_sink_write (sink, bytes, length, error) : tn_sink_skip (sink, length, error));
    if (!last)
        return TENON_OK;
    note_place (chunks, number, 0, sink->position - chunks->begin);
    return tn_entries_put_key (call, NULL);
}

/* ---- files of a folder ---- */

/* A folder that files are written into. */
struct open_folder {
    struct tn_tree_folder folder;
    unsigned users; /* threads that write a file in it */
};

struct tn_chunk_files {
    uint64_t first; /* of the chunks that were expected last */
    uint32_t *keys; /* where each of their keys begins … */
    char *text;     /* … in this */
    uint64_t used, room;
    /* under the lock: */
    pthread_mutex_t lock;
    struct open_folder folders[MOST_FOLDERS];
    unsigned count;      /* of them */
    unsigned last, next; /* the one that was used last, and where a new one is looked for a place */
};

static tenon_status
expect_files (void *user, uint64_t first, uint64_t count, tenon_error *error)
{
    struct tn_put_chunks *chunks = user;
    struct tn_chunk_files *files = chunks->files;
    uint64_t length;
    files->first = first;
    files->used = 0;
    for (uint64_t i = 0; i < count; i++) {
        if (files->room - files->used <= KEY_ROOM) {
            const uint64_t room = files->room * 2 + KEY_ROOM + 1;
            char *text = realloc (files->text, room);
            if (!text)
                return tn_fail_memory (error);
            files->text = text;
            files->room = room;
        }
        char *key = files->text + files->used;
        TN_TRY (name_chunk (chunks, first + i, key, &length, error));
        const char *fault = tn_new_key_fault (key, length);
        if (fault)
            return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                            "the key '%s' %s: no file of a folder can have it",
                            TN_SHOW_SOME (key, TN_MIN (length, 200)), fault);
        files->keys[i] = (uint32_t) files->used;
        files->used += length + 1;
    }
    return TENON_OK;
}

/* The folder of a key: one that is open, most often the last one, or a new one in place of one that no thread
 * uses. There always is an unused one: no more threads than folders write. The caller holds the lock. */
static tenon_status
use_folder (struct tn_put_chunks *chunks, const char *key, struct open_folder **used, tenon_error *error)
{
    struct tn_chunk_files *files = chunks->files;
    for (unsigned i = 0; i < files->count; i++) {
        const unsigned at = (files->last + i) % files->count;
        if (tn_tree_is_in (&files->folders[at].folder, key)) {
            files->last = at;
            *used = &files->folders[at];
            (*used)->users++;
            return TENON_OK;
        }
    }
    while (files->folders[files->next].users > 0)
        files->next = (files->next + 1) % files->count;
    *used = &files->folders[files->next];
    files->last = files->next;
    files->next = (files->next + 1) % files->count;
    tn_tree_folder_close (&(*used)->folder);
    TN_TRY (tn_tree_enter (chunks->call->writer->tree, key, &(*used)->folder, error));
    (*used)->users++;
    return TENON_OK;
}

static tenon_status
take_as_file (void *user, uint64_t number, const uint8_t *bytes, uint64_t length, bool last,
              tenon_error *error)
{
    struct tn_put_chunks *chunks = user;
    struct tn_chunk_files *files = chunks->files;
    struct open_folder *folder;
    const char *key = files->text + files->keys[number - files->first];
    (void) last;
    note_place (chunks, number, 0, length);
    if (length == TENON_AUTO)
        return TENON_OK;
    pthread_mutex_lock (&files->lock);
    tenon_status status = use_folder (chunks, key, &folder, error);
    pthread_mutex_unlock (&files->lock);
    if (status < 0)
        return status;
    status = tn_tree_put_file (chunks->call->writer->tree, &folder->folder, key, bytes, length, error);
    pthread_mutex_lock (&files->lock);
    folder->users--;
    pthread_mutex_unlock (&files->lock);
    return status;
}

static tenon_status
begin_files (struct tn_put_chunks *chunks)
{
    const uint64_t most = TN_MIN (chunks->count, MOST_EXPECTED);
    struct tn_chunk_files *files = calloc (1, sizeof *files);
    uint32_t *keys = malloc (TN_MAX (most, 1) * sizeof *keys);
    if (!files || !keys) {
        free (files);
        free (keys);
        return tn_fail_memory (chunks->call->session->error);
    }
    files->keys = keys;
    files->count = TN_MIN (chunks->job->tools->width + SPARE_FOLDERS, MOST_FOLDERS);
    for (unsigned i = 0; i < MOST_FOLDERS; i++)
        files->folders[i].folder = (struct tn_tree_folder){ NULL, -1, -1 };
    pthread_mutex_init (&files->lock, NULL);
    chunks->files = files;
    return TENON_OK;
}

/* ---- which of them ---- */

tenon_status
tn_put_chunks_begin (struct tn_put_chunks *chunks, struct tn_cut_taker *taker)
{
    const struct tn_writer *writer = chunks->call->writer;
    const bool in_pieces = chunks->job->pieces.count > 1;
    *taker = (struct tn_cut_taker){
        .how = TN_TAKES_ON_THREAD, .most = UINT64_MAX, .take = take_at_position, .user = chunks
    };
    if (!chunks->put->key)
        taker->how = writer->sink->callers_thread ? TN_TAKES_ON_THREAD : TN_TAKES_IN_ORDER;
    else if (!writer->tree || in_pieces || chunks->job->tools->width > MOST_FOLDERS)
        taker->take = take_as_entry;
    else {
        taker->how = TN_TAKES_ANY;
        taker->most = MOST_EXPECTED;
        taker->expect = expect_files;
        taker->take = take_as_file;
        return begin_files (chunks);
    }
    return TENON_OK;
}

void
tn_put_chunks_end (struct tn_put_chunks *chunks)
{
    struct tn_chunk_files *files = chunks->files;
    if (!files)
        return;
    for (unsigned i = 0; i < MOST_FOLDERS; i++)
        tn_tree_folder_close (&files->folders[i].folder);
    pthread_mutex_destroy (&files->lock);
    free (files->keys);
    free (files->text);
    free (files);
}

tenon_status
tn_put_chunks_count (struct tn_put_chunks *chunks, const struct tn_cut_taker *taker)
{
    for (uint64_t i = 0; i < chunks->count; i++)
        TN_TRY (taker->take (chunks, i, NULL, tn_cut_chunk_size (chunks->job, i), true,
                             chunks->call->session->error));
    return TENON_OK;
}
