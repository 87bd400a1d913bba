/* SPDX-License-Identifier: MIT */
/* list.c - the members of an archive: as keys from the directory, as parts when they are opened. */
#include "zip.h"

/* ---- methods ---- */

const char *const zip_filters[] = { "deflate", "bzip2", "lzma", "zstd", "xz", NULL };
static const uint32_t methods[] = { ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA, ZIP_ZSTD, ZIP_XZ };

const char *
zip_filter_of (uint32_t method)
{
    for (size_t i = 0; zip_filters[i]; i++)
        if (methods[i] == method)
            return zip_filters[i];
    return NULL;
}

uint32_t
zip_method_of (const char *filter)
{
    if (!filter)
        return ZIP_STORED;
    for (size_t i = 0; zip_filters[i]; i++)
        if (strcmp (zip_filters[i], filter) == 0)
            return methods[i];
    return ZIP_NO_METHOD;
}

/* The name of a method for a message. */
static const char *
method_words (uint32_t method)
{
    return method == 1                          ? " (shrink)"
           : method >= 2 && method <= 5         ? " (reduce)"
           : method == 6                        ? " (implode)"
           : method == 9                        ? " (deflate64)"
           : method == ZIP_BZIP2                ? " (bzip2)"
           : method == ZIP_LZMA                 ? " (lzma)"
           : method == 20 || method == ZIP_ZSTD ? " (zstd)"
           : method == ZIP_XZ                   ? " (xz)"
           : method == 98                       ? " (ppmd)"
                                                : "";
}

/* ---- members that occur twice ---- */

/* Finds the members that a later one of the same name replaces. */
static tenon_status
find_replaced (struct zip_reader *reader)
{
    const struct zip_directory *directory = &reader->directory;
    uint32_t tag;
    for (uint64_t i = 0, at = 0; i < directory->count; i++) {
        const uint8_t *bytes = directory->bytes + at;
        if (directory->size - at < ZIP_CENTRAL_BYTES)
            return TENON_OK; /* which reading the entry will tell */
        uint32_t length = tenon_le16 (bytes + 28);
        uint64_t whole =
            ZIP_CENTRAL_BYTES + (uint64_t) length + tenon_le16 (bytes + 30) + tenon_le16 (bytes + 32);
        if (whole > directory->size - at)
            return TENON_OK;
        const char *name = (const char *) bytes + ZIP_CENTRAL_BYTES;
        if (!zip_add_name (&reader->names, name, length)) {
            zip_name_in (&reader->names, zip_find_name (&reader->names, name, length, &tag))->last =
                (uint32_t) i;
            reader->replaced++;
        }
        at += whole;
    }
    return TENON_OK;
}

/* True if a later member has the name of member number `index`, and counts in its place, as for zipfile. */
static int
is_replaced (struct zip_reader *reader, uint64_t index, const struct zip_entry *entry)
{
    uint32_t tag, last;
    char shown[ZIP_SHOWN];
    if (!reader->replaced)
        return 0;
    last = zip_name_in (&reader->names,
                        zip_find_name (&reader->names, (const char *) entry->raw, entry->raw_length, &tag))
               ->last;
    if (last <= index)
        return 0;
    zip_show (entry, shown);
    tenon_note (reader->call, TENON_NOTE | TENON_FLAW, shown,
                "a later member has this name, too: the last one counts");
    if (entry->size > 0)
        tenon_note (reader->call, TENON_LOSS, shown,
                    "the %llu bytes of an earlier member of this name are not read",
                    (unsigned long long) entry->size);
    return 1;
}

/* ---- describe: keys ---- */

/* A folder has no bytes, and is no member. */
static int
is_folder (const struct zip_entry *entry)
{
    return entry->name_length > 0 && entry->name[entry->name_length - 1] == '/' && entry->size == 0;
}

static tenon_status
add_key (struct zip_reader *reader, const struct zip_entry *entry)
{
    struct tenon_call *call = reader->call;
    static const struct tenon_step encoded = { .struct_size = sizeof encoded,
                                               .filter = "deflate" }; /* which one it is matters later */
    struct tenon_part part = TENON_INIT (part);
    uint32_t source;
    part.flags = TENON_PART_LATER;
    part.name = entry->name;
    part.name_length = entry->name_length;
    part.size = entry->size;
    part.place = entry->place;
    part.steps = &encoded;
    part.step_size = sizeof encoded;
    part.step_count = entry->method != ZIP_STORED;
    return call->host->add_part (call, &part, &source);
}

