/* SPDX-License-Identifier: MIT */
/* test_container.c - containers: members read through filters, as one stream and block by block; and damage.
 */
#include "boxes.h"

static const struct {
    unsigned filter;
    size_t block_size;
    int with_table;
} ways[] = {
    { STORED, 65536, 0 }, { DEFLATE, 65536, 0 }, { DEFLATE, 500, 0 },  { DEFLATE, 500, 1 },
    { DEFLATE, 4100, 1 }, { DEFLATE, 4099, 1 },  { TOYXOR, 65536, 0 }, { TOYXOR, 64, 0 },
    { TOYXOR, 64, 1 },    { TOYXOR, 2, 1 },      { TOYXOR, 65536, 1 }, { TOYROT, 65536, 0 },
    { TOYROT, 65536, 1 },
};

START_TEST (test_filters)
{
    static const char *const names[] = { NULL, "deflate", "toyxor", "toyrot" };
    static struct box box;
    box_begin (&box);
    add_inner (&box, "first.toyraw", "one", ways[_i].filter, ways[_i].block_size, ways[_i].with_table);
    add_inner (&box, "second.toyraw", "two", ways[_i].filter, ways[_i].block_size, ways[_i].with_table);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 2);
    tenon_tensor_info info = kit_tensor (file, "one");
    if (ways[_i].filter == STORED) {
        ck_assert_ptr_null (info.filter);
        ck_assert_uint_eq (info.offset, 24 + 6 + 12 + 100);
        ck_assert_uint_eq (info.stored, 4 * ITEMS);
    } else {
        ck_assert_str_eq (info.filter, names[ways[_i].filter]);
        ck_assert_uint_eq (info.offset, 24 + 6 + 12);
    }
    ck_assert_uint_eq (info.nbytes, 4 * ITEMS);
    check_items (file, "one");
    check_items (file, "two");
    tenon_report *report = NULL;
    tenon_status status = tenon_verify (file, &report, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_report_free (report);
    const void *data;
    uint64_t size;
    status = tenon_map (file, 0, &data, &size, &kit_error);
    if (ways[_i].filter != STORED)
        kit_failed (status, TENON_E_NOT_MAPPABLE, names[ways[_i].filter]);
    tenon_close (file);
}
END_TEST

/* The member is readable, its table of blocks is not true. */
static void
table_is_a_flaw (tenon_file *file)
{
    tenon_report *report = NULL;
    kit_failed (tenon_verify (file, &report, NULL, &kit_error), TENON_E_MALFORMED,
                "its table of blocks is wrong: it is read as one stream");
    ck_assert (kit_reported (report, TENON_NOTE, "its table of blocks is wrong"));
    tenon_report_free (report);
}

/* A false table of blocks: the member is read as one stream instead. */
START_TEST (test_lying_table)
{
    static struct box box;
    static struct bytes inner, stored;
    uint64_t ends[64];
    make_inner (&inner, "one");
    encode_member (&stored, DEFLATE, &inner, 500, ends);
    ck_assert_uint_gt (ends[2] - ends[1], 8);
    ends[1] += 3, ends[4] -= 2;
    box_begin (&box);
    box_add (&box, "a.toyraw", DEFLATE, &stored, inner.size, sum_of (&inner), 500, 9, ends);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    check_items (file, "one");
    table_is_a_flaw (file);
    tenon_close (file);
}
END_TEST

#define BYTES 4000u

/* A member u8 [4000] of random bytes, stored by deflate as they are; but in them lie two streams of 1,000
 * other bytes each, and the table says that they are blocks 1 and 2. */
static void
make_fake (struct bytes *inner, struct bytes *stored, uint64_t *ends)
{
    static struct bytes fake, block;
    uint64_t length[2];
    fake.size = inner->size = 0;
    kit_raw_head (inner, 1, 0, 100);
    kit_raw_tensor (inner, "one", "u8", 0, 1, KIT_SHAPE (BYTES), 0, BYTES);
    kit_pad (inner, 100);
    for (uint32_t i = 0, x = 1; i < BYTES; i++, x = x * 1664525u + 1013904223u)
        kit_le (inner, x >> 24, 1);
    kit_pad (&fake, 1001);
    encode_member (&block, DEFLATE, &fake, 1000, length); /* the first 1,000, flushed */
    memcpy (inner->data + 1000, block.data, length[0]);
    memcpy (inner->data + 1000 + length[0], block.data, length[0]);
    stored->size = 0;
    kit_le (stored, 1, 1);
    kit_le (stored, inner->size, 2);
    kit_le (stored, ~inner->size, 2);
    kit_put (stored, inner->data, inner->size);
    ends[0] = 5 + 1000, ends[1] = ends[0] + length[0], ends[2] = ends[1] + length[0];
    ends[3] = stored->size - 50, ends[4] = stored->size;
}

