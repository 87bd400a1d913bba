/* SPDX-License-Identifier: MIT */
/* test_rights.c - a file that replaces another has its access control list and its attributes, and at no time
 * more rights. */
#include "base/report.h"
#include "saving.h"
#include <tenon/bytes.h>
#ifdef __linux__
#include <sys/wait.h>
#include <sys/xattr.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

/* An entry of a list (linux/posix_acl_xattr.h). */
struct item {
    unsigned tag, permissions;
    uint32_t id;
};
enum { OWNER = 1, USER = 2, OWN_GROUP = 4, GROUP = 8, MASK = 0x10, OTHER = 0x20 };
#define NONE UINT32_MAX

static uint8_t list[200];

static size_t
make_list (const struct item *items, size_t count)
{
    uint8_t *to = tenon_put_le32 (list, 2);
    for (size_t i = 0; i < count; i++) {
        to = tenon_put_le16 (to, (uint16_t) items[i].tag);
        to = tenon_put_le16 (to, (uint16_t) items[i].permissions);
        to = tenon_put_le32 (to, items[i].id);
    }
    return (size_t) (to - list);
}

/* False if the file system has no such attributes. */
static bool
give (const char *path, const char *attribute, const void *value, size_t length)
{
    if (setxattr (path, attribute, value, length, 0) == 0)
        return true;
    ck_assert_msg (errno == EOPNOTSUPP || errno == EPERM, "%s: %s", attribute, strerror (errno));
    fprintf (stderr, "skipped: %s cannot be set here: %s\n", attribute, strerror (errno));
    return false;
}
#define GIVE_LIST(path, attribute, ...)                                                                      \
    give (path, attribute, list,                                                                             \
          make_list ((const struct item[]){ __VA_ARGS__ },                                                   \
                     sizeof (const struct item[]){ __VA_ARGS__ } / sizeof (struct item)))

/* The file has exactly this list. */
static void
check_list (const char *path, const struct item *items, size_t count)
{
    uint8_t found[200];
    size_t length = make_list (items, count);
    ck_assert_int_eq (getxattr (path, ACCESS, found, sizeof found), (ssize_t) length);
    ck_assert_int_eq (memcmp (found, list, length), 0);
}
#define HAS_LIST(path, ...)                                                                                  \
    check_list (path, (const struct item[]){ __VA_ARGS__ },                                                  \
                sizeof (const struct item[]){ __VA_ARGS__ } / sizeof (struct item))

static void
has_no (const char *path, const char *attribute)
{
    ck_assert_int_eq (getxattr (path, attribute, NULL, 0), -1);
    ck_assert_int_eq (errno, ENODATA);
}

static void
has (const char *path, const char *attribute, const char *value)
{
    char found[100];
    ssize_t length = getxattr (path, attribute, found, sizeof found);
    ck_assert_int_eq (length, (ssize_t) strlen (value));
    ck_assert_int_eq (memcmp (found, value, (size_t) length), 0);
}

static void
make_old (mode_t mode)
{
    unlink ("a.bin");
    make_file ("a.bin", "old");
    ck_assert_int_eq (chmod ("a.bin", mode), 0);
}

/* Replaces a.bin, and says how many notes that gave. */
static uint64_t
replace_old (void)
{
    options.report = tn_report_new ();
    save_words ("a.bin", "new");
    uint64_t notes = tenon_report_count (options.report);
    tenon_report_free (options.report);
    options.report = NULL;
    return notes;
}

START_TEST (the_list_is_kept)
{
    make_old (0640);
    if (!GIVE_LIST ("a.bin", ACCESS, { OWNER, 6, NONE }, { USER, 4, 12345 }, { OWN_GROUP, 0, NONE },
                    { GROUP, 6, 23456 }, { MASK, 6, NONE }, { OTHER, 0, NONE }))
        return;
    ck_assert_uint_eq (replace_old (), 0);
    ck_assert_str_eq (contents_of ("a.bin"), "new");
    HAS_LIST ("a.bin", { OWNER, 6, NONE }, { USER, 4, 12345 }, { OWN_GROUP, 0, NONE }, { GROUP, 6, 23456 },
              { MASK, 6, NONE }, { OTHER, 0, NONE });
    ck_assert_uint_eq (mode_of ("a.bin"), 0660); /* with the mask */
}
END_TEST

