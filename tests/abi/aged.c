/* SPDX-License-Identifier: MIT */
/* aged.c - what the codecs of tests/abi/plugins/aged.h write and read. */
#include "aged.h"
#include "kit.h"

/* Two tensors, the last one in the member, which the plugin's own filter encodes: every byte xored with
 * 0x5a. */
void
aged_round_trip (const char *id, const char *magic)
{
    static const float numbers[4] = { 1, 2, 3, 4 };
    struct bytes expected = { .size = 0 }, member = { .size = 0 };
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "yy", "f32", 0, 2, KIT_SHAPE (2, 2), numbers, sizeof numbers);
    kit_add (plan, "last", "i16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (1), "\x01\x02", 2);
    tenon_status status = kit_write (plan, "file", id, "toyraw.align=1", NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);

    kit_raw_head (&member, 1, 0, 63);
    kit_raw_tensor (&member, "last", "i16", TENON_BIG_ENDIAN, 1, KIT_SHAPE (1), 0, 2);
    ck_assert_uint_eq (member.size, 63);
    kit_text (&member, "\x01\x02");
    kit_text (&expected, magic);
    kit_le (&expected, 2, 4);
    kit_le (&expected, 65, 4);
    kit_text (&expected, "\1x\2u8\1");
    kit_le (&expected, 4, 8);
    kit_le (&expected, 70, 8);
    kit_text (&expected, "\2yy\3f32\2");
    kit_le (&expected, 2, 8);
    kit_le (&expected, 2, 8);
    kit_le (&expected, 74, 8);
    ck_assert_uint_eq (expected.size, 70);
    kit_text (&expected, "\1\2\3\4");
    for (unsigned i = 0; i < 4; i++)
        kit_f32 (&expected, numbers[i]);
    for (size_t i = 0; i < member.size; i++)
        kit_le (&expected, member.data[i] ^ 0x5a, 1);
    kit_same_file ("file", &expected);

    tenon_file *file = kit_open ("file", NULL, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, id);
    ck_assert_uint_eq (tenon_count (file), 3);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    kit_data (file, "yy", "", numbers, sizeof numbers);
    kit_data (file, "last", "", "\2\1", 2);
    tenon_tensor_info last = kit_tensor (file, "last");
    ck_assert_uint_eq (last.flags, TENON_BIG_ENDIAN);
    ck_assert_uint_eq (last.offset, 90);
    ck_assert_uint_eq (last.stored, 65);
    ck_assert_uint_eq (kit_value (file, "host_size").type, TENON_U32);
    tenon_close (file);
}

/* An archive and a keyed codec of that age, which write and read each other's entries. */
void
aged_keys (const char *archive, const char *keyed, const char *magic)
{
    struct bytes expected = { .size = 0 };
    tenon_plan *plan = kit_plan ();
    tenon_status status = kit_write (plan, "store", keyed, NULL, NULL);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_plan_free (plan);
    kit_text (&expected, magic);
    kit_text (&expected, "\4aged");
    kit_pad (&expected, expected.size + 12);
    kit_text (&expected, "\1x");
    kit_le (&expected, 4, 8);
    kit_le (&expected, 0xb63cfbcd, 4); /* zlib.crc32 (b"\1\2\3\4") */
    for (unsigned i = 1; i <= 4; i++)
        kit_le (&expected, i ^ 0x5a, 1);
    kit_le (&expected, 0, 1);
    kit_same_file ("store", &expected);
    tenon_file *file = kit_open ("store", archive, NULL);
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    ck_assert_str_eq (info.format, keyed);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
}
