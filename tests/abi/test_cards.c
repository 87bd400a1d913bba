/* SPDX-License-Identifier: MIT */
/* test_cards.c - keys that occur twice, arrays of many strings, arrays in scratch memory that grow, and
 * hidden codecs: all of the plugin toycards. */
#include "kit.h"

/* Expects the string value of a key. */
static void
expect_text (tenon_file *file, const char *key, const char *text)
{
    struct tenon_value value = kit_value (file, key);
    ck_assert_uint_eq (value.type, TENON_STRING);
    ck_assert_uint_eq (value.count, strlen (text));
    ck_assert_mem_eq (value.as.string, text, strlen (text));
}

/* Item `index` of an array of strings. */
static void
expect_item (tenon_file *file, const char *key, uint64_t index, const char *text)
{
    struct tenon_value array = kit_value (file, key), item;
    tenon_memory *memory;
    ck_assert_int_eq (tenon_value_items (file, &array, index, 1, &item, &memory, &kit_error), TENON_OK);
    ck_assert_uint_eq (item.count, strlen (text));
    ck_assert_mem_eq (item.as.string, text, strlen (text));
    tenon_memory_free (memory);
}

static void
save_text (const char *name, const char *text)
{
    kit_save (name, text, strlen (text));
}

/* ---- keys ---- */

