/* SPDX-License-Identifier: MIT */
/* add.c - adds an array to the catalog. What the host would refuse for the whole store is refused here for
 * the array alone. */
#include "state.h"

#define TOO_LARGE ((uint64_t) 1 << 63)

/* ---- numbers ---- */

/* The product of numbers without zeros, at most TOO_LARGE. The host bounds a shape in this way, too: an array
 * without items may have other dims that are too large. */
static uint64_t
multiply (const uint64_t *numbers, uint32_t count, uint64_t by)
{
    uint64_t product = by;
    for (uint32_t i = 0; i < count; i++)
        if (numbers[i] > 0)
            product = product > TOO_LARGE / numbers[i] ? TOO_LARGE : product * numbers[i];
    return product;
}

static int32_t
check_sizes (struct zarr_reader *reader, const struct zarr_array *array)
{
    const uint64_t *inner = array->level_count ? array->levels[array->level_count - 1].inner : array->chunk;
    if (multiply (array->shape, array->rank, array->type.bytes) >= TOO_LARGE)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "the array has more than 2^63 - 1 bytes");
    if (multiply (inner, array->rank, array->type.bytes) >= TOO_LARGE)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "a chunk has more than 2^63 - 1 bytes");
    return 0;
}

/* ---- the state ---- */

/* Sets the numbers of a level. `outer` is the shape that it divides. */
static int32_t
set_level (struct zarr_reader *reader, const struct zarr_array *array, uint32_t level, const uint64_t *outer,
           struct zarr_state *state)
{
    const struct zarr_shards *shards = &array->levels[level];
    const uint64_t *innermost = array->levels[array->level_count - 1].inner;
    uint64_t *numbers = (uint64_t *) (state + 1);
    uint64_t *ratio = numbers + zarr_place (array->rank, level, ZARR_RATIO);
    uint64_t *stride = numbers + zarr_place (array->rank, level, ZARR_STRIDE);
    uint64_t *inner = numbers + zarr_place (array->rank, level, ZARR_INNER);
    struct zarr_index *index = &state->levels[level];
    for (uint32_t i = 0; i < array->rank; i++) {
        ratio[i] = outer[i] / shards->inner[i];
        inner[i] = shards->inner[i] / innermost[i];
    }
    index->count = multiply (ratio, array->rank, 1);
    if (index->count > (UINT64_MAX - 4) / 16)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "a shard has more than 2^60 inner chunks");
    index->size = 16 * index->count + 4 * shards->has_sum;
    index->at_start = shards->at_start;
    index->has_sum = shards->has_sum;
    index->big_endian = shards->big_endian;
    uint64_t apart = 1;
    for (uint32_t i = array->rank; i-- > 0;) {
        stride[shards->order[i]] = apart;
        apart *= ratio[shards->order[i]];
    }
    return 0;
}

/* Writes what precedes the numbers of a chunk in a key. Returns its length. */
static uint32_t
put_prefix (const struct zarr_array *array, char *to)
{
    char *at = to;
    memcpy (at, array->path.bytes, (size_t) array->path.length);
    at += array->path.length;
    if (array->path.length)
        *at++ = '/';
    if (array->keys == ZARR_KEYS_DEFAULT)
        *at++ = 'c';
    if (array->rank == 0 && array->keys == ZARR_KEYS_V2)
        *at++ = '0';
    if (array->rank > 0 && array->keys == ZARR_KEYS_DEFAULT)
        *at++ = (char) array->separator;
    return (uint32_t) (at - to);
}

/* Makes the state, of *size bytes. */
static int32_t
make_state (struct zarr_reader *reader, const struct zarr_array *array, struct zarr_state **made,
            uint64_t *size)
{
    uint64_t numbers = (uint64_t) ZARR_NUMBERS * array->rank * array->level_count * sizeof (uint64_t);
    const uint64_t *outer = array->chunk;
    struct zarr_state *state;
    *size = sizeof *state + numbers + array->path.length + 4; /* below TENON_MOST_STATE */
    if (!(state = reader->call->host->scratch (reader->call, *size)))
        return TENON_E_MEMORY;
    state->rank = array->rank;
    state->level_count = array->level_count;
    state->separator = array->separator;
    for (uint32_t i = 0; i < array->level_count; i++) {
        ZARR_TRY (set_level (reader, array, i, outer, state));
        outer = array->levels[i].inner;
    }
    uint64_t end = zarr_place (array->rank, array->level_count, 0);
    state->prefix_length = put_prefix (array, (char *) ((uint64_t *) (state + 1) + end));
    *made = state;
    return 0;
}

/* ---- adding ---- */

/* Gives a tensor what all arrays have. */
static void
begin_tensor (const struct zarr_array *array, struct tenon_tensor *tensor)
{
    if (array->path.length) {
        tensor->name = array->path.bytes;
        tensor->name_length = array->path.length;
    }
    tensor->dtype = array->type.dtype;
    tensor->shape = array->shape;
    tensor->rank = array->rank;
}

