/* SPDX-License-Identifier: MIT */
/* unpacked.c - makes the numbers of packed weights, group by group. */
#include "plan/unpacked.h"
#include "kernels/cast.h"
#include "transfer/range_reader.h"

/* Numbers that are made at once: groups of at most 128. */
#define NUMBERS 8192u

enum { WEIGHT, SCALES, BIASES, PARTS };

struct work {
    struct tn_range_reader *readers[PARTS];
    uint8_t words[NUMBERS + 1], halves[2][4 * NUMBERS / 32], made[4 * NUMBERS];
    float scales[NUMBERS / 32], biases[NUMBERS / 32], numbers[NUMBERS];
};

struct unpacker {
    struct tn_packed packed;
    struct tn_tally *tally;          /* has the error of the save */
    uint64_t groups, first, count;   /* of all; in `made`: from which, how many */
    uint64_t width;                  /* bytes that a group becomes */
    const struct tenon_dtype *block; /* NULL: numbers of the scales' dtype */
    struct work *work;               /* NULL: nothing was read yet, or all was: a plan has many tensors */
};

static void
end_work (struct unpacker *unpacker)
{
    for (unsigned i = 0; i < PARTS && unpacker->work; i++)
        tn_range_reader_free (unpacker->work->readers[i]);
    free (unpacker->work);
    unpacker->work = NULL;
    unpacker->count = 0;
}

static void
free_unpacker (void *user)
{
    end_work (user);
    free (user);
}

static tenon_status
begin_work (struct unpacker *unpacker, tenon_error *error)
{
    struct tn_catalog *catalog = unpacker->packed.catalog;
    const struct tn_tensor *parts[PARTS] = { tn_catalog_tensor (catalog, unpacker->packed.weight),
                                             unpacker->packed.scales, unpacker->packed.biases };
    if (!(unpacker->work = calloc (1, sizeof *unpacker->work)))
        return tn_fail_memory (error);
    for (unsigned i = 0; i < PARTS; i++) {
        struct tn_range_reader *reader = unpacker->work->readers[i] = calloc (1, sizeof *reader);
        if (!reader)
            return tn_fail_memory (error);
        TN_TRY (tn_request_make (&reader->request, catalog, parts[i], NULL, TENON_NONE, 0, error));
        TN_TRY (tn_range_reader_begin (reader, error));
    }
    return TENON_OK;
}

/* Numbers lie one behind the other, the first in the lowest bits, also across words. */
static void
spread_numbers (float *numbers, const uint8_t *bytes, uint64_t count, uint32_t bits)
{
    uint32_t mask = (1u << bits) - 1;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t bit = i * bits;
        uint32_t two = bytes[bit / 8] | (uint32_t) bytes[bit / 8 + 1] << 8;
        numbers[i] = (float) (two >> bit % 8 & mask);
    }
}

/* number × scale + bias, each rounded to the dtype of the scales. */
static void
make_numbers (const struct tn_packed *packed, struct work *work, uint64_t groups)
{
    uint32_t dtype = packed->scales->dtype, group = packed->group;
    float *numbers = work->numbers;
    uint64_t count = groups * group;
    spread_numbers (numbers, work->words, count, packed->bits);
    for (uint64_t i = 0; i < count; i++)
        numbers[i] *= work->scales[i / group];
    tn_cast (dtype, work->made, TENON_F32, numbers, count);
    tn_cast (TENON_F32, numbers, dtype, work->made, count);
    for (uint64_t i = 0; i < count; i++)
        numbers[i] += work->biases[i / group];
    tn_cast (dtype, work->made, TENON_F32, numbers, count);
}

