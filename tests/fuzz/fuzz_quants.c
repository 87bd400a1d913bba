/* SPDX-License-Identifier: MIT */
/* fuzz_quants.c - the block dtypes of gguf alone: any bytes as blocks, any bits as items. */
#include "fuzz.h"
#include "plugins/gguf/quants/quants.h"
#include <math.h>

#define MOST_BLOCKS 4u
#define MOST_ITEMS (256u * MOST_BLOCKS)

/* Memory of exactly this size, at an address that is not aligned if `odd`. Sanitizers see its ends. */
struct room {
    uint8_t *memory, *data;
};

static struct room
make_room (size_t size, bool odd, const void *bytes)
{
    struct room room = { .memory = malloc (size + odd) };
    if (!room.memory)
        abort ();
    room.data = room.memory + odd;
    if (bytes)
        memcpy (room.data, bytes, size);
    return room;
}

static void
same_bits (const void *left, const void *right, size_t size, const char *name, const char *what)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            fuzz_fail ("%s: %s: byte %zu of %zu is %02x and %02x", name, what, i, size, a[i], b[i]);
}

/* ---- decoding ---- */

/* Blocks together are what each is alone. */
static void
decode_alone (const struct tenon_dtype *dtype, const uint8_t *blocks, const float *items, uint64_t count)
{
    struct room block = make_room (dtype->block_bytes, true, NULL),
                one = make_room (4 * dtype->block_items, false, NULL);
    for (uint64_t i = 0; i < count; i++) {
        memcpy (block.data, blocks + i * dtype->block_bytes, dtype->block_bytes);
        if (dtype->decode (block.data, (float *) (void *) one.data, 1) != TENON_OK)
            fuzz_fail ("%s: a block cannot be decoded", dtype->name);
        same_bits (one.data, items + i * dtype->block_items, 4 * dtype->block_items, dtype->name,
                   "decoded alone and with others");
    }
    free (block.memory);
    free (one.memory);
}

/* A block stands for no numbers if, and only if, an item is none: but the largest scales of mxfp4 are numbers
 * whose items are beyond the largest float, and its NaN is decoded like ggml does it. */
static void
compare_check (const struct tenon_dtype *dtype, const uint8_t *blocks, const float *items, uint64_t count)
{
    uint64_t first = dtype->check ? dtype->check (blocks, count) : count, found = count;
    for (uint64_t i = 0; i < count * dtype->block_items && found == count; i++)
        if (!isfinite (items[i]))
            found = i / dtype->block_items;
    if (found != first && strcmp (dtype->name, "mxfp4") != 0)
        fuzz_fail ("%s: of %llu blocks the check finds number %llu, decoding number %llu", dtype->name,
                   (unsigned long long) count, (unsigned long long) first, (unsigned long long) found);
}

static void
compare_base (const struct tenon_dtype *dtype, const uint8_t *blocks, const float *items, uint64_t count)
{
    static const struct {
        const char *name;
        int32_t (*decode) (const void *blocks, float *items, uint64_t block_count);
    } bases[] = { { "q4_0", gguf_decode_q4_0_base },
                  { "q8_0", gguf_decode_q8_0_base },
                  { "q4_k", gguf_decode_q4_k_base },
                  { "q6_k", gguf_decode_q6_k_base } };
    float plain[MOST_ITEMS];
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        if (strcmp (bases[i].name, dtype->name) == 0) {
            bases[i].decode (blocks, plain, count);
            same_bits (plain, items, 4 * count * dtype->block_items, dtype->name,
                       "in vector instructions and in plain C");
        }
}

/* ---- encoding ---- */

static void
encode_alone (const struct tenon_dtype *dtype, const float *items, const uint8_t *blocks, uint64_t count)
{
    struct room block = make_room (dtype->block_bytes, true, NULL);
    for (uint64_t i = 0; i < count; i++) {
        struct room one = make_room (4 * dtype->block_items, false, items + i * dtype->block_items);
        if (dtype->encode ((float *) (void *) one.data, block.data, 1) != TENON_OK)
            fuzz_fail ("%s: a block cannot be encoded", dtype->name);
        same_bits (block.data, blocks + i * dtype->block_bytes, dtype->block_bytes, dtype->name,
                   "encoded alone and with others");
        free (one.memory);
    }
    free (block.memory);
}

/* Items of at most 1000 have a scale that is a number. */
static void
check_encoded (const struct tenon_dtype *dtype, const float *items, const uint8_t *blocks, uint64_t count)
{
    for (uint64_t i = 0; i < count * dtype->block_items; i++)
        if (!(fabsf (items[i]) <= 1000))
            return;
    if (dtype->check && dtype->check (blocks, count) != count)
        fuzz_fail ("%s: items of at most 1000 become a block that stands for no numbers", dtype->name);
}

