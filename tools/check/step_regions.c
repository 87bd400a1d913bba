/* SPDX-License-Identifier: MIT */
/* step_regions.c - each region of a tensor has the items that the whole tensor has there: boxes with offsets
 * and steps, casts, streams, strides, on one and on several threads and in little memory. The whole tensor,
 * read at once, is the truth. */
#include "check/check.h"
#include "check/reading.h"
#include "check/regions.h"
#include "library.h"
#include "memory.h"

/* Bytes of the largest tensor of which regions are read. */
#define MOST_BYTES ((uint64_t) 16 << 20)
/* Tensors of a sample. */
#define MOST_TENSORS 64
/* Seconds for all samples, and at least for each of them. */
#define MOST_SECONDS 10.0
#define LEAST_SECONDS 0.4
/* A strided result may be so many times as large as the packed one, and some bytes. */
#define MOST_BOX_BYTES ((uint64_t) 1 << 20)

enum { CONTEXT_LITTLE = 2 /* has little memory */, CONTEXTS = 3 };
static const char *const settings_of[CONTEXTS][4] = {
    { NULL },
    { "core.threads=1", NULL },
    { "core.threads=4", "limits.memory=64KiB", NULL },
};
static const char *const words_of[CONTEXTS] = { "", " on one thread", " on four threads in little memory" };

struct regions {
    struct check *check;
    tenon_context *contexts[CONTEXTS];
    const struct check_sample *sample;
    tenon_file *files[CONTEXTS]; /* the sample */
    double end;                  /* of the time for the sample */
    uint64_t left_out;           /* tensors, because the time was up, or for their size */
    uint64_t limited;            /* reads that need more memory than CONTEXT_LITTLE has */

    /* the tensor */
    uint64_t index;
    tenon_tensor_info info;
    uint32_t dtype; /* as which it is read; TENON_NONE: as stored */
    const char *as; /* " as f32" */
    struct box_tensor whole;
    struct box box;
    tenon_error error; /* of the last failure */
    bool told;         /* one finding for each tensor is enough */
};

static void
tell_region (struct regions *regions, const char *how, const char *what)
{
    char place[300];
    box_words (&regions->box, &regions->whole, place, sizeof place);
    check_found (regions->check, RULE_REGIONS, regions->sample->name, "tensor \"%s\", the box %s%s%s: %s",
                 regions->info.name, place, regions->as, how, what);
    regions->told = true;
}

/* Reads one box in one way, and compares it with the whole. */
static void
check_box (struct regions *regions, unsigned context, enum region_way way)
{
    char words[600], how[100];
    uint8_t *found;
    snprintf (how, sizeof how, "%s%s", region_words (way), words_of[context]);
    check_counted (regions->check);
    tenon_status status =
        region_read (regions->files[context], regions->index, regions->dtype, &regions->box,
                     regions->whole.together, regions->whole.unit, way, &found, &regions->error);
    if (status == REGION_OVERFLOW)
        tell_region (regions, how, "the result has another size than the box");
    else if (status == TENON_E_LIMIT && context == CONTEXT_LITTLE)
        regions->limited++; /* a filter may need more: a window of zstd */
    else if (status < 0)
        tell_region (regions, how, regions->error.message);
    else {
        uint64_t number = box_differs (&regions->box, &regions->whole, found);
        if (number != UINT64_MAX) {
            box_tell (&regions->box, &regions->whole, number, found, words, sizeof words);
            tell_region (regions, how, words);
        }
        free (found);
    }
}

/* All boxes: each is read, and in one more way; contexts take turns. */
static void
check_boxes (struct regions *regions, uint64_t *seed)
{
    for (uint64_t kind = 0, kinds = box_kinds (&regions->whole); kind < kinds && !regions->told; kind++) {
        if (reading_clock () > regions->end)
            return;
        box_make (&regions->box, &regions->whole, kind, seed);
        check_box (regions, (unsigned) (kind % CONTEXTS), REGION_READ);
        enum region_way way = (enum region_way) (1 + kind % (REGION_WAYS - 1));
        uint64_t bytes = box_units (&regions->box) * regions->whole.unit;
        bool strided = regions->whole.together == 1 && bytes > 0 && bytes < MOST_BOX_BYTES;
        if (!regions->told && (way != REGION_STRIDED || strided))
            check_box (regions, (unsigned) ((kind + 1) % CONTEXTS), way);
    }
}

/* ---- the whole ---- */

/* All of it, in each way and context. */
static void
check_whole (struct regions *regions)
{
    box_all (&regions->box, &regions->whole);
    for (unsigned context = 0; context < CONTEXTS; context++)
        for (enum region_way way = REGION_READ; way < REGION_WAYS && !regions->told; way++)
            if (way != REGION_STRIDED || (regions->whole.together == 1 && regions->info.nbytes > 0))
                check_box (regions, context, way);
}

