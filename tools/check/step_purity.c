/* SPDX-License-Identifier: MIT */
/* step_purity.c - the same bytes give the same catalog and the same data, whenever, wherever and in whatever
 * way they are opened. */
#include "check/check.h"
#include "check/leaks.h"
#include "check/reading.h"
#include "library.h"
#include "memory.h"
#include <inttypes.h>
#include <locale.h>
#include <time.h>

/* Bytes that an open may leave behind: more than what a list of malloc's own may vary. */
#define LEAK_BYTES 100

/* The items of each sample. */
enum { ITEM_TWICE, ITEM_WAYS, ITEM_CONTEXT, ITEM_ELSEWHERE, ITEM_ISOLATED, ITEM_LEAKS, ITEM_AT_LAST, ITEMS };

struct purity {
    struct check *check;
    uint64_t from;
    tenon_context *context, *isolated;
    bool no_isolation;
    struct catalog *first; /* of each sample, as it was opened first; without entries: it was left out */
    unsigned *what;        /* of each sample, CATALOG_* */
};

static void
compare_catalogs (struct purity *purity, uint64_t number, const struct catalog *expected,
                  const struct catalog *found, const char *how)
{
    char words[CATALOG_WORDS];
    check_counted (purity->check);
    if (catalog_differs (expected, found, false, words))
        check_found (purity->check, RULE_PURE, purity->check->samples[number].name, "%s, %s", how, words);
}

/* What is compared of a sample: of a large one all but the data. */
static unsigned
choose_what (struct check *check, tenon_context *context, const struct check_sample *sample, bool *alone)
{
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (file) tenon_file *file = NULL;
    *alone = false;
    if (tenon_open (context, sample->path, NULL, &file, &error) < 0)
        return CATALOG_ALL & ~(unsigned) CATALOG_NOTES;
    *alone = reading_is_alone (file, sample->path);
    if (file_get (file).nbytes <= READING_MOST)
        return CATALOG_ALL;
    check_left_out (check, "%s: its data, which are larger than %u MiB", sample->name,
                    (unsigned) (READING_MOST >> 20));
    return CATALOG_ALL & ~(unsigned) CATALOG_DATA;
}

/* In the other ways the bytes are not named by a path, which notes may have, and a part has other offsets. */
static void
check_ways (struct purity *purity, uint64_t number)
{
    const struct check_sample *sample = &purity->check->samples[number];
    struct reading_bytes bytes;
    if (!reading_load (sample->path, &bytes))
        return;
    for (enum reading_way way = READING_NO_MAP; way < READING_WAYS; way++) {
        unsigned what = purity->what[number] & ~(unsigned) CATALOG_NOTES;
        if (way == READING_PART)
            what &= ~(unsigned) CATALOG_LAYOUT;
        CLEAN (catalog) struct catalog expected = { 0 }, found = { 0 };
        reading_catalog (purity->context, sample, &bytes, READING_PATH, what, &expected);
        reading_catalog (purity->context, sample, &bytes, way, what, &found);
        compare_catalogs (purity, number, &expected, &found, reading_words (way));
    }
    CLEAN (bytes) struct reading_bytes after = { 0 };
    check_counted (purity->check);
    if (!reading_load (sample->path, &after) || after.size != bytes.size
        || memcmp (after.bytes, bytes.bytes, bytes.size) != 0)
        check_found (purity->check, RULE_PURE, sample->name, "reading the file changed it");
    reading_forget (&bytes);
}

static void
check_again (struct purity *purity, uint64_t number, tenon_context *context, const char *how)
{
    CLEAN (catalog) struct catalog found = { 0 };
    reading_catalog (context, &purity->check->samples[number], NULL, READING_PATH, purity->what[number],
                     &found);
    compare_catalogs (purity, number, &purity->first[number], &found, how);
}

static void
check_other_context (struct purity *purity, uint64_t number)
{
    CLEAN (context) tenon_context *context = check_context (purity->check, NULL);
    if (context)
        check_again (purity, number, context, "opened in another context");
}

/* Another locale and another time zone, as another program may have them. */
static void
check_elsewhere (struct purity *purity, uint64_t number)
{
    static const char *const locales[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "tr_TR.UTF-8", "C.UTF-8" };
    char locale[256], zone[256];
    const char *old_zone = getenv ("TZ");
    snprintf (locale, sizeof locale, "%s", setlocale (LC_ALL, NULL));
    snprintf (zone, sizeof zone, "%s", old_zone ? old_zone : "");
    for (size_t i = 0; i < COUNT_OF (locales) && !setlocale (LC_ALL, locales[i]); i++)
        ;
    setenv ("TZ", "Asia/Tokyo", 1);
    tzset ();
    check_again (purity, number, purity->context, "opened in another locale and time zone");
    if (old_zone)
        setenv ("TZ", zone, 1);
    else
        unsetenv ("TZ");
    tzset ();
    setlocale (LC_ALL, locale);
}

