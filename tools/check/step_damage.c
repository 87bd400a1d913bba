/* SPDX-License-Identifier: MIT */
/* step_damage.c - damaged files are refused with a reason, or read, but never crash a plugin, keep it busy,
 * take its memory or make it break the rules of the interface. */
#include "check/check.h"
#include "check/copies.h"
#include "check/damage.h"
#include "check/tally.h"
#include "library.h"
#include <inttypes.h>
#include <sys/resource.h>
#include <time.h>

/* Seconds for all samples, and at least for each of them. */
#define MOST_SECONDS 20.0
#define LEAST_SECONDS 0.1
/* Data of a tensor that are read; of a larger one the first and the last item. */
#define MOST_BYTES ((uint64_t) 1 << 20)
/* Without a format that is given the codec has to be recognised: by the first bytes, if at all. */
#define MAGIC_BYTES 64
/* So many refusals tell whether most have a place. */
#define FEW_REFUSALS 8
/* Seconds of the processor that a damaged file may take beyond SLOWER times those of the whole one. */
#define SLOW_SECONDS 1.0
#define SLOWER 50
/* A context remembers the calls of its plugins (TENON_DEBUG=abi): after so many damaged copies there is a new
 * one.
 */
#define DAMAGES_OF_CONTEXT 512
/* Bytes of memory beyond the limits of opening (64 MiB and 32 times the file), for what a context keeps. */
#define SLACK ((uint64_t) 192 << 20)
#define MEMORY_RATIO 32

struct damaging {
    struct check *check;
    tenon_context *context;
    struct copy copy;
    struct damage damage;
    struct tally tally;
    const char *format;        /* of the sample; NULL: it is recognised each time */
    double usual;              /* seconds of the processor for the whole file */
    uint64_t usual_memory;     /* bytes of the process, at most, so far */
    bool of_whole;             /* no byte is to blame more than another */
    uint64_t done, left_out;   /* damaged copies */
    uint64_t placed, unplaced; /* refusals to open, with and without the place of the fault */
    char unplaced_words[700];  /* the first one without */
    char where[300];           /* which damage of which file */
    bool is_cut;               /* bytes are missing, and none is changed */
    tenon_error error;         /* of the last call */
};

static double
processor_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* The most memory that the process had. */
static uint64_t
peak_memory (void)
{
    struct rusage usage;
    getrusage (RUSAGE_SELF, &usage);
    return (uint64_t) usage.ru_maxrss * 1024;
}

/* ---- what a refusal may be ---- */

/* The statuses that bytes can have. */
static bool
is_of_bytes (tenon_status status)
{
    return status == TENON_E_MALFORMED || status == TENON_E_TRUNCATED || status == TENON_E_UNSUPPORTED
           || status == TENON_E_LIMIT || status == TENON_E_NOT_FOUND || status == TENON_E_CHECKSUM
           || status == TENON_E_UNRECOGNISED || status == TENON_E_AMBIGUOUS;
}

/* The library says so for a codec that returned a status without recording it. */
static bool
lacks_words (const char *message)
{
    size_t length = strlen (message);
    return strstr (message, "failed without saying why") || length < 3
           || strcmp (message + length - 2, ": ") == 0;
}

/* What is missing has no place, and neither have some faults that the library finds: so not every refusal has
 * one. */
static void
count_place (struct damaging *damaging)
{
    const tenon_error *error = &damaging->error;
    if ((error->status != TENON_E_MALFORMED && error->status != TENON_E_TRUNCATED) || damaging->of_whole)
        return;
    if (error->offset != UINT64_MAX || *error->tensor)
        damaging->placed++;
    else if (damaging->unplaced++ == 0)
        snprintf (damaging->unplaced_words, sizeof damaging->unplaced_words, "%s: %.300s", damaging->where,
                  error->message);
}

/* In a file that was cut all numbers are right: no place lies beyond the whole file. A changed number may say
 * that something is there, and a refusal repeat it. Other files of the sample, and what members decode to,
 * have sizes of their own. */
static bool
lies_beyond (const struct damaging *damaging)
{
    const tenon_error *error = &damaging->error;
    return damaging->is_cut && damaging->copy.count == 1 && error->offset != UINT64_MAX
           && error->offset > damaging->damage.size && !strstr (error->file, "member '");
}

static void
judge_places (struct damaging *damaging, const char *sample)
{
    uint64_t all = damaging->placed + damaging->unplaced;
    if (all >= FEW_REFUSALS && damaging->placed < all / 2)
        check_found (damaging->check, RULE_OFFSET, sample,
                     "%" PRIu64 " of %" PRIu64 " refusals do not say where, such as: %s", damaging->unplaced,
                     all, damaging->unplaced_words);
    damaging->placed = damaging->unplaced = 0;
}