/* An opaque dtype has a number of its own in a catalog. */
static tenon_status
number_type (struct zarr_reader *reader, const struct zarr_type *type, uint32_t *number)
{
    struct tenon_dtype dtype = TENON_INIT (dtype);
    *number = type->dtype;
    if (type->dtype != TENON_NONE)
        return TENON_OK;
    dtype.kind = TENON_KIND_OPAQUE;
    dtype.block_items = 1;
    dtype.block_bytes = type->bytes;
    dtype.family = "numpy";
    dtype.text = type->text;
    if (type->kind == 'M' || type->kind == 'm') {
        dtype.items_as = TENON_I64;
        dtype.items_flags = type->order == '>' ? TENON_BIG_ENDIAN : 0;
    }
    return reader->call->host->add_dtype (reader->call, &dtype, number);
}

/* The order of the dims, and what the flags of a tensor say of it. */
static void
set_order (const struct zarr_array *array, struct tenon_tensor *tensor, struct tenon_grid *grid)
{
    int is_c = 1, is_reverse = 1;
    for (uint32_t i = 0; i < array->rank; i++) {
        is_c &= array->order[i] == i;
        is_reverse &= array->order[i] == array->rank - 1 - i;
    }
    if (array->is_fortran || (!is_c && is_reverse))
        tensor->flags |= TENON_FORTRAN;
    else if (!is_c)
        grid->order = array->order;
}

/* The keys of the chunks, or of the shards, belong to the store. */
static tenon_status
claim_chunks (struct zarr_reader *reader, const struct zarr_array *array, const struct zarr_state *state)
{
    struct tenon_claim claim = TENON_INIT (claim);
    uint64_t count[ZARR_RANK];
    for (uint32_t i = 0; i < array->rank; i++)
        count[i] = array->shape[i] / array->chunk[i] + (array->shape[i] % array->chunk[i] > 0);
    claim.prefix = zarr_prefix (state);
    claim.prefix_length = state->prefix_length;
    claim.count = count;
    claim.rank = array->rank;
    claim.separator = state->separator;
    return reader->call->host->claim_keys (reader->call, &claim);
}

tenon_status
zarr_skip_array (struct zarr_reader *reader, struct zarr_array *array)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    char name[84];
    snprintf (name, sizeof name, "%.*s", array->type_name.length > 80 ? 80 : (int) array->type_name.length,
              array->type_name.bytes ? array->type_name.bytes : "");
    begin_tensor (array, &tensor);
    tensor.flags = array->type.flags;
    if (array->type.bytes)
        TENON_TRY (number_type (reader, &array->type, &tensor.dtype));
    if (array->dims > ZARR_RANK)
        tensor.flags |= TENON_NO_SHAPE;
    tensor.source = reader->source;
    return reader->call->host->skip_tensor (reader->call, &tensor, reader->fault, name,
                                            zarr_fault_words (reader));
}

static tenon_status
add_grid (struct zarr_reader *reader, struct zarr_array *array, const struct zarr_state *state, uint64_t size)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_grid grid = TENON_INIT (grid);
    struct tenon_step steps[ZARR_STEPS];
    memset (steps, 0, sizeof steps);
    for (uint32_t i = 0; i < array->step_count; i++) {
        steps[i].struct_size = sizeof steps[i];
        steps[i].filter = array->steps[i].filter;
        steps[i].level = array->steps[i].level;
        steps[i].setup = array->steps[i].setup_size ? array->steps[i].setup : NULL;
        steps[i].setup_size = array->steps[i].setup_size;
    }
    begin_tensor (array, &tensor);
    TENON_TRY (number_type (reader, &array->type, &tensor.dtype));
    tensor.flags = array->type.flags;
    tensor.storage = TENON_GRID;
    tensor.length = TENON_AUTO;
    tensor.chunk_shape = array->level_count ? array->levels[array->level_count - 1].inner : array->chunk;
    tensor.state = state;
    tensor.state_size = size;
    grid.steps = array->step_count ? steps : NULL;
    grid.step_size = sizeof steps[0];
    grid.step_count = array->step_count;
    grid.flags = array->has_no_fill ? TENON_GRID_NO_FILL : 0;
    grid.fill = array->fill;
    grid.fill_size = array->fill ? array->type.bytes : 0;
    tensor.grid = &grid;
    set_order (array, &tensor, &grid);
    TENON_TRY (claim_chunks (reader, array, state));
    tenon_status status = reader->call->host->add_tensor (reader->call, &tensor);
    if (status != TENON_E_UNSUPPORTED)
        return status;
    zarr_fault_text (reader, status, "%s", reader->call->host->answer (reader->call)); /* no such filter */
    return zarr_skip_array (reader, array);
}

tenon_status
zarr_add_array (struct zarr_reader *reader, struct zarr_array *array)
{
    struct zarr_state *state = NULL;
    uint64_t size = 0;
    int32_t status = check_sizes (reader, array);
    if (status == 0)
        status = make_state (reader, array, &state, &size);
    if (status == ZARR_FAULT)
        return zarr_skip_array (reader, array);
    return status < 0 ? status : add_grid (reader, array, state, size);
}
