/* SPDX-License-Identifier: MIT */
/* test_dlpack.c - tensors handed to other libraries, and taken from them. */
#include "kit.h"
#include <pthread.h>
#include <tenon/dlpack.h>

/* As <dlpack/dlpack.h> 1.1 has them. */
typedef struct {
    void *data;
    int32_t device_type, device_id;
    int32_t ndim;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} tensor;
struct DLManagedTensorVersioned {
    uint32_t major, minor;
    void *manager_ctx;
    void (*deleter) (struct DLManagedTensorVersioned *);
    uint64_t flags;
    tensor dl_tensor;
};
struct DLManagedTensor {
    tensor dl_tensor;
    void *manager_ctx;
    void (*deleter) (struct DLManagedTensor *);
};
enum { READ_ONLY = 1, IS_COPIED = 2, PADDED = 4 };

static tenon_file *file;
static tenon_error *const e = &kit_error;

/* "c": f32 [2, 3], 0 … 5; "f": the same in Fortran order; "b": u16 [2], big-endian, 1, 2; "e": bool [0, 2];
 * "odd": f32 [1], not aligned; "s": i8, rank 0, -7; "p": f4 [4], packed. */
static void
begin (void)
{
    static struct bytes bytes;
    static const float f[] = { 0, 3, 1, 4, 2, 5 };
    bytes.size = 0;
    kit_plugins ("toyraw", NULL);
    kit_raw_head (&bytes, 7, 0, 512);
    kit_raw_tensor (&bytes, "c", "f32", 0, 2, KIT_SHAPE (2, 3), 0, 24);
    kit_raw_tensor (&bytes, "f", "f32", TENON_FORTRAN, 2, KIT_SHAPE (2, 3), 64, 24);
    kit_raw_tensor (&bytes, "b", "u16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (2), 128, 4);
    kit_raw_tensor (&bytes, "e", "bool", 0, 2, KIT_SHAPE (0, 2), 192, 0);
    kit_raw_tensor (&bytes, "odd", "f32", 0, 1, KIT_SHAPE (1), 193, 4);
    kit_raw_tensor (&bytes, "s", "i8", 0, 0, NULL, 256, 1);
    kit_raw_tensor (&bytes, "p", "f4", 0, 1, KIT_SHAPE (4), 320, 2);
    kit_pad (&bytes, 512);
    for (unsigned i = 0; i < 6; i++)
        kit_f32 (&bytes, (float) i);
    kit_pad (&bytes, 512 + 64);
    kit_put (&bytes, f, sizeof f);
    kit_pad (&bytes, 512 + 128);
    kit_be (&bytes, 1, 2);
    kit_be (&bytes, 2, 2);
    kit_pad (&bytes, 512 + 193);
    kit_f32 (&bytes, 8.5f);
    kit_pad (&bytes, 512 + 256);
    kit_le (&bytes, 0xf9, 1);
    kit_pad (&bytes, 512 + 320);
    kit_le (&bytes, 0x4321, 2);
    kit_file ("f.toyraw", &bytes);
    file = kit_open ("f.toyraw", NULL, NULL);
}

static tenon_request
ask (const char *name)
{
    tenon_request request;
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, name, &request.index), TENON_OK);
    return request;
}

static struct DLManagedTensorVersioned *
lend (tenon_request request, uint32_t flags, uint64_t expected)
{
    struct DLManagedTensorVersioned *lent;
    ck_assert_msg (tenon_dlpack_get (file, &request, flags, &lent, NULL, e) == TENON_OK, "%s", e->message);
    ck_assert_uint_eq (lent->major, 1);
    ck_assert_uint_eq (lent->flags, expected);
    ck_assert_int_eq (lent->dl_tensor.device_type, 1);
    ck_assert_uint_eq (lent->dl_tensor.byte_offset, 0);
    ck_assert_uint_eq (lent->dl_tensor.dtype.lanes, 1);
    return lent;
}

static float
float_at (const tensor *t, int64_t i, int64_t k)
{
    return ((const float *) t->data)[i * t->strides[0] + k * t->strides[1]];
}

