/* SPDX-License-Identifier: MIT */
/* test_arrays.c - arrays of the program in plans: stored as another dtype, with names of a stated length,
 * with opaque dtypes of the program's own, and many at once. Expected numbers are those of IEEE 754, or
 * worked out here. */
#include "kit.h"

static tenon_status
add (tenon_plan *plan, tenon_array array)
{
    array.struct_size = sizeof array;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    return tenon_plan_add (plan, &array, &kit_error);
}

#define ADD(plan, ...) add (plan, (tenon_array){ __VA_ARGS__ })
#define ADDED(plan, ...) ck_assert_msg (ADD (plan, __VA_ARGS__) == TENON_OK, "%s", kit_error.message)

static tenon_file *
save_and_open (tenon_plan *plan, const char *settings, tenon_report **report)
{
    tenon_status status = kit_write (plan, "f.toyraw", NULL, settings, report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    return kit_open ("f.toyraw", NULL, NULL);
}

/* ---- stored as another dtype ---- */

static const float matrix[6] = { 1, -2, 3, 4.5f, 5, 6 };
static const int16_t wanted[6] = { 1, -2, 3, 4, 5, 6 }; /* a cast to integers cuts */

static tenon_status
fill_matrix (void *user, uint64_t offset, void *to, uint64_t length)
{
    memcpy (to, (const char *) user + offset, length);
    return TENON_OK;
}

static void
to_big (uint8_t *to, const float *from, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint32_t bits;
        memcpy (&bits, &from[i], sizeof bits);
        for (unsigned k = 0; k < 4; k++)
            to[4 * i + k] = (uint8_t) (bits >> (24 - 8 * k));
    }
}

