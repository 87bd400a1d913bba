/* SPDX-License-Identifier: MIT */
/* listing.c - lists a tree of folders: each folder that is found waits in a list until it is its turn. */
#include "source/listing.h"
#include "base/key.h"
#include "source/beneath.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct lister {
    struct tn_listing *listing;
    const struct tn_listing_options *options;
    int folder;
    const char **waiting; /* keys of folders; "": all of it */
    uint64_t count, room;
    tenon_error *error;
};

enum sort { SORT_FILE, SORT_FOLDER, SORT_OTHER, SORT_GONE };

static tenon_status
add_key (struct lister *lister, const char *key, uint64_t length, uint64_t size, bool unreadable)
{
    struct tn_listing *listing = lister->listing;
    if (listing->count >= lister->options->most)
        return tn_fail (lister->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "the folder has more than %llu files; raise members in [limits] to read it",
                        (unsigned long long) lister->options->most);
    if (!tn_grow_within (lister->options->budget, &listing->entries, &listing->room, listing->count,
                         sizeof *listing->entries))
        return tn_fail_memory (lister->error);
    listing->entries[listing->count++] =
        (struct tn_listed){ .key = key, .length = length, .size = size, .unreadable = unreadable };
    return TENON_OK;
}

static tenon_status
await_folder (struct lister *lister, const char *key)
{
    if (!tn_grow_within (lister->options->budget, &lister->waiting, &lister->room, lister->count,
                         sizeof *lister->waiting))
        return tn_fail_memory (lister->error);
    lister->waiting[lister->count++] = key;
    return TENON_OK;
}

/* What a symbolic link leads to, if that lies beneath the folder. */
static enum sort
examine_link (const struct lister *lister, const char *key, uint64_t *size)
{
#ifdef O_PATH
    const int flags = O_PATH;
#else
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
#endif
    struct stat status;
    int fd = tn_beneath_open (lister->folder, key, flags, TN_LINKS_BENEATH);
    if (fd < 0)
        return SORT_OTHER;
    bool is_file = fstat (fd, &status) == 0 && S_ISREG (status.st_mode);
    close (fd);
    *size = is_file ? (uint64_t) status.st_size : 0;
    return is_file ? SORT_FILE : SORT_OTHER;
}

