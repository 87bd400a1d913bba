/* SPDX-License-Identifier: MIT */
/* test_describe.c - reading what a codec describes: every layout of a tensor's bytes; typed, nested and
 * lazily read metadata; opaque dtypes. All files are laid out here, byte for byte. */
#include "kit.h"

/* ---- layouts ---- */

/* Six i16, 1 … 6 as a 2 × 3 matrix, in all four layouts. */
static void
put_matrix (struct bytes *file, uint32_t flags)
{
    static const uint16_t c_order[6] = { 1, 2, 3, 4, 5, 6 }, fortran_order[6] = { 1, 4, 2, 5, 3, 6 };
    const uint16_t *items = flags & TENON_FORTRAN ? fortran_order : c_order;
    for (unsigned i = 0; i < 6; i++)
        flags &TENON_BIG_ENDIAN ? kit_be (file, items[i], 2) : kit_le (file, items[i], 2);
}

START_TEST (test_layouts)
{
    static const char c_little[] = "\1\0\2\0\3\0\4\0\5\0\6", as_f32[] =
                                                                 "\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40"
                                                                 "\0\0\x80\x40\0\0\xa0\x40\0\0\xc0\x40";
    struct bytes file = { .size = 0 };
    uint64_t data = (uint64_t) _i; /* 200 … 208, aligned and unaligned */
    kit_raw_head (&file, 4, 0, data);
    for (uint32_t flags = 0; flags < 4; flags++) {
        char name[] = { (char) ('a' + flags), 0 };
        kit_raw_tensor (&file, name, "i16", flags, 2, KIT_SHAPE (2, 3), 12 * flags, 12);
    }
    kit_pad (&file, data);
    for (uint32_t flags = 0; flags < 4; flags++)
        put_matrix (&file, flags);
    kit_file ("f.toyraw", &file);
    kit_plugins ("toyraw", NULL);
    tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_count (open), 4);
    for (uint32_t flags = 0; flags < 4; flags++) {
        char name[] = { (char) ('a' + flags), 0 };
        tenon_tensor_info info = kit_tensor (open, name);
        ck_assert_uint_eq (info.flags, flags);
        ck_assert_uint_eq (info.offset, data + 12 * flags);
        ck_assert_uint_eq (info.stored, 12);
        ck_assert_uint_eq (info.nbytes, 12);
        ck_assert_uint_eq (info.elements, 6);
        ck_assert_str_eq (info.dtype_name, "i16");
        kit_data (open, name, "", c_little, 12);
        kit_data (open, name, "f32", as_f32, 24);
        /* the middle column, as a box: start, count and step */
        tenon_request request;
        uint8_t column[4];
        KIT_INIT (request);
        ck_assert_int_eq (tenon_find (open, name, &request.index), TENON_OK);
        request.rank = 2;
        request.start = KIT_SHAPE (0, 1);
        request.count = KIT_SHAPE (2, 1);
        request.step = (const int64_t[]){ 1, 2 };
        request.data = column;
        request.size = sizeof column;
        ck_assert_int_eq (tenon_read (open, &request, 1, NULL, &kit_error), TENON_OK);
        ck_assert_uint_eq (request.size, 4);
        ck_assert_int_eq (memcmp (column, "\2\0\5", 4), 0);
    }
    tenon_close (open);
}
END_TEST

