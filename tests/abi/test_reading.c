/* SPDX-License-Identifier: MIT */
/* test_reading.c - other ways to a tensor's data: as they are stored, in pages that can be written, in memory
 * that is freed by itself; and advice. */
#include "kit.h"
#include <pthread.h>
#include <unistd.h>

static tenon_file *file;
static tenon_error *const e = &kit_error;

/* "m": u16, big-endian, Fortran order, [2, 3], whose items are 10 i + j + 1; "c": f32 [2]; "e": empty;
 * "odd": u16 [1], which does not lie at a multiple of 2. */
static const uint8_t stored_m[] = { 0, 1, 0, 11, 0, 2, 0, 12, 0, 3, 0, 13 };

static void
begin (void)
{
    static struct bytes bytes;
    bytes.size = 0;
    kit_plugins ("toyraw", NULL);
    kit_raw_head (&bytes, 4, 0, 512);
    kit_raw_tensor (&bytes, "m", "u16", TENON_FORTRAN | TENON_BIG_ENDIAN, 2, KIT_SHAPE (2, 3), 0, 12);
    kit_raw_tensor (&bytes, "c", "f32", 0, 1, KIT_SHAPE (2), 64, 8);
    kit_raw_tensor (&bytes, "e", "u8", 0, 1, KIT_SHAPE (0), 128, 0);
    kit_raw_tensor (&bytes, "odd", "u16", 0, 1, KIT_SHAPE (1), 129, 2);
    kit_pad (&bytes, 512);
    kit_put (&bytes, stored_m, sizeof stored_m);
    kit_pad (&bytes, 512 + 64);
    kit_f32 (&bytes, 1.5f);
    kit_f32 (&bytes, -2);
    kit_pad (&bytes, 512 + 129);
    kit_le (&bytes, 7, 2);
    kit_file ("f.toyraw", &bytes);
    file = kit_open ("f.toyraw", NULL, NULL);
}

static tenon_request
ask (uint64_t index, uint32_t flags)
{
    tenon_request request = { .struct_size = sizeof request, .index = index, .flags = flags };
    return request;
}

static int
collect (void *user, const void *data, uint64_t size)
{
    kit_put (user, data, size);
    return 0;
}

/* By all functions that take requests. */
static void
is_read_as (tenon_request request, const void *bytes, uint64_t size)
{
    uint8_t room[64];
    static struct bytes streamed;
    tenon_memory *memory;
    uint64_t needed;
    streamed.size = 0;
    ck_assert_int_eq (tenon_request_size (file, &request, &needed, e), TENON_OK);
    ck_assert_uint_eq (needed, size);
    request.data = room, request.size = sizeof room;
    ck_assert_int_eq (tenon_read (file, &request, 1, NULL, e), TENON_OK);
    kit_same ("read", room, request.size, bytes, size);
    ck_assert_int_eq (tenon_load (file, &request, 1, &memory, NULL, e), TENON_OK);
    kit_same ("load", request.data, request.size, bytes, size);
    tenon_memory_free (memory);
    ck_assert_int_eq (tenon_stream (file, &request, collect, &streamed, NULL, e), TENON_OK);
    kit_same ("stream", streamed.data, streamed.size, bytes, size);
}

/* ---- as stored ---- */

START_TEST (test_as_stored)
{
    begin ();
    tenon_request request = ask (0, TENON_REQUEST_AS_STORED);
    is_read_as (request, stored_m, sizeof stored_m);
    is_read_as (ask (0, 0), (uint8_t[]){ 1, 0, 2, 0, 3, 0, 11, 0, 12, 0, 13, 0 }, 12);
    /* flags of the low half are ignored */
    is_read_as (ask (0, 0x8000), (uint8_t[]){ 1, 0, 2, 0, 3, 0, 11, 0, 12, 0, 13, 0 }, 12);
    /* a box: columns 1 and 2, then 0 and 2 */
    request.rank = 2;
    request.start = KIT_SHAPE (0, 1);
    is_read_as (request, (uint8_t[]){ 0, 2, 0, 12, 0, 3, 0, 13 }, 8);
    request.start = NULL;
    request.step = (const int64_t[]){ 1, 2 };
    is_read_as (request, (uint8_t[]){ 0, 1, 0, 11, 0, 3, 0, 13 }, 8);
    request.flags = 0;
    is_read_as (request, (uint8_t[]){ 1, 0, 3, 0, 11, 0, 13, 0 }, 8);
    is_read_as (ask (2, TENON_REQUEST_AS_STORED), "", 0);
    tenon_close (file);
}
END_TEST

