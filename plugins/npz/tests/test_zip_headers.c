/* SPDX-License-Identifier: MIT */
/* test_zip_headers.c - the two headers of a member, what they contradict, and what they ask that is not done.
 */
#include "archive.h"
#include <stdio.h>

#define MALFORMED TENON_E_MALFORMED
#define UNSUPPORTED TENON_E_UNSUPPORTED

START_TEST (headers_disagree)
{
    begin_second ("x.npy");
    member.local.name = "y.npy";
    end_both ();
    spoiled (MALFORMED, "it has another name in its local header");
    begin_second ("x.npy");
    member.local.name = "x.npyy";
    member.local.name_length = 6;
    end_both ();
    spoiled (MALFORMED, "it has another name in its local header");
    begin_second ("x.npy");
    member.local.method = 8;
    end_both ();
    spoiled (MALFORMED, "by method 8 by its local header, 0 by the central directory");
    begin_second ("x.npy");
    member.local.flags = 1;
    end_both ();
    spoiled (MALFORMED, "it is encrypted by its local header");
    begin_second ("x.npy");
    member.local.crc ^= 1;
    end_both ();
    spoiled (MALFORMED, "it has the CRC");
    begin_second ("x.npy");
    member.local.size++;
    end_both ();
    spoiled (MALFORMED,
             "has 133 bytes, stored in 132, by its local header, 132 and 132 by the central directory");
    begin_second ("x.npy");
    member.local.stored--;
    end_both ();
    spoiled (MALFORMED, "has 132 bytes, stored in 131, by its local header");
    begin_second ("x.npy");
    member.local.signature = 0x04034b51;
    end_both ();
    refused (MALFORMED, "member 'x.npy' has no local header at offset 171");
}
END_TEST

START_TEST (absurd_sizes)
{
    archive_begin ();
    member_begin ("x.npy");
    member.stored.size = 28;
    member.local.size = member.local.stored = member.central.size = member.central.stored = 0xfffffffe;
    end_both ();
    ck_assert_uint_eq (archive.file.size, 136);
    refused (
        MALFORMED,
        "member 'x.npy' has 4294967294 bytes at offset 0, which do not end before the central directory");
    /* by one byte, because of the local header's extra field */
    archive_begin ();
    member_begin ("x.npy");
    member.stored.size--;
    end_both ();
    refused (MALFORMED, "member 'x.npy' has 132 bytes behind a local header of 35");
    archive_begin ();
    member_begin ("x.npy");
    member.central.offset = 0xfffffffe;
    end_both ();
    refused (MALFORMED, "at offset 4294967294");
    /* the whole range of 64 bits */
    archive_begin ();
    member_begin ("x.npy");
    member.central.offset = 0xffffffff;
    member.central.stored = member.central.size = 0xffffffff;
    wide_extra (&member.central, 3, UINT64_MAX - 20, UINT64_MAX - 20, 40);
    end_both ();
    refused (MALFORMED, "which do not end before the central directory");
}
END_TEST

START_TEST (sentinels_without_a_field)
{
    archive_begin ();
    member_begin ("x.npy");
    member.central.size = member.central.stored = 0xffffffff;
    end_both ();
    refused (MALFORMED, "member 'x.npy' refers to a zip64 extra field that it does not have");
    archive_begin ();
    member_begin ("x.npy");
    member.central.size = member.central.stored = 0xffffffff;
    wide_extra (&member.central, 1, 132, 0, 0);
    end_both ();
    refused (MALFORMED, "refers to a zip64 extra field");
    archive_begin ();
    member_begin ("x.npy");
    member.central.offset = 0xffffffff;
    end_both ();
    refused (MALFORMED, "refers to a zip64 extra field");
    one_member ("x.npy");
    memset (archive.file.data + archive.file.size - 6, 0xff, 4);
    refused (MALFORMED, "no zip64 locator is before it");
}
END_TEST

