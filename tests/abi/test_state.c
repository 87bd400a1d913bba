/* SPDX-License-Identifier: MIT */
/* test_state.c - what describe leaves to read, and what a shard leaves to the next. */
#include "kit.h"

#define MOST 65536u

static uint8_t
item_of (unsigned tensor, uint64_t i)
{
    return (uint8_t) (i * 7 + tensor * 31 + (i >> 8));
}

static const uint32_t sizes[] = { 0, 1, 15, 16, 17, 4096, 40000 };
#define TENSORS (sizeof sizes / sizeof sizes[0])

static void
put_states (struct bytes *bytes, unsigned count)
{
    kit_text (bytes, "TOYSTATE");
    kit_le (bytes, count, 1);
    for (unsigned k = 0; k < count; k++) {
        kit_le (bytes, sizes[k], 3);
        for (uint32_t i = 0; i < sizes[k]; i++)
            kit_le (bytes, item_of (k, i), 1);
    }
}

static void
check_states (tenon_file *file, unsigned count)
{
    static uint8_t wanted[MOST];
    char name[64];
    for (unsigned k = 0; k < count; k++) {
        uint32_t size = sizes[k] ? sizes[k] : 1;
        for (uint32_t i = 0; i < size; i++)
            wanted[i] = sizes[k] ? item_of (k, i) : 0x77;
        snprintf (name, sizeof name, "t%u", k);
        kit_data (file, name, "", wanted, size);
        tenon_request request;
        uint8_t found[3];
        KIT_INIT (request);
        ck_assert_int_eq (tenon_find (file, name, &request.index), TENON_OK);
        if (size < 9)
            continue;
        request.rank = 1;
        request.start = KIT_SHAPE (1);
        request.count = KIT_SHAPE (3);
        request.step = (const int64_t[]){ 4 };
        request.data = found;
        request.size = sizeof found;
        ck_assert_int_eq (tenon_read (file, &request, 1, NULL, &kit_error), TENON_OK);
        for (unsigned i = 0; i < 3; i++)
            ck_assert_uint_eq (found[i], wanted[1 + 4 * i]);
    }
}

/* read gets offset, place, length and state as describe gave them. */
START_TEST (test_read_gets_all)
{
    static struct bytes bytes;
    bytes.size = 0;
    put_states (&bytes, TENSORS);
    kit_plugins ("toystate", NULL);
    kit_file ("f.toystate", &bytes);
    tenon_file *file = kit_open ("f.toystate", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), TENSORS);
    check_states (file, TENSORS);
    ck_assert_uint_eq (kit_tensor (file, "t1").storage, 1);
    ck_assert_uint_eq (kit_tensor (file, "t1").stored, 0);
    ck_assert_msg (tenon_verify (file, NULL, NULL, &kit_error) == TENON_OK, "%s", kit_error.message);
    tenon_close (file);
}
END_TEST

/* In a member of a container the offset counts in the member. */
START_TEST (test_in_member)
{
    static struct bytes inner, box;
    inner.size = box.size = 0;
    put_states (&inner, 5);
    kit_plugins ("toystate toybox", NULL);
    kit_text (&box, "TOYBOX1\n");
    kit_le (&box, 1, 4), kit_le (&box, 0, 4), kit_le (&box, 24 + inner.size, 8);
    size_t offset = box.size;
    kit_put (&box, inner.data, inner.size);
    kit_name (&box, "inner.toystate");
    kit_le (&box, 0, 1), kit_le (&box, 0, 1);
    kit_le (&box, 0, 8), kit_le (&box, offset, 8), kit_le (&box, inner.size, 8), kit_le (&box, inner.size, 8);
    kit_le (&box, 0, 4), kit_le (&box, 0, 8), kit_le (&box, 0, 4);
    kit_file ("f.toybox", &box);
    tenon_file *file = kit_open ("f.toybox", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 5);
    check_states (file, 5);
    tenon_close (file);
}
END_TEST

