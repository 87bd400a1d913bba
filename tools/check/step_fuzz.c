/* SPDX-License-Identifier: MIT */
/* step_fuzz.c - damaged samples, as long as --fuzz says: each is opened, read and verified. What ends the
 * process stays as a file. */
#include "check/making.h"
#include "library.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* A sample is damaged if it has at most so many bytes. */
#define MOST_BYTES ((uint64_t) 1 << 20)
/* Inputs in an item, after which the report can tell that it moves. */
#define INPUTS 200

struct seed {
    uint8_t *bytes;
    uint64_t size;
    const struct check_sample *sample;
};
struct fuzzer {
    struct check *check;
    tenon_context *context;
    struct seed *seeds;
    size_t count;
    uint64_t state; /* of the random numbers */
    char *path;     /* of the input */
    uint8_t *input;
    uint64_t size;
};

static uint64_t
below (struct fuzzer *fuzzer, uint64_t end)
{
    return end ? made_random (&fuzzer->state) % end : 0;
}

/* ---- seeds ---- */

static APART bool
read_seed (struct seed *seed, const struct check_sample *sample)
{
    struct stat about;
    FILE *file = fopen (sample->path, "rb");
    if (!file || fstat (fileno (file), &about) < 0 || !S_ISREG (about.st_mode) || about.st_size == 0
        || (uint64_t) about.st_size > MOST_BYTES) {
        if (file)
            fclose (file);
        return false;
    }
    seed->sample = sample;
    seed->bytes = get_memory (NULL, (size_t) about.st_size, 1);
    seed->size = fread (seed->bytes, 1, (size_t) about.st_size, file);
    fclose (file);
    return seed->size > 0;
}

/* ---- damage ---- */

/* Numbers at which arithmetic goes wrong. */
static uint64_t
odd_number (struct fuzzer *fuzzer)
{
    static const uint64_t odd[] = { 0,          1,         0x7f,       0x80,        0xff,        0x7fff,
                                    0x8000,     0xffff,    0x7fffffff, 0x80000000u, 0xffffffffu, 1ull << 32,
                                    1ull << 62, INT64_MAX, 1ull << 63, UINT64_MAX };
    uint64_t number = odd[below (fuzzer, COUNT_OF (odd))];
    return number + below (fuzzer, 3) - 1;
}

/* Overwrites the input with `length` bytes, which are cut at its end. */
static void
put_bytes (struct fuzzer *fuzzer, uint64_t at, const void *bytes, uint64_t length)
{
    uint64_t left = fuzzer->size - at;
    memcpy (fuzzer->input + at, bytes, length < left ? length : left);
}

static void
put_odd (struct fuzzer *fuzzer)
{
    uint64_t width = (uint64_t) 1 << below (fuzzer, 4), number = odd_number (fuzzer);
    uint64_t at = below (fuzzer, fuzzer->size) / width * width;
    uint8_t bytes[8];
    bool big = below (fuzzer, 4) == 0;
    for (uint64_t i = 0; i < width; i++)
        bytes[i] = (uint8_t) (number >> 8 * (big ? width - 1 - i : i));
    put_bytes (fuzzer, at, bytes, width);
}

/* Bytes that a sample has, somewhere else. */
static void
put_piece (struct fuzzer *fuzzer)
{
    const struct seed *seed = &fuzzer->seeds[below (fuzzer, fuzzer->count)];
    uint64_t from = below (fuzzer, seed->size), length = 1 + below (fuzzer, 64);
    if (length > seed->size - from)
        length = seed->size - from;
    put_bytes (fuzzer, below (fuzzer, fuzzer->size), seed->bytes + from, length);
}

/* Bytes go, or come twice: all that follows moves. */
static void
move_rest (struct fuzzer *fuzzer, bool away)
{
    uint64_t length = 1 + below (fuzzer, 32), at = below (fuzzer, fuzzer->size);
    if (length > fuzzer->size - at)
        length = fuzzer->size - at;
    if (away) {
        memmove (fuzzer->input + at, fuzzer->input + at + length, fuzzer->size - at - length);
        fuzzer->size -= length;
    } else if (fuzzer->size + length <= 2 * MOST_BYTES) {
        memmove (fuzzer->input + at + length, fuzzer->input + at, fuzzer->size - at);
        fuzzer->size += length;
    }
}

static void
change_input (struct fuzzer *fuzzer)
{
    if (fuzzer->size == 0)
        return;
    uint64_t at = below (fuzzer, fuzzer->size);
    switch (below (fuzzer, 8)) {
    case 0:
    case 1: fuzzer->input[at] ^= (uint8_t) (1u << below (fuzzer, 8)); break;
    case 2: fuzzer->input[at] = (uint8_t) below (fuzzer, 256); break;
    case 3: put_odd (fuzzer); break;
    case 4: put_piece (fuzzer); break;
    case 5: move_rest (fuzzer, true); break;
    case 6: move_rest (fuzzer, false); break;
    default:
        if (below (fuzzer, 4) == 0)
            fuzzer->size = at;
        break;
    }
}

/* ---- one input ---- */

