/* SPDX-License-Identifier: MIT */
/* test_nested.c - archives in deflated members of archives: what opening and reading them decodes. Decoded
 * bytes are counted, by functions in the place of the filter's own. */
#include "archive.h"
#include "catalog/file.h"
#include "plugins/deflate/filter.h"
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define MEMBERS 2000u
#define SLACK 65536u

static _Atomic uint64_t decoded;

static int32_t
count_step (void *state, const void *from, uint64_t stored, uint64_t *taken, void *to, uint64_t room,
            uint64_t *made)
{
    int32_t result = deflate_raw.step (state, from, stored, taken, to, room, made);
    decoded += *made;
    return result;
}

static int32_t
count_decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    decoded += size;
    return deflate_raw.decode (state, last, from, stored, to, size);
}

/* Counts from now on, in the context of the tests. */
static void
count_decoded (void)
{
    one_member ("x.npy");
    tenon_file *file = open_archive ();
    struct tn_registry *registry = &file->context->registry;
    for (uint64_t i = 0; i < registry->filter_count; i++)
        if (strcmp (registry->filters[i]->table.id, "deflate") == 0) {
            registry->filters[i]->table.step = count_step;
            registry->filters[i]->table.decode = count_decode;
        }
    close_archive (file);
    decoded = 0;
}

/* An archive of MEMBERS members, in as many deflated members as there are levels, each in an archive. Returns
 * the sizes of all that is deflated, together. */
static uint64_t
nest (unsigned levels, int deflated)
{
    static char names[MEMBERS][16];
    static uint8_t inner[ROOM];
    uint64_t sizes = 0;
    archive_begin ();
    for (unsigned i = 0; i < MEMBERS; i++) {
        struct buffer npy = npy_of ("|u1", "(4,)", 4);
        snprintf (names[i], sizeof names[i], "%u.npy", i);
        member_of (names[i], &npy, deflated);
        sizes += deflated ? npy.size : 0;
        member_end ();
    }
    archive_end ();
    for (unsigned i = 0; i < levels; i++) {
        struct buffer bytes = { inner, 0 };
        put (&bytes, archive.file.data, archive.file.size);
        sizes += bytes.size;
        archive_begin ();
        member_of ("in.npz", &bytes, 1);
        member_end ();
        archive_end ();
    }
    return sizes;
}

static void
read_each (tenon_file *file)
{
    for (uint64_t i = 0; i < MEMBERS; i++) {
        uint8_t bytes[4];
        tenon_request request = {
            .struct_size = sizeof request, .index = i, .data = bytes, .size = sizeof bytes
        };
        ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s", error.message);
        ck_assert_int_eq (memcmp (bytes, "\1\2\3\4", 4), 0);
    }
}

/* Each level is decoded once to be unpacked, and once more to find out that it has to be; no level is decoded
 * for each member in it. 2: in a temporary file. */
START_TEST (each_level_once)
{
    unsigned levels = 1 + (unsigned) _i / 4;
    settings (_i & 2 ? "limits.memory=1MiB" : "");
    count_decoded ();
    uint64_t sizes = nest (levels, _i & 1);
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    ck_assert_uint_eq (tenon_count (file), MEMBERS);
    ck_assert_uint_le (decoded, 2 * sizes + SLACK);
    decoded = 0;
    read_each (file);
    ck_assert_uint_le (decoded, sizes);
    decoded = 0;
    ck_assert_msg (tenon_verify (file, NULL, NULL, &error) == TENON_OK, "%s", error.message);
    ck_assert_uint_le (decoded, sizes);
    const void *data;
    uint64_t size;
    ck_assert_int_eq (tenon_map (file, 0, &data, &size, &error), TENON_E_NOT_MAPPABLE);
    ck_assert_ptr_nonnull (strstr (error.message, "filter deflate"));
    close_archive (file);
}
END_TEST

/* An isolated process can make no temporary file; it decodes by itself. */
START_TEST (isolated)
{
    settings ("limits.memory=1MiB core.isolate=yes");
    nest (3, 0);
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    read_each (file);
    close_archive (file);
}
END_TEST

/* All of the inner archive is read, so its checksum is compared. */
START_TEST (wrong_sum)
{
    nest (1, 0);
    struct buffer bytes = { malloc (ROOM), 0 };
    one_member ("x.npy");
    put (&bytes, archive.file.data, archive.file.size);
    archive_begin ();
    member_of ("in.npz", &bytes, 1);
    member.local.crc ^= 1;
    member.central.crc ^= 1;
    member_end ();
    archive_end ();
    spoiled (TENON_E_CHECKSUM, "in");
    free (bytes.data);
}
END_TEST

/* ---- many tensors in a member ---- */

#define TENSORS 500u
#define BYTES 200u

/* A safetensors file: TENSORS times u8 [BYTES], deflated or not, with a right or a wrong checksum. Returns
 * its size. */
static uint64_t
many_tensors (int deflated, uint32_t wrong)
{
    static uint8_t text[ROOM];
    struct buffer file = { text, 8 };
    for (unsigned i = 0; i < TENSORS; i++) {
        char entry[100];
        int length = snprintf (entry, sizeof entry,
                               "%c\"t%u\":{\"dtype\":\"U8\",\"shape\":[%u],\"data_offsets\":[%u,%u]}",
                               i ? ',' : '{', i, BYTES, i * BYTES, (i + 1) * BYTES);
        put (&file, entry, (size_t) length);
    }
    put (&file, "}", 1);
    while (file.size % 8)
        put (&file, " ", 1);
    struct buffer length = { text, 0 };
    put_number (&length, file.size - 8, 8);
    for (unsigned i = 0; i < TENSORS * BYTES; i++)
        put_number (&file, i % 251, 1);
    archive_begin ();
    member_of ("m.safetensors", &file, deflated);
    member.local.crc ^= wrong;
    member.central.crc ^= wrong;
    member_end ();
    archive_end ();
    return file.size;
}

