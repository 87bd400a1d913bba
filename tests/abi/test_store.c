/* SPDX-License-Identifier: MIT */
/* test_store.c - stores: archives of the toy codec pack, described by the keyed codec tree. */
#include "kit.h"

enum { STORED, DEFLATED, NO_FILTER, LATER = 16, SKIPPED = 32, SKIPPED_LATER = 64, FAILS = 128 };

static uint32_t
crc_of (const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

/* A member. Deflated ones are one stored block (RFC 1951, 3.2.4). */
static void
put_member (struct bytes *bytes, unsigned how, const char *key, const void *data, size_t size)
{
    unsigned filter = how & 15;
    kit_text (bytes, "KEY:");
    kit_le (bytes, how, 1);
    kit_le (bytes, strlen (key), 1);
    kit_text (bytes, key);
    kit_le (bytes, filter == DEFLATED ? size + 5 : size, 8);
    kit_le (bytes, size, 8);
    kit_le (bytes, crc_of (data, size), 4);
    if (filter == DEFLATED) {
        kit_le (bytes, 1, 1);
        kit_le (bytes, size, 2);
        kit_le (bytes, size ^ 0xffff, 2);
    }
    kit_put (bytes, data, size);
}

static void
put_text (struct bytes *bytes, unsigned how, const char *key, const char *text)
{
    put_member (bytes, how, key, text, strlen (text));
}

static void
begin_pack (struct bytes *bytes)
{
    bytes->size = 0;
    kit_text (bytes, "TOYPACK\n");
}

static void
end_pack (struct bytes *bytes, const char *name)
{
    kit_text (bytes, "END:");
    kit_file (name, bytes);
}

static const char *
name_of (tenon_file *file, uint64_t index)
{
    tenon_tensor_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_get (file, index, &info), TENON_OK);
    return info.name;
}

/* ---- reading ---- */

static const unsigned ways[] = { STORED, DEFLATED, STORED | LATER, DEFLATED | LATER };

/* Members in every way, opened in an order that is not the archive's. */
START_TEST (test_keys)
{
    static struct bytes bytes;
    unsigned how = ways[_i];
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, how, "a/1", "abcdef");
    put_text (&bytes, how, "a/2", "xy");
    put_text (&bytes, how, "tree.index",
              "tensor last u8 b 4\ntensor first u8 c 2 3\nunder a/\ntensor word u16 d 1\n");
    put_text (&bytes, how, "c", "ABCDEF");
    put_text (&bytes, how, "d", "\1\2");
    put_text (&bytes, how, "b", "1234");
    end_pack (&bytes, "x.pack");
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, "tree");
    ck_assert_uint_eq (info.tensors, 5);
    ck_assert_str_eq (name_of (file, 0), "last");
    ck_assert_str_eq (name_of (file, 1), "first");
    ck_assert_str_eq (name_of (file, 2), "a/1");
    ck_assert_str_eq (name_of (file, 3), "a/2");
    kit_data (file, "last", "", "1234", 4);
    kit_data (file, "first", "", "ABCDEF", 6);
    kit_data (file, "a/1", "", "abcdef", 6);
    kit_data (file, "word", "", "\1\2", 2);
    kit_data (file, "a/2", "", "xy", 2);
    tenon_close (file);
}
END_TEST

/* A key that is opened twice is the same source: two tensors of it overlap, and tree marks no aliases. */
START_TEST (test_overlap)
{
    static struct bytes bytes;
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, STORED, "a", "abcdef");
    put_text (&bytes, STORED, "tree.index", "tensor x u8 a 6\ntensor y u8 a 6\n");
    end_pack (&bytes, "x.pack");
    kit_open_fails ("x.pack", NULL, NULL, TENON_E_MALFORMED, "overlap");
}
END_TEST

/* Members that cannot be read, known at once or found later, hide no others. */
START_TEST (test_unreadable)
{
    static const unsigned bad[] = { SKIPPED, LATER | SKIPPED, LATER | SKIPPED_LATER, NO_FILTER,
                                    LATER | NO_FILTER };
    static struct bytes bytes;
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, bad[_i], "bad", "??");
    put_text (&bytes, STORED, "good", "ok");
    put_text (&bytes, LATER, "tree.index", "tensor b u8 bad 2\ntensor g u8 good 2\ntensor m u8 missing 1\n");
    end_pack (&bytes, "x.pack");
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    kit_data (file, "g", "", "ok", 2);
    if (_i < 3)
        kit_data_fails (file, "b", "", TENON_E_UNSUPPORTED, "it is sealed");
    else
        kit_data_fails (file, "b", "", TENON_E_UNSUPPORTED, "toyrot");
    kit_data_fails (file, "m", "", TENON_E_NOT_FOUND, "the key 'missing' is not there");
    tenon_close (file);
}
END_TEST

