/* SPDX-License-Identifier: MIT */
/* test_append_kinds.c - adding to archives of every kind: what results opens, or the old archive stays. */
#include "archive.h"
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static tenon_context *own;
static char path[64];

static void
begin_test (void)
{
    tenon_context_options options = { .struct_size = sizeof options, .flags = TENON_CONTEXT_NO_FILES };
    setup ();
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_context_new (&own, &options, &error), TENON_OK);
    snprintf (path, sizeof path, "/tmp/tenon-append-kinds-%ld.npz", (long) getpid ());
}

static void
end_test (void)
{
    unlink (path);
    tenon_context_free (own);
    teardown ();
}

/* Writes the archive to `path`. */
static void
write_archive (void)
{
    FILE *file = fopen (path, "wb");
    ck_assert_ptr_nonnull (file);
    ck_assert_uint_eq (fwrite (archive.file.data, 1, archive.file.size, file), archive.file.size);
    ck_assert_int_eq (fclose (file), 0);
}

/* Reads `path` into the archive. */
static void
read_archive (void)
{
    FILE *file = fopen (path, "rb");
    ck_assert_ptr_nonnull (file);
    archive.file.size = fread (archive.file.data, 1, ROOM, file);
    fclose (file);
}

static uint64_t
count_losses (const tenon_report *report)
{
    uint64_t losses = 0;
    for (uint64_t i = 0; i < tenon_report_count (report); i++) {
        tenon_report_entry entry = { .struct_size = sizeof entry };
        ck_assert_int_eq (tenon_report_get (report, i, &entry), TENON_OK);
        losses += entry.kind == TENON_LOSS;
    }
    return losses;
}

/* Adds the tensor `name`, u8 [4] of 1 2 3 4, to the file. */
static tenon_status
append_tensor (const char *name, uint32_t flags, uint64_t *losses)
{
    static const uint64_t shape[] = { 4 };
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = TENON_U8,
                          .name = name,
                          .shape = shape,
                          .rank = 1,
                          .data = "\1\2\3\4",
                          .size = 4 };
    tenon_save_options options = { .struct_size = sizeof options, .flags = TENON_SAVE_APPEND | flags };
    tenon_report *report = NULL;
    tenon_plan *plan;
    error = (tenon_error) TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_plan_new (own, &plan, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add (plan, &array, &error), TENON_OK);
    tenon_status status = tenon_save (plan, path, &options, &report, NULL, &error);
    tenon_plan_free (plan);
    *losses = count_losses (report);
    tenon_report_free (report);
    return status;
}

/* Adds to the archive, which then has exactly these tensors. losses 1: bytes are dropped, so a strict save
 * changes nothing. */
