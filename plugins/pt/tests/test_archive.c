/* SPDX-License-Identifier: MIT */
/* test_archive.c - archives of torch.save with members that lack, lie, or are more than they should be. */
#include "../../npz/tests/archive.h"

#define TEXT(length, text) "X" length "\0\0\0" text
#define TENSOR(key)                                                                                          \
    "ctorch._utils\n_rebuild_tensor_v2\n((" TEXT ("\x07", "storage") "ctorch\nByteStorage\n" key TEXT (      \
        "\x03", "cpu") "K\x04tQK\0K\x04\x85K\x01\x85\x89"                                                    \
                       "ccollections\nOrderedDict\n)RtR"
#define KEY(letter) TEXT ("\x01", letter)
/* {'a': the storage 0, 'b': the storage 1}, each u8 [4] of 1 2 3 4 */
#define BOTH "\x80\x02}(" KEY ("a") TENSOR (KEY ("0")) KEY ("b") TENSOR (KEY ("1")) "u."

static void
add_member (const char *name, const void *bytes, size_t size, int deflated)
{
    struct buffer buffer = { (uint8_t *) (uintptr_t) bytes, size };
    member_of (name, &buffer, deflated);
    member_end ();
}
#define ADD(name, text) add_member (name, text, sizeof text - 1, 0)

/* An archive of BOTH. `left_out`: of these members, the one of this name is not there. */
static void
usual_archive (const char *left_out)
{
    static const struct {
        const char *name, *bytes;
        size_t size;
    } members[] = { { "m/data.pkl", BOTH, sizeof BOTH - 1 },
                    { "m/byteorder", "little", 6 },
                    { "m/data/0", "\1\2\3\4", 4 },
                    { "m/data/1", "\1\2\3\4", 4 },
                    { "m/version", "3\n", 2 },
                    { "m/.data/serialization_id", "12", 2 } };
    archive_begin ();
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (!left_out || strcmp (members[i].name, left_out) != 0)
            add_member (members[i].name, members[i].bytes, members[i].size, 0);
}

static tenon_file *
open_usual (void)
{
    archive_end ();
    tenon_file *file = open_as ("box.pt");
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    return file;
}

static void
check_tensor (tenon_file *file, const char *name, tenon_status status, const char *words)
{
    uint64_t index;
    uint8_t bytes[4] = { 0 };
    ck_assert_msg (tenon_find (file, name, &index) == TENON_OK, "there is no '%s'", name);
    tenon_tensor_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_msg (info.unreadable == status && (!status || strstr (info.why, words)),
                   "%s: %d '%s', expected %d '%s'", name, info.unreadable, info.why ? info.why : "", status,
                   words);
    tenon_request request = { .struct_size = sizeof request, .index = index, .data = bytes, .size = 4 };
    ck_assert_int_eq (tenon_read (file, &request, 1, NULL, &error), status);
    if (status == TENON_OK)
        ck_assert (memcmp (bytes, "\1\2\3\4", 4) == 0);
}

/* The last failure is that of a byte of a member. */
static void
is_at (const char *file, uint64_t offset)
{
    ck_assert_msg (error.offset == offset && strstr (error.file, file), "byte %llu of '%s'",
                   (unsigned long long) error.offset, error.file);
}

static void
fails (const char *name, tenon_status status, const char *words)
{
    archive_end ();
    ck_assert_ptr_null (open_as (name));
    ck_assert_msg (error.status == status && strstr (error.message, words), "%d '%s', expected %d '%s'",
                   error.status, error.message, status, words);
}

START_TEST (an_archive_opens)
{
    usual_archive (NULL);
    tenon_file *file = open_usual ();
    tenon_file_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, "pt");
    ck_assert_uint_eq (info.tensors, 2);
    check_tensor (file, "a", TENON_OK, "");
    check_tensor (file, "b", TENON_OK, "");
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), TENON_OK);
    ck_assert_msg (!noted (file, "not read"), "a usual member is told");
    close_archive (file);
}
END_TEST

/* The contents tell what it is, whatever its name. */
START_TEST (other_names)
{
    static const char *const names[] = { "pytorch_model.bin", "box.ckpt", "box.pth", "box", "box.npz" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        usual_archive (NULL);
        archive_end ();
        tenon_file *file = open_as (names[i]);
        ck_assert_msg (file != NULL, "%s: %s", names[i], error.message);
        check_tensor (file, "a", TENON_OK, "");
        close_archive (file);
    }
}
END_TEST

START_TEST (members_may_be_deflated)
{
    archive_begin ();
    add_member ("m/data.pkl", BOTH, sizeof BOTH - 1, 1);
    add_member ("m/data/0", "\1\2\3\4", 4, 1);
    ADD ("m/data/1", "\1\2\3\4");
    tenon_file *file = open_usual ();
    check_tensor (file, "a", TENON_OK, "");
    check_tensor (file, "b", TENON_OK, "");
    close_archive (file);
}
END_TEST

