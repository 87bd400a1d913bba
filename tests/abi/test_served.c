/* SPDX-License-Identifier: MIT */
/* test_served.c - tensors that a codec serves, and block dtypes: regions, slices, casts, copies into other
 * formats. */
#include "kit.h"

/* ---- served ---- */

static const char text[] = "@m i32 3 4\n"
                           "  11 12 13 14\n  21 22 23 24\n  31 32 33 34\n"
                           "@s f64\n-2.5\n@none f32 0 5\n@v f32 6\n0.5 1 1.5 2 2.5 3\n.toytext\n";

static void
expect_numbers (tenon_file *file, const char *name, const uint64_t *start, const uint64_t *count,
                const int64_t *step, const double *wanted, unsigned n)
{
    tenon_request request;
    double found[64];
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, name, &request.index), TENON_OK);
    request.dtype = TENON_F64;
    request.rank = start || count || step ? kit_tensor (file, name).rank : 0;
    request.start = start;
    request.count = count;
    request.step = step;
    request.data = found;
    request.size = sizeof found;
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (request.size, n * sizeof (double));
    for (unsigned i = 0; i < n; i++)
        ck_assert_double_eq (found[i], wanted[i]);
}
#define NUMBERS(...)                                                                                         \
    (const double[]){ __VA_ARGS__ }, sizeof ((const double[]){ __VA_ARGS__ }) / sizeof (double)
#define STEP(...)                                                                                            \
    (const int64_t[])                                                                                        \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static void
check_served (tenon_file *file)
{
    ck_assert_uint_eq (tenon_count (file), 4);
    ck_assert_uint_eq (kit_tensor (file, "m").storage, 1);
    ck_assert_uint_eq (kit_tensor (file, "m").nbytes, 48);
    ck_assert_uint_eq (kit_tensor (file, "m").stored, 0);
    expect_numbers (file, "m", NULL, NULL, NULL, NUMBERS (11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34));
    expect_numbers (file, "m", KIT_SHAPE (1, 1), KIT_SHAPE (2, 2), STEP (1, 2), NUMBERS (22, 24, 32, 34));
    expect_numbers (file, "m", KIT_SHAPE (0, 3), KIT_SHAPE (2, 1), STEP (2, 1), NUMBERS (14, 34));
    expect_numbers (file, "m", KIT_SHAPE (2, 0), NULL, NULL, NUMBERS (31, 32, 33, 34));
    expect_numbers (file, "s", NULL, NULL, NULL, NUMBERS (-2.5));
    expect_numbers (file, "v", KIT_SHAPE (1), KIT_SHAPE (3), STEP (2), NUMBERS (1, 2, 3));
    kit_data (file, "none", "", "", 0);
    kit_data (file, "v", "u8", "\0\1\1\2\2\3", 6);
    kit_data (file, "m", "i8", "\13\14\15\16\25\26\27\30\37\40\41\42", 12);
}

