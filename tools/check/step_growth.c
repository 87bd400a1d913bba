/* SPDX-License-Identifier: MIT */
/* step_growth.c - time and memory of saving, opening and reading, at three sizes. */
#include "check/round.h"
#include "library.h"
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZES 3
#define TIMES 8 /* one size is so many times the one before */
/* More than linear: a step of TIMES costs MOST_GROWTH as much, and the cost is at least so many seconds or
 * bytes. Caches and a busy machine make no more of it than a third. */
#define MOST_GROWTH (3.0 * TIMES)
#define LEAST_SECONDS 0.05
#define LEAST_BYTES (64.0 * 1024 * 1024)
/* A size whose cost is beyond this, in seconds, is the last one, and is measured once. */
#define LONG_SECONDS 0.4

enum axis { AXIS_TENSORS, AXIS_BYTES, AXIS_ENTRIES, AXIS_STRINGS, AXES };
static const struct {
    const char *what;
    uint64_t least; /* the smallest size */
} axes[AXES] = { { "tensors", 100 },
                 { "KiB of one tensor", 256 },
                 { "entries of metadata", 100 },
                 { "strings in an entry", 1000 } };
enum work { WORK_SAVE, WORK_OPEN, WORK_READ, WORKS };
static const char *const work_words[WORKS] = { "saving", "opening", "reading" };

struct growth {
    struct round *round;
    struct made_form form;
    uint64_t items, bytes; /* of a block */
    uint64_t unit;         /* blocks of the smallest tensor */
    void *data;            /* for all tensors */
    uint64_t sizes[SIZES];
    double seconds[WORKS][SIZES], memory[WORKS][SIZES];
    unsigned measured; /* sizes */
    char why[256];     /* the next one is refused */
};

/* ---- plans ---- */

static APART bool
add_grown (const struct growth *growth, tenon_plan *plan, const char *name, uint64_t count)
{
    tenon_error error = TENON_ERROR_INIT;
    uint64_t shape[4], blocks = made_shape (&growth->form, growth->items, count, shape);
    tenon_array array = { .struct_size = sizeof array,
                          .dtype = growth->form.dtype,
                          .name = name,
                          .shape = shape,
                          .rank = growth->form.rank,
                          .data = growth->data,
                          .size = blocks * growth->bytes };
    return tenon_plan_add (plan, &array, &error) == TENON_OK;
}

static APART bool
add_strings (tenon_plan *plan, uint64_t count)
{
    tenon_error error = TENON_ERROR_INIT;
    const char **texts = get_memory (NULL, count, sizeof *texts);
    for (uint64_t i = 0; i < count; i++)
        texts[i] = &"abcdefghijklmnop"[i % 16];
    bool works = tenon_plan_set_strings (plan, "strings", TENON_NUL, texts, NULL, count, &error) == TENON_OK;
    free (texts);
    return works;
}

static APART tenon_plan *
grown_plan (const struct growth *growth, enum axis axis, uint64_t size)
{
    tenon_plan *plan = NULL;
    tenon_error error = TENON_ERROR_INIT;
    char name[40];
    bool works = tenon_plan_new (growth->round->context, &plan, &error) == TENON_OK;
    for (uint64_t i = 0; works && axis == AXIS_TENSORS && i < size; i++) {
        snprintf (name, sizeof name, "tensor.%llu", (unsigned long long) i);
        works = add_grown (growth, plan, name, 1);
    }
    if (works && axis != AXIS_TENSORS)
        works = add_grown (growth, plan, "tensor",
                           axis == AXIS_BYTES ? size * 1024 / (growth->bytes * growth->unit) : 1);
    for (uint64_t i = 0; works && axis == AXIS_ENTRIES && i < size; i++) {
        snprintf (name, sizeof name, "check.%llu", (unsigned long long) i);
        works = tenon_plan_set_string (plan, name, TENON_NUL, "a value", TENON_NUL, &error) == TENON_OK;
    }
    if (works && axis == AXIS_STRINGS)
        works = add_strings (plan, size);
    if (works)
        return plan;
    tenon_plan_free (plan);
    return NULL;
}

/* ---- measuring ---- */