START_TEST (test_layouts)
{
    static const float turned[6] = { 1, 4.5f, -2, 5, 3, 6 };
    static const int64_t backwards[2] = { -3, -1 };
    static const float reversed[6] = { 6, 5, 4.5f, 3, -2, 1 };
    uint8_t big[24];
    to_big (big, turned, 6);
    tenon_plan *plan = kit_empty_plan ("toyraw");
    const uint64_t *shape = KIT_SHAPE (2, 3);
    tenon_array base = { .dtype = TENON_F32, .shape = shape, .rank = 2, .size = 24, .as = TENON_I16 };
    tenon_array arrays[5] = { base, base, base, base, base };
    arrays[0].name = "c", arrays[0].data = matrix;
    arrays[1].name = "fortran", arrays[1].data = turned, arrays[1].flags = TENON_FORTRAN;
    arrays[2].name = "big", arrays[2].data = big, arrays[2].flags = TENON_FORTRAN | TENON_BIG_ENDIAN;
    arrays[3].name = "strides", arrays[3].data = reversed + 5, arrays[3].strides = backwards;
    arrays[4].name = "fill", arrays[4].fill = fill_matrix, arrays[4].user = (void *) (uintptr_t) matrix;
    for (unsigned i = 0; i < 5; i++)
        ck_assert_msg (add (plan, arrays[i]) == TENON_OK, "%s", kit_error.message);
    ADDED (plan, .name = "same", .dtype = TENON_F32, .shape = shape, .rank = 2, .data = matrix, .size = 24,
           .as = TENON_F32);
    tenon_report *report;
    tenon_file *file = save_and_open (plan, NULL, &report);
    ck_assert (kit_reported (report, TENON_NOTE,
                             "5 tensors converted from f32 to i16, as asked for; 5 values lost a fraction"));
    tenon_report_free (report);
    for (unsigned i = 0; i < 5; i++) {
        kit_is_shaped (file, arrays[i].name, "i16", 2, shape);
        kit_data (file, arrays[i].name, "", wanted, sizeof wanted);
    }
    kit_is_shaped (file, "same", "f32", 2, shape);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

/* 70000 is more than the largest f16, 65504. */
START_TEST (test_losses)
{
    static const float items[3] = { 1.5f, -2, 70000 };
    static const uint8_t halves[6] = { 0x00, 0x3e, 0x00, 0xc0, 0x00, 0x7c };
    tenon_plan *plan = kit_empty_plan ("toyraw");
    ADDED (plan, .name = "x", .dtype = TENON_F32, .shape = KIT_SHAPE (3), .rank = 1, .data = items,
           .size = 12, .as = TENON_F16);
    tenon_report *report;
    for (unsigned i = 0; i < 2; i++) { /* each save counts anew */
        tenon_file *file = save_and_open (plan, NULL, &report);
        ck_assert (kit_reported (report, TENON_LOSS, "converted from f32 to f16: of 3 values 1 overflowed"));
        tenon_report_free (report);
        kit_data (file, "x", "", halves, sizeof halves);
        tenon_close (file);
    }
    tenon_save_options strict = { .struct_size = sizeof strict, .flags = TENON_SAVE_STRICT };
    kit_failed (tenon_save (plan, kit_path ("s.toyraw"), &strict, NULL, NULL, &kit_error), TENON_E_LOSS,
                "1 thing would be lost");
    tenon_plan_free (plan);
}
END_TEST

/* tq8: an exponent e and 8 numbers q, an item is q × 2^e. The least e for 1 … 8 is -3: 8 × 2^4 is no i8. */
START_TEST (test_blocks)
{
    static const float items[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const uint8_t block[9] = { 0xfd, 8, 16, 24, 32, 40, 48, 56, 64 };
    tenon_plan *plan = kit_empty_plan ("toyraw toyblock");
    uint32_t tq8 = tenon_dtype_find (kit, "tq8"), topq = tenon_dtype_find (kit, "topq");
    ADDED (plan, .name = "x", .dtype = TENON_F32, .shape = KIT_SHAPE (1, 8), .rank = 2, .data = items,
           .size = 32, .as = tq8);
    kit_failed (ADD (plan, .name = "y", .dtype = TENON_F32, .shape = KIT_SHAPE (8), .rank = 1, .data = items,
                     .size = 32, .as = topq),
                TENON_E_UNSUPPORTED, "tensor 'y': f32 cannot be read as topq");
    kit_failed (ADD (plan, .name = "y", .dtype = TENON_F32, .shape = KIT_SHAPE (4, 2), .rank = 2,
                     .data = items, .size = 32, .as = tq8),
                TENON_E_UNSUPPORTED, "tensor 'y': rows of 2 items cannot be cut into the 8");
    kit_failed (ADD (plan, .name = "y", .dtype = TENON_F32, .shape = KIT_SHAPE (8), .rank = 1, .data = items,
                     .size = 32, .as = 12345),
                TENON_E_MISUSE, "tensor 'y': there is no dtype 12345");
    kit_failed (ADD (plan, .name = "y", .dtype = TENON_F32, .shape = KIT_SHAPE (8), .rank = 1, .data = items,
                     .size = 32, .as = TENON_STRING),
                TENON_E_MISUSE, "tensor 'y': there is no dtype 62");
    tenon_file *file = save_and_open (plan, NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 1);
    kit_data (file, "x", "", block, sizeof block);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

/* More than the memory limit, from a function, on all threads. */
#define MANY (3u << 20)
static tenon_status
fill_ramp (void *user, uint64_t offset, void *to, uint64_t length)
{
    uint64_t *next = (uint64_t *) user;
    if (*next != offset || length % 4 != 0)
        return TENON_E_MISUSE;
    *next += length;
    for (uint64_t i = 0; i < length / 4; i++) {
        float item = (float) ((offset / 4 + i) % 1000);
        memcpy ((char *) to + 4 * i, &item, 4);
    }
    return TENON_OK;
}

START_TEST (test_bounded)
{
    uint64_t next = 0;
    kit_plugins ("toyraw", "limits.memory=1MiB core.threads=3");
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, NULL), TENON_OK);
    ADDED (plan, .name = "ramp", .dtype = TENON_F32, .shape = KIT_SHAPE (MANY), .rank = 1, .size = 0,
           .fill = fill_ramp, .user = &next, .as = TENON_U16);
    tenon_file *file = save_and_open (plan, NULL, NULL);
    tenon_memory *memory;
    tenon_request request = { .struct_size = sizeof request };
    ck_assert_int_eq (tenon_load (file, &request, 1, &memory, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (request.size, 2 * MANY);
    for (unsigned i = 0; i < MANY; i++)
        if (((const uint16_t *) request.data)[i] != i % 1000)
            ck_abort_msg ("item %u is %u", i, ((const uint16_t *) request.data)[i]);
    tenon_memory_free (memory);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

/* ---- names ---- */

START_TEST (test_names)
{
    static const char letters[] = "weights.of.all.layers";
    static char long_name[70001];
    memset (long_name, 'n', 70000);
    tenon_plan *plan = kit_empty_plan ("toyraw");
    const uint8_t byte = 7;
#define BYTE .dtype = TENON_U8, .data = &byte, .size = 1
    ADDED (plan, .name = letters, .name_length = 7, BYTE);
    ADDED (plan, .name = letters, .name_length = TENON_NUL, BYTE);
    kit_failed (ADD (plan, .name = "a\0b", .name_length = 3, BYTE), TENON_E_MISUSE,
                "a tensor's name must be valid UTF-8, not empty and without NUL; it is 'a\\x00b'");
    kit_failed (ADD (plan, .name = "ab\0", .name_length = 3, BYTE), TENON_E_MISUSE, "it is 'ab\\x00'");
    kit_failed (ADD (plan, .name = "\xff", .name_length = 1, BYTE), TENON_E_MISUSE, "it is '\\xff'");
    kit_failed (ADD (plan, .name = "\xc3\xa9", .name_length = 1, BYTE), TENON_E_MISUSE, "it is '\\xc3'");
    kit_failed (ADD (plan, .name = "", BYTE), TENON_E_MISUSE, "it is ''");
    kit_failed (ADD (plan, .name = "weights!", .name_length = 7, BYTE), TENON_E_MALFORMED,
                "tensor 'weights': the name occurs twice");
    ADDED (plan, .name = "\xc3\xa9", .name_length = 2, BYTE);
    ADDED (plan, BYTE);
    kit_failed (ADD (plan, .dtype = TENON_U8, .data = &byte, .size = 2), TENON_E_MISUSE, "tensor 'arr_1'");
    ADDED (plan, BYTE);
    tenon_file *file = save_and_open (plan, NULL, NULL);
    static const char *const names[] = { "weights", letters, "\xc3\xa9", "arr_0", "arr_1" };
    ck_assert_uint_eq (tenon_count (file), 5);
    for (unsigned i = 0; i < 5; i++)
        kit_data (file, names[i], "", &byte, 1);

    tenon_plan *other;
    uint64_t index;
    ck_assert_int_eq (tenon_plan_new (kit, &other, NULL), TENON_OK);
    ck_assert_int_eq (tenon_find (file, "weights", &index), TENON_OK);
    ck_assert_int_eq (tenon_plan_put_from (other, file, index, "xyz", 2, TENON_NONE, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_put_from (other, file, index, NULL, 99, TENON_NONE, &kit_error), TENON_OK);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_put_from (other, file, index, "x\0z", 3, TENON_NONE, &kit_error), TENON_E_MISUSE,
                "it is 'x\\x00z'");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_put_from (other, file, index, "xy", TENON_NUL, TENON_NONE, &kit_error),
                TENON_E_MALFORMED, "tensor 'xy': the name occurs twice");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_put_from (NULL, file, index, "xy", 2, TENON_NONE, &kit_error), TENON_E_MISUSE,
                "plan");
    tenon_close (file);
    file = save_and_open (other, NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 2);
    kit_data (file, "xy", "", &byte, 1);
    tenon_close (file);
    tenon_plan_free (other);
    tenon_plan_free (plan);
}
END_TEST

/* ---- many ---- */

#define COUNT 300u

static void
fill_many (tenon_array *arrays, uint32_t *items, char (*names)[16])
{
    static const uint64_t shape[1] = { 1 };
    for (unsigned i = 0; i < COUNT; i++) {
        items[i] = i * i;
        snprintf (names[i], sizeof names[i], "t%u", (i * 7919) % COUNT);
        arrays[i] = (tenon_array){ .struct_size = sizeof arrays[i],
                                   .dtype = TENON_U32,
                                   .name = names[i],
                                   .shape = shape,
                                   .rank = 1,
                                   .data = &items[COUNT - 1 - i],
                                   .size = 4 };
    }
}

static void
many_fail (tenon_plan *plan, const tenon_array *arrays, tenon_status status, const char *words)
{
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_add_many (plan, arrays, COUNT, &kit_error), status, words);
}

START_TEST (test_many)
{
    static tenon_array arrays[COUNT];
    static uint32_t items[COUNT];
    static char names[COUNT][16];
    static const int64_t back[1] = { -1 };
    fill_many (arrays, items, names);
    tenon_plan *plan = kit_empty_plan ("toyraw");
    const uint8_t byte = 9;
    ADDED (plan, BYTE);
    ck_assert_int_eq (tenon_plan_add_many (plan, NULL, 0, &kit_error), TENON_OK);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_plan_add_many (plan, NULL, 1, &kit_error), TENON_E_MISUSE, "arrays");

    strcpy (names[250], "t0"); /* that of array 0 */
    many_fail (plan, arrays, TENON_E_MALFORMED, "tensor 't0': the name occurs twice");
    snprintf (names[250], sizeof names[250], "t%u", (250 * 7919) % COUNT);
    arrays[299].size = 5;
    many_fail (plan, arrays, TENON_E_MISUSE, "need 4 bytes, 5 were given");
    arrays[299].size = 4;
    arrays[2].struct_size = 40;
    many_fail (plan, arrays, TENON_E_MISUSE, "array 2 has another struct_size than the first");
    arrays[2].struct_size = sizeof arrays[2];
    arrays[0].struct_size = 8;
    many_fail (plan, arrays, TENON_E_MISUSE, "needs its struct_size");
    arrays[0].struct_size = sizeof arrays[0];
    arrays[7].name = NULL, arrays[8].as = 999;
    many_fail (plan, arrays, TENON_E_MISUSE, "there is no dtype 999");
    arrays[8].as = TENON_I64;
    arrays[9].strides = back; /* has a source of its own, as has: */
    arrays[10].data = NULL, arrays[10].fill = fill_matrix, arrays[10].user = &items[COUNT - 11];

    ck_assert_int_eq (tenon_plan_add_many (plan, arrays, COUNT, &kit_error), TENON_OK);
    ADDED (plan, .name = "last", BYTE);
    tenon_file *file = save_and_open (plan, NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), COUNT + 2);
    kit_data (file, "arr_0", "", &byte, 1);
    kit_data (file, "last", "", &byte, 1);
    for (unsigned i = 0; i < COUNT; i++)
        if (i != 8)
            kit_data (file, i == 7 ? "arr_1" : names[i], "u32", &items[COUNT - 1 - i], 4);
    int64_t eight = (int64_t) items[COUNT - 9];
    kit_data (file, names[8], "", &eight, 8);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