static void
judge_refusal (struct damaging *damaging, const char *what)
{
    const tenon_error *error = &damaging->error;
    char message[1300];
    enum check_rule rule;
    if (error->status == TENON_E_MISUSE || error->status > 0 || error->status < TENON_E_LAST)
        rule = RULE_MISUSE;
    else if (error->status == TENON_E_MEMORY)
        rule = RULE_BOUNDED;
    else if (!is_of_bytes (error->status) || lacks_words (error->message) || !*error->file)
        rule = RULE_REASON;
    else if (lies_beyond (damaging))
        rule = RULE_OFFSET;
    else {
        count_place (damaging);
        return;
    }
    int length = snprintf (message, sizeof message, "%s%s: %s", what, tenon_status_name (error->status),
                           error->message);
    if (rule == RULE_OFFSET && length > 0 && (size_t) length < sizeof message)
        snprintf (message + length, sizeof message - (size_t) length,
                  " (at byte %" PRIu64 " of a file of %" PRIu64 " bytes)", error->offset,
                  damaging->damage.size);
    tally_add (&damaging->tally, rule, damaging->where, message);
}

/* ---- what opens in spite of the damage ---- */

static int
drop_bytes (void *user, const void *data, uint64_t size)
{
    (void) user, (void) data, (void) size;
    return 0;
}

static void
read_tensor_of (struct damaging *damaging, tenon_file *file, const tenon_tensor_info *info, uint64_t index,
                bool last)
{
    uint64_t start[64], count[64];
    tenon_request request = { .struct_size = sizeof request, .index = index };
    if (info->nbytes > MOST_BYTES && info->rank > 0 && info->rank <= 64) {
        for (uint32_t i = 0; i < info->rank; i++) {
            start[i] = last ? info->shape[i] - 1 : 0;
            count[i] = 1;
        }
        request.rank = info->rank;
        request.start = start;
        request.count = count;
    }
    if (tenon_stream (file, &request, drop_bytes, NULL, NULL, &damaging->error) < 0
        && !(request.rank > 0 && damaging->error.status == TENON_E_UNSUPPORTED)) /* blocks cannot be cut so */
        judge_refusal (damaging, "reading: ");
}

static void
read_damaged (struct damaging *damaging, tenon_file *file)
{
    struct catalog catalog;
    catalog_take (&catalog, damaging->context, file, CATALOG_ALL & ~(unsigned) CATALOG_DATA);
    catalog_free (&catalog);
    for (uint64_t i = 0, count = tenon_count (file); i < count; i++) {
        tenon_tensor_info info = tensor_get (file, i);
        if (info.unreadable && info.why && lacks_words (info.why))
            tally_add (&damaging->tally, RULE_REASON, damaging->where, info.why);
        if (info.unreadable)
            continue;
        read_tensor_of (damaging, file, &info, i, false);
        if (info.nbytes > MOST_BYTES)
            read_tensor_of (damaging, file, &info, i, true);
    }
}

/* ---- one damage ---- */

static void
open_damaged (struct damaging *damaging, size_t index, const char *format, const void *bytes, uint64_t size)
{
    tenon_file *file = NULL;
    damaging->error = (tenon_error) TENON_ERROR_INIT;
    damaging->is_cut = size < damaging->damage.size;
    check_counted (damaging->check);
    if (copy_open (&damaging->copy, damaging->context, format, index, bytes, size, &file, &damaging->error)
        < 0)
        judge_refusal (damaging, "");
    else
        read_damaged (damaging, file);
    tenon_close (file);
}

static void
judge_cost (struct damaging *damaging, double seconds)
{
    char words[200];
    uint64_t memory = peak_memory ();
    if (seconds > SLOW_SECONDS + SLOWER * damaging->usual) {
        snprintf (words, sizeof words, "it took %.1f seconds, and the undamaged file %.3f", seconds,
                  damaging->usual);
        tally_add (&damaging->tally, RULE_HANG, damaging->where, words);
    }
    if (memory > damaging->usual_memory + SLACK + MEMORY_RATIO * damaging->damage.size) {
        snprintf (words, sizeof words, "the process grew to %" PRIu64 " MiB, from %" PRIu64 " MiB",
                  memory >> 20, damaging->usual_memory >> 20);
        tally_add (&damaging->tally, RULE_BOUNDED, damaging->where, words);
        damaging->usual_memory = memory;
    }
}

static void
try_damage (struct damaging *damaging, size_t index, uint64_t number, uint8_t *room)
{
    uint64_t first = 0, size = damage_make (&damaging->damage, number, room, &first);
    double begin = processor_clock ();
    damaging->of_whole = damage_is_of_whole (&damaging->damage, number);
    open_damaged (damaging, index, damaging->format, room, size);
    if (damaging->format && (first < MAGIC_BYTES || number % 16 == 0))
        open_damaged (damaging, index, NULL, room, size);
    judge_cost (damaging, processor_clock () - begin);
}

