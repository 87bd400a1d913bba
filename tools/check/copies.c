/* SPDX-License-Identifier: MIT */
/* copies.c - copies of samples, whose files are damaged one after the other. */
#include "check/copies.h"
#include "library.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
join_path (const char *folder, const char *name)
{
    size_t room = strlen (folder) + strlen (name) + 2;
    char *path = get_memory (NULL, room, 1);
    snprintf (path, room, "%s%s%s", folder, *folder && *name ? "/" : "", name);
    return path;
}

static bool
write_file (const char *path, const void *bytes, uint64_t size)
{
    int fd = open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool works = fd >= 0;
    for (uint64_t at = 0; works && at < size;) {
        ssize_t done = write (fd, (const char *) bytes + at, size - at);
        works = done > 0;
        at += works ? (uint64_t) done : 0;
    }
    if (fd >= 0)
        close (fd);
    return works;
}

static void
make_folders (const char *path)
{
    CLEAN (text) char *part = copy_text (path, strlen (path));
    for (char *slash = strchr (part + 1, '/'); slash; slash = strchr (slash + 1, '/')) {
        *slash = 0;
        mkdir (part, 0700);
        *slash = '/';
    }
}

/* Copies a file of a folder into that of the copy. */
static void
copy_file (struct copy *copy, const char *from, const char *name)
{
    CLEAN (bytes) struct reading_bytes bytes = { 0 };
    CLEAN (text) char *source = join_path (from, name);
    CLEAN (text) char *target = join_path (copy->folder, name);
    if (!reading_load (source, &bytes))
        return;
    make_folders (target);
    write_file (target, bytes.bytes, bytes.size);
    if (copy->count < COPY_FILES)
        copy->names[copy->count++] = copy_text (name, strlen (name));
    else
        copy->left_out++;
}

/* ---- trees ---- */

/* Names in a list that owns them. */
static void
add_name (struct text_list *list, const char *folder, const char *name)
{
    list_add (list, join_path (folder, name));
}

static void
free_names (struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free ((char *) (uintptr_t) list->items[i]);
    list_free (list);
}

/* Adds the files of one folder, and the folders in it to those that are yet to be listed. */
static void
list_folder (const char *root, const char *folder, struct text_list *folders, struct text_list *files)
{
    CLEAN (text) char *path = join_path (root, folder);
    DIR *stream = opendir (path);
    for (struct dirent *entry; stream && (entry = readdir (stream));) {
        struct stat status;
        if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
            continue;
        if (fstatat (dirfd (stream), entry->d_name, &status, 0) < 0)
            continue;
        add_name (S_ISDIR (status.st_mode) ? folders : files, folder, entry->d_name);
    }
    if (stream)
        closedir (stream);
}

static int
compare_names (const void *one, const void *other)
{
    return strcmp (*(const char *const *) one, *(const char *const *) other);
}

static void
copy_tree (struct copy *copy, const char *root)
{
    struct text_list folders = { 0 }, files = { 0 };
    add_name (&folders, "", "");
    for (size_t i = 0; i < folders.count; i++)
        list_folder (root, folders.items[i], &folders, &files);
    if (files.count > 1)
        qsort (files.items, files.count, sizeof *files.items, compare_names);
    mkdir (copy->folder, 0700);
    for (size_t i = 0; i < files.count; i++)
        copy_file (copy, root, files.items[i]);
    free_names (&folders);
    free_names (&files);
}

/* ---- sets ---- */

static bool
has_name (const struct copy *copy, const char *name)
{
    for (size_t i = 0; i < copy->count; i++)
        if (strcmp (copy->names[i], name) == 0)
            return true;
    return false;
}

/* The sample, and the files in its folder that its tensors lie in. */
static void
copy_set (struct copy *copy, const tenon_file *file)
{
    const char *path = copy->sample->path, *name = reading_name (path);
    CLEAN (text) char *folder = copy_text (path, (size_t) (name - path));
    size_t length = strlen (folder);
    mkdir (copy->folder, 0700);
    copy_file (copy, folder, name);
    for (uint64_t i = 0, count = tenon_count (file); i < count; i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (info.source_name && strncmp (info.source_name, folder, length) == 0
            && !strchr (info.source_name + length, '/') && !has_name (copy, info.source_name + length))
            copy_file (copy, folder, info.source_name + length);
    }
}

/* ---- copies ---- */

bool
copy_make (struct copy *copy, struct check *check, tenon_context *context, const struct check_sample *sample,
           uint64_t number)
{
    struct stat status;
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (file) tenon_file *file = NULL;
    *copy = (struct copy){ .sample = sample };
    if (tenon_open (context, sample->path, NULL, &file, &error) < 0)
        return false;
    const char *name = reading_name (sample->path);
    copy->in_memory = reading_is_alone (file, sample->path);
    if (copy->in_memory) {
        copy->path = copy_text (sample->path, strlen (sample->path));
        copy->names[copy->count++] = copy_text (name, strlen (name));
        return stat (sample->path, &status) == 0 && (uint64_t) status.st_size <= READING_MOST;
    }
    bool tree = stat (sample->path, &status) == 0 && S_ISDIR (status.st_mode);
    /* a tree may be recognised by its name */
    CLEAN (text) char *above = check_path (check, "damage-%" PRIu64, number);
    mkdir (above, 0700);
    copy->folder = tree ? join_path (above, name) : copy_text (above, strlen (above));
    copy->path = join_path (above, name);
    if (tree)
        copy_tree (copy, sample->path);
    else
        copy_set (copy, file);
    return copy->count > 0;
}

void
copy_free (struct copy *copy)
{
    for (size_t i = 0; i < copy->count; i++)
        free (copy->names[i]);
    free (copy->path);
    free (copy->folder);
    *copy = (struct copy){ 0 };
}

bool
copy_load (const struct copy *copy, size_t index, struct reading_bytes *bytes)
{
    if (copy->in_memory)
        return reading_load (copy->path, bytes);
    CLEAN (text) char *path = join_path (copy->folder, copy->names[index]);
    return reading_load (path, bytes);
}

tenon_status
copy_open (const struct copy *copy, tenon_context *context, const char *format, size_t index,
           const void *bytes, uint64_t size, tenon_file **file, tenon_error *error)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = format };
    if (copy->in_memory) {
        options.name = copy->names[0];
        return tenon_open_memory (context, bytes, size, &options, file, error);
    }
    CLEAN (text) char *path = join_path (copy->folder, copy->names[index]);
    write_file (path, bytes, size);
    return tenon_open (context, copy->path, &options, file, error);
}

void
copy_restore (const struct copy *copy, size_t index, const struct reading_bytes *bytes)
{
    if (copy->in_memory)
        return;
    CLEAN (text) char *path = join_path (copy->folder, copy->names[index]);
    write_file (path, bytes->bytes, bytes->size);
}
