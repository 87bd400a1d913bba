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

/* ---- writing ---- */

static const float numbers[6] = { 1, 2, 3, 4, 5, 6 };

static tenon_status
save_numbers (const char *name, const char *format, float first)
{
    float data[6];
    tenon_plan *plan = kit_plan ();
    memcpy (data, numbers, sizeof data);
    data[0] = first;
    kit_add (plan, "a/m", "f32", 0, 2, KIT_SHAPE (2, 3), data, sizeof data);
    tenon_status status = kit_write (plan, name, format, NULL, NULL);
    tenon_plan_free (plan);
    return status;
}

static void
check_numbers (const char *name, float first)
{
    float data[6];
    memcpy (data, numbers, sizeof data);
    data[0] = first;
    tenon_file *file = kit_open (name, NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, "tree");
    ck_assert_uint_eq (info.tensors, 2);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    kit_data (file, "a/m", "", data, sizeof data);
    tenon_close (file);
}

/* A codec of stores writes a folder, and an archive of the same, with no line of its own. */
START_TEST (test_write)
{
    kit_plugins ("tree", NULL);
    ck_assert_msg (save_numbers ("new.tree", NULL, 1) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree", 1);
    ck_assert (kit_exists ("new.tree/data/a/m"));
    ck_assert (kit_exists ("new.tree/tree.index"));
    ck_assert_msg (save_numbers ("new.tree/", NULL, 9) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree", 9);
    ck_assert_int_eq (save_numbers ("named", "tree", 2), TENON_OK);
    check_numbers ("named", 2);
    ck_assert_int_eq (save_numbers ("exact/", "tree", 3), TENON_OK);
    check_numbers ("exact", 3);
    ck_assert_uint_eq (kit_count_files (), 3);
}
END_TEST

/* The plugin zip of this tree, unless the library has it. */
static void
add_zip (void)
{
    char path[1024];
    const char *built = getenv ("TENON_TEST_PLUGINS");
    snprintf (path, sizeof path, "%s/../../../../plugins/.libs/zip.so",
              built ? built : "tests/abi/plugins/.libs");
    kit_copy ("tree", "tree");
    if (access (path, R_OK) == 0)
        kit_copy ("../../../../plugins/.libs/zip", "zip");
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
}

START_TEST (test_archive)
{
    add_zip ();
    ck_assert_msg (save_numbers ("new.tree.zip", NULL, 1) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree.zip", 1);
    size_t size;
    ck_assert (memcmp (kit_load ("new.tree.zip", &size), "PK\3\4", 4) == 0);
    ck_assert_msg (save_numbers ("named.zip", "tree", 2) == TENON_OK, "%s", kit_error.message);
    check_numbers ("named.zip", 2);
    ck_assert_int_eq (save_numbers ("new.tree", NULL, 3), TENON_OK);
    check_numbers ("new.tree", 3);
    ck_assert_uint_eq (kit_count_files (), 3);
}
END_TEST

/* ---- a folder, and an archive of it ---- */

static tenon_plan *
plan_of_all (void)
{
    static const float columns[6] = { 1, 4, 2, 5, 3, 6 };
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "a/m", "f32", 0, 2, KIT_SHAPE (2, 3), numbers, sizeof numbers);
    kit_add (plan, "a/fortran", "f32", TENON_FORTRAN, 2, KIT_SHAPE (2, 3), columns, sizeof columns);
    kit_add (plan, "swapped", "u16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (2), "\0\1\0\2", 4);
    kit_add (plan, "scalar", "i64", 0, 0, NULL, "\1\0\0\0\0\0\0\200", 8);
    kit_add (plan, "none", "f64", 0, 2, KIT_SHAPE (0, 3), NULL, 0);
    kit_add (plan, "small", "bf16", 0, 3, KIT_SHAPE (1, 3, 1), "abcdef", 6);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const texts[] = { "one", "", "\303\244 = \"2 3\"" };
        struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
        char key[] = "key.0";
        key[4] = (char) ('0' + i);
        value.as.string = texts[i];
        value.count = strlen (texts[i]);
        ck_assert_int_eq (tenon_plan_add_metadata (plan, key, &value, &kit_error), TENON_OK);
    }
    return plan;
}

static void
same_tensor (tenon_file *one, tenon_file *other, uint64_t index, const char *name)
{
    static uint8_t bytes[2][1024];
    tenon_tensor_info infos[2];
    KIT_INIT (infos[0]);
    KIT_INIT (infos[1]);
    ck_assert_int_eq (tenon_get (one, index, &infos[0]), TENON_OK);
    ck_assert_int_eq (tenon_get (other, index, &infos[1]), TENON_OK);
    ck_assert_str_eq (infos[0].name, infos[1].name);
    ck_assert_str_eq (infos[0].dtype_name, infos[1].dtype_name);
    ck_assert_uint_eq (infos[0].nbytes, infos[1].nbytes);
    ck_assert_uint_eq (infos[0].rank, infos[1].rank);
    for (uint32_t i = 0; i < infos[0].rank; i++)
        ck_assert_uint_eq (infos[0].shape[i], infos[1].shape[i]);
    for (int i = 0; i < 2; i++) {
        tenon_request request;
        KIT_INIT (request);
        request.index = index;
        request.data = bytes[i];
        request.size = infos[i].nbytes;
        ck_assert_msg (tenon_read (i ? other : one, &request, 1, NULL, &kit_error) == TENON_OK, "%s: %s",
                       name, kit_error.message);
    }
    ck_assert_msg (memcmp (bytes[0], bytes[1], infos[0].nbytes) == 0, "%s: %s", name, infos[0].name);
}

/* All that an application can ask about the file is the same for both. */
static void
same_catalog (tenon_file *one, const char *name)
{
    tenon_file *other = kit_open (name, NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (other, &info), TENON_OK);
    ck_assert_str_eq (info.format, "tree");
    ck_assert_uint_eq (tenon_count (one), tenon_count (other));
    for (uint64_t i = 0; i < tenon_count (one); i++)
        same_tensor (one, other, i, name);
    ck_assert_uint_eq (tenon_metadata_count (one), tenon_metadata_count (other));
    for (uint64_t i = 0; i < tenon_metadata_count (one); i++) {
        tenon_metadata_info infos[2];
        KIT_INIT (infos[0]);
        KIT_INIT (infos[1]);
        ck_assert_int_eq (tenon_metadata_get (one, i, &infos[0]), TENON_OK);
        ck_assert_int_eq (tenon_metadata_get (other, i, &infos[1]), TENON_OK);
        ck_assert_str_eq (infos[0].key, infos[1].key);
        ck_assert_uint_eq (infos[0].value.type, infos[1].value.type);
        ck_assert_uint_eq (infos[0].value.count, infos[1].value.count);
        ck_assert_mem_eq (infos[0].value.as.string, infos[1].value.as.string, infos[0].value.count);
    }
    tenon_close (other);
}

static void
convert_file (const char *from, const char *to)
{
    char source[512];
    snprintf (source, sizeof source, "%s", kit_path (from));
    tenon_status status = tenon_convert (kit, source, kit_path (to), NULL, NULL, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s to %s: %s", from, to, kit_error.message);
}

/* Bit 0: plugins run in a child. */
START_TEST (test_both_ways)
{
    static const char *const names[] = { "a.tree.zip", "b.tree.zip", "b.tree", "c.tree", "c.tree.zip" };
    if (_i)
        setenv ("KIT_ISOLATE", "1", 1);
    add_zip ();
    tenon_plan *plan = plan_of_all ();
    ck_assert_msg (kit_write (plan, "a.tree", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    ck_assert_msg (kit_write (plan, "a.tree.zip", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    convert_file ("a.tree", "b.tree.zip");
    convert_file ("b.tree.zip", "b.tree");
    convert_file ("a.tree.zip", "c.tree");
    convert_file ("c.tree", "c.tree.zip");
    tenon_file *file = kit_open ("a.tree", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 7);
    ck_assert_uint_eq (tenon_metadata_count (file), 3);
    kit_data (file, "a/m", "", numbers, sizeof numbers);
    kit_data (file, "a/fortran", "", numbers, sizeof numbers);
    kit_data (file, "swapped", "", "\1\0\2\0", 4);
    ck_assert_str_eq (kit_value (file, "key.0").as.string, "one");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        same_catalog (file, names[i]);
    tenon_close (file);
    ck_assert_uint_eq (kit_count_files (), 6);
}
END_TEST

/* Only a folder that has a root key of the codec is replaced. */
START_TEST (test_not_replaced)
{
    kit_plugins ("tree", NULL);
    make_folder ("new.tree");
    put_file ("new.tree/precious", "precious");
    kit_failed (save_numbers ("new.tree", NULL, 1), TENON_E_EXISTS, "a folder of other files");
    ck_assert (kit_exists ("new.tree/precious"));
    put_file ("file.tree", "precious");
    kit_failed (save_numbers ("file.tree", NULL, 1), TENON_E_EXISTS, "a file has it");
    put_file ("new.tree/tree.index", "");
    ck_assert_msg (save_numbers ("new.tree", NULL, 1) == TENON_OK, "%s", kit_error.message);
    ck_assert (!kit_exists ("new.tree/precious"));
    make_folder ("empty.tree");
    ck_assert_msg (save_numbers ("empty.tree", NULL, 5) == TENON_OK, "%s", kit_error.message);
    check_numbers ("empty.tree", 5);
}
END_TEST

/* A tree is converted into itself. */
START_TEST (test_onto_itself)
{
    kit_plugins ("tree", NULL);
    ck_assert_int_eq (save_numbers ("new.tree", NULL, 1), TENON_OK);
    tenon_file *file = kit_open ("new.tree", NULL, NULL);
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &kit_error), TENON_OK);
    tenon_close (file);
    ck_assert_msg (kit_write (plan, "new.tree", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    check_numbers ("new.tree", 1);
    tenon_plan_free (plan);
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* What no folder can be. */
START_TEST (test_no_folder)
{
    tenon_save_options options;
    kit_plugins ("tree", NULL);
    tenon_plan *plan = kit_plan ();
    KIT_INIT (options);
    options.flags = TENON_SAVE_APPEND;
    kit_failed (tenon_save (plan, kit_path ("new.tree"), &options, NULL, NULL, &kit_error),
                TENON_E_UNSUPPORTED, "nothing can be added to a folder");
    options.flags = 0;
    options.format = "tree";
    kit_error = (tenon_error) TENON_ERROR_INIT;
    kit_failed (tenon_save_fd (plan, 1, &options, NULL, NULL, &kit_error), TENON_E_UNSUPPORTED,
                "is a folder of files");
    options.format = NULL;
    options.flags = TENON_SAVE_DRY_RUN;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_save (plan, kit_path ("new.tree"), &options, NULL, NULL, &kit_error), TENON_OK);
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_plan_free (plan);
}
END_TEST

/* Names that no file can have, and names that are the folder of others. */
START_TEST (test_names)
{
    static const struct {
        const char *name, *words;
        tenon_status status;
    } names[] = {
        { "../up", "'data/../up' has a component '.' or '..'", TENON_E_UNSUPPORTED },
        { "a//b", "has an empty component", TENON_E_UNSUPPORTED },
        { "b\\c", "has a backslash", TENON_E_UNSUPPORTED },
        { "x/y", "'data/x' is a file of the tree", TENON_E_EXISTS },
    };
    kit_plugins ("tree", NULL);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        tenon_plan *plan = kit_plan ();
        kit_add (plan, names[i].name, "u8", 0, 1, KIT_SHAPE (1), "z", 1);
        kit_failed (kit_write (plan, "new.tree", NULL, NULL, NULL), names[i].status, names[i].words);
        tenon_plan_free (plan);
        ck_assert_uint_eq (kit_count_files (), 0);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *writing = kit_case (suite, "writing");
    tcase_add_test (writing, test_write);
    tcase_add_test (writing, test_archive);
    tcase_add_loop_test (writing, test_both_ways, 0, 2);
    tcase_add_test (writing, test_not_replaced);
    tcase_add_test (writing, test_onto_itself);
    tcase_add_test (writing, test_no_folder);
    tcase_add_test (writing, test_names);
    TCase *reading = kit_case (suite, "reading");
    tcase_set_timeout (reading, 300);
    tcase_add_loop_test (reading, test_keys, 0, 4);
    tcase_add_test (reading, test_overlap);
    tcase_add_test (reading, test_unreadable);
    tcase_add_test (reading, test_all_keys);
    tcase_add_test (reading, test_no_text);
    tcase_add_test (reading, test_include);
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
