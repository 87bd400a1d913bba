/* SPDX-License-Identifier: MIT */
/* packed.c - recognises packed weights by names, dtypes and shapes of the tensors that belong together. */
#include "plan/packed.h"
#include "catalog/file.h"
#include "kernels/cast.h"
#include "transfer/range_reader.h"
#include <stdio.h>

#define MASK(dtype) (1u << (dtype))

/* Integers of a dtype in `dtypes`, whose names end in `ending`, are packed if there is a tensor of the name
 * with `partner` in place of the ending. */
static const struct {
    const char *ending;
    uint32_t dtypes;
    const char *partner, *what;
} conventions[] = {
    { "", MASK (TENON_U8), ".absmax", "quantised by bitsandbytes" },
    { "", MASK (TENON_U8), ".quant_state.bitsandbytes__nf4", "quantised by bitsandbytes" },
    { "", MASK (TENON_U8), ".quant_state.bitsandbytes__fp4", "quantised by bitsandbytes" },
    { ".weight", MASK (TENON_I8), ".SCB", "quantised by bitsandbytes" },
    { ".weight", MASK (TENON_U8) | MASK (TENON_U32), ".scales", "quantised in groups" },
    { ".weight", MASK (TENON_U8) | MASK (TENON_I8), ".weight_scale", "quantised" },
    { ".weight_packed", MASK (TENON_U8) | MASK (TENON_I32), ".weight_scale", "quantised" },
    { ".qweight", MASK (TENON_I32) | MASK (TENON_U32), ".scales", "quantised by GPTQ or AWQ" },
    { "_blocks", MASK (TENON_U8), "_scales", "quantised in blocks" },
    { "", MASK (TENON_U32), ".scales", "quantised in groups" },
};

/* The tensor whose name has `other` in place of `ending`; NULL: none, or the name ends otherwise. */
static const struct tn_tensor *
find_partner (const struct tn_catalog *catalog, const struct tn_tensor *tensor, const char *ending,
              const char *other, uint64_t *index)
{
    size_t length = strlen (ending);
    uint64_t found, stem = tensor->name_length - length;
    if (tensor->name_length < length || memcmp (tensor->name + stem, ending, length) != 0)
        return NULL;
    TN_FREE char *name = malloc (stem + strlen (other) + 1);
    if (!name)
        return NULL;
    memcpy (name, tensor->name, stem);
    strcpy (name + stem, other);
    if (!tn_catalog_find (catalog, name, stem + strlen (other), &found))
        return NULL;
    if (index)
        *index = found;
    return tn_catalog_tensor (catalog, found);
}

static bool
is_width (uint64_t bits)
{
    return bits >= 2 && bits <= 8 && bits != 7;
}

/* Groups have 32, 64 or 128 numbers. *widths: how many of them fit. */
static void
find_widths (struct tn_packed *packed, unsigned *widths)
{
    *widths = 0;
    for (uint32_t group = 32; group <= 128; group *= 2)
        if (packed->product % group == 0 && is_width (packed->product / group)) {
            packed->group = group;
            packed->bits = (uint32_t) (packed->product / group);
            ++*widths;
        }
}

/* True if scales and biases have one float dtype, one shape, and the rows of the weight. */
static bool
fits_affine (struct tn_packed *packed, const struct tn_tensor *weight)
{
    const struct tn_tensor *scales = packed->scales, *biases = packed->biases;
    uint32_t last = weight->rank - 1u;
    unsigned widths;
    if (weight->dtype != TENON_U32 || !scales || !biases || weight->rank == 0
        || scales->dtype != biases->dtype
        || (scales->dtype != TENON_F16 && scales->dtype != TENON_BF16 && scales->dtype != TENON_F32)
        || scales->rank != weight->rank || biases->rank != weight->rank
        || memcmp (scales->shape, biases->shape, weight->rank * sizeof *scales->shape) != 0
        || memcmp (scales->shape, weight->shape, last * sizeof *scales->shape) != 0)
        return false;
    uint64_t words = weight->shape[last], groups = scales->shape[last];
    if (groups == 0 || words % groups != 0 || words / groups > 32 || groups > UINT64_MAX / 256)
        return false;
    packed->product = words / groups * 32;
    find_widths (packed, &widths);
    if (widths > 1)
        packed->bits = packed->group = 0;
    packed->columns = groups * packed->group;
    return widths > 0;
}

