/* SPDX-License-Identifier: MIT */
/* test_filters.c - pipelines of filters that join, that frame, and that have one block; sizes that are not
 * known; setups; checksums; and filters that lie. */
#include "kit.h"
#include <tenon/structs.h>
#include <zlib.h>

enum { ITEMS = 60000, FEW = 50 };
#define HEAD 52u /* of a toypipe */
static uint32_t numbers[ITEMS];

static void
fill_numbers (void)
{
    for (unsigned i = 0; i < ITEMS; i++)
        numbers[i] = i % 7 == 0 ? i : 5;
}

static tenon_status
save_numbers (const char *name, size_t items, const char *settings)
{
    fill_numbers ();
    tenon_plan *plan = kit_plan ();
    kit_add (plan, "n", "u32", 0, 1, KIT_SHAPE (items), numbers, 4 * items);
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = kit_write (plan, name, "toypipe", settings, NULL);
    tenon_plan_free (plan);
    return status;
}

static void
use_plugins (int isolates, const char *settings)
{
    if (isolates)
        setenv ("KIT_ISOLATE", "1", 1);
    else
        unsetenv ("KIT_ISOLATE");
    if (!kit) /* the files of plugins that are loaded must not change */
        kit_plugins ("toypipe toyraw toyxor", settings);
    else
        ck_assert_int_eq (kit_context (settings), TENON_OK);
}

static void
expect_slice (tenon_file *file, uint64_t start, uint64_t count)
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
    tenon_status status = tenon_read (file, &request, 1, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
    ck_assert_mem_eq (found, numbers + start, 4 * count);
}

/* Reads everything in different orders, and verifies. */
static void
expect_numbers (const char *name, size_t items, const char *filter)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    tenon_tensor_info info = kit_tensor (file, "n");
    ck_assert_str_eq (info.filter ? info.filter : "", filter);
    expect_slice (file, items - 1, 1);
    expect_slice (file, 3, items - 3);
    kit_data (file, "n", "", numbers, 4 * items);
    kit_data (file, "x", "", "\1\2\3\4", 4);
    for (uint64_t at = 0; at < items; at += items / 9 + 1)
        expect_slice (file, items - 1 - at, at / 2 + 1);
    tenon_status status = tenon_verify (file, NULL, NULL, &kit_error);
    ck_assert_msg (status == TENON_OK, "%s: %s", filter, kit_error.message);
    tenon_close (file);
}

/* ---- good ones ---- */

static const struct {
    const char *steps, *filter;
} pipelines[] = {
    { "", "" },
    { "deflate", "deflate" },
    { "pshuffle:4", "pshuffle" },
    { "prle", "prle" },
    { "pframe", "pframe" },
    { "toyxor", "toyxor" },
    { "pshuffle:4,deflate", "pshuffle+deflate" },
    { "deflate,pshuffle:3", "deflate+pshuffle" },
    { "toyxor,deflate", "toyxor+deflate" },
    { "pframe,pframe", "pframe+pframe" },
    { "pframe,deflate,toyxor,pframe", "pframe+deflate+toyxor+pframe" },
    { "pshuffle:4,prle,pframe,deflate", "pshuffle+prle+pframe+deflate" },
    { "deflate,prle", "deflate+prle" },
    { "pshuffle:2,toyrot,pshuffle:4", "pshuffle+toyrot+pshuffle" },
};
#define PIPELINES (sizeof pipelines / sizeof pipelines[0])
/* Its size is never told, so this works only where it is known. */
#define NEEDS_SIZE 13

START_TEST (test_pipelines)
{
    static const char *const more[] = { "", " toypipe.block_size=10kB",
                                        " toypipe.block_size=10kB toypipe.blocks=yes", " toypipe.unknown=yes",
                                        " toypipe.unknown=yes toypipe.check=0" };
    for (unsigned k = 0; k < sizeof more / sizeof more[0]; k++)
        for (unsigned few = 0; few < 2; few++) {
            char settings[300];
            size_t items = few ? FEW : ITEMS;
            if (k >= 3 && _i / 2 == NEEDS_SIZE)
                continue;
            use_plugins (_i % 2, "core.threads=2");
            snprintf (settings, sizeof settings, "toypipe.steps=%s%s", pipelines[_i / 2].steps, more[k]);
            tenon_status status = save_numbers ("f.toypipe", items, settings);
            ck_assert_msg (status == TENON_OK, "%s: %s", settings, kit_error.message);
            expect_numbers ("f.toypipe", items, pipelines[_i / 2].filter);
        }
}
END_TEST

