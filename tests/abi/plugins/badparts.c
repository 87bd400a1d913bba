/* SPDX-License-Identifier: MIT */
/* badparts.c - misbehaving describe functions: parts and included sources. */
#include "bad.h"

static const struct tenon_step squash = A_STEP ("squash", -1), deflate = A_STEP ("deflate", -1);

/* ---- parts ---- */

static tenon_status
part_past_end (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.offset = 60;
    return add_part (call, part);
}

static tenon_status
part_far (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.offset = UINT64_MAX - 7;
    return add_part (call, part);
}

static tenon_status
part_lead (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.lead = 17; /* and the part begins at 16 */
    return add_part (call, part);
}

static tenon_status
parts_overlap (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    TENON_TRY (add_part (call, part));
    part.name = "late";
    part.offset = 26;
    part.lead = 3; /* 23 … 34: the first ends at 24 */
    return add_part (call, part);
}

static tenon_status
part_and_tensor (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    TENON_TRY (add_part (call, good_part ()));
    tensor.offset = 20;
    return add_tensor (call, tensor);
}

/* A tensor of the part, which is correct, and one of the file below it. */
static tenon_status
part_twice_used (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    struct tenon_part part = good_part ();
    TENON_TRY (call->host->add_part (call, &part, &tensor.source));
    TENON_TRY (add_tensor (call, tensor));
    tensor = good_tensor ("y");
    tensor.offset = 16;
    return add_tensor (call, tensor);
}

static tenon_status
part_size (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.size = 9;
    return add_part (call, part);
}

static tenon_status
part_filter (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    GOES_THROUGH (part, squash);
    return add_part (call, part);
}

static tenon_status
part_check (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.check = 9;
    return add_part (call, part);
}

static tenon_status
part_name (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.name = "a\0b";
    part.name_length = 3;
    return add_part (call, part);
}

static tenon_status
part_in_itself (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.source = 1; /* the number that the part will get */
    return add_part (call, part);
}

static tenon_status
part_size_small (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.struct_size = 12;
    return add_part (call, part);
}

static tenon_status
with_ends (struct tenon_call *call, uint64_t first, uint64_t second, uint64_t third)
{
    uint64_t ends[3] = { first, second, third };
    struct tenon_part part = good_part ();
    GOES_THROUGH (part, deflate);
    part.size = 30;
    part.block_size = 10;
    part.block_ends = ends;
    return add_part (call, part);
}

static tenon_status
blocks_fall (struct tenon_call *call)
{
    return with_ends (call, 4, 3, 8);
}

static tenon_status
blocks_leave (struct tenon_call *call)
{
    return with_ends (call, 4, 6, 9);
}

static tenon_status
blocks_stop (struct tenon_call *call)
{
    return with_ends (call, 4, 5, 7);
}

static tenon_status
bomb (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    GOES_THROUGH (part, deflate);
    part.size = 1ull << 32;
    return add_part (call, part);
}

static tenon_status
bomb_far (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    GOES_THROUGH (part, deflate);
    part.size = UINT64_MAX - 1;
    return add_part (call, part);
}

/* Each part lies in the one before it. */
static tenon_status
parts_deep (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    for (unsigned i = 0; i < 1000; i++) {
        TENON_TRY (call->host->add_part (call, &part, &part.source));
        part.offset = 0;
    }
    return TENON_OK;
}

static tenon_status
parts_many (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    part.stored = part.size = 0;
    for (unsigned i = 0; i < 1000000; i++)
        TENON_TRY (add_part (call, part));
    return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a million parts, and nobody minds");
}

/* ---- include and files beside the file ---- */

static tenon_status
includes_itself (struct tenon_call *call)
{
    struct tenon_include how = { .struct_size = sizeof how, .codec = "includes_itself" };
    return call->host->include (call, 0, &how);
}

/* Includes the whole source as a part, which the same codec describes, without end. */
static tenon_status
recurses (struct tenon_call *call)
{
    struct tenon_include how = { .struct_size = sizeof how, .codec = "recurses" };
    struct tenon_source_info info = { .struct_size = sizeof info };
    uint32_t source;
    TENON_TRY (call->host->source_info (call, 0, &info));
    struct tenon_part part = { .struct_size = sizeof part, .stored = info.size, .size = info.size };
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, &how);
}

static tenon_status
include_flags (struct tenon_call *call)
{
    struct tenon_include how = { .struct_size = sizeof how, .flags = 0x00020000, .codec = "fine" };
    struct tenon_part part = good_part ();
    uint32_t source;
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, &how);
}

static tenon_status
include_nobody (struct tenon_call *call)
{
    struct tenon_include how = { .struct_size = sizeof how, .codec = "nobody" };
    struct tenon_part part = good_part ();
    uint32_t source;
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, &how);
}

/* Includes a part that no codec recognises, and returns the failure. */
static tenon_status
include_unknown (struct tenon_call *call)
{
    struct tenon_part part = good_part ();
    uint32_t source;
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, NULL);
}

static tenon_status
fine (struct tenon_call *call)
{
    return add_tensor (call, good_tensor ("fine"));
}

/* Includes the same part twice: its tensors would have one name. */
static tenon_status
include_twice (struct tenon_call *call)
{
    struct tenon_include how = { .struct_size = sizeof how, .codec = "fine" };
    struct tenon_part part = good_part ();
    uint32_t source;
    TENON_TRY (call->host->add_part (call, &part, &source));
    TENON_TRY (call->host->include (call, source, &how));
    return call->host->include (call, source, &how);
}

static tenon_status
open_beside (struct tenon_call *call, const char *name)
{
    uint32_t source;
    return call->host->open_key (call, name, strlen (name), &source);
}

static tenon_status
beside_up (struct tenon_call *call)
{
    return open_beside (call, "../secret");
}

static tenon_status
beside_absolute (struct tenon_call *call)
{
    return open_beside (call, "/etc/passwd");
}

static tenon_status
beside_dots (struct tenon_call *call)
{
    return open_beside (call, "..");
}

static tenon_status
beside_empty (struct tenon_call *call)
{
    return open_beside (call, "");
}

static tenon_status
beside_missing (struct tenon_call *call)
{
    return open_beside (call, "nowhere.bin");
}

static const struct tenon_codec table[] = {
    READS (part_past_end),   READS (part_far),
    READS (part_lead),       READS (parts_overlap),
    READS (part_and_tensor), READS (part_twice_used),
    READS (part_size),       READS (part_filter),
    READS (part_check),      READS (part_name),
    READS (part_in_itself),  READS (part_size_small),
    READS (blocks_fall),     READS (blocks_leave),
    READS (blocks_stop),     READS (bomb),
    READS (bomb_far),        READS (parts_deep),
    READS (parts_many),      READS (includes_itself),
    READS (recurses),        READS (include_flags),
    READS (include_nobody),  READS (include_unknown),
    READS (include_twice),   READS (fine),
    READS (beside_up),       READS (beside_absolute),
    READS (beside_dots),     READS (beside_empty),
    READS (beside_missing),
};

BAD_PLUGIN ("badparts", table)
