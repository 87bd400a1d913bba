/* SPDX-License-Identifier: MIT */
/* mlx.c - q4_0, q4_1 and q8_0 as MLX reads them: three tensors, made of the blocks when somebody asks for
 * them. */
#include "mlx.h"
#include "half.h"

const struct gguf_mlx_kind gguf_mlx_kinds[GGUF_MLX_KINDS] = {
    [GGUF_MLX_Q4_0] = { 2, 4, 2, 18, -8, "q4_0" },
    [GGUF_MLX_Q4_1] = { 3, 4, 4, 20, 0, "q4_1" },
    [GGUF_MLX_Q8_0] = { 8, 8, 2, 34, -128, "q8_0" },
};

tenon_status
gguf_mlx_wanted (struct tenon_call *call, uint32_t *wanted)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, GGUF_OPTION_MLX, &setting));
    *wanted = setting.integer != 0;
    return TENON_OK;
}

uint16_t
gguf_mlx_bias (const struct gguf_mlx_kind *kind, uint16_t scale)
{
    return gguf_f16_of_f32 (kind->zero * gguf_f32_of_f16 (scale));
}

/* ---- describing ---- */

/* Which of the three a tensor is. */
enum { WEIGHT, SCALES, BIASES, PARTS };

/* The cookie of a tensor: where its blocks begin, and how they are to be read. */
#define COOKIE_OFFSET 5u /* bits that the others take */
struct cookie {
    uint64_t offset;
    const struct gguf_mlx_kind *kind;
    uint32_t part, big_endian;
};

static uint64_t
pack_cookie (const struct cookie *cookie)
{
    return cookie->offset << COOKIE_OFFSET | (uint64_t) cookie->big_endian << 4
           | (uint64_t) (cookie->kind - gguf_mlx_kinds) << 2 | cookie->part;
}

static struct cookie
unpack_cookie (uint64_t packed)
{
    return (struct cookie){ packed >> COOKIE_OFFSET, &gguf_mlx_kinds[(packed >> 2 & 3) % GGUF_MLX_KINDS],
                            packed & 3, packed >> 4 & 1 };
}

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

/* Of all blocks, which must lie in the file: for what it serves itself the codec must see to that. */
static tenon_status
count_bytes (struct gguf_reader *reader, const struct gguf_mlx_kind *kind, struct tenon_tensor *tensor)
{
    uint64_t bytes = kind->bytes, size = reader->cursor.end, offset = tensor->offset;
    uint64_t columns = tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
    if (columns % GGUF_MLX_GROUP != 0)
        return gguf_fail (reader, TENON_E_MALFORMED, TENON_AUTO,
                          "its rows of %llu items are no multiple of the 32 in a block of %s",
                          (unsigned long long) columns, kind->name);
    for (uint32_t i = 0; i < tensor->rank; i++)
        bytes = tensor->shape[i] ? bytes : 0; /* without items no dim is too large */
    for (uint32_t i = 0; i < tensor->rank; i++) {
        uint64_t count = i + 1 < tensor->rank ? tensor->shape[i] : columns / GGUF_MLX_GROUP;
        if (__builtin_mul_overflow (bytes, count, &bytes))
            return gguf_fail (reader, TENON_E_MALFORMED, TENON_AUTO, "its %s is larger than any file",
                              "data");
    }
    if (offset > size || bytes > size - offset)
        return gguf_fail (reader, TENON_E_TRUNCATED, TENON_AUTO,
                          "its blocks of %s need %llu bytes at offset %llu, the file ends at %llu",
                          kind->name, (unsigned long long) bytes, (unsigned long long) offset,
                          (unsigned long long) size);
    if (offset >> (64 - COOKIE_OFFSET))
        return gguf_fail (reader, TENON_E_UNSUPPORTED, TENON_AUTO, "it lies too far behind, at %llu",
                          (unsigned long long) offset);
    tensor->length = bytes;
    return TENON_OK;
}

