/* SPDX-License-Identifier: MIT */
/* io.c - reads and writes of a descriptor that do all that was asked, and names of files. */
#include "base/io.h"
#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Linux moves at most 2 GiB - 4 KiB at once, and macOS refuses more than INT_MAX. */
#define MOST_AT_ONCE ((uint64_t) 1 << 30)

uint64_t
tn_io_read (int fd, int64_t offset, void *to, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        void *at = (uint8_t *) to + done;
        size_t piece = (size_t) TN_MIN (length - done, MOST_AT_ONCE);
        ssize_t got =
            offset < 0 ? read (fd, at, piece) : pread (fd, at, piece, (off_t) ((uint64_t) offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = 0;
        if (got <= 0)
            break;
        done += (uint64_t) got;
    }
    return done;
}

/* The descriptor may be non-blocking, since others share it: waits until it takes bytes again. */
static bool
wait_writable (int fd)
{
    struct pollfd request = { .fd = fd, .events = POLLOUT };
    /* the next write reports an error or a hang-up */
    return poll (&request, 1, -1) >= 0 || errno == EINTR;
}

uint64_t
tn_io_write (int fd, int64_t offset, const void *bytes, uint64_t length)
{
    uint64_t done = 0;
    while (done < length) {
        const void *at = (const uint8_t *) bytes + done;
        size_t piece = (size_t) TN_MIN (length - done, MOST_AT_ONCE);
        ssize_t put =
            offset < 0 ? write (fd, at, piece) : pwrite (fd, at, piece, (off_t) ((uint64_t) offset + done));
        if (put < 0 && (errno == EINTR || ((errno == EAGAIN || errno == EWOULDBLOCK) && wait_writable (fd))))
            continue;
        if (put == 0) /* POSIX rules this out, but trying again might never end */
            errno = 0;
        if (put <= 0)
            break;
        done += (uint64_t) put;
    }
    return done;
}

const char *
tn_path_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

bool
tn_is_file_name (const char *text, uint64_t length)
{
    bool is_dots = (length == 1 || length == 2) && memcmp (text, "..", length) == 0;
    return length > 0 && length < 256 && !is_dots && !memchr (text, '/', length) && tn_utf8 (text, length);
}

/* ---- names of members ---- */

static const char leaves_words[] =
    "a program that unpacks the archive may write this member outside of its folder";
static const char differs_words[] =
    "a program that unpacks the archive may write this member under another name";

/* Windows drops the dots and spaces that a component ends in, so "..." and ".. " may be taken as "..". */
static const char *
judge_component (const char *text, size_t length, bool goes_on)
{
    size_t kept = length;
    if (goes_on)
        return NULL;
    while (kept > 0 && (text[kept - 1] == '.' || text[kept - 1] == ' '))
        kept--;
    if (kept == length && length > 0)
        return NULL;
    return kept == 0 && length > 1 && memchr (text, '.', length) ? leaves_words : differs_words;
}

/* A digit behind the colon makes a name that is usual in TensorFlow: "w:0". */
static bool
begins_with_drive (const char *text, uint64_t length)
{
    return length > 2 && ((text[0] | 0x20) >= 'a' && (text[0] | 0x20) <= 'z') && text[1] == ':'
           && !(text[2] >= '0' && text[2] <= '9');
}

const char *
tn_unpacking_words (const char *text, uint64_t length, bool goes_on)
{
    const char *end = text + length, *found = NULL;
    if (length > 0 && (text[0] == '/' || text[0] == '\\' || begins_with_drive (text, length)))
        return leaves_words;
    if (!memchr (text, '/', length) && !memchr (text, '\\', length)) /* the fast way for most names */
        return judge_component (text, length, goes_on);
    for (bool more = true; more; text++) {
        const char *begin = text;
        while (text < end && *text != '/' && *text != '\\')
            text++;
        more = text < end;
        const char *words = judge_component (begin, (size_t) (text - begin), !more && goes_on);
        if (words == leaves_words)
            return words;
        found = words || (more && *text == '\\') ? differs_words : found;
    }
    return found;
}
