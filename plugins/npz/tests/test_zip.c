/* SPDX-License-Identifier: MIT */
/* test_zip.c - what a zip holds: bombs, members that overlap, names, other members, archives in archives.
 * Here and in test_zip_*.c some must be refused, with words of the message, and unusual ones must be
 * accepted. */
#include "archive.h"

#define MALFORMED TENON_E_MALFORMED

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

/* ---- archives that are traps ---- */

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

/* ---- names and other members ---- */

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

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, a_plain_one_is_taken);
    tcase_add_test (cases, bombs);
    tcase_add_test (cases, overlaps);
    tcase_add_test (cases, duplicates);
    tcase_add_test (cases, names);
    tcase_add_test (cases, encodings_of_names);
    tcase_add_test (cases, other_members);
    tcase_add_test (cases, archives_in_archives);
    tcase_add_test (cases, archives_that_multiply);
    tcase_add_test (cases, any_byte);
}

int
main (void)
{
    return run_suite ("zip", add_tests);
}
