/* SPDX-License-Identifier: MIT */
/* kernels.c - how fast the core's inner loops are, beside memcpy: median GB/s (10^9 bytes read plus written),
 * in memory that is in use already.
 *
 *   kernels [MiB of the larger buffer, default 256] [runs, default 9] */
#define _GNU_SOURCE
#include "kernels/cast.h"
#include "kernels/cast_count.h"
#include "kernels/cast_small.h"
#include "kernels/permute.h"
#include "kernels/swap.h"
#include "timing.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE (2u << 20)
#define MOST_RUNS 99
#define MOST_THREADS 2

static unsigned char *source, *target;
static uint64_t room;
static int runs = 9;

static unsigned char *
buffer_new (uint64_t size)
{
    unsigned char *buffer = aligned_alloc (HUGE_PAGE, size);
    if (!buffer) {
        fprintf (stderr, "kernels: no memory\n");
        exit (1);
    }
    madvise (buffer, size, MADV_HUGEPAGE);
    for (uint64_t i = 0; i < size; i++)
        buffer[i] = (unsigned char) (i * 2654435761u >> 13);
    return buffer;
}

/* ---- the work ---- */

struct work {
    const char *name;
    void (*run) (const struct work *, uint64_t first, uint64_t count);
    uint32_t from, to; /* dtypes of a cast */
    uint64_t item, rank, shape[4];
    uint64_t first, count; /* a thread's share */
};

static uint64_t
rows_of (const struct work *work)
{
    return work->shape[work->rank - 1];
}

static uint64_t
items_of (const struct work *work)
{
    uint64_t items = 1;
    for (uint64_t axis = 0; axis < work->rank; axis++)
        items *= work->shape[axis];
    return items;
}

static void
run_copy (const struct work *work, uint64_t first, uint64_t count)
{
    (void) work;
    memcpy (target + first, source + first, count);
}

static void
run_swap (const struct work *work, uint64_t first, uint64_t count)
{
    tn_swap_copy (target + first * work->item, source + first * work->item, (uint32_t) work->item, count);
}

static void
run_cast (const struct work *work, uint64_t first, uint64_t count)
{
    tn_cast (work->to, target + first * tn_cast_bits (work->to) / 8, work->from,
             source + first * tn_cast_bits (work->from) / 8, count);
}

static void
run_counted (const struct work *work, uint64_t first, uint64_t count)
{
    struct tn_cast_counts counts = { 0 };
    tn_cast_counted (work->to, target + first * tn_cast_bits (work->to) / 8, work->from,
                     source + first * tn_cast_bits (work->from) / 8, count, false, &counts);
}

/* All axes reversed: rows of the outermost axis of the result. */
static void
run_transpose (const struct work *work, uint64_t first, uint64_t count)
{
    struct tn_move move = { .rank = (uint32_t) work->rank, .item = work->item, .stream = true };
    unsigned char tile[TN_PERMUTE_TILE];
    uint64_t in = work->item, out = work->item, last = work->rank - 1;
    for (uint64_t axis = work->rank; axis-- > 0; in *= work->shape[axis])
        move.from[axis] = (int64_t) in, move.count[axis] = work->shape[axis];
    for (uint64_t axis = 0; axis < work->rank; out *= work->shape[axis++])
        move.to[axis] = (int64_t) out;
    move.count[last] = count;
    tn_permute (target + first * (uint64_t) move.to[last], source + first * work->item, &move, tile);
}

/* ---- measuring ---- */

static void *
run_share (void *data)
{
    const struct work *work = data;
    work->run (work, work->first, work->count);
    return NULL;
}

static void
run_all (const struct work *work, unsigned threads)
{
    struct work share[MOST_THREADS];
    pthread_t thread[MOST_THREADS];
    uint64_t rows = rows_of (work), grain = 4096, first = 0;
    if (work->run == run_transpose)
        grain = 128; /* whole cache lines */
    uint64_t part = (rows / threads + grain - 1) / grain * grain;
    for (unsigned i = 0; i < threads; i++) {
        share[i] = *work;
        share[i].first = first;
        share[i].count = i + 1 == threads || part > rows - first ? rows - first : part;
        first += share[i].count;
        if (i > 0 && pthread_create (&thread[i], NULL, run_share, &share[i]) != 0)
            exit (1);
    }
    run_share (&share[0]);
    for (unsigned i = 1; i < threads; i++)
        pthread_join (thread[i], NULL);
}