/* A fault of the archive, found when a member is opened, is one of the file. */
START_TEST (test_broken_later)
{
    static struct bytes bytes;
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, LATER | FAILS, "a", "??");
    put_text (&bytes, STORED, "tree.index", "tensor a u8 a 2\n");
    end_pack (&bytes, "x.pack");
    kit_open_fails ("x.pack", NULL, NULL, TENON_E_MALFORMED, "the archive is broken here (at byte 8)");
}
END_TEST

/* A table of blocks is looked at when the member is located, and not before. */
START_TEST (test_table_later)
{
    static struct bytes bytes;
    if (_i)
        setenv ("KIT_ISOLATE", "1", 1);
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, LATER, "table", "ab");
    put_text (&bytes, LATER, "tree.index", "tensor a u8 table 2\n");
    end_pack (&bytes, "x.pack");
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    kit_data (file, "a", "", "ab", 2);
    tenon_close (file);
    unsetenv ("KIT_ISOLATE");
}
END_TEST

/* A member may be an archive itself, in any way; other codecs describe what lies in it. */
START_TEST (test_nested)
{
    static struct bytes inner, outer;
    unsigned how = ways[_i];
    kit_plugins ("pack tree toyraw", NULL);
    kit_shard ("s.raw", "s", 7, 1);
    size_t size;
    const uint8_t *shard = kit_load ("s.raw", &size);
    begin_pack (&inner);
    put_text (&inner, how, "tree.index", "tensor deep u8 d 3\ninclude s.raw\n");
    put_member (&inner, how, "s.raw", shard, size);
    put_text (&inner, how, "d", "xyz");
    kit_text (&inner, "END:");
    begin_pack (&outer);
    put_text (&outer, how, "tree.index", "include in.pack\ntensor flat u8 f 1\ninclude broken.pack\n");
    put_member (&outer, how, "in.pack", inner.data, inner.size);
    put_text (&outer, how, "f", "F");
    put_text (&outer, how, "broken.pack", "TOYPACK\nKEY");
    end_pack (&outer, "x.pack");
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    kit_data (file, "in.pack/deep", "", "xyz", 3);
    kit_data (file, "in.pack/s.raw/s", "", "\7", 1);
    kit_data (file, "flat", "", "F", 1);
    kit_data_fails (file, "broken.pack", "", TENON_E_TRUNCATED, "");
    tenon_close (file);
}
END_TEST

/* An archive that no keyed codec knows says what its keys are; in another archive it is none of them. */
START_TEST (test_unknown)
{
    static struct bytes bytes, outer;
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, LATER, "one", "1");
    put_text (&bytes, LATER, "two", "2");
    put_text (&bytes, LATER, "three", "3");
    put_text (&bytes, LATER, "four", "4");
    end_pack (&bytes, "x.pack");
    kit_open_fails ("x.pack", NULL, NULL, TENON_E_UNRECOGNISED,
                    "no codec knows what this pack archive holds; its members are 'one', 'two', 'three', …");
    /* the name may say what the keys do not */
    kit_file ("x.tree.pack", &bytes);
    kit_open_fails ("x.tree.pack", NULL, NULL, TENON_E_NOT_FOUND, "the key 'tree.index' is not there");
    kit_open_fails ("x.pack", "tree", NULL, TENON_E_NOT_FOUND, "the key 'tree.index' is not there");
    begin_pack (&outer);
    put_text (&outer, STORED, "tree.index", "include x.pack\n");
    put_member (&outer, STORED, "x.pack", bytes.data, bytes.size);
    end_pack (&outer, "y.pack");
    tenon_file *file = kit_open ("y.pack", NULL, NULL);
    kit_data_fails (file, "x.pack", "", TENON_E_UNRECOGNISED, "no codec recognises it");
    tenon_close (file);
}
END_TEST

