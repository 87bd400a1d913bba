/* SPDX-License-Identifier: MIT */
/* test_parallel.c - members that a codec announces, and blocks that many threads encode: bytes, notes, losses
 * and failures are the same with an announcement and without, on any number of threads. */
#include "kit.h"

#define MEMBERS 700u
#define LARGE (3u << 19)

static uint32_t numbers[LARGE / 4];

static void
make_numbers (void)
{
    uint32_t state = 1;
    for (size_t i = 0; i < LARGE / 4; i++)
        numbers[i] = (state = state * 1664525u + 1013904223u) >> (i / 5000 % 4) * 7;
}

static tenon_status
fill_numbers (void *user, uint64_t offset, void *to, uint64_t length)
{
    unsigned *calls = (unsigned *) user;
    ++*calls;
    memcpy (to, (const char *) numbers + offset, (size_t) length);
    return TENON_OK;
}

static void
add_filled (tenon_plan *plan, const char *name, uint64_t items, unsigned *calls)
{
    tenon_array array;
    KIT_INIT (array);
    array.name = name;
    array.dtype = TENON_U32;
    array.rank = 1;
    array.shape = &items;
    array.fill = fill_numbers;
    array.user = calls;
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
}

/* Small members, some in Fortran order or big-endian, some from a function; and a few large ones. */
static tenon_plan *
mixed_plan (tenon_file *file, unsigned *calls)
{
    tenon_plan *plan = kit_plan ();
    char name[32];
    for (unsigned i = 0; i < MEMBERS; i++) {
        snprintf (name, sizeof name, "t%u", i);
        uint64_t rows = 1 + i % 50;
        if (i % 97 == 60)
            add_filled (plan, name, 4 * rows, calls);
        else if (i % 250 == 100)
            kit_add (plan, name, "u32", 0, 1, KIT_SHAPE (LARGE / 4), numbers, LARGE);
        else
            kit_add (plan, name, "u32", i % 4, 2, KIT_SHAPE (rows, 7), numbers + i, rows * 28);
    }
    if (file)
        for (uint64_t i = 0; i < tenon_count (file); i++) {
            snprintf (name, sizeof name, "from%u", (unsigned) i);
            uint32_t dtype = i % 2 ? TENON_F64 : TENON_NONE;
            ck_assert_int_eq (tenon_plan_add_from (plan, file, i, name, dtype, &kit_error), TENON_OK);
        }
    return plan;
}

static const char *const settings[] = {
    "toybox.filter=deflate toybox.level=2",
    "toybox.filter=toyxor toybox.check=no",
    "toybox.filter=deflate toybox.block_size=10kB toybox.group=3 toybox.level=1",
    "toybox.filter=deflate toybox.mix=7 toybox.level=1",
    "toybox.filter=deflate toybox.block_size=4MiB toybox.level=1",
    "toybox.filter=deflate toybox.mix=2 toybox.level=1 toyraw.order=c",
    "",
    "toybox.check=no",
};

/* One thread's bytes without an announcement, then those of more threads, announced or not. Tensors come from
 * memory, from functions, and from a box of either kind. */
