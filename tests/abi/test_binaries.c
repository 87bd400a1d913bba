/* SPDX-License-Identifier: MIT */
/* test_binaries.c - plugins that were built when a minor version of the interface was frozen, and are never
 * built again: tests/abi/binaries/MAJOR.MINOR/MACHINE. What they do is in their source beside them.
 * TENON_BINARIES is another folder of such plugins, which tests/abi/promise.sh builds from the same source
 * and the frozen headers. */
#include "aged.h"
#include "kit.h"

#if defined(__x86_64__)
#define MACHINE "x86_64"
#define OTHER_MACHINE "aarch64"
#define OTHER_WORDS "AArch64"
#elif defined(__aarch64__)
#define MACHINE "aarch64"
#define OTHER_MACHINE "x86_64"
#define OTHER_WORDS "x86-64"
#else
#define MACHINE "" /* there are none */
#endif

static FILE *
open_binary (int major, int minor, const char *machine, const char *name)
{
    const char *source = getenv ("TENON_SRCDIR");
    char path[1024];
    snprintf (path, sizeof path, "%s/tests/abi/binaries/%d.%d/%s/%s.so", source ? source : "..", major, minor,
              machine, name);
    return fopen (path, "rb");
}

/* Copies a plugin into the folder of plugins. */
static void
take_binary (FILE *file, const char *name)
{
    char to[64];
    static uint8_t bytes[65536];
    ck_assert_msg (file != NULL, "there is no binary of %s", name);
    size_t size = fread (bytes, 1, sizeof bytes, file);
    fclose (file);
    ck_assert_uint_lt (size, sizeof bytes);
    kit_copy ("toyraw", "toyraw");
    snprintf (to, sizeof to, "plugins/%s.so", name);
    kit_save (to, bytes, size);
}

/* With a plugin of this major version. */
static void
use_binary (int minor, const char *name, const char *settings, const char *verdict)
{
    const char *folder = getenv ("TENON_BINARIES");
    char path[1024];
    snprintf (path, sizeof path, "%s/%s.so", folder ? folder : "", name);
    take_binary (folder ? fopen (path, "rb") : open_binary (TENON_ABI_MAJOR, minor, MACHINE, name), name);
    ck_assert_msg (kit_context (settings) == TENON_OK, "%s", kit_error.message);
    kit_said (kit_verdict (name)->message, verdict);
}

/* ---- a tensor of each kind ---- */

static tenon_file *
open_kinds (int minor, const char *settings)
{
    struct bytes bytes = { .size = 0 };
    use_binary (minor, "kinds", settings, "in use: kinds 1 (codecs bin-kinds, dtypes bin.nibbles)");
    kit_text (&bytes, "BINKIND\n");
    kit_f32 (&bytes, 0.5f);
    kit_text (&bytes, "\x21\x43\x65\x87");
    for (unsigned i = 0; i < 6; i++)
        kit_le (&bytes, i, 2);
    kit_text (&bytes, "abcdef");
    kit_file ("f", &bytes);
    return kit_open ("f", NULL, NULL);
}

START_TEST (test_kinds)
{
    tenon_file *file = open_kinds (_i, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, "bin-kinds");
    ck_assert_uint_eq (info.tensors, 5);
    ck_assert_uint_eq (info.unreadable, 1);
    kit_data (file, "block", "", "\x21\x43\x65\x87", 4);
    kit_data (file, "block", "u8", "\1\2\3\4\5\6\7\10", 8);
    kit_data (file, "strided", "", "\0\0\2\0\4\0\1\0\3\0\5\0", 12);
    kit_data (file, "opaque", "", "abcdef", 6);
    ck_assert_str_eq (kit_tensor (file, "opaque").dtype_name, "'|V3'");
    kit_data_fails (file, "cut", "", TENON_E_UNSUPPORTED, "it is of a kind that nothing can read");
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_UNSUPPORTED);
    tenon_close (file);
}
END_TEST

