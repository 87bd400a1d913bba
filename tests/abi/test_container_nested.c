/* SPDX-License-Identifier: MIT */
/* test_container_nested.c - containers in containers: what is decoded, how deep, and under which names. */
#include "boxes.h"
#include <zlib.h>

/* Each level is a box that holds the previous box, with each filter in turn. */
static void
wrap_box (struct box *box, const char *name, unsigned filter)
{
    static struct bytes inner, stored;
    uint64_t ends[16];
    box_end (box);
    inner = box->file;
    if (filter == STORED)
        stored = inner;
    else
        encode_member (&stored, filter, &inner, filter == TOYROT ? 65536 : 5000, ends);
    box_begin (box);
    box_add (box, name, filter, &stored, inner.size, sum_of (&inner), 0, 0, NULL);
}

START_TEST (test_nested)
{
    static struct box box;
    box_begin (&box);
    add_inner (&box, "raw", "one", DEFLATE, 700, 1);
    wrap_box (&box, "a", STORED);
    wrap_box (&box, "b", TOYXOR);
    wrap_box (&box, "c", DEFLATE);
    wrap_box (&box, "d", TOYROT);
    wrap_box (&box, "e", STORED);
    add_inner (&box, "beside", "two", TOYXOR, 64, 1);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    check_items (file, "one");
    check_items (file, "two");
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_uint_eq (info.sources, 8);
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_close (file);
    file = kit_open ("f.toybox", NULL, "toybox.prefix=yes");
    check_items (file, "e/d/c/b/a/raw/one");
    check_items (file, "beside/two");
    tenon_close (file);
    ck_assert_int_eq (kit_context ("limits.depth=4"), TENON_OK);
    kit_open_fails ("f.toybox", NULL, NULL, TENON_E_LIMIT, "raise depth in [limits]");
}
END_TEST

/* The innermost box of test_nested lies in four encoded ones, which is the most by default; stored levels do
 * not count. */
START_TEST (test_encoded_depth)
{
    static const struct {
        unsigned encoded, stored;
        const char *limits;
        int opens;
    } cases[] = { { 4, 0, NULL, 1 },
                  { 4, 12, NULL, 1 },
                  { 5, 0, NULL, 0 },
                  { 5, 3, NULL, 0 },
                  { 2, 0, "limits.encoded_depth=1", 0 },
                  { 16, 0, "limits.encoded_depth=16", 1 },
                  { 17, 0, "limits.encoded_depth=16", 0 } };
    static struct box box;
    kit_plugins ("toybox toyraw toyxor", NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        box_begin (&box);
        add_inner (&box, "raw", "one", cases[i].encoded > 0 ? DEFLATE : STORED, 700, 0);
        for (unsigned k = 1; k < cases[i].encoded + cases[i].stored; k++)
            wrap_box (&box, "in", k < cases[i].encoded ? DEFLATE : STORED);
        box_end (&box);
        kit_file ("f.toybox", &box.file);
        ck_assert_int_eq (kit_context (cases[i].limits), TENON_OK);
        if (cases[i].opens)
            tenon_close (kit_open ("f.toybox", NULL, NULL));
        else
            kit_open_fails ("f.toybox", NULL, NULL, TENON_E_LIMIT, "raise encoded_depth in [limits]");
    }
    ck_assert_int_eq (kit_context ("limits.encoded_depth=17"), TENON_E_CONFIG);
}
END_TEST

/* A tensor without a name takes the name of its member, without the extension. Metadata of members are
 * shared, named after the member, or left out. */
