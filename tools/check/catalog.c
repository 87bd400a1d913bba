/* SPDX-License-Identifier: MIT */
/* catalog.c - what a file holds, as texts that can be compared. */
#include "check/catalog.h"
#include "check/canon.h"
#include "library.h"
#include "line.h"
#include "memory.h"
#include "report.h"
#include "text.h"
#include <inttypes.h>

static void
add_entry (struct catalog *catalog, const char *subject, const char *aspect, struct canon *canon)
{
    if (catalog->count == catalog->room) {
        catalog->room = catalog->room * 2 + 16;
        catalog->entries = get_memory (catalog->entries, catalog->room, sizeof *catalog->entries);
    }
    catalog->entries[catalog->count++] =
        (struct catalog_entry){ copy_text (subject, strlen (subject)), aspect, canon_end (canon) };
}

/* An entry with a short text. */
PRINTF_LIKE (4, 5)
static void
add_words (struct catalog *catalog, const char *subject, const char *aspect, const char *format, ...)
{
    char text[1200];
    struct canon canon = { 0 };
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    canon_start (&canon);
    line_word (&canon.line, text);
    add_entry (catalog, subject, aspect, &canon);
}

/* `tensor "x"`. The caller frees it. */
static char *
name_subject (const char *kind, const char *name, uint64_t length)
{
    CLEAN (line) struct line line = { 0 };
    line_word (&line, kind);
    line_word (&line, " \"");
    text_put (&line, name, length, TEXT_QUOTED);
    line_word (&line, "\"");
    return copy_text (line.text, line.length);
}

/* ---- tensors ---- */

static void
add_dtype_entry (struct catalog *catalog, const char *subject, const tenon_context *context,
                 const tenon_file *file, const tenon_tensor_info *info)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    if (info->dtype == TENON_NONE || tenon_dtype_get (context, file, info->dtype, &dtype) < 0
        || dtype.kind != TENON_KIND_OPAQUE)
        add_words (catalog, subject, "the dtype", "%s", info->dtype_name ? info->dtype_name : "");
    else
        add_words (catalog, subject, "the dtype", "%s \"%s\" of %" PRIu64 " bytes, as dtype %u, flags %u",
                   dtype.family ? dtype.family : "", dtype.text ? dtype.text : "", dtype.block_bytes,
                   dtype.items_as, dtype.items_flags);
}

static void
add_shape_entry (struct catalog *catalog, const char *subject, const char *aspect, const uint64_t *shape,
                 uint32_t rank)
{
    struct canon canon = { 0 };
    canon_start (&canon);
    line_shape (&canon.line, shape, rank);
    add_entry (catalog, subject, aspect, &canon);
}

static void
add_strides_entry (struct catalog *catalog, const char *subject, const tenon_tensor_info *info)
{
    struct canon canon = { 0 };
    canon_start (&canon);
    for (uint32_t i = 0; i < info->rank; i++) {
        line_word (&canon.line, i ? "," : "");
        line_integer (&canon.line, info->strides[i]);
    }
    add_entry (catalog, subject, "the strides", &canon);
}

static void
add_layout (struct catalog *catalog, const char *subject, const tenon_tensor_info *info)
{
    add_words (catalog, subject, "the storage",
               "%s%s%s, flags %u, %" PRIu64 " bytes at %" PRIu64 " of source %u",
               info->storage == 0   ? "one range"
               : info->storage == 1 ? "served"
                                    : "chunks",
               info->filter ? " behind " : "", info->filter ? info->filter : "", info->flags, info->stored,
               info->offset, info->source);
    if (info->strides)
        add_strides_entry (catalog, subject, info);
    if (info->chunk_shape)
        add_shape_entry (catalog, subject, "the chunk shape", info->chunk_shape, info->rank);
}

static void
add_data_entry (struct catalog *catalog, const char *subject, tenon_file *file, uint64_t index, bool message)
{
    struct canon canon = { 0 };
    tenon_request request = { .struct_size = sizeof request, .index = index };
    tenon_error error = TENON_ERROR_INIT;
    canon_start (&canon);
    if (tenon_stream (file, &request, canon_sink, &canon, NULL, &error) < 0) {
        canon_free (&canon);
        add_words (catalog, subject, "the data", "%s%s%s", tenon_status_name (error.status),
                   message ? ": " : "", message ? error.message : "");
        return;
    }
    canon_digest (&canon);
    add_entry (catalog, subject, "the data", &canon);
}