START_TEST (test_served)
{
    tenon_file *file = open_kinds (_i, NULL);
    static const float all[12] = { 0.5f,  1.5f,  2.5f,  3.5f,  10.5f, 11.5f,
                                   12.5f, 13.5f, 20.5f, 21.5f, 22.5f, 23.5f },
                       some[4] = { 11.5f, 13.5f, 21.5f, 23.5f };
    static const int64_t steps[2] = { 1, 2 };
    float found[4];
    tenon_request request;
    kit_data (file, "served", "", all, sizeof all);
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, "served", &request.index), TENON_OK);
    request.rank = 2;
    request.start = KIT_SHAPE (1, 1);
    request.count = KIT_SHAPE (2, 2);
    request.step = steps;
    request.data = found;
    request.size = sizeof found;
    ck_assert_int_eq (tenon_read (file, &request, 1, NULL, &kit_error), TENON_OK);
    ck_assert_mem_eq (found, some, sizeof some);
    tenon_close (file);
}
END_TEST

START_TEST (test_values)
{
    tenon_file *file = open_kinds (_i, "bin-kinds.level=5");
    int16_t numbers[6];
    struct tenon_value map = kit_value (file, "map"), range = kit_value (file, "range");
    ck_assert_uint_eq (map.type, TENON_MAP);
    ck_assert_uint_eq (map.count, 2);
    ck_assert_mem_eq (map.as.items[0].as.string, "level", 5);
    ck_assert_uint_eq (map.as.items[1].type, TENON_I64);
    ck_assert_int_eq (map.as.items[1].as.i, 5);
    const struct tenon_value *list = &map.as.items[3];
    ck_assert_uint_eq (list->item_type, TENON_MIXED);
    ck_assert_uint_eq (list->count, 3);
    ck_assert_uint_eq (list->as.items[0].type, TENON_BOOL);
    ck_assert_uint_eq (list->as.items[1].type, TENON_NONE);
    ck_assert_mem_eq (list->as.items[2].as.string, "text", 4);
    ck_assert_int_eq (tenon_metadata_numbers (file, &range, TENON_I16, 0, 6, numbers, &kit_error), TENON_OK);
    for (int i = 0; i < 6; i++)
        ck_assert_int_eq (numbers[i], i);
    tenon_close (file);
}
END_TEST

START_TEST (test_blocks)
{
    static const float items[4] = { 1, 15, 0, 9 };
    uint8_t block[2];
    use_binary (_i, "kinds", NULL, "in use");
    ck_assert_int_eq (tenon_cast (kit, TENON_F32, items, sizeof items, tenon_dtype_find (kit, "bin.nibbles"),
                                  block, sizeof block, 4, 0, &kit_error),
                      TENON_OK);
    ck_assert_mem_eq (block, "\xf1\x90", 2);
}
END_TEST

/* ---- chunks, and metadata that are written, in C++ ---- */

static const uint8_t fifteen[15] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 };

static void
put_place (struct bytes *bytes, uint64_t offset, uint64_t stored)
{
    kit_le (bytes, offset, 8);
    kit_le (bytes, stored, 8);
}

static void
put_string (struct bytes *bytes, const char *text)
{
    kit_le (bytes, TENON_STRING, 4);
    kit_le (bytes, strlen (text), 8);
    kit_text (bytes, text);
}

/* The items      0  1 |  2  3 |  4      in chunks of 2 × 2
 *                5  6 |  7  8 |  9
 *               ------+-------+---
 *               10 11 | 12 13 | 14 */
static void
lay_cells (struct bytes *bytes)
{
    static const uint64_t numbers[] = { 3, 5, 2, 2, 6 };
    kit_text (bytes, "BINCELL\n");
    kit_le (bytes, 31, 8);
    kit_put (bytes, "\0\1\5\6\2\3\7\10\4\11\12\13\14\15\16", 15);
    kit_text (bytes, "\1x\2u8\2");
    for (unsigned i = 0; i < 5; i++)
        kit_le (bytes, numbers[i], 8);
    put_place (bytes, 16, 4);
    put_place (bytes, 20, 4);
    put_place (bytes, 24, 2);
    put_place (bytes, 26, 2);
    put_place (bytes, 28, 2);
    put_place (bytes, 30, 1);
    kit_le (bytes, 1, 8);
    put_string (bytes, "key");
    kit_le (bytes, TENON_MAP, 4);
    kit_le (bytes, 2, 8);
    put_string (bytes, "n");
    kit_le (bytes, TENON_I64, 4);
    kit_le (bytes, (uint64_t) -2, 8);
    put_string (bytes, "list");
    kit_le (bytes, TENON_ARRAY, 4);
    kit_le (bytes, 2, 8);
    kit_le (bytes, TENON_NONE, 4);
    put_string (bytes, "s");
}

