/* SPDX-License-Identifier: MIT */
/* read.c - numbers and strings of a header. A failure names what was being read, and its key or tensor. */
#include "gguf.h"

const char *
gguf_whose (const struct gguf_reader *reader, char room[GGUF_WHOSE])
{
    const struct gguf_subject *subject = &reader->subject;
    if (!subject->kind)
        return "";
    if (subject->name)
        snprintf (room, GGUF_WHOSE, "%s '%.*s': ", subject->kind,
                  (int) (subject->length < 100 ? subject->length : 100), subject->name);
    else
        snprintf (room, GGUF_WHOSE, "%s number %llu: ", subject->kind, (unsigned long long) subject->number);
    return room;
}

const char *
gguf_there (const struct gguf_reader *reader, char room[GGUF_WHOSE])
{
    snprintf (room, GGUF_WHOSE,
              "the file ends in its header, %llu of %llu key-value pairs and %llu of %llu tensors are there",
              (unsigned long long) reader->pairs_there, (unsigned long long) reader->pairs,
              (unsigned long long) reader->tensors_there, (unsigned long long) reader->tensors);
    return reader->pairs > 0 || reader->tensors > 0 ? room : "the file ends in its header";
}

uint64_t
gguf_left (const struct gguf_reader *reader)
{
    return reader->cursor.end - reader->cursor.position;
}

/* Bounds the time that a sparse file can cost, whatever its size. */
static tenon_status
require_bytes (struct gguf_reader *reader, uint64_t length, const char *what)
{
    if (reader->cursor.position > reader->most_header)
        return tenon_fail (reader->call, TENON_E_LIMIT, TENON_AUTO,
                           "its header is longer than %llu bytes; raise header_bytes in [limits] to read it",
                           (unsigned long long) reader->most_header);
    return length <= gguf_left (reader)
               ? TENON_OK
               : gguf_fail (reader, TENON_E_TRUNCATED, reader->cursor.position,
                            "%s needs %llu bytes, %llu are left: %s", what, (unsigned long long) length,
                            (unsigned long long) gguf_left (reader),
                            gguf_there (reader, (char[GGUF_WHOSE]){ 0 }));
}

tenon_status
gguf_skip (struct gguf_reader *reader, uint64_t length, const char *what)
{
    TENON_TRY (require_bytes (reader, length, what));
    reader->cursor.position += length;
    return TENON_OK;
}

const uint8_t *
gguf_take (struct gguf_reader *reader, uint64_t length, const char *what)
{
    return require_bytes (reader, length, what) < 0 ? NULL : tenon_take (&reader->cursor, length, what);
}

tenon_status
gguf_take_u32 (struct gguf_reader *reader, uint32_t *number, const char *what)
{
    TENON_TRY (require_bytes (reader, 4, what));
    return tenon_take_u32 (&reader->cursor, number, what);
}

tenon_status
gguf_take_size (struct gguf_reader *reader, uint64_t *size, const char *what)
{
    uint32_t narrow;
    if (reader->version > 1) {
        TENON_TRY (require_bytes (reader, 8, what));
        return tenon_take_u64 (&reader->cursor, size, what);
    }
    TENON_TRY (gguf_take_u32 (reader, &narrow, what));
    *size = narrow;
    return TENON_OK;
}

tenon_status
gguf_take_string (struct gguf_reader *reader, const char **text, uint64_t *length, const char *what)
{
    TENON_TRY (gguf_take_size (reader, length, what));
    *text = "";
    if (*length > 0 && !(*text = (const char *) gguf_take (reader, *length, what)))
        return TENON_E_TRUNCATED;
    return TENON_OK;
}

tenon_status
gguf_skip_info (struct gguf_reader *reader)
{
    struct tenon_cursor *cursor = &reader->cursor;
    uint64_t width = reader->version > 1 ? 8 : 4, length;
    uint32_t rank;
    if (gguf_left (reader) < width)
        return TENON_E_TRUNCATED;
    TENON_TRY (gguf_take_size (reader, &length, "its name"));
    if (length > gguf_left (reader) || gguf_left (reader) - length < 4)
        return TENON_E_TRUNCATED;
    cursor->position += length;
    TENON_TRY (gguf_take_u32 (reader, &rank, "the number of its dims"));
    if (gguf_left (reader) < rank * width + 12)
        return TENON_E_TRUNCATED;
    cursor->position += rank * width + 12;
    return TENON_OK;
}