/* Types whose scale comes from the item of the largest magnitude. If that has the code of the largest
 * magnitude, and the scale is a normal number, the same scale and codes come back from the items. */
static bool
is_settled (const struct tenon_dtype *dtype, const float *items)
{
    static const struct {
        const char *name;
        float codes; /* of the largest magnitude, in units of the scale */
    } types[] = { { "q4_0", -8 }, { "q5_0", -16 }, { "q8_0", 127 }, { "tq2_0", 1 }, { "tq1_0", 1 } };
    float most = 0, least = INFINITY;
    for (uint64_t i = 0; i < dtype->block_items; i++) {
        float size = fabsf (items[i]);
        if (!(size < INFINITY))
            return false;
        most = size > most ? size : most;
        least = size > 0 && size < least ? size : least;
    }
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp (types[i].name, dtype->name) == 0) {
            float scale = most / fabsf (types[i].codes);
            /* an item of code 1 shows that `scale` is the block's; f16 is normal from 2^-14 on */
            return scale >= 0x1p-14f && least == scale;
        }
    return false;
}

static void
check_again (const struct tenon_dtype *dtype, const float *items, uint64_t count)
{
    uint8_t blocks[300];
    float again[256];
    for (uint64_t i = 0; i < count; i++) {
        const float *own = items + i * dtype->block_items;
        if (!is_settled (dtype, own))
            continue;
        dtype->encode (own, blocks, 1);
        dtype->decode (blocks, again, 1);
        for (uint64_t k = 0; k < dtype->block_items; k++)
            if (again[k] != own[k])
                fuzz_fail ("%s: item %llu of a decoded block is %a, encoded and decoded again %a",
                           dtype->name, (unsigned long long) k, (double) own[k], (double) again[k]);
    }
}

static void
check_encoder (const struct tenon_dtype *dtype, const uint8_t *bytes, size_t size)
{
    uint64_t count = size / (4 * dtype->block_items);
    count = count > MOST_BLOCKS ? MOST_BLOCKS : count;
    struct room items = make_room (4 * count * dtype->block_items, false, bytes),
                blocks = make_room (count * dtype->block_bytes, true, NULL);
    if (dtype->encode ((float *) (void *) items.data, blocks.data, count) != TENON_OK)
        fuzz_fail ("%s: blocks cannot be encoded", dtype->name);
    encode_alone (dtype, (float *) (void *) items.data, blocks.data, count);
    check_encoded (dtype, (float *) (void *) items.data, blocks.data, count);
    free (items.memory);
    free (blocks.memory);
}

static void
check_decoder (const struct tenon_dtype *dtype, const uint8_t *bytes, size_t size)
{
    uint64_t count = size / dtype->block_bytes;
    count = count > MOST_BLOCKS ? MOST_BLOCKS : count;
    struct room blocks = make_room (count * dtype->block_bytes, true, bytes),
                room = make_room (4 * count * dtype->block_items, false, NULL);
    float *items = (float *) (void *) room.data;
    if (dtype->decode (blocks.data, items, count) != TENON_OK)
        fuzz_fail ("%s: blocks cannot be decoded", dtype->name);
    decode_alone (dtype, blocks.data, items, count);
    compare_check (dtype, blocks.data, items, count);
    compare_base (dtype, blocks.data, items, count);
    if (dtype->encode)
        check_again (dtype, items, count);
    free (blocks.memory);
    free (room.memory);
}

/* The first byte chooses the dtype, the second one how the others become items. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    struct fuzz_recipe recipe;
    struct fuzz_buffer bytes = { 0 };
    uint32_t dtypes = 0;
    while (gguf_dtypes[dtypes])
        dtypes++;
    memset (&recipe, 0, sizeof recipe);
    recipe.at = data;
    recipe.end = data + size;
    const struct tenon_dtype *dtype = gguf_dtypes[fuzz_below (&recipe, dtypes)];
    uint8_t how = fuzz_byte (&recipe);
    while (recipe.at < recipe.end && how % 2 == 0) {
        uint8_t byte = fuzz_byte (&recipe);
        fuzz_put (&bytes, &byte, 1);
    }
    for (uint32_t i = 0; how % 2 == 1 && i < MOST_ITEMS; i++) { /* one byte an item: small multiples */
        float item = (float) (int8_t) fuzz_byte (&recipe) * ldexpf (1, how / 2 % 32 - 24);
        fuzz_put (&bytes, &item, sizeof item);
    }
    if (bytes.size > 0 && dtype->decode)
        check_decoder (dtype, bytes.data, bytes.size);
    if (bytes.size > 0 && dtype->encode)
        check_encoder (dtype, bytes.data, bytes.size);
    fuzz_free (&bytes);
    return 0;
}
