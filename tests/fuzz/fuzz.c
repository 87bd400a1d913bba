/* SPDX-License-Identifier: MIT */
/* fuzz.c - failures, contexts, and the ways to open the same bytes. */
#include "fuzz.h"
#include <dirent.h>
#include <stdarg.h>
#include <unistd.h>

char fuzz_doing[400];

void
fuzz_fail (const char *format, ...)
{
    va_list list;
    va_start (list, format);
    fprintf (stderr, "fuzz: %s", fuzz_doing);
    vfprintf (stderr, format, list);
    fputc ('\n', stderr);
    va_end (list);
    abort ();
}

/* ---- contexts ---- */

tenon_context *
fuzz_context (unsigned number)
{
    static tenon_context *contexts[3];
    const char *const settings[] = { number == FUZZ_FOUR ? "core.threads=4" : "core.threads=1",
                                     "limits.header_bytes=16MiB",
                                     "limits.inflated_bytes=16MiB",
                                     "limits.tensors=100000",
                                     "limits.metadata_bytes=16MiB",
                                     "limits.memory=4MiB",
                                     "save.durable=no",
                                     NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES
                                               | (number == FUZZ_ISOLATED ? TENON_CONTEXT_ISOLATE : 0u),
                                      .settings = settings };
    tenon_error error = TENON_ERROR_INIT;
    if (!contexts[number] && tenon_context_new (&contexts[number], &options, &error) < 0)
        fuzz_fail ("%s", error.message);
    return contexts[number];
}

/* ---- files ---- */

static FILE *stores[FUZZ_STORES];

int
fuzz_store (unsigned number, const void *bytes, size_t size)
{
    if (!stores[number] && !(stores[number] = tmpfile ()))
        fuzz_fail ("no temporary file");
    int fd = fileno (stores[number]);
    if (ftruncate (fd, 0) < 0 || lseek (fd, 0, SEEK_SET) != 0
        || (size > 0 && pwrite (fd, bytes, size, 0) != (ssize_t) size))
        fuzz_fail ("a temporary file of %zu bytes cannot be written", size);
    return fd;
}

void
fuzz_load_store (unsigned number, struct fuzz_buffer *to)
{
    static uint8_t piece[65536];
    ssize_t length;
    to->size = 0;
    while ((length = pread (fileno (stores[number]), piece, sizeof piece, (off_t) to->size)) > 0)
        fuzz_put (to, piece, (size_t) length);
}

static char folder[64];

void
fuzz_empty_folder (void)
{
    char path[400];
    DIR *dir = opendir (folder);
    struct dirent *entry;
    while (dir && (entry = readdir (dir)))
        if (snprintf (path, sizeof path, "%s/%s", folder, entry->d_name) < (int) sizeof path)
            unlink (path);
    if (dir)
        closedir (dir);
}

static void
remove_folder (void)
{
    fuzz_empty_folder ();
    rmdir (folder);
}

const char *
fuzz_folder (void)
{
    if (!folder[0]) {
        snprintf (folder, sizeof folder, "%s/tenon-fuzz.XXXXXX",
                  access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (!mkdtemp (folder) || atexit (remove_folder))
            fuzz_fail ("no temporary folder");
    }
    return folder;
}

/* ---- ways to open ---- */

static tenon_status
read_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    const struct fuzz_files *files = user;
    if (offset > files->size || length > files->size - offset)
        fuzz_fail ("asked for bytes %llu + %llu of a file of %zu", (unsigned long long) offset,
                   (unsigned long long) length, files->size);
    memcpy (to, files->data + offset, length);
    return TENON_OK;
}

static tenon_context *
context_of (unsigned way)
{
    return fuzz_context (way == 5 ? FUZZ_ISOLATED : way == 1 || way == 3 ? FUZZ_FOUR : FUZZ_ONE);
}

static uint32_t
flags_of (unsigned way)
{
    return way == 3 ? TENON_OPEN_NO_MAP : TENON_OPEN_UNALIGNED;
}

