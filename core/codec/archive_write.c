/* SPDX-License-Identifier: MIT */
/* archive_write.c - writes a store into an archive, or into a folder. */
#include "codec/archive_write.h"
#include "base/key.h"
#include "codec/keyed.h"
#include "codec/rules.h"
#include "context/cause.h"
#include "kernels/checksum.h"
#include <stdio.h>

struct tn_entries {
    struct tn_call call;     /* of the archive's codec, */
    struct tn_writer writer; /* which writes to the archive's own sink */
    struct tn_sink outside;  /* the keyed codec's where no entry is open: it takes nothing */
    struct tn_encode_sink sink;
    const struct tn_pipeline *pipeline; /* of the entry that was encoded last, */
    struct tn_encoder *encoder;         /* and its encoder */
    struct tenon_entry entry;           /* the one that is open, */
    struct tenon_step step;             /* and the step that it has */
    uint64_t begin;                     /* position of its bytes in the archive */
    char **keys;                        /* of all entries of an archive */
    uint64_t key_count, key_room;
    struct tn_names names; /* their numbers */
    bool open;
    bool plain; /* the open entry is a file whose bytes nothing encodes or sums */
};

static const struct tenon_archive *
functions_of (const struct tn_entries *entries)
{
    return entries->call.codec->table.archive_functions;
}

/* What one of the archive's functions gets as its call. */
static struct tenon_call *
enter_function (struct tn_entries *entries, enum tn_state function)
{
    entries->call.state = function;
    return tn_call_enter (&entries->call);
}

static tenon_status
refuse_bytes (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    (void) sink, (void) bytes;
    return length == 0 ? TENON_OK
                       : tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                                  "a keyed codec puts bytes outside of an entry");
}

/* ---- the archive ---- */

static tenon_status
find_archive (struct tn_session *session, const struct tn_writer *writer, const struct tn_codec *keyed,
              uint64_t *codec)
{
    if (keyed->table.archive)
        return tn_keys_archive_codec (session->context, keyed, codec, session->error);
    if (writer->outer == 0)
        return tn_fail (
            session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
            "the format %s is a folder of files, which a pipe or a member cannot be; save to a path",
            keyed->table.id);
    *codec = writer->outer - 1;
    return TENON_OK;
}

static struct tn_entries *
make_entries (struct tn_session *session, struct tn_writer *writer)
{
    struct tn_entries *entries = calloc (1, sizeof *entries);
    if (!entries)
        return NULL;
    entries->writer = *writer; /* which has no archive itself */
    entries->names.key = &session->context->hash_key;
    entries->outside = (struct tn_sink){ .name = writer->sink->name, .fd = -1, .write = refuse_bytes };
    writer->archive = entries;
    return entries;
}

static tenon_status
begin_folder_entries (struct tn_session *session, struct tn_writer *writer)
{
    struct tn_entries *entries = make_entries (session, writer);
    if (!entries)
        return tn_fail_memory (session->error);
    writer->sink = &entries->outside;
    return TENON_OK;
}

tenon_status
tn_entries_begin (struct tn_session *session, struct tn_writer *writer, const struct tn_codec *keyed)
{
    uint64_t codec;
    if (writer->folder)
        return begin_folder_entries (session, writer);
    TN_TRY (find_archive (session, writer, keyed, &codec));
    const struct tn_codec *archive = session->context->registry.codecs[codec];
    if (!archive->table.archive_functions->finish)
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s writes archives of the codec %s, which only reads", keyed->table.id,
                        archive->table.id);
    if (writer->old && !(archive->table.flags & TENON_CODEC_APPENDS))
        return tn_fail (session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "nothing can be added to an archive of the codec %s", archive->table.id);
    struct tn_entries *entries = make_entries (session, writer);
    if (!entries)
        return tn_fail_memory (session->error);
    tn_call_begin (&entries->call, session, TN_CALL_BEGIN, codec);
    entries->call.writer = &entries->writer;
    writer->sink = &entries->outside;
    if (!functions_of (entries)->begin)
        return TENON_OK;
    return tn_call_judge (&entries->call,
                          functions_of (entries)->begin (enter_function (entries, TN_CALL_BEGIN)));
}