/* The folder's default list lets another user in, the old file did not. */
START_TEST (the_default_list_widens_nothing)
{
    make_old (0640);
    if (!GIVE_LIST (".", DEFAULT, { OWNER, 7, NONE }, { USER, 7, 12345 }, { OWN_GROUP, 7, NONE },
                    { MASK, 7, NONE }, { OTHER, 5, NONE }))
        return;
    static const mode_t modes[] = { 0600, 0640, 0664, 0777, 0200 };
    for (unsigned i = 0; i < TN_COUNT (modes); i++) {
        ck_assert_int_eq (removexattr (".", DEFAULT), 0);
        make_old (modes[i]);
        GIVE_LIST (".", DEFAULT, { OWNER, 7, NONE }, { USER, 7, 12345 }, { OWN_GROUP, 7, NONE },
                   { MASK, 7, NONE }, { OTHER, 5, NONE });
        struct tn_atomic *save = begin_save ("a.bin");
        put_words (file_of (save, NULL), "new");
        ck_assert_uint_eq (mode_of (".a.bin.tenon-0.tmp"), 0600);
        commit_save (save);
        has_no ("a.bin", ACCESS);
        ck_assert_uint_eq (mode_of ("a.bin"), modes[i]);
    }
    /* an old list takes the place of the default one */
    GIVE_LIST ("a.bin", ACCESS, { OWNER, 6, NONE }, { USER, 0, 23456 }, { OWN_GROUP, 4, NONE },
               { MASK, 4, NONE }, { OTHER, 4, NONE });
    ck_assert_uint_eq (replace_old (), 0);
    HAS_LIST ("a.bin", { OWNER, 6, NONE }, { USER, 0, 23456 }, { OWN_GROUP, 4, NONE }, { MASK, 4, NONE },
              { OTHER, 4, NONE });
    /* a new file gets what the folder gives; 0666 leaves rw- of its mask */
    save_words ("b.bin", "new");
    HAS_LIST ("b.bin", { OWNER, 6, NONE }, { USER, 7, 12345 }, { OWN_GROUP, 7, NONE }, { MASK, 6, NONE },
              { OTHER, 4, NONE });
}
END_TEST

START_TEST (shards_of_a_set)
{
    make_old (0640);
    make_file ("b.bin", "old");
    if (!GIVE_LIST ("b.bin", ACCESS, { OWNER, 6, NONE }, { USER, 4, 12345 }, { OWN_GROUP, 4, NONE },
                    { MASK, 4, NONE }, { OTHER, 0, NONE }))
        return;
    GIVE_LIST (".", DEFAULT, { OWNER, 7, NONE }, { USER, 7, 23456 }, { OWN_GROUP, 7, NONE },
               { MASK, 7, NONE }, { OTHER, 5, NONE });
    struct tn_atomic *save = begin_save ("a.bin");
    put_words (file_of (save, "b.bin"), "shard");
    put_words (file_of (save, NULL), "index");
    commit_save (save);
    HAS_LIST ("b.bin", { OWNER, 6, NONE }, { USER, 4, 12345 }, { OWN_GROUP, 4, NONE }, { MASK, 4, NONE },
              { OTHER, 0, NONE });
    has_no ("a.bin", ACCESS);
    ck_assert_uint_eq (mode_of ("a.bin"), 0640);
}
END_TEST

