/* SPDX-License-Identifier: MIT */
/* test_zip.c - zips that must be refused, with words of the message, and unusual ones that must be accepted.
 * The numbers are those of the list of inputs that belongs to the format's rules. */
#include "archive.h"
#include <stdio.h>

#define MALFORMED TENON_E_MALFORMED
#define UNSUPPORTED TENON_E_UNSUPPORTED

/* Begins an archive with a good member, and begins the member `name`. */
static void
begin_second (const char *name)
{
    archive_begin ();
    member_begin ("first.npy");
    member_end ();
    member_begin (name);
}

/* Ends the member, and the archive. */
static void
end_both (void)
{
    member_end ();
    archive_end ();
}

static void
wide_extra (struct heading *heading, unsigned numbers, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t all[3] = { a, b, c };
    struct buffer *extras = &heading->extras;
    put_number (extras, 1, 2);
    put_number (extras, 8 * numbers, 2);
    for (unsigned i = 0; i < numbers; i++)
        put_number (extras, all[i], 8);
}

START_TEST (a_plain_one_is_taken)
{
    one_member ("x.npy");
    accepted ("x");
    begin_second ("dir/y.npy");
    end_both ();
    accepted ("first dir/y");
    struct buffer npy = npy_of ("|u1", "(4,)", 4);
    archive_begin ();
    member_of ("z.npy", &npy, 1);
    end_both ();
    accepted ("z");
}
END_TEST

/* ---- 17 … 19 ---- */

START_TEST (bombs)
{
    struct buffer npy = npy_of ("|u1", "(4,)", 4);
    archive_begin ();
    member_of ("bomb.npy", &npy, 1);
    member.local.size = member.central.size = 2000000000;
    end_both ();
    refused (TENON_E_LIMIT, "bomb.npy");
    refused (TENON_E_LIMIT, "raise inflated_ratio");
    settings ("limits.inflated_bytes=131 limits.inflated_ratio=100000000");
    refused (TENON_E_LIMIT, "raise inflated_bytes");
    npy = npy_of ("|u1", "(4,)", 4);
    archive_begin ();
    member_of ("x.npy", &npy, 1);
    end_both ();
    refused (TENON_E_LIMIT, "it would inflate to 132 bytes");
    settings ("limits.inflated_bytes=132");
    accepted ("x");
}
END_TEST

START_TEST (overlaps)
{
    /* the second entry's header lies in the data of the first */
    struct buffer npy = npy_of ("|u1", "(4,)", 4);
    archive_begin ();
    member_of ("outer.npy", &npy, 0);
    uint32_t inside = (uint32_t) (30 + 9 + member.stored.size);
    static uint8_t both[4096];
    struct buffer joined = { both, 0 };
    put (&joined, npy.data, npy.size);
    struct archive saved = archive;
    uint8_t header[30 + 9 + 132];
    one_member ("inner.npy");
    memcpy (header, archive.file.data, sizeof header);
    archive = saved;
    put (&joined, header, sizeof header);
    archive_begin ();
    member_of ("outer.npy", &joined, 0);
    member_end ();
    size_t size = archive.file.size;
    member_begin ("inner.npy");
    member.central.offset = inside;
    member_end ();
    archive.file.size = size;
    archive_end ();
    refused (MALFORMED, "overlap");
    refused (MALFORMED, "outer.npy");
    /* twice the same one, under another name in the directory, is the same trick */
    archive_begin ();
    member_begin ("a.npy");
    member_end ();
    member.central.name = "b.npy";
    size = archive.file.size;
    member_end ();
    archive.file.size = size;
    archive_end ();
    refused (MALFORMED, "overlap");
}
END_TEST

START_TEST (duplicates)
{
    /* the last one counts; the bytes of the first are lost in a save */
    begin_second ("first.npy");
    struct buffer npy = npy_of ("|u1", "(2,)", 2);
    archive_begin ();
    member_of ("x.npy", &npy, 0);
    member_end ();
    member_begin ("y.npy");
    member_end ();
    member_begin ("x.npy");
    end_both ();
    accepted ("y x");
    tenon_file *file = open_archive ();
    ck_assert (noted (file, "a later member has this name, too: the last one counts"));
    ck_assert (noted (file, "the 130 bytes of an earlier member of this name are not read"));
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), MALFORMED);
    close_archive (file);
    /* three of them; and members that are no arrays */
    archive_begin ();
    for (int i = 0; i < 3; i++) {
        uint8_t letters[] = "text";
        struct buffer text = { letters, 4 };
        member_of ("readme", &text, 0);
        member_end ();
        member_begin ("x.npy");
        member_end ();
    }
    archive_end ();
    accepted ("x");
    /* one key */
    begin_second ("first");
    end_both ();
    refused (MALFORMED, "first");
}
END_TEST

/* ---- 20: the two headers ---- */

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

