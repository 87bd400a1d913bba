/* SPDX-License-Identifier: MIT */
/* test_locate.c - locators: where chunks are, in a file, a folder and an archive. */
#include "catalog/file.h"
#include "codec/locate.h"
#include "tests/abi/gridkit.h"
#include <pthread.h>
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

/* The path of a file in a folder, in messages, ends with its key and nothing behind that. */
static void
check_path (const tenon_file *file, const struct tn_chunk *found)
{
    if (!file->catalog->sources[0]->is_folder || found->missing)
        return;
    const char *path = found->source->path, *name = found->source->name;
    ck_assert_msg (strlen (path) > strlen (name) && path[strlen (path) - strlen (name) - 1] == '/', "%s",
                   path);
    ck_assert_str_eq (path + strlen (path) - strlen (name), name);
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
        check_path (file, &found);
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

static void
isolate_if (int isolated)
{
    if (isolated)
        setenv ("KIT_ISOLATE", "1", 1);
}

START_TEST (test_places)
{
    struct grid_spec specs[4];
    const unsigned place = (unsigned) _i % PLACES;
    isolate_if (_i >= PLACES);
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
        if (where == 0 || place != IN_FILE)
            grid_add (&specs[where], items);
    }
    tenon_file *file = save_in (place);
    for (unsigned where = 0; where < (place == IN_FILE ? 1 : 4); where++) {
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

/* ---- on many threads ---- */

#define THREADS 6

struct worker {
    const tenon_file *file;
    const struct grid_spec *spec;
    unsigned seed, wrong;
};

/* Check's assertions work on one thread only. */
static void *
locate_many (void *user)
{
    struct worker *worker = user;
    const struct grid_spec *spec = worker->spec;
    struct tn_catalog *catalog = worker->file->catalog;
    const struct tn_locating *locating = catalog->locating;
    struct tn_locator *locator = NULL;
    for (unsigned n = 0; n < 200; n++) {
        const uint64_t chunk[2] = { (n * 7 + worker->seed) % 8, (n * 3 + worker->seed) % 5 };
        struct tn_chunk found;
        tenon_error error = TENON_ERROR_INIT;
        size_t size;
        uint8_t bytes[8 * 16 * 4];
        if (n % 20 == 0) {
            locating->end (locator);
            worker->wrong += locating->begin (catalog, tn_catalog_tensor (catalog, 0), &locator, &error) < 0;
        }
        uint8_t *wanted = grid_encode (spec, items, chunk, &size, NULL);
        worker->wrong += locating->find (locator, chunk, &found, &error) < 0 || found.stored != size
                         || tn_source_read (found.source, found.offset, bytes, size, &error) < 0
                         || memcmp (bytes, wanted, size) != 0;
        free (wanted);
    }
    locating->end (locator);
    return NULL;
}

START_TEST (test_threads)
{
    struct grid_spec spec = grid ("x", GRID_SHARDS_OPENED);
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    isolate_if (_i);
    make_items ();
    kit_plugins ("toygrid", NULL);
    grid_begin ();
    grid_add (&spec, items);
    tenon_file *file = save_in (IN_FOLDER);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){ file, &spec, i, 0 };
        ck_assert_int_eq (pthread_create (&threads[i], NULL, locate_many, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        ck_assert_int_eq (pthread_join (threads[i], NULL), 0);
        ck_assert_uint_eq (workers[i].wrong, 0);
    }
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
    isolate_if (_i);
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

/* Rules that locate_chunk may break, by the number that badgrid.c gives them: what the first chunk says, and
 * the second. "": it is found. */
static const struct {
    tenon_status status;
    const char *first, *second;
} rules[] = {
    { TENON_E_MISUSE, "", "" },
    { TENON_E_MISUSE, "returned 5, which is neither success nor a failure", "returned 5" },
    { TENON_E_MALFORMED, "the codec badgrid failed without saying why", "failed without" },
    { TENON_E_MALFORMED, "the key '../c/0' of a chunk has a component '.' or '..'", "the key" },
    { TENON_E_MALFORMED, "the key '' of a chunk is empty", "is empty" },
    { TENON_E_MALFORMED, "of a chunk is not valid UTF-8 without NUL", "is not valid UTF-8" },
    { TENON_E_MISUSE, "uses the key 'c/16', which its describe neither opened nor claimed", "c/16" },
    { TENON_E_MISUSE, "there is no source of the number that it gave", "there is no source" },
    { TENON_E_MISUSE, "", "there is no source of the number that it gave" },
    { TENON_E_MISUSE, "it called add_part from locate_chunk", "it called add_part" },
    { TENON_E_MISUSE, "", "" },
    { TENON_E_MALFORMED, "", "chunk 1 is lost" },
    { TENON_E_CRASHED, NULL, NULL },
    { TENON_E_MISUSE, "", "" },
    { TENON_E_MISUSE, "uses the key 'other', which its describe neither opened nor claimed", "other" },
    { TENON_E_MALFORMED, "the key '../x' of a chunk has a component '.' or '..'", "the key" },
    { TENON_E_MISUSE, "it finds a chunk in a folder, which has no bytes", "in a folder" },
};

static tenon_file *
open_bad (unsigned mode)
{
    char text[4];
    snprintf (text, sizeof text, "%02u", mode);
    mkdir (kit_path ("b"), 0777);
    mkdir (kit_path ("b/c"), 0777);
    kit_save ("b/badgrid.mode", text, 2);
    for (unsigned i = 0; i < 16; i++) {
        char key[20];
        snprintf (key, sizeof key, "b/c/%u", i);
        kit_save (key, "x", 1);
    }
    return kit_open ("b", NULL, NULL);
}

static void
check_rule (struct tn_locator *locator, uint64_t chunk, tenon_status status, const char *words)
{
    struct tn_chunk found;
    tenon_error error = TENON_ERROR_INIT;
    tenon_status got = locator->catalog->locating->find (locator, &chunk, &found, &error);
    ck_assert_msg (got == (words[0] ? status : TENON_OK), "%s: %s", words, error.message);
    kit_said (error.message, words);
}

START_TEST (test_rules)
{
    isolate_if (_i);
    kit_plugins ("badgrid", NULL);
    for (unsigned mode = 0; mode < sizeof rules / sizeof *rules; mode++) {
        if (!rules[mode].first)
            continue;
        tenon_file *file = open_bad (mode);
        struct tn_locator *locator = begin (file, "x");
        check_rule (locator, 0, rules[mode].status, rules[mode].first);
        check_rule (locator, 1, rules[mode].status, rules[mode].second);
        file->catalog->locating->end (locator);
        tenon_close (file);
    }
}
END_TEST

/* A codec that takes 3 MiB for each chunk gets a new call from time to time. */
START_TEST (test_scratch)
{
    isolate_if (_i);
    kit_plugins ("badgrid", "limits.header_bytes=50000000");
    tenon_file *file = open_bad (13);
    struct tn_locator *locator = begin (file, "x");
    for (unsigned i = 0; i < 100; i++) {
        check_rule (locator, i % 4, TENON_OK, "");
        ck_assert_uint_lt (locator->session.arena.used, (uint64_t) 24 << 20);
    }
    file->catalog->locating->end (locator);
    tenon_close (file);
}
END_TEST

START_TEST (test_crash)
{
    isolate_if (1);
    kit_plugins ("badgrid", NULL);
    tenon_file *file = open_bad (12);
    struct tn_locator *locator = begin (file, "x");
    check_rule (locator, 0, TENON_E_CRASHED, "the plugin badgrid crashed: signal");
    check_rule (locator, 1, TENON_E_CRASHED, "the plugin badgrid crashed: signal");
    file->catalog->locating->end (locator);
    tenon_close (file);
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
    tcase_add_loop_test (found, test_places, 0, 2 * PLACES);
    tcase_add_loop_test (found, test_threads, 0, 2);
    tcase_add_test (found, test_scalar);
    tcase_add_test (found, test_many_files);
    tcase_add_loop_test (refused, test_wrong_chunks, 0, 2);
    tcase_add_loop_test (refused, test_rules, 0, 2);
    tcase_add_loop_test (refused, test_scratch, 0, 2);
    tcase_add_test (refused, test_crash);
    tcase_add_test (refused, test_replaced);
}

int
main (void)
{
    return kit_main ("locate", fill_suite);
}