START_TEST (test_as_stored_wrong)
{
    uint64_t size;
    begin ();
    tenon_request request = ask (0, TENON_REQUEST_AS_STORED);
    request.dtype = TENON_U16; /* its own is none, either */
    kit_failed (tenon_request_size (file, &request, &size, e), TENON_E_MISUSE,
                "a request with TENON_REQUEST_AS_STORED has no other dtype");
    ck_assert_str_eq (kit_error.tensor, "m");
    request.dtype = TENON_NONE;
    request.strides = (const int64_t[]){ 3, 1 };
    kit_failed (tenon_request_size (file, &request, &size, e), TENON_E_MISUSE, "has no strides of its own");
    request = ask (0, TENON_REQUEST_AS_STORED | 0x20000);
    kit_failed (tenon_request_size (file, &request, &size, e), TENON_E_MISUSE,
                "request flags 0x30000 are not known to this version");
    tenon_close (file);
}
END_TEST

/* ---- private pages ---- */

START_TEST (test_private)
{
    tenon_memory *memory, *other;
    const void *shared;
    void *data, *again;
    uint64_t size;
    begin ();
    ck_assert_int_eq (tenon_map_private (file, 1, &data, &size, &memory, e), TENON_OK);
    ck_assert_uint_eq (size, 8);
    ck_assert (((float *) data)[0] == 1.5f && ((float *) data)[1] == -2);
    ck_assert_int_eq (tenon_map (file, 1, &shared, &size, e), TENON_OK);
    ((float *) data)[0] = 9;
    ck_assert (*(const float *) shared == 1.5f);
    ck_assert_int_eq (tenon_map_private (file, 1, &again, &size, &other, e), TENON_OK);
    ck_assert (*(float *) again == 1.5f);
    kit_data (file, "c", "", (float[]){ 1.5f, -2 }, 8);
    tenon_memory_free (other);
    /* kept by the file */
    ck_assert_int_eq (tenon_map_private (file, 0, &again, &size, NULL, e), TENON_OK);
    kit_same ("m", again, size, stored_m, sizeof stored_m);
    ck_assert_int_eq (tenon_map_private (file, 2, &again, &size, &other, e), TENON_OK);
    ck_assert_uint_eq (size, 0);
    ck_assert_ptr_nonnull (again);
    tenon_memory_free (other);
    tenon_close (file);
    ck_assert (*(float *) data == 9); /* it outlives the file */
    tenon_memory_free (memory);
}
END_TEST

static tenon_status
read_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    memcpy (to, (uint8_t *) user + offset, length);
    return TENON_OK;
}

static void
is_not_mapped (const char *words)
{
    tenon_memory *memory = (tenon_memory *) file;
    void *data = file;
    uint64_t size = 5;
    kit_failed (tenon_map_private (file, 1, &data, &size, &memory, e), TENON_E_NOT_MAPPABLE, words);
    ck_assert_str_eq (kit_error.tensor, "c");
    ck_assert (!data && !memory && size == 0);
    tenon_close (file);
}

