/* SPDX-License-Identifier: MIT */
/* test_writer.c - the streaming writer: tensors one after the other, in memory and beyond it; what is left
 * when it ends, fails, or is killed. */
#include "kit.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static tenon_writer *writer;

static void
works (tenon_status status)
{
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
}

static void
fails (tenon_status found, tenon_status expected, const char *words)
{
    kit_failed (found, expected, words);
    kit_error = (tenon_error) TENON_ERROR_INIT;
}

static void
begin_save (const char *plugins, const char *settings, const char *name, tenon_save_options options)
{
    options.struct_size = sizeof options;
    kit_plugins (plugins, settings);
    works (tenon_writer_new (kit, kit_path (name), &options, &writer, &kit_error));
}

static void
begin_with (const char *plugins, const char *settings, const char *name, uint32_t flags)
{
    begin_save (plugins, settings, name, (tenon_save_options){ .flags = flags });
}

static tenon_status
add (tenon_array array)
{
    array.struct_size = sizeof array;
    return tenon_writer_add (writer, &array, &kit_error);
}
#define ADD(...) add ((tenon_array){ __VA_ARGS__ })

static tenon_status
begin (tenon_array array)
{
    array.struct_size = sizeof array;
    return tenon_writer_begin (writer, &array, &kit_error);
}
#define BEGIN(...) begin ((tenon_array){ __VA_ARGS__ })

static tenon_status
finish (tenon_report **report)
{
    return tenon_writer_finish (writer, report, NULL, &kit_error);
}

/* Nothing but the test's own files. */
static void
leaves (unsigned files)
{
    ck_assert_uint_eq (kit_count_files (), files);
}

/* ---- many small ones ---- */

/* With memory 64 KiB the writer keeps 16 KiB of it: most of the 1000 tensors go through the file. */
static void
write_thousand (const char *settings, uint64_t memory, const char *note)
{
    uint32_t items[40];
    char name[32];
    begin_save ("toyraw", settings, "t.toyraw", (tenon_save_options){ .memory = memory });
    for (unsigned i = 0; i < 1000; i++) {
        for (unsigned k = 0; k < i % 40; k++)
            items[k] = i * 1000 + k;
        snprintf (name, sizeof name, "t%u", i);
        works (ADD (.name = name, .dtype = TENON_U32, .shape = KIT_SHAPE (i % 40), .rank = 1, .data = items,
                    .size = i % 40 * 4));
        memset (items, 0xee, sizeof items); /* the data were copied, and the names */
        memset (name, 'x', sizeof name - 1);
    }
    leaves (0);
    tenon_report *report;
    works (finish (&report));
    ck_assert (kit_reported (report, TENON_NOTE, "went through a temporary file") == (note != NULL));
    tenon_report_free (report);
    tenon_writer_free (writer);
    leaves (1);
    tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 1000);
    for (unsigned i = 0; i < 1000; i++) {
        for (unsigned k = 0; k < i % 40; k++)
            items[k] = i * 1000 + k;
        snprintf (name, sizeof name, "t%u", i);
        kit_is_shaped (file, name, "u32", 1, KIT_SHAPE (i % 40));
        kit_data (file, name, "", items, i % 40 * 4);
    }
    tenon_close (file);
}

START_TEST (test_thousand)
{
    write_thousand (_i == 1 ? "limits.memory=64KiB" : NULL, _i == 2 ? 64 << 10 : 0, _i ? "bytes" : NULL);
}
END_TEST

/* ---- what add takes ---- */

static tenon_status
fill_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    if (!user)
        return TENON_E_CANCELLED;
    memcpy (to, (const char *) user + offset, length);
    return TENON_OK;
}