/* The tensor as it lies in the file, from the bytes in C order and little-endian. */
static uint8_t *
store_order (const struct regions *regions, const struct tenon_dtype *dtype)
{
    const struct box_tensor *whole = &regions->whole;
    uint64_t units = regions->info.nbytes / whole->unit, unit = whole->unit;
    uint8_t *bytes = get_memory (NULL, regions->info.nbytes, 1);
    for (uint64_t i = 0; i < units; i++) {
        uint64_t number = i, from = 0, distance = units;
        for (uint32_t d = 0; d < whole->rank && regions->info.flags & TENON_FORTRAN; d++) {
            distance /= whole->shape[d];
            from += number % whole->shape[d] * distance;
            number /= whole->shape[d];
        }
        memcpy (bytes + i * unit, whole->bytes + (regions->info.flags & TENON_FORTRAN ? from : i) * unit,
                unit);
    }
    for (uint64_t i = 0; i < units * dtype->swap_count && regions->info.flags & TENON_BIG_ENDIAN; i++) {
        const struct tenon_swap_field *field = &dtype->swap[i % dtype->swap_count];
        uint8_t *at = bytes + i / dtype->swap_count * unit + field->offset;
        for (uint32_t n = 0; n < field->count; n++, at += field->size)
            for (uint32_t k = 0; k < field->size / 2; k++) {
                uint8_t kept = at[k];
                at[k] = at[field->size - 1 - k];
                at[field->size - 1 - k] = kept;
            }
    }
    return bytes;
}

/* What lies in the file, read and mapped. */
static void
check_stored (struct regions *regions, const struct tenon_dtype *dtype)
{
    const tenon_tensor_info *info = &regions->info;
    if (info->storage != 0 || info->strides || info->nbytes == 0)
        return;
    CLEAN (text) char *expected = (char *) store_order (regions, dtype);
    CLEAN (text) char *found = get_memory (NULL, info->nbytes, 1);
    tenon_request request = { .struct_size = sizeof request,
                              .flags = TENON_REQUEST_AS_STORED,
                              .index = regions->index,
                              .data = found,
                              .size = info->nbytes };
    const void *mapped;
    uint64_t size;
    check_counted (regions->check);
    if (tenon_read (regions->files[0], &request, 1, NULL, &regions->error) < 0)
        check_found (regions->check, RULE_REGIONS, regions->sample->name, "tensor \"%s\", as stored: %s",
                     info->name, regions->error.message);
    else if (memcmp (found, expected, info->nbytes) != 0)
        check_found (regions->check, RULE_REGIONS, regions->sample->name,
                     "tensor \"%s\": its bytes as stored are not those of its items", info->name);
    if (tenon_map (regions->files[0], regions->index, &mapped, &size, &regions->error) == TENON_OK
        && (size != info->nbytes || memcmp (mapped, expected, size) != 0))
        check_found (regions->check, RULE_REGIONS, regions->sample->name,
                     "tensor \"%s\": its mapped bytes are not those of its items", info->name);
}

/* ---- casts ---- */

/* A dtype that the tensor can be read as, and whose items stand by themselves. */
static uint32_t
choose_cast (const struct regions *regions)
{
    static const uint32_t targets[] = { TENON_F32, TENON_F64, TENON_C128, TENON_I64, TENON_BF16 };
    for (size_t i = 0; i < COUNT_OF (targets); i++)
        if (targets[i] != regions->info.dtype
            && tenon_dtype_castable (regions->contexts[0], regions->info.dtype, targets[i]))
            return targets[i];
    return TENON_NONE;
}

/* Boxes that are cast have the items of the whole, cast in memory. */
static void
check_casts (struct regions *regions, uint64_t *seed)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    uint32_t target = choose_cast (regions);
    if (target == TENON_NONE || tenon_dtype_get (regions->contexts[0], NULL, target, &dtype) < 0
        || regions->info.elements * dtype.block_bytes > 2 * MOST_BYTES || regions->told)
        return;
    struct box_tensor stored = regions->whole;
    uint64_t size = regions->info.elements * dtype.block_bytes;
    CLEAN (text) char *cast = get_memory (NULL, size, 1);
    char as[64];
    if (tenon_cast (regions->contexts[0], regions->info.dtype, stored.bytes, regions->info.nbytes, target,
                    cast, size, regions->info.elements, 0, &regions->error)
        < 0) {
        check_found (regions->check, RULE_REGIONS, regions->sample->name, "tensor \"%s\", cast in memory: %s",
                     regions->info.name, regions->error.message);
        return;
    }
    snprintf (as, sizeof as, " as %s", dtype.name ? dtype.name : "?");
    regions->dtype = target;
    regions->as = as;
    regions->whole.bytes = (const uint8_t *) cast;
    regions->whole.unit = dtype.block_bytes;
    regions->whole.together = 1;
    if (stored.rank > 0)
        regions->whole.shape[stored.rank - 1] *= stored.together;
    check_whole (regions);
    check_boxes (regions, seed);
    regions->dtype = TENON_NONE;
    regions->as = "";
    regions->whole = stored;
}

