/* SPDX-License-Identifier: MIT */
/* test_metadata_bad.c - members __tenon__.npy of other programs, with other contents, or damaged. */
#include "archive.h"
#include <stdio.h>

static struct tenon_value
value_of (const tenon_file *file, const char *key)
{
    tenon_metadata_info info = { .struct_size = sizeof info };
    uint64_t index;
    ck_assert_msg (tenon_metadata_find (file, key, &index) == TENON_OK, "%s is not there", key);
    ck_assert_int_eq (tenon_metadata_get (file, index, &info), TENON_OK);
    return info.value;
}

/* ---- members of other programs ---- */

static uint8_t npy[65536];

/* Makes an archive of one member of that name with this JSON. */
static void
put_json (const char *json, size_t length, int deflated)
{
    char shape[32];
    snprintf (shape, sizeof shape, "(%zu,)", length);
    struct buffer head = npy_of ("|u1", shape, 0), all = { npy, 0 };
    put (&all, head.data, head.size);
    put (&all, json, length);
    archive_begin ();
    member_of ("__tenon__.npy", &all, deflated);
    member_end ();
    archive_end ();
}

/* JSON with blanks and escapes that the writer does not make. */
static const char by_hand[] =
    "{ \"tenon\" : 1, \"metad\\u0061ta\" : [\n"
    " {\"key\":\"\\u0061\",\"type\":\"u32\",\"value\":32},\n"
    " {\"key\":\"b\",\"type\":\"array\",\"items\":\"string\",\"value\":[\"\\u00e4\",\"\"]},\n"
    " {\"key\":\"n\",\"type\":\"f32\",\"value\":{\"bits\":9221120237577961472}},\n"
    " {\"key\":\"f\",\"type\":\"f64\",\"value\":1},\n"
    " {\"key\":\"h\",\"type\":\"string\",\"value\":{\"hex\":\"00ff\"}} ] }\n";

START_TEST (made_by_hand)
{
    put_json (by_hand, sizeof by_hand - 1, _i);
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert (tenon_count (file) == 0 && tenon_metadata_count (file) == 5);
    ck_assert_uint_eq (value_of (file, "a").as.u, 32);
    struct tenon_value found = value_of (file, "b");
    ck_assert (found.count == 2 && found.length == 18
               && memcmp (found.as.memory, "\2\0\0\0\0\0\0\0\xc3\xa4\0\0\0\0\0\0\0\0", 18) == 0);
    ck_assert_uint_eq (value_of (file, "n").as.u, 0x7ff8000020000000);
    ck_assert (value_of (file, "f").as.f == 1.0);
    found = value_of (file, "h");
    ck_assert (found.type == TENON_STRING && found.count == 2 && memcmp (found.as.string, "\0\xff", 2) == 0);
    close_archive (file);
}
END_TEST

/* The member is read as a tensor, with a note of these words. */
static void
is_tensor (const char *words)
{
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s; expected '%s'", error.message, words);
    ck_assert_msg (tenon_count (file) == 1 && tenon_metadata_count (file) == 0, "expected '%s'", words);
    ck_assert_msg (noted (file, words), "no note has the words '%s'", words);
    close_archive (file);
}