START_TEST (attributes)
{
    static const uint8_t capability[20] = { 1, 0, 0, 2, 0, 4 };
    char large[3000];
    make_old (0640);
    if (!give ("a.bin", "user.comment", "words", 5))
        return;
    memset (large, 'x', sizeof large);
    ck_assert (give ("a.bin", "user.empty", "", 0) && give ("a.bin", "user.large", large, sizeof large));
    bool root = geteuid () == 0 && give ("a.bin", "trusted.mine", "secret", 6);
    if (root)
        give ("a.bin", "security.capability", capability, sizeof capability);
    ck_assert_uint_eq (replace_old (), 0);
    has ("a.bin", "user.comment", "words");
    has ("a.bin", "user.empty", "");
    ck_assert_int_eq (getxattr ("a.bin", "user.large", NULL, 0), sizeof large);
    if (root) {
        has ("a.bin", "trusted.mine", "secret");
        has_no ("a.bin", "security.capability"); /* as writing into the file removes it */
    }
    save_words ("b.bin", "new");
    has_no ("b.bin", "user.comment");
}
END_TEST

/* Runs in a process of another user, in a folder that it may write. */
static void
become_another (void)
{
    ck_assert_int_eq (chmod (".", 0777), 0);
    ck_assert (setgid (23456) == 0 && setuid (12345) == 0);
}

/* Another user who may replace the file cannot give it its group: the rights of that group do not become
 * those of its own, nor does the mask of a list. */
START_TEST (of_another_user)
{
    make_old (0664);
    if (geteuid () != 0
        || !GIVE_LIST ("a.bin", ACCESS, { OWNER, 6, NONE }, { USER, 6, 12345 }, { OWN_GROUP, 6, NONE },
                       { MASK, 6, NONE }, { OTHER, 4, NONE }))
        return;
    become_another ();
    ck_assert_uint_eq (replace_old (), 0);
    HAS_LIST ("a.bin", { OWNER, 6, NONE }, { USER, 6, 12345 }, { OWN_GROUP, 4, NONE }, { MASK, 6, NONE },
              { OTHER, 4, NONE });
}
END_TEST

/* What may be written and not read: the list is found nevertheless, other attributes are told. */
START_TEST (unreadable_file)
{
    make_old (0602);
    if (geteuid () != 0 || !give ("a.bin", "user.comment", "words", 5)
        || !GIVE_LIST ("a.bin", ACCESS, { OWNER, 6, NONE }, { USER, 0, 23456 }, { OWN_GROUP, 2, NONE },
                       { MASK, 2, NONE }, { OTHER, 2, NONE }))
        return;
    become_another ();
    options.report = tn_report_new ();
    save_words ("a.bin", "new");
    HAS_LIST ("a.bin", { OWNER, 6, NONE }, { USER, 0, 23456 }, { OWN_GROUP, 2, NONE }, { MASK, 2, NONE },
              { OTHER, 2, NONE });
    tenon_report_entry entry = { .struct_size = sizeof entry };
    ck_assert_uint_eq (tenon_report_count (options.report), 1);
    ck_assert_int_eq (tenon_report_get (options.report, 0, &entry), TENON_OK);
    ck_assert_str_eq (entry.subject, "user.comment");
    ck_assert_str_eq (entry.message,
                      "the attribute of the file that it replaces is not kept: Permission denied");
    tenon_report_free (options.report);
}
END_TEST

#endif

int
main (void)
{
#ifndef __linux__
    return 77; /* skipped */
#else
    Suite *suite = suite_create ("rights");
    TCase *tests = tcase_create ("rights");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_add_test (tests, the_list_is_kept);
    tcase_add_test (tests, the_default_list_widens_nothing);
    tcase_add_test (tests, shards_of_a_set);
    tcase_add_test (tests, attributes);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    if (srunner_fork_status (runner) == CK_FORK) {
        const TTest *const apart[] = { of_another_user, unreadable_file };
        /* the parent, which keeps its rights, makes and removes the folder */
        for (size_t i = 0; i < TN_COUNT (apart); i++) {
            TCase *alone = tcase_create ("alone");
            tcase_add_unchecked_fixture (alone, set_up, tear_down);
            tcase_add_test (alone, apart[i]);
            suite_add_tcase (suite, alone);
        }
    }
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
#endif
}