/* Each slice, each kind of read: as one stream has the bytes, whatever the table says. */
START_TEST (test_fake_blocks)
{
    static struct box box;
    static struct bytes inner, stored;
    static uint8_t part[BYTES];
    static const uint64_t slices[][3] = { { 900, 1000, 1 }, { 1900, 1000, 1 }, { 1000, 1, 1 },
                                          { 901, 999, 2 },  { 2500, 1500, 1 }, { 0, 4000, 1 } };
    const uint64_t *slice = slices[_i];
    uint64_t ends[8];
    make_fake (&inner, &stored, ends);
    box_begin (&box);
    box_add (&box, "a.toyraw", DEFLATE, &stored, inner.size, sum_of (&inner), 1000, 5, ends);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    tenon_request request;
    KIT_INIT (request);
    request.rank = 1;
    request.start = slice;
    request.count = slice + 1;
    request.step = (const int64_t[]){ (int64_t) slice[2] };
    request.data = part;
    request.size = sizeof part;
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    for (uint64_t i = 0; i < slice[1]; i++)
        ck_assert_uint_eq (part[i], inner.data[100 + slice[0] + i * slice[2]]);
    table_is_a_flaw (file);
    tenon_close (file);
}
END_TEST

/* ---- damage ---- */

/* Expects that opening finds the damage if describe reads so far, and that verify finds it in any case. */
static void
found_out (const struct box *box, tenon_status expected, const char *words)
{
    tenon_file *file = NULL;
    tenon_report *report = NULL;
    kit_file ("f.toybox", &box->file);
    tenon_status status = tenon_open (kit, kit_path ("f.toybox"), NULL, &file, &kit_error);
    if (status == TENON_OK) {
        status = tenon_verify (file, &report, NULL, &kit_error);
        ck_assert (kit_reported (report, TENON_NOTE, ""));
        tenon_report_free (report);
        tenon_close (file);
    }
    if (expected == TENON_OK) /* either of the two statuses of damage */
        expected = status == TENON_E_CHECKSUM ? status : TENON_E_MALFORMED;
    kit_failed (status, expected, words);
}

/* One byte of the stored data is wrong. */
START_TEST (test_damage)
{
    static struct box box;
    kit_plugins ("toybox toyraw toyxor", NULL);
    for (unsigned filter = STORED; filter <= TOYROT; filter++)
        for (int with_table = 0; with_table < 2; with_table++) {
            box_begin (&box);
            add_inner (&box, "a.toyraw", "one", filter, with_table ? 600 : 65536,
                       filter != STORED && with_table);
            box_end (&box);
            box.file.data[24 + 14 + (filter == DEFLATE ? 500 : 3000)] ^= 0x10;
            found_out (&box, TENON_OK, "member 'a.toyraw'");
        }
}
END_TEST

/* Wrong sizes, a wrong checksum, bytes behind the end. */
START_TEST (test_lies)
{
    static struct box box;
    static struct bytes inner, stored;
    static uint64_t ends[64];
    kit_plugins ("toybox toyraw toyxor", NULL);
    for (unsigned filter = DEFLATE; filter <= TOYXOR; filter++) {
        make_inner (&inner, "one");
        encode_member (&stored, filter, &inner, 65536, ends);
        box_begin (&box);
        box_add (&box, "short", filter, &stored, inner.size - 1, 0, 0, 0, NULL);
        box_end (&box);
        found_out (&box, TENON_E_MALFORMED, "member 'short': it decodes to more than the 4099 bytes");
        box_begin (&box);
        box_add (&box, "long", filter, &stored, inner.size + 1, sum_of (&inner), 0, 0, NULL);
        box_end (&box);
        found_out (&box, TENON_E_MALFORMED, "member 'long': its ");
        box_begin (&box);
        box_add (&box, "sum", filter, &stored, inner.size, 0x12345678, 0, 0, NULL);
        box_end (&box);
        found_out (&box, TENON_E_CHECKSUM, "member 'sum': its data have the checksum");
        kit_said (kit_error.message, "the file says 12345678");
        kit_text (&stored, "more");
        box_begin (&box);
        box_add (&box, "rest", filter, &stored, inner.size, sum_of (&inner), 0, 0, NULL);
        box_end (&box);
        found_out (&box, TENON_E_MALFORMED, "member 'rest': its data end 4 bytes before the member does");
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "read");
    tcase_add_loop_test (tests, test_filters, 0, sizeof ways / sizeof ways[0]);
    tcase_add_test (tests, test_lying_table);
    tcase_add_loop_test (tests, test_fake_blocks, 0, 6);
    tcase_add_test (tests, test_damage);
    tcase_add_test (tests, test_lies);
}

int
main (void)
{
    return kit_main ("container", fill_suite);
}
