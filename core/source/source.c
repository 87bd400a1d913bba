/* SPDX-License-Identifier: MIT */
/* source.c - opens and reads sources. Of the core, only the rooms context, source and sink open files.
 */
#include "source/source.h"
#include "base/io.h"
#include "base/program.h"
#include "source/file_pool.h"
#include "source/mapping.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/ioctl.h>
#include <sys/mount.h> /* BLKGETSIZE64, without a header of the kernel */
#endif

static struct tn_source *
source_new (enum tn_source_kind kind, const char *name, uint64_t name_length)
{
    struct tn_source *source = calloc (1, sizeof *source);
    if (!source)
        return NULL;
    source->kind = kind;
    source->fd = -1;
    source->backing = source;
    source->name = tn_strndup (name, name_length);
    source->name_length = name_length;
    pthread_mutex_init (&source->lock, NULL);
    if (!source->name) {
        tn_source_free (source);
        return NULL;
    }
    return source;
}

void
tn_source_free (struct tn_source *source)
{
    if (!source || source->kind == TN_SOURCE_PART)
        return;
    tn_child_free (source->child);
    tn_mapping_drop (source->mapping);
    if (source->kind == TN_SOURCE_READER && source->reader.close)
        source->reader.close (source->reader.user);
    if (source->pooled)
        tn_file_pool_leave (source);
    if (source->fd >= 0)
        close (source->fd);
    pthread_mutex_destroy (&source->lock);
    free ((char *) (uintptr_t) source->name);
    free (source->path);
    free (source);
}

/* The size of a file that can be read at any offset. Others are refused. */
static tenon_status
fd_size (int fd, uint64_t *size, tenon_error *error)
{
    struct stat status;
    if (fstat (fd, &status) < 0)
        return tn_fail_errno (error, errno, "cannot be examined", NULL);
    if (S_ISREG (status.st_mode)) {
        *size = (uint64_t) status.st_size;
        return TENON_OK;
    }
#ifdef BLKGETSIZE64
    if (S_ISBLK (status.st_mode) && ioctl (fd, BLKGETSIZE64, size) == 0)
        return TENON_OK;
#endif
    const char *what = S_ISDIR (status.st_mode)
                           ? "it is a folder"
                           : "it is no regular file (terminals and devices cannot be read at any place)";
    return tn_fail (error, TENON_E_IO, TN_NO_OFFSET, "%s", what);
}

tenon_status
tn_source_open_fd (int fd, const char *name, bool may_map, struct tn_source **result, tenon_error *error)
{
    uint64_t size = 0;
    *result = NULL;
    tenon_status status = fd_size (fd, &size, error);
    struct tn_source *source =
        status < 0 ? NULL : source_new (TN_SOURCE_FD, name ? name : "", name ? strlen (name) : 0);
    if (!source) {
        close (fd);
        return status < 0 ? status : tn_fail_memory (error);
    }
    source->fd = fd;
    source->size = size;
    source->may_map = may_map;
    *result = source;
    return TENON_OK;
}

tenon_status
tn_source_open (const char *path, bool may_map, struct tn_source **result, tenon_error *error)
{
    *result = NULL;
    /* O_NONBLOCK: opening a FIFO without a writer must not hang; regular files ignore it */
    int fd;
    do
        fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return tn_fail_open (error, errno, "cannot be opened", path);
    tenon_status status = tn_source_open_fd (fd, tn_path_name (path), may_map, result, error);
    if (status < 0) {
        tn_fail_in (error, path, NULL);
        return status;
    }
    if (!((*result)->path = tn_strndup (path, strlen (path)))) {
        tn_source_free (*result);
        *result = NULL;
        return tn_fail_memory (error);
    }
    return TENON_OK;
}

tenon_status
tn_source_given (int fd, uint64_t size, const char *name, const char *path, struct tn_source **result,
                 tenon_error *error)
{
    struct tn_source *source =
        source_new (fd < 0 ? TN_SOURCE_READER : TN_SOURCE_FD, name ? name : "", name ? strlen (name) : 0);
    *result = NULL;
    if (source)
        source->fd = fd;
    else if (fd >= 0)
        close (fd);
    if (!source || (path && !(source->path = tn_strndup (path, strlen (path))))) {
        tn_source_free (source);
        return tn_fail_memory (error);
    }
    source->size = size;
    *result = source;
    return TENON_OK;
}

tenon_status
tn_source_memory (const void *data, uint64_t size, const char *name, struct tn_source **result,
                  tenon_error *error)
{
    name = name ? tn_path_name (name) : "";
    *result = source_new (TN_SOURCE_MEMORY, name, strlen (name));
    if (!*result)
        return tn_fail_memory (error);
    (*result)->size = size;
    atomic_store (&(*result)->base, data);
    return TENON_OK;
}