/* Blocks that join, and frames, are encoded one by one; all else is one block. */
START_TEST (test_blocks)
{
    static const struct {
        const char *steps;
        unsigned blocks;
    } cases[] = { { "deflate", 25 }, { "pframe", 25 },        { "pframe,pframe", 25 },
                  { "prle", 1 },     { "pframe,deflate", 1 }, { "pshuffle:4,deflate", 1 } };
    use_plugins (0, NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char settings[200];
        size_t size;
        snprintf (settings, sizeof settings, "toypipe.steps=%s toypipe.block_size=10kB toypipe.blocks=yes",
                  cases[i].steps);
        ck_assert_int_eq (save_numbers ("f.toypipe", ITEMS, settings), TENON_OK);
        ck_assert_uint_eq (kit_load ("f.toypipe", &size)[28], cases[i].blocks);
    }
}
END_TEST

/* Each of these is what it is on all threads and on one. */
START_TEST (test_same_bytes)
{
    size_t sizes[2];
    uint8_t *first = NULL;
    const uint8_t *file = NULL; /* until the next one is loaded */
    char settings[200];
    snprintf (settings, sizeof settings, "toypipe.steps=%s toypipe.block_size=9kB", pipelines[_i].steps);
    for (int k = 0; k < 2; k++) {
        use_plugins (0, k ? "core.threads=1" : "core.threads=4");
        ck_assert_int_eq (save_numbers ("f.toypipe", ITEMS, settings), TENON_OK);
        file = kit_load ("f.toypipe", &sizes[k]);
        if (k == 0)
            memcpy (first = malloc (sizes[0]), file, sizes[0]);
    }
    ck_assert_uint_eq (sizes[0], sizes[1]);
    ck_assert_mem_eq (first, file, sizes[0]);
    free (first);
}
END_TEST

/* What does not fit into its share of memory goes into a temporary file. */
START_TEST (test_unknown_and_large)
{
    use_plugins (_i, "limits.memory=500kB core.threads=2");
    ck_assert_int_eq (save_numbers ("f.toypipe", ITEMS, "toypipe.steps=pframe,deflate toypipe.unknown=yes"),
                      TENON_E_LIMIT);
    ck_assert_int_eq (save_numbers ("f.toypipe", ITEMS, "toypipe.steps=pframe toypipe.unknown=yes"),
                      TENON_OK);
    expect_numbers ("f.toypipe", ITEMS, "pframe");
}
END_TEST

/* A step that an option names. The settings of an open go to an isolated describe. */
START_TEST (test_named)
{
    use_plugins (_i, NULL);
    ck_assert_int_eq (save_numbers ("f.toypipe", FEW, "toypipe.steps=pshuffle:4 toypipe.last=pframe"),
                      TENON_OK);
    expect_numbers ("f.toypipe", FEW, "pshuffle+pframe");
    tenon_close (kit_open ("f.toypipe", NULL, "toypipe.last=prle"));
    kit_open_fails ("f.toypipe", NULL, "toypipe.last=squash", TENON_E_CONFIG, "there is no filter 'squash'");
}
END_TEST

START_TEST (test_setups)
{
    static const struct {
        const char *steps;
        tenon_status status;
        const char *words;
    } cases[] = {
        { "pshuffle", TENON_E_UNSUPPORTED, "the filter pshuffle cannot begin without a setup" },
        { "pshuffle:0", TENON_E_MALFORMED, "the filter pshuffle refuses its setup of 1 bytes" },
        { "pshuffle:44", TENON_E_MALFORMED, "the filter pshuffle refuses its setup of 2 bytes" },
        { "pshuffle:4,zst", TENON_E_UNSUPPORTED, "there is no filter 'zst'" },
        { "pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,pframe,"
          "pframe,pframe,pframe",
          TENON_E_MISUSE, "17 steps" },
    };
    use_plugins (0, NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char settings[300];
        snprintf (settings, sizeof settings, "toypipe.steps=%s", cases[i].steps);
        kit_failed (save_numbers ("f.toypipe", FEW, settings), cases[i].status, cases[i].words);
    }
    /* … and of a file that says so */
    for (int isolates = 0; isolates < 2; isolates++) {
        static uint8_t changed[100000];
        size_t size;
        use_plugins (isolates, NULL);
        ck_assert_int_eq (save_numbers ("f.toypipe", FEW, "toypipe.steps=pshuffle:4"), TENON_OK);
        const uint8_t *file = kit_load ("f.toypipe", &size);
        memcpy (changed, file, size);
        changed[HEAD + 9] = '0';
        kit_save ("g.toypipe", changed, size);
        kit_open_fails ("g.toypipe", NULL, NULL, TENON_E_MALFORMED,
                        "member 'member.toyraw': …the filter pshuffle refuses its setup of 1 bytes");
        kit_error = (tenon_error) TENON_ERROR_INIT;
    }
}
END_TEST

