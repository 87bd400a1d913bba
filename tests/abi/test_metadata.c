/* SPDX-License-Identifier: MIT */
/* test_metadata.c - metadata, typed, nested and lazily read; options of every type; both in saves. */
#include "kit.h"
#include "tests/values.h"

/* ---- reading ---- */

static void
put_key (struct bytes *file, const char *key, unsigned type)
{
    kit_name (file, key);
    kit_le (file, type, 1);
}

static void
put_array (struct bytes *file, unsigned item_type, uint64_t count)
{
    kit_le (file, item_type, 1);
    kit_le (file, count, 8);
}

static void
put_string (struct bytes *file, const char *text, uint32_t length)
{
    kit_le (file, length, 4);
    kit_put (file, text, length);
}

/* One entry of each kind. */
#define ENTRIES 17
static void
put_entries (struct bytes *file)
{
    put_key (file, "bool", TENON_BOOL), kit_le (file, 1, 1);
    put_key (file, "u8", TENON_U8), kit_le (file, 255, 1);
    put_key (file, "i8", TENON_I8), kit_le (file, 0x80, 1);
    put_key (file, "u16", TENON_U16), kit_le (file, 65535, 2);
    put_key (file, "i16", TENON_I16), kit_le (file, 0xfffe, 2);
    put_key (file, "u32", TENON_U32), kit_le (file, 4000000000u, 4);
    put_key (file, "i32", TENON_I32), kit_le (file, 0xfffffffdu, 4);
    put_key (file, "u64", TENON_U64), kit_le (file, UINT64_MAX, 8);
    put_key (file, "i64", TENON_I64), kit_le (file, UINT64_C (1) << 63, 8);
    put_key (file, "f32", TENON_F32), kit_f32 (file, 1.5f);
    put_key (file, "f64", TENON_F64), kit_le (file, UINT64_C (0x3ff8000000000000), 8);
    put_key (file, "null", TENON_NONE);
    put_key (file, "text", TENON_STRING), put_string (file, "a\0\xff", 3);
    put_key (file, "i16s", TENON_ARRAY), put_array (file, TENON_I16, 3);
    kit_le (file, 1, 2), kit_le (file, 0xffff, 2), kit_le (file, 3, 2);
    put_key (file, "texts", TENON_ARRAY), put_array (file, TENON_STRING, 4);
    put_string (file, "one", 3), put_string (file, "", 0), put_string (file, "t\xc3\xa9", 3),
        put_string (file, "\0", 1);
    put_key (file, "nested", TENON_ARRAY), put_array (file, TENON_ARRAY, 2);
    kit_le (file, TENON_ARRAY, 1), put_array (file, TENON_BOOL, 2), kit_le (file, 1, 1), kit_le (file, 0, 1);
    kit_le (file, TENON_ARRAY, 1), put_array (file, TENON_ARRAY, 1);
    kit_le (file, TENON_ARRAY, 1), put_array (file, TENON_STRING, 1), put_string (file, "deep", 4);
    put_key (file, "none of u64", TENON_ARRAY), put_array (file, TENON_U64, 0);
}

static void
make_file (void)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 0, ENTRIES, 1000);
    put_entries (&file);
    kit_file ("f.toyraw", &file);
    kit_plugins ("toyraw toytext", NULL);
}