/* An older program: its struct ends before `strides`, and so do the distances. */
START_TEST (test_old_structs)
{
    enum { OLD = offsetof (tenon_array, strides) };
    static uint64_t room[2 * OLD / 8];
    static const uint16_t items[2] = { 500, 600 };
    for (unsigned i = 0; i < 2; i++) {
        tenon_array array = { .struct_size = OLD, .dtype = TENON_U16, .data = &items[i], .size = 2 };
        memcpy ((char *) room + i * OLD, &array, OLD);
    }
    tenon_plan *plan = kit_empty_plan ("toyraw");
    ck_assert_int_eq (tenon_plan_add_many (plan, (const tenon_array *) room, 2, &kit_error), TENON_OK);
    tenon_file *file = save_and_open (plan, NULL, NULL);
    kit_data (file, "arr_0", "", &items[0], 2);
    kit_data (file, "arr_1", "", &items[1], 2);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

/* ---- opaque dtypes of the program ---- */

static tenon_status
add_opaque (tenon_plan *plan, const char *name, struct tenon_dtype opaque, uint32_t flags)
{
    static const uint8_t bytes[16] = {
        1, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff
    };
    opaque.struct_size = sizeof opaque;
    return ADD (plan, .name = name, .shape = KIT_SHAPE (2), .rank = 1, .data = bytes, .size = 16,
                .flags = flags, .opaque = &opaque);
}

START_TEST (test_opaque)
{
    static const int64_t days[2] = { 1, -1 };
    static const int32_t narrow[2] = { 1, -1 };
    char family[8] = "toy", text[8] = "date";
    struct tenon_dtype date = { .kind = TENON_KIND_OPAQUE,
                                .block_items = 1,
                                .block_bytes = 8,
                                .family = family,
                                .text = text,
                                .items_as = TENON_I64 };
    tenon_plan *plan = kit_empty_plan ("toyraw toybox");
    ck_assert_msg (add_opaque (plan, "a", date, 0) == TENON_OK, "%s", kit_error.message);
    ck_assert_int_eq (add_opaque (plan, "b", date, 0), TENON_OK);
    memset (family, 0, sizeof family), memset (text, 0, sizeof text); /* they were copied */
    tenon_file *file = save_and_open (plan, NULL, NULL);
    tenon_tensor_info info = kit_tensor (file, "b");
    ck_assert_str_eq (info.dtype_name, "date");
    kit_data (file, "a", "", days, sizeof days);
    tenon_close (file);

    strcpy (family, "toy"), strcpy (text, "date");
    static const struct {
        struct tenon_dtype dtype;
        uint32_t flags;
        const char *words;
    } wrong[] = {
        { { .kind = TENON_KIND_PLAIN, .block_bytes = 8, .family = "toy", .text = "date" },
          0,
          "TENON_KIND_OPAQUE" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 8, .text = "date" }, 0, "a family" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 8, .family = "", .text = "date" }, 0, "a family" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 8, .family = "toy" }, 0, "a text" },
        { { .kind = TENON_KIND_OPAQUE, .block_items = 2, .block_bytes = 8, .family = "toy", .text = "date" },
          0,
          "stand by themselves" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 8, .family = "toy", .text = "date", .alignment = 3 },
          0,
          "no power of two" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 8, .family = "toy", .text = "date", .flags = 0x10000 },
          0,
          "flags that this version" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 8, .family = "toy", .text = "date" },
          TENON_BIG_ENDIAN,
          "TENON_BIG_ENDIAN" },
        { { .kind = TENON_KIND_OPAQUE,
            .block_bytes = 8,
            .family = "toy",
            .text = "date",
            .items_as = TENON_I32 },
          0,
          "items_as" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = 4, .family = "toy", .text = "date" },
          0,
          "need 8 bytes" },
        { { .kind = TENON_KIND_OPAQUE, .block_bytes = UINT64_C (1) << 63, .family = "toy", .text = "date" },
          0,
          "item size" },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
        kit_failed (add_opaque (plan, "c", wrong[i].dtype, wrong[i].flags), TENON_E_MISUSE, wrong[i].words);
    struct tenon_dtype cut = date;
    cut.struct_size = 12;
    kit_failed (ADD (plan, .name = "c", .data = days, .size = 8, .opaque = &cut), TENON_E_MISUSE,
                "a struct tenon_dtype has a wrong struct_size");
    cut.struct_size = sizeof cut;
    kit_failed (ADD (plan, .name = "c", .dtype = TENON_I64, .data = days, .size = 8, .opaque = &cut),
                TENON_E_MISUSE, "dtype or opaque, and not both");
    /* its items are i64, which a plan may store them as; nothing else */
    ADDED (plan, .name = "as", .shape = KIT_SHAPE (2), .rank = 1, .data = days, .size = 16, .opaque = &cut,
           .as = TENON_I64);
    kit_failed (ADD (plan, .name = "c", .data = days, .size = 8, .opaque = &cut, .as = TENON_F64),
                TENON_E_UNSUPPORTED, "cannot be read as f64, only as i64");
    file = save_and_open (plan, NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 3);
    kit_is_shaped (file, "as", "i64", 1, KIT_SHAPE (2));
    kit_data (file, "as", "i32", narrow, sizeof narrow);
    tenon_close (file);
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "arrays");
    tcase_add_test (tests, test_layouts);
    tcase_add_test (tests, test_losses);
    tcase_add_test (tests, test_blocks);
    tcase_add_test (tests, test_bounded);
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_many);
    tcase_add_test (tests, test_old_structs);
    tcase_add_test (tests, test_opaque);
}

int
main (void)
{
    return kit_main ("arrays", fill_suite);
}