static double
median_rate (const struct work *work, unsigned threads, uint64_t bytes)
{
    double rates[MOST_RUNS];
    run_all (work, threads);
    for (int i = 0; i < runs; i++) {
        double start = timing_now ();
        run_all (work, threads);
        rates[i] = (double) bytes / (timing_now () - start) * 1e-9;
    }
    return timing_median (rates, (size_t) runs);
}

static uint64_t
bytes_of (const struct work *work)
{
    if (work->run == run_cast || work->run == run_counted)
        return items_of (work) * (tn_cast_bits (work->from) + tn_cast_bits (work->to)) / 8;
    return items_of (work) * work->item * 2;
}

/* Numbers as weights are, or whole ones: what a cast costs depends on them. */
static void
fill_numbers (uint32_t dtype)
{
    double values[4096];
    uint64_t period = sizeof values / sizeof *values * tn_cast_bits (dtype) / 8;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = ((double) (i * 2654435761u % 4096) - 2047.5) * (dtype <= TENON_I64 ? 1 : 0x1p-11);
    tn_cast (dtype, source, TENON_F64, values, sizeof values / sizeof *values);
    for (uint64_t at = period; at < room; at += period)
        memcpy (source + at, source, at + period > room ? room - at : period);
}

/* The items of a cast, a swap or a copy fill the larger buffer. The work is compared with a memcpy of as many
 * bytes. */
static void
show_work (struct work work)
{
    struct work copy = { .name = "memcpy", .run = run_copy, .item = 1, .rank = 1 };
    uint64_t bits = work.run == run_cast || work.run == run_counted ? tn_cast_bits (work.from) : 0;
    if (bits > 0) {
        uint64_t wide = tn_cast_bits (work.to) > bits ? tn_cast_bits (work.to) : bits;
        work.rank = 1;
        work.shape[0] = room / wide * 8;
        fill_numbers (work.from);
    } else if (work.rank == 1)
        work.shape[0] = room / work.item;
    uint64_t bytes = bytes_of (&work);
    if (bytes > 2 * room)
        return;
    copy.shape[0] = bytes / 2;
    double one = median_rate (&work, 1, bytes), two = median_rate (&work, 2, bytes);
    double copy_one = median_rate (&copy, 1, bytes), copy_two = median_rate (&copy, 2, bytes);
    printf ("%-34s %8.2f %8.2f   %6.2f %6.2f\n", work.name, one, two, one / copy_one, two / copy_two);
}