START_TEST (test_layouts)
{
    static const float c[6] = { 1, 2, 3, 4, 5, 6 }, fortran[6] = { 1, 4, 2, 5, 3, 6 };
    static const float spread[11] = { 6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 1 };
    static const int16_t wanted[6] = { 1, 2, 3, 4, 5, 6 };
    static const int64_t back[2] = { -6, -2 };
    uint8_t big[24];
    for (unsigned i = 0; i < 24; i++)
        big[i] = ((const uint8_t *) c)[i / 4 * 4 + 3 - i % 4];
    const uint64_t *shape = KIT_SHAPE (2, 3);
    begin_with ("toyraw toyblock", "limits.memory=64KiB", "t.toyraw", 0);
    static uint8_t filler[16384]; /* the writer's share of memory */
    works (ADD (.name = "filler", .dtype = TENON_U8, .shape = KIT_SHAPE (_i ? sizeof filler : 1), .rank = 1,
                .data = filler, .size = _i ? sizeof filler : 1));
#define MATRIX .dtype = TENON_F32, .shape = shape, .rank = 2, .size = 24
    works (ADD (.name = "c", .data = c, MATRIX));
    works (ADD (.name = "fortran", .data = fortran, .flags = TENON_FORTRAN, MATRIX));
    works (ADD (.name = "big", .data = big, .flags = TENON_BIG_ENDIAN, MATRIX));
    works (ADD (.name = "fill", .fill = fill_bytes, .user = (void *) (uintptr_t) c, MATRIX));
    works (ADD (.name = "strides", .dtype = TENON_F32, .shape = shape, .rank = 2, .size = 44,
                .data = spread + 10, .strides = back));
    works (ADD (.name = "as", .data = fortran, .flags = TENON_FORTRAN, MATRIX, .as = TENON_I16));
    works (ADD (.dtype = TENON_U8, .data = big, .size = 1));
    /* tensors that are refused are no tensors of the file */
    fails (ADD (.name = "c", .data = c, MATRIX), TENON_E_MALFORMED, "tensor 'c': the name occurs twice");
    fails (ADD (.name = "x", .data = c, .dtype = TENON_F32, .shape = shape, .rank = 2, .size = 23),
           TENON_E_MISUSE, "tensor 'x': its shape and dtype need 24 bytes, 23 were given");
    fails (ADD (.name = "x", MATRIX), TENON_E_MISUSE, "tensor 'x': a tenon_array needs data or fill");
    fails (ADD (.name = "x", .fill = fill_bytes, MATRIX), TENON_E_CANCELLED, "tensor 'x'");
    fails (ADD (.name = "x", .data = c, MATRIX, .as = tenon_dtype_find (kit, "topq")), TENON_E_UNSUPPORTED,
           "tensor 'x': f32 cannot be read as topq");
    fails (ADD (.name = "x\0y", .name_length = 3, .data = c, MATRIX), TENON_E_MISUSE, "x\\x00y");
    fails (tenon_writer_add (writer, NULL, &kit_error), TENON_E_MISUSE, "array");
    fails (tenon_writer_add (NULL, NULL, &kit_error), TENON_E_MISUSE, "writer");
    struct tenon_dtype opaque = { .struct_size = sizeof opaque,
                                  .kind = TENON_KIND_OPAQUE,
                                  .block_bytes = 4,
                                  .family = "toy",
                                  .text = "word" };
    works (
        ADD (.name = "opaque", .opaque = &opaque, .shape = KIT_SHAPE (6), .rank = 1, .size = 24, .data = c));
    static const int64_t other[1] = { 2 };
    works (ADD (.name = "opaque strides", .opaque = &opaque, .shape = KIT_SHAPE (3), .rank = 1, .size = 20,
                .data = c, .strides = other));
    works (finish (NULL));
    tenon_writer_free (writer);
    tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 10);
    static const char *const names[] = { "c", "fortran", "big", "fill", "strides" };
    for (unsigned i = 0; i < 5; i++)
        kit_data (file, names[i], "f32", c, sizeof c);
    kit_is_shaped (file, "as", "i16", 2, shape);
    kit_data (file, "as", "", wanted, sizeof wanted);
    kit_data (file, "arr_0", "", big, 1);
    kit_data (file, "opaque", "", c, 24);
    kit_data (file, "opaque strides", "", (const float[3]){ 1, 3, 5 }, 12);
    tenon_close (file);
    leaves (1);
}
END_TEST

/* ---- in pieces ---- */