START_TEST (test_keys_twice)
{
    static const char text[] =
        "TOYCARDS\nRUN a\nCOMMENT one\nRUN b\nCOMMENT two\nRUN c\nDATE today\nEND\nSLIP\1\2";
    kit_plugins ("toycards", NULL);
    save_text ("f.toycards", text);
    tenon_file *file = kit_open ("f.toycards", NULL, NULL);
    expect_text (file, "RUN", "a");
    expect_text (file, "RUN#2", "b");
    expect_text (file, "RUN#3", "c");
    expect_text (file, "DATE", "today");
    expect_item (file, "COMMENT", 0, "one");
    expect_item (file, "COMMENT", 1, "two");
    kit_data (file, "slip", "", "\1\2", 2);
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    tenon_close (file);
    ck_assert_int_eq (kit_write (plan, "g.toycards", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    static struct bytes sorted;
    kit_text (&sorted, "TOYCARDS\nRUN a\nRUN b\nRUN c\nDATE today\nCOMMENT one\nCOMMENT two\nEND\nSLIP\1\2");
    kit_same_file ("g.toycards", &sorted);
}
END_TEST

/* ---- many strings ---- */

enum { MANY = 1000000 };

/* A million strings, packed, of 8 bytes and their length. */
static uint8_t *
make_strings (void)
{
    uint8_t *packed = calloc (MANY, 12);
    ck_assert_ptr_nonnull (packed);
    for (unsigned i = 0; i < MANY; i++) {
        char text[9];
        snprintf (text, sizeof text, "%08u", i);
        packed[12 * (size_t) i] = 8;
        memcpy (packed + 12 * (size_t) i + 4, text, 8);
    }
    return packed;
}

/* A codec that writes them gets by with 64 KiB of scratch; their values alone have 64 MB. */
START_TEST (test_many_written)
{
    uint8_t *packed = make_strings ();
    struct tenon_value array = { .type = TENON_ARRAY,
                                 .item_type = TENON_STRING,
                                 .count = MANY,
                                 .encoding = TENON_STRINGS_32,
                                 .source = TENON_NO_SOURCE,
                                 .length = 12 * (uint64_t) MANY,
                                 .as.memory = packed };
    kit_plugins ("toycards", "limits.header_bytes=64KiB");
    tenon_plan *plan = kit_plan ();
    ck_assert_int_eq (tenon_plan_add_metadata (plan, "COMMENT", &array, &kit_error), TENON_OK);
    tenon_status status = kit_write (plan, "f.toycards", NULL, NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    free (packed);
    size_t size;
    const uint8_t *bytes = kit_load ("f.toycards", &size);
    ck_assert_uint_eq (size, 9 + 17 * (size_t) MANY + 4 + 8);
    ck_assert_mem_eq (bytes + 9, "COMMENT 00000000\nCOMMENT 00000001\n", 34);
    ck_assert_mem_eq (bytes + 9 + 17 * (MANY - 1), "COMMENT 00999999\nEND\nSLIP\1\2\3\4", 29);
}
END_TEST

/* What grows to 12 MB takes no more than 32 MB of scratch: rooms of 16 MiB and less. The file is 17 MB. */
START_TEST (test_many_read)
{
    char *text = malloc (17 * (size_t) MANY + 30), *end = text;
    ck_assert_ptr_nonnull (text);
    end += sprintf (end, "TOYCARDS\n");
    for (unsigned i = 0; i < MANY; i++)
        end += sprintf (end, "COMMENT %08u\n", i);
    end += sprintf (end, "END\nSLIPx");
    kit_plugins ("toycards", "limits.header_bytes=52000000");
    kit_save ("f.toycards", text, (size_t) (end - text));
    free (text);
    tenon_file *file = kit_open ("f.toycards", NULL, NULL);
    ck_assert_uint_eq (kit_value (file, "COMMENT").count, MANY);
    expect_item (file, "COMMENT", 0, "00000000");
    expect_item (file, "COMMENT", MANY - 1, "00999999");
    tenon_close (file);
    ck_assert_int_eq (kit_context ("limits.header_bytes=40000000"), TENON_OK);
    kit_open_fails ("f.toycards", NULL, NULL, TENON_E_LIMIT, "raise header_bytes in [limits]");
}
END_TEST

/* ---- hidden ---- */

/* The place of a codec in the context. */
static tenon_codec_info
find_codec (const char *id)
{
    tenon_codec_info info;
    for (uint64_t i = 0; i < tenon_codec_count (kit); i++) {
        KIT_INIT (info);
        ck_assert_int_eq (tenon_codec_get (kit, i, &info), TENON_OK);
        if (strcmp (info.id, id) == 0)
            return info;
    }
    ck_abort_msg ("there is no codec %s", id);
    return info;
}

/* Neither bytes nor names lead to it; its id does. */
START_TEST (test_hidden)
{
    kit_plugins ("toycards", NULL);
    ck_assert_uint_eq (find_codec ("toyslip").flags,
                       TENON_CAN_READ | TENON_CAN_WRITE | TENON_CAN_STREAM | TENON_IS_HIDDEN);
    ck_assert_uint_eq (find_codec ("toycards").flags & TENON_IS_HIDDEN, 0);
    save_text ("f.slip", "SLIP12");
    kit_open_fails ("f.slip", NULL, NULL, TENON_E_UNRECOGNISED, "no codec recognises it");
    kit_open_fails ("f.slip", "slip", NULL, TENON_E_NOT_FOUND, "there is no codec 'slip'");
    tenon_file *file = kit_open ("f.slip", "toyslip", NULL);
    kit_data (file, "f", "", "12", 2);
    tenon_close (file);
    tenon_plan *plan = kit_plan ();
    kit_failed (kit_write (plan, "g.slip", NULL, NULL, NULL), TENON_E_UNRECOGNISED,
                "no codec writes files with this extension (there are .toycards)");
    ck_assert_int_eq (kit_write (plan, "g.slip", "toyslip", NULL, NULL), TENON_OK);
    static struct bytes bytes;
    kit_text (&bytes, "SLIP\1\2\3\4");
    kit_same_file ("g.slip", &bytes);
    tenon_plan_free (plan);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cards = kit_case (suite, "cards");
    tcase_add_test (cards, test_keys_twice);
    tcase_add_test (cards, test_many_written);
    tcase_add_test (cards, test_many_read);
    tcase_add_test (cards, test_hidden);
}

int
main (void)
{
    return kit_main ("cards", fill_suite);
}