START_TEST (zip64_numbers_disagree)
{
    archive_begin ();
    member_begin ("x.npy");
    member.local.size = member.local.stored = 0xffffffff;
    wide_extra (&member.local, 2, 132, 131, 0);
    end_both ();
    spoiled (MALFORMED, "has 132 bytes, stored in 131, by its local header");
}
END_TEST

/* With or without signature, in 32 or 64 bits; the local header does not have the numbers. */
static void
put_descriptor (int signature, unsigned width)
{
    struct buffer behind = { member.behind, 0 };
    if (signature)
        put_number (&behind, 0x08074b50, 4);
    put_number (&behind, member.central.crc, 4);
    put_number (&behind, member.central.stored, width);
    put_number (&behind, member.central.size, width);
    member.behind_size = behind.size;
    member.local.flags |= 8;
    member.local.crc = member.local.stored = member.local.size = 0;
}

START_TEST (data_descriptors)
{
    for (int i = 0; i < 8; i++) {
        struct buffer npy = npy_of ("|u1", "(4,)", 4);
        archive_begin ();
        member_of ("x.npy", &npy, i & 1);
        put_descriptor (i & 2, i & 4 ? 8 : 4);
        if (i & 4) {
            member.local.stored = member.local.size = 0xffffffff;
            wide_extra (&member.local, 2, 0, 0, 0);
        }
        member.central.flags |= 8;
        member_end ();
        member_begin ("y.npy");
        end_both ();
        accepted ("x y");
    }
    /* one of the two headers is enough */
    archive_begin ();
    member_begin ("x.npy");
    put_descriptor (1, 4);
    end_both ();
    accepted ("x");
}
END_TEST

START_TEST (not_done)
{
    static const unsigned bits[] = { 0, 6, 13 };
    static const unsigned methods[] = { 1, 6, 9, 12, 14, 95, 99 };
    char words[100];
    settings ("plugin.bzip2.enabled=no plugin.xz.enabled=no"); /* of 12, 14 and 95 */
    for (size_t i = 0; i < 3; i++) {
        begin_second ("x.npy");
        member.local.flags = member.central.flags = 1u << bits[i];
        end_both ();
        spoiled (UNSUPPORTED, "it is encrypted");
    }
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        begin_second ("x.npy");
        member.local.method = member.central.method = methods[i];
        end_both ();
        snprintf (words, sizeof words, "it is compressed by method %u", methods[i]);
        spoiled (UNSUPPORTED, words);
    }
    begin_second ("x.npy");
    member.local.method = member.central.method = 12;
    end_both ();
    spoiled (UNSUPPORTED, "method 12 (bzip2), for which no filter is in use: bzip2");
    begin_second ("x.npy");
    member.central.disk = 1;
    end_both ();
    refused (UNSUPPORTED, "member 'x.npy' lies on another disk, 1");
    for (int i = 0; i < 4; i++) {
        wide_archive ();
        archive.wide = i >= 2;
        archive.disk = i == 0;
        archive.directory_disk = i < 2;
        archive.locator_disk = i == 2;
        archive.wide_disks = i == 3 ? 2 : 1;
        archive_end ();
        refused (UNSUPPORTED, "several disks");
    }
}
END_TEST

START_TEST (zip64_for_small_ones)
{
    wide_archive ();
    archive_end ();
    accepted ("x");
    wide_archive ();
    archive.count = 0xffff;
    archive.size = archive.offset = 0xffffffff;
    archive_end ();
    accepted ("x");
    wide_archive ();
    archive.wide_length = 54;
    archive_end ();
    refused (MALFORMED, "the zip64 end record says that it has 54 bytes");
    /* redundant fields */
    begin_second ("x.npy");
    wide_extra (&member.local, 2, 132, 132, 0);
    wide_extra (&member.central, 3, 132, 132, member.central.offset);
    end_both ();
    accepted ("first x");
    /* as numpy.savez writes them */
    begin_second ("x.npy");
    member.local.size = member.local.stored = 0xffffffff;
    wide_extra (&member.local, 2, 132, 132, 0);
    end_both ();
    accepted ("first x");
    begin_second ("x.npy");
    wide_extra (&member.central, 3, 132, 132, member.central.offset);
    member.central.size = member.central.stored = member.central.offset = 0xffffffff;
    end_both ();
    accepted ("first x");
    begin_second ("x.npy");
    wide_extra (&member.central, 1, member.central.offset, 0, 0);
    member.central.offset = 0xffffffff;
    end_both ();
    accepted ("first x");
}
END_TEST