START_TEST (test_map)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 3, 0, 160);
    kit_raw_tensor (&file, "even", "i32", 0, 1, KIT_SHAPE (1), 0, 4);
    kit_raw_tensor (&file, "odd", "i32", 0, 1, KIT_SHAPE (1), 5, 4);
    kit_raw_tensor (&file, "big", "i32", TENON_BIG_ENDIAN, 1, KIT_SHAPE (1), 12, 4);
    kit_pad (&file, 160);
    kit_text (&file, "abcd-efgh---ijkl");
    kit_file ("f.toyraw", &file);
    kit_plugins ("toyraw", NULL);
    tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
    const void *data;
    uint64_t size;
    ck_assert_int_eq (tenon_map (open, 0, &data, &size, &kit_error), TENON_OK);
    ck_assert_uint_eq (size, 4);
    ck_assert_int_eq (memcmp (data, "abcd", 4), 0);
    kit_failed (tenon_map (open, 1, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE, "tensor 'odd'");
    ck_assert_ptr_null (data);
    ck_assert_int_eq (tenon_map (open, 2, &data, &size, &kit_error), TENON_OK); /* mapped as stored */
    ck_assert_int_eq (memcmp (data, "ijkl", 4), 0);
    tenon_close (open);
    tenon_open_options options;
    KIT_INIT (options);
    options.flags = TENON_OPEN_UNALIGNED;
    ck_assert_int_eq (tenon_open (kit, kit_path ("f.toyraw"), &options, &open, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_map (open, 1, &data, &size, &kit_error), TENON_OK);
    ck_assert_int_eq (memcmp (data, "efgh", 4), 0);
    tenon_close (open);
    options.flags = TENON_OPEN_NO_MAP;
    ck_assert_int_eq (tenon_open (kit, kit_path ("f.toyraw"), &options, &open, &kit_error), TENON_OK);
    kit_failed (tenon_map (open, 0, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE,
                "mapping is switched off");
    kit_data (open, "even", "", "abcd", 4);
    tenon_close (open);
}
END_TEST

/* Zero dims, rank 0, rank 64, names taken from the file's, aliases that share bytes. */
START_TEST (test_odd_shapes)
{
    struct bytes file = { .size = 0 };
    uint64_t ones[64];
    for (unsigned i = 0; i < 64; i++)
        ones[i] = 1;
    kit_raw_head (&file, 6, 0, 1200);
    kit_raw_tensor (&file, "", "u8", 0, 0, NULL, 0, 1);
    kit_raw_tensor (&file, "none", "u8", 0, 3, KIT_SHAPE (0, UINT64_C (0x7fffffffffffffff), 1), 4, 0);
    kit_raw_tensor (&file, "deep", "u16", TENON_FORTRAN | TENON_BIG_ENDIAN, 64, ones, 1, KIT_AUTO);
    kit_raw_tensor (&file, "tied", "u8", TENON_ALIAS, 1, KIT_SHAPE (3), 0, 3);
    kit_raw_tensor (&file, "tied too", "u8", TENON_ALIAS, 1, KIT_SHAPE (2), 1, 2);
    kit_raw_tensor (&file, "Ünïcode/π", "u8", 0, 1, KIT_SHAPE (1), 3, 1);
    kit_pad (&file, 1200);
    kit_text (&file, "abcd");
    kit_file ("my.file.toyraw", &file);
    kit_plugins ("toyraw", NULL);
    tenon_file *open = kit_open ("my.file.toyraw", NULL, NULL);
    tenon_tensor_info scalar = kit_tensor (open, "my.file"), none = kit_tensor (open, "none");
    ck_assert_uint_eq (scalar.rank, 0);
    ck_assert_uint_eq (scalar.elements, 1);
    ck_assert_uint_eq (none.elements, 0);
    ck_assert_uint_eq (none.nbytes, 0);
    ck_assert_uint_eq (kit_tensor (open, "deep").rank, 64);
    kit_data (open, "my.file", "", "a", 1);
    kit_data (open, "none", "", "", 0);
    kit_data (open, "none", "f16", "", 0);
    kit_data (open, "deep", "", "cb", 2);
    kit_data (open, "tied", "", "abc", 3);
    kit_data (open, "tied too", "", "bc", 2);
    kit_data (open, "Ünïcode/π", "", "d", 1);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (open, &info), TENON_OK);
    ck_assert_uint_eq (info.nbytes, 1 + 0 + 2 + 3 + 2 + 1);
    ck_assert_uint_eq (info.elements, 1 + 0 + 1 + 3 + 2 + 1);
    ck_assert_uint_eq (info.size, 1204);
    tenon_close (open);
}
END_TEST

/* The same file, not opened by its name. */
struct served {
    const struct bytes *bytes;
    unsigned closed;
};

static tenon_status
read_served (void *user, uint64_t offset, void *to, uint64_t length)
{
    const struct served *served = (const struct served *) user;
    if (offset > served->bytes->size || length > served->bytes->size - offset)
        return TENON_E_IO;
    memcpy (to, served->bytes->data + offset, (size_t) length);
    return TENON_OK;
}

static void
close_served (void *user)
{
    ((struct served *) user)->closed++;
}

START_TEST (test_other_ways)
{
    struct bytes file = { .size = 0 };
    struct served served = { &file, 0 };
    tenon_open_options options;
    tenon_reader reader;
    tenon_file *open;
    const void *data;
    uint64_t size;
    KIT_INIT (options);
    KIT_INIT (reader);
    kit_raw_head (&file, 1, 0, 64);
    kit_raw_tensor (&file, "", "u8", 0, 1, KIT_SHAPE (4), 0, 4);
    kit_pad (&file, 64);
    kit_text (&file, "abcd");
    kit_file ("f", &file);
    kit_plugins ("toyraw", NULL);
    ck_assert_int_eq (tenon_open_memory (kit, file.data, file.size, NULL, &open, &kit_error), TENON_OK);
    kit_data (open, "array", "", "abcd", 4); /* the source has no name */
    ck_assert_int_eq (tenon_map (open, 0, &data, &size, &kit_error), TENON_OK);
    ck_assert_ptr_eq (data, file.data + 64);
    tenon_close (open);
    options.name = "some/where/thing.toyraw";
    ck_assert_int_eq (tenon_open_memory (kit, file.data, file.size, &options, &open, &kit_error), TENON_OK);
    kit_data (open, "thing", "", "abcd", 4);
    tenon_close (open);
    FILE *stream = fopen (kit_path ("f"), "rb");
    ck_assert_ptr_nonnull (stream);
    ck_assert_int_eq (tenon_open_fd (kit, fileno (stream), &options, &open, &kit_error), TENON_OK);
    fclose (stream); /* the library has its own descriptor */
    kit_data (open, "thing", "", "abcd", 4);
    tenon_close (open);
    reader.size = file.size;
    reader.read_at = read_served;
    reader.close = close_served;
    reader.user = &served;
    ck_assert_int_eq (tenon_open_reader (kit, &reader, &options, &open, &kit_error), TENON_OK);
    kit_data (open, "thing", "", "abcd", 4);
    kit_data (open, "thing", "i16", "a\0b\0c\0d", 8);
    kit_failed (tenon_map (open, 0, &data, &size, &kit_error), TENON_E_NOT_MAPPABLE, "the program's own");
    ck_assert_uint_eq (served.closed, 0);
    tenon_close (open);
    ck_assert_uint_eq (served.closed, 1);
    reader.size = file.size + 9; /* more than it can deliver */
    kit_failed (tenon_open_reader (kit, &reader, NULL, &open, &kit_error), TENON_E_IO,
                "the program's own reader failed");
    ck_assert_uint_eq (served.closed, 2);
    reader.size = 20; /* too short for toyraw: the reader is closed all the same */
    kit_failed (tenon_open_reader (kit, &reader, NULL, &open, &kit_error), TENON_E_TRUNCATED,
                "where the data begin needs 8 bytes, 4 are left (at byte 16)");
    ck_assert_uint_eq (served.closed, 3);
}
END_TEST

/* ---- opaque dtypes ---- */

static void
put_opaque (struct bytes *file, const char *name, uint64_t size, const char *text, uint64_t count,
            uint64_t offset)
{
    kit_name (file, name);
    kit_le (file, 0, 1);
    kit_le (file, size, 8);
    kit_le (file, 3, 1);
    kit_text (file, "toy");
    kit_name (file, text);
    kit_le (file, 1, 1);
    kit_le (file, 0, 4);
    kit_le (file, count, 8);
    kit_le (file, offset, 8);
    kit_le (file, count * size, 8);
}

START_TEST (test_opaque)
{
    struct bytes file = { .size = 0 };
    struct tenon_dtype dtype;
    kit_raw_head (&file, 3, 0, 300);
    put_opaque (&file, "a", 3, "{x: i8, y: i16}", 2, 0);
    put_opaque (&file, "b", 3, "{x: i8, y: i16}", 1, 6);
    put_opaque (&file, "c", 2, "date", 1, 9);
    kit_pad (&file, 300);
    kit_text (&file, "abcdefghijk");
    kit_file ("f.toyraw", &file);
    kit_plugins ("toyraw", NULL);
    tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
    tenon_tensor_info a = kit_tensor (open, "a"), b = kit_tensor (open, "b"), c = kit_tensor (open, "c");
    ck_assert_uint_eq (a.dtype, b.dtype);
    ck_assert_uint_ne (a.dtype, c.dtype);
    ck_assert_uint_ge (a.dtype, TENON_DTYPE_DYNAMIC);
    ck_assert_str_eq (a.dtype_name, "{x: i8, y: i16}");
    KIT_INIT (dtype);
    ck_assert_int_eq (tenon_dtype_get (kit, open, c.dtype, &dtype), TENON_OK);
    ck_assert_uint_eq (dtype.kind, TENON_KIND_OPAQUE);
    ck_assert_uint_eq (dtype.block_bytes, 2);
    ck_assert_str_eq (dtype.family, "toy");
    ck_assert_str_eq (dtype.text, "date");
    ck_assert_int_eq (tenon_dtype_castable (kit, c.dtype, TENON_F32), 0);
    kit_data (open, "a", "", "abcdef", 6);
    kit_data (open, "c", "", "jk", 2);
    kit_data_fails (open, "a", "f32", TENON_E_UNSUPPORTED,
                    "tensor 'a': opaque items … cannot be read as f32");
    tenon_close (open);
}
END_TEST

/* Opaque items that are read as the numbers whose bytes they have, in both orders, sliced, and saved so. */
START_TEST (test_opaque_items)
{
    static const uint8_t little[] = { 1, 0, 2, 0, 3, 0 }, column[] = { 1, 0, 3, 0 };
    struct bytes file = { .size = 0 };
    struct tenon_dtype dtype;
    tenon_plan *plan;
    kit_raw_head (&file, 3, 0, 300);
    put_opaque (&file, "a", 2, "i16 days", 3, 0);
    put_opaque (&file, "b", 2, "I16 days", 3, 6);
    put_opaque (&file, "c", 2, "days", 1, 12);
    kit_pad (&file, 300);
    kit_put (&file, "\1\0\2\0\3\0\0\1\0\2\0\3\0\0", 14);
    kit_file ("f.toyraw", &file);
    kit_plugins ("toyraw", NULL);
    tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
    KIT_INIT (dtype);
    ck_assert_int_eq (tenon_dtype_get (kit, open, kit_tensor (open, "b").dtype, &dtype), TENON_OK);
    ck_assert_uint_eq (dtype.items_as, TENON_I16);
    ck_assert_uint_eq (dtype.items_flags, TENON_BIG_ENDIAN);
    kit_data (open, "a", "i16", little, 6);
    kit_data (open, "b", "i16", little, 6);
    kit_data (open, "b", "", "\0\1\0\2\0\3", 6);
    kit_data_fails (open, "b", "i32", TENON_E_UNSUPPORTED, "cannot be read as i32, only as i16");
    kit_data_fails (open, "c", "i16", TENON_E_UNSUPPORTED, "opaque items … cannot be read as i16");
    tenon_request request;
    uint8_t got[4];
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (open, "b", &request.index), TENON_OK);
    request.rank = 1;
    request.dtype = TENON_I16;
    request.step = (const int64_t[]){ 2 };
    request.data = got;
    request.size = sizeof got;
    ck_assert_int_eq (tenon_read (open, &request, 1, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (memcmp (got, column, sizeof got), 0);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, open, request.index, "n", TENON_I16, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_from (plan, open, request.index, "f", TENON_F32, &kit_error),
                      TENON_E_UNSUPPORTED);
    ck_assert_int_eq (tenon_save (plan, kit_path ("g.toyraw"), NULL, NULL, NULL, &kit_error), TENON_OK);
    tenon_plan_free (plan);
    tenon_close (open);
    open = kit_open ("g.toyraw", NULL, NULL);
    ck_assert_str_eq (kit_tensor (open, "n").dtype_name, "i16");
    kit_data (open, "n", "", little, 6);
    tenon_close (open);
}
END_TEST

/* ---- what toyraw itself refuses ---- */

START_TEST (test_refused)
{
    struct bytes file = { .size = 0 };
    kit_plugins ("toyraw", NULL);
    kit_raw_head (&file, 1, 0, 64);
    kit_raw_tensor (&file, "x", "q5_nobody", 0, 0, NULL, 0, 1);
    kit_file ("f.toyraw", &file);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_UNSUPPORTED,
                    "no plugin has the dtype q5_nobody (at byte 28)");
    file.size = 0;
    kit_raw_head (&file, 1, 0, 64);
    kit_raw_tensor (&file, "long name", "u8", 0x00100000, 0, NULL, 0, 1);
    kit_file ("f.toyraw", &file);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_UNSUPPORTED, "tensor 'long name': … flags 0x100000");
    kit_open_fails ("f.toyraw", NULL, "toyraw.longest_name=8", TENON_E_LIMIT, "toyraw.longest_name allows 8");
    kit_open_fails ("f.toyraw", NULL, "toyraw.longest_name=70000", TENON_E_CONFIG,
                    "longest_name = '70000': … 0 to 65535");
    kit_open_fails ("f.toyraw", NULL, "toyraw.longest_nane=8", TENON_E_CONFIG, "longest_name");
    kit_file ("f.toyset", &file); /* toyraw by its bytes */
    kit_open_fails ("f.toyset", NULL, NULL, TENON_E_UNSUPPORTED, "flags");
    kit_open_fails ("nowhere", NULL, NULL, TENON_E_NOT_FOUND, "cannot be opened: No such file");
    kit_open_fails ("plugins", NULL, NULL, TENON_E_NOT_FOUND, "it is a folder without a set");
    /* every truncation of a small file is refused, or, if the header is whole, has no tensor that can be read
     */
    file.size = 0;
    kit_raw_head (&file, 1, 1, 80);
    kit_name (&file, "k");
    kit_le (&file, TENON_U16, 1);
    kit_le (&file, 7, 2);
    kit_raw_tensor (&file, "x", "u8", 0, 1, KIT_SHAPE (4), 0, 4);
    size_t header = file.size;
    kit_pad (&file, 80);
    kit_text (&file, "abcd");
    size_t whole = file.size;
    for (file.size = 0; file.size < whole; file.size++) {
        kit_file ("f.toyraw", &file);
        if (file.size < header) {
            kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_TRUNCATED, "");
            continue;
        }
        tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
        ck_assert_uint_eq (kit_value (open, "k").as.u, 7);
        kit_data_fails (open, "x", "", TENON_E_TRUNCATED,
                        "f.toyraw: tensor 'x': 4 u8 needs 4 bytes at offset 80, the file ends at ");
        tenon_close (open);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "tensors");
    tcase_add_loop_test (tests, test_layouts, 200, 209);
    tcase_add_test (tests, test_map);
    tcase_add_test (tests, test_odd_shapes);
    tcase_add_test (tests, test_other_ways);
    tcase_add_test (tests, test_opaque);
    tcase_add_test (tests, test_opaque_items);
    tcase_add_test (tests, test_refused);
}

int
main (void)
{
    return kit_main ("raw", fill_suite);
}