static void
check_scalars (tenon_file *file)
{
    static const struct {
        const char *key;
        uint32_t type;
        int64_t i;
    } scalars[] = {
        { "bool", TENON_BOOL, 1 },   { "u8", TENON_U8, 255 },  { "i8", TENON_I8, -128 },
        { "u16", TENON_U16, 65535 }, { "i16", TENON_I16, -2 }, { "u32", TENON_U32, 4000000000 },
        { "i32", TENON_I32, -3 },    { "u64", TENON_U64, -1 }, { "i64", TENON_I64, INT64_MIN },
    };
    for (unsigned i = 0; i < sizeof scalars / sizeof scalars[0]; i++) {
        struct tenon_value value = kit_value (file, scalars[i].key);
        ck_assert_uint_eq (value.type, scalars[i].type);
        ck_assert_int_eq (value.as.i, scalars[i].i);
    }
    ck_assert_uint_eq (kit_value (file, "f32").type, TENON_F32);
    ck_assert_double_eq (kit_value (file, "f32").as.f, 1.5);
    ck_assert_uint_eq (kit_value (file, "f64").type, TENON_F64);
    ck_assert_double_eq (kit_value (file, "f64").as.f, 1.5);
    ck_assert_uint_eq (kit_value (file, "null").type, TENON_NONE);
    struct tenon_value text = kit_value (file, "text");
    ck_assert_uint_eq (text.type, TENON_STRING);
    ck_assert_uint_eq (text.count, 3);
    ck_assert_int_eq (memcmp (text.as.string, "a\0\xff", 4), 0); /* and a NUL behind it */
}

static void
check_strings (tenon_file *file)
{
    static const char *const wanted[] = { "one", "", "t\xc3\xa9", "\0" };
    static const uint64_t lengths[] = { 3, 0, 3, 1 };
    struct tenon_value texts = kit_value (file, "texts"), items[4];
    tenon_memory *memory = NULL;
    ck_assert_uint_eq (texts.type, TENON_ARRAY);
    ck_assert_uint_eq (texts.item_type, TENON_STRING);
    ck_assert_uint_eq (texts.count, 4);
    ck_assert_int_eq (tenon_value_items (file, &texts, 0, 4, items, &memory, &kit_error), TENON_OK);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq (items[i].type, TENON_STRING);
        ck_assert_uint_eq (items[i].count, lengths[i]);
        ck_assert_int_eq (memcmp (items[i].as.string, wanted[i], lengths[i] + 1), 0);
    }
    tenon_memory_free (memory);
    ck_assert_int_eq (tenon_value_items (file, &texts, 2, 1, items, &memory, &kit_error), TENON_OK);
    ck_assert_str_eq (items[0].as.string, "t\xc3\xa9");
    tenon_memory_free (memory);
    kit_failed (tenon_value_items (file, &texts, 3, 2, items, &memory, &kit_error), TENON_E_MISUSE,
                "items 3 …");
    kit_failed (tenon_value_items (file, &texts, 0, 1, items, NULL, &kit_error), TENON_E_MISUSE,
                "tenon_memory");
}