/* ---- damage ---- */

/* Opens and reads; any failure will do, but success only with the right bytes. */
static tenon_status
read_it (const char *name)
{
    static uint32_t found[ITEMS];
    tenon_file *file = NULL;
    tenon_request request;
    kit_error = (tenon_error) TENON_ERROR_INIT;
    tenon_status status = tenon_open (kit, kit_path (name), NULL, &file, &kit_error);
    if (status < 0)
        return status;
    KIT_INIT (request);
    request.data = found;
    request.size = sizeof found;
    status = tenon_find (file, "n", &request.index);
    if (status == TENON_OK)
        status = tenon_read (file, &request, 1, NULL, &kit_error);
    if (status == TENON_OK)
        status = tenon_verify (file, NULL, NULL, &kit_error);
    if (status == TENON_OK)
        ck_assert_mem_eq (found, numbers, 4 * FEW);
    tenon_close (file);
    return status;
}

/* The member ends at every byte: never success. */
START_TEST (test_truncation)
{
    static uint8_t changed[100000];
    char settings[200];
    size_t size;
    if (_i / 2 == NEEDS_SIZE && _i % 2)
        return;
    use_plugins (0, "core.threads=1");
    snprintf (settings, sizeof settings, "toypipe.steps=%s toypipe.block_size=100 toypipe.unknown=%s",
              pipelines[_i / 2].steps, _i % 2 ? "yes" : "no");
    ck_assert_int_eq (save_numbers ("f.toypipe", FEW, settings), TENON_OK);
    const uint8_t *file = kit_load ("f.toypipe", &size);
    memcpy (changed, file, size);
    kit_save ("g.toypipe", changed, size);
    ck_assert_int_eq (read_it ("g.toypipe"), TENON_OK);
    for (uint64_t stored = 0; stored < size - HEAD - strlen (pipelines[_i / 2].steps); stored++) {
        for (unsigned k = 0; k < 8; k++)
            changed[40 + k] = (uint8_t) (stored >> 8 * k);
        kit_save ("g.toypipe", changed, size);
        tenon_status status = read_it ("g.toypipe");
        ck_assert_msg (status < 0 && status != TENON_E_MISUSE && kit_error.message[0], "%s, %u: %d '%s'",
                       settings, (unsigned) stored, (int) status, kit_error.message);
    }
}
END_TEST

/* Behind the end stands more. */
START_TEST (test_bytes_behind)
{
    static const char *const steps[] = { "deflate",        "pframe",         "toyxor", "pshuffle:4,deflate",
                                         "pframe,deflate", "deflate,pframe", "prle" };
    for (unsigned i = 0; i < 2 * sizeof steps / sizeof steps[0]; i++) {
        static uint8_t changed[100000];
        char settings[200];
        size_t size;
        use_plugins (0, NULL);
        snprintf (settings, sizeof settings, "toypipe.steps=%s toypipe.unknown=%s", steps[i / 2],
                  i % 2 ? "yes" : "no");
        ck_assert_int_eq (save_numbers ("f.toypipe", FEW, settings), TENON_OK);
        const uint8_t *file = kit_load ("f.toypipe", &size);
        memcpy (changed, file, size);
        changed[size] = 7;
        changed[40]++; /* the stored bytes, below 255 here or not */
        if (changed[40] == 0)
            changed[41]++;
        kit_save ("g.toypipe", changed, size + 1);
        tenon_status status = read_it ("g.toypipe");
        ck_assert_msg (status < 0 && status != TENON_E_MISUSE, "%s: %d '%s'", settings, (int) status,
                       kit_error.message);
    }
}
END_TEST

START_TEST (test_wrong_checksum)
{
    static uint8_t changed[100000];
    size_t size;
    for (int unknown = 0; unknown < 2; unknown++) {
        use_plugins (_i, NULL);
        ck_assert_int_eq (save_numbers ("f.toypipe", FEW,
                                        unknown ? "toypipe.steps=pshuffle:4,pframe toypipe.unknown=yes"
                                                : "toypipe.steps=pshuffle:4,pframe"),
                          TENON_OK);
        const uint8_t *file = kit_load ("f.toypipe", &size);
        memcpy (changed, file, size);
        changed[16] ^= 1;
        kit_save ("g.toypipe", changed, size);
        kit_failed (read_it ("g.toypipe"), TENON_E_CHECKSUM, "its data have the checksum");
    }
}
END_TEST

