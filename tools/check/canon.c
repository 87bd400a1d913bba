/* SPDX-License-Identifier: MIT */
/* canon.c - texts that are equal exactly if the values are. */
#include "check/canon.h"
#include "library.h"
#include "memory.h"
#include "number.h"
#include "text.h"
#include "value.h"
#include <inttypes.h>
#include <math.h>

/* Bytes of a text that are kept. */
#define BEGINNING 1024
/* Bytes in the line before they are added to the digest. */
#define FLUSH 65536
/* Items that are read at a time. */
#define CHUNK 4096
/* Maps and arrays in each other: the library allows no more. */
#define DEEPEST 100

void
canon_start (struct canon *canon)
{
    sha256_init (&canon->sha);
    canon->beginning = get_memory (NULL, BEGINNING, 1);
}

static void
take_bytes (struct canon *canon, const void *bytes, size_t size)
{
    size_t part = size < BEGINNING - canon->kept ? size : BEGINNING - canon->kept;
    memcpy (canon->beginning + canon->kept, bytes, part);
    canon->kept += part;
    canon->total += size;
    sha256_update (&canon->sha, size, bytes);
}

void
canon_flush (struct canon *canon)
{
    if (canon->line.length > 0)
        take_bytes (canon, canon->line.text, canon->line.length);
    canon->line.length = 0;
}

int
canon_sink (void *user, const void *data, uint64_t size)
{
    struct canon *canon = user;
    if (size > 0)
        take_bytes (canon, data, size);
    return 0;
}

static void
digest_words (struct canon *canon, char words[2 * SHA256_DIGEST_SIZE + 1])
{
    uint8_t bytes[SHA256_DIGEST_SIZE];
    sha256_digest (&canon->sha, sizeof bytes, bytes);
    for (unsigned i = 0; i < sizeof bytes; i++)
        sprintf (words + 2 * i, "%02x", bytes[i]);
}

void
canon_digest (struct canon *canon)
{
    char words[2 * SHA256_DIGEST_SIZE + 1], text[160];
    digest_words (canon, words);
    snprintf (text, sizeof text, "%" PRIu64 " bytes, sha256:%s", canon->total, words);
    canon->kept = 0;
    canon->total = 0;
    take_bytes (canon, text, strlen (text));
}

char *
canon_end (struct canon *canon)
{
    char words[2 * SHA256_DIGEST_SIZE + 1], *text = NULL;
    canon_flush (canon);
    if (canon->total > canon->kept) {
        digest_words (canon, words);
        text = get_memory (NULL, canon->kept + 160, 1);
        snprintf (text, canon->kept + 160, "%.*s... %" PRIu64 " bytes, sha256:%s", (int) canon->kept,
                  canon->beginning, canon->total, words);
    } else
        text = copy_text (canon->beginning, canon->kept);
    canon_free (canon);
    return text;
}

void
canon_free (struct canon *canon)
{
    free (canon->beginning);
    line_clean (&canon->line);
    canon->beginning = NULL;
    canon->line = (struct line){ 0 };
}

/* ---- metadata ---- */

static void
put_float (struct line *line, double number)
{
    char text[NUMBER_ROOM];
    uint64_t bits;
    memcpy (&bits, &number, sizeof bits);
    if (isnan (number)) /* which has many */
        snprintf (text, sizeof text, "nan:%016" PRIx64, bits);
    else
        number_double (text, number);
    line_word (line, text);
}

/* A number, bool, string or null. */
static void
put_scalar (struct line *line, const struct tenon_value *value)
{
    switch (value->type) {
    case TENON_NONE: break;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: line_integer (line, value->as.i); break;
    case TENON_F32:
    case TENON_F64: put_float (line, value->as.f); break;
    case TENON_STRING:
        line_word (line, "\"");
        text_put (line, value->as.string, value->count, TEXT_QUOTED);
        line_word (line, "\"");
        break;
    default: line_number (line, value->as.u); break;
    }
}

/* The items of an array that has no values in it. */
static tenon_status
put_items (struct canon *canon, const tenon_file *file, const struct tenon_value *array, tenon_error *error)
{
    struct tenon_value *items =
        get_memory (NULL, array->count < CHUNK ? array->count + 1 : CHUNK, sizeof *items);
    struct tenon_value rest = *array;
    tenon_status status = TENON_OK;
    while (rest.count > 0 && status == TENON_OK) {
        CLEAN (memory) tenon_memory *memory = NULL;
        uint64_t n = rest.count < CHUNK ? rest.count : CHUNK;
        status = tenon_value_take (file, &rest, n, items, &memory, error);
        for (uint64_t i = 0; i < n && status == TENON_OK; i++) {
            put_scalar (&canon->line, &items[i]);
            line_word (&canon->line, ",");
            if (canon->line.length > FLUSH)
                canon_flush (canon);
        }
    }
    free (items);
    return status;
}

static bool
holds_values (const struct tenon_value *value)
{
    return value->type == TENON_MAP
           || (value->type == TENON_ARRAY
               && (value->item_type == TENON_ARRAY || value->item_type == TENON_MIXED));
}

/* A map or an array, and how many of its values were put; a key is one, too. */
struct open_value {
    const struct tenon_value *value;
    uint64_t put;
};

static uint64_t
inner_count (const struct tenon_value *value)
{
    return value->type == TENON_MAP ? 2 * value->count : value->count;
}

static tenon_status
put_value (struct canon *canon, const tenon_context *context, const tenon_file *file,
           const struct tenon_value *value, tenon_error *error)
{
    char type[64];
    tenon_status status = TENON_OK;
    value_type_name (context, value, type);
    line_word (&canon->line, type);
    line_word (&canon->line, " ");
    if (holds_values (value) || value->type == TENON_ARRAY) {
        line_word (&canon->line, "[");
        line_number (&canon->line, value->count);
        line_word (&canon->line, ": ");
    }
    if (!holds_values (value) && value->type == TENON_ARRAY) {
        status = put_items (canon, file, value, error);
        line_word (&canon->line, "]");
    } else if (!holds_values (value))
        put_scalar (&canon->line, value);
    if (canon->line.length > FLUSH)
        canon_flush (canon);
    return status;
}

tenon_status
canon_value (struct canon *canon, const tenon_context *context, const tenon_file *file,
             const struct tenon_value *value, tenon_error *error)
{
    struct open_value open[DEEPEST];
    for (uint32_t depth = 0;;) {
        tenon_status status = put_value (canon, context, file, value, error);
        if (status < 0)
            return status;
        if (holds_values (value) && depth < DEEPEST)
            open[depth++] = (struct open_value){ value, 0 };
        while (depth > 0 && open[depth - 1].put == inner_count (open[depth - 1].value)) {
            line_word (&canon->line, "]");
            depth--;
        }
        if (depth == 0)
            return TENON_OK;
        value = &open[depth - 1].value->as.items[open[depth - 1].put++];
        line_word (&canon->line, " ");
    }
}
