/* SPDX-License-Identifier: MIT */
/* test_put_grid_many.c - the same chunks from all kinds of sources, to all kinds of targets, on any number of
 * threads. What is expected is computed here, item by item. */
#include "kit.h"
#include <sys/stat.h>

enum { DIMS = 3 };
static const uint64_t shape[DIMS] = { 70, 50, 40 };
#define ITEMS (70 * 50 * 40)
static uint32_t numbers[ITEMS];

/* Most items are 0, so that some chunks are. */
static void
make_numbers (void)
{
    for (uint32_t i = 0; i < ITEMS; i++)
        numbers[i] = i < 40000 ? 0 : i * 2654435761u;
}

struct cut {
    const char *fields; /* of a word of toychunks */
    uint64_t chunk[DIMS];
    unsigned order[DIMS];
    int clipped, skips, frames; /* a step pframe */
};

static const struct cut cuts[] = {
    { "0/16x16x16", { 16, 16, 16 }, { 0, 1, 2 }, 0, 0, 0 },
    { "0/16x16x16/S/spframe", { 16, 16, 16 }, { 0, 1, 2 }, 0, 1, 1 },
    { "0/7x50x40/c", { 7, 50, 40 }, { 0, 1, 2 }, 1, 0, 0 },
    { "0/64x64x64/o2.0.1", { 64, 64, 64 }, { 2, 0, 1 }, 0, 0, 0 },
    { "0/33x5x3/o1.2.0/c/spframe", { 33, 5, 3 }, { 1, 2, 0 }, 1, 0, 1 },
    { "0/70x50x40/S", { 70, 50, 40 }, { 0, 1, 2 }, 0, 1, 0 },
};
enum { CUTS = sizeof cuts / sizeof *cuts };

static uint64_t
count_of (const struct cut *cut, unsigned dim)
{
    return (shape[dim] + cut->chunk[dim] - 1) / cut->chunk[dim];
}

/* The bytes of a chunk; returns their number, and 0 if it is left out. */
static size_t
cut_chunk (const struct cut *cut, const uint64_t *at, uint8_t *to)
{
    uint64_t extent[DIMS], index[DIMS];
    size_t size = 0;
    uint32_t any = 0;
    for (unsigned i = 0; i < DIMS; i++) {
        uint64_t left = shape[i] - at[i] * cut->chunk[i];
        extent[i] = cut->clipped && left < cut->chunk[i] ? left : cut->chunk[i];
    }
    const unsigned *order = cut->order;
    size_t head = cut->frames ? 5 : 0;
    for (index[order[0]] = 0; index[order[0]] < extent[order[0]]; index[order[0]]++)
        for (index[order[1]] = 0; index[order[1]] < extent[order[1]]; index[order[1]]++)
            for (index[order[2]] = 0; index[order[2]] < extent[order[2]]; index[order[2]]++) {
                uint64_t item[DIMS];
                uint32_t number = 0;
                for (unsigned i = 0; i < DIMS; i++)
                    item[i] = at[i] * cut->chunk[i] + index[i];
                if (item[0] < shape[0] && item[1] < shape[1] && item[2] < shape[2])
                    number = numbers[(item[0] * shape[1] + item[1]) * shape[2] + item[2]];
                any |= number;
                for (unsigned b = 0; b < 4; b++, size++)
                    to[head + size] = (uint8_t) (number >> 8 * b) ^ (cut->frames ? 0x33 : 0);
            }
    for (unsigned b = 0; b < 4 && head; b++)
        to[1 + b] = (uint8_t) (size >> 8 * b);
    if (head)
        to[0] = 'F';
    return cut->skips && any == 0 ? 0 : head + size;
}

/* ---- sources ---- */

enum source { MEMORY, FORTRAN_BIG, CALLBACK, FILE_PLAIN, FILE_ENCODED, FILE_BLOCKS, CAST, SOURCES };

static uint8_t turned[sizeof numbers];