START_TEST (test_ways)
{
    begin ();
    static const struct {
        const char *name;
        uint32_t flags;
        uint64_t expected;
        int64_t strides[2];
    } ways[] = {
        { "c", 0, READ_ONLY, { 3, 1 } },
        { "c", TENON_DLPACK_MAP, READ_ONLY, { 3, 1 } },
        { "c", TENON_DLPACK_COPY, IS_COPIED, { 3, 1 } },
        { "c", TENON_DLPACK_WRITABLE, 0, { 3, 1 } },
        { "c", TENON_DLPACK_WRITABLE | TENON_DLPACK_COPY, IS_COPIED, { 3, 1 } },
        { "f", 0, READ_ONLY, { 1, 2 } },
        { "f", TENON_DLPACK_MAP | TENON_DLPACK_WRITABLE, 0, { 1, 2 } },
        { "f", TENON_DLPACK_COPY, IS_COPIED, { 3, 1 } },
    };
    for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct DLManagedTensorVersioned *lent = lend (ask (ways[i].name), ways[i].flags, ways[i].expected);
        const tensor *t = &lent->dl_tensor;
        ck_assert_int_eq (t->ndim, 2);
        ck_assert_mem_eq (t->shape, ((int64_t[]){ 2, 3 }), 16);
        ck_assert_mem_eq (t->strides, ways[i].strides, 16);
        ck_assert (t->dtype.code == 2 && t->dtype.bits == 32);
        for (int k = 0; k < 6; k++)
            ck_assert (float_at (t, k / 3, k % 3) == (float) k);
        if (!(ways[i].expected & READ_ONLY))
            ((float *) t->data)[0] = 99;
        lent->deleter (lent);
    }
    kit_data (file, "c", "", (float[]){ 0, 1, 2, 3, 4, 5 }, 24); /* nothing was written to the file */
    tenon_close (file);
}
END_TEST

START_TEST (test_boxes)
{
    begin ();
    for (unsigned i = 0; i < 4; i++) {
        tenon_request request = ask (i % 2 ? "f" : "c");
        request.rank = 2;
        request.start = KIT_SHAPE (1, 0);
        request.step = (const int64_t[]){ 1, 2 };
        struct DLManagedTensorVersioned *lent =
            lend (request, i < 2 ? TENON_DLPACK_MAP : TENON_DLPACK_COPY, i < 2 ? READ_ONLY : IS_COPIED);
        ck_assert_mem_eq (lent->dl_tensor.shape, ((int64_t[]){ 1, 2 }), 16);
        ck_assert (float_at (&lent->dl_tensor, 0, 0) == 3 && float_at (&lent->dl_tensor, 0, 1) == 5);
        lent->deleter (lent);
    }
    /* a box without items, at the end */
    tenon_request request = ask ("c");
    request.rank = 2;
    request.start = KIT_SHAPE (2, 3);
    struct DLManagedTensorVersioned *lent = lend (request, 0, READ_ONLY);
    ck_assert_ptr_null (lent->dl_tensor.data);
    ck_assert_mem_eq (lent->dl_tensor.shape, ((int64_t[]){ 0, 0 }), 16);
    lent->deleter (lent);
    /* strides of a copy */
    request = ask ("c");
    request.strides = (const int64_t[]){ -4, 1 };
    lent = lend (request, 0, IS_COPIED);
    ck_assert_mem_eq (lent->dl_tensor.strides, ((int64_t[]){ -4, 1 }), 16);
    ck_assert (float_at (&lent->dl_tensor, 1, 2) == 5 && float_at (&lent->dl_tensor, 0, 0) == 0);
    lent->deleter (lent);
    tenon_close (file);
}
END_TEST

