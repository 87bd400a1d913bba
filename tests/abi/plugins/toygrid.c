/* SPDX-License-Identifier: MIT */
/* toygrid.c - tensors in chunks: two codecs with one header. tests/abi/gridkit.h makes their files.
 *
 *     toygrid    one file: the header, and behind it tables of chunks and their bytes, in any order
 *     toystore   a store: the key "toygrid.index" has the header; chunks lie in it, or have keys
 *
 * The header, little-endian:
 *
 *     "TOYGRID\n" · u32 tensors, then for each
 *         u16 length, name · u16 length, dtype · u32 TENON_FORTRAN, TENON_BIG_ENDIAN
 *         u32 TENON_GRID_CLIPPED · u32 rank · rank × u64 shape · rank × u64 chunk shape
 *         u32 1 if an order follows · rank × u32 order · u32 length, fill
 *         u32 steps, each: u16 length, filter · u32 length, setup
 *         u32 where:
 *             0  u64 offset: a table of all chunks, in C order, whose offsets are those of the same file
 *             1  u16 length, prefix · u32 separator: a key for each chunk. "PREFIX0/1"; rank 0: PREFIX
 *             2  the same, and rank × u64 chunks: a key for so many chunks, a shard, which begins with the
 *                table of all its chunks. The chunk is found by that key
 *             3  the same; it is found by the source that open_key gave
 *
 * An entry of a table: u32 TENON_CHUNK_* · u32 skipped steps · u64 offset · u64 bytes (or TENON_AUTO) · u32
 * checksum's kind · u32 checksum. A tensor whose filter is not in use is skipped. */
#include <stdio.h>
#include <tenon/plugin.h>

#define MAGIC "TOYGRID\n"
#define INDEX "toygrid.index"
#define ENTRY 32u
#define MOST_DIMS 8
#define MOST_STEPS 4
#define MOST_PREFIX 200u

enum { TABLE, KEYS, SHARDS, SHARDS_OPENED };

/* What locate_chunk knows of a tensor: the state that describe leaves. */
struct placed {
    uint32_t where, separator, prefix_length;
    uint64_t table;
    uint64_t per_shard[MOST_DIMS];
    char prefix[MOST_PREFIX];
};

/* ---- the header ---- */

struct entry {
    struct tenon_tensor tensor;
    struct tenon_grid grid;
    struct tenon_step steps[MOST_STEPS];
    struct placed placed;
    uint64_t shape[MOST_DIMS], chunk_shape[MOST_DIMS];
    uint32_t order[MOST_DIMS];
    const char *dtype;
};

static tenon_status
take_numbers (struct tenon_cursor *cursor, uint32_t count, uint64_t *numbers)
{
    for (uint32_t i = 0; i < count; i++)
        TENON_TRY (tenon_take_u64 (cursor, &numbers[i], "a shape"));
    return TENON_OK;
}

/* A u16 length, and the text. */
static tenon_status
take_name (struct tenon_cursor *cursor, const char **text, uint64_t *length)
{
    uint16_t size;
    TENON_TRY (tenon_take_u16 (cursor, &size, "a text's length"));
    *length = size;
    *text = tenon_take_text (cursor, size, "a text");
    return *text ? TENON_OK : TENON_E_TRUNCATED;
}

/* A u32 length, and the bytes. */
static tenon_status
take_bytes (struct tenon_cursor *cursor, const void **bytes, uint64_t *length)
{
    uint32_t size;
    TENON_TRY (tenon_take_u32 (cursor, &size, "a length"));
    *length = size;
    *bytes = NULL;
    if (size > 0 && !(*bytes = tenon_take_text (cursor, size, "bytes")))
        return TENON_E_TRUNCATED;
    return TENON_OK;
}

static tenon_status
take_steps (struct tenon_cursor *cursor, struct entry *entry)
{
    TENON_TRY (tenon_take_u32 (cursor, &entry->grid.step_count, "steps"));
    if (entry->grid.step_count > MOST_STEPS)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position, "too many steps");
    for (uint32_t i = 0; i < entry->grid.step_count; i++) {
        struct tenon_step *step = &entry->steps[i];
        uint64_t length;
        *step = (struct tenon_step){ .struct_size = sizeof *step, .level = TENON_LEVEL_DEFAULT };
        TENON_TRY (take_name (cursor, &step->filter, &length));
        TENON_TRY (take_bytes (cursor, &step->setup, &step->setup_size));
    }
    entry->grid.steps = entry->steps;
    entry->grid.step_size = sizeof entry->steps[0];
    return TENON_OK;
}

static tenon_status
take_place (struct tenon_cursor *cursor, struct entry *entry)
{
    struct placed *placed = &entry->placed;
    const char *prefix;
    uint64_t length;
    TENON_TRY (tenon_take_u32 (cursor, &placed->where, "where it is"));
    if (placed->where == TABLE)
        return tenon_take_u64 (cursor, &placed->table, "the place of a table");
    TENON_TRY (take_name (cursor, &prefix, &length));
    TENON_TRY (tenon_take_u32 (cursor, &placed->separator, "a separator"));
    if (length > MOST_PREFIX)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position, "a prefix is too long");
    memcpy (placed->prefix, prefix, length);
    placed->prefix_length = (uint32_t) length;
    return placed->where == KEYS ? TENON_OK : take_numbers (cursor, entry->tensor.rank, placed->per_shard);
}