int
main (int count, char **arguments)
{
    room = (count > 1 ? strtoull (arguments[1], NULL, 10) : 256) << 20;
    runs = count > 2 ? atoi (arguments[2]) : runs;
    if (room < HUGE_PAGE || room % HUGE_PAGE || runs < 1 || runs > MOST_RUNS) {
        fprintf (stderr, "usage: kernels [MiB, even] [runs, 1 to %d]\n", MOST_RUNS);
        return 2;
    }
    source = buffer_new (room);
    target = buffer_new (room);
    static const struct work works[] = {
        { .name = "memcpy", .run = run_copy, .item = 1, .rank = 1 },
        { .name = "swap 2", .run = run_swap, .item = 2, .rank = 1 },
        { .name = "swap 4", .run = run_swap, .item = 4, .rank = 1 },
        { .name = "swap 8", .run = run_swap, .item = 8, .rank = 1 },
        { .name = "bf16 -> f32", .run = run_cast, .from = TENON_BF16, .to = TENON_F32 },
        { .name = "f32 -> bf16", .run = run_cast, .from = TENON_F32, .to = TENON_BF16 },
        { .name = "f32 -> bf16, counted", .run = run_counted, .from = TENON_F32, .to = TENON_BF16 },
        { .name = "f16 -> f32", .run = run_cast, .from = TENON_F16, .to = TENON_F32 },
        { .name = "f32 -> f16", .run = run_cast, .from = TENON_F32, .to = TENON_F16 },
        { .name = "f32 -> f16, counted", .run = run_counted, .from = TENON_F32, .to = TENON_F16 },
        { .name = "bf16 -> f16", .run = run_cast, .from = TENON_BF16, .to = TENON_F16 },
        { .name = "bf16 -> f16, counted", .run = run_counted, .from = TENON_BF16, .to = TENON_F16 },
        { .name = "f64 -> f32", .run = run_cast, .from = TENON_F64, .to = TENON_F32 },
        { .name = "f64 -> f32, counted", .run = run_counted, .from = TENON_F64, .to = TENON_F32 },
        { .name = "f32 -> f8_e4m3", .run = run_cast, .from = TENON_F32, .to = TENON_F8_E4M3 },
        { .name = "f32 -> f8_e4m3, counted", .run = run_counted, .from = TENON_F32, .to = TENON_F8_E4M3 },
        { .name = "f8_e4m3 -> f32", .run = run_cast, .from = TENON_F8_E4M3, .to = TENON_F32 },
        { .name = "f32 -> f4 (general)", .run = run_cast, .from = TENON_F32, .to = TENON_F4 },
        { .name = "i64 -> f32 (general)", .run = run_cast, .from = TENON_I64, .to = TENON_F32 },
        { .name = "i64 -> i32 (general)", .run = run_cast, .from = TENON_I64, .to = TENON_I32 },
        { .name = "i64 -> i32, counted", .run = run_counted, .from = TENON_I64, .to = TENON_I32 },
        { .name = "transpose u8 16384 16384",
          .run = run_transpose,
          .item = 1,
          .rank = 2,
          .shape = { 16384, 16384 } },
        { .name = "transpose 2 8192 16384",
          .run = run_transpose,
          .item = 2,
          .rank = 2,
          .shape = { 8192, 16384 } },
        { .name = "transpose f32 8192 8192",
          .run = run_transpose,
          .item = 4,
          .rank = 2,
          .shape = { 8192, 8192 } },
        { .name = "transpose f32 8000 8100",
          .run = run_transpose,
          .item = 4,
          .rank = 2,
          .shape = { 8000, 8100 } },
        { .name = "transpose f32 8191 8101",
          .run = run_transpose,
          .item = 4,
          .rank = 2,
          .shape = { 8191, 8101 } },
        { .name = "transpose u8 16383 16381",
          .run = run_transpose,
          .item = 1,
          .rank = 2,
          .shape = { 16383, 16381 } },
        { .name = "transpose 2 8191 16383",
          .run = run_transpose,
          .item = 2,
          .rank = 2,
          .shape = { 8191, 16383 } },
        { .name = "transpose f64 4095 8191",
          .run = run_transpose,
          .item = 8,
          .rank = 2,
          .shape = { 4095, 8191 } },
        { .name = "transpose f32 255 511 513",
          .run = run_transpose,
          .item = 4,
          .rank = 3,
          .shape = { 255, 511, 513 } },
        { .name = "transpose f32 256 512 512",
          .run = run_transpose,
          .item = 4,
          .rank = 3,
          .shape = { 256, 512, 512 } },
        { .name = "transpose f32 512 512 256",
          .run = run_transpose,
          .item = 4,
          .rank = 3,
          .shape = { 512, 512, 256 } },
        { .name = "transpose f64 4096 8192",
          .run = run_transpose,
          .item = 8,
          .rank = 2,
          .shape = { 4096, 8192 } },
        { .name = "transpose c128 4096 4096",
          .run = run_transpose,
          .item = 16,
          .rank = 2,
          .shape = { 4096, 4096 } },
        { .name = "transpose u8 4000 6000 3",
          .run = run_transpose,
          .item = 1,
          .rank = 3,
          .shape = { 4000, 6000, 3 } },
        { .name = "transpose f32 3 4000 4000",
          .run = run_transpose,
          .item = 4,
          .rank = 3,
          .shape = { 3, 4000, 4000 } },
        { .name = "transpose 144 1024 1024",
          .run = run_transpose,
          .item = 144,
          .rank = 2,
          .shape = { 1024, 1024 } },
    };
    printf ("%-34s %8s %8s   %6s %6s\n", "", "1 thread", "2", "of memcpy", "2");
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        show_work (works[i]);
    free (source);
    free (target);
    return 0;
}