START_TEST (test_read_instead)
{
    begin ();
    struct DLManagedTensorVersioned *lent = lend (ask ("b"), 0, IS_COPIED);
    ck_assert_mem_eq (lent->dl_tensor.data, ((uint16_t[]){ 1, 2 }), 4);
    ck_assert (lent->dl_tensor.dtype.code == 1 && lent->dl_tensor.dtype.bits == 16);
    lent->deleter (lent);
    tenon_request request = ask ("c");
    request.dtype = TENON_BF16;
    lent = lend (request, 0, IS_COPIED);
    ck_assert (lent->dl_tensor.dtype.code == 4 && lent->dl_tensor.dtype.bits == 16);
    ck_assert_uint_eq (((uint16_t *) lent->dl_tensor.data)[1], 0x3f80);
    lent->deleter (lent);
    lent = lend (ask ("odd"), 0, IS_COPIED);
    ck_assert (*(float *) lent->dl_tensor.data == 8.5f);
    lent->deleter (lent);
    lent = lend (ask ("e"), 0, READ_ONLY);
    ck_assert (!lent->dl_tensor.data && lent->dl_tensor.dtype.code == 6);
    lent->deleter (lent);
    lent = lend (ask ("s"), 0, READ_ONLY);
    ck_assert (lent->dl_tensor.ndim == 0 && *(int8_t *) lent->dl_tensor.data == -7);
    lent->deleter (lent);
    lent = lend (ask ("p"), 0, READ_ONLY);
    ck_assert (lent->dl_tensor.dtype.code == 17 && lent->dl_tensor.dtype.bits == 4);
    ck_assert_mem_eq (lent->dl_tensor.data, "\x21\x43", 2);
    lent->deleter (lent);
    tenon_close (file);
}
END_TEST

static void *
delete_it (void *lent)
{
    struct DLManagedTensorVersioned *self = lent;
    self->deleter (self);
    return NULL;
}

/* A mapping stays when the file and the context are gone; any thread may end it. */
START_TEST (test_outlives)
{
    pthread_t thread;
    begin ();
    struct DLManagedTensorVersioned *mapped = lend (ask ("c"), TENON_DLPACK_MAP, READ_ONLY),
                                    *copied = lend (ask ("f"), TENON_DLPACK_COPY, IS_COPIED);
    tenon_close (file);
    tenon_context_free (kit);
    kit = NULL;
    ck_assert (float_at (&mapped->dl_tensor, 1, 2) == 5 && float_at (&copied->dl_tensor, 1, 0) == 3);
    ck_assert_int_eq (pthread_create (&thread, NULL, delete_it, mapped), 0);
    pthread_join (thread, NULL);
    copied->deleter (copied);
}
END_TEST

START_TEST (test_old)
{
    struct DLManagedTensor *lent;
    begin ();
    tenon_request request = ask ("c");
    ck_assert_int_eq (tenon_dlpack_get_unversioned (file, &request, 0, &lent, NULL, e), TENON_OK);
    ck_assert (float_at (&lent->dl_tensor, 1, 1) == 4);
    ((float *) lent->dl_tensor.data)[4] = 7; /* it cannot say that it is read-only */
    lent->deleter (lent);
    kit_data (file, "c", "", (float[]){ 0, 1, 2, 3, 4, 5 }, 24);
    tenon_close (file);
}
END_TEST

