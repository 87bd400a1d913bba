/* SPDX-License-Identifier: MIT */
/* given.c - the value of an option: the text itself, or with @FILE what a file holds. */
#include "given.h"
#include "message.h"
#include <errno.h>

/* The default of metadata_bytes in [limits]. A device such as /dev/zero never ends. */
#define MOST_BYTES ((size_t) 256 << 20)

/* Fails with EFBIG if there is more than a value may have. */
static bool
read_all (FILE *stream, struct given *given)
{
    size_t room = 4096, got;
    errno = 0;
    do {
        room *= 2;
        given->memory = get_memory (given->memory, room, 1);
        got = fread (given->memory + given->length, 1, room - given->length, stream);
        given->length += got;
    } while (got > 0 && given->length <= MOST_BYTES);
    given->text = given->memory;
    if (given->length > MOST_BYTES) {
        errno = EFBIG;
        return false;
    }
    return !ferror (stream);
}

bool
given_take (const char *what, const char *value, bool *input_taken, struct given *given)
{
    *given = (struct given){ value, strlen (value), NULL };
    if (*value != '@')
        return true;
    const char *path = ++value;
    given->text = path, given->length--;
    if (*path == '@')
        return true;
    bool input = strcmp (path, "-") == 0;
    if (input && *input_taken) {
        complain ("%s: standard input is taken already", what);
        return false;
    }
    *input_taken |= input;
    given->length = 0;
    errno = 0;
    FILE *stream = input ? stdin : fopen (path, "rb");
    bool good = stream && read_all (stream, given);
    int why = errno;
    if (stream && !input)
        fclose (stream);
    if (!good)
        complain ("%s: %s: %s ('@@' begins a value that begins with '@')", what,
                  input ? "standard input" : path, strerror (why ? why : EIO));
    return good;
}

void
given_clean (struct given *given)
{
    free (given->memory);
    *given = (struct given){ 0 };
}
