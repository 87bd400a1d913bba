/* SPDX-License-Identifier: MIT */
/* test_folder.c - folders as stores: the keyed codec tree describes a folder as it describes an archive, and
 * what lies outside of the folder stays there. */
#include "kit.h"
#include "tests/openat2.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
put_file (const char *name, const char *text)
{
    kit_save (name, text, strlen (text));
}

static void
make_folder (const char *name)
{
    ck_assert_int_eq (mkdir (kit_path (name), 0777), 0);
}

static void
make_link (const char *to, const char *name)
{
    ck_assert_int_eq (symlink (to, kit_path (name)), 0);
}

static const char *
name_of (tenon_file *file, uint64_t index)
{
    tenon_tensor_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    return info.name;
}

static void
make_tree (const char *index)
{
    make_folder ("x");
    make_folder ("x/a");
    put_file ("x/tree.index", index);
    put_file ("x/a/2", "xy");
    put_file ("x/a/1", "abcdef");
    put_file ("x/c", "ABCDEF");
    put_file ("x/d", "\1\2");
    put_file ("x/b", "1234");
}

#define INDEX "tensor last u8 b 4\ntensor first u8 c 2 3\nunder a/\ntensor word u16 d 1\n"

/* ---- reading ---- */

/* The same as test_keys of test_store.c reads from an archive. */
START_TEST (test_keys)
{
    static const char *const paths[] = { "x", "x/", "./x//", "link" };
    kit_plugins ("tree", NULL);
    make_tree (INDEX);
    make_link ("x", "link");
    tenon_file *file = kit_open (paths[_i], NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, "tree");
    ck_assert_uint_eq (info.tensors, 5);
    ck_assert_str_eq (name_of (file, 0), "last");
    ck_assert_str_eq (name_of (file, 1), "first");
    ck_assert_str_eq (name_of (file, 2), "a/1");
    ck_assert_str_eq (name_of (file, 3), "a/2");
    kit_data (file, "last", "", "1234", 4);
    kit_data (file, "first", "", "ABCDEF", 6);
    kit_data (file, "a/1", "", "abcdef", 6);
    kit_data (file, "word", "", "\1\2", 2);
    kit_data (file, "a/2", "", "xy", 2);
    tenon_close (file);
}
END_TEST

START_TEST (test_overlap)
{
    kit_plugins ("tree", NULL);
    make_tree ("tensor x u8 c 6\ntensor y u8 c 6\n");
    kit_open_fails ("x", NULL, NULL, TENON_E_MALFORMED, "overlap");
}
END_TEST

/* What cannot be read hides nothing else. */
START_TEST (test_unreadable)
{
    kit_plugins ("tree", NULL);
    make_tree ("tensor out u8 out 1\ntensor up u8 ../secret 1\ntensor abs u8 /etc/passwd 1\n"
               "tensor way u8 way/secret 1\ntensor fifo u8 fifo 1\ntensor dir u8 a 1\n"
               "tensor gone u8 a/gone 1\ntensor short u8 b 9\ntensor in u8 in 4\n");
    put_file ("secret", "s");
    make_link ("../secret", "x/out");
    make_link ("..", "x/way");
    make_link ("c", "x/in");
    ck_assert_int_eq (mkfifo (kit_path ("x/fifo"), 0666), 0);
    tenon_file *file = kit_open ("x", NULL, NULL);
    kit_data_fails (file, "short", "", TENON_E_TRUNCATED, "");
    if (has_openat2 ())
        kit_data (file, "in", "", "ABCDEF", 4);
    else
        kit_data_fails (file, "in", "", TENON_E_MALFORMED, "cannot tell whether it stays in its folder");
    tenon_close (file);
    put_file ("x/tree.index", "tensor out u8 out 1\ntensor up u8 ../secret 1\ntensor abs u8 /etc/passwd 1\n"
                              "tensor way u8 way/secret 1\ntensor fifo u8 fifo 1\ntensor dir u8 a 1\n"
                              "tensor gone u8 a/gone 1\ntensor loop u8 loop 1\ntensor good u8 b 4\n");
    make_link ("loop", "x/loop");
    file = kit_open ("x", NULL, NULL);
    kit_data_fails (file, "out", "", TENON_E_MALFORMED, "a symbolic link");
    kit_data_fails (file, "loop", "", TENON_E_MALFORMED, has_openat2 () ? "form a loop" : "a symbolic link");
    kit_data_fails (file, "way", "", TENON_E_MALFORMED, "a symbolic link");
    kit_data_fails (file, "up", "", TENON_E_MALFORMED, "'../secret' has a component '.' or '..'");
    kit_data_fails (file, "abs", "", TENON_E_MALFORMED, "'/etc/passwd' begins with '/'");
    kit_data_fails (file, "fifo", "", TENON_E_IO, "no regular file");
    kit_data_fails (file, "dir", "", TENON_E_IO, "it is a folder");
    kit_data_fails (file, "gone", "", TENON_E_NOT_FOUND, "the key 'a/gone' is not there");
    kit_data (file, "good", "", "1234", 4);
    tenon_close (file);
}
END_TEST