START_TEST (test_same_bytes)
{
    static const char *const threads[] = { "core.threads=1",
                                           "core.threads=1",
                                           "core.threads=2",
                                           "core.threads=3",
                                           "core.threads=2",
                                           "core.threads=8",
                                           "core.threads=3 limits.memory=8MiB" };
    char words[120];
    uint8_t *first = NULL;
    size_t first_size = 0, size;
    unsigned calls = 0;
    make_numbers ();
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_plan *plan = mixed_plan (NULL, &calls);
    ck_assert_int_eq (kit_write (plan, "from.toybox", NULL, _i % 2 ? "toybox.filter=deflate" : "", NULL),
                      TENON_OK);
    tenon_plan_free (plan);
    for (unsigned i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        ck_assert_int_eq (kit_context (threads[i]), TENON_OK);
        tenon_file *file = kit_open ("from.toybox", NULL, NULL);
        plan = mixed_plan (file, &calls);
        snprintf (words, sizeof words, "%s toybox.announce=%s", settings[_i], i % 4 ? "yes" : "no");
        tenon_status status = kit_write (plan, "f.toybox", NULL, words, NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_plan_free (plan);
        tenon_close (file);
        const uint8_t *bytes = kit_load ("f.toybox", &size);
        if (!first) { /* kit_load keeps one file only */
            ck_assert_ptr_nonnull (first = (uint8_t *) malloc (size));
            memcpy (first, bytes, first_size = size);
        }
        ck_assert_uint_eq (size, first_size);
        ck_assert_msg (memcmp (bytes, first, size) == 0, "other bytes with %s", threads[i]);
    }
    free (first);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    kit_data (file, "t100", "", numbers, LARGE);
    kit_data (file, "from101", "u32", numbers, LARGE);
    kit_data (file, "t4", "", numbers + 4, 5 * 28);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
}
END_TEST

/* ---- what is said ---- */

static const char *const threads_few[] = { "core.threads=1", "core.threads=2", "core.threads=5" };

static tenon_plan *
listed_plan (const char *const *names, unsigned count)
{
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    for (unsigned i = 0; i < count; i++) /* no two are the same bytes, which would be noted */
        kit_add (plan, names[i], "i32", 0, 1, KIT_SHAPE (25), numbers + i, 100);
    return plan;
}

#define LISTED 60u

/* Notes and losses come in the order of the members; the first failure counts, and nothing behind it is
 * reported. */
START_TEST (test_order)
{
    char names[LISTED][16];
    const char *list[LISTED];
    for (unsigned i = 0; i < LISTED; i++) {
        const char *word = i == 50 || i == 52 ? "unlisted"
                           : i % 3 == 1       ? "noted"
                           : i % 5 == 0       ? "lossy"
                                              : "plain";
        snprintf (names[i], sizeof names[i], "%s%u", word, i);
        list[i] = names[i];
    }
    kit_plugins ("toybox toytext toyxor", threads_few[_i]);
    for (unsigned failing = 0; failing < 2; failing++) {
        tenon_report *report = NULL;
        tenon_report_entry entry;
        unsigned count = failing ? LISTED : 50;
        uint64_t at = 0;
        tenon_plan *plan = listed_plan (list, count);
        tenon_status status =
            kit_write (plan, "f.toybox", NULL, "toybox.member=toylist toybox.filter=toyxor", &report);
        if (failing)
            kit_failed (status, TENON_E_UNSUPPORTED, "tensor 'unlisted50': a listing has no place for it");
        else
            ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        for (unsigned i = 0; i < 50; i++) {
            int noted = strncmp (list[i], "noted", 5) == 0, lossy = strncmp (list[i], "lossy", 5) == 0;
            if (!noted && !lossy)
                continue;
            KIT_INIT (entry);
            ck_assert_int_eq (tenon_report_get (report, at++, &entry), TENON_OK);
            ck_assert_str_eq (entry.subject, list[i]);
            ck_assert_uint_eq (entry.kind, noted ? TENON_NOTE : TENON_LOSS);
        }
        ck_assert_uint_eq (tenon_report_count (report), at);
        tenon_report_free (report);
        tenon_plan_free (plan);
    }
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* A strict save refuses a loss that a codec reports. */
START_TEST (test_strict)
{
    static const char *const names[] = { "plain", "lossy1", "noted", "lossy2" };
    tenon_save_options options;
    kit_plugins ("toybox toytext toyxor", threads_few[_i]);
    tenon_plan *plan = listed_plan (names, 4);
    KIT_INIT (options);
    options.flags = TENON_SAVE_STRICT;
    options.settings = (const char *const[]){ "toybox.member=toylist", "toybox.filter=toyxor", NULL };
    tenon_status status = tenon_save (plan, kit_path ("f.toybox"), &options, NULL, NULL, &kit_error);
    kit_failed (status, TENON_E_LOSS, "2 things would be lost");
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

/* ---- announcements that do not come true ---- */

static const struct {
    const char *settings, *words;
} lies[] = {
    { "toybox.announce=more", "a member announces others of tensors that the plan does not have" },
    { "toybox.announce=more toybox.group=7", "a member announces others of tensors that the plan does not" },
    { "toybox.announce=fewer", "it did not ask for a member that it announced" },
    { "toybox.announce=fewer toybox.group=3", "it did not ask for a member that it announced" },
    { "toybox.announce=other", "it asks for another member than the one that it announced" },
    { "toybox.announce=other toybox.check=no", "it asks for another member than the one that it announced" },
};

/* A codec has to keep its word, through a filter or not. */
START_TEST (test_lies)
{
    char name[16], words[120], settings_text[120];
    kit_plugins ("toybox toyraw toyxor", threads_few[_i % 3]);
    tenon_plan *plan = kit_plan ();
    for (unsigned i = 0; i < 30; i++) {
        snprintf (name, sizeof name, "t%u", i);
        kit_add (plan, name, "u8", 0, 1, KIT_SHAPE (8), numbers, 8);
    }
    for (unsigned i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        snprintf (settings_text, sizeof settings_text, "%s%s", lies[i].settings,
                  _i < 3 ? "" : " toybox.filter=toyxor");
        snprintf (words, sizeof words, "the codec toybox: %s", lies[i].words);
        tenon_status status = kit_write (plan, "f.toybox", NULL, settings_text, NULL);
        kit_failed (status, TENON_E_MISUSE, words);
        ck_assert_uint_eq (kit_count_files (), 0);
    }
    tenon_plan_free (plan);
}
END_TEST

/* A tensor that the codec of members cannot hold is refused with the message of the check and the tensor's
 * name. */
START_TEST (test_refused)
{
    kit_plugins ("toybox toytext toyxor", threads_few[_i]);
    tenon_plan *plan = kit_plan ();
    char name[16];
    for (unsigned i = 0; i < 30; i++) {
        snprintf (name, sizeof name, "t%u", i);
        kit_add (plan, name, i == 17 || i == 19 ? "u16" : "u8", 0, 1, KIT_SHAPE (8), numbers,
                 i == 17 || i == 19 ? 16 : 8);
    }
    tenon_status status =
        kit_write (plan, "f.toybox", NULL, "toybox.member=toylist toybox.filter=toyxor", NULL);
    kit_failed (status, TENON_E_UNSUPPORTED, "tensor 't17': the format toybox cannot hold u16");
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

struct seen {
    uint64_t done, total, stop_at;
};

static int
note_progress (void *user, uint64_t done, uint64_t total)
{
    struct seen *seen = (struct seen *) user;
    ck_assert_uint_ge (done, seen->done);
    seen->done = done;
    seen->total = total;
    return done >= seen->stop_at;
}

/* Progress reaches the total, or stops the save, with large members and with small ones. */
START_TEST (test_progress)
{
    struct seen seen = { 0, 0, UINT64_MAX };
    tenon_progress progress;
    tenon_save_options options;
    unsigned calls = 0;
    make_numbers ();
    kit_plugins ("toybox toyraw toyxor", threads_few[_i]);
    tenon_plan *plan = mixed_plan (NULL, &calls);
    KIT_INIT (progress);
    KIT_INIT (options);
    progress.report = note_progress;
    progress.user = &seen;
    options.settings = (const char *const[]){ "toybox.filter=toyxor", NULL };
    tenon_status status = tenon_save (plan, kit_path ("f.toybox"), &options, NULL, &progress, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (seen.done, seen.total);
    ck_assert_uint_gt (seen.total, 3 * LARGE);
    seen.done = 0;
    seen.stop_at = LARGE;
    status = tenon_save (plan, kit_path ("g.toybox"), &options, NULL, &progress, &kit_error);
    kit_failed (status, TENON_E_CANCELLED, "cancelled");
    ck_assert_uint_eq (kit_count_files (), 1);
    tenon_plan_free (plan);
}
END_TEST

static int
stop_between (void *user, uint64_t done, uint64_t total)
{
    uint64_t *before = user;
    int again = total > 0 && done == *before;
    *before = done;
    return again;
}

/* The progress function can stop a save between two blocks, although all bytes were counted before. */
START_TEST (test_stop_between_blocks)
{
    uint64_t before = UINT64_MAX;
    tenon_progress progress;
    tenon_save_options options;
    make_numbers ();
    kit_plugins ("toybox toyraw toyxor", threads_few[_i]);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "large", "u8", 0, 1, KIT_SHAPE (LARGE), numbers, LARGE);
    KIT_INIT (progress);
    KIT_INIT (options);
    progress.report = stop_between;
    progress.user = &before;
    options.settings = (const char *const[]){ "toybox.filter=toyxor", NULL };
    kit_failed (tenon_save (plan, kit_path ("f.toybox"), &options, NULL, &progress, &kit_error),
                TENON_E_CANCELLED, "cancelled");
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "bytes");
    tcase_add_loop_test (tests, test_same_bytes, 0, sizeof settings / sizeof settings[0]);
    tests = kit_case (suite, "said");
    tcase_add_loop_test (tests, test_order, 0, 3);
    tcase_add_loop_test (tests, test_strict, 0, 3);
    tcase_add_loop_test (tests, test_refused, 0, 3);
    tcase_add_loop_test (tests, test_lies, 0, 6);
    tcase_add_loop_test (tests, test_progress, 0, 3);
    tcase_add_loop_test (tests, test_stop_between_blocks, 0, 3);
}

int
main (void)
{
    return kit_main ("parallel", fill_suite);
}