/* A keyed codec on a file that is no archive, and an archive without a keyed codec. */
START_TEST (test_no_store)
{
    static struct bytes bytes;
    kit_plugins ("pack tree toyraw", NULL);
    kit_shard ("s.raw", "s", 7, 1);
    kit_open_fails ("s.raw", "tree", NULL, TENON_E_UNSUPPORTED,
                    "the codec tree describes folders and archives, this is a file of the codec toyraw");
    begin_pack (&bytes);
    end_pack (&bytes, "x.pack");
    kit_open_fails ("x.pack", NULL, NULL, TENON_E_UNRECOGNISED,
                    "no codec knows what this pack archive holds; it has no members");
}
END_TEST

START_TEST (test_archive_alone)
{
    static struct bytes bytes;
    kit_plugins ("pack", NULL);
    begin_pack (&bytes);
    put_text (&bytes, STORED, "tree.index", "");
    end_pack (&bytes, "x.pack");
    kit_open_fails ("x.pack", NULL, NULL, TENON_E_UNRECOGNISED,
                    "no codec knows what this pack archive holds; its members are 'tree.index'");
}
END_TEST

/* Of members with the same key the last one counts where the key is looked for. */
START_TEST (test_twice)
{
    static struct bytes bytes;
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, STORED, "a", "1");
    put_text (&bytes, STORED, "a", "2");
    put_text (&bytes, STORED, "tree.index", "tensor x u8 a 1\n");
    end_pack (&bytes, "x.pack");
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    kit_data (file, "x", "", "2", 1);
    tenon_close (file);
}
END_TEST

/* tenon_why tells which keys decided. */
START_TEST (test_why)
{
    static struct bytes bytes;
    tenon_report *report;
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, LATER, "tree.index", "");
    end_pack (&bytes, "x.pack");
    ck_assert_int_eq (tenon_why (kit, kit_path ("x.pack"), NULL, &report, &kit_error), TENON_OK);
    ck_assert (kit_reported (report, TENON_BID, "a magic of 8 bytes matches"));
    ck_assert (kit_reported (report, TENON_BID, "the key 'tree.index' is one of tree.index"));
    tenon_report_free (report);
}
END_TEST

/* Each key counts as a member. */
START_TEST (test_limits)
{
    static struct bytes bytes;
    kit_plugins ("pack tree", "limits.members=2");
    begin_pack (&bytes);
    put_text (&bytes, LATER, "tree.index", "");
    put_text (&bytes, LATER, "a", "");
    put_text (&bytes, STORED, "b", "");
    end_pack (&bytes, "x.pack");
    kit_open_fails ("x.pack", NULL, NULL, TENON_E_LIMIT, "more than 2 members");
}
END_TEST

/* ---- verifying ---- */

struct progress {
    uint64_t done, total;
};

static int32_t
note_progress (void *user, uint64_t done, uint64_t total)
{
    struct progress *progress = user;
    ck_assert_uint_le (done, total);
    progress->done = done;
    progress->total = total;
    return 0;
}

static tenon_status
verify_file (const char *name, tenon_report **report, struct progress *seen)
{
    tenon_progress progress = { sizeof progress, 0, note_progress, seen };
    tenon_file *file = kit_open (name, NULL, NULL);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_verify (file, report, &progress, &kit_error);
    tenon_close (file);
    return status;
}

/* Damages a text that was put. */
static void
damage_text (struct bytes *bytes, const char *text, const char *damaged)
{
    uint8_t *at = memmem (bytes->data, bytes->size, text, strlen (text));
    ck_assert_ptr_nonnull (at);
    if (damaged && strcmp (text, damaged) == 0)
        at[1] ^= 1;
}

/* An archive, and one in it, whose name is escaped in messages, with members that no codec opens. */
static void
make_unopened (unsigned how, const char *damaged)
{
    static struct bytes inner, bytes;
    begin_pack (&inner);
    put_text (&inner, how, "tree.index", "tensor x u8 x 2\n");
    put_text (&inner, how, "x", "xy");
    put_text (&inner, how, "notes", "inner words");
    kit_text (&inner, "END:");
    damage_text (&inner, "inner words", damaged);
    begin_pack (&bytes);
    put_text (&bytes, how, "version", "three");
    put_text (&bytes, how, "tree.index", "tensor c u8 c 6\ninclude in\\ner.pack\n");
    put_text (&bytes, how, "c", "ABCDEF");
    put_text (&bytes, how, "readme", "outer words");
    put_member (&bytes, STORED, "in\\ner.pack", inner.data, inner.size);
    damage_text (&bytes, "three", damaged);
    damage_text (&bytes, "outer words", damaged);
    end_pack (&bytes, "x.pack");
}