static void
add_tensor_entries (struct catalog *catalog, const tenon_context *context, tenon_file *file, uint64_t index,
                    unsigned what)
{
    tenon_tensor_info info = tensor_get (file, index);
    CLEAN (text) char *subject = name_subject ("tensor", info.name, info.name_length);
    if (what & CATALOG_TENSORS) {
        add_dtype_entry (catalog, subject, context, file, &info);
        if (info.flags & TENON_NO_SHAPE)
            add_words (catalog, subject, "the shape", "not known");
        else
            add_shape_entry (catalog, subject, "the shape", info.shape, info.rank);
        if (info.unreadable)
            add_words (catalog, subject, "the reason why it cannot be read", "%s%s%s",
                       tenon_status_name (info.unreadable), what & CATALOG_NOTES ? ": " : "",
                       what & CATALOG_NOTES && info.why ? info.why : "");
    }
    if (what & CATALOG_LAYOUT)
        add_layout (catalog, subject, &info);
    if (what & CATALOG_DATA && !info.unreadable)
        add_data_entry (catalog, subject, file, index, what & CATALOG_NOTES);
}

/* ---- the file ---- */

static void
add_metadata_entry (struct catalog *catalog, const tenon_context *context, const tenon_file *file,
                    uint64_t index)
{
    tenon_metadata_info info;
    tenon_error error = TENON_ERROR_INIT;
    struct canon canon = { 0 };
    if (!metadata_get (file, index, &info))
        return;
    CLEAN (text) char *subject = name_subject ("metadata", info.key, info.key_length);
    canon_start (&canon);
    if (canon_value (&canon, context, file, &info.value, &error) == TENON_OK) {
        add_entry (catalog, subject, "the value", &canon);
        return;
    }
    canon_free (&canon);
    add_words (catalog, subject, "the value", "%s", tenon_status_name (error.status));
}

static void
add_notes (struct catalog *catalog, const tenon_report *report)
{
    static const struct {
        uint32_t kind;
        const char *aspect;
    } kinds[] = { { TENON_NOTE, "the note" }, { TENON_LOSS, "the loss" } };
    for (size_t k = 0; k < COUNT_OF (kinds); k++) {
        tenon_report_entry entry;
        for (uint64_t i = 0; report_next (report, kinds[k].kind, &i, &entry);)
            add_words (catalog, "the notes", kinds[k].aspect, "%s%s%s (%s)", entry.subject,
                       *entry.subject ? ": " : "", entry.message, tenon_status_name (entry.status));
    }
}

void
catalog_take (struct catalog *catalog, const tenon_context *context, tenon_file *file, unsigned what)
{
    tenon_file_info info = file_get (file);
    *catalog = (struct catalog){ 0 };
    if (what & CATALOG_LAYOUT)
        add_words (catalog, "the file", "the codec", "%s", info.format);
    for (uint64_t i = 0; i < info.tensors; i++)
        add_tensor_entries (catalog, context, file, i, what);
    for (uint64_t i = 0; i < info.metadata && what & CATALOG_METADATA; i++)
        add_metadata_entry (catalog, context, file, i);
    if (what & CATALOG_NOTES)
        add_notes (catalog, tenon_file_report (file));
}

void
catalog_take_failure (struct catalog *catalog, const tenon_error *error, bool message)
{
    *catalog = (struct catalog){ 0 };
    add_words (catalog, "the file", "the refusal", "%s%s%s", tenon_status_name (error->status),
               message ? ": " : "", message ? error->message : "");
}

void
catalog_free (struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->count; i++) {
        free (catalog->entries[i].subject);
        free (catalog->entries[i].text);
    }
    free (catalog->entries);
    *catalog = (struct catalog){ 0 };
}

void
catalog_clean (struct catalog *catalog)
{
    catalog_free (catalog);
}

/* ---- comparing ---- */

/* Bytes of each text in the words of a difference. */
#define EXCERPT 160

