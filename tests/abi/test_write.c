/* SPDX-License-Identifier: MIT */
/* test_write.c - writing: members through filters, blocks, groups; orders and byte orders; tensors from
 * memory, callbacks and other files. Expected bytes are laid out here; deflated bytes are inflated by
 * zlib. */
#include "kit.h"
#include <pthread.h>
#include <zlib.h>

/* ---- taking a toybox apart, without tenon ---- */

static uint64_t
read_le (const uint8_t *bytes, unsigned width)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < width; i++)
        number |= (uint64_t) bytes[i] << 8 * i;
    return number;
}

struct member {
    char name[64];
    unsigned filter, check, blocks;
    uint64_t lead, offset, stored, size, block_size, ends[64];
    uint32_t crc;
};

/* Member `number` in the directory of a file. */
static struct member
member_of (const uint8_t *file, size_t size, unsigned number)
{
    struct member member;
    ck_assert_int_eq (memcmp (file, "TOYBOX1\n", 8), 0);
    ck_assert_uint_lt (number, read_le (file + 8, 4));
    const uint8_t *at = file + read_le (file + 16, 8);
    for (unsigned i = 0; i <= number; i++) {
        unsigned length = (unsigned) read_le (at, 2);
        ck_assert_uint_lt (length, sizeof member.name);
        memset (&member, 0, sizeof member);
        memcpy (member.name, at + 2, length);
        at += 2 + length;
        member.filter = at[0], member.check = at[1];
        member.lead = read_le (at + 2, 8), member.offset = read_le (at + 10, 8);
        member.stored = read_le (at + 18, 8), member.size = read_le (at + 26, 8);
        member.crc = (uint32_t) read_le (at + 34, 4);
        member.block_size = read_le (at + 38, 8), member.blocks = (unsigned) read_le (at + 46, 4);
        at += 50;
        for (unsigned k = 0; k < member.blocks; k++, at += 8)
            if (k < 64)
                member.ends[k] = read_le (at, 8);
        ck_assert_uint_le ((size_t) (at - file), size);
    }
    ck_assert_int_eq (memcmp (file + member.offset - member.lead, "MEMB", 4), 0);
    return member;
}

/* Inflates each block by itself, and all of them as one stream. */
static void
inflate_checked (const uint8_t *from, const struct member *member, uint8_t *to)
{
    z_stream z;
    memset (&z, 0, sizeof z);
    ck_assert_int_eq (inflateInit2 (&z, -15), Z_OK);
    z.next_in = (Bytef *) (uintptr_t) from;
    z.avail_in = (uInt) member->stored;
    z.next_out = to;
    z.avail_out = (uInt) member->size;
    ck_assert_int_eq (inflate (&z, Z_FINISH), Z_STREAM_END);
    ck_assert_uint_eq (z.avail_in, 0);
    ck_assert_uint_eq (z.avail_out, 0);
    uint8_t *block = (uint8_t *) malloc (member->block_size + 1);
    for (unsigned i = 0; i < member->blocks; i++) {
        uint64_t begin = i ? member->ends[i - 1] : 0, done = i * member->block_size;
        uint64_t size = member->size - done < member->block_size ? member->size - done : member->block_size;
        ck_assert_int_eq (inflateReset (&z), Z_OK);
        z.next_in = (Bytef *) (uintptr_t) (from + begin);
        z.avail_in = (uInt) (member->ends[i] - begin);
        z.next_out = block;
        z.avail_out = (uInt) member->block_size + 1;
        int result = inflate (&z, Z_SYNC_FLUSH);
        ck_assert_int_eq (result, i + 1 == member->blocks ? Z_STREAM_END : Z_OK);
        ck_assert_uint_eq (member->block_size + 1 - z.avail_out, size);
        ck_assert_int_eq (memcmp (block, to + done, size), 0);
    }
    free (block);
    inflateEnd (&z);
}

static void
decode_xor (const uint8_t *from, const struct member *member, uint8_t *to)
{
    uint64_t at = 0, done = 0;
    for (;;) {
        uint32_t head = (uint32_t) read_le (from + at, 4), size = head & 0x7fffffff;
        at += 4;
        ck_assert_uint_le (done + size, member->size);
        for (uint32_t i = 0; i < size; i++)
            to[done++] = from[at++] ^ (uint8_t) i;
        if (head >> 31)
            break;
    }
    ck_assert_uint_eq (at, member->stored);
    ck_assert_uint_eq (done, member->size);
}