START_TEST (test_served)
{
    kit_plugins ("toytext", NULL);
    kit_save ("f.toytext", text, sizeof text - 1);
    tenon_file *file = kit_open ("f.toytext", NULL, NULL);
    check_served (file);
    const void *data;
    uint64_t size;
    kit_failed (tenon_map (file, 0, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE, "tensor 'm'");
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_close (file);
    kit_save ("f", text, sizeof text - 1); /* recognised by its end */
    file = kit_open ("f", NULL, NULL);
    check_served (file);
    tenon_close (file);
    kit_save ("f", "@m i32 2\n1\n.toytext\n", 20);
    kit_open_fails ("f", NULL, NULL, TENON_E_TRUNCATED, "1 numbers are there, 2 are announced");
    kit_save ("f", "@m i32 1\none\n.toytext\n", 22);
    kit_open_fails ("f", NULL, NULL, TENON_E_MALFORMED, "'one' is no number");
}
END_TEST

/* Rows of three items, packed two to a byte, share bytes with the next row: they cannot be cut into slabs and
 * are refused. */
START_TEST (test_served_packed)
{
    static const char odd[] = "@m f32 2 3\n1 2 3 4 5 6\n.toytext\n";
    uint8_t found[3];
    tenon_request request;
    kit_plugins ("toytext", NULL);
    kit_save ("f.toytext", odd, sizeof odd - 1);
    tenon_file *file = kit_open ("f.toytext", NULL, NULL);
    KIT_INIT (request);
    request.dtype = TENON_F4;
    request.data = found;
    request.size = sizeof found;
    kit_failed (tenon_read (file, &request, 1, NULL, &kit_error), TENON_E_UNSUPPORTED,
                "rows of 3 items are not made of whole groups of the 2 that f4 packs together");
    kit_failed (tenon_read (file, &request, UINT64_MAX, NULL, &kit_error), TENON_E_MISUSE, "2^32 requests");
    tenon_close (file);
}
END_TEST

/* In a deflated member of a container, read finds its source under the number that describe used. */
START_TEST (test_served_member)
{
    struct bytes box = { .size = 0 };
    kit_plugins ("toytext toybox toyxor", NULL);
    kit_text (&box, "TOYBOX1\n");
    kit_le (&box, 1, 4), kit_le (&box, 0, 4), kit_le (&box, 0, 8);
    size_t offset = box.size, size = sizeof text - 1;
    kit_le (&box, size | 0x80000000u, 4);
    for (size_t i = 0; i < size; i++)
        kit_le (&box, (uint8_t) text[i] ^ (uint8_t) i, 1);
    size_t directory = box.size;
    memcpy (box.data + 16, &(uint8_t){ (uint8_t) directory }, 1);
    box.data[17] = (uint8_t) (directory >> 8);
    kit_name (&box, "inner.toytext");
    kit_le (&box, 2, 1), kit_le (&box, 0, 1); /* toyxor, no check */
    kit_le (&box, 0, 8), kit_le (&box, offset, 8), kit_le (&box, size + 4, 8), kit_le (&box, size, 8);
    kit_le (&box, 0, 4), kit_le (&box, 0, 8), kit_le (&box, 0, 4);
    kit_file ("f.toybox", &box);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    check_served (file);
    tenon_close (file);
}
END_TEST

static int
gather_bytes (void *user, const void *data, uint64_t size)
{
    struct bytes *bytes = (struct bytes *) user;
    kit_put (bytes, data, (size_t) size);
    return 0;
}

static int
refuse_bytes (void *user, const void *data, uint64_t size)
{
    (void) user, (void) data, (void) size;
    return 1;
}

/* Loaded into memory of the library that outlives the file, and streamed in pieces. */
START_TEST (test_load_and_stream)
{
    tenon_request requests[3];
    tenon_memory *memory = NULL;
    struct bytes streamed = { .size = 0 };
    kit_plugins ("toytext", NULL);
    kit_save ("f.toytext", text, sizeof text - 1);
    tenon_file *file = kit_open ("f.toytext", NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        KIT_INIT (requests[i]);
        requests[i].index = i == 2 ? 3 : i; /* m, s, v */
        requests[i].dtype = i == 1 ? TENON_F32 : TENON_I8;
    }
    requests[2].rank = 1;
    requests[2].start = KIT_SHAPE (3);
    tenon_status status = tenon_load (file, requests, 3, &memory, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    status = tenon_stream (file, &requests[0], gather_bytes, &streamed, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_failed (tenon_stream (file, &requests[0], refuse_bytes, NULL, NULL, &kit_error), TENON_E_CANCELLED,
                "");
    tenon_close (file);
    ck_assert_uint_eq (streamed.size, 12);
    ck_assert_int_eq (memcmp (streamed.data, requests[0].data, 12), 0);
    ck_assert_int_eq (memcmp (requests[0].data, "\13\14\15\16\25\26\27\30\37\40\41\42", 12), 0);
    float minus;
    memcpy (&minus, requests[1].data, sizeof minus);
    ck_assert_float_eq (minus, -2.5f);
    ck_assert_uint_eq (requests[2].size, 3);
    ck_assert_int_eq (memcmp (requests[2].data, "\2\2\3", 3), 0);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_eq ((uintptr_t) requests[i].data % 64, 0);
    tenon_memory_free (memory);
}
END_TEST

/* Saved in another format, in each layout. */
START_TEST (test_served_copy)
{
    struct bytes wanted = { .size = 0 };
    char from[256];
    kit_plugins ("toytext toyraw", NULL);
    kit_save ("f.toytext", text, sizeof text - 1);
    strcpy (from, kit_path ("f.toytext"));
    tenon_save_options save;
    KIT_INIT (save);
    save.settings =
        (const char *const[]){ "toyraw.order=fortran", "toyraw.endian=big", "toyraw.align=256", NULL };
    tenon_status status =
        tenon_convert (kit, from, kit_path ("f.toyraw"), NULL, &save, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_raw_head (&wanted, 4, 0, 256);
    kit_raw_tensor (&wanted, "m", "i32", 3, 2, KIT_SHAPE (3, 4), 0, 48);
    kit_raw_tensor (&wanted, "s", "f64", 3, 0, NULL, 256, 8);
    kit_raw_tensor (&wanted, "none", "f32", 3, 2, KIT_SHAPE (0, 5), 512, 0);
    kit_raw_tensor (&wanted, "v", "f32", 3, 1, KIT_SHAPE (6), 512, 24);
    kit_pad (&wanted, 256);
    for (unsigned column = 1; column <= 4; column++)
        for (unsigned row = 1; row <= 3; row++)
            kit_be (&wanted, 10 * row + column, 4);
    while (wanted.size < 512)
        kit_le (&wanted, 0xee, 1);
    kit_be (&wanted, UINT64_C (0xc004000000000000), 8);
    while (wanted.size < 768)
        kit_le (&wanted, 0xee, 1);
    static const uint32_t halves[6] = {
        0x3f000000, 0x3f800000, 0x3fc00000, 0x40000000, 0x40200000, 0x40400000
    };
    for (unsigned i = 0; i < 6; i++)
        kit_be (&wanted, halves[i], 4);
    kit_same_file ("f.toyraw", &wanted);
}
END_TEST

/* ---- blocks ---- */

/* 2 rows of 8 items, a block each: 2^-1 × (-4 … 3), and 2^2 × (10, 20 … 80). */
static const char tq8_blocks[] = "\xff\xfc\xfd\xfe\xff\0\1\2\3"
                                 "\2\12\24\36\50\62\74\106\120";
static const double tq8_numbers[16] = { -2, -1.5, -1,  -0.5, 0,   0.5, 1,   1.5,
                                        40, 80,   120, 160,  200, 240, 280, 320 };

static void
make_blocks (void)
{
    struct bytes file = { .size = 0 };
    kit_plugins ("toyblock toyraw", NULL);
    kit_raw_head (&file, 4, 0, 300);
    kit_raw_tensor (&file, "q", "tq8", 0, 2, KIT_SHAPE (2, 8), 0, 18);
    kit_raw_tensor (&file, "s", "ts4", 0, 1, KIT_SHAPE (4), 18, 12);
    kit_raw_tensor (&file, "b", "ts4", TENON_BIG_ENDIAN, 1, KIT_SHAPE (4), 30, 12);
    kit_raw_tensor (&file, "p", "topq", TENON_BIG_ENDIAN, 1, KIT_SHAPE (16), 42, 5);
    kit_pad (&file, 300);
    kit_put (&file, tq8_blocks, 18);
    kit_f32 (&file, 0.25f), kit_le (&file, 4, 2), kit_le (&file, 0xfff8, 2), kit_le (&file, 0, 2),
        kit_le (&file, 32767, 2);
    kit_be (&file, 0x3e800000, 4), kit_be (&file, 4, 2), kit_be (&file, 0xfff8, 2), kit_be (&file, 0, 2);
    kit_be (&file, 32767, 2);
    kit_text (&file, "abcde");
    kit_file ("f.toyraw", &file);
}

START_TEST (test_blocks)
{
    static const double scaled[4] = { 1, -2, 0, 8191.75 };
    make_blocks ();
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    tenon_tensor_info q = kit_tensor (file, "q");
    ck_assert_str_eq (q.dtype_name, "tq8");
    ck_assert_uint_eq (q.elements, 16);
    ck_assert_uint_eq (q.nbytes, 18);
    kit_data (file, "q", "", tq8_blocks, 18);
    kit_data (file, "b", "", "\0\0\x80\x3e\4\0\xf8\xff\0\0\xff\x7f",
              12); /* byte order reversed field by field */
    kit_data (file, "p", "", "acbde", 5);
    expect_numbers (file, "q", NULL, NULL, NULL, tq8_numbers, 16);
    expect_numbers (file, "s", NULL, NULL, NULL, scaled, 4);
    expect_numbers (file, "b", NULL, NULL, NULL, scaled, 4);
    expect_numbers (file, "q", KIT_SHAPE (0, 3), KIT_SHAPE (2, 2), STEP (1, 4),
                    NUMBERS (-0.5, 1.5, 160, 320));
    expect_numbers (file, "q", KIT_SHAPE (1, 5), KIT_SHAPE (1, 1), NULL, NUMBERS (240));
    kit_data_fails (file, "p", "f32", TENON_E_UNSUPPORTED, "tensor 'p': topq cannot be read as f32");
    ck_assert_int_eq (tenon_dtype_castable (kit, q.dtype, TENON_F16), 1);
    ck_assert_int_eq (tenon_dtype_castable (kit, TENON_I32, q.dtype), 1);
    ck_assert_int_eq (tenon_dtype_castable (kit, kit_tensor (file, "p").dtype, TENON_F16), 0);
    /* a fraction of a block cannot be read as stored */
    tenon_request request;
    uint64_t size;
    KIT_INIT (request);
    request.rank = 2;
    request.count = KIT_SHAPE (2, 4);
    ck_assert_int_eq (tenon_request_size (file, &request, &size, &kit_error), kit_error.status);
    ck_assert_int_lt (kit_error.status, 0);
    kit_said (kit_error.message, "tensor 'q': … tq8");
    request.count = KIT_SHAPE (1, 8);
    ck_assert_int_eq (tenon_request_size (file, &request, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 9);
    tenon_close (file);
}
END_TEST

/* Of 5000 blocks one has a scale that is NaN, in either byte order. Verify names it, wherever its reads are
 * divided. */
START_TEST (test_bad_block)
{
    enum { BLOCKS = 5000 };
    static struct bytes file;
    char words[100];
    kit_plugins ("toyblock toyraw", "limits.memory=64KiB");
    for (unsigned bad = 0; bad <= BLOCKS; bad += bad < 50 ? 1 : 99) {
        unsigned big = bad & 1;
        file.size = 0;
        kit_raw_head (&file, 1, 0, 300);
        kit_raw_tensor (&file, "s", "ts4", big ? TENON_BIG_ENDIAN : 0, 2, KIT_SHAPE (BLOCKS / 10, 40), 0,
                        BLOCKS * 12);
        kit_pad (&file, 300 + BLOCKS * 12);
        if (bad < BLOCKS)
            memcpy (file.data + 300 + bad * 12, big ? "\x7f\x80\0\1" : "\1\0\x80\x7f", 4);
        kit_file ("f.toyraw", &file);
        tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
        tenon_status status = tenon_verify (open, NULL, NULL, &kit_error);
        snprintf (words, sizeof words, "tensor 's': block %u of 5000 (elements %u to %u)", bad, bad * 4,
                  bad * 4 + 3);
        if (bad < BLOCKS)
            kit_failed (status, TENON_E_MALFORMED, words);
        else
            ck_assert_int_eq (status, TENON_OK);
        kit_error = (tenon_error) TENON_ERROR_INIT;
        tenon_close (open);
    }
}
END_TEST

/* Numbers to blocks, blocks to blocks, and casts that do not fit. */
START_TEST (test_encode)
{
    static float floats[16];
    struct bytes wanted = { .size = 0 };
    make_blocks ();
    for (unsigned i = 0; i < 16; i++)
        floats[i] = (float) tq8_numbers[i];
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "q", "f32", 0, 2, KIT_SHAPE (2, 8), floats, sizeof floats);
    tenon_status status = kit_write (plan, "g", "toyraw", NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("g", NULL, NULL);
    /* largest of row 0: 2 = 64 × 2^-5 ≤ 127 × 2^-6 = 1.98 no, so 2^-5; of row 1: 320 = 80 × 2^2 (127 × 2 =
     * 254 < 320) */
    kit_data (file, "q", "tq8", "\xfb\xc0\xd0\xe0\xf0\0\x10\x20\x30\2\12\24\36\50\62\74\106\120", 18);
    kit_data_fails (file, "q", "topq", TENON_E_UNSUPPORTED, "f32 cannot be read as topq");
    kit_data_fails (file, "x", "tq8", TENON_E_UNSUPPORTED, "rows of 4 items cannot be cut into the 8");
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    uint64_t index;
    ck_assert_int_eq (tenon_find (file, "q", &index), TENON_OK);
    uint32_t ts4 = tenon_dtype_find (kit, "ts4");
    ck_assert_int_eq (tenon_plan_add_from (plan, file, index, "t", ts4, &kit_error), TENON_OK);
    tenon_close (file);
    status = kit_write (plan, "h", "toyraw", "toyraw.endian=big toyraw.align=128", NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    kit_raw_head (&wanted, 1, 0, 128);
    kit_raw_tensor (&wanted, "t", "ts4", TENON_BIG_ENDIAN, 2, KIT_SHAPE (2, 8), 0, 48);
    kit_pad (&wanted, 128);
    for (unsigned block = 0; block < 4; block++) {
        /* least scale 2^k ≥ largest / 32767: 2 → 2^-13, 1.5 → 2^-14, 160 → 2^-7, 320 → 2^-6 */
        static const int powers[4] = { -13, -14, -7, -6 };
        kit_be (&wanted, (uint32_t) (127 + powers[block]) << 23, 4);
        for (unsigned i = 0; i < 4; i++)
            kit_be (&wanted, (uint16_t) (int16_t) (tq8_numbers[4 * block + i] * (1 << -powers[block])), 2);
    }
    kit_same_file ("h", &wanted);
}
END_TEST

/* A block that its own dtype reports as damaged; formats that do not hold the dtype. */
START_TEST (test_block_failures)
{
    struct bytes file = { .size = 0 };
    kit_plugins ("toyblock toyraw toytext", NULL);
    kit_raw_head (&file, 1, 0, 100);
    kit_raw_tensor (&file, "n", "ts4", 0, 1, KIT_SHAPE (4), 0, 12);
    kit_pad (&file, 100);
    kit_le (&file, 0x7fc00000, 4);
    kit_pad (&file, 112);
    kit_file ("f.toyraw", &file);
    tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
    kit_data_fails (open, "n", "f32", TENON_E_MALFORMED, "tensor 'n': blocks of ts4 cannot be decoded");
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, open, &kit_error), TENON_OK);
    kit_failed (kit_write (plan, "g", "toylist", NULL, NULL), TENON_E_UNSUPPORTED,
                "tensor 'n': the format toylist cannot hold ts4");
    tenon_plan_free (plan);
    tenon_close (open);
    file.size = 0;
    kit_raw_head (&file, 1, 0, 100);
    kit_raw_tensor (&file, "half", "tq8", 0, 2, KIT_SHAPE (8, 4), 0, KIT_AUTO);
    kit_pad (&file, 200);
    kit_file ("f.toyraw", &file);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_MALFORMED,
                    "tensor 'half': rows of 4 elements are no multiple of the 8 that a block of tq8 holds");
    file.size = 0;
    kit_raw_head (&file, 1, 0, 100);
    kit_raw_tensor (&file, "turned", "tq8", TENON_FORTRAN, 2, KIT_SHAPE (8, 8), 0, KIT_AUTO);
    kit_pad (&file, 200);
    kit_file ("f.toyraw", &file);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_UNSUPPORTED, "blocks of tq8 cannot be in Fortran order");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "served");
    tcase_add_test (tests, test_served);
    tcase_add_test (tests, test_served_packed);
    tcase_add_test (tests, test_served_member);
    tcase_add_test (tests, test_load_and_stream);
    tcase_add_test (tests, test_served_copy);
    tests = kit_case (suite, "blocks");
    tcase_add_test (tests, test_blocks);
    tcase_add_test (tests, test_bad_block);
    tcase_add_test (tests, test_encode);
    tcase_add_test (tests, test_block_failures);
}

int
main (void)
{
    return kit_main ("text", fill_suite);
}
