/* SPDX-License-Identifier: MIT */
/* test_listing.c - the keys of a tree of folders, and files that are opened by them: what lies beneath the
 * folder and what does not, with the help of the system and without it. */
#include "base/key.h"
#include "source/listing.h"
#include "source/open_key.h"
#include "tests/openat2.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The way of systems that do not keep a way beneath a folder by themselves. */
#undef SYS_openat2
#define tn_beneath_open walking_open
#define tn_beneath_fault walking_fault
#undef TN_BENEATH_H
#define tn_links walking_links
#define TN_LINKS_BENEATH WALKING_LINKS_BENEATH
#define TN_LINKS_OF_NAMES WALKING_LINKS_OF_NAMES
#include "../../../core/source/beneath.c"
#undef tn_beneath_open
#undef tn_beneath_fault
#undef tn_links
#undef TN_LINKS_BENEATH
#undef TN_LINKS_OF_NAMES

static char folder[64];
static int top;
static tenon_error error;

static void
put_file (const char *name)
{
    FILE *file = fopen (name, "wb");
    ck_assert_ptr_nonnull (file);
    fputs (name, file);
    ck_assert_int_eq (fclose (file), 0);
}

static void
set_up (void)
{
    error = (tenon_error) TENON_ERROR_INIT;
    strcpy (folder, "/tmp/tenon-list-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    ck_assert_int_eq (chdir (folder), 0);
    put_file ("secret");
    ck_assert_int_eq (mkdir ("outside", 0777), 0);
    put_file ("outside/file");
    ck_assert_int_eq (mkdir ("tree", 0777), 0);
    ck_assert_int_eq (chdir ("tree"), 0);
    top = open (".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void
tear_down (void)
{
    char command[160];
    close (top);
    ck_assert_int_eq (chdir ("/"), 0);
    snprintf (command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'", folder, folder);
    ck_assert_int_eq (system (command), 0);
}

static tenon_status
list_keys (struct tn_listing *listing, const char *prefix, uint64_t depth, uint64_t most)
{
    struct tn_listing_options options = { .prefix = prefix, .depth = depth, .most = most };
    return tn_listing_make (listing, top, &options, &error);
}

/* The keys and sizes in one text; '!' stands before what cannot be read. */
static char *
describe_listing (const struct tn_listing *listing)
{
    static char text[4096];
    size_t end = 0;
    text[0] = 0;
    for (uint64_t i = 0; i < listing->count; i++) {
        const struct tn_listed *entry = &listing->entries[i];
        ck_assert_uint_eq (strlen (entry->key), entry->length);
        end += (size_t) snprintf (text + end, sizeof text - end, "%s%s%s:%llu", i ? " " : "",
                                  entry->unreadable ? "!" : "", entry->key, (unsigned long long) entry->size);
    }
    return text;
}

static void
make_tree (void)
{
    ck_assert_int_eq (mkdir ("a", 0777), 0);
    ck_assert_int_eq (mkdir ("a/b", 0777), 0);
    ck_assert_int_eq (mkdir ("empty", 0777), 0);
    put_file ("a/b/z");
    put_file ("a/b/c");
    put_file ("a-b");
    put_file ("a/1");
    put_file ("z.json");
    put_file (".hidden");
}

/* '-' comes before '/', so the order of keys is not that of the folders' names. */
START_TEST (in_order)
{
    struct tn_listing listing;
    make_tree ();
    ck_assert_int_eq (list_keys (&listing, "", 0, 100), TENON_OK);
    ck_assert_str_eq (describe_listing (&listing), ".hidden:7 a-b:3 a/1:3 a/b/c:5 a/b/z:5 z.json:6");
    ck_assert_uint_eq (tn_listing_find (&listing, "", 0), 0);
    ck_assert_uint_eq (tn_listing_find (&listing, "a/", 2), 2);
    ck_assert_uint_eq (tn_listing_find (&listing, "a/b/c", 5), 3);
    ck_assert_uint_eq (tn_listing_find (&listing, "a/b/d", 5), 4);
    ck_assert_uint_eq (tn_listing_find (&listing, "zz", 2), 6);
    tn_listing_free (&listing, NULL);
}
END_TEST

START_TEST (of_a_part)
{
    struct tn_listing listing;
    make_tree ();
    ck_assert_int_eq (list_keys (&listing, "a/b", 0, 100), TENON_OK);
    ck_assert_str_eq (describe_listing (&listing), "a/b/c:5 a/b/z:5");
    tn_listing_free (&listing, NULL);
    ck_assert_int_eq (list_keys (&listing, "", 1, 100), TENON_OK);
    ck_assert_str_eq (describe_listing (&listing), ".hidden:7 a-b:3 z.json:6");
    tn_listing_free (&listing, NULL);
    ck_assert_int_eq (list_keys (&listing, "", 2, 100), TENON_OK);
    ck_assert_str_eq (describe_listing (&listing), ".hidden:7 a-b:3 a/1:3 z.json:6");
    tn_listing_free (&listing, NULL);
    ck_assert_int_eq (list_keys (&listing, "nowhere", 0, 100), TENON_OK);
    ck_assert_uint_eq (listing.count, 0);
    tn_listing_free (&listing, NULL);
    ck_assert_int_eq (list_keys (&listing, "a-b", 0, 100), TENON_OK);
    ck_assert_uint_eq (listing.count, 0);
    tn_listing_free (&listing, NULL);
}
END_TEST

static void
make_traps (void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
    int fd = socket (AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq (bind (fd, (const struct sockaddr *) &address, sizeof address), 0);
    close (fd);
    ck_assert_int_eq (mkfifo ("fifo", 0666), 0);
    put_file ("file");
    ck_assert_int_eq (symlink ("file", "inside"), 0);
    ck_assert_int_eq (symlink ("../secret", "leaves"), 0);
    ck_assert_int_eq (symlink ("/etc/passwd", "absolute"), 0);
    ck_assert_int_eq (symlink ("loop", "loop"), 0);
    ck_assert_int_eq (symlink ("nowhere", "dangling"), 0);
    ck_assert_int_eq (symlink (".", "self"), 0);
    ck_assert_int_eq (symlink ("../outside", "way_out"), 0);
    ck_assert_int_eq (symlink ("/proc/self/fd/0", "magic"), 0);
    ck_assert_int_eq (mkdir ("sub", 0777), 0);
    put_file ("sub/file");
    ck_assert_int_eq (symlink ("../file", "sub/up"), 0);
    put_file ("bad\xff");
    put_file ("line\nfeed");
}

START_TEST (of_traps)
{
    struct tn_listing listing;
    make_traps ();
    ck_assert_int_eq (list_keys (&listing, "", 0, 100), TENON_OK);
    ck_assert_str_eq (
        describe_listing (&listing),
        has_openat2 () ? "!absolute:0 !bad\xff:4 !dangling:0 !fifo:0 file:4 inside:4 !leaves:0 line\nfeed:9 "
                         "!loop:0 !magic:0 !self:0 !socket:0 sub/file:8 sub/up:4 !way_out:0"
                       : "!absolute:0 !bad\xff:4 !dangling:0 !fifo:0 file:4 !inside:0 !leaves:0 "
                         "line\nfeed:9 !loop:0 !magic:0 !self:0 !socket:0 sub/file:8 !sub/up:0 !way_out:0");
    tn_listing_free (&listing, NULL);
}
END_TEST

static const struct {
    const char *key;
    bool opens, walks; /* with the system's help, and without */
} ways[] = {
    { "file", true, true },           { "sub/file", true, true },       { "inside", true, false },
    { "sub/up", true, false },        { "self/sub/file", true, false }, { "leaves", false, false },
    { "absolute", false, false },     { "loop", false, false },         { "dangling", false, false },
    { "way_out/file", false, false }, { "magic", false, false },        { "nowhere", false, false },
    { "file/file", false, false },    { "sub/nowhere", false, false },
};

static bool
is_opened (int fd)
{
    if (fd >= 0)
        close (fd);
    return fd >= 0;
}

START_TEST (beneath)
{
    const bool helped = has_openat2 ();
    make_traps ();
    for (size_t i = 0; i < TN_COUNT (ways); i++) {
        const char *key = ways[i].key;
        ck_assert_msg (is_opened (walking_open (top, key, O_RDONLY | O_NONBLOCK, WALKING_LINKS_BENEATH))
                           == ways[i].walks,
                       "%s, walking", key);
        ck_assert_msg (is_opened (tn_beneath_open (top, key, O_RDONLY | O_NONBLOCK, TN_LINKS_BENEATH))
                           == (helped ? ways[i].opens : ways[i].walks),
                       "%s", key);
    }
    ck_assert (is_opened (tn_beneath_open (top, ".", O_RDONLY | O_DIRECTORY, TN_LINKS_BENEATH)));
    ck_assert (is_opened (walking_open (top, ".", O_RDONLY | O_DIRECTORY, WALKING_LINKS_BENEATH)));
    /* a download cache: the name alone may lead anywhere, a way may not */
    ck_assert (is_opened (tn_beneath_open (top, "leaves", O_RDONLY, TN_LINKS_OF_NAMES)));
    ck_assert (!is_opened (tn_beneath_open (top, "way_out/file", O_RDONLY, TN_LINKS_OF_NAMES)));
}
END_TEST

/* Why a link is not followed, by the system's help and without it. */
START_TEST (faults_of_links)
{
    static const struct {
        const char *key, *words;
        int flags;
    } links[] = {
        { "leaves", "leads out of its folder", O_RDONLY },
        { "absolute", "leads out of its folder", O_RDONLY },
        { "way_out/file", "leads out of its folder", O_RDONLY },
        { "loop", "form a loop", O_RDONLY },
        { "loop/file", "form a loop", O_RDONLY },
        { "sub/round/round", "form a loop", O_RDONLY },
#ifdef O_PATH
        { "leaves", "leads out of its folder", O_PATH },
        { "loop", "form a loop", O_PATH },
#endif
    };
    const bool helped = has_openat2 ();
    make_traps ();
    ck_assert_int_eq (symlink ("../sub/round", "sub/round"), 0);
    for (size_t i = 0; i < TN_COUNT (links); i++) {
        ck_assert_int_eq (tn_beneath_open (top, links[i].key, links[i].flags, TN_LINKS_BENEATH), -1);
        const char *fault = tn_beneath_fault (errno);
        ck_assert_msg (fault && strstr (fault, helped ? links[i].words : "cannot tell"), "%s: %s",
                       links[i].key, fault ? fault : "no fault of a link");
        ck_assert_int_eq (walking_open (top, links[i].key, links[i].flags, WALKING_LINKS_BENEATH), -1);
        fault = walking_fault (errno);
        ck_assert_msg (fault && strstr (fault, "cannot tell"), "%s, walking: %s", links[i].key,
                       fault ? fault : "no fault of a link");
    }
    ck_assert_int_eq (walking_open (top, "file/file", O_RDONLY, WALKING_LINKS_BENEATH), -1);
    ck_assert_int_eq (errno, ENOTDIR);
    ck_assert_int_eq (walking_open (top, "nowhere/file", O_RDONLY, WALKING_LINKS_BENEATH), -1);
    ck_assert_int_eq (errno, ENOENT);
    ck_assert_ptr_null (walking_fault (ENOENT));
    ck_assert_ptr_nonnull (strstr (tn_beneath_fault (EAGAIN), "renamed again and again"));
    /* without a rule for links only a loop fails */
    ck_assert_int_eq (tn_beneath_open (top, "loop", O_RDONLY, TN_LINKS_OF_NAMES), -1);
    ck_assert_ptr_nonnull (strstr (tn_beneath_fault (errno), "form a loop"));
}
END_TEST

START_TEST (as_sources)
{
    struct tn_file_pool *pool = tn_file_pool_new (".");
    struct tn_source *source;
    char bytes[9] = "";
    make_traps ();
    ck_assert_int_eq (
        tn_source_open_key (pool, "sub/file", "tree/sub/file", TN_LINKS_BENEATH, false, &source, &error),
        TENON_OK);
    ck_assert_uint_eq (source->size, 8);
    ck_assert_str_eq (source->name, "sub/file");
    ck_assert_int_eq (tn_source_read (source, 0, bytes, 8, &error), TENON_OK);
    ck_assert_str_eq (bytes, "sub/file");
    tn_source_free (source);
    static const struct {
        const char *key, *words;
        tenon_status status;
    } failures[] = {
        { "leaves", "a symbolic link", TENON_E_MALFORMED },
        { "way_out/file", "a symbolic link", TENON_E_MALFORMED },
        { "loop", "symbolic link", TENON_E_MALFORMED },
        { "fifo", "no regular file", TENON_E_IO },
        { "sub", "it is a folder", TENON_E_IO },
        { "socket", "cannot be opened", TENON_E_IO },
        { "gone", "cannot be opened", TENON_E_NOT_FOUND },
        { "file/gone", "cannot be opened", TENON_E_NOT_FOUND },
    };
    for (size_t i = 0; i < TN_COUNT (failures); i++) {
        error = (tenon_error) TENON_ERROR_INIT;
        ck_assert_int_eq (tn_source_open_key (pool, failures[i].key, failures[i].key, TN_LINKS_BENEATH, false,
                                              &source, &error),
                          failures[i].status);
        ck_assert_msg (strstr (error.message, failures[i].words) != NULL, "%s: %s", failures[i].key,
                       error.message);
        ck_assert_ptr_null (source);
    }
    tn_file_pool_free (pool);
}
END_TEST

static void
make_deep (unsigned depth)
{
    int at = dup (top);
    for (unsigned i = 0; i < depth; i++) {
        ck_assert_int_eq (mkdirat (at, "d", 0777), 0);
        int next = openat (at, "d", O_RDONLY | O_DIRECTORY);
        close (at);
        at = next;
    }
    close (openat (at, "f", O_WRONLY | O_CREAT, 0666));
    close (at);
}

/* The deepest key has 64 components. */
START_TEST (deep)
{
    struct tn_listing listing;
    make_deep (TN_DEEPEST_KEY - 1);
    ck_assert_int_eq (list_keys (&listing, "", 0, 100), TENON_OK);
    ck_assert_uint_eq (listing.count, 1);
    ck_assert_uint_eq (listing.entries[0].length, 2 * TN_DEEPEST_KEY - 1);
    ck_assert (is_opened (tn_beneath_open (top, listing.entries[0].key, O_RDONLY, TN_LINKS_BENEATH)));
    tn_listing_free (&listing, NULL);
}
END_TEST

START_TEST (too_deep)
{
    struct tn_listing listing;
    make_deep (3000);
    ck_assert_int_eq (list_keys (&listing, "", 0, 100), TENON_E_LIMIT);
    ck_assert_ptr_nonnull (strstr (error.message, "more than 64 deep"));
    tn_listing_free (&listing, NULL);
    error = (tenon_error) TENON_ERROR_INIT;
    tn_listing_free (&listing, NULL);
    ck_assert_int_eq (list_keys (&listing, "", 2, 100), TENON_OK);
    tn_listing_free (&listing, NULL);
}
END_TEST

START_TEST (too_many)
{
    struct tn_listing listing;
    make_tree ();
    ck_assert_int_eq (list_keys (&listing, "", 0, 5), TENON_E_LIMIT);
    ck_assert_ptr_nonnull (strstr (error.message, "more than 5 files"));
    tn_listing_free (&listing, NULL);
}
END_TEST

static int32_t
stop_at_once (void *user, uint64_t done, uint64_t total)
{
    (void) user, (void) done, (void) total;
    return 1;
}

static void
make_many (unsigned folders, unsigned files)
{
    char name[64];
    for (unsigned i = 0; i < folders; i++) {
        snprintf (name, sizeof name, "%u", i);
        ck_assert_int_eq (mkdir (name, 0777), 0);
        for (unsigned k = 0; k < files; k++) {
            snprintf (name, sizeof name, "%u/%u", i, k);
            int fd = open (name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
            ck_assert_int_ge (fd, 0);
            close (fd);
        }
    }
}

START_TEST (cancelled)
{
    struct tn_listing listing;
    tenon_progress progress = { .struct_size = sizeof progress, .report = stop_at_once };
    struct tn_budget budget;
    make_many (10, 1000);
    tn_budget_begin (&budget, NULL, &progress, &error);
    struct tn_listing_options options = { .prefix = "", .most = 1000000, .budget = &budget };
    ck_assert_int_eq (tn_listing_make (&listing, top, &options, &error), TENON_E_CANCELLED);
    tn_listing_free (&listing, &budget);
}
END_TEST

/* 100,000 keys in 1,000 folders, with one descriptor to spare. */
START_TEST (many)
{
    struct tn_listing listing;
    struct rlimit before, few;
    make_many (1000, 100);
    int highest = dup (top);
    close (highest);
    ck_assert_int_eq (getrlimit (RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){ (rlim_t) highest + 1, before.rlim_max };
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &few), 0);
    tenon_status status = list_keys (&listing, "", 0, 100000);
    ck_assert_int_eq (setrlimit (RLIMIT_NOFILE, &before), 0);
    ck_assert_msg (status == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (listing.count, 100000);
    for (uint64_t i = 1; i < listing.count; i++)
        ck_assert_int_lt (strcmp (listing.entries[i - 1].key, listing.entries[i].key), 0);
    tn_listing_free (&listing, NULL);
}
END_TEST

START_TEST (locked)
{
    struct tn_listing listing;
    uid_t user = geteuid ();
    make_tree ();
    ck_assert_int_eq (chmod ("a/b", 0), 0);
    ck_assert_int_eq (chmod (folder, 0755), 0);
    if (user == 0) /* may read everything */
        ck_assert_int_eq (seteuid (65534), 0);
    tenon_status status = list_keys (&listing, "", 0, 100);
    ck_assert_int_eq (seteuid (user), 0);
    ck_assert_msg (status == TENON_OK, "%s", error.message);
    ck_assert_str_eq (describe_listing (&listing), ".hidden:7 a-b:3 a/1:3 !a/b:0 z.json:6");
    tn_listing_free (&listing, NULL);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("listing");
    TCase *tests = tcase_create ("listing");
    tcase_add_checked_fixture (tests, set_up, tear_down);
    tcase_set_timeout (tests, 120);
    tcase_add_test (tests, in_order);
    tcase_add_test (tests, of_a_part);
    tcase_add_test (tests, of_traps);
    tcase_add_test (tests, beneath);
    tcase_add_test (tests, faults_of_links);
    tcase_add_test (tests, as_sources);
    tcase_add_test (tests, deep);
    tcase_add_test (tests, too_deep);
    tcase_add_test (tests, too_many);
    tcase_add_test (tests, cancelled);
    tcase_add_test (tests, many);
    tcase_add_test (tests, locked);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