/* ---- members ---- */

#define ITEMS 3000u

static const struct {
    const char *filter, *settings;
    uint64_t block_size, blocks; /* 0: not stated */
} ways[] = {
    { "none", "", 0, 0 },
    { "toyxor", "", UINT64_MAX, 0 },
    { "toyxor", " toybox.block_size=1000", 1000, 13 },
    { "toyxor", " toybox.block_size=12100", 12100, 1 },
    { "toyrot", "", UINT64_MAX, 0 },
    { "deflate", "", UINT64_MAX, 0 },
    { "deflate", " toybox.block_size=1000 toybox.level=9", 1000, 13 },
    { "deflate", " toybox.block_size=1kB toybox.level=0", 1000, 13 },
    { "deflate", " toybox.block_size=1000 toybox.blocks=no", 0, 0 },
    { "deflate", " core.threads=1 toybox.block_size=4096 toybox.level=1", 4096, 3 },
};

START_TEST (test_members)
{
    static struct bytes inner;
    static uint32_t items[ITEMS];
    static uint8_t decoded[20000];
    char settings[200];
    size_t size;
    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = i * i;
    inner.size = 0;
    kit_raw_head (&inner, 1, 0, 100);
    kit_raw_tensor (&inner, "squares", "u32", 0, 1, KIT_SHAPE (ITEMS), 0, 4 * ITEMS);
    kit_pad (&inner, 100);
    for (unsigned i = 0; i < ITEMS; i++)
        kit_le (&inner, items[i], 4);
    const char *rest = ways[_i].settings;
    const char *threads = strstr (rest, "core.threads=1") ? "core.threads=1" : NULL;
    kit_plugins ("toybox toyraw toyxor", threads);
    if (threads)
        rest += strlen (" core.threads=1");
    snprintf (settings, sizeof settings, "toyraw.align=100 toybox.filter=%s%s", ways[_i].filter, rest);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "squares", "u32", 0, 1, KIT_SHAPE (ITEMS), items, sizeof items);
    tenon_status status = kit_write (plan, "f.toybox", NULL, settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    const uint8_t *file = kit_load ("f.toybox", &size);
    ck_assert_uint_eq (read_le (file + 8, 4), 2);
    struct member first = member_of (file, size, 0), member = member_of (file, size, 1);
    ck_assert_str_eq (first.name, "x.toyraw");
    ck_assert_uint_eq (first.offset, 24 + 6 + 8);
    ck_assert_str_eq (member.name, "squares.toyraw");
    ck_assert_uint_eq (member.lead, 6 + 14);
    ck_assert_uint_eq (member.offset, first.offset + first.stored + 20);
    ck_assert_uint_eq (member.offset + member.stored, read_le (file + 16, 8));
    ck_assert_uint_eq (member.size, inner.size);
    ck_assert_uint_eq (member.crc, crc32 (0, inner.data, (uInt) inner.size));
    if (ways[_i].block_size == UINT64_MAX) { /* the host's choice */
        ck_assert_uint_gt (member.block_size, 0);
        ck_assert_uint_eq (member.blocks, (member.size + member.block_size - 1) / member.block_size);
    } else {
        ck_assert_uint_eq (member.block_size, ways[_i].block_size);
        ck_assert_uint_eq (member.blocks, ways[_i].blocks);
    }
    if (member.blocks)
        ck_assert_uint_eq (member.ends[member.blocks - 1], member.stored);
    memset (decoded, 0, sizeof decoded);
    switch (member.filter) {
    case 0: memcpy (decoded, file + member.offset, member.stored); break;
    case 1: inflate_checked (file + member.offset, &member, decoded); break;
    case 2: decode_xor (file + member.offset, &member, decoded); break;
    default:
        for (size_t i = 0; i < member.size; i++)
            decoded[i] = file[member.offset + member.size - 1 - i];
    }
    ck_assert_int_eq (memcmp (decoded, inner.data, inner.size), 0);
    tenon_file *open = kit_open ("f.toybox", NULL, NULL);
    kit_data (open, "x", "", "\1\2\3\4", 4);
    ck_assert_uint_eq (kit_tensor (open, "squares").nbytes, 4 * ITEMS);
    status = tenon_verify (open, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_close (open);
}
END_TEST

/* A member of more than one block of the host's choice that compresses badly, and many members: all rounds of
 * encoding. */
START_TEST (test_large)
{
    static const char *const filters[] = { "deflate", "toyxor" };
    const size_t size = 5u << 20;
    uint32_t *noise = (uint32_t *) malloc (size), state = 1;
    ck_assert_ptr_nonnull (noise);
    for (size_t i = 0; i < size / 4; i++)
        noise[i] = (state = state * 1664525u + 1013904223u) >> (i / 100000 % 4) * 7;
    kit_plugins ("toybox toyraw toyxor", "core.threads=3");
    for (unsigned k = 0; k < 2; k++) {
        char settings[100];
        snprintf (settings, sizeof settings, "toybox.filter=%s", filters[k]);
        tenon_plan *plan = kit_plan ();
        kit_add (plan, "noise", "u32", 0, 2, KIT_SHAPE (1280, 1024), noise, size);
        for (unsigned i = 0; i < 300; i++) {
            char name[16];
            snprintf (name, sizeof name, "t%u", i);
            kit_add (plan, name, "u32", 0, 1, KIT_SHAPE (100), noise + 100 * i, 400);
        }
        tenon_status status = kit_write (plan, "f.toybox", NULL, settings, NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_plan_free (plan);
        tenon_file *file = kit_open ("f.toybox", NULL, NULL);
        kit_data (file, "noise", "u32", noise, size);
        for (unsigned i = 0; i < 300; i += 7) {
            char name[16];
            snprintf (name, sizeof name, "t%u", i);
            kit_data (file, name, "", noise + 100 * i, 400);
        }
        status = tenon_verify (file, NULL, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        tenon_close (file);
    }
    free (noise);
}
END_TEST

/* A member of several tensors, of another codec, of no tensor; a tensor that the codec of the member
 * refuses. */
START_TEST (test_groups)
{
    size_t size;
    kit_plugins ("toybox toyraw toyxor toytext badwrite", NULL);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "y", "u8", 0, 1, KIT_SHAPE (2), "\5\6", 2);
    kit_add (plan, "z", "u16", 0, 1, KIT_SHAPE (1), "\7\0", 2);
    ck_assert_int_eq (kit_write (plan, "f.toybox", NULL, "toybox.group=2", NULL), TENON_OK);
    const uint8_t *bytes = kit_load ("f.toybox", &size);
    ck_assert_uint_eq (read_le (bytes + 8, 4), 2);
    ck_assert_str_eq (member_of (bytes, size, 1).name, "z.toyraw");
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 3);
    kit_data (file, "y", "", "\5\6", 2);
    kit_data (file, "z", "", "\7\0", 2);
    tenon_close (file);
    ck_assert_int_eq (kit_write (plan, "f.toybox", NULL, "toybox.group=0 toybox.member=plain", NULL),
                      TENON_E_MISUSE);
    kit_said (kit_error.message, "the codec plain: it did not write this tensor");
    tenon_status status = kit_write (plan, "f.toybox", NULL, "toybox.member=toylist", NULL);
    kit_failed (status, TENON_E_UNSUPPORTED, "tensor 'z': the format toybox cannot hold u16");
    status = kit_write (plan, "f.toybox", NULL, "toybox.member=toytext", NULL);
    kit_failed (status, TENON_E_UNSUPPORTED, "the codec toytext only reads");
    status = kit_write (plan, "f.toybox", NULL, "toybox.member=toybox", NULL);
    kit_failed (status, TENON_E_UNSUPPORTED,
                "its members would lie in each other without end: toybox.member is 'toybox'");
    status =
        kit_write (plan, "f.toybox", NULL, "toybox.member=tr", NULL); /* an extension names the codec, too */
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    file = kit_open ("f.toybox", NULL, NULL); /* replaced by the last save, untouched by the failed one */
    ck_assert_uint_eq (tenon_count (file), 3);
    tenon_close (file);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (kit_write (plan, "none.toybox", NULL, NULL, NULL), TENON_OK);
    tenon_plan_free (plan);
    file = kit_open ("none.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 0);
    tenon_close (file);
}
END_TEST

/* ---- what codecs may hold ---- */

START_TEST (test_refused)
{
    kit_plugins ("toytext toyraw", NULL);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "five", "u8", 0, 5, KIT_SHAPE (1, 1, 1, 1, 1), "a", 1);
    kit_failed (kit_write (plan, "f", "toylist", NULL, NULL), TENON_E_UNSUPPORTED,
                "tensor 'five': it has 5 dims, the format toylist holds at most 4");
    tenon_plan_free (plan);
    plan = kit_plan ();
    for (unsigned i = 0; i < 3; i++) {
        char name[] = { (char) ('a' + i), 0 };
        kit_add (plan, name, "u8", 0, 0, NULL, "a", 1);
    }
    kit_failed (kit_write (plan, "f", "toylist", NULL, NULL), TENON_E_UNSUPPORTED,
                "the format toylist holds at most 3 tensors, the plan has 4");
    kit_said (kit_error.advice, "tenon_plan_add_from");
    kit_failed (kit_write (plan, "f", "toytext", NULL, NULL), TENON_E_UNSUPPORTED, "only reads");
    kit_failed (kit_write (plan, "f.unknown", NULL, NULL, NULL), TENON_E_UNRECOGNISED,
                "no codec writes files with this extension");
    kit_failed (kit_write (plan, "f", "toylits", NULL, NULL), TENON_E_NOT_FOUND, "toylist");
    ck_assert_uint_eq (kit_count_files (), 0);
    tenon_array array;
    KIT_INIT (array);
    array.name = "a";
    array.dtype = TENON_U8;
    array.data = "b";
    array.size = 1;
    kit_failed (tenon_plan_add (plan, &array, &kit_error), TENON_E_MALFORMED, "'a'");
    array.name = "new";
    array.size = 2;
    kit_failed (tenon_plan_add (plan, &array, &kit_error), TENON_E_MISUSE, "");
    array.size = 1;
    array.dtype = 9999;
    kit_failed (tenon_plan_add (plan, &array, &kit_error), TENON_E_MISUSE, "");
    tenon_plan_free (plan);
    kit_save ("read.toylist", "x u8 1\n\na", 9);
    kit_open_fails ("read.toylist", NULL, NULL, TENON_E_UNRECOGNISED, "no codec recognises it");
    kit_open_fails ("read.toylist", "toylist", NULL, TENON_E_UNSUPPORTED, "the codec toylist only writes");
}
END_TEST

/* ---- layouts and sources ---- */

static tenon_status
fill_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    ck_assert_uint_le (offset + length, 12);
    memcpy (to, (const uint8_t *) user + offset, (size_t) length);
    return TENON_OK;
}

