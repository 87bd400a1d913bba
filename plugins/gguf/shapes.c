/* SPDX-License-Identifier: MIT */
/* shapes.c - keys that give a tensor's shape before its writer changed it, so that its rows are whole blocks:
 * comfy.gguf.orig_shape.NAME, an array of dims, outermost first. An option restores the shapes. */
#include "gguf.h"

static const char prefix[] = "comfy.gguf.orig_shape.";

/* The slot of a name, or an empty one. */
static struct gguf_shape *
find_slot (struct gguf_reader *reader, const char *name, uint64_t length)
{
    struct gguf_shapes *shapes = &reader->shapes;
    uint64_t hash = reader->call->host->hash (reader->call, name, length), slot = hash & shapes->mask;
    struct gguf_shape *found;
    while ((found = &shapes->slots[slot])->rank > 0
           && (found->length != length || memcmp (found->name, name, length) != 0))
        slot = (slot + 1) & shapes->mask;
    return found;
}

static tenon_status
get_slots (struct gguf_reader *reader)
{
    struct gguf_shapes *shapes = &reader->shapes;
    uint64_t slots = 4;
    while (slots / 2 < reader->pairs)
        slots *= 2;
    shapes->mask = slots - 1;
    shapes->slots = reader->call->host->scratch (reader->call, slots * sizeof *shapes->slots);
    return shapes->slots ? TENON_OK : TENON_E_MEMORY;
}

static int
is_whole_number (uint32_t type)
{
    return type == TENON_I32 || type == TENON_U32 || type == TENON_I64 || type == TENON_U64;
}

/* A negative dim is larger than any product. */
static tenon_status
keep_dim (void *user, const struct tenon_value *item)
{
    uint64_t **next = user;
    *(*next)++ = item->as.u;
    return TENON_OK;
}

/* Keeps the dims of a tensor. */
static tenon_status
keep_shape (struct gguf_reader *reader, const char *name, uint64_t length, const struct tenon_value *value)
{
    struct tenon_call *call = reader->call;
    char *text = call->host->scratch (call, length + 1);
    uint64_t *dims = call->host->scratch (call, value->count * sizeof *dims);
    uint64_t *next = dims;
    if (!text || !dims)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->each_item (call, value, keep_dim, &next));
    memcpy (text, name, length);
    *find_slot (reader, name, length) = (struct gguf_shape){ text, length, dims, (uint32_t) value->count };
    return TENON_OK;
}

tenon_status
gguf_shapes_take (struct gguf_reader *reader, const char *key, uint64_t length,
                  const struct tenon_value *value)
{
    struct gguf_shapes *shapes = &reader->shapes;
    uint64_t begin = sizeof prefix - 1;
    if (length <= begin || memcmp (key, prefix, begin) != 0)
        return TENON_OK;
    shapes->count++;
    if (!shapes->wanted || value->type != TENON_ARRAY || !is_whole_number (value->item_type)
        || value->count == 0 || value->count > GGUF_MOST_DIMS)
        return TENON_OK;
    if (!shapes->slots)
        TENON_TRY (get_slots (reader));
    return keep_shape (reader, key + begin, length - begin, value);
}

/* True if these dims have as many items as those of the tensor. */
static int
has_items (const uint64_t *dims, uint32_t rank, const uint64_t *shape, uint32_t shape_rank)
{
    uint64_t wanted = 1, found = 1;
    for (uint32_t i = 0; i < shape_rank; i++)
        if (__builtin_mul_overflow (wanted, shape[i], &wanted))
            return 0;
    for (uint32_t i = 0; i < rank; i++)
        if (__builtin_mul_overflow (found, dims[i], &found))
            return 0;
    return wanted == found && found > 0;
}

void
gguf_shapes_restore (struct gguf_reader *reader, const char *name, uint64_t length, uint64_t items,
                     uint64_t *shape, uint32_t *rank)
{
    if (!reader->shapes.slots || *rank > GGUF_MOST_DIMS)
        return;
    const struct gguf_shape *found = find_slot (reader, name, length);
    if (found->rank == 0)
        return;
    const char *why = !has_items (found->dims, found->rank, shape, *rank)
                          ? "it has another number of elements"
                      : found->dims[found->rank - 1] % items != 0 ? "its rows are no whole blocks"
                                                                  : NULL;
    if (why) {
        tenon_note (reader->call, TENON_NOTE, name, "its original shape is not restored: %s", why);
        return;
    }
    memcpy (shape, found->dims, found->rank * sizeof *shape);
    *rank = found->rank;
}

void
gguf_shapes_tell (struct gguf_reader *reader)
{
    const struct gguf_shapes *shapes = &reader->shapes;
    if (shapes->count > 0 && !shapes->wanted)
        tenon_note (reader->call, TENON_NOTE, NULL,
                    "%llu %s to have other shapes than the file gives %s: the keys %s* have them, and "
                    "gguf.orig_shape=yes restores them",
                    (unsigned long long) shapes->count, shapes->count == 1 ? "tensor is" : "tensors are",
                    shapes->count == 1 ? "it" : "them", prefix);
}