/* The part of a text around the byte where it begins to differ. */
static const char *
excerpt_of (const char *text, size_t difference, char room[EXCERPT + 8])
{
    size_t length = strlen (text), from = difference > EXCERPT / 2 ? difference - EXCERPT / 2 : 0;
    if (length <= EXCERPT)
        from = 0;
    while (from > 0 && ((unsigned char) text[from] & 0xc0) == 0x80)
        from--; /* never inside a letter */
    snprintf (room, EXCERPT + 8, "%s%.*s%s", from ? "..." : "", EXCERPT, text + from,
              from + EXCERPT < length ? "..." : "");
    return room;
}

static void
tell_texts (const struct catalog_entry *expected, const struct catalog_entry *found, char *words)
{
    char one[EXCERPT + 8], other[EXCERPT + 8];
    size_t at = 0;
    while (expected->text[at] && expected->text[at] == found->text[at])
        at++;
    snprintf (words, CATALOG_WORDS, "%.400s: %s is %s, expected %s", expected->subject, expected->aspect,
              excerpt_of (found->text, at, one), excerpt_of (expected->text, at, other));
}

static bool
same_place (const struct catalog_entry *one, const struct catalog_entry *other)
{
    return strcmp (one->subject, other->subject) == 0 && strcmp (one->aspect, other->aspect) == 0;
}

static bool
has_entry (const struct catalog *catalog, const struct catalog_entry *entry)
{
    for (size_t i = 0; i < catalog->count; i++)
        if (same_place (&catalog->entries[i], entry))
            return true;
    return false;
}

/* Tells why the entries at one place have other subjects or aspects; either may be NULL, an end. */
static void
tell_places (const struct catalog *expected, const struct catalog *found, const struct catalog_entry *there,
             const struct catalog_entry *here, char *words)
{
    if (there && !has_entry (found, there))
        snprintf (words, CATALOG_WORDS, "%.400s: %s is missing, expected %.300s", there->subject,
                  there->aspect, there->text);
    else if (here && !has_entry (expected, here))
        snprintf (words, CATALOG_WORDS, "%.400s: %s is not expected, but is there: %.300s", here->subject,
                  here->aspect, here->text);
    else if (here && there)
        snprintf (words, CATALOG_WORDS, "%.400s: %s comes where %s of %.400s is expected", here->subject,
                  here->aspect, there->aspect, there->subject);
    else if (here)
        snprintf (words, CATALOG_WORDS, "%.400s: %s comes once more", here->subject, here->aspect);
    else if (there)
        snprintf (words, CATALOG_WORDS, "%.400s: %s is missing once", there->subject, there->aspect);
}

static int
compare_entries (const void *one, const void *other)
{
    const struct catalog_entry *const *a = one, *const *b = other;
    int order = strcmp ((*a)->subject, (*b)->subject);
    order = order ? order : strcmp ((*a)->aspect, (*b)->aspect);
    return order ? order : (*a > *b) - (*a < *b);
}

/* Pointers to the entries, in the order in which they are compared. */
static const struct catalog_entry **
order_entries (const struct catalog *catalog, bool any_order)
{
    const struct catalog_entry **list = get_memory (NULL, catalog->count + 1, sizeof *list);
    for (size_t i = 0; i < catalog->count; i++)
        list[i] = &catalog->entries[i];
    list[catalog->count] = NULL;
    if (any_order)
        qsort (list, catalog->count, sizeof *list, compare_entries);
    return list;
}

bool
catalog_differs (const struct catalog *expected, const struct catalog *found, bool any_order,
                 char words[CATALOG_WORDS])
{
    const struct catalog_entry **there = order_entries (expected, any_order),
                               **here = order_entries (found, any_order);
    size_t i = 0;
    words[0] = 0;
    while (there[i] && here[i] && same_place (there[i], here[i])
           && strcmp (there[i]->text, here[i]->text) == 0)
        i++;
    if (there[i] && here[i] && same_place (there[i], here[i]))
        tell_texts (there[i], here[i], words);
    else if (there[i] || here[i])
        tell_places (expected, found, there[i], here[i], words);
    free (there);
    free (here);
    return words[0] != 0;
}