START_TEST (test_private_refused)
{
    tenon_memory *memory;
    tenon_open_options options;
    tenon_reader reader;
    void *data;
    uint64_t size;
    size_t length;
    begin ();
    kit_failed (tenon_map_private (file, 3, &data, &size, &memory, e), TENON_E_NOT_MAPPABLE,
                "it does not lie at a multiple of 2");
    kit_failed (tenon_map_private (file, 4, &data, &size, &memory, e), TENON_E_NOT_FOUND,
                "there is no tensor 4, the file has 4");
    kit_failed (tenon_map_private (NULL, 0, &data, &size, &memory, e), TENON_E_MISUSE, "'file' is NULL");
    kit_failed (tenon_map_private (file, 0, NULL, &size, &memory, e), TENON_E_MISUSE, "'data' is NULL");
    kit_failed (tenon_map_private (file, 0, &data, NULL, &memory, e), TENON_E_MISUSE, "'size' is NULL");
    tenon_close (file);
    KIT_INIT (options);
    options.flags = TENON_OPEN_NO_MAP;
    ck_assert_int_eq (tenon_open (kit, kit_path ("f.toyraw"), &options, &file, e), TENON_OK);
    is_not_mapped ("mapping is switched off");
    void *bytes = (void *) (uintptr_t) kit_load ("f.toyraw", &length);
    ck_assert_int_eq (tenon_open_memory (kit, bytes, length, NULL, &file, e), TENON_OK);
    is_not_mapped ("it lies in memory of the program");
    KIT_INIT (reader);
    reader.size = length, reader.read_at = read_bytes, reader.user = bytes;
    ck_assert_int_eq (tenon_open_reader (kit, &reader, NULL, &file, e), TENON_OK);
    is_not_mapped ("it is read through the program's own functions");
}
END_TEST

/* ---- memory of their own ---- */

#define MANY 500u

/* Sizes from 0 to 2 MiB: with pages of their own, and with shared ones. */
static void
begin_many (void)
{
    static uint8_t data[2 << 20];
    tenon_plan *plan = kit_empty_plan ("toyraw");
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t) (i * 7);
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];
        uint64_t size = i % 100 == 3 ? sizeof data : i % 100 == 50 ? 300000 : i * 13 % 5000;
        snprintf (name, sizeof name, "t%u", i);
        kit_add (plan, name, "u8", 0, 1, &size, data, size);
    }
    file = kit_reopen (plan);
}

struct share {
    tenon_memory **memories;
    tenon_request *requests;
    unsigned first;
};

/* Frees every fourth one, and looks at it before. */
static void *
free_some (void *user)
{
    struct share *share = user;
    for (unsigned i = share->first; i < MANY; i += 4) {
        const uint8_t *data = share->requests[i].data;
        for (uint64_t k = 0; k < share->requests[i].size; k += 97)
            if (data[k] != (uint8_t) (k * 7))
                return user;
        tenon_memory_free (share->memories[i]);
    }
    return NULL;
}

