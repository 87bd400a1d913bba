/* SPDX-License-Identifier: MIT */
/* test_item_filters.c - shuffle, bitshuffle, delta and crc32c in pipelines with others: whole, in pieces and
 * isolated, of known and unknown size, damaged, and with wrong checksums. */
#include "kit.h"
#include <tenon/structs.h>
#include <unistd.h>

enum { ITEMS = 60000, FEW = 50 };
#define HEAD 52u /* of a toypipe */
static uint32_t numbers[ITEMS];

static const char *const plugins[] = { "shuffle", "delta", "crc32c" };

static void
use_plugins (int isolates, const char *settings)
{
    const char *built = getenv ("TENON_TEST_PLUGINS");
    if (isolates)
        setenv ("KIT_ISOLATE", "1", 1);
    else
        unsetenv ("KIT_ISOLATE");
    for (unsigned i = 0; i < sizeof plugins / sizeof plugins[0] && !kit; i++) {
        char path[1024],
            *name = path + snprintf (path, sizeof path, "%s/", built ? built : "tests/abi/plugins/.libs");
        snprintf (name, 100, "../../../../plugins/.libs/%s.so", plugins[i]);
        if (access (path, R_OK) == 0) { /* else it is built in */
            snprintf (name, 100, "../../../../plugins/.libs/%s", plugins[i]);
            kit_copy (name, plugins[i]);
        }
    }
    if (!kit)
        kit_plugins ("toypipe toyraw", settings);
    else
        ck_assert_int_eq (kit_context (settings), TENON_OK);
}

static void
save_numbers (size_t items, const char *steps, const char *more)
{
    char settings[400];
    for (unsigned i = 0; i < ITEMS; i++)
        numbers[i] = i % 7 == 0 ? i : 5;
    snprintf (settings, sizeof settings, "toypipe.check=0 toypipe.steps=%s %s", steps, more);
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "n", "u32", 0, 1, KIT_SHAPE (items), numbers, 4 * items);
    tenon_status status = kit_write (plan, "f.toypipe", "toypipe", settings, NULL);
    ck_assert_msg (status == TENON_OK, "%s: %s", steps, kit_error.message);
    tenon_plan_free (plan);
}

static tenon_status
read_slice (tenon_file *file, uint64_t start, uint64_t count)
{
    static uint32_t found[ITEMS];
    tenon_request request;
    KIT_INIT (request);
    ck_assert_int_eq (tenon_find (file, "n", &request.index), TENON_OK);
    request.rank = 1;
    request.start = &start;
    request.count = &count;
    request.data = found;
    request.size = 4 * count;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    if (status == TENON_OK)
        ck_assert_mem_eq (found, numbers + start, 4 * count);
    return status;
}

/* ---- good ones ---- */

#define SHUFFLE "shuffle:x04000000"
#define BITS "bitshuffle:x0400000000000000"
#define DELTA "delta:x020000000200000000000000" /* u8: a toyraw has any number of bytes */
#define FRONT "crc32c:x0100000003000000"        /* an Adler-32 in front */

static const struct {
    const char *steps, *filter;
} pipelines[] = {
    { SHUFFLE, "shuffle" },
    { BITS, "bitshuffle" },
    { DELTA, "delta" },
    { "crc32c", "crc32c" },
    { FRONT, "crc32c" },
    { SHUFFLE ",deflate", "shuffle+deflate" },
    { BITS ",gzip,crc32c", "bitshuffle+gzip+crc32c" },
    { DELTA "," SHUFFLE ",deflate,crc32c", "delta+shuffle+deflate+crc32c" },
    { "crc32c," DELTA "," FRONT ",zlib", "crc32c+delta+crc32c+zlib" },
    { DELTA ",deflate,crc32c", "delta+deflate+crc32c" },
    { "deflate," SHUFFLE, "deflate+shuffle" },
    { SHUFFLE "," BITS "," FRONT ",crc32c", "shuffle+bitshuffle+crc32c+crc32c" },
};
#define PIPELINES (int) (sizeof pipelines / sizeof pipelines[0])

START_TEST (test_pipelines)
{
    for (unsigned k = 0; k < 4; k++) {
        size_t items = k % 2 ? FEW : ITEMS;
        use_plugins (_i % 2, "core.threads=2");
        save_numbers (items, pipelines[_i / 2].steps, k / 2 ? "toypipe.unknown=yes" : "");
        tenon_file *file = kit_open ("f.toypipe", NULL, NULL);
        ck_assert_str_eq (kit_tensor (file, "n").filter, pipelines[_i / 2].filter);
        ck_assert_int_eq (read_slice (file, items - 1, 1), TENON_OK);
        ck_assert_int_eq (read_slice (file, 3, items - 3), TENON_OK);
        for (uint64_t at = 0; at < items; at += items / 9 + 1)
            ck_assert_int_eq (read_slice (file, items - 1 - at, at / 2 + 1), TENON_OK);
        tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
        ck_assert_msg (status == TENON_OK, "%s: %s", pipelines[_i / 2].steps, kit_error.message);
        tenon_close (file);
    }
}
END_TEST

/* ---- damage ---- */

