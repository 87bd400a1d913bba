/* SPDX-License-Identifier: MIT */
/* test_container.c - containers: members read through filters, as one stream and block by block; containers
 * in containers; damage; and written members, byte for byte where the filter makes that possible. */
#include "kit.h"
#include <zlib.h>

enum { STORED, DEFLATE, TOYXOR, TOYROT };

/* ---- boxes laid out by hand ---- */

struct box {
    struct bytes file, directory;
    uint32_t members;
};

static void
box_begin (struct box *box)
{
    box->file.size = box->directory.size = 0;
    box->members = 0;
    kit_text (&box->file, "TOYBOX1\n");
    kit_pad (&box->file, 24);
}

/* Adds a member of these stored bytes. `size` and `crc` are those of the decoded bytes. */
static void
box_add (struct box *box, const char *name, unsigned filter, const struct bytes *stored, uint64_t size,
         uint32_t crc, uint64_t block_size, unsigned blocks, const uint64_t *ends)
{
    struct bytes *directory = &box->directory;
    kit_text (&box->file, "MEMB");
    kit_name (&box->file, name);
    kit_name (directory, name);
    kit_le (directory, filter, 1);
    kit_le (directory, 1, 1);
    kit_le (directory, 6 + strlen (name), 8);
    kit_le (directory, box->file.size, 8);
    kit_le (directory, stored->size, 8);
    kit_le (directory, size, 8);
    kit_le (directory, crc, 4);
    kit_le (directory, block_size, 8);
    kit_le (directory, blocks, 4);
    for (unsigned i = 0; i < blocks; i++)
        kit_le (directory, ends[i], 8);
    kit_put (&box->file, stored->data, stored->size);
    box->members++;
}

static void
box_end (struct box *box)
{
    struct bytes head = { .size = 0 };
    kit_le (&head, box->members, 4);
    kit_le (&head, 0, 4);
    kit_le (&head, box->file.size, 8);
    memcpy (box->file.data + 8, head.data, head.size);
    kit_put (&box->file, box->directory.data, box->directory.size);
}

/* Encodes by the rules of the filter, without its plugin: toyxor and toyrot here, deflate by zlib with a full
 * flush after each block. */
static void
encode_member (struct bytes *to, unsigned filter, const struct bytes *from, size_t block_size, uint64_t *ends)
{
    z_stream z;
    size_t blocks = (from->size + block_size - 1) / block_size;
    memset (&z, 0, sizeof z);
    ck_assert_int_eq (deflateInit2 (&z, 6, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    to->size = 0;
    for (size_t i = 0; i < blocks; i++) {
        const uint8_t *block = from->data + i * block_size;
        size_t size = i + 1 < blocks ? block_size : from->size - i * block_size;
        if (filter == TOYXOR) {
            kit_le (to, size | (i + 1 == blocks ? 0x80000000u : 0), 4);
            for (size_t k = 0; k < size; k++)
                kit_le (to, block[k] ^ (uint8_t) k, 1);
        } else if (filter == TOYROT)
            for (size_t k = size; k-- > 0;)
                kit_le (to, block[k], 1);
        else {
            z.next_in = (Bytef *) (uintptr_t) block;
            z.avail_in = (uInt) size;
            z.next_out = to->data + to->size;
            z.avail_out = (uInt) (sizeof to->data - to->size);
            deflate (&z, i + 1 == blocks ? Z_FINISH : Z_FULL_FLUSH);
            to->size = sizeof to->data - z.avail_out;
        }
        ends[i] = to->size;
    }
    deflateEnd (&z);
}

/* A toyraw file with one tensor of 1,000 u32: 0, 1, 2 … */
#define ITEMS 1000u
static void
make_inner (struct bytes *inner, const char *name)
{
    inner->size = 0;
    kit_raw_head (inner, 1, 0, 100);
    kit_raw_tensor (inner, name, "u32", 0, 1, KIT_SHAPE (ITEMS), 0, 4 * ITEMS);
    kit_pad (inner, 100);
    for (unsigned i = 0; i < ITEMS; i++)
        kit_le (inner, i, 4);
}

static uint32_t
sum_of (const struct bytes *bytes)
{
    return (uint32_t) crc32 (0, bytes->data, (uInt) bytes->size);
}

static void
add_inner (struct box *box, const char *name, const char *tensor, unsigned filter, size_t block_size,
           int with_table)
{
    static struct bytes inner, stored;
    static uint64_t ends[8192];
    make_inner (&inner, tensor);
    if (filter == STORED)
        stored = inner;
    else
        encode_member (&stored, filter, &inner, block_size, ends);
    size_t blocks = (inner.size + block_size - 1) / block_size;
    box_add (box, name, filter, &stored, inner.size, sum_of (&inner), with_table ? block_size : 0,
             with_table ? (unsigned) blocks : 0, ends);
}

/* Reads the whole tensor, slices of it, and casts. */
static void
check_items (tenon_file *file, const char *name)
{
    uint32_t items[ITEMS], part[7];
    tenon_request request;
    for (unsigned i = 0; i < ITEMS; i++)
        items[i] = i; /* big-endian machines compare the bytes as numbers below */
    const uint16_t one = 1;
    if (*(const uint8_t *) &one == 1)
        kit_data (file, name, "", items, sizeof items);
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, name, &request.index), TENON_OK);
    for (uint64_t start = ITEMS - 19; start < ITEMS; start -= 107) { /* backwards */
        request.rank = 1;
        request.start = &start;
        request.count = KIT_SHAPE (7);
        request.step = (const int64_t[]){ 3 };
        request.data = part;
        request.size = sizeof part;
        tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        for (unsigned i = 0; i < 7; i++)
            ck_assert_uint_eq (part[i], start + 3 * i);
    }
}

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

