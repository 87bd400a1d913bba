/* SPDX-License-Identifier: MIT */
/* test_tensors.c - tensors of pickles by hand that can be read: calls, dtypes, shapes, strides and storages;
 * names, and arrays of NumPy. What is expected is what torch.load makes of them. */
#include "kit.h"
#include <stdio.h>

/* ---- those that can be read ---- */

struct tensor {
    const char *bytes;
    size_t size;
    uint32_t dtype;
    uint32_t rank;
    uint64_t shape[4];
    const char *hex; /* of the first item as C order has it, and the last one */
};
#define GOOD(bytes, dtype, rank, a, b, hex)                                                                  \
    {                                                                                                        \
        bytes, sizeof bytes - 1, dtype, rank, { a, b, 0, 0 }, hex                                            \
    }
#define ONE "0000803f"
#define TWO "00000040"
#define THREE "00004040"
#define FOUR "00008040"

static const struct tensor tensors[] = {
    GOOD (TENSOR, TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD ("ctorch._utils\n_rebuild_tensor\n(" STORAGE OFFSET0 "K\x04\x85K\x01\x85tR", TENON_F32, 1, 4, 0,
          ONE FOUR),
    GOOD (TENSOR_OF (STORAGE, "K\x01K\x03\x85K\x01\x85"), TENON_F32, 1, 3, 0, TWO FOUR),
    GOOD (TENSOR_OF (STORAGE, "K\x02))"), TENON_F32, 0, 0, 0, THREE THREE),
    GOOD (TENSOR_OF (STORAGE, "K\0K\x02K\x02\x86K\x02K\x01\x86"), TENON_F32, 2, 2, 2, ONE FOUR),
    GOOD (TENSOR_OF (STORAGE, "K\0K\x02K\x02\x86K\x01K\x02\x86"), TENON_F32, 2, 2, 2, ONE FOUR),
    GOOD (TENSOR_OF (STORAGE, "K\0K\x01K\x04\x86K\x63K\x01\x86"), TENON_F32, 2, 1, 4,
          ONE FOUR), /* a dim of one item */
    GOOD (TENSOR_OF (STORAGE, "K\0K\0K\x07\x86K\x07K\x01\x86"), TENON_F32, 2, 0, 7, ""),
    GOOD (TENSOR_OF (STORAGE, "K\x04K\0\x85K\x01\x85"), TENON_F32, 1, 0, 0, ""),
    GOOD (TENSOR_OF (STORAGE, "K\0ctorch\nSize\n(K\x04t\x85RK\x01\x85"), TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD (TENSOR_OF (STORAGE, "K\0]K\x04"
                              "a]K\x01"
                              "a"),
          TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD ("ctorch._utils\n_rebuild_parameter\n(" TENSOR "\x88" NO_HOOKS "tR", TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD ("ctorch._utils\n_rebuild_parameter_with_state\n(" TENSOR "\x88" NO_HOOKS "}tR", TENON_F32, 1, 4, 0,
          ONE FOUR),
    GOOD ("ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nca\nB\n(" STORAGE
          "K\0K\x04\x85K\x01\x85" REST "t}tR",
          TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD ("ctorch._utils\n_rebuild_device_tensor_from_cpu_tensor\n(" TENSOR
          "ctorch\nfloat32\n" TEXT3 ("xla") "\x89tR",
          TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD (STORAGE, TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD (TENSOR_OF (STORAGE, "K\0K\x02\x85K\x02\x85"), TENON_F32, 1, 2, 0, ONE THREE),
    GOOD (TENSOR_OF (STORAGE, "K\x01K\x07\x85K\0\x85"), TENON_F32, 1, 7, 0, TWO TWO),
    GOOD (TENSOR_OF (STORAGE, "K\0K\x03K\x02\x86K\x01K\x01\x86"), TENON_F32, 2, 3, 2, ONE FOUR),
    GOOD (UNTYPED, TENON_U8, 1, 16, 0, "0040"),
    /* (view key, first item, count): older files */
    GOOD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("0")
                         TEXT3 ("cpu") "K\x04(" TEXT1 ("v") "K\x01K\x02ttQ",
                     "K\0K\x02\x85K\x01\x85"),
          TENON_F32, 1, 2, 0, TWO THREE),
    GOOD (AS ("DoubleStorage", "K\x02", "K\x02"), TENON_F64, 1, 2, 0,
          "0000803f00000040"
          "0000404000008040"),
    GOOD (AS ("HalfStorage", "K\x08", "K\x08"), TENON_F16, 1, 8, 0, "00008040"),
    GOOD (AS ("BFloat16Storage", "K\x08", "K\x08"), TENON_BF16, 1, 8, 0, "00008040"),
    GOOD (AS ("LongStorage", "K\x02", "K\x02"), TENON_I64, 1, 2, 0,
          "0000803f00000040"
          "0000404000008040"),
    GOOD (AS ("IntStorage", "K\x04", "K\x04"), TENON_I32, 1, 4, 0, ONE FOUR),
    GOOD (AS ("ShortStorage", "K\x08", "K\x08"), TENON_I16, 1, 8, 0, "00008040"),
    GOOD (AS ("CharStorage", "K\x10", "K\x10"), TENON_I8, 1, 16, 0, "0040"),
    GOOD (AS ("ByteStorage", "K\x10", "K\x10"), TENON_U8, 1, 16, 0, "0040"),
    GOOD (AS ("BoolStorage", "K\x02", "K\x02"), TENON_BOOL, 1, 2, 0, "0000"),
    GOOD (AS ("ComplexFloatStorage", "K\x02", "K\x02"), TENON_C64, 1, 2, 0,
          "0000803f00000040"
          "0000404000008040"),
    GOOD (AS ("ComplexDoubleStorage", "K\x01", "K\x01"), TENON_C128, 1, 1, 0,
          "0000803f000000400000404000008040"
          "0000803f000000400000404000008040"),
    GOOD (TENSOR_OF ("(" TEXT7 ("storage") "ctorch.cuda\nFloatStorage\n" TEXT1 ("0") "X\x06\0\0\0cuda:0"
                                                                                     "K\x04tQ",
                     "K\0K\x04\x85K\x01\x85"),
          TENON_F32, 1, 4, 0, ONE FOUR),
    GOOD (VERSION_3 ("uint16", "K\x08\x85"), TENON_U16, 1, 8, 0, "00008040"),
    GOOD (VERSION_3 ("uint32", "K\x04\x85"), TENON_U32, 1, 4, 0, ONE FOUR),
    GOOD (VERSION_3 ("uint64", "K\x02\x85"), TENON_U64, 1, 2, 0,
          "0000803f00000040"
          "0000404000008040"),
    GOOD (VERSION_3 ("float8_e4m3fn", "K\x10\x85"), TENON_F8_E4M3, 1, 16, 0, "0040"),
    GOOD (VERSION_3 ("float8_e5m2", "K\x10\x85"), TENON_F8_E5M2, 1, 16, 0, "0040"),
    GOOD (VERSION_3 ("float8_e4m3fnuz", "K\x10\x85"), TENON_F8_E4M3FNUZ, 1, 16, 0, "0040"),
    GOOD (VERSION_3 ("float8_e5m2fnuz", "K\x10\x85"), TENON_F8_E5M2FNUZ, 1, 16, 0, "0040"),
    GOOD (VERSION_3 ("float8_e8m0fnu", "K\x10\x85"), TENON_F8_E8M0, 1, 16, 0, "0040"),
    GOOD (VERSION_3 ("float4_e2m1fn_x2", "K\x10\x85"), TENON_F4, 1, 32, 0, NULL),
};

/* The first and the last item, as hexadecimal digits. */
static void
check_bytes (tenon_file *file, uint64_t index, const struct tensor *tensor, const tenon_tensor_info *info)
{
    uint8_t bytes[64];
    char found[80] = "";
    tenon_request request = {
        .struct_size = sizeof request, .index = index, .data = bytes, .size = info->nbytes
    };
    ck_assert_uint_le (info->nbytes, sizeof bytes);
    ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s", error.message);
    uint64_t item = info->elements ? info->nbytes / info->elements : 0;
    for (uint64_t i = 0; i < 2 * item; i++)
        snprintf (found + 2 * i, 3, "%02x", bytes[i < item ? i : info->nbytes - 2 * item + i]);
    ck_assert_msg (strcmp (found, tensor->hex) == 0, "%s, expected %s", found, tensor->hex);
}

static void
check_tensors (int number)
{
    const struct tensor *tensor = &tensors[number];
    uint64_t index;
    tenon_file *file = open_value (tensor->bytes, tensor->size);
    ck_assert_msg (tenon_find (file, "x", &index) == TENON_OK, "case %d: no tensor", number);
    tenon_tensor_info info = { .struct_size = sizeof info };
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_msg (info.unreadable == TENON_OK, "case %d: %s", number, info.why);
    ck_assert_msg (info.dtype == tensor->dtype, "case %d: %s", number, info.dtype_name);
    ck_assert_uint_eq (info.rank, tensor->rank);
    for (uint32_t i = 0; i < info.rank; i++)
        ck_assert_uint_eq (info.shape[i], tensor->shape[i]);
    if (tensor->hex)
        check_bytes (file, index, tensor, &info);
    ck_assert_uint_eq (tenon_count (file), 3);
    ck_assert_msg (tenon_verify (file, NULL, NULL, &error) == TENON_OK, "%s", error.message);
    close_file (file);
}

START_TEST (a_tensor_is_read)
{
    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++)
        check_tensors ((int) i);
}
END_TEST

/* ---- shapes of what cannot be read, names, arrays of NumPy ---- */

START_TEST (an_unreadable_tensor_says_what_is_known)
{
    static const char sparse[] =
        "ctorch._utils\n_rebuild_sparse_tensor\n(ctorch\nsparse_coo\n(" TENSOR TENSOR "K\x02K\x09\x86ttR";
    static const char meta[] =
        "ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat16\nK\x04\x85K\x01\x85\x89tR";
    uint64_t index;
    tenon_tensor_info info = { .struct_size = sizeof info };
    tenon_file *file = open_value (sparse, sizeof sparse - 1);
    ck_assert_int_eq (tenon_find (file, "x", &index), TENON_OK);
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_str_eq (info.dtype_name, "sparse");
    ck_assert_uint_eq (info.rank, 2);
    ck_assert_uint_eq (info.shape[1], 9);
    close_file (file);
    file = open_value (meta, sizeof meta - 1);
    ck_assert_int_eq (tenon_find (file, "x", &index), TENON_OK);
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    ck_assert_str_eq (info.dtype_name, "f16");
    ck_assert_uint_eq (info.shape[0], 4);
    close_file (file);
}
END_TEST

#define NUMPY_DTYPE(type, order)                                                                             \
    "cnumpy\ndtype\nU\x02" type "\x89\x88\x87R(K\x03U\x01" order "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t" \
    "b"
#define NUMPY(type, order, fortran, bytes)                                                                   \
    "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\0\x85U\x01"                                   \
    "btR(K\x01K\x02K\x02\x86" NUMPY_DTYPE (type, order) fortran bytes "tb"

#define LATIN(length, text) "c_codecs\nencode\nX" length "\0\0\0" text "X\x06\0\0\0latin1\x86R"

/* The f32 of the tensor 'x' are these. */
static void
has_floats (const char *value, size_t size, const float expected[4])
{
    float found[4];
    uint64_t index;
    tenon_file *file = open_value (value, size);
    ck_assert_int_eq (tenon_find (file, "x", &index), TENON_OK);
    tenon_request request = {
        .struct_size = sizeof request, .index = index, .dtype = TENON_F32, .data = found, .size = sizeof found
    };
    ck_assert_msg (tenon_read (file, &request, 1, NULL, &error) == TENON_OK, "%s", error.message);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_msg (found[i] == expected[i], "item %u: %g, expected %g", i, (double) found[i],
                       (double) expected[i]);
    close_file (file);
}

START_TEST (arrays_of_numpy_lie_in_the_pickle)
{
    static const float rising[] = { 1, 2, 3, 4 }, crossed[] = { 1, 3, 2, 4 };
    static const char little[] = NUMPY ("i2", "<", "\x89", "C\x08\1\0\2\0\3\0\4\0");
    static const char big[] = NUMPY ("i2", ">", "\x89", "C\x08\0\1\0\2\0\3\0\4");
    static const char fortran[] = NUMPY ("i2", "<", "\x88", "C\x08\1\0\2\0\3\0\4\0");
    static const char text[] =
        NUMPY ("i2", "<", "\x89", "c_codecs\nencode\nX\x08\0\0\0\1\0\2\0\3\0\4\0X\x06\0\0\0latin1\x86R");
    static const char buffer[] =
        "cnumpy._core.numeric\n_frombuffer\n(\x96\x08\0\0\0\0\0\0\0\1\0\2\0\3\0\4\0" NUMPY_DTYPE (
            "i2", "<") "K\x02K\x02\x86U\x01"
                       "CtR";
    has_floats (little, sizeof little - 1, rising);
    has_floats (big, sizeof big - 1, rising);
    has_floats (fortran, sizeof fortran - 1, crossed);
    has_floats (text, sizeof text - 1, rising);
    has_floats (buffer, sizeof buffer - 1, rising);
    /* bytes from 128 on: 384 in i2 is 80 01; big-endian 128 is 00 80 */
    static const float large[] = { 384, 2, 255, 4 }, turned[] = { 384, 255, 2, 4 };
    static const char wide[] = NUMPY ("i2", "<", "\x89", LATIN ("\x0a", "\xc2\x80\1\2\0\xc3\xbf\0\4\0"));
    static const char wide_big[] = NUMPY ("i2", ">", "\x89", LATIN ("\x0a", "\1\xc2\x80\0\2\0\xc3\xbf\0\4"));
    static const char wide_fortran[] =
        NUMPY ("i2", "<", "\x88", LATIN ("\x0a", "\xc2\x80\1\2\0\xc3\xbf\0\4\0"));
    has_floats (wide, sizeof wide - 1, large);
    has_floats (wide_big, sizeof wide_big - 1, large);
    has_floats (wide_fortran, sizeof wide_fortran - 1, turned);
}
END_TEST

START_TEST (tensors_of_one_storage_are_aliases)
{
    static const char crossed[] = TENSOR_OF (STORAGE, "K\0K\x02K\x02\x86K\x01K\x02\x86");
    static const float expected[] = { 1, 3, 2, 4 };
    has_floats (crossed, sizeof crossed - 1, expected);
}
END_TEST

/* Attributes of a tensor are listed beside it. */
START_TEST (attributes_of_tensors_are_listed)
{
    static const char value[] =
        "ctorch._utils\n_rebuild_parameter_with_state\n(" TENSOR "\x88" NO_HOOKS "}" TEXT3 ("tag") "K\x07stR";
    tenon_file *file = open_value (value, sizeof value - 1);
    ck_assert_str_eq (listed (file), "x.tag=7");
    has_tensor (file, "x");
    close_file (file);
}
END_TEST

/* Tensors inside of calls that are not known are there; numbers are not. */
START_TEST (tensors_in_unknown_calls_are_found)
{
    static const char value[] = "ca\nb\n(" TENSOR "K\x07}" TEXT1 ("k") TENSOR "stR";
    tenon_file *file = open_value (value, sizeof value - 1);
    ck_assert (noted (file, "needs the global a.b"));
    ck_assert_str_eq (listed (file), "");
    has_tensor (file, "x.0");
    has_tensor (file, "x.2.k");
    close_file (file);
}
END_TEST

/* A module that was saved whole has the names of its state dict. */
START_TEST (modules_have_names_of_state_dicts)
{
    static const char value[] =
        "cnet\nLinear\n)\x81}(X\x0b\0\0\0_parameters}X\x06\0\0\0weight" TENSOR
        "sX\x08\0\0\0_modules}" TEXT3 ("sub") "cnet\nLinear\n)\x81}X\x08\0\0\0_buffers}" TEXT3 ("buf") TENSOR
        "ssbsX\x08\0\0\0training\x88ub";
    tenon_file *file = open_value (value, sizeof value - 1);
    ck_assert (
        noted (file, "needs the global net.Linear: tenon runs no code, and lists its attributes instead"));
    has_tensor (file, "x.weight");
    has_tensor (file, "x.sub.buf");
    ck_assert_str_eq (listed (file), "x.training=true");
    close_file (file);
}
END_TEST

/* Names that clash get numbers, as many as it takes. */
START_TEST (names_that_clash_get_numbers)
{
    static const char value[] =
        "}(" TEXT3 ("a.b") TENSOR TEXT1 ("a") "}(" TEXT1 ("b") TENSOR TEXT3 ("b#2") TENSOR "uu";
    tenon_file *file = open_value (value, sizeof value - 1);
    ck_assert (noted (file, "another value of the file has the name 'x.a.b', too"));
    has_tensor (file, "x.a.b");
    has_tensor (file, "x.a.b#2");
    has_tensor (file, "x.a.b#2#2");
    close_file (file);
}
END_TEST

/* A tensor by itself has the name of the file. */
START_TEST (a_tensor_alone_has_the_name_of_the_file)
{
    static const char pickle[] = P2 TENSOR ".";
    struct bytes bytes = file_around (pickle, sizeof pickle - 1);
    tenon_file *file = open_bytes (&bytes, "weights.pt");
    ck_assert_msg (file != NULL, "%s", error.message);
    has_tensor (file, "weights");
    close_file (file);
    put (&bytes, "more", 4);
    file = open_bytes (&bytes, "weights.pt");
    ck_assert (noted (file, "4 bytes behind the last storage"));
    close_file (file);
    free (bytes.data);
}
END_TEST

/* The keys behind the object, which say what lies where, lie. */
START_TEST (keys_of_storages_that_lie)
{
    static const struct {
        const char *keys;
        size_t size;
        const char *words;
    } cases[] = {
        { P2 "K\x01.", 5, "no list of the keys" },
        { P2 "]K\x01"
             "a.",
          7, "a key of a storage that is no text" },
        { P2 "]X\1\0\0\0"
             "9"
             "a.",
          11, "the storage '9' which no value of the file has" },
        { P2 "](X\1\0\0\0"
             "0"
             "X\1\0\0\0"
             "0e.",
          18, "the storage '0' twice" },
    };
    static const char pickle[] = P2 TENSOR ".";
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes bytes = file_around (pickle, sizeof pickle - 1);
        bytes.size -= 24 + 11; /* storages and keys */
        put (&bytes, cases[i].keys, cases[i].size);
        put_number (&bytes, 4, 8);
        put (&bytes, "0123456789abcdef", 16);
        tenon_file *file = open_bytes (&bytes, "m.pt");
        ck_assert_msg (!file && error.status == TENON_E_MALFORMED && strstr (error.message, cases[i].words),
                       "case %zu: '%s'", i, error.message);
        free (bytes.data);
    }
    struct bytes bytes = file_around (pickle, sizeof pickle - 1);
    memset (bytes.data + bytes.size - 24, 0xff, 8);
    ck_assert_ptr_null (open_bytes (&bytes, "m.pt"));
    ck_assert_msg (strstr (error.message, "found a storage of -1 items"), "%s", error.message);
    free (bytes.data);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, a_tensor_is_read);
    tcase_add_test (cases, an_unreadable_tensor_says_what_is_known);
    tcase_add_test (cases, arrays_of_numpy_lie_in_the_pickle);
    tcase_add_test (cases, tensors_of_one_storage_are_aliases);
    tcase_add_test (cases, attributes_of_tensors_are_listed);
    tcase_add_test (cases, tensors_in_unknown_calls_are_found);
    tcase_add_test (cases, modules_have_names_of_state_dicts);
    tcase_add_test (cases, names_that_clash_get_numbers);
    tcase_add_test (cases, a_tensor_alone_has_the_name_of_the_file);
    tcase_add_test (cases, keys_of_storages_that_lie);
}

int
main (void)
{
    return run_suite ("tensors", add_tests);
}
