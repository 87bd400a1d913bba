/* SPDX-License-Identifier: MIT */
/* test_put_grid.c - chunks that a codec puts one behind the other: their bytes, written down by hand. */
#include "gridkit.h"

/* A context with the toys, and a plan of arrays. */
static tenon_plan *
begin_plan (const char *settings)
{
    tenon_plan *plan;
    kit_plugins ("toychunks toypipe toyraw", settings);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    return plan;
}

static tenon_status
save_words (tenon_plan *plan, const char *words, tenon_report **report)
{
    char setting[500];
    snprintf (setting, sizeof setting, "toychunks.do=%s", words);
    return kit_write (plan, "out.toychunks", NULL, setting, report);
}

/* Saves, and compares all of the file. */
static void
expect_bytes (tenon_plan *plan, const char *words, const void *wanted, size_t size)
{
    size_t found_size;
    ck_assert_msg (save_words (plan, words, NULL) == TENON_OK, "%s: %s", words, kit_error.message);
    const uint8_t *found = kit_load ("out.toychunks", &found_size);
    kit_same (words, found, found_size, (const uint8_t *) wanted, size);
}
#define EXPECT(plan, words, text) expect_bytes (plan, words, text, sizeof (text) - 1)

static const uint8_t twelve[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };

/* The items      0  1  2 |  3      in chunks of 2 × 3
 *                4  5  6 |  7
 *                --------+----
 *                8  9 10 | 11  */
START_TEST (test_layouts)
{
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u8", 0, 2, KIT_SHAPE (3, 4), twelve, 12);
    EXPECT (plan, "0/2x3",
            "\0\1\2\4\5\6"
            "\3\0\0\7\0\0"
            "\10\11\12\0\0\0"
            "\13\0\0\0\0\0");
    EXPECT (plan, "0/2x3/ffe",
            "\0\1\2\4\5\6"
            "\3\376\376\7\376\376"
            "\10\11\12\376\376\376"
            "\13\376\376\376\376\376");
    EXPECT (plan, "0/2x3/c/p",
            "\0\1\2\4\5\6"
            "\3\7"
            "\10\11\12"
            "\13"
            "0+6 6+2 8+3 11+1\n");
    EXPECT (plan, "0/2x3/c/p/R40", /* places of a later version: longer, and zero at their end */
            "\0\1\2\4\5\6"
            "\3\7"
            "\10\11\12"
            "\13"
            "0+6 6+2 8+3 11+1\n");
    EXPECT (plan, "0/2x3/F",
            "\0\4\1\5\2\6"
            "\3\7\0\0\0\0"
            "\10\0\11\0\12\0"
            "\13\0\0\0\0\0");
    EXPECT (plan, "0/2x3/o1.0/c",
            "\0\4\1\5\2\6"
            "\3\7"
            "\10\11\12"
            "\13");
    EXPECT (plan, "0/3x4/p",
            "\0\1\2\3\4\5\6\7\10\11\12\13"
            "0+12\n");
    EXPECT (plan, "0/1x1", "\0\1\2\3\4\5\6\7\10\11\12\13");
    EXPECT (plan, "0/4x5/ff0", "\0\1\2\3\360\4\5\6\7\360\10\11\12\13\360\360\360\360\360\360");
    tenon_plan_free (plan);
}
END_TEST

/* Three dims: chunks of 2 × 1 × 2 whose dims are stored in the order 1, 2, 0. */
START_TEST (test_order)
{
    static const uint8_t dims[8] = { 0, 1, 2, 3, 4, 5, 6, 7 };
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u8", 0, 3, KIT_SHAPE (2, 2, 2), dims, 8);
    EXPECT (plan, "0/2x2x2/o1.2.0", "\0\4\1\5\2\6\3\7");
    EXPECT (plan, "0/2x1x2/o1.2.0",
            "\0\4\1\5"
            "\2\6\3\7");
    EXPECT (plan, "0/2x2x2/o0.2.1", "\0\2\1\3\4\6\5\7");
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_byte_orders)
{
    static const uint16_t numbers[3] = { 1, 2, 0x0304 };
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "little", "u16", 0, 1, KIT_SHAPE (3), numbers, sizeof numbers);
    kit_add (plan, "big", "u16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (3), numbers, sizeof numbers);
    kit_add (plan, "fortran", "u8", TENON_FORTRAN, 2, KIT_SHAPE (3, 4), twelve, 12);
    EXPECT (plan, "0/2,1/3,2/3x2",
            "\1\0\2\0"
            "\4\3\0\0"
            "\0\1\0\2\3\4"
            "\0\3\1\4\2\5"
            "\6\11\7\12\10\13");
    EXPECT (plan, "0/2/B/f0a0b,1/3/B,2/3x4/F",
            "\0\1\0\2"
            "\3\4\12\13"
            "\1\0\2\0\4\3"
            "\0\1\2\3\4\5\6\7\10\11\12\13");
    tenon_plan_free (plan);
}
END_TEST