tenon_status
gguf_mlx_add (struct gguf_reader *reader, const struct gguf_type *type, struct tenon_tensor *tensor)
{
    static const char weight[] = ".weight", *const endings[PARTS] = { "", ".scales", ".biases" };
    struct tenon_call *call = reader->call;
    struct cookie cookie = { tensor->offset, find_kind (type), 0, reader->cursor.big_endian };
    uint64_t shape[GGUF_MOST_DIMS], stem = tensor->name_length, length = sizeof weight - 1;
    TENON_TRY (count_bytes (reader, cookie.kind, tensor));
    if (stem > length && memcmp (tensor->name + stem - length, weight, length) == 0)
        stem -= length;
    char *name = call->host->scratch (call, tensor->name_length + length + 1);
    if (!name)
        return TENON_E_MEMORY;
    memcpy (name, tensor->name, tensor->name_length);
    memcpy (shape, tensor->shape, tensor->rank * sizeof *shape);
    uint64_t groups = shape[tensor->rank - 1] / GGUF_MLX_GROUP;
    for (cookie.part = WEIGHT; cookie.part < PARTS; cookie.part++) {
        struct tenon_tensor part = *tensor;
        part.dtype = cookie.part == WEIGHT ? TENON_U32 : TENON_F16;
        part.name = name;
        part.name_length = cookie.part == WEIGHT ? tensor->name_length : stem + length;
        part.shape = shape;
        part.flags = 0;
        part.storage = TENON_SERVED;
        part.length = TENON_AUTO;
        part.cookie = pack_cookie (&cookie);
        shape[tensor->rank - 1] = cookie.part == WEIGHT ? groups * cookie.kind->words : groups;
        memcpy (name + (cookie.part == WEIGHT ? tensor->name_length : stem), endings[cookie.part],
                strlen (endings[cookie.part]));
        TENON_TRY (call->host->add_tensor (call, &part));
    }
    reader->more_tensors += PARTS - 1;
    return TENON_OK;
}

/* ---- serving ---- */

#define BLOCKS 1024u /* that are read at once */

struct server {
    struct tenon_call *call;
    uint32_t source;
    struct cookie cookie;
    uint32_t shift;        /* 2^shift items of this part are made of a block */
    uint64_t first, count; /* the blocks that are in memory */
    uint8_t *blocks, *to;
};

/* Four bits each of eight bytes, the low ones or the high ones, side by side. */
static uint32_t
join_nibbles (const uint8_t *bytes, uint32_t high)
{
    uint64_t nibbles = tenon_le64 (bytes) >> 4 * high & 0x0f0f0f0f0f0f0f0fu;
    nibbles = (nibbles | nibbles >> 4) & 0x00ff00ff00ff00ffu;
    nibbles = (nibbles | nibbles >> 8) & 0x0000ffff0000ffffu;
    return (uint32_t) (nibbles | nibbles >> 16);
}

/* Items `item`, `item` + `step` … of the blocks that begin here. The first half of a block's numbers of four
 * bits is in the low halves of its bytes. */
static void
put_words (struct server *server, const uint8_t *blocks, uint64_t item, uint64_t count, uint64_t step)
{
    const struct gguf_mlx_kind *kind = server->cookie.kind;
    uint32_t size = kind->bytes, shift = server->shift, fours = kind->words == 4;
    uint8_t *to = server->to;
    for (blocks += kind->head; count > 0; count--, item += step) {
        const uint8_t *numbers = blocks + (item >> shift) * size;
        to = tenon_put_le32 (to, fours ? join_nibbles (numbers + 8 * (item & 1), item >> 1 & 1)
                                       : tenon_le32 (numbers + 4 * (item & 7)) ^ 0x80808080u);
    }
    server->to = to;
}

static void
put_halves (struct server *server, const uint8_t *blocks, uint64_t item, uint64_t count, uint64_t step)
{
    const struct gguf_mlx_kind *kind = server->cookie.kind;
    uint32_t made = server->cookie.part == BIASES && kind->zero != 0;
    if (server->cookie.part == BIASES && !made)
        blocks += 2;
    for (; count > 0; count--, item += step) {
        const uint8_t *block = blocks + item * kind->bytes;
        uint16_t half = server->cookie.big_endian ? tenon_be16 (block) : tenon_le16 (block);
        server->to = tenon_put_le16 (server->to, made ? gguf_mlx_bias (kind, half) : half);
    }
}