/* ---- boxes in boxes ---- */

/* Each level is a box that holds the previous box, with each filter in turn. */
static void
wrap_box (struct box *box, const char *name, unsigned filter)
{
    static struct bytes inner, stored;
    uint64_t ends[16];
    box_end (box);
    inner = box->file;
    if (filter == STORED)
        stored = inner;
    else
        encode_member (&stored, filter, &inner, filter == TOYROT ? 65536 : 5000, ends);
    box_begin (box);
    box_add (box, name, filter, &stored, inner.size, sum_of (&inner), 0, 0, NULL);
}

START_TEST (test_nested)
{
    static struct box box;
    box_begin (&box);
    add_inner (&box, "raw", "one", DEFLATE, 700, 1);
    wrap_box (&box, "a", STORED);
    wrap_box (&box, "b", TOYXOR);
    wrap_box (&box, "c", DEFLATE);
    wrap_box (&box, "d", TOYROT);
    wrap_box (&box, "e", STORED);
    add_inner (&box, "beside", "two", TOYXOR, 64, 1);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    check_items (file, "one");
    check_items (file, "two");
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_uint_eq (info.sources, 8);
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_close (file);
    file = kit_open ("f.toybox", NULL, "toybox.prefix=yes");
    check_items (file, "e/d/c/b/a/raw/one");
    check_items (file, "beside/two");
    tenon_close (file);
    ck_assert_int_eq (kit_context ("limits.depth=4"), TENON_OK);
    kit_open_fails ("f.toybox", NULL, NULL, TENON_E_LIMIT, "raise depth in [limits]");
}
END_TEST

/* The innermost box of test_nested lies in four encoded ones, which is the most by default; stored levels do
 * not count. */
START_TEST (test_encoded_depth)
{
    static const struct {
        unsigned encoded, stored;
        const char *limits;
        int opens;
    } cases[] = { { 4, 0, NULL, 1 },
                  { 4, 12, NULL, 1 },
                  { 5, 0, NULL, 0 },
                  { 5, 3, NULL, 0 },
                  { 2, 0, "limits.encoded_depth=1", 0 },
                  { 16, 0, "limits.encoded_depth=16", 1 },
                  { 17, 0, "limits.encoded_depth=16", 0 } };
    static struct box box;
    kit_plugins ("toybox toyraw toyxor", NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        box_begin (&box);
        add_inner (&box, "raw", "one", cases[i].encoded > 0 ? DEFLATE : STORED, 700, 0);
        for (unsigned k = 1; k < cases[i].encoded + cases[i].stored; k++)
            wrap_box (&box, "in", k < cases[i].encoded ? DEFLATE : STORED);
        box_end (&box);
        kit_file ("f.toybox", &box.file);
        ck_assert_int_eq (kit_context (cases[i].limits), TENON_OK);
        if (cases[i].opens)
            tenon_close (kit_open ("f.toybox", NULL, NULL));
        else
            kit_open_fails ("f.toybox", NULL, NULL, TENON_E_LIMIT, "raise encoded_depth in [limits]");
    }
    ck_assert_int_eq (kit_context ("limits.encoded_depth=17"), TENON_E_CONFIG);
}
END_TEST

/* A tensor without a name takes the name of its member, without the extension. Metadata of members are
 * shared, named after the member, or left out. */