/* ---- checksums ---- */

/* Of the decoded bytes: zlib's, and a CRC-32C bit by bit. */
static uint32_t
plain_sum (uint32_t kind, const uint8_t *bytes, size_t length)
{
    uint32_t crc = UINT32_MAX;
    if (kind != TENON_CHECK_CRC32C)
        return (uint32_t) (kind == TENON_CHECK_CRC32 ? crc32 (0, bytes, (uInt) length)
                                                     : adler32 (1, bytes, (uInt) length));
    for (size_t i = 0; i < 8 * length; i++) {
        crc ^= i % 8 == 0 ? bytes[i / 8] : 0;
        crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
    }
    return ~crc;
}

static uint32_t
saved_sum (const char *name)
{
    size_t size;
    const uint8_t *file = kit_load (name, &size);
    return file[16] | (uint32_t) file[17] << 8 | (uint32_t) file[18] << 16 | (uint32_t) file[19] << 24;
}

/* A kind that later versions may have. */
START_TEST (test_unknown_kind)
{
    static uint8_t changed[1000];
    size_t size;
    use_plugins (_i, NULL);
    kit_failed (save_numbers ("f.toypipe", FEW, "toypipe.check=4"), TENON_E_UNSUPPORTED,
                "this version knows no checksum of kind 4");
    ck_assert_int_eq (save_numbers ("f.toypipe", FEW, "toypipe.check=3"), TENON_OK);
    const uint8_t *file = kit_load ("f.toypipe", &size);
    ck_assert_uint_le (size, sizeof changed);
    memcpy (changed, file, size);
    changed[50] = 4;
    kit_save ("g.toypipe", changed, size);
    kit_failed (read_it ("g.toypipe"), TENON_E_UNSUPPORTED, "this version knows no checksum of kind 4");
}
END_TEST

/* Each kind: of pieces, of blocks and of all at once; right sums and wrong ones. */
START_TEST (test_checks)
{
    static const char *const ways[] = { "",
                                        "deflate",
                                        "deflate toypipe.block_size=10kB",
                                        "deflate toypipe.block_size=10kB toypipe.blocks=yes",
                                        "prle",
                                        "pframe,pframe toypipe.block_size=10kB toypipe.blocks=yes",
                                        "toyxor",
                                        "pshuffle:4,deflate toypipe.unknown=yes",
                                        "pframe toypipe.unknown=yes" };
    static uint8_t changed[500000];
    uint32_t sums[2] = { 0 }, kind = (uint32_t) _i / 2 + 1;
    for (unsigned k = 0; k < 2 * sizeof ways / sizeof ways[0]; k++) {
        char settings[200];
        size_t items = k % 2 ? FEW : ITEMS, size;
        use_plugins (_i % 2, k % 4 < 2 ? "core.threads=1" : "core.threads=3");
        snprintf (settings, sizeof settings, "toypipe.check=%u toypipe.steps=", kind);
        if (k < 2) { /* as it is: the decoded bytes stand there */
            ck_assert_int_eq (save_numbers ("f.toypipe", items, settings), TENON_OK);
            const uint8_t *file = kit_load ("f.toypipe", &size);
            sums[k] = plain_sum (kind, file + HEAD, size - HEAD);
        }
        strcat (settings, ways[k / 2]);
        ck_assert_int_eq (save_numbers ("f.toypipe", items, settings), TENON_OK);
        ck_assert_uint_eq (saved_sum ("f.toypipe"), sums[k % 2]);
        tenon_file *opened = kit_open ("f.toypipe", NULL, NULL);
        ck_assert_int_eq (tenon_verify (opened, NULL, NULL, &kit_error), TENON_OK);
        kit_data (opened, "n", "", numbers, 4 * items);
        tenon_close (opened);
        const uint8_t *file = kit_load ("f.toypipe", &size);
        ck_assert_uint_le (size, sizeof changed);
        memcpy (changed, file, size);
        changed[16] ^= 1;
        kit_save ("g.toypipe", changed, size);
        kit_failed (read_it ("g.toypipe"), TENON_E_CHECKSUM, "its data have the checksum");
    }
}
END_TEST

/* ---- filters that lie ---- */

