/* SPDX-License-Identifier: MIT */
/* hash_key.c - the random key of a context's hash tables. */
#include "context/hash_key.h"
#include "base/io.h"
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#if defined(HAVE_GETRANDOM) || defined(HAVE_GETENTROPY)
#include <sys/random.h>
#endif

bool
tn_hash_key_from_system (struct tn_hash_key *key)
{
#if defined(HAVE_GETRANDOM)
    /* never waits for a system that has just been started: the next source will do */
    return getrandom (key, sizeof *key, GRND_NONBLOCK) == (ssize_t) sizeof *key;
#elif defined(HAVE_GETENTROPY)
    return getentropy (key, sizeof *key) == 0;
#else
    (void) key;
    return false;
#endif
}

bool
tn_hash_key_from_file (struct tn_hash_key *key, const char *path)
{
    int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0)
        return false;
    bool whole = tn_io_read (file, TN_IO_CURRENT, key, sizeof *key) == sizeof *key;
    close (file);
    return whole;
}

/* What an author of files cannot know, if not as well as random numbers: where the system placed the stack,
 * the library and the context, and the time to the nanosecond. */
void
tn_hash_key_from_circumstances (struct tn_hash_key *key, const void *context)
{
    struct timespec now = { 0 };
    clock_gettime (CLOCK_MONOTONIC, &now);
    const struct tn_hash_key mixer = { { (uint64_t) (uintptr_t) context, (uint64_t) (uintptr_t) &now } };
    uint64_t facts[4] = { (uint64_t) now.tv_sec, (uint64_t) now.tv_nsec, (uint64_t) getpid (),
                          (uint64_t) (uintptr_t) &tn_hash_key_make };
    key->words[0] = tn_hash (&mixer, (const char *) facts, sizeof facts);
    facts[0] = ~facts[0];
    key->words[1] = tn_hash (&mixer, (const char *) facts, sizeof facts);
}

void
tn_hash_key_make (struct tn_hash_key *key, const void *context)
{
    if (!tn_hash_key_from_system (key) && !tn_hash_key_from_file (key, "/dev/urandom"))
        tn_hash_key_from_circumstances (key, context);
}