static tenon_status
take_entry (struct tenon_cursor *cursor, struct entry *entry)
{
    struct tenon_tensor *tensor = &entry->tensor;
    struct tenon_grid *grid = &entry->grid;
    uint64_t length;
    uint32_t ordered;
    tensor->place = cursor->position;
    TENON_TRY (take_name (cursor, &tensor->name, &tensor->name_length));
    TENON_TRY (take_name (cursor, &entry->dtype, &length));
    TENON_TRY (tenon_take_u32 (cursor, &tensor->flags, "flags"));
    TENON_TRY (tenon_take_u32 (cursor, &grid->flags, "flags"));
    TENON_TRY (tenon_take_u32 (cursor, &tensor->rank, "a rank"));
    if (tensor->rank > MOST_DIMS)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position, "too many dims");
    TENON_TRY (take_numbers (cursor, tensor->rank, entry->shape));
    TENON_TRY (take_numbers (cursor, tensor->rank, entry->chunk_shape));
    TENON_TRY (tenon_take_u32 (cursor, &ordered, "whether there is an order"));
    for (uint32_t i = 0; ordered && i < tensor->rank; i++)
        TENON_TRY (tenon_take_u32 (cursor, &entry->order[i], "an order"));
    grid->order = ordered ? entry->order : NULL;
    TENON_TRY (take_bytes (cursor, &grid->fill, &grid->fill_size));
    TENON_TRY (take_steps (cursor, entry));
    return take_place (cursor, entry);
}

/* ---- describing ---- */

/* The number of keys in a dim. */
static uint64_t
count_keys (const struct entry *entry, uint32_t dim)
{
    uint64_t chunk = entry->chunk_shape[dim] + !entry->chunk_shape[dim];
    uint64_t chunks = entry->shape[dim] / chunk + (entry->shape[dim] % chunk > 0);
    uint64_t each = entry->placed.where == KEYS ? 1 : entry->placed.per_shard[dim];
    return each > 0 ? chunks / each + (chunks % each > 0) : 0;
}

static tenon_status
claim_keys (struct tenon_call *call, const struct entry *entry)
{
    struct tenon_claim claim = TENON_INIT (claim);
    uint64_t count[MOST_DIMS];
    for (uint32_t i = 0; i < entry->tensor.rank; i++)
        count[i] = count_keys (entry, i);
    claim.prefix = entry->placed.prefix;
    claim.prefix_length = entry->placed.prefix_length;
    claim.count = count;
    claim.rank = entry->tensor.rank;
    claim.separator = entry->placed.separator;
    return call->host->claim_keys (call, &claim);
}

static tenon_status
add_entry (struct tenon_call *call, struct entry *entry)
{
    struct tenon_tensor *tensor = &entry->tensor;
    tensor->dtype = call->host->dtype_find (call, entry->dtype);
    tensor->shape = entry->shape;
    tensor->chunk_shape = entry->chunk_shape;
    tensor->storage = TENON_GRID;
    tensor->length = TENON_AUTO;
    tensor->grid = &entry->grid;
    tensor->state = &entry->placed;
    tensor->state_size = sizeof entry->placed;
    if (entry->placed.where != TABLE)
        TENON_TRY (claim_keys (call, entry));
    tenon_status status = call->host->add_tensor (call, tensor);
    return status == TENON_E_UNSUPPORTED
               ? call->host->skip_tensor (call, tensor, status, NULL, call->host->answer (call))
               : status;
}

static tenon_status
describe_header (struct tenon_call *call, uint32_t source)
{
    struct tenon_cursor cursor;
    uint32_t count;
    TENON_TRY (tenon_cursor_open (&cursor, call, source, sizeof MAGIC - 1));
    TENON_TRY (tenon_take_u32 (&cursor, &count, "the number of tensors"));
    struct entry *entry = (struct entry *) call->host->scratch (call, sizeof *entry);
    for (uint32_t i = 0; entry && i < count; i++) {
        memset (entry, 0, sizeof *entry);
        entry->tensor.struct_size = sizeof entry->tensor;
        entry->grid.struct_size = sizeof entry->grid;
        entry->tensor.source = source;
        TENON_TRY (take_entry (&cursor, entry));
        TENON_TRY (add_entry (call, entry));
    }
    return entry ? TENON_OK : TENON_E_MEMORY;
}

static tenon_status
file_describe (struct tenon_call *call)
{
    return describe_header (call, 0);
}

static tenon_status
store_describe (struct tenon_call *call)
{
    uint32_t source;
    TENON_TRY (call->host->open_key (call, INDEX, strlen (INDEX), &source));
    return describe_header (call, source);
}

