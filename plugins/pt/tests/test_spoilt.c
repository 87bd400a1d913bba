/* SPDX-License-Identifier: MIT */
/* test_spoilt.c - tensors of pickles by hand that cannot be read, each with its status and words. */
#include "kit.h"

struct spoilt {
    const char *bytes;
    size_t size;
    tenon_status status;
    const char *words;
};
#define BAD(bytes, status, words)                                                                            \
    {                                                                                                        \
        bytes, sizeof bytes - 1, status, words                                                               \
    }
#define MALFORMED TENON_E_MALFORMED
#define UNSUPPORTED TENON_E_UNSUPPORTED
#define BIG62 "\x8a\x08\0\0\0\0\0\0\0\x40"
#define MOST63 "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
#define MOST62 "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x3f"
#define MOST61 "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x1f"
#define LEAST63 "\x8a\x08\0\0\0\0\0\0\0\x80"
#define MINUS "J\xff\xff\xff\xff"

static const struct spoilt spoilts[] = {
    /* shapes and strides */
    BAD (TENSOR_OF (STORAGE, "K\0" MINUS "\x85K\x01\x85"), MALFORMED,
         "dim 0 of its shape is no number of items"),
    BAD (TENSOR_OF (STORAGE, "K\0N\x85K\x01\x85"), MALFORMED, "dim 0 of its shape"),
    BAD (TENSOR_OF (STORAGE, "K\0\x8a\x0a"
                             "0123456789\x85K\x01\x85"),
         MALFORMED, "dim 0 of its shape"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x04K\x01\x85"), MALFORMED, "its shape is no tuple"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x04\x85N"), MALFORMED, "it has no strides"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x04\x85K\x01K\x01\x86"), MALFORMED, "1 dims and 2 strides"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x04\x85" MINUS "\x85"), MALFORMED, "the stride of dim 0"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x04\x85N\x85"), MALFORMED, "the stride of dim 0"),
    BAD (TENSOR_OF (STORAGE, "K\0" BIG62 BIG62 "\x86K\x01K\x01\x86"), MALFORMED, "more items than any file"),
    BAD (TENSOR_OF (STORAGE, "K\0" BIG62 "\x85K\0\x85"), MALFORMED, "more items than any file"),
    /* torch has them, if their strides are others than those of an array in C order: as_strided makes them */
    BAD (TENSOR_OF (STORAGE, "K\0K\0" BIG62 BIG62 "\x87K\1K\1K\1\x87"), UNSUPPORTED,
         "it has no items, and the product of its other dims is 2^63 bytes or more"),
    BAD (TENSOR_OF (STORAGE, "K\0" BIG62 "K\0" BIG62 "\x87K\1K\1K\1\x87"), UNSUPPORTED, "it has no items"),
    BAD (TENSOR_OF (STORAGE, "K\0" BIG62 BIG62 "K\0\x87K\1K\1K\1\x87"), UNSUPPORTED, "it has no items"),
    BAD (TENSOR_OF (STORAGE, "K\0K\0" BIG62 "\x86" BIG62 "K\1\x86"), UNSUPPORTED, "it has no items"),
    BAD ("ctorch._utils\n_rebuild_tensor_v3\n(" UNTYPED "K\0K\0" MOST63 "\x86" MOST63 "K\1\x86" REST
         "ctorch\nfloat4_e2m1fn_x2\ntR",
         UNSUPPORTED, "it has no items"),
    BAD ("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01"
         "btR(K\x01K\0" BIG62 BIG62 "\x87"
         "cnumpy\ndtype\nU\x02"
         "f8\x89\x88\x87R\x89"
         "C\0tb",
         UNSUPPORTED, "it has no items"),
    /* strides */
    BAD (TENSOR_OF (STORAGE, "K\0K\x04\x85" LEAST63 "\x85"), MALFORMED, "the stride of dim 0"),
    BAD (TENSOR_OF (STORAGE, "K\x03K\x04\x85" MINUS "\x85"), MALFORMED, "the stride of dim 0"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x02\x85" MOST63 "\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x03K\x03\x86" MOST63 MOST63 "\x86"), MALFORMED,
         "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x02K\x02\x86" LEAST63 LEAST63 "\x86"), MALFORMED, "the stride of dim 0"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x02\x85\x8a\x09\0\0\0\0\0\0\0\x80\0\x85"), MALFORMED,
         "the stride of dim 0"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x02K\x02\x86" BIG62 "K\x01\x86"), MALFORMED,
         "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x03K\x03\x86" BIG62 BIG62 "\x86"), MALFORMED,
         "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE,
                    "K\0("
                    "K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01"
                    "K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K"
                    "\x01K\x01K\x01"
                    "K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01K"
                    "\x01K\x01K\x01"
                    "K\x01K\x01K\x01K\x01K\x01K\x01K\x01K\x01tK\x01\x85"),
         UNSUPPORTED, "65 dims, at most 64"),
    BAD (TENSOR_OF (STORAGE, "K\0\x8a\x06\0\0\0\0\0\x01\x85K\0\x85"), TENON_E_LIMIT,
         "its strides repeat 16 bytes, which makes 4398046511104 of them"),
    BAD (TENSOR_OF (STORAGE, "K\0M\0\xf0M\0\xf0\x86K\0K\0\x86"), TENON_E_LIMIT,
         "its strides repeat 16 bytes"),
    /* places */
    BAD (TENSOR_OF (STORAGE, MINUS "K\x04\x85K\x01\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "NK\x04\x85K\x01\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "K\x01K\x04\x85K\x01\x85"), MALFORMED, "which has 16 bytes"),
    BAD (TENSOR_OF (STORAGE, BIG62 "K\x04\x85K\x01\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
                             "K\x04\x85K\x01\x85"),
         MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "\x8a\x08\xfc\xff\xff\xff\xff\xff\xff\x7f"
                             "K\x04\x85K\x01\x85"),
         MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, LEAST63 "K\x04\x85K\x01\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, MOST63 "K\0\x85K\x01\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE_OF ("ByteStorage", MOST62), MOST62 "K\x01\x85K\x01\x85"), MALFORMED,
         "beyond the end of its storage, which has 4611686018427387903 bytes"),
    BAD (TENSOR_OF (STORAGE_OF ("ByteStorage", MOST61), MOST61 "K\0\x85K\x01\x85"), TENON_E_TRUNCATED,
         "of its storage, which has 16"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x05\x85K\x01\x85"), MALFORMED, "beyond the end of its storage"),
    BAD (TENSOR_OF (STORAGE, "K\0K\x02K\x02\x86K\x03K\x02\x86"), MALFORMED, "beyond the end of its storage"),
    /* storages */
    BAD (TENSOR_OF (STORAGE_OF ("FloatStorage", "K\x05"), "K\0K\x05\x85K\x01\x85"), TENON_E_TRUNCATED,
         "of its storage, which has 16"),
    BAD (TENSOR_OF (STORAGE_OF ("FloatStorage", MINUS), "K\0K\x04\x85K\x01\x85"), MALFORMED,
         "an impossible number of items"),
    BAD (TENSOR_OF (STORAGE_OF ("FloatStorage", BIG62), "K\0K\x04\x85K\x01\x85"), MALFORMED,
         "an impossible number of items"),
    BAD (TENSOR_OF (STORAGE_OF ("ComplexDoubleStorage", "\x8a\x08\0\0\0\0\0\0\0\x10"), "K\0K\1\x85K\x01\x85"),
         MALFORMED, "an impossible number of items"),
    BAD (TENSOR_OF (STORAGE_OF ("DoubleStorage", "\x8a\x08\0\0\0\0\0\0\0\x08"), "K\0K\1\x85K\x01\x85"),
         MALFORMED, "an impossible number of items"),
    BAD (TENSOR_OF (STORAGE_OF ("DoubleStorage", "\x8a\x08\0\0\0\0\0\0\0\x07"),
                    "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x06K\1\x85K\x01\x85"),
         TENON_E_TRUNCATED, "its items end at byte 4035225266123964416 of its storage, which has 16"),
    BAD (STORAGE_OF ("ByteStorage", MOST63), MALFORMED, "an impossible number of items"),
    BAD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("0")
                        TEXT3 ("cpu") "K\x04(" TEXT1 ("v") BIG62 "K\x02ttQ",
                    "K\0K\x02\x85K\x01\x85"),
         MALFORMED, "a view whose beginning is no number of items"),
    BAD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch\nByteStorage\n" TEXT1 ("0")
                        TEXT3 ("cpu") "K\x04(" TEXT1 ("v") MOST61 MOST61 "ttQ",
                    MOST61 "K\0\x85K\x01\x85"),
         TENON_E_TRUNCATED, "of its storage, which has 16"),
    BAD (STORAGE_OF ("FloatStorage", MINUS), MALFORMED, "an impossible number of items"),
    BAD (STORAGE_OF ("FloatStorage", "K\x05"), TENON_E_TRUNCATED, "of its storage, which has 16"),
    BAD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("9") TEXT3 ("cpu") "K\x04tQ",
                    "K\0K\x04\x85K\x01\x85"),
         MALFORMED, "the storage '9', are not in the file"),
    BAD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("0")
                        TEXT3 ("cpu") "K\x04(" TEXT1 ("v") "K\x03K\x02ttQ",
                    "K\0K\x02\x85K\x01\x85"),
         TENON_E_TRUNCATED, "its items end at byte 20"),
    BAD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("0")
                        TEXT3 ("cpu") "K\x04(" TEXT1 ("v") MINUS "K\x02ttQ",
                    "K\0K\x02\x85K\x01\x85"),
         MALFORMED, "a view whose beginning is no number of items"),
    BAD (TENSOR_OF ("K\x07", "K\0K\x04\x85K\x01\x85"), UNSUPPORTED, "not known"),
    BAD (TENSOR_OF ("Pevil\n", "K\0K\x04\x85K\x01\x85"), UNSUPPORTED, "not known"),
    BAD (REBUILD "tR", UNSUPPORTED, "not known"),
    BAD (REBUILD STORAGE "tR", MALFORMED, "its shape is no tuple"),
    /* types */
    BAD (AS ("ComplexHalfStorage", "K\x04", "K\x04"), UNSUPPORTED, "complex32"),
    BAD (AS ("QInt8Storage", "K\x10", "K\x10"), UNSUPPORTED, "quantised"),
    BAD (VERSION_3 ("bits8", "K\x10\x85"), UNSUPPORTED, "bits without a meaning"),
    BAD (VERSION_3 ("per_tensor_affine", "K\x10\x85"), UNSUPPORTED, "element type is not known"),
    BAD ("ctorch._utils\n_rebuild_tensor_v3\n(" UNTYPED "K\0))" REST "ctorch\nfloat4_e2m1fn_x2\ntR",
         UNSUPPORTED, "one pair of f4"),
    BAD (REBUILD STORAGE "K\0K\x04\x85K\x01\x85" REST "}X\x04\0\0\0conj\x88stR", UNSUPPORTED, "conjugates"),
    BAD (REBUILD STORAGE "K\0K\x04\x85K\x01\x85" REST "}" TEXT3 ("neg") "\x88stR", UNSUPPORTED,
         "the other sign"),
    /* tensors of other kinds */
    BAD ("ctorch._utils\n_rebuild_qtensor\n(" STORAGE_OF (
             "QInt8Storage",
             "K\x10") "K\0K\x10\x85K\x01\x85(ctorch\nper_tensor_affine\nG\x3f\xf0\0\0\0\0\0\0K\0t" REST "tR",
         UNSUPPORTED, "quantised"),
    BAD ("ctorch._utils\n_rebuild_sparse_tensor\n(ctorch\nsparse_coo\n(" TENSOR TENSOR "K\x09\x85ttR",
         UNSUPPORTED, "it is sparse"),
    BAD ("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\nK\x04\x85K\x01\x85\x89tR",
         UNSUPPORTED, "on the device meta"),
    BAD ("ctorch._utils\n_rebuild_nested_tensor\n(" TENSOR TENSOR TENSOR TENSOR "tR", UNSUPPORTED,
         "it is nested"),
    BAD ("ctorch._utils\n_rebuild_wrapper_subclass\n(ca\nb\ntR", UNSUPPORTED, "a class of its own"),
    BAD ("ctorch.storage\n_load_from_bytes\n(U\x03"
         "abctR",
         UNSUPPORTED, "a separate file in the pickle"),
    BAD ("ctorch._utils\n_rebuild_parameter\n(K\x01\x88" NO_HOOKS "tR", UNSUPPORTED,
         "its calls contain no tensor"),
    BAD ("ctorch._utils\n_rebuild_parameter\n(cos\nsystem\nU\x02ls\x85R\x88" NO_HOOKS "tR", UNSUPPORTED,
         "its calls contain no tensor"),
    BAD ("ctorch._utils\n_rebuild_parameter\n)R", UNSUPPORTED, "its calls contain no tensor"),
    BAD ("ctorch._tensor\n_rebuild_from_type_v2\nq\x01"
         "0]q\x02(h\x01Nh\x02Ne0h\x01(h\x01Nh\x02NtR",
         UNSUPPORTED, "its calls contain no tensor"),
    BAD ("ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nNU\x02ls\x85}tR", UNSUPPORTED,
         "its calls contain no tensor"),
    /* NumPy */
    BAD ("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01"
         "btR(K\x01K\x02\x85"
         "cnumpy\ndtype\nU\x02O8\x89\x88\x87R\x89]tb",
         UNSUPPORTED, "of a type that is not read"),
    BAD ("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01"
         "btR(K\x01K\x02\x85"
         "cnumpy\ndtype\nU\x02u1\x89\x88\x87R\x89"
         "C\x01\x01tb",
         MALFORMED, "an array of NumPy of 2 bytes, which has 1"),
    BAD ("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01"
         "btR(K\x01K\x02\x85"
         "cnumpy\ndtype\nU\x02u1\x89\x88\x87R\x89K\x07tb",
         UNSUPPORTED, "whose bytes are no bytes"),
    BAD ("cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01"
         "btR",
         MALFORMED, "its shape is no tuple"),
};

static void
check_spoilts (int number)
{
    const struct spoilt *spoilt = &spoilts[number];
    tenon_file *file = open_value (spoilt->bytes, spoilt->size);
    uint64_t index;
    ck_assert_msg (tenon_find (file, "x", &index) == TENON_OK, "case %d: no tensor", number);
    tenon_tensor_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_msg (info.unreadable == spoilt->status && strstr (info.why, spoilt->words),
                   "case %d: %d '%s', expected %d '%s'", number, info.unreadable, info.why ? info.why : "",
                   spoilt->status, spoilt->words);
    for (uint32_t i = 0; i < info.rank; i++)
        ck_assert_msg (info.shape[i] <= INT64_MAX, "case %d: dim %u is 2^63 or more", number, i);
    ck_assert_int_lt (tenon_verify (file, NULL, NULL, &error), 0);
    close_file (file);
}

START_TEST (a_tensor_is_spoilt)
{
    for (size_t i = 0; i < sizeof spoilts / sizeof spoilts[0]; i++)
        check_spoilts ((int) i);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, a_tensor_is_spoilt);
}

int
main (void)
{
    return run_suite ("spoilt", add_tests);
}