struct taken {
    uint8_t bytes[BYTES];
    uint64_t size;
};

static int
take_piece (void *user, const void *data, uint64_t size)
{
    struct taken *taken = user;
    ck_assert_uint_le (size, BYTES - taken->size);
    memcpy (taken->bytes + taken->size, data, size);
    taken->size += size;
    return 0;
}

/* Reads tensor number i of some order, in one of several ways. What is delivered is right. */
static tenon_status
read_one (tenon_file *file, unsigned i, unsigned way)
{
    struct taken taken = { { 0 }, 0 };
    tenon_request request = {
        .struct_size = sizeof request, .index = i * 7 % TENSORS, .data = taken.bytes, .size = BYTES
    };
    tenon_status status = way == 1 ? tenon_stream (file, &request, take_piece, &taken, NULL, &error)
                                   : tenon_read (file, &request, 1, NULL, &error);
    for (unsigned k = 0; status == TENON_OK && k < BYTES; k++)
        ck_assert_uint_eq (taken.bytes[k], (request.index * BYTES + k) % 251);
    return status;
}

/* All tensors of a member are all of it, whatever the order: the sum is compared, at the latest with the last
 * of them; and the member is not decoded for each. 1: deflated; 2: a wrong sum; 4: streamed. */
START_TEST (sum_of_many_tensors)
{
    settings ("");
    count_decoded ();
    uint64_t size = many_tensors (_i & 1, _i & 2 ? 1 : 0);
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    ck_assert_uint_eq (tenon_count (file), TENSORS);
    decoded = 0;
    tenon_status status = TENON_OK;
    for (unsigned i = 0; i < TENSORS && status == TENON_OK; i++)
        status = read_one (file, i, (unsigned) _i / 4);
    ck_assert_int_eq (status, _i & 2 ? TENON_E_CHECKSUM : TENON_OK);
    ck_assert_uint_le (decoded, 5 * size);
    close_archive (file);
}
END_TEST

/* A tensor whose reading reads all of its member has the member's sum, however often it is read, and whatever
 * was read before it. */
START_TEST (sum_of_a_small_member)
{
    static const char text[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[300],\"data_offsets\":[0,300]},"
                               "\"b\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[300,309]}}";
    uint8_t bytes[1000], result[300];
    struct buffer file = { bytes, 0 };
    settings ("");
    put_number (&file, sizeof text - 1, 8);
    put (&file, text, sizeof text - 1);
    for (unsigned i = 0; i < 309; i++)
        put_number (&file, i % 251, 1);
    archive_begin ();
    member_of ("m.safetensors", &file, _i);
    member.local.crc ^= 1;
    member.central.crc ^= 1;
    member_end ();
    archive_end ();
    tenon_file *opened = open_archive ();
    ck_assert_msg (opened != NULL, "%s", error.message);
    for (unsigned i = 0; i < 12; i++) {
        tenon_request request = {
            .struct_size = sizeof request, .index = i / 3 % 2, .data = result, .size = sizeof result
        };
        ck_assert_int_eq (tenon_read (opened, &request, 1, NULL, &error), TENON_E_CHECKSUM);
    }
    close_archive (opened);
}
END_TEST

/* The same in one call, and by saving, with which the kernel may copy. */
START_TEST (sum_of_many_at_once)
{
    settings ("");
    count_decoded ();
    uint64_t size = many_tensors (_i & 1, 1);
    tenon_file *file = open_archive ();
    ck_assert_msg (file != NULL, "%s: %s", error.file, error.message);
    static tenon_request requests[TENSORS];
    for (unsigned i = 0; i < TENSORS; i++)
        requests[i] = (tenon_request){ .struct_size = sizeof requests[i], .index = i };
    decoded = 0;
    ck_assert_int_eq (tenon_load (file, requests, TENSORS, NULL, NULL, &error), TENON_E_CHECKSUM);
    ck_assert_uint_le (decoded, 5 * size);
    error = (tenon_error) TENON_ERROR_INIT;
    tenon_plan *plan = NULL;
    ck_assert_int_eq (tenon_plan_new (file->context, &plan, &error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_file (plan, file, &error), TENON_OK);
    tenon_save_options options = { .struct_size = sizeof options, .format = "safetensors" };
    char path[] = "/tmp/tenon-nested-XXXXXX";
    ck_assert_ptr_nonnull (mkdtemp (path));
    char name[64];
    snprintf (name, sizeof name, "%s/out.safetensors", path);
    ck_assert_int_eq (tenon_save (plan, name, &options, NULL, NULL, &error), TENON_E_CHECKSUM);
    ck_assert_int_eq (rmdir (path), 0); /* nothing was left */
    tenon_plan_free (plan);
    close_archive (file);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("nested");
    TCase *cases = tcase_create ("nested");
    tcase_add_checked_fixture (cases, setup, teardown);
    tcase_set_timeout (cases, 120);
    tcase_add_loop_test (cases, each_level_once, 0, 12);
    tcase_add_test (cases, isolated);
    tcase_add_test (cases, wrong_sum);
    tcase_add_loop_test (cases, sum_of_a_small_member, 0, 2);
    tcase_add_loop_test (cases, sum_of_many_tensors, 0, 8);
    tcase_add_loop_test (cases, sum_of_many_at_once, 0, 2);
    suite_add_tcase (suite, cases);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