START_TEST (test_refused)
{
    struct DLManagedTensorVersioned *lent = (struct DLManagedTensorVersioned *) (void *) e;
    begin ();
    tenon_request request = ask ("b");
    kit_failed (tenon_dlpack_get (file, &request, TENON_DLPACK_MAP, &lent, NULL, e), TENON_E_NOT_MAPPABLE,
                "its bytes are in the other order");
    ck_assert_ptr_null (lent);
    ck_assert_str_eq (e->tensor, "b");
    request = ask ("odd");
    kit_failed (tenon_dlpack_get (file, &request, TENON_DLPACK_MAP, &lent, NULL, e), TENON_E_NOT_MAPPABLE,
                "it does not lie at a multiple of 4");
    request = ask ("c");
    request.dtype = TENON_F64;
    kit_failed (tenon_dlpack_get (file, &request, TENON_DLPACK_MAP, &lent, NULL, e), TENON_E_NOT_MAPPABLE,
                "it is stored as another dtype");
    request.dtype = TENON_NONE;
    kit_failed (tenon_dlpack_get (file, &request, TENON_DLPACK_MAP | TENON_DLPACK_COPY, &lent, NULL, e),
                TENON_E_MISUSE, "TENON_DLPACK_MAP excludes TENON_DLPACK_COPY");
    kit_failed (tenon_dlpack_get (file, &request, 0x80000, &lent, NULL, e), TENON_E_MISUSE,
                "flags 0x80000 are not known");
    request.flags = TENON_REQUEST_AS_STORED;
    kit_failed (tenon_dlpack_get (file, &request, 0, &lent, NULL, e), TENON_E_MISUSE, "has no meaning here");
    request.flags = 0, request.index = 77;
    kit_failed (tenon_dlpack_get (file, &request, 0, &lent, NULL, e), TENON_E_NOT_FOUND, "no tensor 77");
    kit_failed (tenon_dlpack_get (NULL, &request, 0, &lent, NULL, e), TENON_E_MISUSE,
                "tenon_dlpack_get: the argument 'file' is NULL");
    kit_failed (tenon_dlpack_get (file, NULL, 0, &lent, NULL, e), TENON_E_MISUSE, "'request' is NULL");
    kit_failed (tenon_dlpack_get (file, &request, 0, NULL, NULL, e), TENON_E_MISUSE, "'tensor' is NULL");
    kit_failed (tenon_dlpack_get_unversioned (file, &request, 0, NULL, NULL, e), TENON_E_MISUSE,
                "tenon_dlpack_get_unversioned: the argument 'tensor' is NULL");
    tenon_close (file);
}
END_TEST

/* ---- into a plan ---- */

static unsigned deleted;

static void
count_deleted (struct DLManagedTensorVersioned *self)
{
    (void) self;
    deleted++;
}

static void
count_deleted_old (struct DLManagedTensor *self)
{
    (void) self;
    deleted++;
}