tenon_status
tn_source_reader (const tenon_reader *reader, const char *name, struct tn_source **result, tenon_error *error)
{
    tenon_reader ours;
    *result = NULL;
    if (!tn_copy_struct (&ours, sizeof ours, reader, offsetof (tenon_reader, close)) || !ours.read_at)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "a tenon_reader needs its struct_size and read_at");
    if (ours.flags & TENON_FLAGS_MUST_KNOW & ~(uint32_t) TENON_READER_ONE_THREAD)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "reader flags %#x are not known to this version",
                        ours.flags & TENON_FLAGS_MUST_KNOW & ~(uint32_t) TENON_READER_ONE_THREAD);
    name = name ? tn_path_name (name) : "";
    *result = source_new (TN_SOURCE_READER, name, strlen (name));
    if (!*result) {
        if (ours.close)
            ours.close (ours.user);
        return tn_fail_memory (error);
    }
    (*result)->size = ours.size;
    (*result)->callers_thread = ours.flags & TENON_READER_ONE_THREAD;
    (*result)->reader = ours;
    return TENON_OK;
}

tenon_status
tn_source_cut (struct tn_source *source, uint64_t offset, uint64_t length, tenon_error *error)
{
    if (offset > source->size || length > source->size - offset) {
        tn_source_fail_in (source, error);
        return tn_fail (error, TENON_E_TRUNCATED, TN_NO_OFFSET,
                        "%llu bytes from byte %llu on were to be opened, and the file has %llu",
                        (unsigned long long) length, (unsigned long long) offset,
                        (unsigned long long) source->size);
    }
    source->size = length > 0 ? length : source->size - offset;
    source->origin = offset;
    source->is_cut = true;
    const uint8_t *base = atomic_load (&source->base);
    if (base)
        atomic_store (&source->base, base + offset);
    return TENON_OK;
}

void
tn_source_reader_to_fd (struct tn_source *source, int fd)
{
    if (source->reader.close)
        source->reader.close (source->reader.user);
    source->kind = TN_SOURCE_FD;
    source->fd = fd;
    source->in_order = false;
}

tenon_status
tn_source_part (struct tn_arena *arena, struct tn_source *parent, const struct tenon_part *part,
                const char *name, const struct tn_pipeline *pipeline, struct tn_source **result,
                tenon_error *error)
{
    struct tn_source *source = tn_arena_get (arena, sizeof *source, true);
    uint64_t name_length = part->name ? part->name_length : 0;
    if (!name)
        name = tn_arena_text (arena, part->name, name_length);
    *result = NULL;
    if (!source || !name)
        return tn_fail_memory (error);
    source->kind = TN_SOURCE_PART;
    source->fd = -1;
    source->backing = source;
    source->name = name;
    source->name_length = name_length;
    source->parent = parent;
    source->depth = parent->depth + 1;
    source->size = part->size;
    source->offset = part->offset;
    source->stored = part->stored;
    source->lead = part->lead;
    source->check = part->check;
    source->check_value = (uint32_t) part->check_value;
    source->check_mapped = part->flags & TENON_PART_CHECK_MAPPED;
    source->pipeline = pipeline;
    source->encoded = parent->encoded + (pipeline != NULL);
    struct tn_source *inside = source->inside = tn_source_plain (parent);
    source->callers_thread = inside->callers_thread;
    if (!pipeline) {
        source->backing = inside->backing;
        source->backing_offset = inside->backing_offset + part->offset;
    } else if (part->block_size > 0 && part->block_ends && tn_pipeline_has_blocks (pipeline)) {
        source->block_size = part->block_size;
        source->block_count = part->size / part->block_size + (part->size % part->block_size > 0);
        uint64_t bytes = source->block_count * sizeof *source->block_ends,
                 *ends = tn_arena_get (arena, bytes, false);
        if (!ends)
            return tn_fail_memory (error);
        if (bytes > 0)
            memcpy (ends, part->block_ends, bytes);
        source->block_ends = ends;
    }
    *result = source;
    return TENON_OK;
}

const char *
tn_source_filter (const struct tn_source *source)
{
    while (!source->pipeline)
        source = source->parent;
    return source->pipeline->text;
}

struct tn_source *
tn_source_root (struct tn_source *source)
{
    while (source->kind == TN_SOURCE_PART)
        source = source->parent;
    return source;
}