static void
turn_numbers (void)
{
    uint8_t *to = turned;
    for (uint64_t k = 0; k < shape[2]; k++)
        for (uint64_t j = 0; j < shape[1]; j++)
            for (uint64_t i = 0; i < shape[0]; i++)
                for (int b = 3; b >= 0; b--)
                    *to++ = (uint8_t) (numbers[(i * shape[1] + j) * shape[2] + k] >> 8 * b);
}

static tenon_status
give_bytes (void *user, uint64_t offset, void *to, uint64_t length)
{
    (void) user;
    memcpy (to, (const uint8_t *) numbers + offset, length);
    return TENON_OK;
}

/* A plan of the numbers; *file is closed afterwards. */
static tenon_plan *
plan_of (enum source source, tenon_file **file)
{
    static const char *const settings[SOURCES] = { [FILE_ENCODED] = "toypipe.steps=pframe",
                                                   [FILE_BLOCKS] =
                                                       "toypipe.steps=pframe toypipe.block_size=50000 "
                                                       "toypipe.blocks=yes" };
    static double wide[ITEMS];
    tenon_plan *plan;
    ck_assert_int_eq (tenon_plan_new (kit, &plan, &kit_error), TENON_OK);
    *file = NULL;
    if (source == FORTRAN_BIG)
        kit_add (plan, "m", "u32", TENON_FORTRAN | TENON_BIG_ENDIAN, DIMS, shape, turned, sizeof turned);
    else if (source == CALLBACK || source == CAST) {
        tenon_array array;
        KIT_INIT (array);
        array.name = "m";
        array.dtype = source == CAST ? TENON_F64 : TENON_U32;
        array.rank = DIMS;
        array.shape = shape;
        if (source == CAST) {
            for (uint32_t i = 0; i < ITEMS; i++)
                wide[i] = numbers[i];
            array.data = wide;
            array.as = TENON_U32;
            array.size = sizeof wide;
        } else {
            array.fill = give_bytes;
            array.size = sizeof numbers;
        }
        ck_assert_msg (tenon_plan_add (plan, &array, &kit_error) == TENON_OK, "%s", kit_error.message);
    } else
        kit_add (plan, "m", "u32", 0, DIMS, shape, numbers, sizeof numbers);
    if (source < FILE_PLAIN || source == CAST)
        return plan;
    const char *name = source == FILE_PLAIN ? "in.toyraw" : "in.toypipe";
    if (!kit_exists (name))
        ck_assert_msg (kit_write (plan, name, NULL, settings[source], NULL) == TENON_OK, "%s",
                       kit_error.message);
    tenon_plan_free (plan);
    *file = kit_open (name, NULL, NULL);
    return kit_plan_of (*file);
}

static const char *const contexts[] = { "core.threads=1", "core.threads=2 limits.memory=300kB",
                                        "core.threads=8" };
enum { CONTEXTS = 3 };

static void
use_context (unsigned number)
{
    if (!kit_exists ("plugins/toyraw.so")) {
        kit_copy ("toychunks", "toychunks");
        kit_copy ("toypipe", "toypipe");
        kit_copy ("toyraw", "toyraw");
        kit_copy_zip ();
    }
    ck_assert_msg (kit_context (contexts[number]) == TENON_OK, "%s", kit_error.message);
}

/* ---- one behind the other ---- */

static uint8_t wanted[2 << 20], chunk_bytes[2 << 20];

static size_t
cut_all (const struct cut *cut, uint8_t *to)
{
    size_t size = 0;
    uint64_t at[DIMS];
    for (at[0] = 0; at[0] < count_of (cut, 0); at[0]++)
        for (at[1] = 0; at[1] < count_of (cut, 1); at[1]++)
            for (at[2] = 0; at[2] < count_of (cut, 2); at[2]++) {
                size_t more = cut_chunk (cut, at, chunk_bytes);
                memcpy (to + size, chunk_bytes, more);
                size += more;
            }
    return size;
}