static APART void
read_tensors (tenon_file *file)
{
    tenon_error error = TENON_ERROR_INIT;
    for (uint64_t i = 0; i < tenon_count (file) && i < 64; i++) {
        CLEAN (memory) tenon_memory *memory = NULL;
        tenon_request request = { .struct_size = sizeof request, .index = i };
        if (tensor_get (file, i).nbytes <= MOST_BYTES)
            tenon_load (file, &request, 1, &memory, NULL, &error);
    }
    tenon_verify (file, NULL, NULL, &error);
}

/* The input as a file: when the process ends, the file stays for the report. */
static APART void
try_input (struct fuzzer *fuzzer, const struct seed *seed)
{
    CLEAN (file) tenon_file *file = NULL;
    tenon_error error = TENON_ERROR_INIT;
    tenon_open_options options = { .struct_size = sizeof options,
                                   .format = seed->sample->codec,
                                   .flags = TENON_OPEN_ALONE };
    int fd = open (fuzzer->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    bool written = fd >= 0 && write (fd, fuzzer->input, fuzzer->size) == (ssize_t) fuzzer->size;
    if (fd >= 0)
        close (fd);
    if (!written)
        return;
    tenon_status status = tenon_open (fuzzer->context, fuzzer->path, &options, &file, &error);
    if (status == TENON_OK)
        read_tensors (file);
    else if (status == TENON_E_MISUSE || error.message[0] == 0) {
        CLEAN (text) char *kept = NULL;
        if (asprintf (&kept, "%s.kept", fuzzer->path) > 0 && rename (fuzzer->path, kept) == 0)
            check_found (fuzzer->check, RULE_MISUSE, kept, "%s: %s", tenon_status_name (status),
                         error.message);
    }
}

/* ---- the step ---- */

static double
seconds_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* An item: some inputs, whose random numbers depend on the seed and the item alone. Each input has a file of
 * its own in a folder that is not the work folder, which goes: what was tried last stays after a crash. */
static APART void
fuzz_item (struct fuzzer *fuzzer, uint64_t seed_number, uint64_t item, double end)
{
    fuzzer->state = seed_number ^ item * 0x9e3779b97f4a7c15u;
    for (unsigned i = 0; i < INPUTS && seconds_now () < end; i++) {
        const struct seed *seed = &fuzzer->seeds[below (fuzzer, fuzzer->count)];
        memcpy (fuzzer->input, seed->bytes, seed->size);
        fuzzer->size = seed->size;
        for (uint64_t k = 1 + below (fuzzer, 6); k > 0; k--)
            change_input (fuzzer);
        try_input (fuzzer, seed);
        check_counted (fuzzer->check);
    }
    unlink (fuzzer->path);
}

/* When --fuzz ends. A child that goes on after a crash has what is left: the work folder keeps the time. */
static double
fuzz_end (const struct check *check)
{
    CLEAN (text) char *path = check_path (check, "fuzz.end");
    double end = seconds_now () + check->fuzz_seconds;
    FILE *file = fopen (path, "r");
    if (file && fscanf (file, "%lf", &end) != 1)
        end = 0;
    if (file) {
        fclose (file);
        return end;
    }
    file = fopen (path, "w");
    if (file) {
        fprintf (file, "%.3f\n", end);
        fclose (file);
    }
    return end;
}

static void
run_fuzz (struct check *check, uint64_t from)
{
    struct fuzzer fuzzer = { .check = check };
    size_t samples = 0;
    if (check->fuzz_seconds <= 0)
        return;
    double end = fuzz_end (check);
    uint64_t seed_number = (uint64_t) end * 1000003;
    for (const struct check_sample *sample = check->samples; sample->path; sample++)
        samples++;
    fuzzer.seeds = get_memory (NULL, samples + 1, sizeof *fuzzer.seeds);
    for (size_t i = 0; i < samples; i++)
        fuzzer.count += read_seed (&fuzzer.seeds[fuzzer.count], &check->samples[i]);
    fuzzer.input = get_memory (NULL, 2 * MOST_BYTES, 1);
    for (uint64_t item = from; fuzzer.count && seconds_now () < end; item++) {
        free (fuzzer.path);
        if (asprintf (&fuzzer.path, "%s/tenon-fuzz-%s-%llu-%llu",
                      getenv ("TMPDIR") ? getenv ("TMPDIR") : "/tmp", check->plugin,
                      (unsigned long long) seed_number, (unsigned long long) item)
            < 0)
            break;
        /* the library notes down calls to check the rules: not of all items */
        tenon_context_free (fuzzer.context);
        fuzzer.context = check_context (check, NULL);
        if (fuzzer.context
            && check_item (check, from, item, "a damaged sample, which is in %s,", fuzzer.path))
            fuzz_item (&fuzzer, seed_number, item, end);
    }
    if (fuzzer.count == 0)
        check_left_out (check, "damaged samples: there is no sample of at most 1 MiB");
    for (size_t i = 0; i < fuzzer.count; i++)
        free (fuzzer.seeds[i].bytes);
    free (fuzzer.seeds);
    free (fuzzer.input);
    free (fuzzer.path);
    tenon_context_free (fuzzer.context);
}

const struct check_step check_fuzz_step = { "fuzz", "samples are damaged at random, as long as --fuzz says",
                                            run_fuzz };