/* All keys, with traps among them: those that cannot be read are told, and the others come. */
START_TEST (test_all_keys)
{
    kit_plugins ("tree", NULL);
    make_tree ("under \n");
    make_link ("/etc/passwd", "x/a/out");
    make_link (".", "x/a/self");
    put_file ("x/a/line\nfeed", "lf");
    ck_assert_int_eq (mkfifo (kit_path ("x/fifo"), 0666), 0);
    tenon_file *file = kit_open ("x", NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_uint_eq (info.tensors, 10);
    ck_assert_str_eq (name_of (file, 0), "a/1");
    ck_assert_str_eq (name_of (file, 2), "a/line\nfeed");
    ck_assert_str_eq (name_of (file, 3), "a/out");
    ck_assert_str_eq (name_of (file, 4), "a/self");
    ck_assert_str_eq (name_of (file, 5), "b");
    ck_assert_str_eq (name_of (file, 9), "tree.index");
    kit_data (file, "a/line\nfeed", "", "lf", 2);
    kit_data_fails (file, "a/out", "", TENON_E_MALFORMED, "a symbolic link");
    kit_data_fails (file, "fifo", "", TENON_E_IO, "no regular file");
    tenon_close (file);
}
END_TEST

/* A name that is no UTF-8 is a key that no codec can open. */
START_TEST (test_no_text)
{
    kit_plugins ("tree", NULL);
    make_tree ("under a/\n");
    put_file ("x/a/\xff", "?");
    kit_open_fails ("x", NULL, NULL, TENON_E_MALFORMED, "UTF-8");
}
END_TEST

/* Other codecs describe what lies in it; no file of it reaches the folder around it. */
START_TEST (test_include)
{
    kit_plugins ("tree toyraw toyset", NULL);
    make_folder ("x");
    make_folder ("x/sub");
    kit_shard ("x/sub/s.toyraw", "s", 7, 1);
    kit_shard ("outside.toyraw", "o", 9, 1);
    put_file ("x/sub/broken.toyraw", "RAW");
    put_file ("x/tree.index", "include sub/s.toyraw\ninclude sub/broken.toyraw\n");
    tenon_file *file = kit_open ("x", NULL, NULL);
    kit_data (file, "sub/s.toyraw/s", "", "\7", 1);
    tenon_close (file);
}
END_TEST

/* Two codecs know it, or none; and a set in a folder is found as ever. */
/* The error names the file whose bytes are wrong, and the place in it, not the index that led there. */
START_TEST (test_blame)
{
    make_folder ("x");
    make_folder ("x/data");
    put_file ("x/data/long", "0123456789");
    put_file ("x/data/short", "012");
    put_file ("x/data/empty", "");
    put_file ("x/data/odd", "?");
    kit_plugins ("tree toyraw", NULL);
    put_file ("x/tree.index", "head data/long 9\nhead data/short 9\n");
    kit_open_fails ("x", NULL, NULL, TENON_E_TRUNCATED, "its head needs 9 bytes, 2 are left");
    ck_assert_ptr_nonnull (strstr (kit_error.file, "x/data/short"));
    ck_assert_uint_eq (kit_error.offset, 1);
    put_file ("x/tree.index", "head data/empty 9\n");
    kit_open_fails ("x", NULL, NULL, TENON_E_TRUNCATED, "its first byte needs 1 bytes, 0 are left");
    ck_assert_ptr_nonnull (strstr (kit_error.file, "x/data/empty"));
    put_file ("x/tree.index", "head data/odd 9\n");
    kit_open_fails ("x", NULL, NULL, TENON_E_MALFORMED, "its first byte is a question");
    ck_assert_ptr_nonnull (strstr (kit_error.file, "x/data/odd"));
    put_file ("x/tree.index", "tensor t u8 data/short 9\n");
    tenon_file *file = kit_open ("x", NULL, NULL);
    kit_data_fails (file, "t", "", TENON_E_TRUNCATED, "9 u8 needs 9 bytes at offset 0, the file ends at 3");
    ck_assert_ptr_nonnull (strstr (kit_error.file, "x/data/short"));
    tenon_close (file);
}
END_TEST

START_TEST (test_choice)
{
    kit_plugins ("tree toyraw", NULL);
    make_tree (INDEX);
    kit_shard ("x/s.toyraw", "s", 7, 1);
    tenon_close (kit_open ("x", "tree", NULL));
    tenon_file *file = kit_open ("x", "toyraw", NULL); /* the one file of that codec in the folder */
    kit_data (file, "s", "", "\7", 1);
    tenon_close (file);
    unlink (kit_path ("x/tree.index"));
    file = kit_open ("x", NULL, NULL);
    kit_data (file, "s", "", "\7", 1);
    tenon_close (file);
    kit_open_fails ("x", "tree", NULL, TENON_E_NOT_FOUND, "the key 'tree.index' is not there");
    make_folder ("y.tree"); /* its name says what its keys do not */
    kit_open_fails ("y.tree", NULL, NULL, TENON_E_NOT_FOUND, "the key 'tree.index' is not there");
    make_folder ("z");
    kit_open_fails ("z", NULL, NULL, TENON_E_NOT_FOUND, "it is a folder without a set");
}
END_TEST

START_TEST (test_why)
{
    tenon_report *report;
    kit_plugins ("tree pack", NULL);
    make_tree (INDEX);
    ck_assert_int_eq (tenon_why (kit, kit_path ("x"), NULL, &report, &kit_error), TENON_OK);
    ck_assert (kit_reported (report, TENON_BID, "the key 'tree.index' is one of tree.index"));
    tenon_report_free (report);
}
END_TEST

/* ---- many ---- */

static void
make_many (unsigned folders, unsigned each)
{
    char name[64];
    make_folder ("x");
    put_file ("x/tree.index", "under k/\n");
    make_folder ("x/k");
    for (unsigned i = 0; i < folders; i++) {
        snprintf (name, sizeof name, "x/k/%03u", i);
        make_folder (name);
        for (unsigned k = 0; k < each; k++) { /* links to the files of the first folder: they cost less */
            char first[64];
            snprintf (first, sizeof first, "x/k/000/%03u", k);
            snprintf (name, sizeof name, "x/k/%03u/%03u", i, k);
            if (i > 0)
                ck_assert_int_eq (link (kit_path (first), kit_path (name)), 0);
            else
                kit_save (name, &k, sizeof k);
        }
    }
}

/* 100,000 keys, all open, with few descriptors. */
START_TEST (test_many)
{
    struct rlimit before, few;
    kit_plugins ("tree", NULL);
    make_many (500, 200);
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ 64, before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
    tenon_file *file = kit_open ("x", NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_uint_eq (info.tensors, 100000);
    ck_assert_str_eq (name_of (file, 0), "k/000/000");
    ck_assert_str_eq (name_of (file, 99999), "k/499/199");
    for (unsigned k = 0; k < 200; k += 7) {
        char name[32];
        snprintf (name, sizeof name, "k/%03u/%03u", k * 2, k);
        kit_data (file, name, "", &k, 4);
    }
    tenon_close (file);
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
}
END_TEST

START_TEST (test_limits)
{
    kit_plugins ("tree", "limits.members=20");
    make_many (3, 10);
    kit_open_fails ("x", NULL, NULL, TENON_E_LIMIT, "more than 20 files");
}
END_TEST

static int32_t
stop_at_once (void *user, uint64_t done, uint64_t total)
{
    (void) user, (void) done, (void) total;
    return 1;
}

START_TEST (test_cancelled)
{
    tenon_open_options options;
    tenon_progress progress = { sizeof progress, 0, stop_at_once, NULL };
    tenon_file *file;
    KIT_INIT (options);
    options.progress = &progress;
    kit_plugins ("tree", NULL);
    make_many (20, 100);
    ck_assert_int_eq (tenon_open (kit, kit_path ("x"), &options, &file, &kit_error), TENON_E_CANCELLED);
}
END_TEST

/* A file that was replaced since it was described is not read in its place. */
START_TEST (test_changed)
{
    struct rlimit before, few;
    kit_plugins ("tree", NULL);
    make_many (1, 60);
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ 64, before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
    tenon_open_options options;
    tenon_file *file;
    KIT_INIT (options);
    options.flags = TENON_OPEN_NO_MAP;
    ck_assert_int_eq (tenon_open (kit, kit_path ("x"), &options, &file, &kit_error), TENON_OK);
    put_file ("new", "new!");
    ck_assert_int_eq (rename (kit_path ("new"), kit_path ("x/k/000/000")), 0);
    kit_data_fails (file, "k/000/000", "", TENON_E_BUSY, "open the set again");
    tenon_close (file);
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
}
END_TEST

/* ---- beside a file ---- */

/* Keys of a codec on one file may lie in folders; the way to them leads beneath the folder, but a bare name
 * may be a link to any place. */
START_TEST (test_beside)
{
    kit_plugins ("toyset toyraw", NULL);
    make_folder ("sub");
    make_folder ("cache");
    make_folder ("cache/blobs");
    kit_shard ("sub/a.toyraw", "a", 1, 1);
    kit_shard ("cache/blobs/b.toyraw", "b", 2, 1);
    make_link ("cache/blobs/b.toyraw", "b.toyraw");
    put_file ("good.toyset", "TOYSET1\nsub/a.toyraw\nb.toyraw\n");
    tenon_file *file = kit_open ("good.toyset", NULL, NULL);
    kit_data (file, "a", "", "\1", 1);
    kit_data (file, "b", "", "\2", 1);
    tenon_close (file);
    make_folder ("in");
    make_link ("../cache/blobs", "in/blobs");
    put_file ("in/bad.toyset", "TOYSET1\nblobs/b.toyraw\n");
    kit_open_fails ("in/bad.toyset", NULL, NULL, TENON_E_MALFORMED, "a symbolic link");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *reading = kit_case (suite, "reading");
    tcase_set_timeout (reading, 300);
    tcase_add_loop_test (reading, test_keys, 0, 4);
    tcase_add_test (reading, test_overlap);
    tcase_add_test (reading, test_unreadable);
    tcase_add_test (reading, test_all_keys);
    tcase_add_test (reading, test_no_text);
    tcase_add_test (reading, test_include);
    tcase_add_test (reading, test_blame);
    tcase_add_test (reading, test_choice);
    tcase_add_test (reading, test_why);
    tcase_add_test (reading, test_many);
    tcase_add_test (reading, test_limits);
    tcase_add_test (reading, test_cancelled);
    tcase_add_test (reading, test_changed);
    tcase_add_test (reading, test_beside);
}

int
main (void)
{
    return kit_main ("folder", fill_suite);
}