START_TEST (test_each)
{
    static tenon_request requests[MANY];
    static tenon_memory *memories[MANY];
    pthread_t threads[4];
    struct share shares[4];
    begin_many ();
    for (unsigned i = 0; i < MANY; i++)
        requests[i] = ask (i, 0);
    ck_assert_int_eq (tenon_load_each (file, requests, MANY, memories, NULL, e), TENON_OK);
    tenon_close (file);
    for (unsigned i = 0; i < MANY; i++) {
        ck_assert_ptr_nonnull (memories[i]);
        ck_assert_uint_eq ((uintptr_t) requests[i].data % 64, 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        shares[i] = (struct share){ memories, requests, i };
        ck_assert_int_eq (pthread_create (&threads[i], NULL, free_some, &shares[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        void *wrong;
        pthread_join (threads[i], &wrong);
        ck_assert_ptr_null (wrong);
    }
}
END_TEST

START_TEST (test_each_wrong)
{
    tenon_memory *memories[3] = { (tenon_memory *) e, (tenon_memory *) e, (tenon_memory *) e };
    tenon_request requests[3];
    begin ();
    ck_assert_int_eq (tenon_load_each (file, NULL, 0, NULL, NULL, e), TENON_OK);
    kit_failed (tenon_load_each (file, requests, 1, NULL, NULL, e), TENON_E_MISUSE, "'memories' is NULL");
    kit_failed (tenon_load_each (file, NULL, 1, memories, NULL, e), TENON_E_MISUSE, "'requests' is NULL");
    ck_assert_ptr_null (memories[0]);
    kit_failed (tenon_load_each (NULL, requests, 1, memories, NULL, e), TENON_E_MISUSE, "'file' is NULL");
    memories[0] = (tenon_memory *) e;
    requests[0] = ask (1, 0), requests[1] = ask (0, 0), requests[2] = ask (77, 0);
    kit_failed (tenon_load_each (file, requests, 3, memories, NULL, e), TENON_E_NOT_FOUND,
                "there is no tensor 77");
    ck_assert (!memories[0] && !memories[1] && !memories[2]);
    /* the file loses its end: what was read before is freed, too */
    ck_assert_int_eq (truncate (kit_path ("f.toyraw"), 512 + 12), 0);
    requests[2] = ask (0, 0);
    kit_failed (tenon_load_each (file, requests, 3, memories, NULL, e), TENON_E_TRUNCATED, "become shorter");
    ck_assert (!memories[0] && !memories[1] && !memories[2]);
    ck_assert_ptr_null (requests[1].data);
    tenon_close (file);
}
END_TEST

/* ---- advice ---- */

START_TEST (test_advice)
{
    const void *data;
    uint64_t size;
    begin_many ();
    const uint64_t some[] = { 7, 3, 3, 499, 0 };
    ck_assert_int_eq (tenon_map (file, 3, &data, &size, e), TENON_OK);
    ck_assert_int_eq (tenon_advise (file, NULL, MANY, TENON_ADVISE_WILL_NEED, e), TENON_OK);
    ck_assert_int_eq (tenon_advise (file, some, 5, TENON_ADVISE_DONT_NEED, e), TENON_OK);
    ck_assert_int_eq (tenon_advise (file, some, 5, TENON_ADVISE_WILL_NEED, e), TENON_OK);
    ck_assert_int_eq (tenon_advise (file, NULL, 0, TENON_ADVISE_WILL_NEED, e), TENON_OK);
    ck_assert_uint_eq (((const uint8_t *) data)[1000], (uint8_t) 7000);
    kit_failed (tenon_advise (file, NULL, MANY + 1, TENON_ADVISE_WILL_NEED, e), TENON_E_NOT_FOUND,
                "there is no tensor 500, the file has 500");
    kit_failed (tenon_advise (file, NULL, 1, 0, e), TENON_E_MISUSE, "there is no advice 0");
    kit_failed (tenon_advise (file, NULL, 1, 3, e), TENON_E_MISUSE, "there is no advice 3");
    kit_failed (tenon_advise (NULL, NULL, 0, TENON_ADVISE_WILL_NEED, e), TENON_E_MISUSE, "'file' is NULL");
    tenon_close (file);
}
END_TEST

START_TEST (test_advice_without_file)
{
    size_t length;
    begin ();
    tenon_close (file);
    const void *bytes = kit_load ("f.toyraw", &length);
    ck_assert_int_eq (tenon_open_memory (kit, bytes, length, NULL, &file, e), TENON_OK);
    ck_assert_int_eq (tenon_advise (file, NULL, 4, TENON_ADVISE_DONT_NEED, e), TENON_OK);
    kit_data (file, "c", "", (float[]){ 1.5f, -2 }, 8);
    tenon_close (file);
}
END_TEST

static void
fill (Suite *suite)
{
    TCase *tests = kit_case (suite, "reading");
    tcase_add_test (tests, test_as_stored);
    tcase_add_test (tests, test_as_stored_wrong);
    tcase_add_test (tests, test_private);
    tcase_add_test (tests, test_private_refused);
    tcase_add_test (tests, test_each);
    tcase_add_test (tests, test_each_wrong);
    tcase_add_test (tests, test_advice);
    tcase_add_test (tests, test_advice_without_file);
}

int
main (void)
{
    return kit_main ("reading", fill);
}
