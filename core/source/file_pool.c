/* SPDX-License-Identifier: MIT */
/* file_pool.c - closes files of a set that are not in use, and opens them again. */
#include "source/file_pool.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of the descriptors that the process may have, a pool takes this part. */
#define PART 8u
#define LEAST_OPEN 6u
#define MOST_OPEN 512u

struct tn_file_pool {
    int folder;
    unsigned most;
    unsigned open;          /* of the ring */
    pthread_mutex_t lock;   /* held while a file is opened or closed, and the ring changes */
    struct tn_pooled *hand; /* of the ring of open files: the next one that may be closed */
};

/* What a source has that is in a pool. */
struct tn_pooled {
    struct tn_file_pool *pool;
    struct tn_source *source;
    struct tn_pooled *next, *previous; /* in the ring; NULL: it is closed */
    atomic_int users;                  /* of the descriptor; CLOSED: there is none */
    atomic_bool recent;                /* used since the hand was here */
    enum tn_links links;
    struct stat identity;
};
#define CLOSED (-1)

static unsigned
most_open (void)
{
    struct rlimit limit;
    if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
        return LEAST_OPEN;
    return (unsigned) TN_MAX (TN_MIN (limit.rlim_cur / PART, MOST_OPEN), LEAST_OPEN);
}

struct tn_file_pool *
tn_file_pool_of (int fd)
{
    struct tn_file_pool *pool = calloc (1, sizeof *pool);
    if (!pool) {
        close (fd);
        return NULL;
    }
    pool->folder = fd;
    pool->most = most_open ();
    pthread_mutex_init (&pool->lock, NULL);
    return pool;
}

struct tn_file_pool *
tn_file_pool_new (const char *folder)
{
    folder = folder[0] ? folder : ".";
    int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
#ifdef O_PATH
    if (fd < 0)
        fd = open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
#endif
    return fd < 0 ? NULL : tn_file_pool_of (fd);
}

void
tn_file_pool_free (struct tn_file_pool *pool)
{
    if (!pool)
        return;
    close (pool->folder);
    pthread_mutex_destroy (&pool->lock);
    free (pool);
}

/* ---- the ring, under the lock ---- */

static void
ring_add (struct tn_file_pool *pool, struct tn_pooled *file)
{
    struct tn_pooled *hand = pool->hand ? pool->hand : file;
    file->next = hand;
    file->previous = pool->hand ? hand->previous : file;
    file->previous->next = file;
    hand->previous = file;
    pool->hand = hand;
    pool->open++;
}

static void
ring_remove (struct tn_file_pool *pool, struct tn_pooled *file)
{
    pool->hand = file->next == file ? NULL : pool->hand == file ? file->next : pool->hand;
    file->previous->next = file->next;
    file->next->previous = file->previous;
    file->next = file->previous = NULL;
    pool->open--;
}

/* Closes a file that no thread uses, one that was not used lately if there is one. False: all are in use. */
static bool
close_one (struct tn_file_pool *pool)
{
    for (unsigned looked = 0, all = 2 * pool->open; looked < all; looked++) {
        struct tn_pooled *file = pool->hand;
        int none = 0;
        pool->hand = file->next;
        if (atomic_exchange (&file->recent, false)
            || !atomic_compare_exchange_strong (&file->users, &none, CLOSED))
            continue;
        ring_remove (pool, file);
        close (file->source->fd);
        file->source->fd = -1;
        return true;
    }
    return false;
}

static void
make_room (struct tn_file_pool *pool)
{
    while (pool->open >= pool->most && close_one (pool))
        ;
}

tenon_status
tn_file_pool_join (struct tn_file_pool *pool, struct tn_source *source, enum tn_links links,
                   tenon_error *error)
{
    struct tn_pooled *file = calloc (1, sizeof *file);
    if (!file)
        return tn_fail_memory (error);
    file->links = links;
    if (fstat (source->fd, &file->identity) < 0) {
        free (file);
        return tn_fail_errno (error, errno, "cannot be examined", source->path);
    }
    file->pool = pool;
    file->source = source;
    source->pooled = file;
    pthread_mutex_lock (&pool->lock);
    make_room (pool);
    ring_add (pool, file);
    pthread_mutex_unlock (&pool->lock);
    return TENON_OK;
}

