/* SPDX-License-Identifier: MIT */
/* triples.c - describes a tensor of blocks as three tensors, which serve.c reads on request. */
#include "state.h"

static const struct gguf_mlx_kind *
find_kind (const struct gguf_type *type)
{
    for (size_t i = 0; i < GGUF_MLX_KINDS; i++)
        if (gguf_mlx_kinds[i].id == type->id)
            return &gguf_mlx_kinds[i];
    return NULL;
}

int
gguf_mlx_splits (const struct gguf_reader *reader, const struct gguf_type *type)
{
    return reader->triples && find_kind (type);
}

/* Sets the length of all blocks. Rows are a multiple of them, which was checked. */
static tenon_status
measure_blocks (struct gguf_reader *reader, const struct gguf_mlx_kind *kind, struct tenon_tensor *tensor)
{
    uint64_t bytes = kind->bytes;
    uint64_t columns = tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        bytes = tensor->shape[i] ? bytes : 0; /* no items, so no dim is too large */
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint64_t count = i + 1 < tensor->rank ? tensor->shape[i] : columns / GGUF_MLX_GROUP;
        if (__builtin_mul_overflow (bytes, count, &bytes))
            return gguf_fail (reader, TENON_E_MALFORMED, TENON_AUTO, "its %s is larger than any file",
                              "data");
    }
    tensor->length = bytes;
    return TENON_OK;
}

tenon_status
gguf_mlx_add (struct gguf_reader *reader, const struct gguf_type *type, struct tenon_tensor *tensor)
{
    static const char weight[] = ".weight", *const endings[GGUF_MLX_ROLES] = { "", ".scales", ".biases" };
    struct tenon_call *call = reader->call;
    const struct gguf_mlx_kind *kind = find_kind (type);
    struct gguf_mlx_state state = { .kind = (uint32_t) (kind - gguf_mlx_kinds),
                                    .big_endian = reader->cursor.big_endian };
    uint64_t shape[GGUF_MLX_DIMS], stem = tensor->name_length, length = sizeof weight - 1;
    TENON_TRY (measure_blocks (reader, kind, tensor));
    /* the host does not check the range of a served tensor: blocks that are cut off stay one tensor, which is
     * unreadable */
    if (tensor->offset > reader->cursor.end || tensor->length > reader->cursor.end - tensor->offset)
        return call->host->add_tensor (call, tensor);
    if (stem > length && memcmp (tensor->name + stem - length, weight, length) == 0)
        stem -= length;
    char *name = call->host->scratch (call, tensor->name_length + length + 1);
    if (!name)
        return TENON_E_MEMORY;
    memcpy (name, tensor->name, tensor->name_length);
    memcpy (shape, tensor->shape, tensor->rank * sizeof *shape);
    uint64_t groups = shape[tensor->rank - 1] / GGUF_MLX_GROUP;
    for (state.role = GGUF_MLX_WEIGHT; state.role < GGUF_MLX_ROLES; state.role++) {
        struct tenon_tensor one = *tensor;
        one.dtype = state.role == GGUF_MLX_WEIGHT ? TENON_U32 : TENON_F16;
        one.name = name;
        one.name_length = state.role == GGUF_MLX_WEIGHT ? tensor->name_length : stem + length;
        one.shape = shape;
        one.flags = 0;
        one.storage = TENON_SERVED;
        one.length = TENON_AUTO;
        one.state = &state;
        one.state_size = sizeof state;
        shape[tensor->rank - 1] = state.role == GGUF_MLX_WEIGHT ? groups * kind->words : groups;
        memcpy (name + (state.role == GGUF_MLX_WEIGHT ? tensor->name_length : stem), endings[state.role],
                strlen (endings[state.role]));
        TENON_TRY (call->host->add_tensor (call, &one));
    }
    reader->more_tensors += GGUF_MLX_ROLES - 1;
    return TENON_OK;
}