START_TEST (test_pieces)
{
    static uint16_t items[3000];
    for (unsigned i = 0; i < 3000; i++)
        items[i] = (uint16_t) (i * 7);
    const char *bytes = (const char *) items;
    begin_with ("toyraw toyblock", _i ? "limits.memory=64KiB" : NULL, "t.toyraw", 0);
    for (unsigned piece = 1; piece <= 6000; piece *= 11) {
        char name[16];
        snprintf (name, sizeof name, "p%u", piece);
        works (
            BEGIN (.name = name, .dtype = TENON_U16, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 3), .rank = 2));
        for (unsigned at = 0; at < 6000; at += piece)
            works (tenon_writer_put (writer, bytes + at, at + piece < 6000 ? piece : 6000 - at, &kit_error));
        works (tenon_writer_end (writer, &kit_error));
    }
    works (BEGIN (.name = "known", .dtype = TENON_U16, .shape = KIT_SHAPE (10), .rank = 1, .as = TENON_U32));
    fails (tenon_writer_put (writer, bytes, 21, &kit_error), TENON_E_MISUSE,
           "tensor 'known': 21 bytes are too many: its shape and dtype need 20, of which 0 were put");
    works (tenon_writer_put (writer, bytes, 20, &kit_error));
    fails (tenon_writer_put (writer, bytes, 1, &kit_error), TENON_E_MISUSE, "of which 20 were put");
    works (tenon_writer_put (writer, NULL, 0, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    works (
        BEGIN (.name = "no rows", .dtype = TENON_U16, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 3), .rank = 2));
    works (tenon_writer_end (writer, &kit_error));
    works (BEGIN (.name = "scalar", .dtype = TENON_U16));
    works (tenon_writer_put (writer, bytes + 2, 2, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    /* 2 items in a byte: 5 bytes are 10 of them */
    works (BEGIN (.name = "f4", .dtype = TENON_F4, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM), .rank = 1));
    works (tenon_writer_put (writer, "12345", 5, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    /* 8 items in a block of 9 bytes */
    uint32_t tq8 = tenon_dtype_find (kit, "tq8");
    works (BEGIN (.name = "tq8", .dtype = tq8, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 16), .rank = 2));
    works (tenon_writer_put (writer, "123456789123456789123456789123456789", 36, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    static const float ones[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    works (BEGIN (.name = "as", .dtype = TENON_F32, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM), .rank = 1,
                  .as = tq8));
    works (tenon_writer_put (writer, ones, 64, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    works (finish (NULL));
    tenon_writer_free (writer);
    tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
    for (unsigned piece = 1; piece <= 6000; piece *= 11) {
        char name[16];
        snprintf (name, sizeof name, "p%u", piece);
        kit_is_shaped (file, name, "u16", 2, KIT_SHAPE (1000, 3));
        kit_data (file, name, "", items, sizeof items);
    }
    kit_is_shaped (file, "known", "u32", 1, KIT_SHAPE (10));
    kit_data (file, "known", "u16", items, 20);
    kit_is_shaped (file, "no rows", "u16", 2, KIT_SHAPE (0, 3));
    kit_data (file, "scalar", "", bytes + 2, 2);
    kit_is_shaped (file, "f4", "f4", 1, KIT_SHAPE (10));
    kit_is_shaped (file, "tq8", "tq8", 2, KIT_SHAPE (2, 16));
    /* the least exponent for 1 is -6: 64 × 2^-6 */
    kit_data (file, "as", "", "\xfa\x40\x40\x40\x40\x40\x40\x40\x40\xfa\x40\x40\x40\x40\x40\x40\x40\x40", 18);
    tenon_close (file);
    leaves (1);
}
END_TEST

START_TEST (test_wrong_pieces)
{
    begin_with ("toyraw toyblock", NULL, "t.toyraw", 0);
    const uint8_t byte = 0;
    const uint64_t *shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 3);
    fails (tenon_writer_put (writer, &byte, 1, &kit_error), TENON_E_MISUSE, "no tensor was begun");
    fails (tenon_writer_end (writer, &kit_error), TENON_E_MISUSE, "no tensor was begun");
    fails (BEGIN (.name = "x", .dtype = TENON_U8, .data = &byte, .size = 1), TENON_E_MISUSE,
           "tensor 'x': a tensor that is begun has no data");
    fails (BEGIN (.name = "x", .dtype = TENON_U8, .fill = fill_bytes), TENON_E_MISUSE, "has no data");
    fails (BEGIN (.name = "x", .dtype = TENON_U8, .shape = KIT_SHAPE (3, TENON_UNKNOWN_DIM), .rank = 2),
           TENON_E_MALFORMED, "tensor 'x': dim 1 is 18446744073709551615");
    fails (BEGIN (.name = "x", .dtype = TENON_U8, .shape = shape, .rank = 2, .flags = TENON_FORTRAN),
           TENON_E_MISUSE, "only in C order");
    fails (BEGIN (.name = "x", .dtype = TENON_U8, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 0), .rank = 2),
           TENON_E_MISUSE, "no bytes that would tell it");
    fails (BEGIN (.name = "x", .dtype = TENON_U8,
                  .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, UINT64_C (1) << 62, 4), .rank = 3),
           TENON_E_MISUSE, "2^64 items");
    fails (BEGIN (.name = "x", .dtype = tenon_dtype_find (kit, "tq8"), .shape = shape, .rank = 2), -1,
           "tensor 'x'");
    fails (BEGIN (.name = "x", .dtype = TENON_F32, .shape = shape, .rank = 2,
                  .as = tenon_dtype_find (kit, "tq8")),
           TENON_E_UNSUPPORTED, "rows of 3 items");
    fails (BEGIN (.name = "", .dtype = TENON_U8), TENON_E_MISUSE, "it is ''");
    works (BEGIN (.name = "rows", .dtype = TENON_U16, .shape = shape, .rank = 2));
    fails (BEGIN (.name = "other", .dtype = TENON_U8), TENON_E_MISUSE,
           "tensor 'rows': a tensor was begun, and not ended");
    fails (ADD (.name = "other", .dtype = TENON_U8, .data = &byte, .size = 1), TENON_E_MISUSE,
           "tensor 'rows'");
    fails (finish (NULL), TENON_E_MISUSE, "tensor 'rows'");
    works (tenon_writer_put (writer, "1234567", 7, &kit_error));
    fails (tenon_writer_end (writer, &kit_error), TENON_E_MISUSE,
           "tensor 'rows': 7 bytes were put, which are no whole number of rows of 3 items of u16");
    works (tenon_writer_put (writer, "1", 1, &kit_error));
    fails (tenon_writer_end (writer, &kit_error), TENON_E_MISUSE, "8 bytes were put");
    fails (tenon_writer_put (writer, NULL, 4, &kit_error), TENON_E_MISUSE, "bytes");
    works (tenon_writer_put (writer, "1234", 4, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    works (BEGIN (.name = "known", .dtype = TENON_U16));
    works (tenon_writer_put (writer, "1", 1, &kit_error));
    fails (tenon_writer_end (writer, &kit_error), TENON_E_MISUSE,
           "1 bytes were put, its shape and dtype need 2");
    works (tenon_writer_put (writer, "1", 1, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    fails (BEGIN (.name = "rows", .dtype = TENON_U16), TENON_E_MALFORMED,
           "tensor 'rows': the name occurs twice");
    works (finish (NULL));
    fails (finish (NULL), TENON_E_MISUSE, "has saved its tensors already");
    fails (ADD (.name = "late", .dtype = TENON_U8, .data = &byte, .size = 1), TENON_E_MISUSE, "already");
    tenon_writer_free (writer);
    tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
    kit_is_shaped (file, "rows", "u16", 2, KIT_SHAPE (2, 3));
    kit_data (file, "rows", "", "123456711234", 12);
    tenon_close (file);
}
END_TEST

/* ---- the plan, and the target ---- */

START_TEST (test_plan)
{
    static const uint8_t items[4] = { 1, 2, 3, 4 };
    const uint32_t layers = 12;
    begin_with ("toyraw", NULL, "t.toyraw", 0);
    tenon_plan *plan = tenon_writer_plan (writer);
    works (tenon_plan_set_number (plan, "layers", TENON_NUL, TENON_U32, &layers, &kit_error));
    works (ADD (.name = "a", .dtype = TENON_U8, .data = items, .size = 1));
    kit_add (plan, "b", "u8", 0, 1, KIT_SHAPE (4), items, 4);
    works (BEGIN (.name = "c", .dtype = TENON_U8));
    kit_add (plan, "d", "u8", 0, 1, KIT_SHAPE (4), items, 4);
    works (tenon_writer_put (writer, "x", 1, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    fails (tenon_save (plan, kit_path ("other.toyraw"), NULL, NULL, NULL, &kit_error), TENON_E_MISUSE,
           "the plan belongs to a writer");
    tenon_plan_free (plan); /* does nothing */
    ck_assert_uint_eq (tenon_plan_count (plan), 4);
    ck_assert_ptr_null (tenon_writer_plan (NULL));
    leaves (0);
    works (finish (NULL));
    tenon_writer_free (writer);
    tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
    tenon_tensor_info info = TENON_INIT (info);
    for (unsigned i = 0; i < 4; i++) {
        works (tenon_get (file, i, &info));
        ck_assert_int_eq (info.name[0], "abdc"[i]);
    }
    ck_assert_uint_eq (kit_value (file, "layers").as.u, 12);
    tenon_close (file);
}
END_TEST

/* Numbers are given in the order of adding and beginning. */
START_TEST (test_numbered)
{
    begin_with ("toyraw", NULL, "t.toyraw", 0);
    works (BEGIN (.dtype = TENON_U8));
    kit_add (tenon_writer_plan (writer), NULL, "u8", 0, 0, NULL, "y", 1);
    works (tenon_writer_put (writer, "x", 1, &kit_error));
    works (tenon_writer_end (writer, &kit_error));
    works (ADD (.dtype = TENON_U8, .data = "z", .size = 1));
    works (finish (NULL));
    tenon_writer_free (writer);
    tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
    kit_data (file, "arr_0", "", "x", 1);
    kit_data (file, "arr_1", "", "y", 1);
    kit_data (file, "arr_2", "", "z", 1);
    tenon_close (file);
}
END_TEST

START_TEST (test_targets)
{
    tenon_save_options options = { .struct_size = sizeof options, .format = "toyraw" };
    tenon_writer *none = (tenon_writer *) &options;
    kit_plugins ("toyraw", NULL);
    kit_save ("old.toyraw", "old", 3);
    fails (tenon_writer_new (kit, kit_path ("x.unheard"), NULL, &none, &kit_error), TENON_E_UNRECOGNISED,
           "no codec writes files with this extension");
    ck_assert_ptr_null (none);
    fails (tenon_writer_new (kit, kit_path ("no/folder.toyraw"), NULL, &none, &kit_error), TENON_E_NOT_FOUND,
           "folder");
    options.flags = TENON_SAVE_NEW;
    fails (tenon_writer_new (kit, kit_path ("old.toyraw"), &options, &none, &kit_error), TENON_E_EXISTS, "");
    options.flags = 0x800000;
    fails (tenon_writer_new (kit, kit_path ("new.toyraw"), &options, &none, &kit_error), TENON_E_MISUSE,
           "save flags");
    options.flags = 0, options.struct_size = 5;
    fails (tenon_writer_new (kit, kit_path ("new.toyraw"), &options, &none, &kit_error), TENON_E_MISUSE,
           "struct_size");
    options.struct_size = sizeof options;
    fails (tenon_writer_new (kit, NULL, &options, &none, &kit_error), TENON_E_MISUSE, "path");
    fails (tenon_writer_new (NULL, "x", &options, &none, &kit_error), TENON_E_MISUSE, "context");
    fails (tenon_writer_new (kit, "x", &options, NULL, &kit_error), TENON_E_MISUSE, "writer");
    char format[8] = "toyraw", align[32] = "toyraw.align=100";
    const char *settings[] = { align, NULL };
    options.format = format, options.settings = settings;
    works (tenon_writer_new (kit, kit_path ("new"), &options, &writer, &kit_error));
    memset (format, 'x', 6), memset (align, 'x', 16), settings[0] = NULL; /* they were copied */
    works (ADD (.name = "x", .dtype = TENON_U8, .data = "x", .size = 1));
    leaves (1);
    works (finish (NULL));
    tenon_writer_free (writer);
    leaves (2);
    tenon_file *file = kit_open ("new.toyraw", NULL, NULL);
    ck_assert_uint_eq (kit_tensor (file, "x").offset % 100, 0);
    tenon_close (file);
    /* one that is not finished leaves the old file */
    works (tenon_writer_new (kit, kit_path ("old.toyraw"), NULL, &writer, &kit_error));
    works (ADD (.name = "x", .dtype = TENON_U8, .data = "x", .size = 1));
    works (BEGIN (.name = "y", .dtype = TENON_U8));
    tenon_writer_free (writer);
    tenon_writer_free (NULL);
    size_t size;
    ck_assert_mem_eq (kit_load ("old.toyraw", &size), "old", 3);
    /* a save that fails may be tried again */
    options = (tenon_save_options){ .struct_size = sizeof options, .flags = TENON_SAVE_NEW };
    works (tenon_writer_new (kit, kit_path ("third.toyraw"), &options, &writer, &kit_error));
    works (ADD (.name = "x", .dtype = TENON_U8, .data = "x", .size = 1));
    kit_save ("third.toyraw", "in the way", 10);
    fails (finish (NULL), TENON_E_EXISTS, "third.toyraw");
    unlink (kit_path ("third.toyraw"));
    works (finish (NULL));
    tenon_writer_free (writer);
    leaves (3);
}
END_TEST

/* ---- bounded memory; killed; no room ---- */

#define PIECE (1u << 20)
static void
write_large (unsigned pieces)
{
    static uint32_t items[PIECE / 4];
    works (
        BEGIN (.name = "large", .dtype = TENON_U32, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 256), .rank = 2));
    for (unsigned i = 0; i < pieces; i++) {
        for (unsigned k = 0; k < PIECE / 4; k++)
            items[k] = i + k;
        works (tenon_writer_put (writer, items, PIECE, &kit_error));
    }
    works (tenon_writer_end (writer, &kit_error));
}

static void
check_large (const char *name, unsigned pieces)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    uint32_t item;
    kit_is_shaped (file, "large", "u32", 2, KIT_SHAPE (pieces * 1024, 256));
    for (unsigned i = 0; i < pieces; i += 7) {
        tenon_request request = { .struct_size = sizeof request,
                                  .rank = 2,
                                  .start = KIT_SHAPE (i * 1024, 3),
                                  .count = KIT_SHAPE (1, 1),
                                  .data = &item,
                                  .size = 4 };
        works (tenon_read (file, &request, 1, NULL, &kit_error));
        ck_assert_uint_eq (item, i + 3);
    }
    tenon_close (file);
}

START_TEST (test_bounded)
{
    struct rusage before, after;
    begin_with ("toyraw", "limits.memory=8MiB save.durable=no", "t.toyraw", 0);
    getrusage (RUSAGE_SELF, &before);
    write_large (100);
    leaves (0);
    tenon_report *report;
    works (finish (&report));
    getrusage (RUSAGE_SELF, &after);
    ck_assert (
        kit_reported (report, TENON_NOTE, "104857600 bytes of its tensors went through a temporary file"));
    tenon_report_free (report);
    tenon_writer_free (writer);
    const char *sanitizers = getenv ("TENON_SANITIZERS");
    if (!sanitizers || !*sanitizers)
        ck_assert_int_lt (after.ru_maxrss - before.ru_maxrss, 16 * 1024); /* kB */
    check_large ("t.toyraw", 100);
    leaves (1);
}
END_TEST

START_TEST (test_killed)
{
    begin_with ("toyraw", "limits.memory=1MiB", "t.toyraw", 0);
    kit_save ("t.toyraw", "old", 3);
    pid_t child = fork ();
    if (child == 0) {
        write_large (5);
        kill (getpid (), SIGKILL);
    }
    int status;
    ck_assert_int_eq (waitpid (child, &status, 0), child);
    ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
    tenon_writer_free (writer);
    leaves (1);
    size_t size;
    ck_assert_mem_eq (kit_load ("t.toyraw", &size), "old", 3);
}
END_TEST

/* RLIMIT_FSIZE stands for a full disk. */
START_TEST (test_full)
{
    begin_with ("toyraw", "limits.memory=1MiB", "t.toyraw", 0);
    struct rlimit limit;
    getrlimit (RLIMIT_FSIZE, &limit);
    signal (SIGXFSZ, SIG_IGN);
    limit.rlim_cur = 3 << 20;
    ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &limit), 0);
    static uint8_t piece[PIECE];
    works (ADD (.name = "small", .dtype = TENON_U8, .data = "x", .size = 1));
    if (_i == 0) {
        static uint8_t large[5 * PIECE];
        fails (ADD (.name = "large", .dtype = TENON_U8, .shape = KIT_SHAPE (sizeof large), .rank = 1,
                    .data = large, .size = sizeof large),
               TENON_E_IO, "tensor 'large': a temporary file in ");
        works (ADD (.name = "less", .dtype = TENON_U8, .shape = KIT_SHAPE (PIECE), .rank = 1, .data = piece,
                    .size = PIECE));
        works (finish (NULL));
        tenon_writer_free (writer);
        tenon_file *file = kit_open ("t.toyraw", NULL, NULL);
        ck_assert_uint_eq (tenon_count (file), 2);
        kit_data (file, "small", "", "x", 1);
        kit_data (file, "less", "", piece, PIECE);
        tenon_close (file);
        return;
    }
    works (BEGIN (.name = "large", .dtype = TENON_U8, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM), .rank = 1));
    tenon_status status = TENON_OK;
    for (unsigned i = 0; i < 5 && status == TENON_OK; i++)
        status = tenon_writer_put (writer, piece, PIECE, &kit_error);
    fails (status, TENON_E_IO, "tensor 'large': a temporary file in ");
    fails (tenon_writer_end (writer, &kit_error), TENON_E_IO, "tensor 'large': a temporary file in ");
    fails (finish (NULL), TENON_E_IO, "a temporary file in ");
    tenon_writer_free (writer);
    leaves (0);
}
END_TEST

/* ---- the formats of this tree ---- */

static const char *const formats[] = { "a.npz", "a.safetensors", "a.gguf", "a.pt", "a.npy" };

START_TEST (test_formats)
{
    static float items[64 * 256], found[64 * 256];
    const char *settings[] = { "limits.memory=64KiB", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings,
                                      .plugin_path = getenv ("TENON_PLUGIN_PATH") };
    int gguf = strstr (formats[_i], "gguf") != NULL, npy = strstr (formats[_i], ".npy") != NULL;
    tenon_context_free (kit);
    works (tenon_context_new (&kit, &options, &kit_error));
    uint32_t q8_0 = tenon_dtype_find (kit, "q8_0");
    ck_assert_uint_ne (q8_0, TENON_NONE);
    for (unsigned i = 0; i < 64 * 256; i++)
        items[i] = i % 256 == 0 ? 127.0f : (float) (i * 5 % 255) - 127; /* a step of q8_0 is 1 at most */
    works (tenon_writer_new (kit, kit_path (formats[_i]), NULL, &writer, &kit_error));
    for (unsigned t = 0; t < (npy ? 1 : 20); t++) {
        char name[16];
        snprintf (name, sizeof name, "t%u", t);
        works (BEGIN (.name = name, .dtype = TENON_F32, .shape = KIT_SHAPE (TENON_UNKNOWN_DIM, 256),
                      .rank = 2, .as = gguf && t % 2 ? q8_0 : TENON_NONE));
        for (unsigned row = 0; row < 64; row++)
            works (tenon_writer_put (writer, items + 256 * row, 1024, &kit_error));
        works (tenon_writer_end (writer, &kit_error));
    }
    works (finish (NULL));
    tenon_writer_free (writer);
    leaves (1);
    tenon_file *file = kit_open (formats[_i], NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), npy ? 1 : 20);
    for (uint64_t t = 0; t < tenon_count (file); t++) {
        tenon_request request = {
            .struct_size = sizeof request, .index = t, .dtype = TENON_F32, .data = found, .size = sizeof found
        };
        works (tenon_read (file, &request, 1, NULL, &kit_error));
        for (unsigned i = 0; i < 64 * 256; i++)
            if (!gguf || t % 2 == 0 ? found[i] != items[i]
                                    : found[i] - items[i] > 0.5f || found[i] - items[i] < -0.5f)
                ck_abort_msg ("item %u of tensor %u is %g, not %g", i, (unsigned) t, (double) found[i],
                              (double) items[i]);
    }
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "writer");
    tcase_add_loop_test (tests, test_thousand, 0, 3);
    tcase_add_loop_test (tests, test_layouts, 0, 2);
    tcase_add_loop_test (tests, test_pieces, 0, 2);
    tcase_add_test (tests, test_wrong_pieces);
    tcase_add_test (tests, test_plan);
    tcase_add_test (tests, test_numbered);
    tcase_add_test (tests, test_targets);
    tcase_add_test (tests, test_bounded);
    tcase_add_test (tests, test_killed);
    tcase_add_loop_test (tests, test_full, 0, 2);
    tcase_add_loop_test (tests, test_formats, 0, sizeof formats / sizeof *formats);
}

int
main (void)
{
    return kit_main ("writer", fill_suite);
}