START_TEST (what_lacks_is_told)
{
    usual_archive ("m/byteorder"); /* older versions wrote none */
    tenon_file *file = open_usual ();
    check_tensor (file, "a", TENON_OK, "");
    close_archive (file);
    usual_archive ("m/data/0");
    file = open_usual ();
    check_tensor (file, "a", TENON_E_MALFORMED, "the storage '0', are not in the file");
    check_tensor (file, "b", TENON_OK, "");
    close_archive (file);
    usual_archive ("m/data.pkl");
    archive_end ();
    ck_assert_ptr_null (open_as ("box.bin"));
    ck_assert_int_eq (error.status, TENON_E_UNRECOGNISED);
}
END_TEST

START_TEST (what_is_more_is_a_loss)
{
    usual_archive (NULL);
    ADD ("m/data/2", "1234");
    ADD ("m/code/__torch__.py", "def f(): pass");
    tenon_file *file = open_usual ();
    ck_assert (noted (file, "2 members of the archive, 'data/2' and others, are not read"));
    check_tensor (file, "a", TENON_OK, "");
    close_archive (file);
    usual_archive (NULL);
    ADD ("other/x", "1234");
    file = open_usual ();
    ck_assert (noted (file, "1 member of the archive, 'other/x', is not read"));
    close_archive (file);
    archive_begin ();
    ADD ("m/data.pkl", "\x80\x02}.more");
    file = open_usual ();
    ck_assert (noted (file, "4 bytes behind the pickle in data.pkl are not read"));
    close_archive (file);
}
END_TEST

/* The place is that of the fault, and not of the token before it. */
START_TEST (metadata_that_are_broken_are_a_loss)
{
    usual_archive (NULL);
    ADD ("m/tenon.json", "{\"tenon\":1,\"metadata\":[x]}");
    tenon_file *file = open_usual ();
    ck_assert (noted (file, "it does not hold metadata as this version writes them (at byte 23)"));
    check_tensor (file, "a", TENON_OK, "");
    close_archive (file);
    usual_archive (NULL);
    ADD ("m/tenon.json", "{\"tenon\":1,\"metadata\":[{\"key\":\"\",\"type\":\"null\",\"value\":null}]}");
    file = open_usual ();
    ck_assert (noted (file, "it does not hold metadata as this version writes them (at byte 31)"));
    close_archive (file);
}
END_TEST

START_TEST (byte_orders)
{
    usual_archive ("m/byteorder");
    ADD ("m/byteorder", "middle");
    fails ("box.pt", TENON_E_MALFORMED, "byteorder begins with 'middle', expected little or big");
    usual_archive ("m/byteorder");
    ADD ("m/byteorder", "");
    fails ("box.pt", TENON_E_MALFORMED, "byteorder begins with ''");
    usual_archive ("m/byteorder");
    ADD ("m/byteorder", "littlelittlelittlelittle");
    fails ("box.pt", TENON_E_MALFORMED, "byteorder begins with 'littlel'");
}
END_TEST

START_TEST (storages_that_are_cut_or_sealed)
{
    usual_archive ("m/data/0");
    ADD ("m/data/0", "\1\2\3");
    tenon_file *file = open_usual ();
    check_tensor (file, "a", TENON_E_TRUNCATED, "its items end at byte 4 of its storage, which has 3");
    check_tensor (file, "b", TENON_OK, "");
    close_archive (file);
    usual_archive ("m/data/0");
    struct buffer bytes = { (uint8_t *) (uintptr_t) "\1\2\3\4", 4 };
    member_of ("m/data/0", &bytes, 0);
    member.local.flags = member.central.flags = 1; /* encrypted */
    member_end ();
    file = open_usual ();
    check_tensor (file, "a", TENON_E_UNSUPPORTED, "its storage '0' cannot be read: ");
    check_tensor (file, "b", TENON_OK, "");
    close_archive (file);
    usual_archive ("m/data/0");
    member_of ("m/data/0", &bytes, 0);
    member.local.crc = member.central.crc = 7;
    member_end ();
    file = open_usual ();
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &error), TENON_E_CHECKSUM);
    check_tensor (file, "b", TENON_OK, "");
    close_archive (file);
}
END_TEST

