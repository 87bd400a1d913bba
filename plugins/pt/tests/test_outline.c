/* SPDX-License-Identifier: MIT */
/* test_outline.c - tenon.pt, which tells what the containers of a file were. */
#include "kit.h"
#include <stdio.h>

#define ORDERED "ccollections\nOrderedDict\n)R"
#define PART(text) "\n[" text "]"

/* The outline of a file around this pickle; "": it has none. */
static const char *
outline_of (const char *pickle, size_t size)
{
    static char text[2000];
    struct bytes bytes = file_around (pickle, size);
    tenon_file *file = open_bytes (&bytes, "x.pt");
    ck_assert_msg (file != NULL, "%s", error.message);
    text[0] = 0;
    for (uint64_t i = 0; i < tenon_metadata_count (file); i++) {
        tenon_metadata_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_metadata_get (file, i, &info), TENON_OK);
        if (strcmp (info.key, "tenon.pt") != 0)
            continue;
        ck_assert_uint_eq (info.value.type, TENON_STRING);
        ck_assert_uint_lt (info.value.count, sizeof text);
        memcpy (text, info.value.as.string, info.value.count);
        text[info.value.count] = 0;
    }
    close_file (file);
    free (bytes.data);
    return text;
}

static const struct {
    const char *pickle;
    size_t size;
    const char *parts; /* NULL: no outline */
} cases[] = {
#define CASE(pickle, parts)                                                                                  \
    {                                                                                                        \
        "\x80\x02" pickle ".", sizeof pickle + 2, parts                                                      \
    }
    /* one dict of tensors says all by its names; one that has metadata says that these belong there */
    CASE ("}" TEXT1 ("x") TENSOR "s", NULL),
    CASE ("}(" TEXT1 ("x") TENSOR TEXT1 ("n") "K\x05u", PART ("\"\",\"dict\",\"values\"")),
    CASE (ORDERED TEXT1 ("x") TENSOR "s", NULL),
    CASE (TENSOR, NULL),
    /* dicts in dicts, with the kinds of their keys */
    CASE ("}" TEXT1 ("a") "}" TEXT1 ("x") TENSOR "ss", PART ("\"\",\"dict\"") "," PART ("\"a\",\"dict\"")),
    CASE ("}(" TEXT1 ("a") "}K\x07" TENSOR "s" TEXT1 ("n") "Nu",
          PART ("\"\",\"dict\",\"values\"") "," PART ("\"a\",\"int\"")),
    CASE ("}" TEXT1 ("a") ORDERED TEXT1 ("x") TENSOR "ss",
          PART ("\"\",\"dict\"") "," PART ("\"a\",\"ordered\"")),
    CASE ("}" TEXT1 ("a") "}(K\x01K\x02" TEXT1 ("x") TENSOR "us",
          PART ("\"\",\"dict\"") "," PART ("\"a\",\"dict\"")),
    /* lists and tuples, of tensors and of numbers */
    CASE ("](" TENSOR TENSOR "e", PART ("\"\",\"list\"")),
    CASE (TENSOR "\x85", PART ("\"\",\"tuple\"")),
    CASE ("}" TEXT1 ("a") "](" TENSOR "}es",
          PART ("\"\",\"dict\"") "," PART ("\"a\",\"list\"") "," PART ("\"a.1\",\"dict\"")),
    CASE ("}" TEXT1 ("t") "K\x01K\x02\x86s", PART ("\"\",\"dict\",\"values\"") "," PART ("\"t\",\"tuple\"")),
    CASE ("}" TEXT1 ("l") "](K\x01K\x02"
                          "es",
          PART ("\"\",\"dict\",\"values\"")),
    /* what is empty has no other trace */
    CASE ("}(" TEXT1 ("l") "]" TEXT1 ("t") ")" TEXT1 ("d") "}" TEXT1 ("o") ORDERED "u",
          PART ("\"\",\"dict\"") "," PART ("\"l\",\"list\"") "," PART ("\"t\",\"tuple\"") "," PART (
              "\"d\",\"dict\"") "," PART ("\"o\",\"ordered\"")),
    CASE ("]", PART ("\"\",\"list\"")),
    CASE (")", PART ("\"\",\"tuple\"")),
    CASE ("}", NULL),
    CASE ("K\x01\x85", PART ("\"\",\"dict\",\"values\"")),
    /* attributes, as state dicts have them */
    CASE (ORDERED TEXT1 ("x") TENSOR "s}" TEXT1 ("m") "}" TEXT1 ("v") "K\x02ssb",
          PART ("\"\",\"ordered\"") "," PART ("\"m\",\"dict\",\"attribute\"")),
    /* a name is escaped */
    CASE ("}" TEXT1 ("\"") "}" TEXT1 ("x") TENSOR "ss",
          PART ("\"\",\"dict\"") "," PART ("\"\\\"\",\"dict\"")),
};

START_TEST (containers_are_told)
{
    char wanted[2000] = "";
    const char *found = outline_of (cases[_i].pickle, cases[_i].size);
    if (cases[_i].parts)
        snprintf (wanted, sizeof wanted, "{\"tenon\":1,\"parts\":[%s]}", cases[_i].parts);
    ck_assert_msg (strcmp (found, wanted) == 0, "case %d: '%s', expected '%s'", _i, found, wanted);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("outline");
    TCase *tests = tcase_create ("outline");
    tcase_add_checked_fixture (tests, setup, teardown);
    tcase_add_loop_test (tests, containers_are_told, 0, sizeof cases / sizeof cases[0]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
