/* SPDX-License-Identifier: MIT */
/* test_sha256.c - SHA-256, against the examples that NIST publishes with FIPS 180-4, and in pieces of all
 * sizes. */
#include "kernels/sha256.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static void
print_digest (struct tn_sha256 *sum, char text[65])
{
    unsigned char digest[TN_SHA256_BYTES];
    tn_sha256_end (sum, digest);
    for (unsigned i = 0; i < TN_SHA256_BYTES; i++)
        sprintf (text + 2 * i, "%02x", digest[i]);
}

static const struct {
    const char *text;
    unsigned times;
    const char *digest;
} samples[] = {
    { "", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    /* 56 bytes: the padding needs a block of its own */
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

START_TEST (test_published)
{
    struct tn_sha256 sum;
    char text[65];
    tn_sha256_begin (&sum);
    for (unsigned i = 0; i < samples[_i].times; i++)
        tn_sha256_add (&sum, samples[_i].text, strlen (samples[_i].text));
    print_digest (&sum, text);
    ck_assert_str_eq (text, samples[_i].digest);
}
END_TEST

/* One million times 'a', in pieces of 1 to 200 bytes. */
START_TEST (test_pieces)
{
    static char letters[200];
    struct tn_sha256 sum;
    char text[65];
    memset (letters, 'a', sizeof letters);
    tn_sha256_begin (&sum);
    for (size_t left = 1000000, size = 1; left > 0; size = size % 200 + 1) {
        size_t part = TN_MIN (size, left);
        tn_sha256_add (&sum, letters, part);
        left -= part;
    }
    print_digest (&sum, text);
    ck_assert_str_eq (text, samples[3].digest);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("sha256");
    TCase *tests = tcase_create ("sha256");
    SRunner *runner = srunner_create (suite);
    tcase_add_loop_test (tests, test_published, 0, TN_COUNT (samples));
    tcase_add_test (tests, test_pieces);
    suite_add_tcase (suite, tests);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
