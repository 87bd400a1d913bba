/* SPDX-License-Identifier: MIT */
/* test_zip_directory.c - the central directory, its end records, and what lies around the archive. */
#include "archive.h"

#define MALFORMED TENON_E_MALFORMED

START_TEST (wrong_locators)
{
    wide_archive ();
    archive.wide_place = 3;
    archive_end ();
    refused (MALFORMED, "the zip64 locator points to byte 3, where no zip64 end record is");
    wide_archive ();
    archive.wide_place = UINT64_MAX - 1;
    archive_end ();
    refused (MALFORMED, "which leaves no room for an end record");
    wide_archive ();
    archive.wide_length = 43;
    archive_end ();
    refused (MALFORMED, "the zip64 end record says that it has 43 bytes");
    wide_archive ();
    archive.wide_length = UINT64_MAX;
    archive_end ();
    refused (MALFORMED, "the zip64 end record says that it has");
    wide_archive ();
    archive.wide_count = 2;
    archive_end ();
    refused (MALFORMED, "contradict each other");
    wide_archive ();
    archive.wide_size = 50;
    archive_end ();
    refused (MALFORMED, "contradict each other");
    wide_archive ();
    archive.wide_offset = UINT64_MAX - 1;
    archive.offset = 0xffffffff;
    archive_end ();
    refused (MALFORMED, "does not end before the zip64 end record");
    wide_archive ();
    archive.wide_count = 0x0100000000000000;
    archive.count = 0xffff;
    archive_end ();
    refused (MALFORMED, "states 72057594037927936 members");
}
END_TEST

START_TEST (many_members)
{
    begin_second ("x.npy");
    end_both ();
    settings ("limits.members=1");
    refused (TENON_E_LIMIT, "it has 2 members, more than 1; raise members in [limits] to read them");
    settings ("limits.members=2");
    accepted ("first x");
    archive.file.size = 0;
    begin_second ("x.npy");
    member_end ();
    archive.count = 3;
    archive_end ();
    settings (NULL);
    refused (MALFORMED, "the end record states 3 members, but its directory has only 106 bytes");
    begin_second ("x.npy");
    member_end ();
    archive.count = 1;
    archive_end ();
    refused (MALFORMED, "the central directory has 51 bytes behind its 1 members");
}
END_TEST

START_TEST (comments_and_what_follows)
{
    static char comment[65535];
    memset (comment, 'c', sizeof comment);
    archive_begin ();
    member_begin ("x.npy");
    member_end ();
    archive.comment = comment;
    archive.comment_length = sizeof comment;
    archive_end ();
    accepted ("x");
    /* an end record in the comment, whose numbers are inconsistent */
    memcpy (comment + 100, "PK\5\6\0\0\0\0\1\0\1\0\100\0\0\0\377\0\0\0\0\0", 22);
    memcpy (archive.file.data + archive.file.size - sizeof comment, comment, sizeof comment);
    accepted ("x");
    memset (comment, 'c', sizeof comment);
    one_member ("x.npy");
    put (&archive.file, comment, 1000);
    accepted ("x");
    one_member ("x.npy");
    put (&archive.file, comment, sizeof comment);
    put (&archive.file, "c", 1);
    refused (TENON_E_TRUNCATED, "no end of a zip's central directory is in the last 65557 bytes");
    /* the comment is cut */
    archive_begin ();
    member_begin ("x.npy");
    member_end ();
    archive.comment_claims = 1;
    archive_end ();
    refused (MALFORMED, "the end record states");
}
END_TEST

START_TEST (beginnings)
{
    archive_begin ();
    put (&archive.file, "#!/bin/sh\n", 10);
    member_begin ("x.npy");
    end_both ();
    refused (MALFORMED, "found the bytes 23 21 2f 62, expected 50 4b 03 04");
    archive_begin ();
    archive_end ();
    accepted ("");
    archive_begin ();
    archive.wide = 1;
    archive_end ();
    accepted ("");
    archive_begin ();
    archive_end ();
    archive.file.size = 21;
    refused (TENON_E_TRUNCATED, "too short");
    archive.file.size = 0;
    refused (TENON_E_TRUNCATED, "it is empty (0 bytes), no npz file");
    /* a self-extracting archive may give the offset of its directory or not: the first byte tells */
    archive_begin ();
    put (&archive.file, "PK\5\6", 4);
    member_begin ("x.npy");
    end_both ();
    refused (MALFORMED, "found the bytes 50 4b 05 06");
}
END_TEST

START_TEST (directories_that_lie)
{
    archive_begin ();
    member_begin ("x.npy");
    member.central.signature = 0x02014b51;
    end_both ();
    refused (MALFORMED, "where none is");
    begin_second ("x.npy");
    member.central.signature = 0x02014b51;
    end_both ();
    refused (MALFORMED, "the central directory has no entry here");
    archive_begin ();
    member_begin ("x.npy");
    member_end ();
    put (&archive.directory, "junk", 4);
    archive_end ();
    refused (MALFORMED, "the central directory has 4 bytes behind its 1 members");
    archive_begin ();
    member_begin ("x.npy");
    member_end ();
    archive.directory.data[28] = 0xff;
    archive_end ();
    refused (TENON_E_TRUNCATED, "an entry of the central directory needs 301 bytes, 51 are left");
    for (size_t cut = 1; cut < 22; cut++) {
        one_member ("x.npy");
        archive.file.size -= cut;
        refused (TENON_E_TRUNCATED, "no end of a zip's central directory");
    }
}
END_TEST

START_TEST (orphans)
{
    archive_begin ();
    member_begin ("old.npy");
    member_end ();
    archive.directory.size = 0;
    archive.here = 0;
    put (&archive.file, "some bytes", 10);
    member_begin ("x.npy");
    member_end ();
    put (&archive.file, "more bytes", 10);
    archive_end ();
    accepted ("x");
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, wrong_locators);
    tcase_add_test (cases, many_members);
    tcase_add_test (cases, comments_and_what_follows);
    tcase_add_test (cases, beginnings);
    tcase_add_test (cases, directories_that_lie);
    tcase_add_test (cases, orphans);
}

int
main (void)
{
    return run_suite ("zip_directory", add_tests);
}