void
tn_file_pool_leave (struct tn_source *source)
{
    struct tn_pooled *file = source->pooled;
    pthread_mutex_lock (&file->pool->lock);
    if (file->next)
        ring_remove (file->pool, file);
    pthread_mutex_unlock (&file->pool->lock);
    source->pooled = NULL;
    free (file);
}

bool
tn_file_pool_is_stale (const struct tn_file_pool *pool, const char *path)
{
    struct stat folder, now;
    if (fstat (pool->folder, &folder) < 0 || folder.st_nlink == 0)
        return true;
    return path && stat (path, &now) == 0 && (now.st_dev != folder.st_dev || now.st_ino != folder.st_ino);
}

int
tn_file_pool_folder (const struct tn_file_pool *pool)
{
    return pool->folder;
}

/* ---- descriptors ---- */

/* O_NONBLOCK: opening a FIFO without a writer must not hang; regular files ignore it. */
int
tn_file_pool_open (struct tn_file_pool *pool, const char *key, enum tn_links links)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY;
    int fd = tn_beneath_open (pool->folder, key, flags, links);
    while (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        pthread_mutex_lock (&pool->lock);
        bool closed = close_one (pool);
        pthread_mutex_unlock (&pool->lock);
        if (!closed)
            break;
        fd = tn_beneath_open (pool->folder, key, flags, links);
    }
    return fd;
}

static bool
same_file (const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size
           && a->st_mtime == b->st_mtime
#ifdef __linux__
           && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec
#endif
        ;
}

/* Opens it again, under the lock. */
static tenon_status
open_again (struct tn_pooled *file, tenon_error *error)
{
    struct tn_source *source = file->source;
    struct tn_file_pool *pool = file->pool;
    struct stat now;
    int fd;
    make_room (pool);
    do
        fd = tn_beneath_open (pool->folder, source->name, O_RDONLY | O_NONBLOCK | O_NOCTTY, file->links);
    while (fd < 0 && (errno == EINTR || ((errno == EMFILE || errno == ENFILE) && close_one (pool))));
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ENXIO && !tn_beneath_fault (errno))
        return tn_fail_errno (error, errno, "cannot be opened again", source->path);
    if (fd < 0 || fstat (fd, &now) < 0 || !same_file (&now, &file->identity)) {
        if (fd >= 0)
            close (fd);
        tn_fail_in (error, source->path, NULL);
        return tn_fail (error, TENON_E_BUSY, TN_NO_OFFSET,
                        "it was replaced, changed or removed since its set was opened: open the set again");
    }
    source->fd = fd;
    atomic_store (&file->users, 1);
    ring_add (pool, file);
    return TENON_OK;
}

/* True if it was open, and now has one more user. */
static bool
use_open (struct tn_pooled *file)
{
    int users = atomic_load (&file->users);
    while (users != CLOSED)
        if (atomic_compare_exchange_weak (&file->users, &users, users + 1)) {
            atomic_store_explicit (&file->recent, true, memory_order_relaxed);
            return true;
        }
    return false;
}

int
tn_source_take_fd (struct tn_source *source, tenon_error *error)
{
    struct tn_pooled *file = source->pooled;
    tenon_status status = TENON_OK;
    if (!file || use_open (file))
        return source->fd;
    pthread_mutex_lock (&file->pool->lock);
    if (!use_open (file))
        status = open_again (file, error);
    int fd = source->fd;
    pthread_mutex_unlock (&file->pool->lock);
    return status < 0 ? -1 : fd;
}

void
tn_source_give_fd (struct tn_source *source)
{
    if (source->pooled)
        atomic_fetch_sub (&source->pooled->users, 1);
}

bool
tn_source_identity (const struct tn_source *source, struct stat *identity)
{
    if (source->pooled)
        *identity = source->pooled->identity;
    return source->pooled || (source->kind == TN_SOURCE_FD && fstat (source->fd, identity) == 0);
}
