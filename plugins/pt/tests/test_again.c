/* SPDX-License-Identifier: MIT */
/* test_again.c - what is read, written and read again is the same catalog: the same keys in the same order,
 * values of the same types, and the same outline. */
#define _GNU_SOURCE
#include "kit.h"
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define P2 "\x80\x02"
#define F16 "ctorch\nfloat16\n"
#define F32 "ctorch\nfloat32\n"
#define DEVICE "ctorch\ndevice\n" TEXT3 ("cpu") "\x85R"
#define PATH "cpathlib\nPosixPath\n(" TEXT1 ("/") TEXT3 ("tmp") "tR"
#define NUMBER(type, count, bytes)                                                                           \
    "cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\nU\x02" type "\x89\x88\x87R"                             \
    "C" count bytes "tR"
#define NUMPY_F4(bytes) NUMBER ("f4", "\x04", bytes)
#define NUMPY_F8(bytes) NUMBER ("f8", "\x08", bytes)
#define ONE4 "\0\0\x80\x3f"
#define ONE8 "\0\0\0\0\0\0\xf0\x3f"
#define BYTES(count, bytes) "\x96" count "\0\0\0\0\0\0\0" bytes

struct object {
    const char *pickle;
    size_t size;
    const char *metadata; /* with their types where Python has no such type */
};
#define CASE(pickle, metadata)                                                                               \
    {                                                                                                        \
        P2 pickle ".", sizeof pickle + 2, metadata                                                           \
    }
static const struct object objects[] = {
    /* lists of what stands for a text or a number are one array each */
    CASE ("}" TEXT1 ("x") "](" F32 F16 "es", "x=['torch.float32','torch.float16']"),
    CASE ("}" TEXT1 ("x") F32 F16 "\x86s", "x=['torch.float32','torch.float16']"),
    CASE ("}" TEXT1 ("x") "](" F32 TEXT1 ("a") DEVICE PATH "es", "x=['torch.float32','a','cpu','/tmp']"),
    CASE ("}" TEXT1 ("x") "](" NUMPY_F4 (ONE4) NUMPY_F4 ("\0\0\0\x40") "es", "x=[1,2]"),
    CASE ("}" TEXT1 ("x") NUMPY_F4 (ONE4) NUMPY_F4 (ONE4) "\x86s", "x=[1,1]"),
    CASE ("}" TEXT1 ("x") "](" NUMBER ("u2", "\x02", "\7\0") NUMBER ("u2", "\x02", "\xff\xff") "es",
          "x=[7u,65535u]"),
    CASE ("}" TEXT1 ("x") "](" NUMBER ("i1", "\x01", "\xff") NUMBER ("i1", "\x01", "\x01") "es", "x=[-1,1]"),
    CASE ("}" TEXT1 ("x") "](" NUMPY_F8 (ONE8) "G\x40\0\0\0\0\0\0\0es", "x=[1,2]"),
    CASE ("}" TEXT1 ("x") "](K\x05\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0es",
          "x=[5u,18446744073709551615u]"),
    /* others are not, and stay apart, though Python has one type for some of them */
    CASE ("}" TEXT1 ("x") "](" NUMPY_F4 (ONE4) NUMPY_F8 (ONE8) "es", "x.0=1 x.1=1"),
    CASE ("}" TEXT1 ("x") "](K\x05" NUMBER ("u2", "\x02", "\7\0") "es", "x.0=5 x.1=7u"),
    CASE ("}" TEXT1 ("x") "](J\xff\xff\xff\xff\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0es",
          "x.0=-1 x.1=18446744073709551615u"),
    CASE ("}" TEXT1 ("x") "](NF0.5\n" F32 "\x88"
                          "es",
          "x.0=null x.1=0.5 x.2='torch.float32' x.3=true"),
    CASE ("}" TEXT1 ("x") "](" BYTES ("\2", "\1\2") BYTES ("\0", "") "es", "x.0=[1u,2u] x.1=[]"),
    /* a list of the name that the outline has */
    CASE ("}"
          "X\x08\0\0\0tenon.pt"
          "](}K\5es",
          "tenon.pt.1=5"),
    /* no bytes have their place, too: before others, alone, as the whole */
    CASE ("}(" TEXT1 ("x") BYTES ("\0", "") TEXT1 ("y") "](" BYTES ("\0", "") "K\1eu", "x=[] y.0=[] y.1=1"),
    CASE ("}" TEXT1 ("x") BYTES ("\0", "") "s", "x=[]"),
    CASE (BYTES ("\0", ""), "value=[]"),
    /* a text that is none in UTF-8 has its place, too: alone, among others, in a list of them */
    CASE ("}(" TEXT1 ("x") TEXT1 ("\xff") TEXT1 ("y") "](" TEXT1 ("\xff") "K\1eu",
          "x='\xff' y.0='\xff' y.1=1"),
    CASE ("}" TEXT1 ("x") "](" TEXT1 ("a") TEXT1 ("\xff") "es", "x=['a','\xff']"),
    /* the order of keys, with dicts and tensors between them */
    CASE ("}(" TEXT1 ("m") "K\1" TEXT1 ("t") TENSOR TEXT1 ("d") "}(" TEXT1 ("t")
              TENSOR TEXT1 ("n") "K\2u" TEXT1 ("l") "K\3K\4\x86" TEXT1 ("z") "N" TEXT1 ("e") "}u",
          "m=1 d.n=2 l=[3,4] z=null"),
    CASE ("}(" TEXT1 ("a") NUMPY_F4 (ONE4) TEXT1 ("b") "K\1" TEXT1 ("c") BYTES ("\1", "\7") "u",
          "a=1 b=1 c=[7u]"),
    /* keys that are numbers, of any size; and one that is empty */
    CASE ("}(\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\1\x8a\x08\0\0\0\0\0\0\0\x80K\2u",
          "9223372036854775807=1 -9223372036854775808=2"),
    CASE ("}" TEXT1 ("a") "}\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
                          "K\1ss",
          "a.9223372036854775807=1"),
    CASE ("}X\0\0\0\0}" TEXT1 ("a") "K\1ss", "value.a=1"),
    /* a list of numbers is no place for what has its name and a dot before its own */
    CASE ("}(" TEXT1 ("a") "K\1K\2\x86" TEXT3 ("a.b") "K\3" TEXT3 ("a.c") TENSOR "u", "a=[1,2] a.b=3"),
    /* wholes of other kinds */
    CASE ("](" F32 F16 "e", "value=['torch.float32','torch.float16']"),
    CASE ("K\5", "value=5"),
    CASE ("](" TENSOR "K\5" TENSOR "e", "1=5"),
};

