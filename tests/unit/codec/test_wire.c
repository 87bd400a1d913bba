/* SPDX-License-Identifier: MIT */
/* test_wire.c - metadata values between the program and an isolated child, which may lie. */
#include "catalog/catalog.h"
#include "codec/wire.h"
#include <check.h>

static struct tn_channel ends[2];
static struct tn_arena arena;

static void
set_up (void)
{
    int fds[2];
    ck_assert (tn_channel_pair (fds, SOCK_STREAM));
    ck_assert (tn_channel_begin (&ends[0], fds[0]) && tn_channel_begin (&ends[1], fds[1]));
}

static void
tear_down (void)
{
    tn_channel_free (&ends[0]);
    tn_channel_free (&ends[1]);
    tn_arena_free (&arena);
}

static struct tenon_value
text_of (const char *text)
{
    return (struct tenon_value){
        .type = TENON_STRING, .count = strlen (text), .source = TENON_NO_SOURCE, .as.string = text
    };
}

/* {"a":[null,7,{}],"":[]}, and an array in memory beside it */
START_TEST (trees_arrive)
{
    static const uint8_t bytes[] = { 1, 2, 3 };
    struct tenon_value empty = { .type = TENON_MAP, .source = TENON_NO_SOURCE },
                       items[] = { { .source = TENON_NO_SOURCE },
                                   { .type = TENON_I64, .source = TENON_NO_SOURCE, .as.i = 7 },
                                   empty },
                       mixed = { .type = TENON_ARRAY,
                                 .item_type = TENON_MIXED,
                                 .count = 3,
                                 .source = TENON_NO_SOURCE,
                                 .as.items = items },
                       packed = { .type = TENON_ARRAY,
                                  .item_type = TENON_U8,
                                  .count = 3,
                                  .length = 3,
                                  .source = TENON_NO_SOURCE,
                                  .as.memory = bytes },
                       entries[] = { text_of ("a"), mixed, text_of (""), packed },
                       map = { .type = TENON_MAP,
                               .count = 2,
                               .source = TENON_NO_SOURCE,
                               .as.items = entries },
                       got;
    ck_assert (tn_wire_put_value (&ends[0], &map));
    ck_assert (tn_channel_flush (&ends[0]));
    ck_assert (tn_wire_get_value (&ends[1], &got, &arena, 4096));
    ck_assert (got.type == TENON_MAP && got.count == 2 && got.source == TENON_NO_SOURCE);
    ck_assert (got.as.items[0].count == 1 && *got.as.items[0].as.string == 'a');
    const struct tenon_value *array = &got.as.items[1];
    ck_assert (array->type == TENON_ARRAY && array->item_type == TENON_MIXED && array->count == 3);
    ck_assert (array->as.items[0].type == TENON_NONE && array->as.items[1].as.i == 7);
    ck_assert (array->as.items[2].type == TENON_MAP && array->as.items[2].count == 0);
    ck_assert (got.as.items[2].count == 0);
    ck_assert_mem_eq (got.as.items[3].as.memory, bytes, 3);
}
END_TEST

/* As the child sends a value: type, item type, encoding, source, form, reserved; count, offset, length, bits.
 */
static void
check_lie (uint32_t type, uint32_t item_type, uint32_t form, uint64_t count, uint64_t length)
{
    const uint32_t words[6] = { type, item_type, 0, TENON_NO_SOURCE, form, 0 };
    const uint64_t numbers[4] = { count, 0, length, 0 };
    struct tenon_value got;
    set_up ();
    tn_channel_put (&ends[0], words, sizeof words);
    tn_channel_put (&ends[0], numbers, sizeof numbers);
    for (unsigned i = 0; i < 100; i++)
        tn_channel_put (&ends[0], numbers, sizeof numbers);
    ck_assert (tn_channel_flush (&ends[0]));
    ck_assert_msg (!tn_wire_get_value (&ends[1], &got, &arena, 4096), "type %u, form %u, count %llu", type,
                   form, (unsigned long long) count);
    ck_assert_int_eq (ends[1].end, TN_CHANNEL_WRONG);
    tear_down ();
}

START_TEST (sizes_that_lie_are_refused)
{
    enum { STRING = 1, MEMORY = 2, ITEMS = 3 };
    static const uint64_t sizes[] = { 4096, UINT64_MAX - 1, UINT64_MAX };
    tear_down ();
    for (unsigned i = 0; i < TN_COUNT (sizes); i++) {
        check_lie (TENON_STRING, 0, STRING, sizes[i], 0);
        check_lie (TENON_ARRAY, TENON_U8, MEMORY, sizes[i], sizes[i]);
        check_lie (TENON_ARRAY, TENON_MIXED, ITEMS, sizes[i], 0);
        check_lie (TENON_ARRAY, TENON_ARRAY, ITEMS, sizes[i], 0);
        check_lie (TENON_MAP, 0, ITEMS, sizes[i], 0);
    }
    check_lie (TENON_MAP, 0, ITEMS, UINT64_MAX / 2 + 1, 0); /* twice that is 0 in 64 bits */
    check_lie (TENON_ARRAY, TENON_MIXED, ITEMS, UINT64_MAX / 64 + 1, 0);
    check_lie (TENON_MAP, 0, STRING, 1, 0); /* the form of another type */
    check_lie (TENON_ARRAY, TENON_MIXED, MEMORY, 1, 1);
    set_up ();
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("wire");
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, set_up, tear_down);
    tcase_add_test (all, trees_arrive);
    tcase_add_test (all, sizes_that_lie_are_refused);
    suite_add_tcase (suite, all);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