tenon_status
zip_list (struct tenon_call *call)
{
    struct tenon_setting verify = TENON_INIT (verify);
    struct zip_reader *reader = call->host->scratch (call, sizeof *reader);
    struct zip_directory *directory = &reader->directory;
    struct zip_entry entry;
    uint64_t position = 0;
    if (!reader)
        return TENON_E_MEMORY;
    call->state = reader;
    reader->call = call;
    TENON_TRY (call->host->option (call, ZIP_OPTION_VERIFY, &verify));
    reader->verify = verify.integer;
    TENON_TRY (zip_open_directory (call, directory));
    TENON_TRY (zip_begin_names (call, directory->count, &reader->names));
    TENON_TRY (find_replaced (reader));
    call->host->expect (call, directory->count, 0);
    for (uint64_t i = 0; i < directory->count; i++, position += entry.entry_length) {
        TENON_TRY (zip_read_entry (call, directory, position, NULL, 0, &entry));
        if (!is_folder (&entry) && !is_replaced (reader, i, &entry))
            TENON_TRY (add_key (reader, &entry));
    }
    if (position != directory->size)
        return tenon_fail (call, TENON_E_MALFORMED, directory->offset + position,
                           "the central directory has %llu bytes behind its %llu members",
                           (unsigned long long) (directory->size - position),
                           (unsigned long long) directory->count);
    return TENON_OK;
}

/* ---- locate: parts ---- */

static tenon_status
skip_part (struct zip_reader *reader, const struct tenon_part *part)
{
    return reader->call->host->skip_part (reader->call, part, reader->fault.status, reader->fault.words);
}

static tenon_status
add_part (struct zip_reader *reader, const struct zip_entry *entry, struct tenon_part *part)
{
    struct tenon_call *call = reader->call;
    struct tenon_step step = { .struct_size = sizeof step,
                               .level = -1,
                               .filter = zip_filter_of (entry->method) };
    uint32_t source;
    part->steps = &step;
    part->step_size = sizeof step;
    part->step_count = step.filter != NULL;
    if (reader->fault.status < 0)
        return skip_part (reader, part);
    if (entry->extra_length > 0 && entry->method != ZIP_STORED)
        TENON_TRY (zip_take_blocks (call, entry, part));
    tenon_status status = step.filter || entry->method == ZIP_STORED
                              ? call->host->add_part (call, part, &source)
                              : (tenon_status) TENON_E_UNSUPPORTED;
    /* a filter that is not in use is no failure */
    if (status != TENON_E_UNSUPPORTED)
        return status;
    reader->fault.status = status;
    snprintf (reader->fault.words, sizeof reader->fault.words, "it is compressed by method %u%s, %s%s",
              entry->method, method_words (entry->method),
              step.filter ? "for which no filter is in use: " : "which is not known",
              step.filter ? step.filter : "");
    return skip_part (reader, part);
}

tenon_status
zip_locate (struct tenon_call *call, const struct tenon_part *wanted)
{
    struct zip_reader *reader = call->state;
    struct tenon_part part = TENON_INIT (part);
    struct zip_entry entry;
    TENON_TRY (zip_read_entry (call, &reader->directory, wanted->place - reader->directory.offset,
                               wanted->name, wanted->name_length, &entry));
    TENON_TRY (zip_check_member (reader, &entry, &part.lead));
    part.offset = entry.offset + part.lead;
    part.stored = entry.stored;
    part.size = entry.size;
    part.check = reader->verify == ZIP_VERIFY_NO ? TENON_CHECK_NONE : TENON_CHECK_CRC32;
    part.flags = reader->verify == ZIP_VERIFY_MAP ? TENON_PART_CHECK_MAPPED : 0;
    part.check_value = entry.crc;
    part.name = entry.name;
    part.name_length = entry.name_length;
    part.place = entry.place;
    return add_part (reader, &entry, &part);
}