static tenon_file *
open_object (const struct object *object)
{
    struct bytes bytes = file_around (object->pickle, object->size);
    tenon_file *file = open_bytes (&bytes, "x.pt");
    ck_assert_msg (file != NULL, "%s", error.message);
    free (bytes.data);
    return file;
}

/* Its metadata, the outline too. */
static char *
describe_metadata (const tenon_file *file)
{
    char *text;
    uint64_t index;
    tenon_metadata_info info = { .struct_size = sizeof info };
    int has_outline = tenon_metadata_find (file, "tenon.pt", &index) == TENON_OK;
    if (has_outline)
        tenon_metadata_get (file, index, &info);
    ck_assert_int_gt (asprintf (&text, "%s\n%.*s", listed (file), has_outline ? (int) info.value.count : 0,
                                has_outline ? info.value.as.string : ""),
                      0);
    return text;
}

/* The file, saved in the format pt. */
static struct bytes
save_with (tenon_file *file, tenon_report **report)
{
    struct bytes bytes = { .size = 0 };
    tenon_save_options options = { .struct_size = sizeof options, .format = "pt" };
    tenon_plan *plan;
    int store = memfd_create ("again", MFD_CLOEXEC);
    ck_assert_int_ge (store, 0);
    ck_assert_msg (tenon_plan_new (context, &plan, &error) == TENON_OK
                       && tenon_plan_add_file (plan, file, &error) == TENON_OK
                       && tenon_save_fd (plan, store, &options, report, NULL, &error) == TENON_OK,
                   "%s", error.message);
    tenon_plan_free (plan);
    char buffer[4096];
    ssize_t got;
    for (off_t at = 0; (got = pread (store, buffer, sizeof buffer, at)) > 0; at += got)
        put (&bytes, buffer, (size_t) got);
    close (store);
    return bytes;
}

static struct bytes
save_again (tenon_file *file)
{
    return save_with (file, NULL);
}