/* ---- 21, 22: contents ---- */

START_TEST (checksums)
{
    const void *data;
    uint64_t size;
    archive_begin ();
    member_begin ("x.npy");
    member.local.crc ^= 1, member.central.crc ^= 1;
    end_both ();
    unreadable (TENON_E_CHECKSUM, "x");
    tenon_file *file = open_archive ();
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), TENON_E_CHECKSUM);
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_map (file, 0, &data, &size, &error);
    ck_assert_int_ne (error.status, TENON_E_CHECKSUM);
    close_archive (file);
    settings ("zip.verify=map");
    file = open_archive ();
    ck_assert_int_eq (tenon_map (file, 0, &data, &size, &error), TENON_E_CHECKSUM);
    close_archive (file);
    settings ("zip.verify=no");
    accepted ("x");
}
END_TEST

static int
drop_bytes (void *user, const void *data, uint64_t size)
{
    (void) user, (void) data, (void) size;
    return 0;
}

/* An array without items: no way to read it reads the member, so none finds the wrong checksum; verify does.
 */
START_TEST (empty_arrays)
{
    tenon_request request = { .struct_size = sizeof request };
    for (int deflated = 0; deflated <= 1; deflated++) {
        struct buffer npy = npy_of ("|u1", "(0,)", 0);
        archive_begin ();
        member_of ("x.npy", &npy, deflated);
        member.local.crc ^= 1, member.central.crc ^= 1;
        end_both ();
        tenon_file *file = open_archive ();
        ck_assert_int_eq (tenon_load (file, &request, 1, NULL, NULL, &error), TENON_OK);
        ck_assert_int_eq (tenon_stream (file, &request, drop_bytes, NULL, NULL, &error), TENON_OK);
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), TENON_E_CHECKSUM);
        close_archive (file);
    }
}
END_TEST

/* A member that ends long before it should, but behind the array: every way to read the array stops there. */
START_TEST (missing_bytes_behind)
{
    tenon_request request = { .struct_size = sizeof request };
    struct buffer npy = npy_of ("|u1", "(2, 2)", 4);
    uint8_t *order = memmem (npy.data, npy.size, "False", 5);
    ck_assert_ptr_nonnull (order);
    for (int fortran = 0; fortran <= 1; fortran++) {
        memcpy (order, fortran ? "True " : "False", 5);
        archive_begin ();
        member_of ("x.npy", &npy, 1);
        member.local.size = member.central.size += 100000;
        end_both ();
        tenon_file *file = open_archive ();
        ck_assert_int_eq (tenon_load (file, &request, 1, NULL, NULL, &error), TENON_OK);
        ck_assert_int_eq (tenon_stream (file, &request, drop_bytes, NULL, NULL, &error), TENON_OK);
        ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), TENON_E_MALFORMED);
        close_archive (file);
    }
}
END_TEST

START_TEST (inflated_sizes)
{
    for (int more = -1; more <= 1; more += 2) {
        struct buffer npy = npy_of ("|u1", "(4,)", 4);
        archive_begin ();
        member_of ("x.npy", &npy, 1);
        member.local.size = member.central.size += (uint32_t) more;
        end_both ();
        tenon_file *file = open_archive ();
        if (file) {
            ck_assert_int_lt (tenon_verify (file, NULL, NULL, &error), 0);
            close_archive (file);
        }
        ck_assert_msg (strstr (error.file, "x.npy") || strstr (error.tensor, "x"), "%s: %s", error.file,
                       error.message);
    }
}
END_TEST

/* ---- 23, 24: sizes ---- */

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

/* ---- 25: the zip64 locator ---- */

static void
wide_archive (void)
{
    archive_begin ();
    member_begin ("x.npy");
    member_end ();
    archive.wide = 1;
}

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
    refused (MALFORMED, "speaks of 72057594037927936 members");
}
END_TEST

/* ---- 26: data descriptors ---- */

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

/* ---- 27: unsupported features ---- */