static tenon_status
end_entry (struct tn_entries *entries, const struct tenon_member_result *result)
{
    if (entries->writer.folder)
        return TENON_OK;
    return tn_call_judge (&entries->call,
                          functions_of (entries)->end_entry (enter_function (entries, TN_CALL_END_ENTRY),
                                                             &entries->entry, result));
}

/* Ends the entry that put_key began. */
static tenon_status
close_entry (struct tn_session *session, struct tn_writer *writer, tenon_status status)
{
    struct tn_entries *entries = writer->archive;
    struct tn_encode_sink *sink = &entries->sink;
    if (!entries->open)
        return status;
    entries->open = false;
    writer->dry = entries->writer.dry;
    if (entries->plain) {
        entries->plain = false;
        writer->sink = &entries->outside;
        return status;
    }
    if (status == TENON_OK)
        status = tn_encode_sink_finish (&entries->sink, session->error);
    if (status == TENON_OK) {
        struct tenon_member_result result = { .struct_size = sizeof result,
                                              .offset = entries->begin,
                                              .stored = sink->outer->position - sink->base,
                                              .size = sink->sink.position,
                                              .check_value = sink->sum,
                                              .block_size = sink->encoder ? sink->block_size : 0,
                                              .block_count = sink->block_count,
                                              .block_ends = sink->block_ends };
        status = end_entry (entries, &result);
    }
    tn_encode_sink_close (&entries->sink);
    writer->sink = &entries->outside;
    return status;
}

tenon_status
tn_entries_end (struct tn_session *session, struct tn_writer *writer, tenon_status status)
{
    struct tn_entries *entries = writer->archive;
    status = close_entry (session, writer, status);
    struct tn_sink *none;
    if (status == TENON_OK && !writer->folder)
        status = tn_call_judge (&entries->call,
                                functions_of (entries)->finish (enter_function (entries, TN_CALL_FINISH)));
    else if (status == TENON_OK && writer->tree)
        status = tn_tree_sink (writer->tree, NULL, 0, &none, session->error);
    if (!writer->folder)
        tn_call_free (&entries->call);
    writer->sink = entries->writer.sink;
    writer->old_put = entries->writer.old_put;
    writer->measured = entries->writer.measured;
    writer->archive = NULL;
    tn_encoder_free (entries->encoder);
    free (entries->keys);
    free (entries->names.slots);
    free (entries);
    return status;
}

/* ---- entries ---- */

/* What the entry asks for becomes what it gets: the checksum of the archive's entries, and none of a file. */
tenon_status
tn_entries_choose_check (struct tn_call *call, uint32_t *check)
{
    const struct tn_entries *entries = call->writer->archive;
    bool file = !entries || entries->writer.folder;
    uint32_t own = file ? (uint32_t) TENON_CHECK_NONE : functions_of (entries)->check;
    if (*check == TENON_CHECK_NONE)
        *check = own;
    if (*check == own)
        return TENON_OK;
    return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "an entry asks for the checksum %s, and those of %s %s have %s", tn_sum_name (*check),
                    file ? "a" : "the archive", file ? "folder" : entries->call.codec->table.id,
                    tn_sum_name (own));
}

/* Members have one step without parameters, of a filter that the archive has a number for. The copy of the
 * step lives as long as the entry, which the codec's need not. */
static tenon_status
copy_step (struct tn_call *call, struct tn_entries *entries, const struct tenon_entry *entry)
{
    struct tenon_step *step = &entries->step;
    if (!entry->steps || entry->step_size < offsetof (struct tenon_step, setup)
        || !tn_copy_struct (step, sizeof *step, entry->steps, entry->step_size) || !step->filter)
        return tn_call_misuse (call, "a struct tenon_step has a wrong struct_size, or no filter");
    if (entry->step_count == 1 && step->setup_size == 0)
        for (const char *const *filter = functions_of (entries)->filters; filter && *filter; filter++)
            if (strcmp (*filter, step->filter) == 0) {
                step->filter = *filter;
                return TENON_OK;
            }
    return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                    "an archive of the codec %s has no members that the filter %.60s encodes%s",
                    entries->call.codec->table.id, step->filter,
                    entry->step_count > 1  ? " with others"
                    : step->setup_size > 0 ? " with parameters"
                                           : "");
}

