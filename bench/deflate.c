/* SPDX-License-Identifier: MIT */
/* deflate.c - the deflate filter beside zlib, on three kinds of arrays of 2^20 items: MB/s (10^6 decoded
 * bytes, the best of some runs), and sizes relative to zlib's level 6 in one stream. Each thread has an array
 * of its own.
 *
 *   deflate [runs, default 3] */
#define _GNU_SOURCE
#include "context/context.h"
#include "tests/unit/deflate_filter.h"
#include "timing.h"
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <zlib.h>

#define SIZE ((uint64_t) 4 << 20)
#define ROOM (SIZE + SIZE / 8)
#define MOST_BLOCKS 16

static uint8_t plain[SIZE];
static int runs = 3;

struct job {
    void (*run) (struct job *);
    int level;
    uint64_t block, length, ends[MOST_BLOCKS];
    uint8_t *stored, *back;
    void *state;
};

static void
need_true (bool good)
{
    if (good)
        return;
    fprintf (stderr, "deflate: failed\n");
    exit (1);
}

/* ---- the arrays ---- */

static uint32_t seed = 1;

static uint32_t
next_random (void)
{
    uint64_t wide = seed * (uint64_t) 48271 % 2147483647;
    return seed = (uint32_t) wide;
}

static uint32_t
normal_bits (void)
{
    double u = next_random () / 2147483648.0, v = next_random () / 2147483648.0;
    float value = (float) (0.02 * sqrt (-2 * log (u)) * cos (6.283185307179586 * v));
    uint32_t bits;
    memcpy (&bits, &value, sizeof bits);
    return bits;
}

static void
fill_plain (int which)
{
    for (uint64_t at = 0; at < SIZE; at += 4) {
        uint32_t bits = which == 2 ? next_random () % 32000 : normal_bits ();
        if (which == 1)
            bits = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000;
        memcpy (plain + at, &bits, sizeof bits);
    }
}

/* ---- the work ---- */

static void
run_encode (struct job *job)
{
    job->length = 0;
    for (uint64_t at = 0, i = 0; at < SIZE; at += job->block) {
        uint64_t size = TN_MIN (job->block, SIZE - at);
        int64_t length = deflate_raw.encode (job->state, at + size == SIZE ? TENON_FILTER_LAST : 0,
                                             plain + at, size, job->stored + job->length, ROOM - job->length);
        need_true (length > 0);
        job->length += (uint64_t) length;
        job->ends[i++] = job->length;
    }
}