/* i16 [2, 2] in every second item of each row, rows backwards, of 1 … 8. */
static int16_t items[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static int64_t shape[] = { 2, 2 }, strides[] = { -4, 2 };

static tensor
give (void)
{
    tensor t = {
        .data = items, .device_type = 1, .ndim = 2, .dtype = { 0, 16, 1 }, .shape = shape, .strides = strides
    };
    t.byte_offset = 8;
    return t;
}

static struct DLManagedTensorVersioned
give_versioned (void)
{
    struct DLManagedTensorVersioned given = { 1, 0, NULL, count_deleted, 0, give () };
    return given;
}

START_TEST (test_plan)
{
    tenon_array like;
    struct DLManagedTensorVersioned given = give_versioned (), empty = given, scalar = given, silent = given;
    struct DLManagedTensor old = { give (), NULL, count_deleted_old };
    tenon_plan *plan = kit_empty_plan ("toyraw");
    KIT_INIT (like);
    like.name = "namexyz", like.name_length = 4;
    like.as = TENON_F32;
    ck_assert_int_eq (tenon_plan_add_dlpack (plan, &like, &given, e), TENON_OK);
    ck_assert_int_eq (tenon_plan_add_dlpack_unversioned (plan, NULL, &old, e), TENON_OK);
    empty.dl_tensor.shape = (int64_t[]){ 2, 0 };
    empty.dl_tensor.data = NULL;
    ck_assert_int_eq (tenon_plan_add_dlpack (plan, NULL, &empty, e), TENON_OK);
    scalar.dl_tensor.ndim = 0;
    ck_assert_int_eq (tenon_plan_add_dlpack (plan, NULL, &scalar, e), TENON_OK);
    silent.deleter = NULL;
    silent.dl_tensor.strides = NULL; /* packed */
    ck_assert_int_eq (tenon_plan_add_dlpack (plan, NULL, &silent, e), TENON_OK);
    ck_assert_uint_eq (deleted, 0);
    file = kit_reopen (plan); /* frees the plan */
    ck_assert_uint_eq (deleted, 4);
    kit_data (file, "name", "", (float[]){ 5, 7, 1, 3 }, 16);
    kit_data (file, "arr_0", "", (int16_t[]){ 5, 7, 1, 3 }, 8);
    kit_is_shaped (file, "arr_1", "i16", 2, KIT_SHAPE (2, 0));
    kit_data (file, "arr_2", "", (int16_t[]){ 5 }, 2);
    kit_data (file, "arr_3", "", (int16_t[]){ 5, 6, 7, 8 }, 8);
    tenon_close (file);
}
END_TEST

/* The tensor stays the caller's. */
static void
is_refused (tenon_plan *plan, struct DLManagedTensorVersioned given, tenon_status status, const char *words)
{
    kit_failed (tenon_plan_add_dlpack (plan, NULL, &given, e), status, words);
    const char *place = strstr (e->message, "tensor 'arr_0': "); /* once, if at all */
    ck_assert_ptr_null (place ? strstr (place + 1, "tensor 'arr_0'") : NULL);
}

START_TEST (test_plan_refuses)
{
    struct DLManagedTensorVersioned given;
    tenon_array like;
    deleted = 0;
    tenon_plan *plan = kit_empty_plan ("toyraw");
    given = give_versioned (), given.major = 2;
    is_refused (plan, given, TENON_E_UNSUPPORTED, "version 2.0 of DLPack");
    given = give_versioned (), given.dl_tensor.device_type = 2;
    is_refused (plan, given, TENON_E_UNSUPPORTED, "on a device of type 2");
    given = give_versioned (), given.dl_tensor.dtype.lanes = 4;
    is_refused (plan, given, TENON_E_UNSUPPORTED, "code 0 with 16 bits and 4 lanes");
    given = give_versioned (), given.dl_tensor.dtype.code = 3;
    is_refused (plan, given, TENON_E_UNSUPPORTED, "code 3");
    given = give_versioned (), given.dl_tensor.dtype.code = 17, given.dl_tensor.dtype.bits = 4,
    given.flags = PADDED;
    is_refused (plan, given, TENON_E_UNSUPPORTED, "padded");
    given = give_versioned (), given.dl_tensor.ndim = -1;
    is_refused (plan, given, TENON_E_MISUSE, "-1 dims");
    given = give_versioned (), given.dl_tensor.ndim = 65;
    is_refused (plan, given, TENON_E_MISUSE, "65 dims");
    given = give_versioned (), given.dl_tensor.shape = NULL;
    is_refused (plan, given, TENON_E_MISUSE, "or no shape");
    given = give_versioned (), given.dl_tensor.shape = (int64_t[]){ 2, -2 };
    is_refused (plan, given, TENON_E_MISUSE, "dim 1 of the tensor is -2");
    given = give_versioned (), given.dl_tensor.data = NULL;
    is_refused (plan, given, TENON_E_MISUSE, "has items, but no data");
    given = give_versioned (), given.dl_tensor.shape = (int64_t[]){ INT64_MAX, INT64_MAX };
    is_refused (plan, given, TENON_E_MALFORMED, "2^63");
    given = give_versioned (), given.dl_tensor.strides = (int64_t[]){ INT64_MAX, 1 };
    is_refused (plan, given, TENON_E_MISUSE, "2^63 bytes or more");
    given = give_versioned ();
    kit_failed (tenon_plan_add_dlpack (NULL, NULL, &given, e), TENON_E_MISUSE, "'plan' is NULL");
    kit_failed (tenon_plan_add_dlpack (plan, NULL, NULL, e), TENON_E_MISUSE, "'tensor' is NULL");
    kit_failed (tenon_plan_add_dlpack_unversioned (plan, NULL, NULL, e), TENON_E_MISUSE, "'tensor' is NULL");
    memset (&like, 0, sizeof like);
    kit_failed (tenon_plan_add_dlpack (plan, &like, &given, e), TENON_E_MISUSE, "wrong struct_size");
    tenon_plan_free (plan);
    ck_assert_uint_eq (deleted, 0);
}
END_TEST

static void
fill (Suite *suite)
{
    TCase *tests = kit_case (suite, "dlpack");
    tcase_add_test (tests, test_ways);
    tcase_add_test (tests, test_boxes);
    tcase_add_test (tests, test_read_instead);
    tcase_add_test (tests, test_outlives);
    tcase_add_test (tests, test_old);
    tcase_add_test (tests, test_refused);
    tcase_add_test (tests, test_plan);
    tcase_add_test (tests, test_plan_refuses);
}

int
main (void)
{
    return kit_main ("dlpack", fill);
}
