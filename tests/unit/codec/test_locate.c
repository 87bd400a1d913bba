/* SPDX-License-Identifier: MIT */
/* test_locate.c - locators: where chunks are, in a file, a folder and an archive. */
#include "catalog/file.h"
#include "tests/abi/gridkit.h"
#include <sys/stat.h>
#include <unistd.h>

static uint8_t items[60 * 70 * 4];

static void
make_items (void)
{
    for (size_t i = 0; i < sizeof items; i++)
        items[i] = (uint8_t) (i * 7 + i / 251);
}

/* i32 [60, 70] in chunks of 8 × 16: 8 × 5 of them. */
static struct grid_spec
grid (const char *name, unsigned where)
{
    return (struct grid_spec){ .name = name,
                               .dtype = "i32",
                               .item = 4,
                               .rank = 2,
                               .shape = { 60, 70 },
                               .chunk = { 8, 16 },
                               .where = where,
                               .prefix = "x/c/",
                               .separator = '/',
                               .per_shard = { 3, 2 } };
}

static int
is_missing (const uint64_t *chunk)
{
    return (chunk[0] + chunk[1]) % 5 == 2;
}

static struct tn_locator *
begin (const tenon_file *file, const char *name)
{
    uint64_t index;
    struct tn_locator *locator;
    tenon_error error = TENON_ERROR_INIT;
    ck_assert_int_eq (tenon_find (file, name, &index), TENON_OK);
    struct tn_catalog *catalog = file->catalog;
    ck_assert_int_eq (
        catalog->locating->begin (catalog, tn_catalog_tensor (catalog, index), &locator, &error), TENON_OK);
    return locator;
}

/* Compares a chunk with what the rules make of the items. */
static void
check_chunk (const struct grid_spec *spec, const struct tn_chunk *found, const uint64_t *chunk)
{
    tenon_error error = TENON_ERROR_INIT;
    size_t size;
    ck_assert_int_eq (found->missing, spec->missing && spec->missing (chunk));
    if (found->missing)
        return;
    uint8_t *wanted = grid_encode (spec, items, chunk, &size, NULL), *bytes = malloc (size);
    ck_assert_uint_eq (found->stored, size);
    ck_assert_int_eq (tn_source_read (found->source, found->offset, bytes, size, &error), TENON_OK);
    kit_same ("chunk", bytes, size, wanted, size);
    free (wanted);
    free (bytes);
}

static void
check_chunks (const tenon_file *file, const struct grid_spec *spec)
{
    const struct tn_locating *locating = file->catalog->locating;
    struct tn_locator *locator = begin (file, spec->name);
    struct tn_chunk found;
    tenon_error error = TENON_ERROR_INIT;
    for (uint64_t k = 0, count = grid_count (spec, 0) * grid_count (spec, 1); k < count; k++) {
        uint64_t n = k * 13 % count, chunk[2] = { n / grid_count (spec, 1), n % grid_count (spec, 1) };
        tenon_status status = locating->find (locator, chunk, &found, &error);
        ck_assert_msg (status == TENON_OK, "%s", error.message);
        check_chunk (spec, &found, chunk);
    }
    locating->end (locator);
}

/* ---- in a file, a folder and an archive ---- */

enum { IN_FILE, IN_FOLDER, IN_PACK, IN_PACK_LATER, PLACES };

static tenon_file *
save_in (unsigned place)
{
    static const char *const names[] = { "f.toygrid", "d", "p", "p" };
    if (place == IN_FILE)
        grid_save (names[place]);
    else if (place == IN_FOLDER)
        grid_save_folder (names[place]);
    else
        grid_save_pack (names[place], place == IN_PACK_LATER ? 16 : 0);
    return kit_open (names[place], NULL, NULL);
}

START_TEST (test_places)
{
    struct grid_spec specs[4];
    make_items ();
    kit_plugins ("toygrid toyxor pack", NULL);
    grid_begin ();
    for (unsigned where = 0; where < 4; where++) {
        static const char *const names[] = { "table", "keys", "shards", "opened" };
        static const char *const prefixes[] = { "", "x/c/", "shards/", "o" };
        specs[where] = grid (names[where], where);
        specs[where].prefix = prefixes[where];
        specs[where].missing = is_missing;
        specs[where].separator = where == 3 ? '.' : '/';
        specs[where].steps[0] = where == 1 ? "toyrot" : NULL;
        if (where == 0 || _i != IN_FILE)
            grid_add (&specs[where], items);
    }
    tenon_file *file = save_in ((unsigned) _i);
    for (unsigned where = 0; where < (_i == IN_FILE ? 1 : 4); where++) {
        check_chunks (file, &specs[where]);
        check_chunks (file, &specs[where]); /* with the locator that was kept */
    }
    tenon_close (file);
}
END_TEST

/* Rank 0: one chunk, whose key is the prefix. */
START_TEST (test_scalar)
{
    struct grid_spec spec = { .name = "s", .dtype = "i32", .item = 4, .where = GRID_KEYS, .prefix = "s/c" };
    struct tn_chunk found;
    tenon_error error = TENON_ERROR_INIT;
    make_items ();
    kit_plugins ("toygrid", NULL);
    grid_begin ();
    grid_add (&spec, items);
    tenon_file *file = save_in (IN_FOLDER);
    struct tn_locator *locator = begin (file, "s");
    ck_assert_int_eq (file->catalog->locating->find (locator, NULL, &found, &error), TENON_OK);
    check_chunk (&spec, &found, NULL);
    ck_assert_str_eq (found.key, "s/c");
    file->catalog->locating->end (locator);
    tenon_close (file);
}
END_TEST