/* A 2 × 3 matrix of i16, from memory or from a callback, from each layout to each layout. */
START_TEST (test_layouts)
{
    static const char *const words[] = { "toyraw.order=c toyraw.endian=little",
                                         "toyraw.order=fortran toyraw.endian=little",
                                         "toyraw.order=c toyraw.endian=big",
                                         "toyraw.order=fortran toyraw.endian=big" };
    static uint8_t bytes[4][12] = { { 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0 },
                                    { 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6, 0 },
                                    { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6 },
                                    { 0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6 } };
    kit_plugins ("toyraw", "toyraw.align=128");
    for (unsigned from = 0; from < 4; from++)
        for (unsigned to = 0; to < 4; to++) {
            struct bytes expected = { .size = 0 };
            tenon_plan *plan = NULL;
            tenon_array array;
            KIT_INIT (array);
            array.name = "m";
            array.dtype = TENON_I16;
            array.flags = from;
            array.rank = 2;
            array.shape = KIT_SHAPE (2, 3);
            array.data = _i ? NULL : bytes[from];
            array.size = _i ? 0 : 12;
            array.fill = _i ? fill_bytes : NULL;
            array.user = bytes[from];
            ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
            ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
            tenon_status status = kit_write (plan, "f", "toyraw", words[to], NULL);
            ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
            tenon_plan_free (plan);
            kit_raw_head (&expected, 1, 0, 128);
            kit_raw_tensor (&expected, "m", "i16", to, 2, KIT_SHAPE (2, 3), 0, 12);
            kit_pad (&expected, 128);
            kit_put (&expected, bytes[to], 12);
            kit_same_file ("f", &expected);
        }
}
END_TEST