/* Valgrind makes system calls of its own, which an isolated process may not. */
static bool
is_valgrind (void)
{
    const char *preloaded = getenv ("LD_PRELOAD");
    return preloaded && strstr (preloaded, "valgrind");
}

/* Without isolation on this system there is nothing to compare. */
static void
check_isolated (struct purity *purity, uint64_t number)
{
    static const char *const settings[] = { "core.isolate=yes", NULL };
    tenon_context_options options = { .struct_size = sizeof options,
                                      .flags = TENON_CONTEXT_NO_FILES,
                                      .settings = settings };
    tenon_error error = TENON_ERROR_INIT;
    if (!purity->isolated && !purity->no_isolation && is_valgrind ()) {
        check_left_out (purity->check, "isolation: it does not work under valgrind");
        purity->no_isolation = true;
    } else if (!purity->isolated && !purity->no_isolation) {
        CLEAN (context) tenon_context *probe = NULL;
        purity->no_isolation = tenon_context_new (&probe, &options, &error) < 0;
        if (purity->no_isolation)
            check_left_out (purity->check, "isolation: %s", error.message);
        else
            purity->isolated = check_context (purity->check, settings);
    }
    if (purity->isolated)
        check_again (purity, number, purity->isolated, "opened in an isolated process");
}

static void
check_leaks (struct purity *purity, uint64_t number)
{
    const struct check_sample *sample = &purity->check->samples[number];
    unsigned times;
    uint64_t left = leaks_of (purity->check, sample, &times);
    check_counted (purity->check);
    if (left > LEAK_BYTES)
        check_found (purity->check, RULE_LEAVES, sample->name,
                     "each of %u times that it was opened and closed left %" PRIu64 " bytes of memory behind",
                     times, left);
}

/* The very first call of the plugin in this process gives what later ones give. */
static void
check_first (struct purity *purity, uint64_t number, bool *alone)
{
    const struct check_sample *sample = &purity->check->samples[number];
    const unsigned what = CATALOG_ALL & ~(unsigned) CATALOG_DATA;
    CLEAN (catalog) struct catalog first = { 0 }, later = { 0 };
    reading_catalog (purity->context, sample, NULL, READING_PATH, what, &first);
    purity->what[number] = choose_what (purity->check, purity->context, sample, alone);
    reading_catalog (purity->context, sample, NULL, READING_PATH, what, &later);
    compare_catalogs (purity, number, &first, &later, "opened once more");
}

/* The items of a sample but for the last one. */
static void
check_purity_of (struct purity *purity, uint64_t i)
{
    const char *name = purity->check->samples[i].name;
    uint64_t number = i * ITEMS, from = purity->from;
    bool alone;
    if (number + ITEM_AT_LAST <= from || number + ITEM_TWICE + 1 == from)
        return; /* another child did all of it, or cannot even open it */
    check_item (purity->check, from, number + ITEM_TWICE, "opening and reading %s", name);
    check_first (purity, i, &alone);
    reading_catalog (purity->context, &purity->check->samples[i], NULL, READING_PATH, purity->what[i],
                     &purity->first[i]);
    check_again (purity, i, purity->context, "opened a second time");
    if (alone && check_item (purity->check, from, number + ITEM_WAYS, "opening %s in other ways", name))
        check_ways (purity, i);
    if (check_item (purity->check, from, number + ITEM_CONTEXT, "opening %s in another context", name))
        check_other_context (purity, i);
    if (check_item (purity->check, from, number + ITEM_ELSEWHERE, "opening %s in another locale", name))
        check_elsewhere (purity, i);
    if (check_item (purity->check, from, number + ITEM_ISOLATED, "opening %s isolated", name))
        check_isolated (purity, i);
    if (leaks_are_counted ()
        && check_item (purity->check, from, number + ITEM_LEAKS, "opening %s again and again", name))
        check_leaks (purity, i);
}

static void
run_purity (struct check *check, uint64_t from)
{
    uint64_t samples = reading_count (check);
    struct purity purity = { .check = check, .from = from, .context = check_context (check, NULL) };
    if (!purity.context)
        return;
    purity.first = get_memory (NULL, samples, sizeof *purity.first);
    purity.what = get_memory (NULL, samples, sizeof *purity.what);
    memset (purity.first, 0, samples * sizeof *purity.first);
    for (uint64_t i = 0; i < samples; i++)
        check_purity_of (&purity, i);
    for (uint64_t i = 0; i < samples; i++)
        if (check_item (check, from, samples * ITEMS + i, "opening %s after the others",
                        check->samples[i].name)
            && purity.first[i].count > 0)
            check_again (&purity, i, purity.context, "opened after the other samples");
    for (uint64_t i = 0; i < samples; i++)
        catalog_free (&purity.first[i]);
    free (purity.first);
    free (purity.what);
    tenon_context_free (purity.isolated);
    tenon_context_free (purity.context);
}

const struct check_step check_purity_step = { "purity", "the same bytes give the same catalog and data",
                                              run_purity };