/* pframe: 'F', the size, and each byte xored with 0x33; prle: counts and bytes. */
START_TEST (test_steps)
{
    static const uint8_t same[6] = { 5, 5, 5, 5, 5, 9 };
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u8", 0, 1, KIT_SHAPE (6), same, 6);
    EXPECT (plan, "0/4/sprle/p",
            "\4\5"
            "\1\5\1\11\2\0"
            "0+2 2+6\n");
    EXPECT (plan, "0/4/c/sprle/spframe/p",
            "F\2\0\0\0\67\66"
            "F\4\0\0\0\62\66\62\72"
            "0+7 7+9\n");
    EXPECT (plan, "0/6/spshuffle:2/p",
            "\5\5\5\5\5\11"
            "0+6\n");
    EXPECT (plan, "0/3/spshuffle:2",
            "\5\5\5"
            "\5\5\11");
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_fill)
{
    static const uint8_t sparse[8] = { 0, 0, 0, 7, 7, 7, 7, 0 };
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u8", 0, 1, KIT_SHAPE (8), sparse, 8);
    EXPECT (plan, "0/2/S/p",
            "\0\7"
            "\7\7"
            "\7\0"
            "- 0+2 2+2 4+2\n");
    EXPECT (plan, "0/2/S/f07/sprle/p",
            "\2\0"
            "\1\0\1\7"
            "\1\7\1\0"
            "0+2 2+4 - 6+4\n");
    EXPECT (plan, "0/2/f07",
            "\0\0"
            "\0\7"
            "\7\7"
            "\7\0");
    EXPECT (plan, "0/8/S/p",
            "\0\0\0\7\7\7\7\0"
            "0+8\n");
    tenon_plan_free (plan);
}
END_TEST

/* What is beyond the shape is fill as well; items of more than one byte are compared whole. */
START_TEST (test_fill_edges)
{
    static const uint16_t pairs[5] = { 0x0102, 0x0102, 0x0101, 0x0102, 0x0102 };
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u16", 0, 1, KIT_SHAPE (5), pairs, sizeof pairs);
    EXPECT (plan, "0/2/S/f0201/p",
            "\1\1\2\1"
            "- 0+4 -\n");
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_boxes)
{
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u8", 0, 2, KIT_SHAPE (3, 4), twelve, 12);
    EXPECT (plan, "0/1x2/b0x1+3x1/p,0/1x2/b0x0+2x1/p,0/1x2/b2x0+1x1",
            "\2\3"
            "\6\7"
            "\12\13"
            "0+2 2+2 4+2\n"
            "\0\1"
            "\4\5"
            "18+2 20+2\n"
            "\10\11");
    ck_assert_int_eq (save_words (plan, "0/1x2/b0x0+3x1", NULL), TENON_E_MISUSE);
    kit_said (kit_error.message, "it put 3 of the 6 chunks of this tensor");
    ck_assert_str_eq (kit_error.tensor, "m");
    tenon_plan_free (plan);
}
END_TEST

START_TEST (test_scalars_and_none)
{
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "scalar", "u16", 0, 0, NULL, "\1\2", 2);
    kit_add (plan, "none", "u8", 0, 2, KIT_SHAPE (0, 3), NULL, 0);
    EXPECT (plan, "0//p,1/2x2",
            "\1\2"
            "0+2\n");
    EXPECT (plan, "0//S/f0102,1/2x2", "");
    tenon_plan_free (plan);
}
END_TEST