bool
tn_packed_find (struct tn_catalog *catalog, uint64_t index, struct tn_packed *packed)
{
    const struct tn_tensor *tensor = tn_catalog_tensor (catalog, index), *partner = NULL;
    size_t i = 0;
    *packed = (struct tn_packed){ .catalog = catalog, .weight = index };
    for (; i < TN_COUNT (conventions) && !partner; i++)
        if (tensor->dtype < 32 && (conventions[i].dtypes & MASK (tensor->dtype)))
            partner = find_partner (catalog, tensor, conventions[i].ending, conventions[i].partner, NULL);
    if (!partner)
        return false;
    const char *ending = conventions[i - 1].ending;
    packed->kind = TENON_PACKED_OTHER;
    if (strcmp (conventions[i - 1].partner, ".scales") == 0 && strcmp (ending, ".qweight") != 0) {
        packed->scales = partner;
        packed->biases = find_partner (catalog, tensor, ending, ".biases", NULL);
        if (fits_affine (packed, tensor))
            packed->kind = TENON_PACKED_AFFINE;
    }
    snprintf (packed->words, sizeof packed->words, "packed weights (%s: %s, with scales in %.90s)",
              conventions[i - 1].what, tn_dtype_label (tn_catalog_dtype (catalog, tensor->dtype)),
              partner->name);
    return true;
}

/* ---- scales and biases ---- */

/* Scales that are read at once. */
#define SAMPLE 4096u

/* Reads scales and biases side by side, as f32. */
struct pairs {
    struct tn_range_reader *readers[2];
    float values[2][SAMPLE];
    uint64_t count, done, some; /* of all; before `values`; in them */
};

static void
free_pairs (struct pairs *pairs)
{
    for (unsigned i = 0; pairs && i < 2; i++)
        tn_range_reader_free (pairs->readers[i]);
    free (pairs);
}

static tenon_status
open_pairs (const struct tn_packed *packed, struct pairs **result, tenon_error *error)
{
    const struct tn_tensor *parts[2] = { packed->scales, packed->biases };
    struct pairs *pairs = *result = calloc (1, sizeof *pairs);
    if (!pairs)
        return tn_fail_memory (error);
    for (unsigned i = 0; i < 2; i++) {
        struct tn_range_reader *reader = pairs->readers[i] = calloc (1, sizeof *reader);
        if (!reader)
            return tn_fail_memory (error);
        TN_TRY (tn_request_make (&reader->request, packed->catalog, parts[i], NULL, TENON_F32, 0, error));
        TN_TRY (tn_range_reader_begin (reader, error));
    }
    pairs->count = pairs->readers[0]->request.size / sizeof (float);
    return TENON_OK;
}

/* pairs->some is 0 behind the last one. */
static tenon_status
next_pairs (struct pairs *pairs, tenon_error *error)
{
    pairs->done += pairs->some;
    pairs->some = TN_MIN (pairs->count - pairs->done, SAMPLE);
    for (unsigned i = 0; i < 2; i++)
        TN_TRY (tn_range_reader_read (pairs->readers[i], pairs->done * sizeof (float),
                                      (uint8_t *) pairs->values[i], pairs->some * sizeof (float), error));
    return TENON_OK;
}

/* ---- the width ---- */

/* The bias of a group is minus its scale times the number that stands for zero, which lies near the middle:
 * 2, 8 or 128. A width gets the votes of the groups that are nearest to its middle. */
static void
vote_for_width (const struct tn_packed *packed, const struct pairs *pairs, uint64_t votes[9])
{
    for (uint64_t i = 0; i < pairs->some; i++) {
        float ratio = pairs->values[1][i] / pairs->values[0][i], best = 0;
        uint32_t width = 0;
        ratio = ratio < 0 ? -ratio : ratio;
        for (uint32_t bits = 2; bits <= 8; bits++) {
            float middle = (float) (1u << (bits - 1)), off = ratio > middle ? ratio / middle : middle / ratio;
            uint64_t group = packed->product / bits;
            if (is_width (bits) && group * bits == packed->product && group >= 32 && group <= 128
                && (group & (group - 1)) == 0 && (width == 0 || off < best))
                best = off, width = bits;
        }
        if (ratio > 0 && ratio < 1e6f && width > 0)
            votes[width]++;
    }
}

