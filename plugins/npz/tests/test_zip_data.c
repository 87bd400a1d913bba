/* SPDX-License-Identifier: MIT */
/* test_zip_data.c - the bytes of members: checksums, sizes that are not those of the data, damaged arrays. */
#include "archive.h"

#define MALFORMED TENON_E_MALFORMED

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

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, checksums);
    tcase_add_test (cases, empty_arrays);
    tcase_add_test (cases, missing_bytes_behind);
    tcase_add_test (cases, inflated_sizes);
    tcase_add_test (cases, damaged_members);
    tcase_add_test (cases, unaligned_members);
}

int
main (void)
{
    return run_suite ("zip_data", add_tests);
}