static void
grows (const char *names, uint64_t losses)
{
    static uint8_t before[ROOM];
    const size_t size = archive.file.size;
    uint64_t told;
    memcpy (before, archive.file.data, size);
    write_archive ();
    if (losses > 0) {
        ck_assert_int_eq (append_tensor ("new", TENON_SAVE_STRICT, &told), TENON_E_LOSS);
        read_archive ();
        ck_assert (archive.file.size == size && memcmp (archive.file.data, before, size) == 0);
    }
    tenon_status status = append_tensor ("new", 0, &told);
    ck_assert_msg (status == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (told, losses);
    read_archive ();
    accepted (names);
}

/* Adding to the archive fails, and leaves it as it was. */
static void
stays (tenon_status status, const char *words)
{
    static uint8_t before[ROOM];
    const size_t size = archive.file.size;
    uint64_t told;
    memcpy (before, archive.file.data, size);
    write_archive ();
    tenon_status found = append_tensor ("new", 0, &told);
    ck_assert_msg (found == status && strstr (error.message, words), "%d: '%s'", found, error.message);
    read_archive ();
    ck_assert (archive.file.size == size && memcmp (archive.file.data, before, size) == 0);
}

/* An archive without members. */
static void
no_members (void)
{
    archive_begin ();
    archive_end ();
    ck_assert_uint_eq (archive.file.size, 22);
}

/* An end record of no members whose directory is at that offset. */
static void
put_end (struct buffer *to, uint32_t offset)
{
    put_number (to, 0x06054b50, 4);
    put_number (to, 0, 8);
    put_number (to, 0, 4);
    put_number (to, offset, 4);
    put_number (to, 0, 2);
}

START_TEST (empty_archives)
{
    no_members ();
    grows ("new", 0);
    archive_begin ();
    archive.wide = 1;
    archive_end ();
    ck_assert_uint_eq (archive.file.size, 98);
    grows ("new", 0);
    archive_begin ();
    archive.comment = "words";
    archive.comment_length = 5;
    archive_end ();
    grows ("new", 0);
    ck_assert_int_eq (memcmp (archive.file.data + archive.file.size - 7, "\5\0words", 7), 0);
    /* 44 bytes: two end records, of which the last one counts, and what it calls the directory's offset */
    for (uint32_t offset = 0; offset <= 22; offset++) {
        no_members ();
        put_end (&archive.file, offset);
        ck_assert_uint_eq (archive.file.size, 44);
        grows ("new", 1);
    }
    /* the same, as a comment of the first one */
    for (uint32_t offset = 0; offset <= 22; offset += 22) {
        uint8_t room[22];
        struct buffer comment = { room, 0 };
        put_end (&comment, offset);
        archive_begin ();
        archive.comment = room;
        archive.comment_length = 22;
        archive_end ();
        ck_assert_uint_eq (archive.file.size, 44);
        grows ("new", 1);
    }
    /* members that the directory forgot */
    one_member ("a.npy");
    archive.file.size -= 22;
    put_end (&archive.file, (uint32_t) archive.file.size);
    grows ("new", 1);
}
END_TEST

START_TEST (bytes_of_nobody)
{
    /* behind the end record, and behind its comment */
    one_member ("a.npy");
    put (&archive.file, "tail", 4);
    grows ("a new", 1);
    archive_begin ();
    member_begin ("a.npy");
    member_end ();
    archive.comment = "words";
    archive.comment_length = 5;
    archive_end ();
    put (&archive.file, "tail", 4);
    grows ("a new", 1);
    ck_assert_int_eq (memcmp (archive.file.data + archive.file.size - 5, "words", 5), 0);
    /* between the directory and its end */
    one_member ("a.npy");
    uint8_t end[22];
    memcpy (end, archive.file.data + archive.file.size - 22, 22);
    archive.file.size -= 22;
    put (&archive.file, "gap", 3);
    put (&archive.file, end, 22);
    grows ("a new", 1);
    /* a zip64 end record with more than the known fields; its locator points to it */
    one_member ("a.npy");
    archive_begin ();
    member_begin ("a.npy");
    member_end ();
    archive.wide = 1;
    archive.wide_length = 50;
    archive_end ();
    size_t locator = archive.file.size - 42;
    memmove (archive.file.data + locator + 6, archive.file.data + locator, 42);
    memset (archive.file.data + locator, 0, 6);
    archive.file.size += 6;
    grows ("a new", 1);
    /* before the directory they stay */
    archive_begin ();
    member_begin ("a.npy");
    member_end ();
    put (&archive.file, "between", 7);
    member_begin ("b.npy");
    member_end ();
    put (&archive.file, "before", 6);
    archive_end ();
    grows ("a b new", 0);
}
END_TEST

START_TEST (kinds_of_archives)
{
    uint64_t told;
    archive_begin ();
    member_begin ("a.npy");
    member_end ();
    archive.wide = 1;
    archive_end ();
    grows ("a new", 0);
    /* a data descriptor behind the last member */
    archive_begin ();
    member_begin ("a.npy");
    member.local.flags = member.central.flags = 8;
    struct buffer behind = { member.behind, 0 };
    put_number (&behind, 0x08074b50, 4);
    put_number (&behind, member.central.crc, 4);
    put_number (&behind, member.central.stored, 4);
    put_number (&behind, member.central.size, 4);
    member.behind_size = behind.size;
    member.local.crc = member.local.stored = member.local.size = 0;
    member_end ();
    archive_end ();
    grows ("a new", 0);
    /* a member that cannot be read stays as it is */
    archive_begin ();
    member_begin ("a.npy");
    member.local.flags = member.central.flags = 1;
    member_end ();
    archive_end ();
    write_archive ();
    const size_t begin = archive.file.size - 22 - archive.directory.size;
    static uint8_t before[ROOM];
    memcpy (before, archive.file.data, begin);
    ck_assert_msg (append_tensor ("new", 0, &told) == TENON_OK, "%s", error.message);
    ck_assert_uint_eq (told, 0);
    read_archive ();
    ck_assert_mem_eq (archive.file.data, before, begin);
    spoiled (TENON_E_UNSUPPORTED, "it is encrypted");
    /* and can be replaced */
    ck_assert_msg (append_tensor ("a", 0, &told) == TENON_OK, "%s", error.message);
    read_archive ();
    accepted ("new a");
    /* what cannot be opened cannot be added to */
    one_member ("a.npy");
    memmove (archive.file.data + 10, archive.file.data, archive.file.size);
    memset (archive.file.data, '#', 10);
    archive.file.size += 10;
    stays (TENON_E_MALFORMED, "it cannot be added to");
    /* a member that reaches into the directory */
    archive_begin ();
    member_begin ("a.npy");
    member.central.offset = 1;
    member_end ();
    archive_end ();
    stays (TENON_E_MALFORMED, "it cannot be added to");
}
END_TEST

/* Nothing reads the local header of a folder, so its entry may say anything. */
START_TEST (folders)
{
    for (unsigned i = 0; i < 2; i++) {
        struct buffer nothing = { NULL, 0 };
        archive_begin ();
        member_begin ("a.npy");
        member_end ();
        member_of ("folder/", &nothing, 0);
        if (i > 0)
            member.central.offset = 100000;
        member_end ();
        archive_end ();
        if (i == 0)
            grows ("a new", 0);
        else
            stays (TENON_E_MALFORMED, "member 'folder/' does not begin before the central directory");
    }
}
END_TEST

/* A comment with an end record that is wrong in the old archive and right in the longer one, whose directory
 * begins where it says. There it hides the new member. */
START_TEST (comments_that_come_true)
{
    uint8_t room[40];
    const size_t entry = 46 + 5;
    for (unsigned i = 0; i < 2; i++) {
        size_t directory = 0;
        for (unsigned round = 0; round < 2; round++) { /* the first one tells where the directory will be */
            struct buffer comment = { room, 0 };
            put_number (&comment, round ? 0x06054b50 : 0, 4);
            put_number (&comment, 0, 4);
            put_number (&comment, 1, 2);
            put_number (&comment, 1, 2);
            put_number (&comment, i ? entry + 1 : entry, 4);
            put_number (&comment, directory, 4);
            put_number (&comment, 1, 2);
            put (&comment, ".", 1);
            archive_begin ();
            member_begin ("a.npy");
            member_end ();
            archive.comment = room;
            archive.comment_length = 23;
            archive_end ();
            if (round > 0)
                break;
            grows ("a new", 0);
            directory = archive.file.size - 45 - entry - (46 + 7);
        }
        accepted ("a");
        stays (TENON_E_UNSUPPORTED,
               i ? "the longer file would not open as it should (" : "a tensor is not in it");
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("append kinds");
    TCase *cases = tcase_create ("append");
    tcase_add_checked_fixture (cases, begin_test, end_test);
    tcase_add_test (cases, empty_archives);
    tcase_add_test (cases, bytes_of_nobody);
    tcase_add_test (cases, kinds_of_archives);
    tcase_add_test (cases, folders);
    tcase_add_test (cases, comments_that_come_true);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