/* Saved in another format: the plan keeps the file and its states. */
START_TEST (test_saved)
{
    static struct bytes bytes;
    char from[512];
    bytes.size = 0;
    put_states (&bytes, TENSORS);
    kit_plugins ("toystate toyraw", NULL);
    kit_file ("f.toystate", &bytes);
    strcpy (from, kit_path ("f.toystate"));
    tenon_status status =
        tenon_convert (kit, from, kit_path ("f.toyraw"), NULL, NULL, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    tenon_file *file = kit_open ("f.toyraw", NULL, NULL);
    check_states (file, TENSORS);
    tenon_close (file);
}
END_TEST

static const struct {
    const char *codec;
    tenon_status status;
    const char *words;
} bad[] = {
    { "state_most", TENON_OK, "x" },
    { "state_more", TENON_E_MISUSE, "codec state_more: the state of a tensor has more than 65536 bytes" },
    { "state_null", TENON_E_MISUSE, "codec state_null: a tensor has a state of NULL" },
    { "state_of_extent", TENON_E_MISUSE, "a tensor has a state, but its bytes are a range" },
    { "state_many", TENON_E_LIMIT, "takes more memory than … open_memory_ratio in [limits]" },
    { "leaves_alone", TENON_E_MISUSE, "it leaves a state, but this is no shard of a set" },
};

START_TEST (test_bad_states)
{
    static const uint8_t bytes[64];
    kit_save ("file", bytes, sizeof bytes);
    kit_plugins ("badstate", NULL);
    if (bad[_i].status < 0) {
        kit_open_fails ("file", bad[_i].codec, NULL, bad[_i].status, bad[_i].words);
        return;
    }
    tenon_file *file = kit_open ("file", bad[_i].codec, NULL);
    kit_data_fails (file, bad[_i].words, "", TENON_E_MALFORMED, "it was read");
    tenon_close (file);
}
END_TEST

/* ---- tensors larger than the file ---- */

static void
is_bomb (tenon_file *file, const char *name, const char *words)
{
    tenon_tensor_info info = kit_tensor (file, name);
    ck_assert_int_eq (info.unreadable, TENON_E_LIMIT);
    kit_said (info.why, words);
    kit_data_fails (file, name, "", TENON_E_LIMIT, words);
    kit_error = (tenon_error) TENON_ERROR_INIT;
}

static uint64_t
count_unreadable (tenon_file *file)
{
    tenon_file_info info;
    KIT_INIT (info);
    ck_assert_int_eq (tenon_file_get (file, &info), TENON_OK);
    return info.unreadable;
}

START_TEST (test_bombs)
{
    static uint8_t bytes[300], sevens[2 << 20];
    memset (sevens, 7, sizeof sevens);
    kit_save ("file", bytes, sizeof bytes);
    kit_plugins ("badstate", NULL);
    tenon_file *file = kit_open ("file", "bomb_one", NULL);
    is_bomb (file, "bomb",
             "it would expand to 1099511628776 bytes, more than 1100 times the 300 that the file has; raise "
             "inflated_ratio in [limits]");
    is_bomb (file, "two", "it would expand to 2098152 bytes");
    kit_data (file, "small", "", sevens, 1000);
    kit_data (file, "last", "", sevens, 1000);
    kit_failed (tenon_verify (file, NULL, NULL, &kit_error), TENON_E_LIMIT, "inflated_ratio");
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_close (file);
    file = kit_open ("file", "bomb_far", NULL);
    is_bomb (file, "bomb", "raise inflated_bytes in [limits]");
    tenon_close (file);
    file = kit_open ("file", "bomb_sum", NULL); /* 1 MiB is free, and so is not a byte more */
    ck_assert_uint_eq (count_unreadable (file), 3000 - (1 << 20) / 1000);
    is_bomb (file, "t2999", "it would expand to 1049000 bytes");
    tenon_close (file);
    ck_assert_int_eq (kit_context ("limits.inflated_ratio=210000"), TENON_OK);
    file = kit_open ("file", "bomb_one", NULL);
    is_bomb (file, "bomb", "more than 7000 times");
    kit_data (file, "two", "", sevens, sizeof sevens);
    ck_assert_uint_eq (count_unreadable (file), 1);
    tenon_close (file);
    ck_assert_int_eq (kit_context ("limits.inflated_bytes=2MiB limits.inflated_ratio=2000000000"), TENON_OK);
    file = kit_open ("file", "bomb_one", NULL);
    is_bomb (file, "bomb", "it would expand to 1099511627776 bytes; raise inflated_bytes in [limits]");
    kit_data (file, "two", "", sevens, sizeof sevens);
    tenon_close (file);
}
END_TEST

/* ---- shards ---- */

static void
save_shards (const char *extension, unsigned count)
{
    char name[64];
    for (unsigned i = 1; i <= count; i++) {
        snprintf (name, sizeof name, "m-%05u-of-%05u.%s", i, count, extension);
        kit_save (name, "0123456789abcdef", 16);
    }
}

START_TEST (test_shard_states)
{
    static const char *const names[] = { "1 got 0", "2 got 4096", "3 got 2048", "4 got 0" };
    kit_plugins ("badstate", NULL);
    save_shards ("leaves_halves", 4);
    tenon_file *file = kit_open ("m-00001-of-00004.leaves_halves", NULL, NULL);
    ck_assert_uint_eq (tenon_count (file), 4);
    for (unsigned i = 0; i < 4; i++)
        kit_tensor (file, names[i]);
    tenon_close (file);
    /* each open begins with nothing */
    file = kit_open ("m-00001-of-00004.leaves_halves", NULL, NULL);
    kit_tensor (file, "1 got 0");
    tenon_close (file);
    save_shards ("leaves_more", 2);
    kit_open_fails ("m-00001-of-00002.leaves_more", NULL, NULL, TENON_E_MISUSE,
                    "it leaves a state of more than 4096 bytes");
    save_shards ("leaves_null", 2);
    kit_open_fails ("m-00001-of-00002.leaves_null", NULL, NULL, TENON_E_MISUSE, "it leaves a state of NULL");
    kit_open_fails ("m-00002-of-00002.leaves_null", NULL, NULL, TENON_E_MISUSE,
                    "it leaves a state, but this is no shard of a set that is opened whole");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *test = kit_case (suite, "state");
    tcase_add_test (test, test_read_gets_all);
    tcase_add_test (test, test_in_member);
    tcase_add_test (test, test_saved);
    tcase_add_loop_test (test, test_bad_states, 0, (int) (sizeof bad / sizeof bad[0]));
    tcase_add_test (test, test_bombs);
    tcase_add_test (test, test_shard_states);
}

int
main (void)
{
    return kit_main ("state", fill_suite);
}
