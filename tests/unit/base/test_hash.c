/* SPDX-License-Identifier: MIT */
/* test_hash.c - the hash of names, and its keys. */
#include "base/hash.h"
#include "codec/host.h"
#include "context/context.h"
#include "context/hash_key.h"
#include <check.h>
#include <stdio.h>

static const char *
bytes_from_0 (void)
{
    static char bytes[64];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char) i;
    return bytes;
}

/* CPython 3.11 hashes `bytes` by SipHash-1-3. PYTHONHASHSEED=0 python3 -c 'print (hash (bytes (range
 * (63))))': the key is zero. With another seed the key is the first 16 bytes of this generator. */
static struct tn_hash_key
python_key (uint32_t seed)
{
    uint8_t bytes[16] = { 0 };
    struct tn_hash_key key = { { 0, 0 } };
    for (unsigned i = 0; seed && i < sizeof bytes; i++) {
        seed = seed * 214013 + 2531011;
        bytes[i] = (uint8_t) (seed >> 16);
    }
    for (unsigned i = 0; i < sizeof bytes; i++)
        key.words[i / 8] |= (uint64_t) bytes[i] << 8 * (i % 8);
    return key;
}

START_TEST (test_vectors)
{
    static const struct {
        uint32_t seed, length;
        uint64_t hash;
    } vectors[] = {
        { 0u, 1, UINT64_C (0x68a914128e01e473) },
        { 0u, 7, UINT64_C (0x2f098ab0c751325a) },
        { 0u, 8, UINT64_C (0xead411e67ebe2eea) },
        { 0u, 9, UINT64_C (0x75927f9d95124362) },
        { 0u, 40, UINT64_C (0x95bc321ab41d8206) },
        { 0u, 63, UINT64_C (0x385d3e39e5f37359) },
        { 1u, 1, UINT64_C (0xecd3e5afcecda4b9) },
        { 1u, 7, UINT64_C (0xfd15e78052a69ddf) },
        { 1u, 8, UINT64_C (0xc0b5739e7e28dd01) },
        { 1u, 9, UINT64_C (0x208a1a5a0cbbf778) },
        { 1u, 40, UINT64_C (0xdb056b8b4f38310b) },
        { 1u, 63, UINT64_C (0x542052345bc68274) },
        { 4294967295u, 1, UINT64_C (0xf3a775e09d274a42) },
        { 4294967295u, 7, UINT64_C (0xa3d7563708d7efaa) },
        { 4294967295u, 8, UINT64_C (0xd81ed3b18ab7ae26) },
        { 4294967295u, 9, UINT64_C (0xc47cecadc9a03ff5) },
        { 4294967295u, 40, UINT64_C (0xb57a78fcccec0b17) },
        { 4294967295u, 63, UINT64_C (0x881926ee65ec85ea) },
    };
    for (unsigned i = 0; i < TN_COUNT (vectors); i++) {
        struct tn_hash_key key = python_key (vectors[i].seed);
        ck_assert_uint_eq (tn_hash (&key, bytes_from_0 (), vectors[i].length), vectors[i].hash);
    }
    /* the first vector of the Rust library, for the key 0, 1 … 15 and no bytes */
    struct tn_hash_key key = { { UINT64_C (0x0706050403020100), UINT64_C (0x0f0e0d0c0b0a0908) } };
    ck_assert_uint_eq (tn_hash (&key, "", 0), UINT64_C (0xabac0158050fc4dc));
}
END_TEST

/* The text may begin anywhere, and is not read beyond its end. */
START_TEST (test_places)
{
    struct tn_hash_key key = python_key (7);
    for (unsigned length = 0; length < 20; length++)
        for (unsigned at = 0; at < 9; at++) {
            char *copy = malloc (at + length + (at + length == 0));
            ck_assert_ptr_nonnull (copy);
            memcpy (copy + at, bytes_from_0 (), length);
            ck_assert_uint_eq (tn_hash (&key, copy + at, length), tn_hash (&key, bytes_from_0 (), length));
            free (copy);
        }
}
END_TEST

static bool
is_key (const struct tn_hash_key *key)
{
    return key->words[0] != 0 && key->words[1] != 0 && key->words[0] != key->words[1];
}

START_TEST (test_keys)
{
    struct tn_hash_key a = { { 0, 0 } }, b = a;
    tn_hash_key_make (&a, &a);
    tn_hash_key_make (&b, &b);
    ck_assert (is_key (&a) && is_key (&b));
    ck_assert_mem_ne (&a, &b, sizeof a);
    if (tn_hash_key_from_system (&a)) {
        ck_assert (is_key (&a) && tn_hash_key_from_system (&b));
        ck_assert_mem_ne (&a, &b, sizeof a);
    }
    tn_hash_key_from_circumstances (&a, &a);
    tn_hash_key_from_circumstances (&b, &b);
    ck_assert (is_key (&a) && is_key (&b));
    ck_assert_mem_ne (&a, &b, sizeof a);
}
END_TEST

START_TEST (test_key_of_file)
{
    static const char path[] = "key-of-file";
    struct tn_hash_key key;
    ck_assert (!tn_hash_key_from_file (&key, "nosuch"));
    FILE *file = fopen (path, "wb");
    ck_assert_ptr_nonnull (file);
    ck_assert_uint_eq (fwrite ("0123456789abcde", 1, 15, file), 15);
    ck_assert_int_eq (fclose (file), 0);
    ck_assert (!tn_hash_key_from_file (&key, path));
    file = fopen (path, "ab");
    ck_assert_ptr_nonnull (file);
    ck_assert_int_eq (fputc ('f', file), 'f');
    ck_assert_int_eq (fclose (file), 0);
    ck_assert (tn_hash_key_from_file (&key, path));
    ck_assert_mem_eq (&key, "0123456789abcdef", sizeof key);
    remove (path);
}
END_TEST

START_TEST (test_contexts)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    tenon_context *a, *b;
    ck_assert_int_eq (tenon_context_new (&a, &options, NULL), TENON_OK);
    ck_assert_int_eq (tenon_context_new (&b, &options, NULL), TENON_OK);
    ck_assert (is_key (&a->hash_key));
    ck_assert_mem_ne (&a->hash_key, &b->hash_key, sizeof a->hash_key);
    struct tn_session session = { .context = a };
    struct tn_call call = { .session = &session };
    ck_assert_uint_eq (tn_host.hash (&call.public, "name", 4), tn_hash (&a->hash_key, "name", 4));
    tenon_context_free (a);
    tenon_context_free (b);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("hash");
    TCase *tests = tcase_create ("hash");
    tcase_add_test (tests, test_vectors);
    tcase_add_test (tests, test_places);
    tcase_add_test (tests, test_keys);
    tcase_add_test (tests, test_key_of_file);
    tcase_add_test (tests, test_contexts);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed != 0;
}