/* The numbers as blocks, each with the scale and the bias of its group. */
static tenon_status
make_blocks (const struct unpacker *unpacker, uint64_t groups, tenon_error *error)
{
    const struct tn_packed *packed = &unpacker->packed;
    const struct tenon_dtype *block = unpacker->block;
    struct work *work = unpacker->work;
    uint8_t codes[128], *to = work->made;
    float numbers[128];
    for (uint64_t i = 0; i < groups; i++) {
        spread_numbers (numbers, work->words + i * packed->product / 8, packed->group, packed->bits);
        for (uint32_t k = 0; k < packed->group; k++)
            codes[k] = (uint8_t) numbers[k];
        for (uint64_t k = 0; k < packed->group; k += block->block_items, to += block->block_bytes)
            if (block->encode_affine (codes + k, packed->bits, work->scales[i], work->biases[i], to) < 0)
                return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                                "its scales and biases cannot be those of %s", block->name);
    }
    return TENON_OK;
}

static tenon_status
make_groups (struct unpacker *unpacker, uint64_t first, tenon_error *error)
{
    const struct tn_packed *packed = &unpacker->packed;
    uint64_t count = TN_MIN (NUMBERS / packed->group, unpacker->groups - first), bytes = packed->product / 8;
    uint64_t size = packed->scales->dtype == TENON_F32 ? 4 : 2;
    if (!unpacker->work)
        TN_TRY (begin_work (unpacker, error));
    struct work *work = unpacker->work;
    unpacker->count = 0;
    TN_TRY (tn_range_reader_read (work->readers[WEIGHT], first * bytes, work->words, count * bytes, error));
    for (unsigned i = 0; i < 2; i++)
        TN_TRY (tn_range_reader_read (work->readers[SCALES + i], first * size, work->halves[i], count * size,
                                      error));
    tn_cast (TENON_F32, work->scales, packed->scales->dtype, work->halves[0], count);
    tn_cast (TENON_F32, work->biases, packed->scales->dtype, work->halves[1], count);
    if (unpacker->block)
        TN_TRY (make_blocks (unpacker, count, error));
    else
        make_numbers (packed, work, count);
    unpacker->first = first;
    unpacker->count = count;
    return TENON_OK;
}

static tenon_status
read_numbers (void *user, uint64_t offset, void *to, uint64_t length)
{
    struct unpacker *unpacker = user;
    uint64_t width = unpacker->width;
    tenon_error own = TENON_ERROR_INIT, *error = unpacker->tally->error ? unpacker->tally->error : &own;
    uint8_t *next = to;
    while (length > 0) {
        uint64_t group = offset / width;
        if (group < unpacker->first || group - unpacker->first >= unpacker->count)
            TN_TRY (make_groups (unpacker, group, error));
        uint64_t at = offset - unpacker->first * width, piece = TN_MIN (length, unpacker->count * width - at);
        memcpy (next, unpacker->work->made + at, piece);
        next += piece, offset += piece, length -= piece;
        if (offset == unpacker->groups * width)
            end_work (unpacker);
    }
    return TENON_OK;
}

tenon_status
tn_unpacked_reader (const struct tn_packed *packed, const struct tenon_dtype *block, struct tn_tally *tally,
                    tenon_reader *reader, tenon_error *error)
{
    struct unpacker *unpacker = calloc (1, sizeof *unpacker);
    if (!unpacker)
        return tn_fail_memory (error);
    unpacker->packed = *packed;
    unpacker->tally = tally;
    unpacker->block = block;
    unpacker->width = block ? packed->group / block->block_items * block->block_bytes
                            : (uint64_t) packed->group * (packed->scales->dtype == TENON_F32 ? 4 : 2);
    unpacker->groups = 1;
    for (uint32_t i = 0; i < packed->scales->rank; i++)
        unpacker->groups *= packed->scales->shape[i]; /* the catalog has checked it */
    *reader = (tenon_reader){ .struct_size = sizeof *reader,
                              .size = unpacker->groups * unpacker->width,
                              .read_at = read_numbers,
                              .close = free_unpacker,
                              .user = unpacker };
    return TENON_OK;
}