/* What was found is valid until 64 more chunks are found, and descriptors stay few. */
START_TEST (test_many_files)
{
    struct grid_spec spec = grid ("keys", GRID_KEYS);
    struct tn_chunk found[TN_LOCATED_AT_ONCE];
    tenon_error error = TENON_ERROR_INIT;
    make_items ();
    spec.chunk[0] = spec.chunk[1] = 2; /* 30 × 35 */
    kit_plugins ("toygrid", NULL);
    grid_begin ();
    grid_add (&spec, items);
    tenon_file *file = save_in (IN_FOLDER);
    struct tn_locator *locator = begin (file, "keys");
    for (uint64_t n = 0; n < 30 * 35; n++) {
        const uint64_t chunk[2] = { n / 35, n % 35 };
        ck_assert_int_eq (
            file->catalog->locating->find (locator, chunk, &found[n % TN_LOCATED_AT_ONCE], &error), TENON_OK);
        uint64_t back = n < TN_LOCATED_AT_ONCE - 1 ? n : TN_LOCATED_AT_ONCE - 1;
        const uint64_t oldest[2] = { (n - back) / 35, (n - back) % 35 };
        check_chunk (&spec, &found[(n - back) % TN_LOCATED_AT_ONCE], oldest);
    }
    file->catalog->locating->end (locator);
    tenon_close (file);
}
END_TEST

/* ---- what is refused ---- */

static struct grid_entry wrong;

static void
spoil_entry (const uint64_t *chunk, struct grid_entry *entry)
{
    if (chunk[0] == 1 && chunk[1] == 2)
        *entry = wrong;
}

static void
find_fails (struct grid_entry entry, tenon_status status, const char *words)
{
    struct grid_spec spec = grid ("x", GRID_TABLE);
    tenon_error error = TENON_ERROR_INIT, good = TENON_ERROR_INIT;
    struct tn_chunk found;
    wrong = entry;
    spec.tweak = spoil_entry;
    spec.steps[0] = "toyrot";
    grid_begin ();
    grid_add (&spec, items);
    grid_save ("f.toygrid");
    tenon_file *file = kit_open ("f.toygrid", NULL, NULL);
    struct tn_locator *locator = begin (file, "x");
    const uint64_t bad[2] = { 1, 2 }, other[2] = { 2, 1 };
    ck_assert_int_eq (file->catalog->locating->find (locator, bad, &found, &error), status);
    kit_said (error.message, words);
    ck_assert_str_eq (error.tensor, "x");
    /* another chunk can still be found */
    ck_assert_int_eq (file->catalog->locating->find (locator, other, &found, &good), TENON_OK);
    check_chunk (&spec, &found, other);
    file->catalog->locating->end (locator);
    tenon_close (file);
}

START_TEST (test_wrong_chunks)
{
    make_items ();
    kit_plugins ("toygrid toyxor", NULL);
    find_fails ((struct grid_entry){ .offset = 1 << 30, .stored = UINT64_MAX }, TENON_E_TRUNCATED,
                "a chunk is at offset 1073741824, the file ends at");
    find_fails ((struct grid_entry){ .offset = 100, .stored = 1 << 30 }, TENON_E_TRUNCATED,
                "a chunk has 1073741824 bytes at offset 100, the file ends at");
    find_fails ((struct grid_entry){ .offset = UINT64_MAX, .stored = 2 }, TENON_E_TRUNCATED, "a chunk has 2");
    find_fails ((struct grid_entry){ .offset = 2, .stored = UINT64_MAX - 1 }, TENON_E_TRUNCATED,
                "a chunk has");
    find_fails ((struct grid_entry){ .skipped = 2 }, TENON_E_MALFORMED,
                "a chunk leaves out steps 0x2 of a pipeline of 1");
    find_fails ((struct grid_entry){ .check = 77 }, TENON_E_UNSUPPORTED, "no checksum of kind 77");
    find_fails ((struct grid_entry){ .flags = 0x80000000 }, TENON_E_UNSUPPORTED, "flags 0x80000000");
}
END_TEST

/* A folder that was replaced has no missing chunks: they were removed. */
START_TEST (test_replaced)
{
    struct grid_spec spec = grid ("keys", GRID_KEYS);
    const uint64_t chunk[2] = { 0, 0 };
    struct tn_chunk found;
    tenon_error error = TENON_ERROR_INIT;
    make_items ();
    kit_plugins ("toygrid", NULL);
    grid_begin ();
    grid_add (&spec, items);
    tenon_file *file = save_in (IN_FOLDER);
    struct tn_locator *locator = begin (file, "keys");
    ck_assert_int_eq (rename (kit_path ("d"), kit_path ("old")), 0);
    ck_assert_int_eq (mkdir (kit_path ("d"), 0777), 0);
    ck_assert_int_eq (file->catalog->locating->find (locator, chunk, &found, &error), TENON_OK);
    ck_assert (!found.missing);
    ck_assert_int_eq (unlink (kit_path ("old/x/c/0/1")), 0);
    const uint64_t gone[2] = { 0, 1 };
    ck_assert_int_eq (file->catalog->locating->find (locator, gone, &found, &error), TENON_E_BUSY);
    kit_said (error.message, "the folder was replaced or removed since it was opened");
    file->catalog->locating->end (locator);
    tenon_close (file);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *found = kit_case (suite, "found"), *refused = kit_case (suite, "refused");
    tcase_add_loop_test (found, test_places, 0, PLACES);
    tcase_add_test (found, test_scalar);
    tcase_add_test (found, test_many_files);
    tcase_add_test (refused, test_wrong_chunks);
    tcase_add_test (refused, test_replaced);
}

int
main (void)
{
    return kit_main ("locate", fill_suite);
}