static void
expect_failure (int isolates, const char *steps, const char *settings, int unknown, tenon_status status,
                const char *words)
{
    char text[300];
    use_plugins (isolates, settings);
    snprintf (text, sizeof text, "toypipe.steps=%s toypipe.unknown=%s", steps, unknown ? "yes" : "no");
    ck_assert_int_eq (save_numbers ("f.toypipe", FEW, text), TENON_OK);
    kit_failed (read_it ("f.toypipe"), status, words);
}

START_TEST (test_lies)
{
    for (int unknown = 0; unknown < 2; unknown++) {
        expect_failure (_i, "pstuck", NULL, unknown, TENON_E_MALFORMED, "its pstuck data are damaged near");
        expect_failure (_i, "pstuck,deflate", NULL, unknown, TENON_E_MALFORMED,
                        "its pstuck+deflate data are damaged near");
        expect_failure (_i, "deflate,pstuck", NULL, unknown, TENON_E_MALFORMED,
                        "its deflate+pstuck data are damaged near");
        expect_failure (_i, "pframe,pendless", NULL, unknown, TENON_E_MALFORMED, "data are damaged near");
        expect_failure (_i, "prle,pendless", "limits.memory=300kB", unknown, TENON_E_LIMIT,
                        "the filter pendless decodes it to more than");
        expect_failure (_i, "prle,pmore", NULL, unknown, TENON_E_MISUSE,
                        "the filter pmore asked for room for 65537 bytes, and then for more");
    }
    expect_failure (_i, "pendless", NULL, 0, TENON_E_MALFORMED, "");
    expect_failure (_i, "pendless", "limits.inflated_ratio=1100", 1, TENON_E_LIMIT,
                    "it inflates to more than 1048576 bytes; raise inflated_ratio in [limits]");
    expect_failure (_i, "pendless", "limits.inflated_bytes=70kB", 1, TENON_E_LIMIT,
                    "it inflates to more than 70000 bytes; raise inflated_bytes in [limits]");
    expect_failure (_i, "pmore", NULL, 1, TENON_E_MISUSE, "the filter pmore asked for room for");
    expect_failure (_i, "pwhole", NULL, 1, TENON_E_UNSUPPORTED,
                    "the filter pwhole needs to know how many bytes it decodes to");
}
END_TEST

START_TEST (test_bound)
{
    use_plugins (0, NULL);
    kit_failed (save_numbers ("f.toypipe", FEW, "toypipe.steps=pbound"), TENON_E_MISUSE,
                "the filter pbound failed to encode");
    kit_failed (save_numbers ("f.toypipe", FEW, "toypipe.steps=pframe,pbound,deflate"), TENON_E_MISUSE,
                "the filter pbound failed to encode");
    ck_assert (!kit_exists ("f.toypipe"));
}
END_TEST

/* A filter with one block needs all of a member in memory. */
START_TEST (test_one_block)
{
    use_plugins (0, "limits.memory=300kB");
    kit_failed (save_numbers ("f.toypipe", ITEMS, "toypipe.steps=prle"), TENON_E_LIMIT,
                "the filter prle encodes only all at once, and there are more than");
    ck_assert_int_eq (save_numbers ("f.toypipe", ITEMS, "toypipe.steps=pframe"), TENON_OK);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "good");
    tcase_add_loop_test (tests, test_pipelines, 0, 2 * (int) PIPELINES);
    tcase_add_test (tests, test_blocks);
    tcase_add_loop_test (tests, test_same_bytes, 0, (int) PIPELINES);
    tcase_add_loop_test (tests, test_named, 0, 2);
    tcase_add_loop_test (tests, test_unknown_and_large, 0, 2);
    tcase_add_test (tests, test_setups);
    tests = kit_case (suite, "damage");
    tcase_add_loop_test (tests, test_truncation, 0, 2 * (int) PIPELINES);
    tcase_add_test (tests, test_bytes_behind);
    tcase_add_loop_test (tests, test_wrong_checksum, 0, 2);
    tests = kit_case (suite, "checks");
    tcase_add_loop_test (tests, test_checks, 0, 2 * TENON_CHECK_ADLER32);
    tcase_add_loop_test (tests, test_unknown_kind, 0, 2);
    tests = kit_case (suite, "lies");
    tcase_add_loop_test (tests, test_lies, 0, 2);
    tcase_add_test (tests, test_bound);
    tcase_add_test (tests, test_one_block);
}

int
main (void)
{
    return kit_main ("filters", fill_suite);
}