START_TEST (not_done)
{
    static const unsigned bits[] = { 0, 6, 13 };
    static const unsigned methods[] = { 1, 6, 9, 12, 14, 95, 99 };
    char words[100];
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

/* ---- 28, 29: names and other members ---- */

START_TEST (names)
{
    begin_second ("../x.npy");
    end_both ();
    accepted ("first ../x");
    begin_second ("/etc/passwd.npy");
    end_both ();
    accepted ("first /etc/passwd");
    begin_second ("a\\b:c .npy");
    end_both ();
    accepted ("first a\\b:c ");
    begin_second ("x.NPY");
    end_both ();
    accepted ("first x");
    begin_second ("no-extension");
    end_both ();
    accepted ("first no-extension");
    begin_second ("x.npy");
    member.local.name = member.central.name = "x\0y.npy";
    member.local.name_length = member.central.name_length = 7;
    end_both ();
    refused (MALFORMED, "the name of member 'x?y.npy' holds a NUL");
}
END_TEST

START_TEST (encodings_of_names)
{
    /* code page 437 */
    begin_second ("\x81\xe1\x9f\xff.npy");
    end_both ();
    accepted ("first \xc3\xbc\xc3\x9f\xc6\x92\xc2\xa0");
    /* bit 11 */
    begin_second ("\xc3\xbc.npy");
    member.local.flags = member.central.flags = 0x800;
    end_both ();
    accepted ("first \xc3\xbc");
    begin_second ("\x81.npy");
    member.local.flags = member.central.flags = 0x800;
    end_both ();
    refused (MALFORMED, "the name of member '\\x81.npy' is not UTF-8, although its flags say so");
    /* Info-ZIP's Unicode path; the CRC-32 of "123456789" is cbf43926 by its definition */
    begin_second ("123456789");
    put_extra (&member.central.extras, 0x7075, "\1\x26\x39\xf4\xcb\xe2\x82\xac.npy", 12);
    end_both ();
    accepted ("first \xe2\x82\xac");
    begin_second ("123456789");
    put_extra (&member.central.extras, 0x7075, "\1\x27\x39\xf4\xcb\xe2\x82\xac.npy", 12);
    end_both ();
    accepted ("first 123456789");
    begin_second ("123456789");
    put_extra (&member.central.extras, 0x7075, "\1\x26\x39\xf4\xcb\xe2\x82.npyx", 12);
    end_both ();
    refused (MALFORMED, "the Unicode name of member '123456789' is not UTF-8");
}
END_TEST

START_TEST (other_members)
{
    uint8_t letters[] = "text";
    struct buffer text = { letters, 4 }, nothing = { NULL, 0 };
    archive_begin ();
    member_of ("dir/", &nothing, 0);
    member_end ();
    member_of ("dir/readme.txt", &text, 0);
    member_end ();
    member_of ("empty", &nothing, 0);
    member_end ();
    member_begin ("dir/x.npy");
    end_both ();
    accepted ("dir/x");
    tenon_file *file = open_archive ();
    ck_assert (noted (file, "no codec recognises this member of 4 bytes"));
    close_archive (file);
    /* nothing else */
    archive_begin ();
    member_of ("readme.txt", &text, 0);
    end_both ();
    refused (TENON_E_UNRECOGNISED, "no member of this zip is an array that a codec recognises");
    ck_assert_ptr_null (open_as ("letter.docx"));
    ck_assert_int_eq (error.status, TENON_E_UNRECOGNISED);
    ck_assert_ptr_null (strstr (error.message, "no member"));
    one_member ("x.npy");
    tenon_file *any = open_as ("letter.docx");
    ck_assert_ptr_nonnull (any);
    close_archive (any);
}
END_TEST

START_TEST (archives_in_archives)
{
    one_member ("x.npy");
    static uint8_t bytes[4096];
    struct buffer inner = { bytes, 0 };
    put (&inner, archive.file.data, archive.file.size);
    archive_begin ();
    member_of ("dir.npz", &inner, 0);
    end_both ();
    accepted ("dir.npz/x");
    /* two of them have the same names inside */
    archive_begin ();
    member_of ("a.npz", &inner, 0);
    member_end ();
    member_of ("b.npz", &inner, 1);
    end_both ();
    accepted ("a.npz/x b.npz/x");
}
END_TEST

/* The archive opens, and no tensor of it can be read, for a limit. */
static void
all_spoiled (const char *words)
{
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s", error.message);
    ck_assert_uint_gt (tenon_count (file), 0);
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info tensor = { .struct_size = sizeof tensor };
        ck_assert_int_eq (tenon_get (file, i, &tensor), TENON_OK);
        ck_assert_int_eq (tensor.unreadable, TENON_E_LIMIT);
        ck_assert_msg (strstr (tensor.why, words) != NULL, "%s", tensor.why);
    }
    close_archive (file);
}

/* Each of seven levels holds eight of the one below, deflated: two million archives in some ten thousand
 * bytes. */
START_TEST (archives_that_multiply)
{
    static uint8_t bytes[2][32768];
    struct buffer inner = { bytes[0], 0 };
    archive_begin ();
    archive_end ();
    for (unsigned level = 0; level < 7; level++) {
        inner.data = bytes[level % 2];
        inner.size = 0;
        put (&inner, archive.file.data, archive.file.size);
        archive_begin ();
        for (unsigned i = 0; i < 8; i++) {
            const char name[] = { (char) ('a' + i), '.', 'n', 'p', 'z', 0 };
            member_of (name, &inner, 1);
            member_end ();
        }
        archive_end ();
        if (level == 1)
            accepted ("");
    }
    ck_assert_uint_lt (archive.file.size, sizeof bytes[0]);
    all_spoiled ("in [limits] to read it");
    settings ("limits.encoded_depth=16");
    all_spoiled ("compressed members within compressed members");
    settings (NULL);
}
END_TEST

