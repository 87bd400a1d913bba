/* SPDX-License-Identifier: MIT */
/* test_value_tree.c - maps and mixed arrays among metadata values. */
#include "catalog/catalog.h"
#include "tests/values.h"
#include <tenon/plugin.h>

static tenon_context *context;
static struct tn_catalog *catalog;
static tenon_error error;

static void
set_up (void)
{
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    ck_assert_int_eq (tenon_context_new (&context, &options, &error), TENON_OK);
    catalog = tn_catalog_new (context);
}

static void
tear_down (void)
{
    tn_catalog_drop (catalog);
    tenon_context_free (context);
}

static tenon_status
add (const char *key, const struct tenon_value *value)
{
    tenon_error fresh = TENON_ERROR_INIT;
    error = fresh;
    return tn_catalog_add_metadata (catalog, key, strlen (key), value, false, &error);
}

static void
expect_refused (const struct tenon_value *value, tenon_status status, const char *words)
{
    ck_assert_int_eq (add ("bad", value), status);
    ck_assert_msg (strstr (error.message, words), "%s", error.message);
}

START_TEST (trees_are_copied)
{
    struct tenon_value tree = tree_of_all_kinds (), *items = malloc (10 * sizeof *items);
    char *text = malloc (5);
    memcpy (items, tree.as.items, 10 * sizeof *items);
    memcpy (text, "mixed", 5);
    items[0].as.string = text;
    tree.as.items = items;
    ck_assert_int_eq (add ("tree", &tree), TENON_OK);
    free (text); /* the copy needs nothing of it */
    free (items);
    struct tenon_value wanted = tree_of_all_kinds ();
    expect_same (&catalog->metadata[0].value, &wanted, "tree");
    ck_assert (tn_value_is_tree (&wanted) && tn_value_is_tree (&wanted.as.items[3]));
    ck_assert (!tn_value_is_tree (&wanted.as.items[9]) && !tn_value_is_tree (&wanted.as.items[7]));
}
END_TEST

START_TEST (keys_are_checked)
{
    struct tenon_value one = number_of (TENON_U8, 1), twice[] = { string_of ("a", 1), one,
                                                                  string_of ("b", 1), one,
                                                                  string_of ("a", 1), one },
                       number[] = { one, one },
                       latin[] = { string_of ("\xe9", 1), one }, odd[] = { string_of ("", 0),     one,
                                                                           string_of ("\0", 1),   one,
                                                                           string_of ("\0\0", 2), one },
                       map = map_of (twice, 3), deep[] = { string_of ("in", 2), map };
    expect_refused (&map, TENON_E_MALFORMED, "the key 'a' occurs twice in a map");
    map = map_of (deep, 1);
    expect_refused (&map, TENON_E_MALFORMED, "the key 'a' occurs twice in a map");
    map = map_of (twice, 2);
    ck_assert_int_eq (add ("two", &map), TENON_OK);
    map = map_of (number, 1);
    expect_refused (&map, TENON_E_MISUSE, "a key of a map is no string");
    map = map_of (latin, 1);
    expect_refused (&map, TENON_E_MALFORMED, "is not valid UTF-8");
    map = map_of (odd, 3);
    ck_assert_int_eq (add ("odd", &map), TENON_OK);
}
END_TEST

/* Comparing each key with all others would take minutes. */
START_TEST (many_keys)
{
    enum { COUNT = 200000 };
    struct tenon_value *entries = malloc (2 * COUNT * sizeof *entries), map = map_of (entries, COUNT);
    char *texts = malloc (COUNT * 8);
    ck_assert (entries && texts);
    for (unsigned i = 0; i < COUNT; i++) {
        int length = snprintf (texts + 8 * i, 8, "%u", i);
        entries[2 * i] = string_of (texts + 8 * i, (uint64_t) length);
        entries[2 * i + 1] = number_of (TENON_NONE, 0);
    }
    ck_assert_int_eq (add ("many", &map), TENON_OK);
    entries[2 * COUNT - 2] = string_of ("77777", 5);
    expect_refused (&map, TENON_E_MALFORMED, "the key '77777' occurs twice");
    free (entries);
    free (texts);
}
END_TEST

START_TEST (loops_end_at_the_limits)
{
    struct tenon_value loop[2] = { string_of ("self", 4) }, wide[8];
    loop[1] = map_of (loop, 1);
    expect_refused (&loop[1], TENON_E_LIMIT, "depth in [limits]");
    loop[1] = mixed_of (&loop[1], 1);
    expect_refused (&loop[1], TENON_E_LIMIT, "depth in [limits]");
    for (unsigned i = 0; i < 8; i++)
        wide[i] = mixed_of (wide, 8);
    context->limits[TENON_LIMIT_METADATA_BYTES] = 1 << 20;
    ck_assert_int_eq (add ("wide", &wide[0]), TENON_E_LIMIT);
    ck_assert_uint_le (catalog->arena.used, 2 << 20);
}
END_TEST