/* Bits 0 and 1: the way that members lie in it; bit 2: plugins run in a child. */
START_TEST (test_verify_unopened)
{
    static const struct {
        const char *text, *place;
    } places[] = { { "three", "x.pack: member 'version': its data" },
                   { "outer words", "x.pack: member 'readme': its data" },
                   { "inner words", "x.pack: member 'in\\\\ner.pack': member 'notes': its data" } };
    struct progress seen = { 0, 0 };
    tenon_report *report;
    const unsigned how = ways[_i & 3];
    if (_i & 4)
        setenv ("KIT_ISOLATE", "1", 1);
    kit_plugins ("pack tree", NULL);
    make_unopened (how, NULL);
    ck_assert_msg (verify_file ("x.pack", &report, &seen) == TENON_OK, "%s", kit_error.message);
    ck_assert_uint_eq (tenon_report_count (report), 0);
    tenon_report_free (report);
    ck_assert_uint_eq (seen.done, seen.total);
    ck_assert_uint_gt (seen.total, 5 + 11 + 11);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        make_unopened (how, places[i].text);
        kit_failed (verify_file ("x.pack", &report, &seen), TENON_E_CHECKSUM, places[i].place);
        ck_assert_uint_eq (tenon_report_count (report), 1);
        ck_assert (kit_reported (report, TENON_NOTE, "its data have the checksum"));
        tenon_report_free (report);
    }
}
END_TEST

/* A damaged member that no codec opens is reported by its key; one that a codec opened is reported once. */
START_TEST (test_verify_unreadable)
{
    static struct bytes bytes;
    struct progress seen = { 0, 0 };
    tenon_report *report;
    if (_i)
        setenv ("KIT_ISOLATE", "1", 1);
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, STORED | LATER, "tree.index", "tensor c u8 c 6\ntensor d u8 d 6\n");
    put_text (&bytes, STORED | LATER, "c", "ABCDEF");
    put_text (&bytes, SKIPPED_LATER | LATER, "d", "ABCDEF");
    put_text (&bytes, SKIPPED_LATER | LATER, "locked", "ABCDEF");
    put_text (&bytes, SKIPPED, "skipped", "ABCDEF");
    end_pack (&bytes, "x.pack");
    ck_assert_int_lt (verify_file ("x.pack", &report, &seen), 0);
    ck_assert_uint_eq (tenon_report_count (report), 3);
    ck_assert (kit_reported (report, TENON_NOTE, "member 'locked': "));
    ck_assert (kit_reported (report, TENON_NOTE, "member 'skipped': "));
    tenon_report_free (report);
}
END_TEST

static int32_t
stop_second (void *user, uint64_t done, uint64_t total)
{
    (void) done, (void) total;
    return ++*(unsigned *) user > 1;
}

START_TEST (test_verify_cancelled)
{
    static struct bytes bytes;
    unsigned calls = 0;
    tenon_progress progress = { sizeof progress, 0, stop_second, &calls };
    kit_plugins ("pack tree", NULL);
    begin_pack (&bytes);
    put_text (&bytes, STORED | LATER, "tree.index", "");
    put_text (&bytes, STORED | LATER, "version", "version 3");
    end_pack (&bytes, "x.pack");
    tenon_file *file = kit_open ("x.pack", NULL, NULL);
    tenon_status status = tenon_verify (file, NULL, &progress, &kit_error);
    ck_assert (status == TENON_E_CANCELLED || (status == TENON_OK && calls <= 2));
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *reading = kit_case (suite, "reading");
    tcase_add_loop_test (reading, test_keys, 0, 4);
    tcase_add_test (reading, test_overlap);
    tcase_add_loop_test (reading, test_unreadable, 0, 5);
    tcase_add_test (reading, test_broken_later);
    tcase_add_loop_test (reading, test_table_later, 0, 2);
    tcase_add_loop_test (reading, test_nested, 0, 4);
    tcase_add_test (reading, test_unknown);
    tcase_add_test (reading, test_no_store);
    tcase_add_test (reading, test_archive_alone);
    tcase_add_test (reading, test_twice);
    tcase_add_test (reading, test_why);
    tcase_add_test (reading, test_limits);
    TCase *verifying = kit_case (suite, "verifying");
    tcase_add_loop_test (verifying, test_verify_unopened, 0, 8);
    tcase_add_loop_test (verifying, test_verify_unreadable, 0, 2);
    tcase_add_test (verifying, test_verify_cancelled);
}

int
main (void)
{
    return kit_main ("store", fill_suite);
}
