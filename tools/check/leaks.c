/* SPDX-License-Identifier: MIT */
/* leaks.c - memory of the C library that opening a sample leaves behind. */
#include "check/leaks.h"
#include "check/reading.h"
#include "library.h"
#include "memory.h"
#include <malloc.h>

/* Opens before the count begins: the library keeps buffers and names of the first ones. */
#define FIRST_TIMES 8
/* Opens that are counted, in parts: what all parts leave is lost, what one of them leaves is kept for later.
 * Under so many of them, in the seconds that there are, nothing is told. */
#define PARTS 4
#define TIMES 48
#define FEW_TIMES 4
#define MOST_SECONDS 0.5

/* 2.33 has the first counter that is wide enough. Sanitizers and tools that find leaks bring a malloc of
 * their own. */
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
#define HAS_COUNTER 1
#endif

/* Bytes that malloc has given out, in all of its arenas. */
static uint64_t
given_bytes (void)
{
#ifdef HAS_COUNTER
    struct mallinfo2 info = mallinfo2 ();
    return (uint64_t) info.uordblks + (uint64_t) info.hblkhd;
#else
    return 0;
#endif
}

bool
leaks_are_counted (void)
{
    enum { SIZE = 100000 }; /* bytes; less may come from what a thread keeps for itself */
    uint64_t before = given_bytes ();
    char *volatile memory = malloc (SIZE);
    bool counted = memory && given_bytes () >= before + SIZE;
    free (memory);
    return counted;
}

/* Opens the sample up to `times` times, until `end`. Returns how often; 0: it does not open. */
static unsigned
open_often (tenon_context *context, const struct check_sample *sample, unsigned times, double end)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = sample->codec };
    tenon_error error = TENON_ERROR_INIT;
    unsigned done = 0;
    while (done < times && (done == 0 || reading_clock () < end)) {
        tenon_file *file = NULL;
        if (tenon_open (context, sample->path, &options, &file, &error) < 0)
            return 0;
        tenon_close (file);
        done++;
    }
    return done;
}

/* The checks of TENON_DEBUG=abi remember every call, and so are off. */
static tenon_context *
forgetful_context (struct check *check)
{
    const char *debug = getenv ("TENON_DEBUG");
    CLEAN (text) char *old = debug ? copy_text (debug, strlen (debug)) : NULL;
    unsetenv ("TENON_DEBUG");
    tenon_context *context = check_context (check, NULL);
    if (old)
        setenv ("TENON_DEBUG", old, 1);
    return context;
}

uint64_t
leaks_of (struct check *check, const struct check_sample *sample, unsigned *times)
{
    CLEAN (context) tenon_context *context = forgetful_context (check);
    double begin = reading_clock ();
    uint64_t least = UINT64_MAX;
    *times = 0;
    if (!context || open_often (context, sample, FIRST_TIMES, begin + MOST_SECONDS) < FIRST_TIMES)
        return 0;
    for (unsigned part = 1; part <= PARTS; part++) {
        uint64_t before = given_bytes ();
        unsigned done = open_often (context, sample, TIMES, begin + MOST_SECONDS * (1 + part) / 2);
        uint64_t after = given_bytes (), left = after > before ? after - before : 0;
        if (done < FEW_TIMES)
            return 0;
        least = left / done < least ? left / done : least;
        *times += done;
    }
    return least;
}