#define ENTRY(text) "{\"tenon\":1,\"metadata\":[{\"key\":\"k\"," text "}]}"
static const struct {
    const char *json, *words;
} others[] = {
    { "", "found the end" },
    { "no", "at byte 1 of its JSON: found 'o'" },
    { "[]", "something unexpected" },
    { "{}", "something unexpected" },
    { "{\"tenon\":2,\"metadata\":[]}", "at byte 9 of its JSON" },
    { "{\"tenon\":1.0,\"metadata\":[]}", "at byte 9 of its JSON: found 1.0" },
    { "{\"tenon\":\"1\",\"metadata\":[]}", "something unexpected" },
    { "{\"tenon\":1}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":{}}", "at byte 22 of its JSON" },
    { "{\"tenon\":1,\"metadata\":[],\"more\":0}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[]} x", "at byte 26 of its JSON: found 'x', expected the end" },
    { "{\"tenon\":1,\"metadata\":[0]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"\",\"type\":\"u8\",\"value\":1}]}", "is empty" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"a\\u0000\",\"type\":\"u8\",\"value\":1}]}", "holds a NUL" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":1,\"type\":\"u8\",\"value\":1}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\",\"value\":1},{\"key\":\"\\u006b\",\"type\":"
      "\"u8\",\"value\":1}]}",
      "occurs twice" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"value\":1,\"type\":\"u8\"}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\"}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\",\"value\":1,\"more\":1}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u9\",\"value\":1}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f16\",\"value\":1}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"value\":[]}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":[\"u8\"],\"value\":[]}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"null\",\"value\":[]}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"u8\",\"value\":1}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\",\"value\":[1]}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\",\"value\":256}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\",\"value\":-1}]}", "whole number" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u8\",\"value\":1.0}]}", "whole number" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"i8\",\"value\":128}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"i8\",\"value\":-129}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"u64\",\"value\":18446744073709551616}]}",
      "whole number" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"i64\",\"value\":9223372036854775808}]}",
      "whole number" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"bool\",\"value\":1}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"null\",\"value\":0}]}", "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f32\",\"value\":3.5e38}]}", "a float holds" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f64\",\"value\":1e999}]}", "a double holds" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f64\",\"value\":NaN}]}", "a value" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f64\",\"value\":{\"bits\":0}}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f32\",\"value\":{\"bits\":9221120237041090561}}]"
      "}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f64\",\"value\":{\"bits\":9221120237041090560,"
      "\"x\":1}}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f64\",\"value\":{\"bits\":18446744073709551616}}]"
      "}",
      "whole number" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"f32\",\"value\":null}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"string\",\"value\":1}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"string\",\"value\":{\"hex\":\"abc\"}}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"string\",\"value\":{\"hex\":\"AB\"}}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"string\",\"value\":{}}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"u8\",\"value\":[1,256]}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"string\",\"value\":[\"a\",1]}"
      "]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"string\",\"value\":[\"a\",{"
      "\"hex\":\"0\"}]}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"array\",\"value\":[1]}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"array\",\"value\":[{\"type\":"
      "\"u8\",\"value\":1}]}]}",
      "something unexpected" },
    { "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",\"type\":\"array\",\"items\":\"array\",\"value\":[{\"type\":"
      "\"array\",\"items\":\"u8\",\"value\":[],\"x\":1}]}]}",
      "something unexpected" },
};

START_TEST (other_json)
{
    put_json (others[_i].json, strlen (others[_i].json), _i % 2);
    is_tensor (others[_i].words);
}
END_TEST

START_TEST (nested_too_deeply)
{
    char json[4000] = "{\"tenon\":1,\"metadata\":[{\"key\":\"k\",";
    for (unsigned i = 0; i < 31; i++)
        strcat (json, "\"type\":\"array\",\"items\":\"array\",\"value\":[{");
    strcat (json, "\"type\":\"array\",\"items\":\"u8\",\"value\":[]");
    for (unsigned i = 0; i < 31; i++)
        strcat (json, "}]");
    strcat (json, "}]}");
    put_json (json, strlen (json), 0);
    is_tensor ("of its JSON");
}
END_TEST

/* Other arrays of that name. */
START_TEST (other_arrays)
{
    static const struct {
        const char *descr, *shape;
        size_t size;
    } arrays[] = { { "|i1", "(4,)", 4 }, { "<f4", "(2,)", 8 }, { "|u1", "(2, 2)", 4 }, { "|u1", "()", 1 } };
    for (unsigned i = 0; i < 4; i++) {
        struct buffer bytes = npy_of (arrays[i].descr, arrays[i].shape, arrays[i].size);
        archive_begin ();
        member_of ("__tenon__.npy", &bytes, 0);
        member_end ();
        archive_end ();
        is_tensor ("no array of u1 with one dim");
    }
    struct buffer bytes = npy_of ("|u1", "(4,)", 4);
    archive_begin ();
    member_of ("__tenon__.npy", &bytes, 0);
    member_end ();
    archive_end ();
    settings ("limits.metadata_bytes=131");
    is_tensor ("larger than metadata_bytes");
    settings ("limits.metadata_bytes=132");
    is_tensor ("at byte 0 of its JSON: found byte 0x01, expected a value");
}
END_TEST

/* ---- damage ---- */

START_TEST (cut_off)
{
    settings ("zip.verify=no");
    for (size_t length = 0; length < sizeof by_hand - 4; length++) {
        put_json (by_hand, length, length % 2 > 0);
        is_tensor ("of its JSON");
    }
}
END_TEST

/* With any byte changed: no crash, and without the checksum either metadata or a tensor. */
START_TEST (every_byte_changed)
{
    for (size_t i = 0; i < sizeof by_hand - 1; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            put_json (by_hand, sizeof by_hand - 1, 0);
            size_t at = archive.file.size - 22 - archive.directory.size - (sizeof by_hand - 1) + i;
            archive.file.data[at] ^= (uint8_t) (1u << bit);
            settings ("zip.verify=read");
            spoiled (TENON_E_CHECKSUM, "__tenon__");
            settings ("zip.verify=no");
            tenon_file *file = open_archive ();
            ck_assert_msg (file != NULL, "%s", error.message);
            ck_assert (tenon_count (file) == 1 ? tenon_metadata_count (file) == 0
                                               : tenon_metadata_count (file) == 5);
            close_archive (file);
        }
}
END_TEST

START_TEST (deflated_and_changed)
{
    put_json (by_hand, sizeof by_hand - 1, 1);
    for (size_t i = 30 + 13; i < archive.file.size - 22 - archive.directory.size; i++) {
        put_json (by_hand, sizeof by_hand - 1, 1);
        archive.file.data[i] ^= (uint8_t) (1u << i % 8);
        tenon_file *file = open_archive ();
        ck_assert_msg (file || strstr (error.file, "__tenon__.npy")
                           || strstr (error.message, "__tenon__.npy"),
                       "%s: %s", error.file, error.message);
        /* some bits of the last byte are unused */
        ck_assert (!file || tenon_metadata_count (file) == (tenon_count (file) == 1 ? 0 : 5));
        close_archive (file);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("metadata that are bad");
    TCase *cases = tcase_create ("metadata that are bad");
    tcase_add_checked_fixture (cases, setup, teardown);
    tcase_add_loop_test (cases, made_by_hand, 0, 2);
    tcase_add_loop_test (cases, other_json, 0, sizeof others / sizeof others[0]);
    tcase_add_test (cases, nested_too_deeply);
    tcase_add_test (cases, other_arrays);
    tcase_add_test (cases, cut_off);
    tcase_add_test (cases, every_byte_changed);
    tcase_add_test (cases, deflated_and_changed);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