START_TEST (test_names)
{
    static struct box box;
    static struct bytes inner;
    tenon_metadata_info entry;
    box_begin (&box);
    for (unsigned i = 0; i < 2; i++) {
        inner.size = 0;
        kit_raw_head (&inner, 1, 1, 64);
        kit_name (&inner, "author");
        kit_le (&inner, TENON_U8, 1);
        kit_le (&inner, 7 + i, 1);
        kit_raw_tensor (&inner, "", "u8", 0, 0, NULL, 0, 1);
        kit_pad (&inner, 64);
        kit_le (&inner, 'a' + i, 1);
        box_add (&box, i ? "dir/w.v2" : "w.toyraw", STORED, &inner, inner.size, sum_of (&inner), 0, 0, NULL);
    }
    inner.size = 0;
    kit_text (&inner, "to whom it may concern");
    box_add (&box, "README", STORED, &inner, inner.size, sum_of (&inner), 0, 0, NULL);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 2);
    kit_data (file, "w", "", "a", 1);
    kit_data (file, "dir/w.v2", "", "b", 1);
    ck_assert_uint_eq (tenon_metadata_count (file), 1);
    ck_assert_uint_eq (kit_value (file, "author").as.u, 7);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, "a member that no codec recognises"));
    tenon_close (file);
    file = kit_open ("f.toybox", NULL, "toybox.metadata=named toybox.prefix=yes");
    kit_data (file, "w", "", "a", 1); /* named after the source */
    ck_assert_uint_eq (kit_value (file, "w.toyraw.author").as.u, 7);
    ck_assert_uint_eq (kit_value (file, "dir/w.v2.author").as.u, 8);
    tenon_close (file);
    file = kit_open ("f.toybox", NULL, "toybox.metadata=none");
    ck_assert_uint_eq (tenon_metadata_count (file), 0);
    KIT_INIT (entry);
    ck_assert_int_eq (tenon_metadata_get (file, 0, &entry), TENON_E_NOT_FOUND);
    tenon_close (file);
}
END_TEST

/* An index reaches the files beside it only if it is a file itself: the author of an archive must not choose
 * which files of the reader's folder come into a result. */
START_TEST (test_no_siblings_of_members)
{
    static struct box box;
    static struct bytes index, outer;
    kit_plugins ("toybox toyraw toyset", NULL);
    kit_shard ("one.toyraw", "a", '1', 7);
    kit_text (&index, "TOYSET1\none.toyraw\ta\n");
    kit_file ("i.toyset", &index);
    tenon_file *file = kit_open ("i.toyset", NULL, NULL);
    kit_data (file, "a", "", "1", 1);
    tenon_close (file);
    box_begin (&box);
    box_add (&box, "i.toyset", STORED, &index, index.size,
             (uint32_t) crc32 (0, index.data, (uInt) index.size), 0, 0, NULL);
    box_end (&box);
    kit_file ("b.toybox", &box.file);
    kit_open_fails ("b.toybox", NULL, NULL, TENON_E_NOT_FOUND,
                    "b.toybox: member 'i.toyset': 'one.toyraw' is not looked for");
    kit_open_fails ("b.toybox", NULL, "toybox.prefix=yes", TENON_E_NOT_FOUND,
                    "'one.toyraw' is not looked for");
    file = kit_open ("b.toybox", NULL, "toyset.missing=yes");
    ck_assert_uint_eq (tenon_count (file), 0);
    tenon_close (file);
    /* neither a member of a file that an index names */
    kit_text (&outer, "TOYSET1\nb.toybox\n");
    kit_file ("o.toyset", &outer);
    kit_open_fails ("o.toyset", NULL, NULL, TENON_E_NOT_FOUND, "'one.toyraw' is not looked for");
    /* nor what has no folder */
    tenon_open_options options = { .struct_size = sizeof options, .name = kit_path ("i.toyset") };
    ck_assert_int_eq (tenon_open_memory (kit, index.data, index.size, &options, &file, &kit_error),
                      TENON_E_NOT_FOUND);
    kit_said (kit_error.message, "'one.toyraw' cannot be looked for: the file was opened without a path");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "nested");
    tcase_add_test (tests, test_nested);
    tcase_add_test (tests, test_encoded_depth);
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_no_siblings_of_members);
}

int
main (void)
{
    return kit_main ("container_nested", fill_suite);
}