static bool
has_key (const void *owner, uint64_t number, const char *text, uint64_t length)
{
    const char *key = ((const struct tn_entries *) owner)->keys[number];
    return strlen (key) == length && memcmp (key, text, length) == 0;
}

/* Copies the key, and refuses one that the archive has. */
static tenon_status
enter_key (struct tn_call *call, struct tn_entries *entries, const char *key, uint64_t length)
{
    tenon_error *error = call->session->error;
    char *copy = tn_arena_text (&call->session->arena, key, length);
    if (!copy || !tn_grow (&entries->keys, &entries->key_room, entries->key_count, sizeof *entries->keys))
        return tn_fail_memory (error);
    entries->keys[entries->key_count] = copy;
    int entered = tn_names_enter (&entries->names, entries, has_key, copy, length, entries->key_count);
    if (entered == 0)
        return tn_fail (error, TENON_E_EXISTS, TN_NO_OFFSET, "the key '%s' is put twice",
                        TN_SHOW_SOME (copy, TN_MIN (length, 200)));
    if (entered < 0)
        return tn_fail_memory (error);
    entries->entry.key = copy;
    entries->key_count++;
    return TENON_OK;
}

/* A dry run makes no files, but refuses a key that occurs twice, as a real one does. */
static tenon_status
begin_dry_file (struct tn_call *call, struct tn_entries *entries, const struct tenon_entry *entry)
{
    TN_TRY (enter_key (call, entries, entry->key, entry->key_length));
    entries->writer.measured += entries->writer.sink->position;
    entries->writer.sink->position = 0;
    return TENON_OK;
}

/* Begins a file of a folder. */
static tenon_status
begin_file_entry (struct tn_call *call, struct tn_entries *entries, const struct tenon_entry *entry)
{
    const char *fault = tn_new_key_fault (entry->key, entry->key_length);
    if (fault)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the key '%s' %s: no file of a folder can have it",
                        TN_SHOW_SOME (entry->key, TN_MIN (entry->key_length, 200)), fault);
    entries->begin = 0;
    entries->entry = *entry;
    if (entries->writer.dry)
        return begin_dry_file (call, entries, entry);
    return tn_tree_sink (call->writer->tree, entry->key, entry->key_length, &entries->writer.sink,
                         call->session->error);
}

/* Begins an entry, whose key is copied. */
static tenon_status
begin_entry (struct tn_call *call, struct tn_entries *entries, const struct tenon_entry *entry)
{
    const struct tenon_archive *archive = entries->writer.folder ? NULL : functions_of (entries);
    if (!entry->key || entry->key_length == 0 || entry->key_length > UINT32_MAX
        || !tn_utf8 (entry->key, entry->key_length))
        return tn_call_misuse (call, "the key of an entry is empty, or not valid UTF-8 without NUL");
    if (entry->flags & TENON_FLAGS_MUST_KNOW)
        return tn_call_misuse (call, "an entry has flags that this version does not know");
    if ((entry->alignment & (entry->alignment - 1)) || entry->alignment > TENON_MOST_ALIGNMENT)
        return tn_call_misuse (call, "the alignment of an entry is no power of two, or more than 1 GiB");
    if (entries->writer.folder)
        return begin_file_entry (call, entries, entry);
    entries->entry = *entry;
    entries->entry.struct_size = sizeof *entry;
    entries->entry.steps = entry->step_count > 0 ? &entries->step : NULL;
    entries->entry.step_size = sizeof entries->step;
    if (entry->step_count > 0)
        TN_TRY (copy_step (call, entries, entry));
    TN_TRY (enter_key (call, entries, entry->key, entry->key_length));
    TN_TRY (
        tn_call_judge (&entries->call, archive->begin_entry (enter_function (entries, TN_CALL_BEGIN_ENTRY),
                                                             &entries->entry)));
    entries->begin = entries->writer.sink->position;
    return TENON_OK;
}