START_TEST (test_names)
{
    static struct box box;
    static struct bytes inner;
    tenon_metadata_info entry;
    box_begin (&box);
    for (unsigned i = 0; i < 2; i++) {
        inner.size = 0;
        kit_raw_head (&inner, 1, 1, 64);
        kit_name (&inner, "author");
        kit_le (&inner, TENON_U8, 1);
        kit_le (&inner, 7 + i, 1);
        kit_raw_tensor (&inner, "", "u8", 0, 0, NULL, 0, 1);
        kit_pad (&inner, 64);
        kit_le (&inner, 'a' + i, 1);
        box_add (&box, i ? "dir/w.v2" : "w.toyraw", STORED, &inner, inner.size, sum_of (&inner), 0, 0, NULL);
    }
    inner.size = 0;
    kit_text (&inner, "to whom it may concern");
    box_add (&box, "README", STORED, &inner, inner.size, sum_of (&inner), 0, 0, NULL);
    box_end (&box);
    kit_file ("f.toybox", &box.file);
    kit_plugins ("toybox toyraw toyxor", NULL);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 2);
    kit_data (file, "w", "", "a", 1);
    kit_data (file, "dir/w.v2", "", "b", 1);
    ck_assert_uint_eq (tenon_metadata_count (file), 1);
    ck_assert_uint_eq (kit_value (file, "author").as.u, 7);
    ck_assert (kit_reported (tenon_file_report (file), TENON_NOTE, "a member that no codec recognises"));
    tenon_close (file);
    file = kit_open ("f.toybox", NULL, "toybox.metadata=named toybox.prefix=yes");
    kit_data (file, "w", "", "a", 1); /* named after the source */
    ck_assert_uint_eq (kit_value (file, "w.toyraw.author").as.u, 7);
    ck_assert_uint_eq (kit_value (file, "dir/w.v2.author").as.u, 8);
    tenon_close (file);
    file = kit_open ("f.toybox", NULL, "toybox.metadata=none");
    ck_assert_uint_eq (tenon_metadata_count (file), 0);
    KIT_INIT (entry);
    ck_assert_int_eq (tenon_metadata_get (file, 0, &entry), TENON_E_NOT_FOUND);
    tenon_close (file);
}
END_TEST

/* An index reaches the files beside it only if it is a file itself: the author of an archive must not choose
 * which files of the reader's folder come into a result. */
START_TEST (test_no_siblings_of_members)
{
    static struct box box;
    static struct bytes index, outer;
    kit_plugins ("toybox toyraw toyset", NULL);
    kit_shard ("one.toyraw", "a", '1', 7);
    kit_text (&index, "TOYSET1\none.toyraw\ta\n");
    kit_file ("i.toyset", &index);
    tenon_file *file = kit_open ("i.toyset", NULL, NULL);
    kit_data (file, "a", "", "1", 1);
    tenon_close (file);
    box_begin (&box);
    box_add (&box, "i.toyset", STORED, &index, index.size,
             (uint32_t) crc32 (0, index.data, (uInt) index.size), 0, 0, NULL);
    box_end (&box);
    kit_file ("b.toybox", &box.file);
    kit_open_fails ("b.toybox", NULL, NULL, TENON_E_NOT_FOUND,
                    "b.toybox: member 'i.toyset': 'one.toyraw' is not looked for");
    kit_open_fails ("b.toybox", NULL, "toybox.prefix=yes", TENON_E_NOT_FOUND,
                    "'one.toyraw' is not looked for");
    file = kit_open ("b.toybox", NULL, "toyset.missing=yes");
    ck_assert_uint_eq (tenon_count (file), 0);
    tenon_close (file);
    /* neither a member of a file that an index names */
    kit_text (&outer, "TOYSET1\nb.toybox\n");
    kit_file ("o.toyset", &outer);
    kit_open_fails ("o.toyset", NULL, NULL, TENON_E_NOT_FOUND, "'one.toyraw' is not looked for");
    /* nor what has no folder */
    tenon_open_options options = { .struct_size = sizeof options, .name = kit_path ("i.toyset") };
    ck_assert_int_eq (tenon_open_memory (kit, index.data, index.size, &options, &file, &kit_error),
                      TENON_E_NOT_FOUND);
    kit_said (kit_error.message, "'one.toyraw' cannot be looked for: the file was opened without a path");
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
    tcase_add_test (tests, test_nested);
    tcase_add_test (tests, test_encoded_depth);
    tcase_add_test (tests, test_names);
    tcase_add_test (tests, test_no_siblings_of_members);
    tcase_add_test (tests, test_damage);
    tcase_add_test (tests, test_lies);
}

int
main (void)
{
    return kit_main ("box", fill_suite);
}
