/* SPDX-License-Identifier: MIT */
/* test_together.c - many small tensors, which are read together: as few reads as that takes, whatever the
 * order of the requests, and each one as if it were read by itself. */
#include "kit.h"
#include <unistd.h>

#define COUNT 3000u

static struct {
    uint16_t items[64];
    uint64_t count;
    uint32_t flags;
} tensors[COUNT];
static tenon_request requests[COUNT];
static tenon_file *file;

/* u16 tensors of 0 … 63 items, every third one big-endian, whose item k is i + k. */
static void
begin (const char *name)
{
    tenon_plan *plan = kit_empty_plan ("toyraw");
    for (unsigned i = 0; i < COUNT; i++) {
        char label[16];
        tensors[i].count = i * 7 % 64;
        tensors[i].flags = i % 3 == 0 ? TENON_BIG_ENDIAN : 0;
        for (unsigned k = 0; k < tensors[i].count; k++)
            tensors[i].items[k] = i % 3 == 0 ? __builtin_bswap16 ((uint16_t) (i + k)) : (uint16_t) (i + k);
        snprintf (label, sizeof label, "t%u", i);
        kit_add (plan, label, "u16", tensors[i].flags, 1, &tensors[i].count, tensors[i].items,
                 tensors[i].count * 2);
    }
    ck_assert_int_eq (kit_write (plan, name, "toyraw", NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    file = kit_open (name, NULL, NULL);
    for (unsigned i = 0; i < COUNT; i++) {
        KIT_INIT (requests[i]);
        requests[i].index = i;
    }
}

static void
load_all (void)
{
    tenon_memory *memory;
    ck_assert_msg (tenon_load (file, requests, COUNT, &memory, NULL, &kit_error) == TENON_OK, "%s",
                   kit_error.message);
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t index = requests[i].index;
        const uint16_t *numbers = requests[i].data;
        const float *floats = requests[i].data;
        uint64_t first = requests[i].start ? requests[i].start[0] : 0;
        uint64_t count = requests[i].start ? requests[i].count[0] : tensors[index].count;
        uint64_t step = requests[i].step ? (uint64_t) requests[i].step[0] : 1;
        ck_assert_uint_eq (requests[i].size, count * (requests[i].dtype ? 4 : 2));
        for (unsigned k = 0; k < count; k++)
            ck_assert_uint_eq (requests[i].dtype ? (uint64_t) floats[k] : numbers[k],
                               index + first + k * step);
    }
    tenon_memory_free (memory);
}

/* In an order that looks like none. */
static void
shuffle (void)
{
    for (unsigned i = 0; i < COUNT; i++)
        requests[i].index = (uint64_t) i * 1009 % COUNT;
}

/* The reads of this process; 0: the system does not count them. */
static uint64_t
count_reads (void)
{
    FILE *io = fopen ("/proc/self/io", "r");
    unsigned long long reads = 0;
    char line[128];
    while (io && fgets (line, sizeof line, io))
        if (sscanf (line, "syscr: %llu", &reads) == 1)
            break;
    if (io)
        fclose (io);
    return reads;
}

START_TEST (test_few_reads)
{
    begin ("f.toyraw");
    for (unsigned round = 0; round < 2; round++) {
        uint64_t before = count_reads ();
        load_all ();
        ck_assert_uint_le (count_reads () - before, 32);
        shuffle ();
    }
    tenon_close (file);
}
END_TEST

START_TEST (test_casts_and_slices)
{
    static const uint64_t start[] = { 1 }, count[] = { 3 };
    static const int64_t step[] = { 2 };
    begin ("f.toyraw");
    shuffle ();
    for (unsigned i = 0; i < COUNT; i++) {
        if (i % 2)
            requests[i].dtype = TENON_F32;
        if (i % 5 == 0 && tensors[requests[i].index].count > 6) {
            requests[i].rank = 1;
            requests[i].start = start, requests[i].count = count;
            requests[i].step = i % 2 ? step : NULL;
        }
    }
    uint64_t before = count_reads ();
    load_all ();
    ck_assert_uint_le (count_reads () - before, 32);
    tenon_close (file);
}
END_TEST

/* The file lost its end: the failure is that of the first tensor in the file that lacks bytes, and those
 * before it can still be read. */
START_TEST (test_shortened)
{
    tenon_memory *memory = (tenon_memory *) file;
    tenon_tensor_info info;
    begin ("f.toyraw");
    KIT_INIT (info);
    ck_assert_int_eq (tenon_get (file, 2001, &info), TENON_OK); /* 55 items */
    ck_assert_uint_eq (info.nbytes, 2001 * 7 % 64 * 2);
    ck_assert_int_eq (truncate (kit_path ("f.toyraw"), (off_t) info.offset + 1), 0);
    shuffle ();
    kit_failed (tenon_load (file, requests, COUNT, &memory, NULL, &kit_error), TENON_E_TRUNCATED,
                "the file has become shorter since it was opened");
    ck_assert_ptr_null (memory);
    ck_assert_str_eq (kit_error.tensor, "t2001");
    for (unsigned i = 0; i < 2001; i++)
        requests[i].index = i;
    ck_assert_int_eq (tenon_load (file, requests, 2001, &memory, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (*(uint16_t *) requests[2000].data, 2000);
    tenon_memory_free (memory);
    tenon_close (file);
}
END_TEST

static void
fill (Suite *suite)
{
    TCase *tests = kit_case (suite, "together");
    tcase_add_test (tests, test_few_reads);
    tcase_add_test (tests, test_casts_and_slices);
    tcase_add_test (tests, test_shortened);
}

int
main (void)
{
    return kit_main ("together", fill);
}