static tenon_status
open_bytes (struct fuzz_files *files, unsigned way, const tenon_open_options *options, tenon_error *error)
{
    tenon_reader reader = {
        .struct_size = sizeof reader, .size = files->size, .read_at = read_bytes, .user = files
    };
    if (way < 2)
        return tenon_open_memory (context_of (way), files->data, files->size, options, &files->way[way],
                                  error);
    if (way == 4)
        return tenon_open_reader (context_of (way), &reader, options, &files->way[way], error);
    int fd = way == 2 ? fuzz_store (0, files->data, files->size) : fileno (stores[0]);
    return tenon_open_fd (context_of (way), fd, options, &files->way[way], error);
}

/* The number of ways for these bytes: all for about one in eight. */
static unsigned
count_ways (const uint8_t *bytes, size_t size)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = 31 * sum + bytes[i];
    return sum >> 8 & 7 ? FUZZ_WAYS - 1 : FUZZ_WAYS;
}

/* True where the system cannot isolate. */
static bool
is_not_available (unsigned way, const tenon_error *error)
{
    return way == 5 && error->status == TENON_E_UNSUPPORTED && strstr (error->message, "not available here");
}

/* Compares how a way opened with the first one. `same_text`: the messages are the same, too. */
static void
check_opened (struct fuzz_files *files, unsigned way, tenon_status status, const tenon_error *error,
              bool same_text)
{
    if (status != error->status || (status < 0) != !files->way[way] || (status < 0 && !error->message[0]))
        fuzz_fail ("opening returns %d, the error says %d '%s'", status, error->status, error->message);
    if (way == 0)
        files->error = *error;
    else if (status != files->error.status
             || (same_text && strcmp (error->message, files->error.message) != 0))
        fuzz_fail ("opened in the first way: %d '%s', in way %u: %d '%s'", files->error.status,
                   files->error.message, way, status, error->message);
}

/* TENON_FUZZ_KEEP=PATH keeps the last file that a recipe made. */
static void
keep_file (const void *data, size_t size)
{
    const char *path = getenv ("TENON_FUZZ_KEEP");
    FILE *out = path ? fopen (path, "wb") : NULL;
    if (out) {
        fwrite (data, 1, size, out);
        fclose (out);
    }
}

bool
fuzz_open_all (struct fuzz_files *files, const void *data, size_t size, const char *name, const char *format)
{
    tenon_open_options options = { .struct_size = sizeof options, .name = name, .format = format };
    memset (files, 0, sizeof *files);
    fuzz_doing[0] = 0;
    keep_file (data, size);
    uint8_t *copy = malloc (size + !size);
    if (!copy)
        abort ();
    if (size > 0)
        memcpy (copy, data, size);
    files->data = copy;
    files->size = size;
    for (unsigned way = 0, ways = count_ways (data, size); way < ways; way++) {
        tenon_error error = TENON_ERROR_INIT;
        options.flags = flags_of (way);
        tenon_status status = open_bytes (files, way, &options, &error);
        if (is_not_available (way, &error))
            break;
        check_opened (files, way, status, &error, true);
        files->ways = way + 1;
    }
    if (files->error.status < 0)
        fuzz_close_all (files);
    return files->error.status == TENON_OK;
}

bool
fuzz_open_set (struct fuzz_files *files, const char *head, const char *other)
{
    memset (files, 0, sizeof *files);
    for (unsigned way = 0; way < FUZZ_WAYS; way++) {
        files->ways = way + 1;
        tenon_open_options options = { .struct_size = sizeof options,
                                       .flags = flags_of (way) | TENON_OPEN_SHARDS };
        tenon_error error = TENON_ERROR_INIT;
        tenon_status status =
            tenon_open (context_of (way), way == 4 ? other : head, &options, &files->way[way], &error);
        if (is_not_available (way, &error)) {
            files->ways--;
            break;
        }
        check_opened (files, way, status, &error, way != 4);
    }
    if (files->error.status < 0)
        fuzz_close_all (files);
    return files->error.status == TENON_OK;
}

void
fuzz_close_all (struct fuzz_files *files)
{
    for (unsigned way = 0; way < FUZZ_WAYS; way++)
        tenon_close (files->way[way]);
    memset (files->way, 0, sizeof files->way);
    free ((void *) (uintptr_t) files->data);
    files->data = NULL;
}