struct filling {
    pthread_t thread;
    uint64_t next;
};

static tenon_status
fill_long (void *user, uint64_t offset, void *to, uint64_t length)
{
    struct filling *filling = user;
    ck_assert (pthread_equal (pthread_self (), filling->thread));
    ck_assert_uint_eq (offset, filling->next);
    filling->next += length;
    memset (to, (int) (offset >> 20), (size_t) length);
    return TENON_OK;
}

/* A callback with more bytes than a buffer holds is called in order, once for each byte, on the caller's
 * thread, whether its bytes are copied, swapped or transposed. */
START_TEST (test_fill_order)
{
    static const uint64_t shape[] = { 6, 1 << 20 };
    static const char *const words[] = { "toyraw.order=c", "toyraw.endian=big", "toyraw.order=fortran" };
    kit_plugins ("toyraw", NULL);
    struct filling filling = { pthread_self (), 0 };
    tenon_plan *plan = NULL;
    tenon_array array;
    KIT_INIT (array);
    array.name = "m";
    array.dtype = TENON_I32;
    array.rank = 2;
    array.shape = shape;
    array.fill = fill_long;
    array.user = &filling;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (tenon_plan_add (plan, &array, &kit_error), TENON_OK);
    tenon_status status = kit_write (plan, "f", "toyraw", words[_i], NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (filling.next, UINT64_C (24) << 20);
    tenon_plan_free (plan);
}
END_TEST

/* A file saved over itself and converted over itself; a plan outlives its file. */
START_TEST (test_same_file)
{
    struct bytes expected = { .size = 0 };
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_plan *plan = kit_plan ();
    ck_assert_int_eq (kit_write (plan, "f", "toybox", "toybox.filter=deflate", NULL), TENON_OK);
    tenon_plan_free (plan);
    tenon_file *file = kit_open ("f", NULL, NULL);
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    ck_assert_int_eq (
        tenon_plan_add_from (plan, file, 0, "renamed", tenon_dtype_find (kit, "u16"), &kit_error), TENON_OK);
    tenon_close (file);
    tenon_report *report = NULL;
    tenon_status status = kit_write (plan, "f", "toyraw", NULL, &report);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (kit_reported (report, TENON_NOTE, "from u8 to u16"));
    tenon_report_free (report);
    tenon_plan_free (plan);
    kit_raw_head (&expected, 1, 0, 128);
    kit_raw_tensor (&expected, "renamed", "u16", 0, 1, KIT_SHAPE (4), 0, 8);
    kit_pad (&expected, 128);
    kit_put (&expected, "\1\0\2\0\3\0\4\0", 8);
    kit_same_file ("f", &expected);
    ck_assert_uint_eq (kit_count_files (), 1);
}
END_TEST

/* A change of layout keeps every value: a note, whether the format forces it or the user asks for it. */
START_TEST (test_changed_layout)
{
    struct bytes file = { .size = 0 };
    tenon_report *report = NULL;
    tenon_save_options save;
    char from[256];
    kit_plugins ("toyraw toytext", NULL);
    kit_raw_head (&file, 1, 0, 128);
    kit_raw_tensor (&file, "m", "i32", TENON_FORTRAN | TENON_BIG_ENDIAN, 2, KIT_SHAPE (2, 2), 0, 16);
    kit_pad (&file, 144);
    kit_file ("f.toyraw", &file);
    strcpy (from, kit_path ("f.toyraw"));
    KIT_INIT (save);
    save.flags = TENON_SAVE_STRICT;
    tenon_status status =
        tenon_convert (kit, from, kit_path ("g.toylist"), NULL, &save, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (!kit_reported (report, TENON_LOSS, ""));
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from Fortran to C"));
    ck_assert (kit_reported (report, TENON_NOTE, "its byte order changes from big-endian to little-endian"));
    tenon_report_free (report);
    save.settings = (const char *const[]){ "toyraw.order=c", "toyraw.endian=little", NULL };
    status = tenon_convert (kit, from, kit_path ("g.toyraw"), NULL, &save, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert (!kit_reported (report, TENON_LOSS, ""));
    ck_assert (kit_reported (report, TENON_NOTE, "its order changes from Fortran to C"));
    tenon_report_free (report);
    ck_assert (kit_exists ("g.toyraw") && kit_exists ("g.toylist"));
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "members");
    tcase_add_loop_test (tests, test_members, 0, sizeof ways / sizeof ways[0]);
    tcase_add_test (tests, test_large);
    tcase_add_test (tests, test_groups);
    tests = kit_case (suite, "plans");
    tcase_add_test (tests, test_refused);
    tcase_add_loop_test (tests, test_layouts, 0, 2);
    tcase_add_loop_test (tests, test_fill_order, 0, 3);
    tcase_add_test (tests, test_same_file);
    tcase_add_test (tests, test_changed_layout);
}

int
main (void)
{
    return kit_main ("write", fill_suite);
}
