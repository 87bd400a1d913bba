/* SPDX-License-Identifier: MIT */
/* tenon/cursor.h - a checked cursor over a source, for headers that are read sequentially.
 * <tenon/plugin.h> includes it.
 *
 * Each step is checked against the end, so a parser that reads only through a cursor cannot read outside the
 * source. */
#include <tenon/plugin.h> /* before the guard: it includes this header at its end */
#ifndef TENON_CURSOR_H
#define TENON_CURSOR_H

#include <tenon/bytes.h>
#include <tenon/errors.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The bytes that a cursor keeps in scratch memory, whatever the size of the header. */
#define TENON_CURSOR_WINDOW 65536u

struct tenon_cursor {
    struct tenon_call *call;
    uint32_t source;
    uint32_t big_endian; /* 1: numbers are big-endian; the caller may change it at any time */
    uint64_t position;   /* of the next byte in the source; the caller may set it */
    uint64_t end;        /* the size of the source; the caller may lower it to the end of a header */
    uint8_t *window;     /* private, like the next two */
    uint64_t window_start, window_length;
};

/* Begins at byte `position` of a source. */
__attribute__ ((unused)) static tenon_status
tenon_cursor_open (struct tenon_cursor *cursor, struct tenon_call *call, uint32_t source, uint64_t position)
{
    struct tenon_source_info info;
    memset (&info, 0, sizeof info);
    info.struct_size = sizeof info;
    TENON_TRY (call->host->source_info (call, source, &info));
    memset (cursor, 0, sizeof *cursor);
    cursor->call = call;
    cursor->source = source;
    cursor->position = position;
    cursor->end = info.size;
    return TENON_OK;
}

/* The next `length` bytes, valid until the next take. NULL: the failure is recorded, TENON_E_TRUNCATED if
 * they are not there; `what` names them in the message. */
__attribute__ ((unused)) static const uint8_t *
tenon_take (struct tenon_cursor *cursor, uint64_t length, const char *what)
{
    uint64_t position = cursor->position, left = position > cursor->end ? 0 : cursor->end - position;
    struct tenon_call *call = cursor->call;
    if (length > left) {
        tenon_fail_text (call, TENON_E_TRUNCATED, cursor->source, position,
                         "%s needs %llu bytes, %llu are left", what, (unsigned long long) length,
                         (unsigned long long) left);
        return NULL;
    }
    if (length > TENON_CURSOR_WINDOW) {
        const uint8_t *whole = (const uint8_t *) call->host->view (call, cursor->source, position, length);
        if (whole)
            cursor->position += length;
        return whole;
    }
    if (position < cursor->window_start || position - cursor->window_start > cursor->window_length
        || length > cursor->window_length - (position - cursor->window_start)) {
        uint64_t window = left < TENON_CURSOR_WINDOW ? left : TENON_CURSOR_WINDOW;
        if (!cursor->window
            && !(cursor->window = (uint8_t *) call->host->scratch (call, TENON_CURSOR_WINDOW)))
            return NULL;
        cursor->window_length = 0;
        if (call->host->read_at (call, cursor->source, position, cursor->window, window) < 0)
            return NULL;
        cursor->window_start = position;
        cursor->window_length = window;
    }
    cursor->position += length;
    return cursor->window + (position - cursor->window_start);
}

/* Passes over `length` bytes, or fails with TENON_E_TRUNCATED. */
__attribute__ ((unused)) static tenon_status
tenon_skip (struct tenon_cursor *cursor, uint64_t length, const char *what)
{
    uint64_t left = cursor->position > cursor->end ? 0 : cursor->end - cursor->position;
    if (length > left)
        return tenon_fail_in (cursor->call, TENON_E_TRUNCATED, cursor->source, cursor->position,
                              "%s needs %llu bytes, %llu are left", what, (unsigned long long) length,
                              (unsigned long long) left);
    cursor->position += length;
    return TENON_OK;
}

/* The next `length` bytes in scratch memory, followed by a NUL; NULL: the failure is recorded. */
__attribute__ ((unused)) static char *
tenon_take_text (struct tenon_cursor *cursor, uint64_t length, const char *what)
{
    const uint8_t *bytes = tenon_take (cursor, length, what);
    char *text = bytes ? (char *) cursor->call->host->scratch (cursor->call, length + 1) : NULL;
    if (text)
        memcpy (text, bytes, length);
    return text;
}

/* Reads the next number into *value, or fails with TENON_E_TRUNCATED and sets it to 0. */
#define TENON_TAKE_NUMBER(name, type, size, little, big)                                                     \
    __attribute__ ((unused)) static tenon_status name (struct tenon_cursor *cursor, type *value,             \
                                                       const char *what)                                     \
    {                                                                                                        \
        const uint8_t *bytes = tenon_take (cursor, size, what);                                              \
        *value = 0;                                                                                          \
        if (!bytes)                                                                                          \
            return TENON_E_TRUNCATED;                                                                        \
        *value = cursor->big_endian ? big : little;                                                          \
        return TENON_OK;                                                                                     \
    }
TENON_TAKE_NUMBER (tenon_take_u8, uint8_t, 1, bytes[0], bytes[0])
TENON_TAKE_NUMBER (tenon_take_u16, uint16_t, 2, tenon_le16 (bytes), tenon_be16 (bytes))
TENON_TAKE_NUMBER (tenon_take_u32, uint32_t, 4, tenon_le32 (bytes), tenon_be32 (bytes))
TENON_TAKE_NUMBER (tenon_take_u64, uint64_t, 8, tenon_le64 (bytes), tenon_be64 (bytes))
#undef TENON_TAKE_NUMBER

#ifdef __cplusplus
}
#endif
#endif
