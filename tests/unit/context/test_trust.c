/* SPDX-License-Identifier: MIT */
/* test_trust.c - who can change a file: modes, owners, access control lists, groups, links, folders. */
#include "base/io.h"
#include "context/acl.h"
#include "context/trust.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <tenon/bytes.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#endif

static char folder[64];
static char why[TN_TRUST_ROOM];

static void
set_up (void)
{
    strcpy (folder, "/tmp/tenon-trust-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    ck_assert (chmod (folder, 0755) == 0 && chdir (folder) == 0);
}

static void
tear_down (void)
{
    char command[100];
    ck_assert_int_eq (chdir ("/"), 0);
    snprintf (command, sizeof command, "rm -rf '%s'", folder);
    ck_assert_int_eq (system (command), 0);
}

static void
put_file (const char *name, const char *text)
{
    FILE *file = fopen (name, "w");
    ck_assert_ptr_nonnull (file);
    fputs (text, file);
    fclose (file);
    ck_assert_int_eq (chmod (name, 0644), 0);
}

/* What is said against a path, and against the file at its end; NULL: nothing. */
static const char *
judge (const char *path, bool sticky)
{
    struct tn_trust trust = { .secure = false };
    struct stat status, opened;
    char *real;
    ck_assert_int_eq (tn_trust_path (&trust, path, sticky, &real, &status, why), 0);
    char *expected = realpath (path, NULL);
    ck_assert_str_eq (real, expected);
    free (expected);
    int fd = open (real, O_RDONLY | O_CLOEXEC);
    ck_assert (fd >= 0 && fstat (fd, &opened) == 0 && opened.st_ino == status.st_ino);
    free (real);
    if (!why[0] && !S_ISDIR (status.st_mode))
        tn_trust_file (&trust, fd, &opened, why);
    close (fd);
    return why[0] ? why : NULL;
}

static void
trusts (const char *path)
{
    ck_assert_msg (!judge (path, false), "%s: %s", path, why);
}

static void
distrusts (const char *path, const char *words)
{
    ck_assert_msg (judge (path, false) != NULL, "%s is trusted", path);
    ck_assert_msg (strstr (why, words) != NULL, "%s: '%s' does not say '%s'", path, why, words);
}

/* ---- paths ---- */

START_TEST (folders_and_links)
{
    ck_assert (mkdir ("a", 0755) == 0 && mkdir ("a/b", 0755) == 0 && mkdir ("c", 0755) == 0);
    put_file ("a/b/file", "");
    ck_assert (symlink ("../a/./b", "c/dots") == 0 && symlink ("c/dots", "twice") == 0);
    trusts ("a/b/file");
    trusts ("a//b/../b/./file");
    trusts ("twice/file");
    trusts ("twice/../b/file");
    trusts ("/");
    trusts ("a/b/..");
    /* each folder on the way through links */
    ck_assert_int_eq (chmod ("c", 0777), 0);
    trusts ("a/b/file");
    distrusts ("twice/file", "/c is writable by everybody (mode 0777)");
    ck_assert (chmod ("c", 0755) == 0 && chmod ("a", 0733) == 0);
    distrusts ("twice/file", "/a is writable by everybody (mode 0733)");
    distrusts ("a/b/../../c/dots/file", "/a is writable by everybody");
    ck_assert_int_eq (chmod ("a", 0755), 0);
    trusts ("twice/file");
}
END_TEST

START_TEST (sticky_folders)
{
    ck_assert (mkdir ("s", 0755) == 0 && chmod ("s", 01777) == 0 && mkdir ("s/ours", 0755) == 0);
    put_file ("s/file", "");
    put_file ("s/ours/file", "");
    ck_assert_int_eq (symlink ("ours/file", "s/link"), 0);
    trusts ("s/ours/file");
    trusts ("s/link");
    distrusts ("s/file", "/s is writable by everybody (mode 1777)");
    distrusts ("s", "/s is writable by everybody (mode 1777)");
    ck_assert_ptr_null (judge ("s/file", true));
    if (geteuid () != 0)
        return;
    /* what another user put there */
    ck_assert_int_eq (lchown ("s/link", 12345, 0), 0);
    distrusts ("s/link", "the link ");
    distrusts ("s/link", "/s/link belongs to user 12345");
    ck_assert_int_eq (chown ("s/ours", 12345, 0), 0);
    distrusts ("s/ours/file", "/s/ours belongs to user 12345");
}
END_TEST

START_TEST (wrong_paths)
{
    struct tn_trust trust = { .secure = false };
    struct stat status;
    char *real, longer[9000];
    put_file ("file", "");
    ck_assert_int_eq (symlink ("self", "self"), 0);
    ck_assert_int_eq (tn_trust_path (&trust, "absent", false, &real, &status, why), ENOENT);
    ck_assert_int_eq (tn_trust_path (&trust, "file/x", false, &real, &status, why), ENOTDIR);
    ck_assert_int_eq (tn_trust_path (&trust, "self", false, &real, &status, why), ELOOP);
    ck_assert_ptr_null (real);
    for (size_t length = 4000; length < sizeof longer; length += 10) {
        memset (longer, 'x', length);
        for (size_t i = 0; i < length; i += 2)
            longer[i] = '/';
        longer[length] = 0;
        int number = tn_trust_path (&trust, longer, false, &real, &status, why);
        ck_assert (number == ENOENT || number == ENAMETOOLONG);
    }
}
END_TEST

START_TEST (owners)
{
    put_file ("file", "");
    if (geteuid () != 0)
        return;
    ck_assert_int_eq (chown ("file", 12345, 0), 0);
    distrusts ("file",
               "the file belongs to user 12345, which is neither root nor the user of this process nor an "
               "owner of libtenon");
    ck_assert (chown ("file", 0, 0) == 0 && chown (folder, 12345, 0) == 0);
    distrusts ("file", " belongs to user 12345, ");
    /* to that user itself it is trusted, and root's are */
    ck_assert_int_eq (seteuid (12345), 0);
    trusts ("file");
    ck_assert_int_eq (seteuid (0), 0);
}
END_TEST

/* ---- access control lists ---- */

/* An entry of a POSIX list: tag, permissions, id. */
struct item {
    unsigned tag, permissions;
    uint32_t id;
};
enum { OWNER = 1, USER = 2, OWN_GROUP = 4, GROUP = 8, MASK = 0x10, OTHER = 0x20 };
#define NONE UINT32_MAX

static size_t
make_list (uint8_t *list, const struct item *items, size_t count)
{
    uint8_t *to = tenon_put_le32 (list, 2);
    for (size_t i = 0; i < count; i++) {
        to = tenon_put_le16 (to, (uint16_t) items[i].tag);
        to = tenon_put_le16 (to, (uint16_t) items[i].permissions);
        to = tenon_put_le32 (to, items[i].id);
    }
    return (size_t) (to - list);
}

/* The writers of a list, as text: "user 5, everybody". */
static const char *
writers_of (const struct item *items, size_t count)
{
    static char text[200];
    uint8_t list[200];
    struct tn_acl_writer writer;
    size_t position = 0, length = make_list (list, items, count);
    int more;
    text[0] = 0;
    while ((more = tn_acl_next_writer (list, length, &position, &writer)) > 0) {
        static const char *const kinds[] = { "user", "own group", "group", "everybody" };
        snprintf (text + strlen (text), sizeof text - strlen (text), "%s %d, ", kinds[writer.kind],
                  (int) writer.id);
    }
    ck_assert_int_eq (more, 0);
    return text;
}
#define WRITERS(...)                                                                                         \
    writers_of ((const struct item[]){ __VA_ARGS__ },                                                        \
                sizeof (const struct item[]){ __VA_ARGS__ } / sizeof (struct item))

START_TEST (posix_lists)
{
    uint8_t list[200];
    struct tn_acl_writer writer;
    ck_assert_str_eq (WRITERS ({ OWNER, 6, NONE }, { OWN_GROUP, 4, NONE }, { OTHER, 4, NONE }), "");
    ck_assert_str_eq (WRITERS ({ OWNER, 6, NONE }, { USER, 6, 5 }, { USER, 4, 6 }, { OWN_GROUP, 6, NONE },
                               { GROUP, 2, 7 }, { MASK, 6, NONE }, { OTHER, 4, NONE }),
                      "user 5, own group -1, group 7, ");
    /* the mask is applied to all but the owner and others */
    ck_assert_str_eq (WRITERS ({ OWNER, 6, NONE }, { USER, 6, 5 }, { OWN_GROUP, 6, NONE }, { GROUP, 7, 7 },
                               { MASK, 5, NONE }, { OTHER, 6, NONE }),
                      "everybody -1, ");
    const struct item strange[] = { { OWNER, 6, NONE }, { 0x40, 6, 1 } };
    size_t length = make_list (list, strange, 2);
    for (size_t cut = 0; cut < length; cut++) {
        size_t position = 0;
        if (cut != 4 && cut != 12)
            ck_assert_int_eq (tn_acl_next_writer (list, cut, &position, &writer), -1);
    }
    size_t position = 0;
    ck_assert_int_eq (tn_acl_next_writer (list, length, &position, &writer), -1);
    list[0] = 3;
    position = 0;
    ck_assert_int_eq (tn_acl_next_writer (list, 12, &position, &writer), -1);
}
END_TEST

/* Adds an entry of an NFSv4 list. */
static uint8_t *
put_entry (uint8_t *to, uint32_t type, uint32_t mask, const char *name)
{
    size_t length = strlen (name);
    to = tenon_put_be32 (tenon_put_be32 (to, type), 0);
    to = tenon_put_be32 (tenon_put_be32 (to, mask), (uint32_t) length);
    memset (to, 0, length + 3);
    memcpy (to, name, length);
    return to + ((length + 3) & ~(size_t) 3);
}

static bool
is_in_mode (unsigned mode, uint32_t type, uint32_t mask, const char *name)
{
    uint8_t list[300], *to = tenon_put_be32 (list, 3);
    to = put_entry (to, 0, 0x1601ff, "OWNER@");
    to = put_entry (to, type, mask, name);
    to = put_entry (to, 0, 0x120081, "EVERYONE@");
    for (size_t cut = 0; cut < (size_t) (to - list) - 3; cut++)
        ck_assert_msg (!tn_acl_is_in_mode (list, cut, mode), "cut to %zu", cut);
    return tn_acl_is_in_mode (list, (size_t) (to - list), mode);
}

START_TEST (nfs4_lists)
{
    ck_assert (is_in_mode (0644, 0, 0x120081, "GROUP@")); /* reads */
    ck_assert (is_in_mode (0664, 0, 0x1200c7, "GROUP@")); /* writes, as the mode says */
    ck_assert (!is_in_mode (0644, 0, 0x1200c7, "GROUP@"));
    ck_assert (!is_in_mode (0664, 0, 0x1600c7, "GROUP@")); /* may change the list */
    ck_assert (!is_in_mode (0644, 0, 0x000040, "EVERYONE@"));
    ck_assert (is_in_mode (0644, 0, 0x120081, "bob@example.org")); /* reads */
    ck_assert (!is_in_mode (0644, 0, 0x000002, "bob@example.org"));
    ck_assert (!is_in_mode (0644, 0, 0x000004, "1000"));
    ck_assert (!is_in_mode (0644, 0, 0x080000, "1000"));
    ck_assert (is_in_mode (0644, 1, 0x1601ff, "bob@example.org")); /* denied */
}
END_TEST

#ifdef __linux__

/* False if this file system has no lists. */
static bool
give_list (const char *name, const struct item *items, size_t count)
{
    uint8_t list[200];
    size_t length = make_list (list, items, count);
    if (setxattr (name, TN_ACL_POSIX, list, length, 0) == 0)
        return true;
    ck_assert_int_eq (errno, EOPNOTSUPP);
    fprintf (stderr, "skipped: the file system of /tmp has no access control lists\n");
    return false;
}
#define GIVE(name, ...)                                                                                      \
    give_list (name, (const struct item[]){ __VA_ARGS__ },                                                   \
               sizeof (const struct item[]){ __VA_ARGS__ } / sizeof (struct item))

START_TEST (files_with_lists)
{
    put_file ("file", "");
    if (!GIVE ("file", { OWNER, 6, NONE }, { USER, 6, 12345 }, { OWN_GROUP, 4, NONE }, { MASK, 6, NONE },
               { OTHER, 4, NONE }))
        return;
    distrusts ("file", "the file is writable by user 12345, as its access control list says");
    GIVE ("file", { OWNER, 6, NONE }, { USER, 6, 12345 }, { OWN_GROUP, 4, NONE }, { MASK, 4, NONE },
          { OTHER, 4, NONE });
    trusts ("file"); /* masked */
    GIVE ("file", { OWNER, 6, NONE }, { USER, 6, geteuid () }, { OWN_GROUP, 4, NONE }, { MASK, 6, NONE },
          { OTHER, 4, NONE });
    trusts ("file");
    GIVE ("file", { OWNER, 6, NONE }, { OWN_GROUP, 4, NONE }, { GROUP, 6, 12345 }, { MASK, 6, NONE },
          { OTHER, 4, NONE });
    distrusts ("file",
               "the file is writable by group 12345, which is not its owner's alone (access control list");
    ck_assert_int_eq (removexattr ("file", TN_ACL_POSIX), 0);
    trusts ("file");
    /* folders, the file's own and one further up */
    ck_assert (mkdir ("a", 0755) == 0 && mkdir ("a/b", 0755) == 0);
    put_file ("a/b/file", "");
    trusts ("a/b/file");
    for (unsigned i = 0; i < 2; i++) {
        const char *name = i ? "a" : "a/b";
        GIVE (name, { OWNER, 7, NONE }, { USER, 7, 12345 }, { OWN_GROUP, 5, NONE }, { MASK, 7, NONE },
              { OTHER, 5, NONE });
        distrusts ("a/b/file", "is writable by user 12345, as its access control list says");
        ck_assert_int_eq (removexattr (name, TN_ACL_POSIX), 0);
        trusts ("a/b/file");
    }
}
END_TEST

/* ---- groups ---- */

/* Puts other lists of users and groups in place of the system's, for this process alone. */
static bool
pretend_users (const char *users, const char *groups)
{
    put_file ("passwd", users);
    put_file ("group", groups);
    if (geteuid () == 0 && unshare (CLONE_NEWNS) == 0
        && mount ("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0
        && mount ("passwd", "/etc/passwd", "none", MS_BIND, NULL) == 0
        && mount ("group", "/etc/group", "none", MS_BIND, NULL) == 0)
        return true;
    fprintf (stderr, "skipped: this process may not mount other users over /etc/passwd\n");
    return false;
}

/* Judges a file of ann's that the group 2001 may write. */
static void
judge_of_ann (bool expected, const char *users, const char *groups)
{
    char text[600];
    snprintf (text, sizeof text, "root:x:0:0::/:/bin/sh\nann:x:2001:2001:Ann:/:/bin/sh\n%s", users);
    put_file ("passwd", text);
    put_file ("group", groups);
    ck_assert_int_eq (seteuid (2001), 0);
    if (expected)
        trusts ("file");
    else
        distrusts ("file", "the file is writable by group 2001, which is not its owner's alone (mode 0664)");
    ck_assert_int_eq (seteuid (0), 0);
}

START_TEST (private_groups)
{
    put_file ("file", "");
    if (!pretend_users ("", ""))
        return;
    ck_assert (chown ("file", 2001, 2001) == 0 && chmod ("file", 0664) == 0);
    judge_of_ann (true, "", "root:x:0:\nann:x:2001:\n");
    judge_of_ann (true, "", "root:x:0:\nann:x:2001:ann\n");
    judge_of_ann (false, "", "root:x:0:\nann:x:2001:ben\n");
    judge_of_ann (false, "", "root:x:0:\nann:x:2001:ann,ben\n");
    judge_of_ann (false, "", "root:x:0:\nusers:x:2001:\n");
    judge_of_ann (false, "", "root:x:0:\n");
    /* another user's primary group */
    judge_of_ann (true, "ben:x:2002:2002::/:/bin/sh\n", "ann:x:2001:\nben:x:2002:\n");
    judge_of_ann (false, "ben:x:2002:2001::/:/bin/sh\n", "ann:x:2001:\n");
    judge_of_ann (true, "ann2:x:2001:2001::/:/bin/sh\nnonsense\nx:y:\n", "ann:x:2001:\n"); /* the same user */
    judge_of_ann (false, "ann:x:2001:100::/:/bin/sh\nben::2003:2001", "ann:x:2001:\n");
}
END_TEST

START_TEST (group_of_root)
{
    put_file ("file", "");
    if (!pretend_users ("root:x:0:0::/:/bin/sh\nann:x:2001:2001::/:/bin/sh\n", "root:x:0:\nann:x:2001:\n"))
        return;
    ck_assert_int_eq (chmod ("file", 0664), 0);
    trusts ("file");
    put_file ("group", "root:x:0:ann\n");
    distrusts ("file", "the file is writable by group 0, which is not its owner's alone");
    put_file ("group", "root:x:0:\n");
    put_file ("passwd", "root:x:0:0::/:/bin/sh\nann:x:2001:0::/:/bin/sh\n");
    distrusts ("file", "the file is writable by group 0, which is not its owner's alone");
}
END_TEST

#endif

int
main (void)
{
    Suite *suite = suite_create ("trust");
    TCase *tests = tcase_create ("trust");
    const TTest *const all[] = { folders_and_links, sticky_folders, wrong_paths,  owners,
                                 posix_lists,       nfs4_lists,
#ifdef __linux__
                                 files_with_lists,  private_groups, group_of_root
#endif
    };
    tcase_add_checked_fixture (tests, set_up, tear_down);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