static const struct {
    const char *words, *said;
    tenon_status status;
} wrong[] = {
    { "0/2x3,0/2x3", "it puts a chunk twice", TENON_E_MISUSE },
    { "0/2x3/b0x0+1x1,0/2x3/b0x0+2x1", "it puts a chunk twice", TENON_E_MISUSE },
    { "0/2x3/b0x0+1x1,0/2x3", "it puts a chunk twice", TENON_E_MISUSE },
    { "0/2x3/b1x0+2x1", "outside of the grid", TENON_E_MISUSE },
    { "0/2x3/b0x18446744073709551615+1x2", "outside of the grid", TENON_E_MISUSE },
    { "0/2x3/b0x0+1x1,0/2x2/b0x1+1x1", "in two shapes", TENON_E_MISUSE },
    { "0/2x3/b0x0+1x1,0/2x3/c/b0x1+1x1", "in two shapes", TENON_E_MISUSE },
    { "0/0x3", "chunks of no items", TENON_E_MISUSE },
    { "0/9000000000x9000000000", "2^62 bytes", TENON_E_MISUSE },
    { "1/2x3", "a tensor that the plan does not have", TENON_E_MISUSE },
    { "0/2x3/o0.0", "does not name each dim once", TENON_E_MISUSE },
    { "0/2x3/o0.2", "does not name each dim once", TENON_E_MISUSE },
    { "0/2x3/f0102", "is not one item", TENON_E_MISUSE },
    { "0/2x3/k", "writes no store", TENON_E_MISUSE },
    { "0/2x3/w", "wrong struct_size", TENON_E_MISUSE },
    { "0/2x3/p/R8", "the place_size of a struct tenon_grid_put is too small", TENON_E_MISUSE },
    { "0/2x3/r", "no room for the places", TENON_E_MISUSE },
    { "0/2x3/snothing", "nothing", TENON_E_UNSUPPORTED },
    { "0/2x3/spshuffle", "pshuffle", TENON_E_UNSUPPORTED },
    { "0/2x3/spbound", "pbound failed to encode", TENON_E_MISUSE },
    { "", "did not write this tensor", TENON_E_MISUSE },
};

START_TEST (test_misuse)
{
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u8", 0, 2, KIT_SHAPE (3, 4), twelve, 12);
    tenon_status status = save_words (plan, wrong[_i].words, NULL);
    ck_assert_msg (status == wrong[_i].status, "%s: %d, %s", wrong[_i].words, status, kit_error.message);
    kit_said (kit_error.message, wrong[_i].said);
    ck_assert (!kit_exists ("out.toychunks"));
    tenon_plan_free (plan);
}
END_TEST

