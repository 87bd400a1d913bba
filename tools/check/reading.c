/* SPDX-License-Identifier: MIT */
/* reading.c - opening a sample in each of the ways that the library has. */
#include "check/reading.h"
#include "library.h"
#include "memory.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Bytes before and behind the part of READING_PART. */
#define AROUND 4096

const char *
reading_words (enum reading_way way)
{
    static const char *const words[READING_WAYS] = {
        "opened by its path", "opened without mapping",     "opened as a descriptor",
        "opened in memory",   "opened as a part of memory", "opened through a callback",
    };
    return words[way];
}

static bool
read_whole (int fd, uint8_t *to, uint64_t size)
{
    for (uint64_t at = 0; at < size;) {
        ssize_t done = pread (fd, to + at, size - at, (off_t) at);
        if (done <= 0)
            return false;
        at += (uint64_t) done;
    }
    return true;
}

bool
reading_load (const char *path, struct reading_bytes *bytes)
{
    struct stat status;
    *bytes = (struct reading_bytes){ 0 };
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool works =
        fstat (fd, &status) == 0 && S_ISREG (status.st_mode) && (uint64_t) status.st_size <= READING_MOST;
    if (works) {
        bytes->size = (uint64_t) status.st_size;
        bytes->bytes = get_memory (NULL, bytes->size, 1);
        works = read_whole (fd, bytes->bytes, bytes->size);
    }
    if (!works)
        reading_forget (bytes);
    close (fd);
    return works;
}

void
reading_forget (struct reading_bytes *bytes)
{
    free (bytes->bytes);
    *bytes = (struct reading_bytes){ 0 };
}

void
bytes_clean (struct reading_bytes *bytes)
{
    reading_forget (bytes);
}

uint8_t *
reading_place (const struct reading_bytes *bytes)
{
    uint8_t *place =
        mmap (NULL, bytes->size + 2 * AROUND, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED)
        return NULL;
    if (bytes->size > 0)
        memcpy (place + AROUND, bytes->bytes, bytes->size);
    return place + AROUND;
}

void
reading_spoil (uint8_t *place, uint64_t size)
{
    mmap (place - AROUND, size + 2 * AROUND, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

const char *
reading_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

bool
reading_is_alone (const tenon_file *file, const char *path)
{
    struct stat status;
    if (stat (path, &status) < 0 || !S_ISREG (status.st_mode))
        return false;
    for (uint64_t i = 0, count = tenon_count (file); i < count; i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (info.source_name && strcmp (info.source_name, path) != 0)
            return false;
    }
    return true;
}

static tenon_status
read_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    const struct reading_bytes *bytes = user;
    if (offset > bytes->size || length > bytes->size - offset)
        return TENON_E_IO;
    memcpy (to, bytes->bytes + offset, length);
    return TENON_OK;
}

static tenon_status
open_fd (tenon_context *context, const char *path, const tenon_open_options *options, tenon_file **file,
         tenon_error *error)
{
    int fd = open (path, O_RDONLY | O_CLOEXEC);
    tenon_status status = tenon_open_fd (context, fd, options, file, error);
    if (fd >= 0)
        close (fd);
    return status;
}

void
reading_catalog (tenon_context *context, const struct check_sample *sample, const struct reading_bytes *bytes,
                 enum reading_way way, unsigned what, struct catalog *catalog)
{
    tenon_open_options options = { .struct_size = sizeof options };
    tenon_reader reader = { .struct_size = sizeof reader, .read_at = read_bytes };
    struct reading_bytes all = bytes ? *bytes : (struct reading_bytes){ 0 };
    tenon_error error = TENON_ERROR_INIT;
    tenon_file *file = NULL;
    uint8_t *place = way == READING_MEMORY || way == READING_PART ? reading_place (bytes) : NULL;
    if (way != READING_PATH && way != READING_NO_MAP)
        options.name = reading_name (sample->path);
    switch (way) {
    case READING_NO_MAP: options.flags = TENON_OPEN_NO_MAP; /* fall through */
    case READING_PATH: tenon_open (context, sample->path, &options, &file, &error); break;
    case READING_FD: open_fd (context, sample->path, &options, &file, &error); break;
    case READING_MEMORY: tenon_open_memory (context, place, bytes->size, &options, &file, &error); break;
    case READING_PART:
        options.offset = AROUND;
        options.length = bytes->size;
        tenon_open_memory (context, place - AROUND, bytes->size + 2 * AROUND, &options, &file, &error);
        break;
    default:
        reader.size = all.size;
        reader.user = &all;
        tenon_open_reader (context, &reader, &options, &file, &error);
    }
    if (file)
        catalog_take (catalog, context, file, what);
    else
        catalog_take_failure (catalog, &error, what & CATALOG_NOTES);
    tenon_close (file);
    if (place)
        reading_spoil (place, bytes->size);
}

uint64_t
reading_count (const struct check *check)
{
    uint64_t count = 0;
    while (check->samples[count].path)
        count++;
    return count;
}

double
reading_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}