static void
check_arrays (tenon_file *file)
{
    struct tenon_value numbers = kit_value (file, "i16s"), nested = kit_value (file, "nested"), items[4],
                       inner[2];
    tenon_memory *memory = NULL;
    ck_assert_uint_eq (numbers.item_type, TENON_I16);
    ck_assert_uint_eq (numbers.count, 3);
    ck_assert_int_eq (tenon_value_items (file, &numbers, 1, 2, items, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (items[0].type, TENON_I16);
    ck_assert_int_eq (items[0].as.i, -1);
    ck_assert_int_eq (items[1].as.i, 3);
    ck_assert_int_eq (tenon_value_items (file, &numbers, 3, 0, items, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (nested.item_type, TENON_ARRAY);
    ck_assert_uint_eq (nested.count, 2);
    ck_assert_int_eq (tenon_value_items (file, &nested, 0, 2, items, &memory, &kit_error), TENON_OK);
    ck_assert_uint_eq (items[0].item_type, TENON_BOOL);
    ck_assert_int_eq (tenon_value_items (file, &items[0], 0, 2, inner, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (inner[0].as.u, 1);
    ck_assert_uint_eq (inner[1].as.u, 0);
    tenon_memory_free (memory);
    ck_assert_int_eq (tenon_value_items (file, &items[1], 0, 1, inner, &memory, &kit_error), TENON_OK);
    tenon_memory_free (memory);
    ck_assert_uint_eq (inner[0].item_type, TENON_STRING);
    ck_assert_int_eq (tenon_value_items (file, &inner[0], 0, 1, items, &memory, &kit_error), TENON_OK);
    ck_assert_str_eq (items[0].as.string, "deep");
    tenon_memory_free (memory);
    ck_assert_uint_eq (kit_value (file, "none of u64").count, 0);
}

START_TEST (test_read)
{
    make_file ();
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_metadata_count (file), ENTRIES);
    check_scalars (file);
    check_strings (file);
    check_arrays (file);
    /* lazily: a range of the file, whose bytes are read when the value is taken */
    struct tenon_value numbers = kit_value (file, "i16s"), items[3];
    ck_assert_uint_ne (numbers.source, TENON_NO_SOURCE);
    ck_assert_uint_eq (numbers.length, 6);
    FILE *stream = fopen (kit_path ("f.toyraw"), "r+b");
    ck_assert_ptr_nonnull (stream);
    ck_assert_int_eq (fseek (stream, (long) numbers.offset, SEEK_SET), 0);
    ck_assert_uint_eq (fwrite ("\x2a\0", 1, 2, stream), 2);
    fclose (stream);
    ck_assert_int_eq (tenon_value_items (file, &numbers, 0, 1, items, NULL, &kit_error), TENON_OK);
    ck_assert_int_eq (items[0].as.i, 42);
    uint64_t index;
    ck_assert_int_eq (tenon_metadata_find (file, "nowhere", &index), TENON_E_NOT_FOUND);
    tenon_close (file);
}
END_TEST

/* A string that is longer than its array is found when the array is walked, not before. */
START_TEST (test_lying_string)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 0, 1, 1000);
    put_key (&file, "k", TENON_ARRAY), put_array (&file, TENON_STRING, 2);
    put_string (&file, "ab", 2), put_string (&file, "cd", 2);
    kit_file ("f.toyraw", &file);
    kit_plugins ("toyraw", NULL);
    tenon_file *open = kit_open ("f.toyraw", NULL, NULL);
    struct tenon_value texts = kit_value (open, "k"), items[2];
    tenon_memory *memory = NULL;
    file.data[texts.offset + 6] = 200; /* the file changes meanwhile */
    kit_file ("f.toyraw", &file);
    ck_assert_int_eq (tenon_value_items (open, &texts, 0, 1, items, &memory, &kit_error), TENON_OK);
    tenon_memory_free (memory);
    kit_failed (tenon_value_items (open, &texts, 0, 2, items, &memory, &kit_error), TENON_E_MALFORMED,
                "200 bytes, 2 are left");
    ck_assert_ptr_null (memory);
    tenon_close (open);
}
END_TEST

static void
make_deep (unsigned depth)
{
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 0, 1, 1000);
    put_key (&file, "k", TENON_ARRAY);
    for (unsigned i = 1; i < depth; i++) {
        put_array (&file, TENON_ARRAY, 1);
        kit_le (&file, TENON_ARRAY, 1);
    }
    put_array (&file, TENON_U8, 0);
    kit_file ("f.toyraw", &file);
}

START_TEST (test_depth)
{
    kit_plugins ("toyraw", NULL);
    make_deep (64);
    tenon_close (kit_open ("f.toyraw", NULL, NULL));
    make_deep (65);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_LIMIT, "depth in [limits]");
    make_deep (100);
    ck_assert_int_eq (kit_context ("limits.depth=100"), TENON_OK);
    tenon_close (kit_open ("f.toyraw", NULL, NULL));
    ck_assert_int_eq (kit_context ("limits.metadata_entries=16"), TENON_OK);
    struct bytes file = { .size = 0 };
    kit_raw_head (&file, 0, ENTRIES, 1000);
    put_entries (&file);
    kit_file ("f.toyraw", &file);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_LIMIT,
                    "more than 16 metadata entries; raise metadata_entries");
    ck_assert_int_eq (kit_context ("limits.metadata_bytes=60"), TENON_OK);
    kit_open_fails ("f.toyraw", NULL, NULL, TENON_E_LIMIT,
                    "more than 60 bytes of metadata; raise metadata_bytes");
}
END_TEST