/* A change of order is told once, whatever the number of boxes. */
START_TEST (test_report)
{
    tenon_report *report;
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", "u16", TENON_FORTRAN | TENON_BIG_ENDIAN, 2, KIT_SHAPE (2, 2), twelve, 8);
    ck_assert_int_eq (kit_write (plan, "in.toyraw", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("in.toyraw", NULL, NULL);
    plan = kit_plan_of (file);
    ck_assert_int_eq (save_words (plan, "0/1x2/b0x0+1x1,0/1x2/b1x0+1x1", &report), TENON_OK);
    ck_assert_int_eq (kit_reported (report, TENON_NOTE, "its order changes from Fortran to C"), 1);
    ck_assert_int_eq (
        kit_reported (report, TENON_NOTE, "its byte order changes from big-endian to little-endian"), 1);
    tenon_report_free (report);
    ck_assert_int_eq (save_words (plan, "0/2x2/F/B", &report), TENON_OK);
    ck_assert_uint_eq (tenon_report_count (report), 0);
    tenon_report_free (report);
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

/* What is not stored in chunks gets about 1 MiB: whole last dims, and equal parts of the one before
 * them. 1000 rows of 4000 bytes: 262 rows fit, so 4 parts of 250. */
static const struct {
    const char *dtype;
    unsigned rank;
    uint64_t shape[4];
    const char *line;
} suggested[] = {
    { "u8", 0, { 0 }, "- suggested\n" },
    { "u8", 1, { 1048576 }, "1048576 suggested\n" },
    { "u8", 1, { 1048577 }, "524289 suggested\n" },
    { "f32", 2, { 3, 262144 }, "1x262144 suggested\n" },
    { "f32", 2, { 1000, 1000 }, "250x1000 suggested\n" },
    { "f64", 3, { 2, 3, 200000 }, "1x1x100000 suggested\n" },
    { "u16", 4, { 2, 100, 100, 100 }, "1x50x100x100 suggested\n" },
    { "u8", 3, { 0, 5, 7 }, "1x5x7 suggested\n" },
};

START_TEST (test_suggested)
{
    static uint8_t zeros[9600000];
    uint64_t size = strcmp (suggested[_i].dtype, "f32") == 0   ? 4
                    : strcmp (suggested[_i].dtype, "f64") == 0 ? 8
                    : strcmp (suggested[_i].dtype, "u16") == 0 ? 2
                                                               : 1;
    size_t found_size;
    for (unsigned i = 0; i < suggested[_i].rank; i++)
        size *= suggested[_i].shape[i];
    tenon_plan *plan = begin_plan (NULL);
    kit_add (plan, "m", suggested[_i].dtype, 0, suggested[_i].rank, suggested[_i].shape, zeros, size);
    ck_assert_msg (save_words (plan, "0//g/c", NULL) == TENON_OK, "%s", kit_error.message);
    const char *found = (const char *) kit_load ("out.toychunks", &found_size);
    const char *line = suggested[_i].line;
    ck_assert_msg (memcmp (found, line, strlen (line)) == 0, "%.40s", found);
    tenon_plan_free (plan);
}
END_TEST

/* A file of toygrid: 3 × 4 in chunks of 2 × 3, of which 0, 1 is missing. */
static int
is_missing (const uint64_t *chunk)
{
    return chunk[0] == 0 && chunk[1] == 1;
}

static const uint16_t grid_numbers[12] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 };
static const struct grid_spec grid_spec = { .name = "m",
                                            .dtype = "u16",
                                            .item = 2,
                                            .rank = 2,
                                            .shape = { 3, 4 },
                                            .chunk = { 2, 3 },
                                            .fill = "\1\0",
                                            .steps = { "zlib" },
                                            .missing = is_missing };

/* Puts the chunks that are stored behind a text, and returns the last one, which is damaged, if `damaged`. */
static void
put_stored (struct bytes *bytes, int damaged)
{
    static const uint64_t chunks[3][2] = { { 0, 0 }, { 1, 0 }, { 1, 1 } };
    for (unsigned i = 0; i < 3; i++) {
        size_t size;
        uint8_t *encoded = grid_encode (&grid_spec, grid_numbers, chunks[i], &size, NULL);
        if (damaged && i == 2)
            encoded[size - 1] ^= 1;
        kit_put (bytes, encoded, size);
        free (encoded);
    }
}

static tenon_file *
open_grid (int damaged)
{
    static struct bytes damage;
    size_t size, last_size;
    grid_begin ();
    grid_add (&grid_spec, grid_numbers);
    grid_save ("in.toygrid");
    damage.size = 0;
    const uint8_t *file = kit_load ("in.toygrid", &size);
    kit_put (&damage, file, size);
    uint8_t *last = grid_encode (&grid_spec, grid_numbers, KIT_SHAPE (1, 1), &last_size, NULL);
    uint8_t *found = (uint8_t *) memmem (damage.data, size, last, last_size);
    ck_assert_ptr_nonnull (found);
    if (damaged)
        found[last_size - 1] ^= 1;
    free (last);
    kit_file ("in.toygrid", &damage);
    return kit_open ("in.toygrid", NULL, NULL);
}

/* Chunks that are stored as they shall be are copied, and not decoded: so the damage in the last one is
 * copied, too. Missing ones stay missing where fill is left out. */
START_TEST (test_copies)
{
    static struct bytes wanted;
    wanted.size = 0;
    kit_plugins ("toychunks toygrid", NULL);
    tenon_file *file = open_grid (1);
    tenon_plan *plan = kit_plan_of (file);
    ck_assert_msg (save_words (plan, "0//g/S", NULL) == TENON_OK, "%s", kit_error.message);
    kit_text (&wanted, "2x3 zlib fill 0100\n");
    put_stored (&wanted, 1);
    kit_same_file ("out.toychunks", &wanted);
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

/* Other chunks are decoded: of other filters, or with another fill value, 7, which the missing chunk does not
 * become. */
START_TEST (test_recoded)
{
    kit_plugins ("toychunks toygrid", NULL);
    tenon_file *file = open_grid (0);
    tenon_plan *plan = kit_plan_of (file);
    EXPECT (plan, "0/2x3/f0700",
            "\0\0\1\0\2\0\4\0\5\0\6\0"
            "\1\0\7\0\7\0\1\0\7\0\7\0"
            "\10\0\11\0\12\0\7\0\7\0\7\0"
            "\13\0\7\0\7\0\7\0\7\0\7\0");
    EXPECT (plan, "0/3x2/c",
            "\0\0\1\0\4\0\5\0\10\0\11\0"
            "\2\0\1\0\6\0\1\0\12\0\13\0");
    tenon_plan_free (plan);
    tenon_close (file);
    file = open_grid (1);
    plan = kit_plan_of (file);
    ck_assert_int_lt (save_words (plan, "0/2x3", NULL), 0);
    ck_assert (strcmp (kit_error.tensor, "m") == 0);
    tenon_plan_free (plan);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "chunks");
    tcase_add_test (cases, test_layouts);
    tcase_add_test (cases, test_order);
    tcase_add_test (cases, test_byte_orders);
    tcase_add_test (cases, test_steps);
    tcase_add_test (cases, test_fill);
    tcase_add_test (cases, test_fill_edges);
    tcase_add_test (cases, test_boxes);
    tcase_add_test (cases, test_scalars_and_none);
    tcase_add_loop_test (cases, test_misuse, 0, (int) (sizeof wrong / sizeof *wrong));
    tcase_add_test (cases, test_report);
    tcase_add_test (cases, test_copies);
    tcase_add_test (cases, test_recoded);
    tcase_add_loop_test (cases, test_suggested, 0, (int) (sizeof suggested / sizeof *suggested));
}

int
main (void)
{
    return kit_main ("put_grid", fill_suite);
}