static enum sort
examine_name (const struct lister *lister, int in, const char *name, const char *key, uint64_t *size)
{
    struct stat status;
    *size = 0;
    if (fstatat (in, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? SORT_GONE : SORT_OTHER;
    if (S_ISDIR (status.st_mode))
        return SORT_FOLDER;
    if (S_ISLNK (status.st_mode))
        return tn_key_fault (key, strlen (key)) ? SORT_OTHER : examine_link (lister, key, size);
    if (!S_ISREG (status.st_mode))
        return SORT_OTHER;
    *size = (uint64_t) status.st_size;
    return SORT_FILE;
}

/* What the folder itself says of an entry, which costs nothing; SORT_OTHER: it must be examined. */
static enum sort
told_sort (const struct lister *lister, const struct dirent *entry)
{
#ifdef DT_REG
    if (entry->d_type == DT_DIR)
        return SORT_FOLDER;
    if (entry->d_type == DT_REG && lister->options->no_sizes)
        return SORT_FILE;
#endif
    (void) lister, (void) entry;
    return SORT_OTHER;
}

/* `way`: the folder's key with a '/', or "". */
static tenon_status
take_entry (struct lister *lister, int in, const char *way, const struct dirent *entry)
{
    const char *name = entry->d_name;
    size_t before = strlen (way), length = before + strlen (name);
    uint64_t size = 0, depth = lister->options->depth;
    TN_TRY (tn_budget_work (lister->options->budget, TN_WORK_ENTRY + length));
    char *key = tn_arena_get (&lister->listing->arena, length + 2, false);
    if (!key)
        return tn_fail_memory (lister->error);
    memcpy (key, way, before);
    strcpy (key + before, name);
    enum sort sort = told_sort (lister, entry);
    if (sort == SORT_OTHER)
        sort = examine_name (lister, in, name, key, &size);
    switch (sort) {
    case SORT_GONE: return TENON_OK;
    case SORT_FILE: return add_key (lister, key, length, size, tn_key_fault (key, length) != NULL);
    case SORT_OTHER: return add_key (lister, key, length, 0, true);
    case SORT_FOLDER: break;
    }
    if (depth > 0 && tn_key_depth (key, length) >= depth && !lister->options->folders)
        return TENON_OK;
    if (depth > 0 && tn_key_depth (key, length) >= depth) {
        bool faulty = tn_key_fault (key, length) != NULL;
        strcpy (key + length, "/");
        return add_key (lister, key, length + 1, 0, faulty);
    }
    if (tn_key_depth (key, length) >= TN_DEEPEST_KEY)
        return tn_fail (lister->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "its folders lie more than %u deep: '%.200s'", TN_DEEPEST_KEY, TN_SHOW (key));
    return tn_key_fault (key, length) ? add_key (lister, key, length, 0, true) : await_folder (lister, key);
}

/* A folder that has gone has no keys; one that cannot be read is a key that cannot be. */
static tenon_status
list_one_folder (struct lister *lister, const char *key)
{
    TN_FREE char *way = tn_concat (key, key[0] ? "/" : "", (char *) NULL);
    if (!way)
        return tn_fail_memory (lister->error);
    int fd = tn_beneath_open (lister->folder, key[0] ? key : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                              TN_LINKS_BENEATH);
    DIR *list = fd < 0 ? NULL : fdopendir (fd);
    int number = errno;
    if (!list && fd >= 0)
        close (fd);
    if (!list && (number == ENOENT || number == ENOTDIR) && key[0])
        return TENON_OK;
    if (!list && key[0] && number != EMFILE && number != ENFILE && number != ENOMEM)
        return add_key (lister, key, strlen (key), 0, true);
    if (!list)
        return tn_fail_open (lister->error, number, "the folder cannot be listed", NULL);
    tenon_status status = TENON_OK;
    for (const struct dirent *entry; status == TENON_OK;) {
        errno = 0;
        entry = readdir (list);
        if (!entry && errno != 0)
            status = tn_fail_errno (lister->error, errno, "the folder cannot be read", NULL);
        if (!entry)
            break;
        if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
            status = take_entry (lister, fd, way, entry);
    }
    closedir (list);
    return status;
}

/* ---- order ---- */

static int
compare_text (const char *one, uint64_t length, const char *other, uint64_t other_length)
{
    int order = memcmp (one, other, (size_t) TN_MIN (length, other_length));
    return order ? order : length < other_length ? -1 : length > other_length;
}

static int
compare_keys (const void *one, const void *other)
{
    const struct tn_listed *a = one, *b = other;
    return compare_text (a->key, a->length, b->key, b->length);
}

/* A folder that changes may show a name twice. */
static void
remove_doubles (struct tn_listing *listing)
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < listing->count; i++)
        if (kept == 0 || compare_keys (&listing->entries[kept - 1], &listing->entries[i]) != 0)
            listing->entries[kept++] = listing->entries[i];
    listing->count = kept;
}

tenon_status
tn_listing_make (struct tn_listing *listing, int folder, const struct tn_listing_options *options,
                 tenon_error *error)
{
    struct lister lister = { .listing = listing, .options = options, .folder = folder, .error = error };
    *listing = (struct tn_listing){ .arena.budget = options->budget };
    tenon_status status = await_folder (&lister, options->prefix);
    for (uint64_t i = 0; i < lister.count && status == TENON_OK; i++)
        status = list_one_folder (&lister, lister.waiting[i]);
    tn_budget_give_back (options->budget, lister.room * sizeof *lister.waiting);
    free (lister.waiting);
    if (status == TENON_OK && listing->count > 0) {
        qsort (listing->entries, (size_t) listing->count, sizeof *listing->entries, compare_keys);
        remove_doubles (listing);
    }
    return status;
}

void
tn_listing_free (struct tn_listing *listing, struct tn_budget *budget)
{
    tn_budget_give_back (budget, listing->room * sizeof *listing->entries);
    free (listing->entries);
    tn_arena_free (&listing->arena);
    *listing = (struct tn_listing){ NULL };
}

uint64_t
tn_listing_find (const struct tn_listing *listing, const char *text, uint64_t length)
{
    uint64_t low = 0, high = listing->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        const struct tn_listed *entry = &listing->entries[middle];
        if (compare_text (entry->key, entry->length, text, length) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