/* Reads the block, and those behind it up to the last that is wanted. */
static tenon_status
load_blocks (struct server *server, uint64_t block, uint64_t last, uint64_t most)
{
    uint64_t size = server->cookie.kind->bytes, n = last - block + 1 < most ? last - block + 1 : most;
    TENON_TRY (server->call->host->read_at (server->call, server->source,
                                            server->cookie.offset + block * size, server->blocks, n * size));
    server->first = block, server->count = n;
    return TENON_OK;
}

/* `count` items from `item` on, counted through all rows. */
static tenon_status
serve_run (struct server *server, uint64_t item, uint64_t count, uint64_t step)
{
    uint64_t last = count ? (item + (count - 1) * step) >> server->shift : 0;
    uint64_t most = step >> server->shift > 16 ? 1 : BLOCKS; /* what is far apart is read one by one */
    while (count > 0) {
        uint64_t block = item >> server->shift;
        if (block < server->first || block - server->first >= server->count)
            TENON_TRY (load_blocks (server, block, last, most));
        uint64_t in_memory = ((server->first + server->count) << server->shift) - item;
        uint64_t n = (in_memory - 1) / step + 1;
        n = n < count ? n : count;
        (server->cookie.part == WEIGHT ? put_words : put_halves) (
            server, server->blocks, item - (server->first << server->shift), n, step);
        item += n * step, count -= n;
    }
    return TENON_OK;
}

/* A region in as few dims as it has: rows that are wanted whole are one. */
struct box {
    uint32_t rank;
    uint64_t shape[GGUF_MOST_DIMS], start[GGUF_MOST_DIMS], count[GGUF_MOST_DIMS], step[GGUF_MOST_DIMS];
};

static void
join_rows (struct box *box)
{
    while (box->rank > 1) {
        uint32_t in = box->rank - 1, out = in - 1;
        uint64_t columns = box->shape[in];
        if (box->start[in] != 0 || box->count[in] != columns || (columns > 1 && box->step[in] != 1)
            || box->step[out] != 1)
            return;
        box->shape[out] *= columns, box->start[out] *= columns, box->count[out] *= columns;
        box->rank--;
    }
}

static tenon_status
serve_box (struct server *server, const struct box *box)
{
    uint32_t last = box->rank - 1;
    uint64_t at[GGUF_MOST_DIMS] = { 0 }, rows = 1;
    for (uint32_t i = 0; i < last; i++)
        rows *= box->count[i];
    for (uint64_t row = 0; row < rows; row++) {
        uint64_t first = 0;
        for (uint32_t i = 0; i < last; i++)
            first = first * box->shape[i] + box->start[i] + at[i] * box->step[i];
        first = first * box->shape[last] + box->start[last];
        TENON_TRY (serve_run (server, first, box->count[last], box->step[last]));
        for (uint32_t i = last; i-- > 0;) {
            if (++at[i] < box->count[i])
                break;
            at[i] = 0;
        }
    }
    return TENON_OK;
}

tenon_status
gguf_mlx_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
               void *to, uint64_t size)
{
    struct server server = {
        .call = call, .source = tensor->source, .cookie = unpack_cookie (tensor->cookie), .to = to
    };
    struct box box = { .rank = region->rank };
    size_t bytes = region->rank * sizeof (uint64_t);
    if (region->rank == 0 || region->rank > GGUF_MOST_DIMS)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a tensor of %u dims was asked for",
                           region->rank);
    server.shift = server.cookie.part != WEIGHT ? 0 : server.cookie.kind->words == 4 ? 2 : 3;
    if (size == 0)
        return TENON_OK;
    if (!(server.blocks = call->host->scratch (call, BLOCKS * (uint64_t) server.cookie.kind->bytes)))
        return TENON_E_MEMORY;
    memcpy (box.shape, tensor->shape, bytes);
    memcpy (box.start, region->start, bytes);
    memcpy (box.count, region->count, bytes);
    memcpy (box.step, region->step, bytes);
    join_rows (&box);
    return serve_box (&server, &box);
}
