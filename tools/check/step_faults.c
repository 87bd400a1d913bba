/* SPDX-License-Identifier: MIT */
/* step_faults.c - each service that may need memory finds none, once: the function of the plugin ends with
 * TENON_E_MEMORY, and nothing else happens. The library counts the services (TENON_DEBUG=abi,fail=N). */
#include "check/making.h"
#include "check/reading.h"
#include "library.h"
#include "memory.h"
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

/* Seconds for all samples and codecs, and at least for each of them. */
#define MOST_SECONDS 10.0
#define LEAST_SECONDS 0.2
/* Services one after the other; then steps grow with the number, by this part of it. */
#define EACH 128
#define PART 32
/* After so many runs without a failure no service is left. More than one, since a plugin need not be asked
 * whether it recognises a file. */
#define QUIET_RUNS 6

struct faults {
    struct check *check;
    uint64_t from, fail_at;
    bool short_of_time;
    tenon_error error;
};

/* A context in which the service number `fail_at` finds no memory; 0: none. */
static tenon_context *
faulty_context (struct faults *faults, uint64_t fail_at)
{
    char words[64];
    snprintf (words, sizeof words, "abi,fail=%" PRIu64, fail_at);
    setenv ("TENON_DEBUG", words, 1);
    tenon_context *context = check_context (faults->check, NULL);
    setenv ("TENON_DEBUG", "abi", 1);
    return context;
}

static void
tell_fault (struct faults *faults, const char *subject, const char *what)
{
    check_found (faults->check, RULE_MEMORY, subject,
                 "the service %" PRIu64 " that needs memory found none: %s", faults->fail_at, what);
}

/* ---- reading ---- */

/* Opens a sample and takes its catalog, or that of the failure. */
static void
take_sample (struct faults *faults, tenon_context *context, const struct check_sample *sample,
             struct catalog *catalog)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = sample->codec };
    tenon_file *file = NULL;
    faults->error = (tenon_error) TENON_ERROR_INIT;
    if (tenon_open (context, sample->path, &options, &file, &faults->error) < 0)
        catalog_take_failure (catalog, &faults->error, true);
    else
        catalog_take (catalog, context, file, CATALOG_ALL);
    tenon_close (file);
}

/* True if the service failed, and the plugin with it. Else all must be as it is with memory. */
static bool
check_reading_fault (struct faults *faults, const struct check_sample *sample, const struct catalog *expected)
{
    CLEAN (context) tenon_context *context = faulty_context (faults, faults->fail_at);
    char words[CATALOG_WORDS];
    struct catalog found;
    if (!context)
        return false;
    take_sample (faults, context, sample, &found);
    check_counted (faults->check);
    bool differs = catalog_differs (expected, &found, false, words);
    if (differs && faults->error.status < 0 && faults->error.status != TENON_E_MEMORY)
        tell_fault (faults, sample->name, faults->error.message);
    else if (differs && faults->error.status == TENON_OK && !strstr (words, "TENON_E_MEMORY"))
        tell_fault (faults, sample->name, words);
    catalog_free (&found);
    return differs;
}

/* The next service to fail. */
static uint64_t
next_fault (uint64_t fail_at)
{
    return fail_at + 1 + (fail_at > EACH ? fail_at / PART : 0);
}

static void
check_reading_faults (struct faults *faults, uint64_t number, double seconds)
{
    const struct check_sample *sample = &faults->check->samples[number];
    uint64_t base = number << 32;
    double end = reading_clock () + seconds;
    CLEAN (context) tenon_context *context = faulty_context (faults, 0);
    CLEAN (catalog) struct catalog expected = { 0 };
    check_item (faults->check, faults->from, base, "reading %s", sample->name);
    if (!context)
        return;
    take_sample (faults, context, sample, &expected);
    unsigned quiet = faults->error.status < 0 ? QUIET_RUNS : 0;
    for (uint64_t at = 1; quiet < QUIET_RUNS; at = next_fault (at)) {
        if (reading_clock () > end) {
            faults->short_of_time = true;
            return;
        }
        faults->fail_at = at;
        if (check_item (faults->check, faults->from, base + at,
                        "reading %s when the service %" PRIu64 " finds no memory", sample->name, at))
            quiet = check_reading_fault (faults, sample, &expected) ? 0 : quiet + 1;
    }
}