/* Maps and arrays count alike. */
START_TEST (depth)
{
    struct tenon_value chain[65], entries[65][2];
    chain[0] = mixed_of (NULL, 0);
    for (unsigned i = 1; i < 65; i++) {
        entries[i][0] = string_of ("k", 1);
        entries[i][1] = chain[i - 1];
        chain[i] = i % 2 ? map_of (entries[i], 1) : mixed_of (&chain[i - 1], 1);
    }
    ck_assert_uint_eq (context->limits[TENON_LIMIT_DEPTH], 64);
    ck_assert_int_eq (add ("deep", &chain[63]), TENON_OK);
    expect_refused (&chain[64], TENON_E_LIMIT, "depth in [limits]");
}
END_TEST

START_TEST (counts_that_lie)
{
    struct tenon_value item = number_of (TENON_NONE, 0), map = map_of (&item, UINT64_MAX / 2 + 1),
                       mixed = mixed_of (&item, UINT64_MAX / 64 + 2);
    ck_assert_int_lt (add ("map", &map), 0);
    ck_assert_int_lt (add ("mixed", &mixed), 0);
    map = map_of (NULL, 1);
    expect_refused (&map, TENON_E_MISUSE, "a map has no entries");
    mixed = mixed_of (NULL, 1);
    expect_refused (&mixed, TENON_E_MISUSE, "a mixed array has no items");
    map = map_of (&item, UINT64_C (1) << 32);
    expect_refused (&map, TENON_E_LIMIT, "metadata_bytes in [limits]");
    item = number_of (TENON_MIXED, 0);
    expect_refused (&item, TENON_E_MISUSE, "values of type 61 do not exist");
    item = array_of (TENON_MAP, 0, "", 0);
    expect_refused (&item, TENON_E_MISUSE, "an array of type 60");
}
END_TEST

static tenon_status
count_item (void *user, const struct tenon_value *item)
{
    *(unsigned *) user += 1 + (item->type == TENON_MAP) * 100;
    return TENON_OK;
}

START_TEST (items_of_mixed_arrays)
{
    struct tenon_value tree = tree_of_all_kinds (), mixed = tree.as.items[1], items[9];
    unsigned seen = 0;
    ck_assert_int_eq (tn_value_items (NULL, &mixed, 1, 2, items, NULL, 0, NULL, &error), TENON_OK);
    expect_same (&items[0], &mixed.as.items[1], "1");
    expect_same (&items[1], &mixed.as.items[2], "2");
    ck_assert_int_eq (tn_value_each (NULL, &mixed, count_item, &seen, 0, NULL, &error), TENON_OK);
    ck_assert_uint_eq (seen, 109);
    ck_assert_int_eq (tn_value_take (NULL, &mixed, 6, items, NULL, 0, &error), TENON_OK);
    ck_assert_uint_eq (mixed.count, 3);
    expect_same (&mixed.as.items[0], &tree.as.items[1].as.items[6], "6");
    ck_assert_int_eq (tn_value_items (NULL, &tree, 0, 1, items, NULL, 0, NULL, &error), TENON_E_MISUSE);
}
END_TEST

static bool
is_same (const struct tenon_value *a, const struct tenon_value *b)
{
    bool same;
    ck_assert_int_eq (tn_value_same (catalog, a, b, NULL, 0, &same, &error), TENON_OK);
    return same;
}

START_TEST (comparing)
{
    struct tenon_value one = number_of (TENON_U8, 1), two = number_of (TENON_U8, 2),
                       a[] = { string_of ("a", 1), one, string_of ("b", 1), one },
                       b[] = { string_of ("b", 1), one, string_of ("a", 1), one },
                       c[] = { string_of ("a", 1), one, string_of ("b", 1), two };
    struct tenon_value map = map_of (a, 2), turned = map_of (b, 2), other = map_of (c, 2),
                       shorter = map_of (a, 1), mixed = mixed_of (a, 4), tree = tree_of_all_kinds (), copy;
    ck_assert (is_same (&map, &map) && !is_same (&map, &turned) && !is_same (&map, &other));
    ck_assert (!is_same (&map, &shorter) && !is_same (&map, &mixed) && is_same (&mixed, &mixed));
    ck_assert_int_eq (add ("tree", &tree), TENON_OK);
    copy = catalog->metadata[0].value;
    ck_assert (is_same (&tree, &copy));
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("value_tree");
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, set_up, tear_down);
    tcase_add_test (all, trees_are_copied);
    tcase_add_test (all, keys_are_checked);
    tcase_add_test (all, many_keys);
    tcase_add_test (all, loops_end_at_the_limits);
    tcase_add_test (all, depth);
    tcase_add_test (all, counts_that_lie);
    tcase_add_test (all, items_of_mixed_arrays);
    tcase_add_test (all, comparing);
    suite_add_tcase (suite, all);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed > 0;
}