static void
run_zlib_encode (struct job *job)
{
    z_stream z = { .next_in = plain, .avail_in = SIZE, .next_out = job->stored, .avail_out = ROOM };
    need_true (deflateInit2 (&z, job->level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    need_true (deflate (&z, Z_FINISH) == Z_STREAM_END);
    job->length = z.total_out;
    deflateEnd (&z);
}

static void
run_decode (struct job *job)
{
    need_true (deflate_raw.decode (job->state, 1, job->stored, job->length, job->back, SIZE) == TENON_OK);
}

static void
run_decode_blocks (struct job *job)
{
    uint64_t begin = 0;
    for (uint64_t at = 0, i = 0; at < SIZE; at += job->block, begin = job->ends[i++])
        need_true (deflate_raw.decode (job->state, at + job->block >= SIZE, job->stored + begin,
                                       job->ends[i] - begin, job->back + at, TN_MIN (job->block, SIZE - at))
                   == TENON_OK);
}

static void
run_steps (struct job *job)
{
    uint64_t at = 0, got = 0;
    int32_t result = 0;
    need_true (deflate_raw.reset (job->state) == TENON_OK);
    while (result == 0) {
        uint64_t taken, made;
        result = deflate_raw.step (job->state, job->stored + at, TN_MIN (65536, job->length - at), &taken,
                                   job->back + got, TN_MIN (262144, SIZE - got), &made);
        at += taken, got += made;
    }
    need_true (result == 1 && got == SIZE);
}

static void
run_zlib_decode (struct job *job)
{
    z_stream z = {
        .next_in = job->stored, .avail_in = (uInt) job->length, .next_out = job->back, .avail_out = SIZE
    };
    need_true (inflateInit2 (&z, -15) == Z_OK);
    need_true (inflate (&z, Z_FINISH) == Z_STREAM_END);
    inflateEnd (&z);
}

/* ---- measuring ---- */

static void *
run_job (void *data)
{
    struct job *job = data;
    job->run (job);
    return NULL;
}

static double
best_rate (struct job jobs[2], unsigned threads, void (*run) (struct job *), int times)
{
    double best = 0;
    jobs[0].run = jobs[1].run = run;
    for (int i = 0; i < times; i++) {
        pthread_t thread;
        double start = timing_now ();
        if (threads > 1)
            need_true (pthread_create (&thread, NULL, run_job, &jobs[1]) == 0);
        run (&jobs[0]);
        if (threads > 1)
            pthread_join (thread, NULL);
        best = fmax (best, (double) threads * (double) SIZE / (timing_now () - start) * 1e-6);
    }
    return best;
}

static void
use_states (struct job jobs[2], int level)
{
    for (int i = 0; i < 2; i++) {
        if (jobs[i].state)
            deflate_raw.close (jobs[i].state);
        need_true ((jobs[i].state = open_deflate (level)) != NULL);
        jobs[i].level = level;
    }
}

static void
show_level (struct job jobs[2], int level, uint64_t block, uint64_t reference)
{
    use_states (jobs, level);
    jobs[0].block = jobs[1].block = block;
    double one = best_rate (jobs, 1, run_encode, runs), two = best_rate (jobs, 2, run_encode, runs);
    uint64_t length = jobs[0].length;
    use_states (jobs, level);
    double whole = best_rate (jobs, 1, run_decode, runs),
           blocks = best_rate (jobs, 1, run_decode_blocks, runs);
    need_true (memcmp (jobs[0].back, plain, SIZE) == 0);
    printf ("  level %2d, blocks of %4llu KiB %8.1f %8.1f  %7.4f %8.0f %8.0f %8.0f %8.0f\n", level,
            (unsigned long long) block >> 10, one, two, (double) length / (double) reference, whole, blocks,
            best_rate (jobs, 1, run_steps, runs), best_rate (jobs, 1, run_zlib_decode, runs));
}

static void
show_kind (struct job jobs[2], int which)
{
    static const char *const names[] = { "f32, normal (0, 0.02)", "the same as bf16 in f32",
                                         "i32 tokens below 32000" };
    static const int levels[] = { 1, 2, 3, 6, 12 };
    fill_plain (which);
    use_states (jobs, 6);
    double one = best_rate (jobs, 1, run_zlib_encode, 1);
    uint64_t reference = jobs[0].length;
    double whole = best_rate (jobs, 1, run_decode, runs), steps = best_rate (jobs, 1, run_steps, runs);
    printf ("%-31s %8s %8s  %7s %8s %8s %8s %8s\n", names[which], "encode", "2 thr.", "size", "whole",
            "blocks", "steps", "zlib");
    printf ("  zlib's level 6, one stream    %8.1f %8s  %7.4f %8.0f %8s %8.0f %8.0f\n", one, "", 1.0, whole,
            "", steps, best_rate (jobs, 1, run_zlib_decode, runs));
    for (size_t i = 0; i < TN_COUNT (levels); i++) {
        show_level (jobs, levels[i], 1 << 20, reference);
        uint64_t suits = TN_MIN (block_of_deflate (levels[i], SIZE), SIZE);
        if (suits != 1 << 20)
            show_level (jobs, levels[i], suits, reference);
    }
}

int
main (int count, char **arguments)
{
    struct job jobs[2] = { { .level = 0 } };
    runs = count > 1 ? atoi (arguments[1]) : runs;
    if (runs < 1) {
        fprintf (stderr, "usage: deflate [runs]\n");
        return 2;
    }
    for (int i = 0; i < 2; i++) {
        need_true ((jobs[i].stored = calloc (1, ROOM)) && (jobs[i].back = calloc (1, SIZE)));
        memset (jobs[i].stored, 1, ROOM);
        memset (jobs[i].back, 1, SIZE);
    }
    printf ("%s; default level %d\n", deflate_raw.label, deflate_raw.default_level);
    for (int which = 0; which < 3; which++)
        show_kind (jobs, which);
    for (int i = 0; i < 2; i++) {
        deflate_raw.close (jobs[i].state);
        free (jobs[i].stored);
        free (jobs[i].back);
    }
    return 0;
}