/* Keys that no storage has: they lead nowhere, least of all out of the archive. */
START_TEST (keys_that_lead_nowhere)
{
    static const struct {
        const char *bytes;
        size_t size;
    } pickles[] = {
#define NOWHERE(key)                                                                                         \
    { "\x80\x02}(" KEY ("a") TENSOR (key) KEY ("b") TENSOR (KEY ("1")) "u.",                                 \
      sizeof ("\x80\x02}(" KEY ("a") TENSOR (key) KEY ("b") TENSOR (KEY ("1")) "u.") - 1 }
        NOWHERE (TEXT ("\x0f", "../../etc/hosts")),
        NOWHERE (TEXT ("\x0a", "/etc/hosts")),
        NOWHERE (TEXT ("\0", "")),
        NOWHERE (TEXT ("\x03", "0\0x")),
        NOWHERE (TEXT ("\x02", "\xff\xfe")),
        NOWHERE (TEXT ("\x01", "/")),
        NOWHERE (TEXT ("\x02", ".."))
    };
    for (size_t i = 0; i < sizeof pickles / sizeof pickles[0]; i++) {
        archive_begin ();
        add_member ("m/data.pkl", pickles[i].bytes, pickles[i].size, 0);
        ADD ("m/data/1", "\1\2\3\4");
        tenon_file *file = open_usual ();
        check_tensor (file, "a", TENON_E_MALFORMED, "are not in the file");
        check_tensor (file, "b", TENON_OK, "");
        close_archive (file);
    }
}
END_TEST

START_TEST (pickles_that_are_broken)
{
    archive_begin ();
    ADD ("m/data.pkl", "\x80\x02}(");
    fails ("box.pt", TENON_E_TRUNCATED, "the pickle ends before its last opcode");
    is_at ("m/data.pkl", 4);
    archive_begin ();
    ADD ("m/data.pkl", "");
    fails ("box.pt", TENON_E_TRUNCATED, "the pickle ends before its last opcode");
    archive_begin ();
    ADD ("m/data.pkl", "\x80\x02h\7.");
    fails ("box.pt", TENON_E_MALFORMED, "it recalls value number 7");
    is_at ("m/data.pkl", 3);
    archive_begin ();
    struct buffer bytes = { (uint8_t *) (uintptr_t) BOTH, sizeof BOTH - 1 };
    member_of ("m/data.pkl", &bytes, 0);
    member.local.crc = member.central.crc = 7;
    member_end ();
    archive_end ();
    ck_assert_ptr_null (open_as ("box.pt"));
    ck_assert_int_eq (error.status, TENON_E_CHECKSUM);
    /* the local header, behind a first member whose header has 30 bytes, its name 9 and its bytes 2 */
    archive_begin ();
    ADD ("m/version", "3\n");
    member_of ("m/data.pkl", &bytes, 0);
    member.local.method = 8;
    member_end ();
    fails ("box.pt", TENON_E_MALFORMED, "by method 8 by its local header");
    is_at ("box.pt", 41);
}
END_TEST

/* Two objects in one archive: the first one counts, and the members of the other are a loss. */
START_TEST (two_objects)
{
    usual_archive (NULL);
    ADD ("n/data.pkl", "\x80\x02N.");
    tenon_file *file = open_usual ();
    check_tensor (file, "a", TENON_OK, "");
    ck_assert (noted (file, "1 member of the archive, 'n/data.pkl', is not read"));
    close_archive (file);
}
END_TEST

/* Every other byte of the pickle: no crash, and no other tensor is wrong. */
START_TEST (flips_of_the_pickle)
{
    static uint8_t pickle[sizeof BOTH - 1];
    for (size_t i = 0; i < sizeof pickle; i++) {
        memcpy (pickle, BOTH, sizeof pickle);
        pickle[i] ^= (uint8_t) (1u << i % 8);
        archive_begin ();
        add_member ("m/data.pkl", pickle, sizeof pickle, 0);
        ADD ("m/data/0", "\1\2\3\4");
        ADD ("m/data/1", "\1\2\3\4");
        archive_end ();
        tenon_file *file = open_as ("box.pt");
        if (file)
            (void) tenon_verify (file, NULL, NULL, &error);
        close_archive (file);
    }
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("archive");
    TCase *tests = tcase_create ("archive");
    tcase_add_checked_fixture (tests, setup, teardown);
    tcase_add_test (tests, an_archive_opens);
    tcase_add_test (tests, other_names);
    tcase_add_test (tests, members_may_be_deflated);
    tcase_add_test (tests, what_lacks_is_told);
    tcase_add_test (tests, what_is_more_is_a_loss);
    tcase_add_test (tests, metadata_that_are_broken_are_a_loss);
    tcase_add_test (tests, byte_orders);
    tcase_add_test (tests, storages_that_are_cut_or_sealed);
    tcase_add_test (tests, keys_that_lead_nowhere);
    tcase_add_test (tests, pickles_that_are_broken);
    tcase_add_test (tests, two_objects);
    tcase_add_test (tests, flips_of_the_pickle);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_ENV);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