/* ---- saving ---- */

/* Saving the file again gives the same bytes; in the other byte order, the same values. */
START_TEST (test_copy)
{
    make_file ();
    struct bytes wanted = { .size = 0 };
    kit_raw_head (&wanted, 0, ENTRIES, 0);
    put_entries (&wanted);
    uint64_t data = (wanted.size + 63) / 64 * 64;
    wanted.size = 0;
    kit_raw_head (&wanted, 0, ENTRIES, data);
    put_entries (&wanted);
    kit_pad (&wanted, data);
    char from[256], to[256];
    strcpy (from, kit_path ("f.toyraw"));
    strcpy (to, kit_path ("copy.toyraw"));
    tenon_report *report = NULL;
    tenon_status status = tenon_convert (kit, from, to, NULL, NULL, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (!kit_reported (report, TENON_LOSS, ""));
    tenon_report_free (report);
    kit_same_file ("copy.toyraw", &wanted);
    tenon_save_options save;
    KIT_INIT (save);
    save.settings = (const char *const[]){ "toyraw.header=big", NULL };
    status = tenon_convert (kit, from, to, NULL, &save, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_file *file = kit_open ("copy.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_metadata_count (file), ENTRIES);
    check_scalars (file);
    check_strings (file);
    check_arrays (file);
    tenon_close (file);
    /* and back to little-endian */
    char back[256];
    strcpy (back, kit_path ("back.toyraw"));
    status = tenon_convert (kit, to, back, NULL, NULL, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    kit_same_file ("back.toyraw", &wanted);
}
END_TEST

/* A format that holds strings only, and one without metadata: the loss is reported, or refused by a strict
 * save. */
START_TEST (test_loss)
{
    make_file ();
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    tenon_plan *plan = kit_plan ();
    ck_assert_int_eq (tenon_plan_add_metadata_from (plan, file, &kit_error), TENON_OK);
    tenon_close (file); /* the plan keeps the source open */
    tenon_report *report = NULL;
    tenon_status status = kit_write (plan, "out", "toylist", NULL, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_report_entry entry;
    unsigned losses = 0;
    KIT_INIT (entry);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        losses += entry.kind == TENON_LOSS;
        ck_assert_str_ne (entry.subject, "text");
    }
    ck_assert_uint_eq (losses, ENTRIES - 1);
    ck_assert (kit_reported (report, TENON_LOSS, "the format toylist keeps only strings as metadata"));
    tenon_report_free (report);
    tenon_save_options save;
    KIT_INIT (save);
    save.flags = TENON_SAVE_STRICT;
    save.format = "toylist";
    status = tenon_save (plan, kit_path ("strict"), &save, &report, NULL, &kit_error);
    kit_failed (status, TENON_E_LOSS, "");
    tenon_report_free (report);
    ck_assert (!kit_exists ("strict") && !kit_exists ("strict.toylist"));
    /* the extension is appended to a name that has none of the codec's */
    save.flags = 0;
    status = tenon_save (plan, kit_path ("appended"), &save, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_exists ("appended.toylist"));
    tenon_plan_free (plan);
}
END_TEST

/* A codec that was made before maps and mixed arrays gets none of them: the host reports the loss. */
START_TEST (test_trees_are_lost)
{
    struct tenon_value tree = tree_of_all_kinds (), mixed = tree.as.items[1], nested = tree.as.items[3],
                       number = tree.as.items[7];
    static const char *const lost[] = { "map", "mixed", "nested" };
    tenon_report *report = NULL;
    kit_plugins ("toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "map", &tree, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "mixed", &mixed, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "nested", &nested, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "number", &number, &kit_error), TENON_OK);
    ck_assert_int_eq (kit_write (plan, "out.toyraw", "toyraw", NULL, &report), TENON_OK);
    tenon_plan_free (plan);
    ck_assert (kit_reported (report, TENON_LOSS, "the format toyraw keeps no maps as metadata"));
    ck_assert (kit_reported (report, TENON_LOSS, "keeps no arrays of several types as metadata"));
    tenon_report_entry entry;
    unsigned losses = 0;
    KIT_INIT (entry);
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        if (entry.kind != TENON_LOSS)
            continue;
        ck_assert_uint_lt (losses, 3);
        ck_assert_str_eq (entry.subject, lost[losses++]);
    }
    ck_assert_uint_eq (losses, 3);
    tenon_report_free (report);
    tenon_file *file = kit_open ("out.toyraw", NULL, NULL);
    struct tenon_value found = value_of (file, "number");
    expect_same (&found, &number, "number");
    ck_assert_uint_eq (tenon_metadata_count (file), 1);
    tenon_close (file);
}
END_TEST

/* ---- options ---- */

START_TEST (test_options)
{
    struct bytes wanted = { .size = 0 };
    kit_plugins ("toyraw", "toyraw.gap=3 toyraw.stamp=mine");
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "y", "u16", 0, 1, KIT_SHAPE (1), "\x34\x12", 2);
    tenon_status status =
        kit_write (plan, "f", "toyraw",
                   "toyraw.align=16B toyraw.endian=big toyraw.header=little toyraw.slack=0.5 "
                   "toyraw.trailer=yes",
                   NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    /* header: 24 + stamp 2+5+1+4+4 + x 2+1+3+1+4+8+16 + y 2+1+4+1+4+8+16 = 111; half as much again is 166,
     * aligned 176 */
    kit_raw_head (&wanted, 2, 1, 176);
    kit_name (&wanted, "stamp");
    kit_le (&wanted, TENON_STRING, 1);
    put_string (&wanted, "mine", 4);
    kit_raw_tensor (&wanted, "x", "u8", TENON_BIG_ENDIAN, 1, KIT_SHAPE (4), 16, 4);
    kit_raw_tensor (&wanted, "y", "u16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (1), 32, 2);
    ck_assert_uint_eq (wanted.size, 111);
    kit_pad (&wanted, 176);
    for (unsigned i = 0; i < 16; i++)
        kit_le (&wanted, 0xee, 1);
    kit_text (&wanted, "\1\2\3\4");
    for (unsigned i = 0; i < 12; i++)
        kit_le (&wanted, 0xee, 1);
    kit_text (&wanted, "\x12\x34TOYEND\n");
    kit_same_file ("f", &wanted);
    /* values that no option accepts */
    static const struct {
        const char *setting, *words;
    } wrong[] = {
        { "toyraw.align=0", "align" },
        { "toyraw.align=2MiB", "align" },
        { "toyraw.gap=1.5", "gap" },
        { "toyraw.gap=-1", "gap" },
        { "toyraw.slack=much", "slack" },
        { "toyraw.trailer=perhaps", "trailer" },
        { "toyraw.order=column", "keep c fortran" },
        { "toyraw.slack=nan", "slack" },
        { "toyraw.gapp=1", "gap" },
        { "toyrow.gap=1", "toyraw" },
        { "toyraw.gap", "" },
        { "gap=1", "" },
    };
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        status = kit_write (plan, "g", "toyraw", wrong[i].setting, NULL);
        ck_assert_msg (status == TENON_E_CONFIG, "%s: %s: %s", wrong[i].setting, tenon_status_name (status),
                       kit_error.message);
        kit_said (kit_error.message, wrong[i].words);
        ck_assert (!kit_exists ("g"));
    }
    tenon_plan_free (plan);
    kit_failed (kit_context ("toyraw.align=0"), TENON_E_CONFIG, "align");
    ck_assert_ptr_null (kit);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "metadata");
    tcase_add_test (tests, test_read);
    tcase_add_test (tests, test_lying_string);
    tcase_add_test (tests, test_depth);
    tcase_add_test (tests, test_copy);
    tcase_add_test (tests, test_loss);
    tcase_add_test (tests, test_trees_are_lost);
    tests = kit_case (suite, "options");
    tcase_add_test (tests, test_options);
}

int
main (void)
{
    return kit_main ("meta", fill_suite);
}