static tenon_status
read_fd (struct tn_source *source, uint64_t offset, void *to, uint64_t length, tenon_error *error)
{
    int fd = tn_source_take_fd (source, error);
    if (fd < 0)
        return error->status;
    uint64_t got = tn_io_read (fd, (int64_t) (source->origin + offset), to, length);
    int number = errno;
    tn_source_give_fd (source);
    if (got == length)
        return TENON_OK;
    if (number != 0)
        return tn_fail_errno (error, number, "cannot be read", source->path);
    return tn_fail (error, TENON_E_TRUNCATED, offset + got,
                    "the file has become shorter since it was opened: %llu bytes are missing",
                    (unsigned long long) (length - got));
}

static tenon_status
read_reader (const struct tn_source *source, uint64_t offset, uint8_t *to, uint64_t length,
             tenon_error *error)
{
    const tenon_reader *reader = &source->reader;
    tenon_status status = reader->read_at (reader->user, offset, to, length);
    if (status == TENON_OK)
        return TENON_OK;
    if (status < 0 && source->in_order)
        return tn_fail (error, status, TN_NO_OFFSET,
                        "the program's own function could not make its bytes: %s",
                        tenon_status_text (status));
    return tn_fail_program (error, status, offset, source->in_order ? "function" : "reader", reader->reason,
                            reader->user);
}

tenon_status
tn_source_read (struct tn_source *source, uint64_t offset, void *to, uint64_t length, tenon_error *error)
{
    if (offset > source->size || length > source->size - offset) {
        tn_source_fail_in (source, error);
        return tn_fail (error, TENON_E_TRUNCATED, offset, "%llu bytes are needed, it ends at %llu",
                        (unsigned long long) length, (unsigned long long) source->size);
    }
    struct tn_source *root = source->backing;
    offset += source->backing_offset;
    if (length == 0)
        return TENON_OK;
    if (root->kind == TN_SOURCE_MEMORY) {
        memcpy (to, atomic_load_explicit (&root->base, memory_order_relaxed) + offset, length);
        return TENON_OK;
    }
    tenon_status status = root->kind == TN_SOURCE_READER ? read_reader (root, offset, to, length, error)
                                                         : read_fd (root, offset, to, length, error);
    if (status < 0)
        tn_source_fail_in (source, error);
    return status;
}

void
tn_source_fail_in (const struct tn_source *source, tenon_error *error)
{
    /* "FILE", or "FILE: member 'a': member 'b'": names outward in */
    const struct tn_source *chain[TN_MOST_DEPTH + 1];
    char place[sizeof error->file];
    unsigned count = 0;
    for (; source && count < TN_COUNT (chain); source = source->parent)
        chain[count++] = source;
    size_t end = 0;
    place[0] = 0;
    while (count-- > 0) {
        bool member = chain[count]->kind == TN_SOURCE_PART;
        const char *name = chain[count]->path ? chain[count]->path : chain[count]->name;
        char text[300];
        tn_escape (text, sizeof text, name, strlen (name));
        size_t room = sizeof place - end;
        int made = snprintf (place + end, room, member ? "%smember '%s'" : "%s%s", end > 0 ? ": " : "", text);
        if (made >= 0 && (size_t) made < room && chain[count]->is_cut) {
            end += (size_t) made, room -= (size_t) made;
            made = snprintf (place + end, room, "%spart from byte %llu", end > 0 ? ": " : "",
                             (unsigned long long) chain[count]->origin);
        }
        if (made < 0 || (size_t) made >= room)
            break;
        end += (size_t) made;
    }
    if (!error->file[0])
        memcpy (error->file, place, sizeof place);
}

int
tn_duplicate (int fd)
{
    return fcntl (fd, F_DUPFD_CLOEXEC, 0);
}

void
tn_source_note_range (struct tn_source *source, uint64_t begin, uint64_t length)
{
    if (length == 0)
        return;
    if (begin < source->running_end)
        source->unordered = true;
    else
        source->running_end = begin + length; /* below 2^63: cannot overflow */
}

void
tn_source_note_tensor (struct tn_source *source, uint64_t bytes)
{
    for (; source; source = source->parent)
        if (tn_add (source->tensor_bytes, bytes, &source->tensor_bytes))
            source->tensor_bytes = UINT64_MAX;
}

tenon_status
tn_source_compare (struct tn_source *source, uint32_t sum, tenon_error *error)
{
    if (source->check == TENON_CHECK_NONE || sum == source->check_value) {
        atomic_store_explicit (&source->sum_is_good, true, memory_order_relaxed);
        return TENON_OK;
    }
    atomic_store_explicit (&source->sum_is_wrong, true, memory_order_relaxed);
    tn_source_fail_in (source, error);
    return tn_fail (error, TENON_E_CHECKSUM, TN_NO_OFFSET,
                    "its data have the checksum %08x, the file says %08x", sum, source->check_value);
}
