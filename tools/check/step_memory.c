/* SPDX-License-Identifier: MIT */
/* step_memory.c - each service that may need memory finds none, once: the function of the plugin ends with
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

struct shortage {
    struct check *check;
    uint64_t from, fail_at;
    bool short_of_time;
    tenon_error error;
};

/* A context in which the service number `fail_at` finds no memory; 0: none. */
static tenon_context *
starved_context (struct shortage *shortage, uint64_t fail_at)
{
    char words[64];
    snprintf (words, sizeof words, "abi,fail=%" PRIu64, fail_at);
    setenv ("TENON_DEBUG", words, 1);
    tenon_context *context = check_context (shortage->check, NULL);
    setenv ("TENON_DEBUG", "abi", 1);
    return context;
}

static void
tell_shortage (struct shortage *shortage, const char *subject, const char *what)
{
    check_found (shortage->check, RULE_MEMORY, subject,
                 "the service %" PRIu64 " that needs memory found none: %s", shortage->fail_at, what);
}

/* ---- reading ---- */

/* Opens a sample and takes its catalog, or that of the failure. */
static void
take_sample (struct shortage *shortage, tenon_context *context, const struct check_sample *sample,
             struct catalog *catalog)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = sample->codec };
    tenon_file *file = NULL;
    shortage->error = (tenon_error) TENON_ERROR_INIT;
    if (tenon_open (context, sample->path, &options, &file, &shortage->error) < 0)
        catalog_take_failure (catalog, &shortage->error, true);
    else
        catalog_take (catalog, context, file, CATALOG_ALL);
    tenon_close (file);
}

/* True if the service failed, and the plugin with it. Else all must be as it is with memory. */
static bool
read_starved (struct shortage *shortage, const struct check_sample *sample, const struct catalog *expected)
{
    CLEAN (context) tenon_context *context = starved_context (shortage, shortage->fail_at);
    char words[CATALOG_WORDS];
    struct catalog found;
    if (!context)
        return false;
    take_sample (shortage, context, sample, &found);
    check_counted (shortage->check);
    bool differs = catalog_differs (expected, &found, false, words);
    if (differs && shortage->error.status < 0 && shortage->error.status != TENON_E_MEMORY)
        tell_shortage (shortage, sample->name, shortage->error.message);
    else if (differs && shortage->error.status == TENON_OK && !strstr (words, "TENON_E_MEMORY"))
        tell_shortage (shortage, sample->name, words);
    catalog_free (&found);
    return differs;
}

/* The next service to fail. */
static uint64_t
next_service (uint64_t fail_at)
{
    return fail_at + 1 + (fail_at > EACH ? fail_at / PART : 0);
}

static void
check_reading (struct shortage *shortage, uint64_t number, double seconds)
{
    const struct check_sample *sample = &shortage->check->samples[number];
    uint64_t base = number << 32;
    double end = reading_clock () + seconds;
    CLEAN (context) tenon_context *context = starved_context (shortage, 0);
    CLEAN (catalog) struct catalog expected = { 0 };
    check_item (shortage->check, shortage->from, base, "reading %s", sample->name);
    if (!context)
        return;
    take_sample (shortage, context, sample, &expected);
    unsigned quiet = shortage->error.status < 0 ? QUIET_RUNS : 0;
    for (uint64_t at = 1; quiet < QUIET_RUNS; at = next_service (at)) {
        if (reading_clock () > end) {
            shortage->short_of_time = true;
            return;
        }
        shortage->fail_at = at;
        if (check_item (shortage->check, shortage->from, base + at,
                        "reading %s when the service %" PRIu64 " finds no memory", sample->name, at))
            quiet = read_starved (shortage, sample, &expected) ? 0 : quiet + 1;
    }
}

/* ---- writing ---- */

/* True if the service failed. */
APART static bool
write_starved (struct shortage *shortage, const tenon_codec_info *codec, const struct making *making,
               const char *path)
{
    CLEAN (context) tenon_context *context = starved_context (shortage, shortage->fail_at);
    CLEAN (plan) tenon_plan *plan = context ? making_plan (context, making, &shortage->error) : NULL;
    struct stat status;
    if (!plan)
        return false;
    shortage->error = (tenon_error) TENON_ERROR_INIT;
    check_counted (shortage->check);
    tenon_status result = made_save (plan, codec, path, 0, NULL, NULL, &shortage->error);
    if (result < 0 && result != TENON_E_MEMORY)
        tell_shortage (shortage, codec->id, shortage->error.message);
    else if (result < 0 && lstat (path, &status) == 0)
        tell_shortage (shortage, codec->id, "the save failed and left a file");
    return result < 0;
}

/* The save goes to a name of its own each time, so that what one leaves is noticed. */
static void
check_writing (struct shortage *shortage, tenon_context *context, const tenon_codec_info *codec,
               uint64_t base, double seconds)
{
    CLEAN (making_list) struct making_list list = { 0 };
    double end = reading_clock () + seconds;
    bool fails = true;
    check_item (shortage->check, shortage->from, base, "writing %s", codec->id);
    making_list_make (context, codec, NULL, NULL, &list);
    for (uint64_t at = 1; fails && list.count > 0; at = next_service (at)) {
        if (reading_clock () > end) {
            shortage->short_of_time = true;
            return;
        }
        const char *extension = codec->extensions && codec->extensions[0] ? codec->extensions[0] : codec->id;
        CLEAN (text)
        char *path = check_path (shortage->check, "memory-%s-%" PRIu64 ".%s", codec->id, at, extension);
        shortage->fail_at = at;
        if (check_item (shortage->check, shortage->from, base + at,
                        "writing %s when the service %" PRIu64 " finds no memory", codec->id, at))
            fails = write_starved (shortage, codec, &list.items[0], path);
    }
}

static uint64_t
check_all_writing (struct shortage *shortage, uint64_t samples, double seconds)
{
    CLEAN (context) tenon_context *context = starved_context (shortage, 0);
    tenon_codec_info codec;
    uint64_t codecs = 0;
    for (uint64_t i = 0; context && check_next_codec (shortage->check, context, &i, &codec); codecs++)
        if (codec.flags & TENON_CAN_WRITE && !(codec.flags & TENON_CAN_ARCHIVE)
            && samples + codecs >= shortage->from >> 32)
            check_writing (shortage, context, &codec, (samples + codecs) << 32, seconds);
    return codecs;
}

/* ---- the step ---- */

static void
run_memory (struct check *check, uint64_t from)
{
    uint64_t samples = reading_count (check);
    double seconds = MOST_SECONDS / (double) (samples + 1);
    struct shortage *shortage = get_memory (NULL, 1, sizeof *shortage);
    *shortage = (struct shortage){ .check = check, .from = from, .error = TENON_ERROR_INIT };
    seconds = seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS;
    for (uint64_t i = from >> 32; i < samples; i++)
        check_reading (shortage, i, seconds);
    if (check_all_writing (shortage, samples, seconds) == 0)
        check_left_out (check, "filters and dtypes get no memory from the library, so it cannot run out");
    else if (shortage->short_of_time)
        check_left_out (check,
                        "the last services of samples and codecs that call many, there was no time left");
    free (shortage);
}

const struct check_step check_memory_step = { "memory",
                                              "without memory a plugin fails, and does nothing else",
                                              run_memory };