/* The loop goes over sources. */
START_TEST (test_file)
{
    make_numbers ();
    turn_numbers ();
    for (unsigned c = 0; c < CONTEXTS; c++) {
        use_context (c);
        for (unsigned i = 0; i < CUTS; i++) {
            char words[200], what[100];
            size_t size, found_size;
            tenon_file *file;
            snprintf (words, sizeof words, "toychunks.do=%s", cuts[i].fields);
            snprintf (what, sizeof what, "source %d, %s, %s", _i, contexts[c], cuts[i].fields);
            tenon_plan *plan = plan_of ((enum source) _i, &file);
            ck_assert_msg (kit_write (plan, "out.toychunks", NULL, words, NULL) == TENON_OK, "%s: %s", what,
                           kit_error.message);
            size = cut_all (&cuts[i], wanted);
            const uint8_t *found = kit_load ("out.toychunks", &found_size);
            kit_same (what, found, found_size, wanted, size);
            tenon_plan_free (plan);
            tenon_close (file);
        }
    }
}
END_TEST

/* ---- keys ---- */

/* Each chunk is a key of the store, and nothing else is. */
static void
check_store (const char *name, const struct cut *cut)
{
    tenon_file *file = kit_open (name, NULL, NULL);
    uint64_t at[DIMS], count = 0;
    for (at[0] = 0; at[0] < count_of (cut, 0); at[0]++)
        for (at[1] = 0; at[1] < count_of (cut, 1); at[1]++)
            for (at[2] = 0; at[2] < count_of (cut, 2); at[2]++) {
                char key[60];
                size_t size = cut_chunk (cut, at, chunk_bytes);
                snprintf (key, sizeof key, "t0/%d/%d/%d", (int) at[0], (int) at[1], (int) at[2]);
                if (size > 0)
                    kit_data (file, key, "", chunk_bytes, size);
                count += size > 0;
            }
    ck_assert_uint_eq (tenon_count (file), count);
    tenon_close (file);
}

/* The loop goes over numbers of threads. */
START_TEST (test_keys)
{
    static const enum source sources[] = { MEMORY, CALLBACK, FILE_ENCODED };
    make_numbers ();
    use_context ((unsigned) _i);
    for (unsigned s = 0; s < 3; s++)
        for (unsigned i = 0; i < CUTS; i++) {
            char words[200];
            tenon_file *file;
            snprintf (words, sizeof words, "toychunktree.do=%s/k", cuts[i].fields);
            tenon_plan *plan = plan_of (sources[s], &file);
            ck_assert_msg (kit_write (plan, "out.chunktree", NULL, words, NULL) == TENON_OK, "%s: %s", words,
                           kit_error.message);
            check_store ("out.chunktree", &cuts[i]);
            tenon_plan_free (plan);
            tenon_close (file);
            plan = plan_of (sources[s], &file);
            ck_assert_msg (kit_write (plan, "out.chunktree.zip", NULL, words, NULL) == TENON_OK, "%s: %s",
                           words, kit_error.message);
            check_store ("out.chunktree.zip", &cuts[i]);
            tenon_plan_free (plan);
            tenon_close (file);
        }
}
END_TEST

/* Boxes, as shards are put: any order, also from sources that are read in order. */
START_TEST (test_boxes)
{
    static const struct cut cut = { "", { 35, 25, 40 }, { 0, 1, 2 }, 0, 0, 0 };
    static const uint64_t order[4][DIMS] = { { 1, 1, 0 }, { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 0 } };
    make_numbers ();
    turn_numbers ();
    for (unsigned c = 0; c < CONTEXTS; c++) {
        tenon_file *file;
        size_t size = 0, found_size;
        use_context (c);
        tenon_plan *plan = plan_of ((enum source) _i, &file);
        tenon_status status = kit_write (plan, "out.toychunks", NULL,
                                         "toychunks.do=0/35x25x40/b1x1x0+1x1x1,0/35x25x40/b0x0x0+1x1x1,"
                                         "0/35x25x40/b1x0x0+1x1x1,0/35x25x40/b0x1x0+1x1x1",
                                         NULL);
        ck_assert_msg (status == TENON_OK, "%s", kit_error.message);
        for (unsigned i = 0; i < 4; i++)
            size += cut_chunk (&cut, order[i], wanted + size);
        const uint8_t *found = kit_load ("out.toychunks", &found_size);
        kit_same (contexts[c], found, found_size, wanted, size);
        tenon_plan_free (plan);
        tenon_close (file);
    }
}
END_TEST