/* The one that has three quarters of the votes; 0: none. */
static uint32_t
elected_width (const uint64_t votes[9])
{
    uint64_t all = 0;
    for (uint32_t bits = 2; bits <= 8; bits++)
        all += votes[bits];
    for (uint32_t bits = 2; bits <= 8; bits++)
        if (votes[bits] > 0 && votes[bits] >= all - all / 4)
            return bits;
    return 0;
}

/* Groups that vote, at most. */
#define MOST_VOTERS 65536u

tenon_status
tn_packed_measure (struct tn_packed *packed, tenon_error *error)
{
    uint64_t votes[9] = { 0 };
    struct pairs *pairs;
    if (packed->bits > 0)
        return TENON_OK;
    tenon_status status = open_pairs (packed, &pairs, error);
    do {
        if (status == TENON_OK)
            status = next_pairs (pairs, error);
        if (status == TENON_OK)
            vote_for_width (packed, pairs, votes);
    } while (status == TENON_OK && pairs->some > 0 && pairs->done < MOST_VOTERS);
    free_pairs (pairs);
    TN_TRY (status);
    packed->bits = elected_width (votes);
    if (packed->bits == 0)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "%s: neither shapes nor scales tell how many bits its numbers have", packed->words);
    packed->group = (uint32_t) (packed->product / packed->bits);
    packed->columns = packed->scales->shape[packed->scales->rank - 1] * packed->group;
    return TENON_OK;
}

tenon_status
tn_packed_fits (const struct tn_packed *packed, const struct tenon_dtype *dtype, bool *fits,
                tenon_error *error)
{
    struct pairs *pairs;
    *fits =
        dtype->kind == TENON_KIND_BLOCK && dtype->encode_affine && packed->group % dtype->block_items == 0;
    if (!*fits)
        return TENON_OK;
    tenon_status status = open_pairs (packed, &pairs, error);
    do {
        if (status == TENON_OK)
            status = next_pairs (pairs, error);
        for (uint64_t i = 0; status == TENON_OK && i < pairs->some && *fits; i++)
            *fits = dtype->encode_affine (NULL, packed->bits, pairs->values[0][i], pairs->values[1][i], NULL)
                    == TENON_OK;
    } while (status == TENON_OK && pairs->some > 0 && *fits);
    free_pairs (pairs);
    return status;
}

/* ---- the API ---- */

/* The weight that scales or biases belong to. */
static bool
find_whole (struct tn_catalog *catalog, uint64_t index, struct tn_packed *packed)
{
    static const char *const endings[] = { ".scales", ".biases" }, *const wholes[] = { ".weight", "" };
    const struct tn_tensor *part = tn_catalog_tensor (catalog, index);
    uint64_t weight;
    for (size_t i = 0; i < 4; i++)
        if (find_partner (catalog, part, endings[i / 2], wholes[i % 2], &weight)
            && tn_packed_find (catalog, weight, packed) && packed->kind == TENON_PACKED_AFFINE
            && (packed->scales == part || packed->biases == part))
            return true;
    return false;
}

TENON_API tenon_status
tenon_packed_get (const tenon_file *file, uint64_t index, tenon_packed_info *info)
{
    struct tn_packed packed;
    tenon_error ignored = TENON_ERROR_INIT;
    if (!file || !info)
        return TENON_E_MISUSE;
    if (index >= file->catalog->count)
        return TENON_E_NOT_FOUND;
    if (!tn_packed_find (file->catalog, index, &packed) && !find_whole (file->catalog, index, &packed))
        return TENON_E_NOT_FOUND;
    if (packed.kind == TENON_PACKED_AFFINE && tn_packed_measure (&packed, &ignored) < 0)
        packed.kind = TENON_PACKED_OTHER;
    tenon_packed_info found = { .struct_size = sizeof found,
                                .kind = packed.kind,
                                .weight = packed.weight,
                                .bits = packed.bits,
                                .group = packed.group,
                                .dtype = packed.scales ? packed.scales->dtype : TENON_NONE,
                                .columns = packed.columns };
    snprintf (found.words, sizeof found.words, "%s", packed.words);
    return tn_reply_struct (info, &found, sizeof found);
}