/* ---- locating ---- */

/* What a call knows: the shard that it looked into last. */
struct known {
    char key[MOST_PREFIX + 21 * MOST_DIMS + 2], shard[MOST_PREFIX + 21 * MOST_DIMS + 2];
    uint32_t source;
    int missing;
};

static void
print_key (const struct placed *placed, uint32_t rank, const uint64_t *numbers, char *key, size_t room)
{
    size_t end = placed->prefix_length;
    memcpy (key, placed->prefix, end);
    key[end] = 0;
    for (uint32_t i = 0; i < rank; i++) {
        if (i > 0)
            key[end++] = (char) placed->separator;
        end += (size_t) snprintf (key + end, room - end, "%llu", (unsigned long long) numbers[i]);
    }
}

/* Entry number `index` of a table. */
static tenon_status
read_entry (struct tenon_call *call, uint32_t source, uint64_t table, uint64_t index,
            struct tenon_chunk *found)
{
    uint8_t bytes[ENTRY];
    TENON_TRY (call->host->read_at (call, source, table + index * ENTRY, bytes, ENTRY));
    found->flags = tenon_le32 (bytes);
    found->skipped = tenon_le32 (bytes + 4);
    found->source = source;
    found->offset = tenon_le64 (bytes + 8);
    found->stored = tenon_le64 (bytes + 16);
    found->check = tenon_le32 (bytes + 24);
    found->check_value = tenon_le32 (bytes + 28);
    return TENON_OK;
}

static tenon_status
locate_in_table (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
                 struct tenon_chunk *found)
{
    const struct placed *placed = (const struct placed *) tensor->state;
    uint64_t index = 0;
    for (uint32_t i = 0; i < tensor->rank; i++)
        index = index * ((tensor->shape[i] - 1) / tensor->chunk_shape[i] + 1) + chunk[i];
    return read_entry (call, tensor->source, placed->table, index, found);
}

/* A key need not end with NUL, and this one does not. */
static void
give_key (struct known *known, struct tenon_chunk *found)
{
    found->key = known->key;
    found->key_length = strlen (known->key);
    memcpy (known->key + found->key_length, "~", 2);
}

/* Opens the shard of a key, unless it is the last one. */
static tenon_status
open_shard (struct tenon_call *call, struct known *known)
{
    if (strcmp (known->key, known->shard) == 0)
        return TENON_OK;
    known->shard[0] = 0;
    tenon_status status = call->host->open_key (call, known->key, strlen (known->key), &known->source);
    known->missing = status == TENON_E_NOT_FOUND;
    if (status < 0 && !known->missing)
        return status;
    memcpy (known->shard, known->key, sizeof known->shard);
    return TENON_OK;
}

static tenon_status
locate_in_shard (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
                 struct known *known, struct tenon_chunk *found)
{
    const struct placed *placed = (const struct placed *) tensor->state;
    uint64_t shard[MOST_DIMS], index = 0;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        shard[i] = chunk[i] / placed->per_shard[i];
        index = index * placed->per_shard[i] + chunk[i] % placed->per_shard[i];
    }
    print_key (placed, tensor->rank, shard, known->key, sizeof known->key);
    TENON_TRY (open_shard (call, known));
    if (known->missing) {
        found->flags = TENON_CHUNK_MISSING;
        return TENON_OK;
    }
    TENON_TRY (read_entry (call, known->source, 0, index, found));
    if (placed->where == SHARDS)
        give_key (known, found);
    return TENON_OK;
}

static tenon_status
grid_locate (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
             struct tenon_chunk *found)
{
    const struct placed *placed = (const struct placed *) tensor->state;
    if (placed->where == TABLE)
        return locate_in_table (call, tensor, chunk, found);
    if (!call->state && !(call->state = call->host->scratch (call, sizeof (struct known))))
        return TENON_E_MEMORY;
    struct known *known = (struct known *) call->state;
    if (placed->where != KEYS)
        return locate_in_shard (call, tensor, chunk, known, found);
    print_key (placed, tensor->rank, chunk, known->key, sizeof known->key);
    give_key (known, found);
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const char *const file_extensions[] = { "toygrid", NULL };
static const char *const store_extensions[] = { "toystore", NULL };
static const char *const root_keys[] = { INDEX, NULL };

static const struct tenon_codec file_codec = {
    .struct_size = sizeof file_codec,
    .id = "toygrid",
    .label = "toy grids in a file",
    .extensions = file_extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = file_describe,
    .locate_chunk = grid_locate,
};
static const struct tenon_codec store_codec = {
    .struct_size = sizeof store_codec,
    .id = "toystore",
    .label = "toy grids in a store",
    .extensions = store_extensions,
    .describe = store_describe,
    .locate_chunk = grid_locate,
    .root_keys = root_keys,
};
static const struct tenon_codec *const codecs[] = { &file_codec, &store_codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toygrid",
    .version = "1.0",
    .license = "MIT",
    .summary = "tensors in chunks, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