/* ---- one file of a sample ---- */

static void
describe_item (struct damaging *damaging, size_t index, uint64_t number)
{
    char words[100];
    damage_words (&damaging->damage, number, words, sizeof words);
    snprintf (damaging->where, sizeof damaging->where, "%s%s%s", words,
              damaging->copy.in_memory ? "" : ", file ",
              damaging->copy.in_memory ? "" : damaging->copy.names[index]);
}

/* Opens the whole file, for its headers and its time. False: there is nothing to damage. */
static bool
start_file (struct damaging *damaging, size_t index, const struct reading_bytes *bytes)
{
    CLEAN (file) tenon_file *file = NULL;
    double begin = processor_clock ();
    const char *format = damaging->format;
    if (copy_open (&damaging->copy, damaging->context, format, index, bytes->bytes, bytes->size, &file,
                   &damaging->error)
        < 0)
        return false;
    read_damaged (damaging, file);
    damaging->usual = processor_clock () - begin;
    damaging->usual_memory = peak_memory ();
    damage_start (&damaging->damage, bytes, file, reading_name (damaging->copy.names[index]));
    return true;
}

static bool
renew_context (struct damaging *damaging)
{
    tenon_context_free (damaging->context);
    damaging->context = check_context (damaging->check, NULL);
    return damaging->context != NULL;
}

static void
damage_file (struct damaging *damaging, uint64_t from, uint64_t base, size_t index, double seconds)
{
    struct check *check = damaging->check;
    CLEAN (bytes) struct reading_bytes bytes = { 0 };
    if (!copy_load (&damaging->copy, index, &bytes) || !start_file (damaging, index, &bytes))
        return;
    CLEAN (text) char *room = get_memory (NULL, bytes.size + 1, 1);
    uint64_t count = damage_count (&damaging->damage), number = 0;
    double end = reading_clock () + seconds;
    for (; number < count && (number % 8 > 0 || reading_clock () < end); number++) {
        if (number % DAMAGES_OF_CONTEXT == DAMAGES_OF_CONTEXT - 1 && !renew_context (damaging))
            break;
        describe_item (damaging, index, number);
        if (check_item (check, from, base + number, "reading %s %s", damaging->copy.sample->name,
                        damaging->where))
            try_damage (damaging, index, number, (uint8_t *) room);
    }
    damaging->done += number;
    damaging->left_out += count - number;
    copy_restore (&damaging->copy, index, &bytes);
    damage_end (&damaging->damage);
}

/* The sample opens with its format given, too; else it is recognised each time. */
static void
choose_format (struct damaging *damaging, const struct check_sample *sample)
{
    tenon_open_options options = { .struct_size = sizeof options, .format = sample->codec };
    tenon_file *file = NULL;
    damaging->format = sample->codec;
    if (!sample->codec || tenon_open (damaging->context, sample->path, &options, &file, &damaging->error) < 0)
        damaging->format = NULL;
    tenon_close (file);
}

static void
damage_sample (struct damaging *damaging, uint64_t from, uint64_t number, double seconds)
{
    const struct check_sample *sample = &damaging->check->samples[number];
    check_item (damaging->check, from, number << 40, "opening %s", sample->name);
    choose_format (damaging, sample);
    if (!copy_make (&damaging->copy, damaging->check, damaging->context, sample, number))
        check_left_out (damaging->check, "%s: it cannot be copied", sample->name);
    else
        for (size_t i = 0; i < damaging->copy.count; i++)
            damage_file (damaging, from, (number << 40 | (uint64_t) i << 32) + 1, i,
                         seconds / (double) damaging->copy.count);
    if (damaging->copy.left_out > 0)
        check_left_out (damaging->check, "%s: %" PRIu64 " of its files", sample->name,
                        damaging->copy.left_out);
    tally_tell (&damaging->tally, damaging->check, sample->name);
    judge_places (damaging, sample->name);
    copy_free (&damaging->copy);
}

static void
run_damage (struct check *check, uint64_t from)
{
    uint64_t samples = reading_count (check);
    double seconds = MOST_SECONDS / (double) (samples ? samples : 1);
    struct damaging *damaging = get_memory (NULL, 1, sizeof *damaging);
    *damaging = (struct damaging){ .check = check, .context = check_context (check, NULL) };
    for (uint64_t i = from >> 40; i < samples && damaging->context; i++)
        damage_sample (damaging, from, i, seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS);
    if (damaging->left_out > 0)
        check_left_out (check,
                        "%" PRIu64 " of %" PRIu64
                        " damaged copies, spread over the samples: there was no time left",
                        damaging->left_out, damaging->left_out + damaging->done);
    tenon_context_free (damaging->context);
    free (damaging);
}

const struct check_step check_damage_step = { "damage", "damaged files are refused with a reason, or read",
                                              run_damage };