static void
check_object (int number)
{
    const struct object *object = &objects[number];
    tenon_file *file = open_object (object);
    char *first = describe_metadata (file);
    ck_assert_msg (strncmp (first, object->metadata, strcspn (first, "\n")) == 0
                       && strlen (object->metadata) == strcspn (first, "\n"),
                   "case %d: '%s', expected '%s'", number, first, object->metadata);
    struct bytes bytes = save_again (file);
    close_file (file);
    file = open_bytes (&bytes, "again.pt");
    ck_assert_msg (file != NULL, "case %d: %s", number, error.message);
    char *second = describe_metadata (file);
    ck_assert_msg (strcmp (first, second) == 0, "case %d: '%s', and then '%s'", number, first, second);
    struct bytes thrice = save_again (file);
    close_file (file);
    ck_assert_msg (thrice.size == bytes.size && memcmp (thrice.data, bytes.data, bytes.size) == 0,
                   "case %d: saved again it is another file", number);
    free (bytes.data), free (thrice.data);
    free (first), free (second);
}

START_TEST (a_file_written_again_has_the_same_catalog)
{
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
        check_object ((int) i);
}
END_TEST

/* Views of a storage that are not the same have storages of their own, and a note tells what that takes. */
START_TEST (views_of_a_storage_are_told)
{
    static const struct {
        const char *pickle;
        size_t size;
        const char *words; /* NULL: no note */
    } views[] = {
#define FIRST3 TENSOR_OF (STORAGE, "K\0K\3\x85K\1\x85")
#define LAST3 TENSOR_OF (STORAGE, "K\1K\3\x85K\1\x85")
#define SQUARE TENSOR_OF (STORAGE, "K\0K\2K\2\x86K\2K\1\x86")
#define CROSSED TENSOR_OF (STORAGE, "K\0K\2K\2\x86K\1K\2\x86")
#define EVEN TENSOR_OF (STORAGE, "K\0K\2\x85K\2\x85")
#define ODD TENSOR_OF (STORAGE, "K\1K\2\x85K\2\x85")
#define HALF TENSOR_OF (STORAGE, "K\2K\2\x85K\1\x85")
#define VIEWS(pickle, words) { P2 pickle ".", sizeof pickle + 2, words }
        /* 12 + 12 bytes, of 16 */
        VIEWS ("}(" TEXT1 ("a") FIRST3 TEXT1 ("b") LAST3 "u",
               "2 tensors, this one and 'b' among them, share bytes in their source; each was written "
               "separately, which takes 8 bytes more"),
        VIEWS ("}(" TEXT1 ("a") SQUARE TEXT1 ("b") CROSSED TEXT1 ("c") HALF "u",
               "3 tensors, this one and 'b' among them, share bytes in their source; each was written "
               "separately, which takes 24 bytes more"),
        /* the same bytes are shared; two halves take what the whole took */
        VIEWS ("}(" TEXT1 ("a") FIRST3 TEXT1 ("b") FIRST3 "u", NULL),
        VIEWS ("}(" TEXT1 ("a") EVEN TEXT1 ("b") ODD "u", NULL),
        VIEWS ("}(" TEXT1 ("a") HALF "u", NULL),
    };
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct bytes bytes = file_around (views[i].pickle, views[i].size);
        tenon_file *file = open_bytes (&bytes, "x.pt");
        tenon_report *report = NULL;
        tenon_report_entry entry = { .struct_size = sizeof entry };
        ck_assert_msg (file != NULL, "%s", error.message);
        struct bytes saved = save_with (file, &report);
        const char *found = NULL;
        for (uint64_t j = 0; j < tenon_report_count (report); j++)
            if (tenon_report_get (report, j, &entry) == TENON_OK && strstr (entry.message, "share"))
                found = entry.message;
        ck_assert_msg (!found == !views[i].words && (!found || strcmp (found, views[i].words) == 0),
                       "case %zu: '%s'", i, found ? found : "");
        tenon_report_free (report);
        close_file (file);
        free (bytes.data), free (saved.data);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("again");
    TCase *tests = tcase_create ("again");
    tcase_add_checked_fixture (tests, setup, teardown);
    tcase_add_test (tests, a_file_written_again_has_the_same_catalog);
    tcase_add_test (tests, views_of_a_storage_are_told);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
