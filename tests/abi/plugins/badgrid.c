/* SPDX-License-Identifier: MIT */
/* badgrid.c - a keyed codec whose locate_chunk breaks rules. The key "badgrid.mode" is the number of the
 * rule, in text; the tensor "x", u8 [4], has chunks of one item, whose keys "c/0" … "c/15" it
 * claims. */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/plugin.h>

#define MODE "badgrid.mode"

enum {
    GOOD,
    POSITIVE,
    SILENT,
    UP,
    EMPTY,
    NO_TEXT,
    UNCLAIMED,
    NO_SOURCE,
    OLD_SOURCE,
    SERVICE,
    MISSING_KEY,
    ONE_FAILS,
    CRASH,
    SCRATCH,
    OPEN_UNCLAIMED,
    OPEN_UP,
    FOLDER
};

static tenon_status
bad_describe (struct tenon_call *call)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_grid grid = TENON_INIT (grid);
    struct tenon_claim claim = TENON_INIT (claim);
    const uint64_t shape[] = { 4 }, chunk[] = { 1 }, claimed[] = { 16 };
    char text[3] = "";
    TENON_TRY (call->host->open_key (call, MODE, strlen (MODE), &tensor.source));
    TENON_TRY (call->host->read_at (call, tensor.source, 0, text, 2));
    int mode = atoi (text);
    claim.prefix = "c/";
    claim.prefix_length = 2;
    claim.count = claimed;
    claim.rank = 1;
    claim.separator = '/';
    TENON_TRY (call->host->claim_keys (call, &claim));
    tensor.name = "x";
    tensor.name_length = 1;
    tensor.dtype = TENON_U8;
    tensor.shape = shape;
    tensor.chunk_shape = chunk;
    tensor.rank = 1;
    tensor.storage = TENON_GRID;
    tensor.length = TENON_AUTO;
    tensor.grid = &grid;
    tensor.state = &mode;
    tensor.state_size = sizeof mode;
    return call->host->add_tensor (call, &tensor);
}

static void
give_key (struct tenon_chunk *found, const char *key)
{
    found->key = key;
    found->key_length = strlen (key);
}

/* Opens a key, and keeps its number for the chunks behind it, longer than it is good. */
static tenon_status
use_old_source (struct tenon_call *call, uint64_t chunk, struct tenon_chunk *found)
{
    uint32_t *kept = (uint32_t *) call->state;
    char key[20];
    if (!kept) {
        if (!(kept = (uint32_t *) call->host->scratch (call, sizeof *kept)))
            return TENON_E_MEMORY;
        call->state = kept;
        TENON_TRY (call->host->open_key (call, "c/0", 3, kept));
    }
    for (unsigned i = 0; chunk > 0 && i < 20; i++) { /* it takes turns, so c/0 is not open any more */
        uint32_t other;
        snprintf (key, sizeof key, "c/%u", 1 + i % 15);
        TENON_TRY (call->host->open_key (call, key, strlen (key), &other));
    }
    found->source = *kept;
    return TENON_OK;
}

static tenon_status
bad_locate (struct tenon_call *call, const struct tenon_tensor *tensor, const uint64_t *chunk,
            struct tenon_chunk *found)
{
    static const char *const keys[] = { "c/0", "c/1", "c/2", "c/3" };
    volatile int *nowhere = NULL;
    uint32_t source;
    int mode;
    memcpy (&mode, tensor->state, sizeof mode);
    give_key (found, keys[chunk[0]]);
    switch (mode) {
    case POSITIVE: return 5;
    case SILENT: return TENON_E_MALFORMED;
    case UP: give_key (found, "../c/0"); break;
    case EMPTY: found->key_length = 0; break;
    case NO_TEXT: give_key (found, "c/\xff"); break;
    case UNCLAIMED: give_key (found, "c/16"); break;
    case NO_SOURCE: found->key = NULL, found->source = 77; break;
    case OLD_SOURCE: found->key = NULL; return use_old_source (call, chunk[0], found);
    case SERVICE: return call->host->add_part (call, NULL, &source);
    case MISSING_KEY:
        give_key (found, "\xff..");
        found->flags = TENON_CHUNK_MISSING;
        found->offset = UINT64_MAX;
        break;
    case ONE_FAILS:
        if (chunk[0] == 1)
            return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "chunk 1 is lost");
        break;
    case CRASH: *nowhere = 1; break;
    case SCRATCH:
        if (!call->host->scratch (call, 3 << 20))
            return TENON_E_MEMORY;
        break;
    case OPEN_UNCLAIMED: return call->host->open_key (call, "other", 5, &source);
    case OPEN_UP: return call->host->open_key (call, "../x", 4, &source);
    case FOLDER: found->key = NULL, found->source = 0; break;
    default: break;
    }
    return TENON_OK;
}

static const char *const extensions[] = { "badgrid", NULL };
static const char *const root_keys[] = { MODE, NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "badgrid",
    .label = "grids that break rules",
    .extensions = extensions,
    .describe = bad_describe,
    .locate_chunk = bad_locate,
    .root_keys = root_keys,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "badgrid",
    .version = "1.0",
    .license = "MIT",
    .summary = "tensors in chunks that break rules",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
