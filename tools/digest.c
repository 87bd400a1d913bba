/* SPDX-License-Identifier: MIT */
/* digest.c - digests of tensors, and lists of them. */
#include "digest.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "progress.h"
#include "signals.h"
#include "text.h"
#include <errno.h>
#include <nettle/sha2.h>

static void
add_u64 (struct sha256_ctx *sha, uint64_t number)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t) (number >> 8 * i);
    sha256_update (sha, sizeof bytes, bytes);
}

static void
add_text (struct sha256_ctx *sha, const char *text)
{
    sha256_update (sha, strlen (text), (const uint8_t *) text);
}

static int
add_data (void *user, const void *data, uint64_t size)
{
    sha256_update (user, size, data);
    return signals_pending ();
}

tenon_status
digest_tensor (const tenon_context *context, tenon_file *file, uint64_t index, char digest[DIGEST_ROOM],
               tenon_error *error)
{
    struct sha256_ctx sha;
    uint8_t bytes[SHA256_DIGEST_SIZE];
    tenon_tensor_info info = tensor_get (file, index);
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };

    sha256_init (&sha);
    tenon_dtype_get (context, file, info.dtype, &dtype);
    if (dtype.kind == TENON_KIND_OPAQUE) { /* the same text may mean different things in different families */
        add_text (&sha, dtype.family ? dtype.family : "");
        add_text (&sha, ":");
        add_text (&sha, dtype.text ? dtype.text : "");
    } else {
        add_text (&sha, info.dtype_name);
    }
    sha256_update (&sha, 1, (const uint8_t *) "");
    add_u64 (&sha, info.rank);
    for (uint32_t i = 0; i < info.rank; i++)
        add_u64 (&sha, info.shape[i]);

    tenon_request request = { .struct_size = sizeof request, .index = index };
    struct bar bar;
    const tenon_progress *progress = bar_start (&bar, info.name);
    tenon_status status = tenon_stream (file, &request, add_data, &sha, progress, error);
    bar_end (&bar);
    if (status < 0)
        return status;
    sha256_digest (&sha, sizeof bytes, bytes);
    char *to = stpcpy (digest, "sha256:");
    for (unsigned i = 0; i < sizeof bytes; i++)
        to += sprintf (to, "%02x", bytes[i]);
    return TENON_OK;
}

/* ---- names in lines ------------------------------------------------------------------------------ */

static int
hex_digit (char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = letter ? strchr (digits, letter) : NULL;
    return found ? (int) (found - digits) : -1;
}

/* Undoes the escapes of `shown` in place; false: it did not make this text. */
static bool
undo_escapes (char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        switch (*++from) {
        case '\\': *to++ = '\\'; break;
        case 'n': *to++ = '\n'; break;
        case 't': *to++ = '\t'; break;
        case 'r': *to++ = '\r'; break;
        case 'x':
            if (hex_digit (from[1]) < 0 || hex_digit (from[2]) < 0)
                return false;
            *to++ = (char) (hex_digit (from[1]) << 4 | hex_digit (from[2]));
            from += 2;
            break;
        default: return false;
        }
    }
    *to = 0;
    return true;
}

/* ---- lists --------------------------------------------------------------------------------------- */

static int
compare_lines (const void *left, const void *right)
{
    return strcmp (((const struct digest_line *) left)->name, ((const struct digest_line *) right)->name);
}

/* "sha256:DIGITS  NAME" */
static bool
parse_line (struct digest_list *list, char *text)
{
    enum { PREFIX = 7, DIGITS = 64 };
    if (strncmp (text, "sha256:", PREFIX) != 0 || strspn (text + PREFIX, "0123456789abcdef") != DIGITS
        || strncmp (text + PREFIX + DIGITS, "  ", 2) != 0)
        return false;
    char *name = text + PREFIX + DIGITS + 2;
    if (!*name || !undo_escapes (name))
        return false;
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->lines = get_memory (list->lines, list->room, sizeof *list->lines);
    }
    struct digest_line *line = &list->lines[list->count++];
    *line = (struct digest_line){ .name = copy_text (name, strlen (name)) };
    memcpy (line->digest, text, PREFIX + DIGITS);
    return true;
}

static bool
read_lines (struct digest_list *list, const char *path, FILE *stream)
{
    CLEAN (text) char *text = NULL;
    size_t room = 0;
    ssize_t length;
    errno = 0;
    for (unsigned long number = 1; (length = getline (&text, &room, stream)) >= 0; number++) {
        if (length > 0 && text[length - 1] == '\n')
            text[--length] = 0;
        bool blank = length == 0 || text[0] == '#';
        if (!blank && (strlen (text) != (size_t) length || !parse_line (list, text))) {
            complain ("%s:%lu: expected 'sha256:DIGITS  NAME', as tenon hash prints it", path, number);
            return false;
        }
    }
    if (ferror (stream)) {
        complain ("%s: %s", path, strerror (errno));
        return false;
    }
    return true;
}

bool
digest_list_read (struct digest_list *list, const char *path)
{
    bool standard = strcmp (path, "-") == 0;
    FILE *stream = standard ? stdin : fopen (path, "re");
    if (!stream) {
        complain ("%s: %s", path, strerror (errno));
        return false;
    }
    bool good = read_lines (list, path, stream);
    if (!standard)
        fclose (stream);
    if (good && list->count == 0) {
        complain ("%s: has no digests", path);
        return false;
    }
    if (good)
        qsort (list->lines, list->count, sizeof *list->lines, compare_lines);
    for (size_t i = 1; good && i < list->count; i++)
        if (compare_lines (&list->lines[i - 1], &list->lines[i]) == 0) {
            complain ("%s: '%s' is listed twice: a list must be of one file", path, list->lines[i].name);
            return false;
        }
    return good;
}

struct digest_line *
digest_list_find (struct digest_list *list, const char *name)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp (list->lines[middle].name, name);
        if (order == 0)
            return &list->lines[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void
digest_list_clean (struct digest_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free (list->lines[i].name);
    free (list->lines);
}