/* ---- writing ---- */

/* True if the service failed. */
APART static bool
check_writing_fault (struct faults *faults, const tenon_codec_info *codec, const struct making *making,
                     const char *path)
{
    CLEAN (context) tenon_context *context = faulty_context (faults, faults->fail_at);
    CLEAN (plan) tenon_plan *plan = context ? making_plan (context, making, &faults->error) : NULL;
    struct stat status;
    if (!plan)
        return false;
    faults->error = (tenon_error) TENON_ERROR_INIT;
    check_counted (faults->check);
    tenon_status result = made_save (plan, codec, path, 0, NULL, NULL, &faults->error);
    if (result < 0 && result != TENON_E_MEMORY)
        tell_fault (faults, codec->id, faults->error.message);
    else if (result < 0 && lstat (path, &status) == 0)
        tell_fault (faults, codec->id, "the save failed and left a file");
    return result < 0;
}

/* The save goes to a name of its own each time, so that what one leaves is noticed. */
static void
check_writing_faults (struct faults *faults, tenon_context *context, const tenon_codec_info *codec,
                      uint64_t base, double seconds)
{
    CLEAN (making_list) struct making_list list = { 0 };
    double end = reading_clock () + seconds;
    bool fails = true;
    check_item (faults->check, faults->from, base, "writing %s", codec->id);
    making_list_make (context, codec, NULL, NULL, &list);
    for (uint64_t at = 1; fails && list.count > 0; at = next_fault (at)) {
        if (reading_clock () > end) {
            faults->short_of_time = true;
            return;
        }
        const char *extension = codec->extensions && codec->extensions[0] ? codec->extensions[0] : codec->id;
        CLEAN (text)
        char *path = check_path (faults->check, "fault-%s-%" PRIu64 ".%s", codec->id, at, extension);
        faults->fail_at = at;
        if (check_item (faults->check, faults->from, base + at,
                        "writing %s when the service %" PRIu64 " finds no memory", codec->id, at))
            fails = check_writing_fault (faults, codec, &list.items[0], path);
    }
}

static uint64_t
check_all_writing (struct faults *faults, uint64_t samples, double seconds)
{
    CLEAN (context) tenon_context *context = faulty_context (faults, 0);
    tenon_codec_info codec;
    uint64_t codecs = 0;
    for (uint64_t i = 0; context && check_next_codec (faults->check, context, &i, &codec); codecs++)
        if (codec.flags & TENON_CAN_WRITE && !(codec.flags & TENON_CAN_ARCHIVE)
            && samples + codecs >= faults->from >> 32)
            check_writing_faults (faults, context, &codec, (samples + codecs) << 32, seconds);
    return codecs;
}

/* ---- the step ---- */

static void
run_faults (struct check *check, uint64_t from)
{
    uint64_t samples = reading_count (check);
    double seconds = MOST_SECONDS / (double) (samples + 1);
    struct faults *faults = get_memory (NULL, 1, sizeof *faults);
    *faults = (struct faults){ .check = check, .from = from, .error = TENON_ERROR_INIT };
    seconds = seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS;
    for (uint64_t i = from >> 32; i < samples; i++)
        check_reading_faults (faults, i, seconds);
    if (check_all_writing (faults, samples, seconds) == 0)
        check_left_out (check, "filters and dtypes get no memory from the library, so it cannot run out");
    else if (faults->short_of_time)
        check_left_out (check, "the last services of samples and codecs that call many, for want of time");
    free (faults);
}

const struct check_step check_faults_step = { "faults", "without memory a plugin fails, and does no more",
                                              run_faults };