/* A chunk that a filter encodes must fit into the memory. */
START_TEST (test_limit)
{
    tenon_file *file;
    make_numbers ();
    use_context (1);
    tenon_plan *plan = plan_of (MEMORY, &file);
    tenon_status status = kit_write (plan, "out.toychunks", NULL, "toychunks.do=0/70x50x40/spframe", NULL);
    kit_failed (status, TENON_E_LIMIT,
                "a chunk of 560000 bytes needs 1120005 bytes of memory to be encoded by the "
                "filter pframe, and 300000 are allowed");
    ck_assert (!kit_exists ("out.toychunks"));
    tenon_plan_free (plan);
}
END_TEST

/* ---- keys that are wrong ---- */

static const struct {
    const char *words, *said;
    tenon_status status;
} wrong[] = {
    { "0/70x50x10/k,0/70x50x10/k", "it puts a chunk twice", TENON_E_MISUSE },
    { "0/70x50x10/k/n", "key of a chunk is empty", TENON_E_MISUSE },
    { "0/70x50x10/k/x0", "outside of an entry", TENON_E_MISUSE },
    { "0/70x50x10/k/x1", "while it names others", TENON_E_MISUSE },
};

START_TEST (test_wrong_keys)
{
    tenon_file *file;
    char words[100];
    make_numbers ();
    for (unsigned c = 0; c < CONTEXTS; c++)
        for (unsigned archive = 0; archive < 2; archive++) {
            const char *name = archive ? "out.chunktree.zip" : "out.chunktree";
            use_context (c);
            tenon_plan *plan = plan_of (MEMORY, &file);
            snprintf (words, sizeof words, "toychunktree.do=%s", wrong[_i].words);
            tenon_status status = kit_write (plan, name, NULL, words, NULL);
            ck_assert_msg (status == wrong[_i].status, "%s: %d, %s", words, status, kit_error.message);
            kit_said (kit_error.message, wrong[_i].said);
            ck_assert (!kit_exists (name));
            tenon_plan_free (plan);
        }
}
END_TEST

/* Files keep their rights, and left-out chunks leave no folder behind. */
START_TEST (test_rights)
{
    struct stat status;
    tenon_file *file;
    make_numbers ();
    use_context (2);
    for (int i = 0; i < 2; i++) {
        tenon_plan *plan = plan_of (MEMORY, &file);
        ck_assert_msg (kit_write (plan, "out.chunktree", NULL, "toychunktree.do=0/10x10x10/S/k", NULL)
                           == TENON_OK,
                       "%s", kit_error.message);
        tenon_plan_free (plan);
        ck_assert (!kit_exists ("out.chunktree/t0/0"));
        ck_assert (kit_exists ("out.chunktree/t0/6/4/3"));
        if (i == 0)
            ck_assert_int_eq (chmod (kit_path ("out.chunktree/t0/6/4/3"), 0640), 0);
    }
    ck_assert_int_eq (stat (kit_path ("out.chunktree/t0/6/4/3"), &status), 0);
    ck_assert_uint_eq (status.st_mode & 0777, 0640);
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *cases = kit_case (suite, "many");
    tcase_add_loop_test (cases, test_file, 0, SOURCES);
    tcase_add_loop_test (cases, test_keys, 0, CONTEXTS);
    tcase_add_loop_test (cases, test_boxes, 0, SOURCES);
    tcase_add_test (cases, test_limit);
    tcase_add_loop_test (cases, test_wrong_keys, 0, (int) (sizeof wrong / sizeof *wrong));
    tcase_add_test (cases, test_rights);
}

int
main (void)
{
    return kit_main ("put_grid_many", fill_suite);
}