static double
used_seconds (void)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
           + (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Bytes of a line of /proc/self/status; 0: the system has none. */
static double
status_bytes (const char *key)
{
    char line[200];
    double kilobytes = 0;
    FILE *file = fopen ("/proc/self/status", "r");
    while (file && fgets (line, sizeof line, file))
        if (strncmp (line, key, strlen (key)) == 0)
            kilobytes = strtod (line + strlen (key), NULL);
    if (file)
        fclose (file);
    return kilobytes * 1024;
}

/* From here on the peak of memory counts. */
static void
reset_peak (void)
{
    FILE *file = fopen ("/proc/self/clear_refs", "w");
    if (!file)
        return;
    fputs ("5", file);
    fclose (file);
}

struct meter {
    double seconds, memory;
};

static struct meter
meter_start (void)
{
    reset_peak ();
    return (struct meter){ used_seconds (), status_bytes ("VmRSS:") };
}

static void
meter_end (struct meter *meter)
{
    meter->seconds = used_seconds () - meter->seconds;
    meter->memory = status_bytes ("VmHWM:") - meter->memory;
}

static APART tenon_status
read_all (tenon_file *file, tenon_error *error)
{
    CLEAN (memory) tenon_memory *memory = NULL;
    uint64_t count = tenon_count (file);
    tenon_request *requests = get_memory (NULL, count + 1, sizeof *requests);
    for (uint64_t i = 0; i < count; i++)
        requests[i] = (tenon_request){ .struct_size = sizeof *requests, .index = i };
    tenon_status status = tenon_load (file, requests, count, &memory, NULL, error);
    free (requests);
    return status;
}

/* Saves, opens and reads once. False: the plan is refused. */
static APART bool
measure_once (struct growth *growth, tenon_plan *plan, const char *path, struct meter meters[WORKS])
{
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    round_remove (path);
    memset (meters, 0, WORKS * sizeof *meters);
    meters[WORK_SAVE] = meter_start ();
    if (made_save (plan, &growth->round->codec, path, 0, NULL, NULL, &error) < 0) {
        snprintf (growth->why, sizeof growth->why, "%.255s", error.message);
        return false;
    }
    meter_end (&meters[WORK_SAVE]);
    if (!(growth->round->codec.flags & TENON_CAN_READ))
        return true;
    meters[WORK_OPEN] = meter_start ();
    if (made_open (growth->round->context, &growth->round->codec, path, NULL, &file, &error) < 0) {
        check_found (growth->round->check, error.status == TENON_E_LIMIT ? RULE_LINEAR_TIME : RULE_READS_OWN,
                     growth->round->subject, "what it saved cannot be opened: %s", error.message);
        return false;
    }
    meter_end (&meters[WORK_OPEN]);
    meters[WORK_READ] = meter_start ();
    if (read_all (file, &error) < 0)
        return false;
    meter_end (&meters[WORK_READ]);
    return true;
}

/* The best of three. Returns the seconds of all works together; negative: it is refused. */
static APART double
measure_size (struct growth *growth, enum axis axis, unsigned size)
{
    struct meter meters[WORKS];
    CLEAN (text) char *path = round_path (growth->round);
    CLEAN (plan) tenon_plan *plan = grown_plan (growth, axis, growth->sizes[size]);
    double all = 0;
    for (unsigned k = 0; k < 3 && all < LONG_SECONDS; k++) {
        if (!plan || !measure_once (growth, plan, path, meters))
            return -1;
        for (unsigned work = 0; work < WORKS; work++) {
            double *seconds = &growth->seconds[work][size], *memory = &growth->memory[work][size];
            *seconds = k == 0 || meters[work].seconds < *seconds ? meters[work].seconds : *seconds;
            *memory = k == 0 || meters[work].memory < *memory ? meters[work].memory : *memory;
            all += meters[work].seconds;
        }
    }
    round_remove (path);
    return all;
}

/* ---- judging ---- */

/* Whether costs grow by more than the size, in each step that was measured. What is below a hundredth of the
 * least cost is not told from nothing. */
static bool
grows_faster (const double *costs, unsigned count, double least)
{
    double floor = least / 100;
    if (count < 2 || costs[count - 1] < least)
        return false;
    double last = costs[count - 2] > floor ? costs[count - 2] : floor;
    if (costs[count - 1] / last < MOST_GROWTH)
        return false;
    return count < 3 || costs[1] < 2 * floor || costs[1] / (costs[0] > floor ? costs[0] : floor) > TIMES;
}

static APART void
judge_growth (const struct growth *growth, enum axis axis)
{
    unsigned last = growth->measured - 1;
    for (unsigned work = 0; growth->measured > 1 && work < WORKS; work++) {
        const double *seconds = growth->seconds[work], *memory = growth->memory[work];
        check_counted (growth->round->check);
        if (grows_faster (seconds, growth->measured, LEAST_SECONDS))
            check_found (growth->round->check, RULE_LINEAR_TIME, growth->round->subject,
                         "%s a file of %llu %s takes %.3f s, and of %llu %.3f s", work_words[work],
                         (unsigned long long) growth->sizes[last - 1], axes[axis].what, seconds[last - 1],
                         (unsigned long long) growth->sizes[last], seconds[last]);
        if (grows_faster (memory, growth->measured, LEAST_BYTES))
            check_found (growth->round->check, RULE_LINEAR_MEMORY, growth->round->subject,
                         "%s a file of %llu %s takes %.0f MiB, and of %llu %.0f MiB", work_words[work],
                         (unsigned long long) growth->sizes[last - 1], axes[axis].what,
                         memory[last - 1] / 1048576, (unsigned long long) growth->sizes[last],
                         memory[last] / 1048576);
    }
}

/* ---- the step ---- */

/* Files of a folder take their time: fewer of them. */
static APART bool
makes_folder (const struct growth *growth)
{
    struct stat about;
    tenon_error error = TENON_ERROR_INIT;
    CLEAN (text) char *path = round_path (growth->round);
    CLEAN (plan) tenon_plan *plan = grown_plan (growth, AXIS_TENSORS, 1);
    bool folder = plan && made_save (plan, &growth->round->codec, path, 0, NULL, NULL, &error) == TENON_OK
                  && stat (path, &about) == 0 && S_ISDIR (about.st_mode);
    round_remove (path);
    return folder;
}

static APART void
grow_axis (struct growth *growth, enum axis axis, bool folder)
{
    double all = 0;
    growth->measured = 0;
    *growth->why = 0;
    for (unsigned i = 0; i < SIZES && all < LONG_SECONDS; i++) {
        growth->sizes[i] = i ? growth->sizes[i - 1] * TIMES : axes[axis].least;
        if (i == 0 && folder && axis == AXIS_TENSORS)
            growth->sizes[0] /= 40;
        all = measure_size (growth, axis, i);
        if (all < 0)
            break;
        growth->measured++;
    }
    if (growth->measured < 2)
        check_left_out (growth->round->check, "%s: files with more %s: they are refused%s%s",
                        growth->round->subject, axes[axis].what, *growth->why ? ": " : "", growth->why);
    judge_growth (growth, axis);
}

static APART void
grow_codec (struct round *round, uint64_t from, uint64_t *number)
{
    struct tenon_dtype about = TENON_INIT (about);
    struct growth growth = { .round = round, .form = making_form (round->context, &round->codec) };
    uint64_t seed = 1, most = axes[AXIS_BYTES].least * 1024 * TIMES * TIMES;
    if (growth.form.dtype == TENON_NONE) {
        check_left_out (round->check, "%s: larger files: it takes none of the tensors that are tried",
                        round->subject);
        return;
    }
    if (tenon_dtype_get (round->context, NULL, growth.form.dtype, &about) < 0)
        return;
    growth.items = about.block_items;
    growth.bytes = about.block_bytes;
    growth.unit = growth.form.rank < 3 ? 1 : 3;
    growth.data = calloc (1, most + growth.bytes * growth.unit);
    if (growth.data && about.kind == TENON_KIND_PLAIN && growth.form.dtype != TENON_BOOL)
        made_bytes (&seed, growth.data, most);
    bool folder = growth.data && makes_folder (&growth);
    for (unsigned axis = 0; growth.data && axis < AXES; axis++)
        if ((axis != AXIS_TENSORS || round->codec.max_tensors == 0)
            && (axis != AXIS_ENTRIES || round->codec.metadata > 0)
            && (axis != AXIS_STRINGS || round->codec.metadata > 1)
            && check_item (round->check, from, (*number)++, "files of the codec %s with many %s",
                           round->codec.id, axes[axis].what))
            grow_axis (&growth, axis, folder);
    free (growth.data);
}

static void
run_growth (struct check *check, uint64_t from)
{
    tenon_codec_info codec;
    uint64_t number = 0, written = 0;
    tenon_context *context = check_context (check, NULL);
    for (uint64_t i = 0; context && check_next_codec (check, context, &i, &codec);)
        if (codec.flags & TENON_CAN_WRITE && !(codec.flags & TENON_CAN_ARCHIVE)) {
            struct round round;
            round_start (&round, check, context, &codec);
            grow_codec (&round, from, &number);
            written++;
        }
    if (context && written == 0)
        check_left_out (check, "larger files: the plugin writes none");
    tenon_context_free (context);
}

const struct check_step check_growth_step = {
    "growth", "time and memory are linear in the number and the size of tensors and metadata", run_growth
};