START_TEST (test_cells)
{
    struct bytes expected = { .size = 0 };
    tenon_plan *plan;
    use_binary (_i, "cells", NULL, "in use: cells 1 (codecs bin-cells)");
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    kit_add (plan, "x", "u8", 0, 2, KIT_SHAPE (3, 5), fifteen, 15);
    kit_set_text (plan, "key", "json", "{\"n\": -2, \"list\": [null, \"s\"]}");
    ck_assert_msg (kit_write (plan, "f.cells", NULL, NULL, NULL) == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    lay_cells (&expected);
    kit_same_file ("f.cells", &expected);

    tenon_file *file = kit_open ("f.cells", NULL, NULL);
    kit_data (file, "x", "", fifteen, 15);
    ck_assert_uint_eq (kit_tensor (file, "x").chunk_shape[1], 2);
    struct tenon_value map = kit_value (file, "key");
    ck_assert_uint_eq (map.type, TENON_MAP);
    ck_assert_int_eq (map.as.items[1].as.i, -2);
    ck_assert_uint_eq (map.as.items[3].as.items[1].type, TENON_STRING);
    tenon_close (file);
}
END_TEST

/* ---- a container, a filter, an archive and a keyed codec ---- */

START_TEST (test_store)
{
    use_binary (_i, "store", NULL, "in use: store 1 (codecs bin-box bin-pack bin-store, filters bin-xor)");
    aged_round_trip ("bin-box", "BINSTOR\n");
    aged_keys ("bin-pack", "bin-store", "BINPACK\n");
}
END_TEST

/* ---- plugins that are refused ---- */

#if TENON_ABI_MAJOR > 0
/* Those of an earlier major version. */
START_TEST (test_earlier_major)
{
    static const char *const names[] = { "kinds", "cells", "store" };
    char words[128];
    snprintf (words, sizeof words,
              "made for another major version: it has tenon_plugin_v%d, this library wants %s", _i,
              TENON_ENTRY_TEXT);
    for (unsigned i = 0; i < 3; i++)
        take_binary (open_binary (_i, 0, MACHINE, names[i]), names[i]);
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq (kit_verdict (names[i])->status, TENON_E_UNSUPPORTED);
        kit_said (kit_verdict (names[i])->message, words);
    }
}
END_TEST
#endif

#ifdef OTHER_MACHINE
START_TEST (test_other_machine)
{
    take_binary (open_binary (TENON_ABI_MAJOR, 0, OTHER_MACHINE, "kinds"), "kinds");
    ck_assert_int_eq (kit_context (NULL), TENON_OK);
    ck_assert_int_eq (kit_verdict ("kinds")->status, TENON_E_UNSUPPORTED);
    kit_said (kit_verdict ("kinds")->message, "not loaded: it was made for another machine: " OTHER_WORDS);
    ck_assert_int_eq (kit_verdict ("kinds")->chosen, 0);
}
END_TEST
#endif

#if defined(OTHER_MACHINE) && defined(__GLIBC__) /* the binaries need glibc */
/* Minor versions of this major version that are released: the first one is. */
static int
count_minors (void)
{
    int minors = 0;
    for (FILE *file; !getenv ("TENON_BINARIES"); minors++) {
        file = open_binary (TENON_ABI_MAJOR, minors, MACHINE, "kinds");
        if (!file)
            break;
        fclose (file);
    }
    return minors > 0 ? minors : 1;
}
#endif

static void
fill_suite (Suite *suite)
{
#if defined(OTHER_MACHINE) && defined(__GLIBC__)
    TCase *tests = kit_case (suite, "binaries");
    int minors = count_minors ();
    tcase_add_loop_test (tests, test_kinds, 0, minors);
    tcase_add_loop_test (tests, test_served, 0, minors);
    tcase_add_loop_test (tests, test_values, 0, minors);
    tcase_add_loop_test (tests, test_blocks, 0, minors);
    tcase_add_loop_test (tests, test_cells, 0, minors);
    tcase_add_loop_test (tests, test_store, 0, minors);
#if TENON_ABI_MAJOR > 0
    tcase_add_loop_test (tests, test_earlier_major, 0, TENON_ABI_MAJOR);
#endif
    tcase_add_test (tests, test_other_machine);
#else
    (void) suite;
#endif
}

int
main (void)
{
    return kit_main ("binaries", fill_suite);
}