/* ---- 30, 31: members that are damaged ---- */

START_TEST (damaged_members)
{
    struct buffer npy = npy_of ("|u1", "(5,)", 4);
    archive_begin ();
    member_of ("x.npy", &npy, 0);
    end_both ();
    spoiled (TENON_E_TRUNCATED, "needs 5 bytes at offset 128, the member ends at 132");
    npy = npy_of ("|u1", "(4,)", 4);
    npy.data[8] = 0xff;
    archive_begin ();
    member_of ("x.npy", &npy, 0);
    end_both ();
    spoiled (TENON_E_TRUNCATED, "found a header of 255 bytes, but 122 bytes are left");
    npy = npy_of ("|u1", "(4,)", 4);
    npy.data[1] = 'X';
    archive_begin ();
    member_of ("x.npy", &npy, 0);
    end_both ();
    spoiled (MALFORMED, "found the bytes 93 58");
}
END_TEST

/* ---- 32, 33 ---- */

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
    refused (MALFORMED, "the end record speaks of 3 members, but its directory has only 106 bytes");
    begin_second ("x.npy");
    member_end ();
    archive.count = 1;
    archive_end ();
    refused (MALFORMED, "the central directory has 51 bytes behind its 1 members");
}
END_TEST

START_TEST (unaligned_members)
{
    for (unsigned i = 1; i <= 8; i++) {
        archive_begin ();
        struct buffer npy = npy_of ("<u4", "(1,)", 4);
        static const char *const longer[] = { "a",     "ab",     "abc",     "abcd",
                                              "abcde", "abcdef", "abcdefg", "abcdefgh" };
        member_of (longer[i - 1], &npy, 0);
        end_both ();
        accepted (longer[i - 1]);
    }
}
END_TEST

/* ---- the end record ---- */

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
    refused (MALFORMED, "the end record speaks of");
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

/* ---- unusual archives ---- */

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

/* ---- the table of blocks ---- */

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

/* ---- every byte ---- */

/* With any byte changed: no crash, and no read beyond the end, which the sanitizers find. */
START_TEST (any_byte)
{
    static const uint8_t masks[] = { 0x01, 0x80, 0xff };
    uint8_t bytes[4];
    begin_second ("x.npy");
    wide_extra (&member.central, 3, 132, 132, member.central.offset);
    member.central.size = member.central.stored = member.central.offset = 0xffffffff;
    member_end ();
    archive.wide = 1;
    archive_end ();
    for (size_t at = 0; at < archive.file.size; at++)
        for (size_t i = 0; i < sizeof masks; i++) {
            archive.file.data[at] ^= masks[i];
            tenon_file *file = open_archive ();
            if (file) {
                tenon_request request = { .struct_size = sizeof request,
                                          .data = bytes,
                                          .size = sizeof bytes };
                tenon_read (file, &request, 1, NULL, NULL);
            }
            close_archive (file);
            archive.file.data[at] ^= masks[i];
        }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("zip");
    TCase *cases = tcase_create ("zip");
    tcase_add_checked_fixture (cases, setup, teardown);
    tcase_add_test (cases, a_plain_one_is_taken);
    tcase_add_test (cases, bombs);
    tcase_add_test (cases, overlaps);
    tcase_add_test (cases, duplicates);
    tcase_add_test (cases, headers_disagree);
    tcase_add_test (cases, checksums);
    tcase_add_test (cases, empty_arrays);
    tcase_add_test (cases, missing_bytes_behind);
    tcase_add_test (cases, inflated_sizes);
    tcase_add_test (cases, absurd_sizes);
    tcase_add_test (cases, sentinels_without_a_field);
    tcase_add_test (cases, zip64_numbers_disagree);
    tcase_add_test (cases, wrong_locators);
    tcase_add_test (cases, data_descriptors);
    tcase_add_test (cases, not_done);
    tcase_add_test (cases, names);
    tcase_add_test (cases, encodings_of_names);
    tcase_add_test (cases, other_members);
    tcase_add_test (cases, archives_in_archives);
    tcase_add_test (cases, archives_that_multiply);
    tcase_add_test (cases, damaged_members);
    tcase_add_test (cases, many_members);
    tcase_add_test (cases, unaligned_members);
    tcase_add_test (cases, comments_and_what_follows);
    tcase_add_test (cases, beginnings);
    tcase_add_test (cases, directories_that_lie);
    tcase_add_test (cases, zip64_for_small_ones);
    tcase_add_test (cases, extra_fields);
    tcase_add_test (cases, orphans);
    tcase_add_test (cases, tables_of_blocks);
    tcase_add_test (cases, any_byte);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failures = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failures > 0;
}