/* Puts the steps of an entry into its sink. */
static tenon_status
encode_entry (struct tn_call *call, struct tn_entries *entries, const struct tenon_entry *entry)
{
    struct tn_session *session = call->session;
    uint64_t size = entry->size == TENON_AUTO ? 0 : entry->size, block_size;
    const struct tn_pipeline *before = entries->pipeline;
    const char *missing;
    if (call->writer->measures)
        return tn_writer_cannot_measure (call, entries->step.filter);
    tenon_status status = tn_pipeline_make (session->context, &session->arena, entry->steps, entry->step_size,
                                            entry->step_count, &entries->pipeline, &missing, session->error);
    if (status == TENON_E_NOT_FOUND)
        return tn_cause_fail_filter (session->context, missing, session->error);
    TN_TRY (status);
    if (!entries->encoder || entries->pipeline != before) {
        tn_encoder_free (entries->encoder);
        entries->encoder = NULL;
        TN_TRY (tn_encoder_new (session->context, entries->pipeline, &entries->encoder, session->error));
    }
    TN_TRY (tn_encoder_block_size (entries->encoder, entry->block_size, size,
                                   session->context->limits[TENON_LIMIT_MEMORY], &block_size,
                                   session->error));
    tn_encode_sink_filter (&entries->sink, entries->encoder, block_size, size, call->writer->in_batch, 0);
    entries->sink.meter = call->writer->meter;
    call->writer->dry = false; /* the size depends on the bytes */
    return TENON_OK;
}

tenon_status
tn_entries_put_key (struct tn_call *call, const struct tenon_entry *entry)
{
    struct tn_writer *writer = call->writer;
    struct tn_entries *entries = writer->archive;
    TN_TRY (close_entry (call->session, writer, TENON_OK));
    if (!entry)
        return TENON_OK;
    TN_TRY (begin_entry (call, entries, entry));
    if (entries->writer.folder && entry->step_count == 0) {
        entries->open = entries->plain = true;
        writer->sink = entries->writer.sink;
        return TENON_OK;
    }
    tn_encode_sink_open (&entries->sink, call->session->context, entries->writer.sink, entry->check);
    entries->open = true;
    writer->sink = &entries->sink.sink;
    return entry->step_count > 0 ? encode_entry (call, entries, entry) : TENON_OK;
}

bool
tn_entries_are_open (const struct tn_entries *entries)
{
    return entries->open;
}

tenon_status
tn_entries_drop_key (struct tn_call *call, const char *key, uint64_t length)
{
    struct tn_entries *entries = call->writer->archive;
    const struct tenon_archive *archive = entries->writer.folder ? NULL : functions_of (entries);
    if (!call->writer->old)
        return tn_call_misuse (call, "it drops a key where there is no old file");
    if (entries->key_count > 0)
        return tn_call_misuse (call, "it drops a key after it put one");
    if (!archive->drop)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "keys can only be added to an archive of the codec %s, and '%s' would be replaced",
                        entries->call.codec->table.id, TN_SHOW_SOME (key, TN_MIN (length, 200)));
    return tn_call_judge (&entries->call,
                          archive->drop (enter_function (entries, TN_CALL_DROP), key, length));
}

tenon_status
tn_entries_begin_member (struct tn_call *call, const struct tenon_member *member)
{
    struct tn_writer *writer = call->writer;
    struct tn_entries *entries = writer->archive;
    struct tenon_entry entry = { .struct_size = sizeof entry,
                                 .key = member->key,
                                 .key_length = member->key_length,
                                 .alignment = member->alignment,
                                 .steps = member->steps,
                                 .step_size = member->step_size,
                                 .step_count = member->step_count,
                                 .check = member->check,
                                 .block_size = member->block_size };
    TN_TRY (close_entry (call->session, writer, TENON_OK));
    for (uint64_t i = 0; i < member->count && entry.size != TENON_AUTO; i++)
        if (tn_add (entry.size,
                    tn_catalog_tensor (writer->plan->own, writer->first + member->first + i)->length,
                    &entry.size))
            entry.size = TENON_AUTO;
    TN_TRY (begin_entry (call, entries, &entry));
    writer->sink = entries->writer.sink;
    return TENON_OK;
}

tenon_status
tn_entries_end_member (struct tn_call *call, const struct tenon_member_result *result)
{
    struct tn_writer *writer = call->writer;
    tenon_status status = end_entry (writer->archive, result);
    writer->sink = &writer->archive->outside;
    return status;
}
