/* SPDX-License-Identifier: MIT */
/* lay.c - files of the codec toylay, made and modelled. */
#include "lay.h"

uint8_t *whole;
size_t whole_size;
uint8_t *pool;
size_t pool_size;
uint64_t seed;

uint64_t
draw (uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return below ? (seed >> 33) % below : 0;
}

void
make_pool (size_t size)
{
    pool = realloc (pool, size);
    pool_size = size;
    for (size_t i = 0; i < size; i++)
        pool[i] = (uint8_t) (i * 131 + i / 251 * 7 + i / 65521);
}

static uint32_t
crc_of (const uint8_t *bytes, size_t size)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void
put_le (uint64_t number, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        whole[whole_size++] = (uint8_t) (number >> 8 * i);
}

static void
put_data (int kind)
{
    size_t block = kind == IN_BLOCKS ? BLOCK : pool_size;
    for (size_t at = 0; at < pool_size; at += block) {
        size_t size = pool_size - at < block ? pool_size - at : block;
        if (kind >= FILTERED)
            put_le (size | (at + size == pool_size ? 0x80000000u : 0), 4);
        for (size_t i = 0; i < size; i++)
            whole[whole_size++] = (uint8_t) (pool[at + i] ^ (kind >= FILTERED ? (uint8_t) i : 0));
    }
}

void
put_file (int kind, const struct lay *tensors, uint32_t count)
{
    uint64_t head = 48;
    for (uint32_t i = 0; i < count; i++)
        head += 12 + 16u * tensors[i].rank;
    whole = realloc (whole, head + pool_size + 4 * (pool_size / BLOCK + 2));
    whole_size = 0;
    memcpy (whole, "TLAY", 4), whole_size = 4;
    put_le (count, 4), put_le (kind >= FILTERED ? FILTERED : (unsigned) kind, 4);
    put_le (kind == CHECKED ? crc_of (pool, pool_size) : 0, 4);
    uint64_t blocks = kind == IN_BLOCKS ? (pool_size + BLOCK - 1) / BLOCK : 1;
    put_le (head, 8), put_le (pool_size + (kind >= FILTERED ? 4 * blocks : 0), 8), put_le (pool_size, 8);
    put_le (kind == IN_BLOCKS ? BLOCK : 0, 8);
    for (uint32_t i = 0; i < count; i++) {
        const struct lay *lay = &tensors[i];
        put_le (lay->dtype, 1), put_le (lay->flags, 1), put_le (lay->rank, 1), put_le (lay->storage, 1);
        put_le (lay->offset + (kind == BARE ? head : 0), 8);
        for (uint32_t k = 0; k < lay->rank; k++)
            put_le (lay->shape[k], 8);
        for (uint32_t k = 0; k < lay->rank; k++)
            put_le ((uint64_t) lay->strides[k], 8);
    }
    ck_assert_uint_eq (whole_size, head);
    put_data (kind);
    kit_save ("f.toylay", whole, whole_size);
}

void
use_plugins (const char *settings)
{
    kit_plugins ("toylay toyxor toyraw toyplain toydump", settings);
}

uint64_t
size_of (const struct lay *lay)
{
    return lay->dtype == OPAQUE ? 12 : lay->dtype == TENON_U8 ? 1 : lay->dtype == TENON_I16 ? 2 : 4;
}

struct box
all_of (const struct lay *lay)
{
    struct box box;
    memset (&box, 0, sizeof box);
    for (uint32_t i = 0; i < lay->rank; i++)
        box.count[i] = lay->shape[i], box.step[i] = 1;
    return box;
}

uint64_t
items_of (const struct lay *lay, const struct box *box)
{
    uint64_t items = 1;
    for (uint32_t i = 0; i < lay->rank; i++)
        items *= box->count[i];
    return items;
}

void
pick_item (const struct lay *lay, const struct box *box, uint64_t position, uint8_t *to, uint64_t *index)
{
    uint64_t size = size_of (lay), rest = position;
    int64_t at = (int64_t) lay->offset;
    for (uint32_t i = lay->rank; i-- > 0; rest /= box->count[i]) {
        index[i] = rest % box->count[i];
        at +=
            (int64_t) (box->start[i] + index[i] * (uint64_t) box->step[i]) * lay->strides[i] * (int64_t) size;
    }
    ck_assert (at >= 0 && (uint64_t) at + size <= pool_size);
    bool big = (lay->flags & TENON_BIG_ENDIAN) && lay->dtype != OPAQUE;
    for (uint64_t b = 0; b < size; b++)
        to[big ? size - 1 - b : b] = pool[(uint64_t) at + b];
}

static double
number_of (const struct lay *lay, const uint8_t *item)
{
    uint32_t bits = 0;
    for (uint64_t b = 0; b < size_of (lay); b++)
        bits |= (uint32_t) item[b] << 8 * b;
    if (lay->dtype == TENON_U8)
        return (double) bits;
    return lay->dtype == TENON_I16 ? (double) (int16_t) bits : (double) (int32_t) bits;
}

uint8_t *
expect_box (const struct lay *lay, const struct box *box, bool cast, uint64_t *size)
{
    uint64_t items = items_of (lay, box), item = cast ? 8 : size_of (lay), index[8];
    uint8_t *expected = malloc (items * item + 1), bytes[12];
    ck_assert (expected != NULL);
    for (uint64_t i = 0; i < items; i++) {
        pick_item (lay, box, i, bytes, index);
        double number = cast ? number_of (lay, bytes) : 0;
        memcpy (expected + i * item, cast ? (void *) &number : (void *) bytes, item);
    }
    *size = items * item;
    return expected;
}

static const uint8_t dtypes[] = { TENON_U8, TENON_I16, TENON_I32, TENON_F32, OPAQUE };

struct lay
draw_lay (uint64_t most)
{
    struct lay lay;
    memset (&lay, 0, sizeof lay);
    lay.dtype = dtypes[draw (sizeof dtypes)];
    lay.flags = draw (3) ? 0 : TENON_BIG_ENDIAN;
    lay.rank = (uint8_t) draw (6);
    uint64_t low = 0, reach = 1, items = 1, room = pool_size / size_of (&lay);
    uint32_t order[8];
    for (uint32_t i = 0; i < lay.rank; i++) {
        uint32_t place = (uint32_t) draw (i + 1);
        order[i] = order[place], order[place] = i;
    }
    for (uint32_t i = 0; i < lay.rank; i++) {
        uint64_t kind = draw (8), step = kind == 0   ? 0
                                         : kind == 1 ? draw (5)
                                                     : reach + (draw (3) ? 0 : draw (40));
        uint64_t limit = step ? (room - reach) / step + 1 : most;
        uint64_t dim = 1 + draw (draw (3) ? 12 : draw (2) ? 200 : 3000);
        dim = dim > limit ? limit : dim;
        dim = dim > most / items ? most / items : dim;
        bool back = draw (5) == 0;
        lay.shape[order[i]] = dim;
        lay.strides[order[i]] = back ? -(int64_t) step : (int64_t) step;
        low += back ? (dim - 1) * step : 0;
        reach += (dim - 1) * step;
        items *= dim;
    }
    lay.offset = low * size_of (&lay) + draw (pool_size - reach * size_of (&lay) + 1);
    if (lay.rank > 0 && draw (30) == 0)
        lay.shape[draw (lay.rank)] = 0;
    return lay;
}

tenon_file *
open_one (int kind, const struct lay *lay)
{
    put_file (kind, lay, 1);
    return kit_open ("f.toylay", NULL, NULL);
}