START_TEST (extra_fields)
{
    static uint8_t many[300];
    begin_second ("x.npy");
    put_extra (&member.local.extras, 0xcafe, many, sizeof many);
    put_extra (&member.central.extras, 0xcafe, many, 100);
    end_both ();
    accepted ("first x");
    /* the zip64 field lies beyond the first read */
    begin_second ("x.npy");
    put_extra (&member.local.extras, 0xcafe, many, sizeof many);
    wide_extra (&member.local, 2, 132, 131, 0);
    member.local.size = member.local.stored = 0xffffffff;
    end_both ();
    spoiled (MALFORMED, "stored in 131");
    /* not well-formed, and ignored: zipalign's zeros */
    begin_second ("x.npy");
    put (&member.local.extras, many, 3);
    put (&member.central.extras, "\1\0\377\0abc", 7);
    end_both ();
    accepted ("first x");
}
END_TEST

/* A table of one block, the member's stored bytes, with the fields that the test gives. */
static void
blocks_extra (unsigned version, unsigned log, unsigned zero, unsigned count, uint32_t stored)
{
    uint8_t field[256];
    struct buffer bytes = { field, 0 };
    put_number (&bytes, version, 1);
    put_number (&bytes, log, 1);
    put_number (&bytes, zero, 2);
    for (unsigned i = 0; i < count; i++)
        put_number (&bytes, stored, 4);
    put_extra (&member.central.extras, 0x6e74, field, (unsigned) bytes.size);
}

START_TEST (tables_of_blocks)
{
    static const unsigned faults[][4] = { { 2, 20, 0, 1 }, { 1, 15, 0, 1 }, { 1, 41, 0, 1 }, { 1, 20, 1, 1 },
                                          { 1, 20, 0, 0 }, { 1, 20, 0, 2 }, { 1, 16, 0, 1 } };
    for (unsigned i = 0; i <= 7; i++) {
        struct buffer npy = npy_of ("|u1", "(4,)", 4);
        archive_begin ();
        member_of ("x.npy", &npy, 1);
        uint32_t stored = member.central.stored;
        if (i < 7)
            blocks_extra (faults[i][0], faults[i][1], faults[i][2], faults[i][3], stored - (i == 6));
        else
            blocks_extra (1, 20, 0, 1, stored);
        end_both ();
        accepted ("x");
        tenon_file *file = open_archive ();
        ck_assert_int_eq (noted (file, "its table of blocks is not used"), i < 7);
        /* what is wrong in a table of this version is a flaw */
        int known = i < 7 && faults[i][0] == 1 && faults[i][2] == 0;
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, NULL), known ? MALFORMED : TENON_OK);
        close_archive (file);
    }
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, headers_disagree);
    tcase_add_test (cases, absurd_sizes);
    tcase_add_test (cases, sentinels_without_a_field);
    tcase_add_test (cases, zip64_numbers_disagree);
    tcase_add_test (cases, data_descriptors);
    tcase_add_test (cases, not_done);
    tcase_add_test (cases, zip64_for_small_ones);
    tcase_add_test (cases, extra_fields);
    tcase_add_test (cases, tables_of_blocks);
}

int
main (void)
{
    return run_suite ("zip_headers", add_tests);
}