static uint8_t changed[1000000];
static size_t changed_size;

static void
load_member (void)
{
    const uint8_t *file = kit_load ("f.toypipe", &changed_size);
    ck_assert_uint_le (changed_size, sizeof changed);
    memcpy (changed, file, changed_size);
}

static tenon_status
read_changed (size_t items)
{
    tenon_file *file = NULL;
    kit_save ("g.toypipe", changed, changed_size);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_open (kit, kit_path ("g.toypipe"), NULL, &file, &kit_error);
    if (status == TENON_OK)
        status = read_slice (file, 0, items);
    tenon_close (file);
    return status;
}

/* Wrong checksums, and wrong bytes under right ones. */
START_TEST (test_wrong_sums)
{
    static const struct {
        const char *steps;
        int at; /* the byte that is changed, from the front or from the end */
    } cases[] = {
        { "crc32c", -1 },
        { "crc32c", -9 },
        { FRONT, 0 },
        { FRONT, -9 },
        { "deflate,crc32c", -4 },
        { DELTA ",crc32c,deflate,crc32c", -2 },
        { SHUFFLE ",deflate,crc32c", -1 },
        { SHUFFLE "," FRONT, -100 },
        { "deflate," BITS "," FRONT, 3 },
        { SHUFFLE ",deflate,crc32c", -100 },
    };
    for (unsigned i = 0; i < 4 * sizeof cases / sizeof cases[0]; i++) {
        size_t items = i / 2 % 2 ? FEW : ITEMS;
        use_plugins (_i, NULL);
        save_numbers (items, cases[i / 4].steps, i % 2 ? "toypipe.unknown=yes" : "");
        load_member ();
        int at = cases[i / 4].at;
        changed[at < 0 ? changed_size - (size_t) -at : HEAD + strlen (cases[i / 4].steps) + (size_t) at] ^= 1;
        kit_failed (read_changed (items), TENON_E_CHECKSUM,
                    "its crc32c data do not have the checksum that they state");
        ck_assert_msg (strstr (kit_error.message, "member.toyraw"), "%s", kit_error.message);
    }
}
END_TEST

/* The member ends at every byte: never success, and the reason is damage or a checksum. */
START_TEST (test_truncation)
{
    enum { SHORT = 20 }; /* each byte opens the file again */
    use_plugins (0, "core.threads=1");
    const char *steps = pipelines[_i / 2].steps;
    int has_sum = strstr (steps, "crc32c") || strstr (steps, "deflate") || strstr (steps, "gzip");
    if (_i % 2 && !has_sum)
        return; /* what is cut is as good as the whole */
    save_numbers (SHORT, steps, _i % 2 ? "toypipe.unknown=yes" : "");
    load_member ();
    for (uint64_t stored = 0; stored < changed_size - HEAD - strlen (steps); stored++) {
        for (unsigned k = 0; k < 8; k++)
            changed[40 + k] = (uint8_t) (stored >> 8 * k);
        tenon_status status = read_changed (SHORT);
        ck_assert_msg (status == TENON_E_MALFORMED || status == TENON_E_CHECKSUM
                           || status == TENON_E_TRUNCATED,
                       "%s, %u: %d '%s'", steps, (unsigned) stored, (int) status, kit_error.message);
    }
}
END_TEST

/* Setups that a file states. */
START_TEST (test_setups)
{
    static const struct {
        const char *steps, *words;
        tenon_status status;
    } cases[] = {
        { "shuffle:x00000000", "the filter shuffle refuses its setup of 4 bytes", TENON_E_MALFORMED },
        { "shuffle", "the filter shuffle cannot begin without a setup", TENON_E_MALFORMED },
        { "bitshuffle:x0400000007000000", "the filter bitshuffle refuses its setup of 8 bytes",
          TENON_E_MALFORMED },
        { "crc32c:x02000000", "the filter crc32c refuses its setup of 4 bytes", TENON_E_MALFORMED },
        { "crc32c:x0000000004000000", "the filter crc32c refuses its setup of 8 bytes", TENON_E_UNSUPPORTED },
        { "delta:x0a0000000a00000000000000", "the filter delta refuses its setup of 12 bytes",
          TENON_E_UNSUPPORTED },
    };
    use_plugins (_i, NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen (cases[i].steps);
        save_numbers (FEW, "", "");
        load_member (); /* without steps; these are put in front of the member */
        memmove (changed + HEAD + length, changed + HEAD, changed_size - HEAD);
        memcpy (changed + HEAD, cases[i].steps, length);
        changed[48] = (uint8_t) length;
        changed_size += length;
        kit_failed (read_changed (FEW), cases[i].status, cases[i].words);
    }
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "good");
    tcase_add_loop_test (tests, test_pipelines, 0, 2 * PIPELINES);
    tests = kit_case (suite, "damage");
    tcase_add_loop_test (tests, test_wrong_sums, 0, 2);
    tcase_add_loop_test (tests, test_truncation, 0, 2 * PIPELINES);
    tcase_add_loop_test (tests, test_setups, 0, 2);
}

int
main (void)
{
    return kit_main ("item filters", fill_suite);
}
