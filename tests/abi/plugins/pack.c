/* SPDX-License-Identifier: MIT */
/* pack.c - a toy archive: members one behind the other.
 *
 *     "TOYPACK\n", then for each member
 *         "KEY:" · u8 how · u8 length, key · u64 stored · u64 size · u32 CRC-32 · the stored bytes
 *     "END:"
 *
 * how: 0 stored, 1 deflate, 2 toyrot (which no test has); + 16: described later; + 32: cannot be read, found
 * at once; + 64: the same, found later; + 128: the archive fails later. */
#include <tenon/plugin.h>

#define MAGIC "TOYPACK\n"
#define HEAD 6u /* "KEY:", how, length */
#define TAIL 20u

enum { STORED, DEFLATED, FILTERS = 15, LATER = 16, SKIPPED = 32, SKIPPED_LATER = 64, FAILS = 128 };

/* ---- reading ---- */

/* The member at `at`; *end is where the next one begins. */
static tenon_status
read_head (struct tenon_call *call, uint64_t at, uint32_t *how, struct tenon_part *part, uint64_t *end)
{
    struct tenon_cursor cursor;
    uint8_t byte, length;
    uint32_t crc;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, at + 4));
    TENON_TRY (tenon_take_u8 (&cursor, &byte, "how"));
    TENON_TRY (tenon_take_u8 (&cursor, &length, "a key's length"));
    const uint8_t *key = tenon_take (&cursor, length, "a key");
    char *copy = key ? (char *) call->host->scratch (call, length + 1u) : NULL;
    if (!copy)
        return TENON_E_TRUNCATED;
    memcpy (copy, key, length);
    TENON_TRY (tenon_take_u64 (&cursor, &part->stored, "the stored bytes"));
    TENON_TRY (tenon_take_u64 (&cursor, &part->size, "the bytes"));
    TENON_TRY (tenon_take_u32 (&cursor, &crc, "a checksum"));
    *how = byte;
    part->name = copy;
    part->name_length = length;
    part->lead = HEAD + length + TAIL;
    part->offset = at + part->lead;
    part->place = at;
    part->check = TENON_CHECK_CRC32;
    part->check_value = crc;
    static const struct tenon_step deflate = { .struct_size = sizeof deflate, .filter = "deflate" },
                                   toyrot = { .struct_size = sizeof toyrot, .filter = "toyrot" };
    part->steps = (byte & FILTERS) == DEFLATED ? &deflate : &toyrot;
    part->step_size = sizeof toyrot;
    part->step_count = (byte & FILTERS) != STORED;
    *end = part->offset + part->stored;
    return *end < part->offset ? tenon_fail (call, TENON_E_MALFORMED, at, "a member without an end")
                               : TENON_OK;
}

static tenon_status
add_member (struct tenon_call *call, struct tenon_part *part, uint32_t how)
{
    uint32_t source;
    if (how & (SKIPPED | SKIPPED_LATER))
        return call->host->skip_part (call, part, TENON_E_UNSUPPORTED, "it is sealed");
    tenon_status status = call->host->add_part (call, part, &source);
    return status == TENON_E_UNSUPPORTED
               ? call->host->skip_part (call, part, status, call->host->answer (call))
               : status;
}

static tenon_status
pack_describe (struct tenon_call *call)
{
    char mark[8];
    uint64_t at = 8, end;
    TENON_TRY (call->host->read_at (call, 0, 0, mark, 8));
    if (memcmp (mark, MAGIC, 8))
        return tenon_fail (call, TENON_E_MALFORMED, 0, "it does not begin with TOYPACK");
    call->state = call->host->scratch (call, 1);
    for (;; at = end) {
        struct tenon_part part = TENON_INIT (part);
        uint32_t how;
        TENON_TRY (call->host->read_at (call, 0, at, mark, 4));
        if (memcmp (mark, "END:", 4) == 0)
            return TENON_OK;
        if (memcmp (mark, "KEY:", 4))
            return tenon_fail (call, TENON_E_MALFORMED, at, "no member and no end is here");
        TENON_TRY (read_head (call, at, &how, &part, &end));
        part.flags = how & LATER ? TENON_PART_LATER : 0;
        TENON_TRY (add_member (call, &part, how & LATER ? how & SKIPPED : how));
    }
}

static tenon_status
pack_locate (struct tenon_call *call, const struct tenon_part *wanted)
{
    struct tenon_part part = TENON_INIT (part);
    uint64_t end;
    uint32_t how;
    TENON_TRY (read_head (call, wanted->place, &how, &part, &end));
    if (how & FAILS || !call->state)
        return tenon_fail (call, TENON_E_MALFORMED, wanted->place, "the archive is broken here");
    return add_member (call, &part, how);
}

/* ---- the tables ---- */

static const char *const filters[] = { "deflate", NULL };
static const struct tenon_archive archive = {
    .struct_size = sizeof archive,
    .filters = filters,
    .locate = pack_locate,
};
static const char *const extensions[] = { "pack", NULL };
static const struct tenon_magic magics[] = { { 0, 8, 0, MAGIC } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "pack",
    .label = "toy archive",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = pack_describe,
    .archive_functions = &archive,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "pack",
    .version = "1",
    .license = "MIT",
    .summary = "a toy archive",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