/* ---- tensors ---- */

/* False: it has no units that boxes could be cut to. */
static bool
measure_tensor (struct regions *regions, const struct tenon_dtype *dtype)
{
    struct box_tensor *whole = &regions->whole;
    *whole = (struct box_tensor){ .rank = regions->info.rank,
                                  .unit = dtype->block_bytes,
                                  .together = dtype->block_items ? dtype->block_items : 1 };
    if (regions->info.rank > BOX_DIMS)
        return false;
    for (uint32_t i = 0; i < whole->rank; i++)
        whole->shape[i] = regions->info.shape[i];
    if (whole->together == 1)
        return true;
    if (whole->rank == 0 || whole->shape[whole->rank - 1] % whole->together != 0)
        return false;
    whole->shape[whole->rank - 1] /= whole->together;
    return true;
}

static void
check_regions_of (struct regions *regions)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype };
    uint64_t seed = regions->index;
    if (tenon_dtype_get (regions->contexts[0], regions->files[0], regions->info.dtype, &dtype) < 0
        || !measure_tensor (regions, &dtype))
        return;
    CLEAN (text) char *bytes = get_memory (NULL, regions->info.nbytes, 1);
    tenon_request request = {
        .struct_size = sizeof request, .index = regions->index, .data = bytes, .size = regions->info.nbytes
    };
    if (tenon_read (regions->files[0], &request, 1, NULL, &regions->error) < 0)
        return; /* which is no matter of regions */
    regions->whole.bytes = (const uint8_t *) bytes;
    regions->told = false;
    check_whole (regions);
    check_stored (regions, &dtype);
    check_boxes (regions, &seed);
    check_casts (regions, &seed);
}

/* Tensors that the codec itself reads come first. */
static void
check_tensors (struct regions *regions, uint64_t from, uint64_t base)
{
    uint64_t count = tenon_count (regions->files[0]), done = 0;
    for (unsigned extents = 0; extents < 2; extents++)
        for (uint64_t i = 0; i < count; i++) {
            regions->index = i;
            regions->info = tensor_get (regions->files[0], i);
            if ((regions->info.storage == 0) != (extents == 1) || regions->info.unreadable)
                continue;
            if (done == MOST_TENSORS || regions->info.nbytes > MOST_BYTES
                || reading_clock () > regions->end) {
                regions->left_out++;
                continue;
            }
            done++;
            if (check_item (regions->check, from, base + i, "reading regions of the tensor \"%s\" of %s",
                            regions->info.name, regions->sample->name))
                check_regions_of (regions);
        }
}

static void
check_sample_regions (struct regions *regions, uint64_t from, uint64_t number)
{
    bool works = true;
    check_item (regions->check, from, number << 32, "opening %s", regions->sample->name);
    for (unsigned i = 0; i < CONTEXTS && works; i++)
        works = tenon_open (regions->contexts[i], regions->sample->path, NULL, &regions->files[i],
                            &regions->error)
                == TENON_OK;
    if (works)
        check_tensors (regions, from, (number << 32) + 1);
    for (unsigned i = 0; i < CONTEXTS; i++) {
        tenon_close (regions->files[i]);
        regions->files[i] = NULL;
    }
    if (regions->left_out > 0)
        check_left_out (regions->check, "%s: regions of %llu tensors, which are too many or too large",
                        regions->sample->name, (unsigned long long) regions->left_out);
    if (regions->limited > 0)
        check_left_out (regions->check, "%s: %llu reads, for which limits.memory=64KiB is too little",
                        regions->sample->name, (unsigned long long) regions->limited);
    regions->left_out = regions->limited = 0;
}

static void
run_regions (struct check *check, uint64_t from)
{
    struct regions *regions = get_memory (NULL, 1, sizeof *regions);
    uint64_t samples = reading_count (check);
    *regions = (struct regions){ .check = check, .as = "", .error = TENON_ERROR_INIT };
    bool works = true;
    for (unsigned i = 0; i < CONTEXTS && works; i++)
        works = (regions->contexts[i] = check_context (check, settings_of[i])) != NULL;
    for (uint64_t i = from >> 32; i < samples && works; i++) {
        double seconds = MOST_SECONDS / (double) samples;
        regions->sample = &check->samples[i];
        regions->end = reading_clock () + (seconds > LEAST_SECONDS ? seconds : LEAST_SECONDS);
        check_sample_regions (regions, from, i);
    }
    for (unsigned i = 0; i < CONTEXTS; i++)
        tenon_context_free (regions->contexts[i]);
    free (regions);
}

const struct check_step check_regions_step = { "regions",
                                               "each region of a tensor has the items of the whole",
                                               run_regions };
