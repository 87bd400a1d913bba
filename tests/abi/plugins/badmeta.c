/* SPDX-License-Identifier: MIT */
/* badmeta.c - misbehaving describe functions: metadata; probes; served tensors. */
#include "bad.h"

static tenon_status
probed (struct tenon_call *call)
{
    return add_tensor (call, good_tensor ("fine"));
}

/* ---- metadata ---- */

static tenon_status
entry (struct tenon_call *call, const char *key, struct tenon_value value)
{
    return call->host->add_metadata (call, key, strlen (key), &value);
}

static struct tenon_value
number (uint32_t type, uint64_t n)
{
    struct tenon_value value = { .type = type, .source = TENON_NO_SOURCE, .as.u = n };
    return value;
}

static struct tenon_value
range (uint32_t type, uint64_t count, uint64_t offset, uint64_t length)
{
    struct tenon_value value = { .type = TENON_ARRAY, .item_type = type, .count = count };
    value.offset = offset;
    value.length = length;
    return value;
}

static tenon_status
key_empty (struct tenon_call *call)
{
    return entry (call, "", number (TENON_U8, 1));
}

static tenon_status
key_twice (struct tenon_call *call)
{
    TENON_TRY (entry (call, "k", number (TENON_U8, 1)));
    return entry (call, "k", number (TENON_U8, 1));
}

static tenon_status
key_bad (struct tenon_call *call)
{
    return entry (call, "\xc3(", number (TENON_U8, 1));
}

static tenon_status
value_type (struct tenon_call *call)
{
    return entry (call, "k", number (TENON_F16, 1));
}

static tenon_status
value_bool (struct tenon_call *call)
{
    return entry (call, "k", number (TENON_BOOL, 2));
}

static tenon_status
value_string (struct tenon_call *call)
{
    struct tenon_value value = { .type = TENON_STRING, .count = 3, .source = TENON_NO_SOURCE };
    return entry (call, "k", value);
}

static tenon_status
range_past_end (struct tenon_call *call)
{
    return entry (call, "k", range (TENON_U32, 4, 52, 16));
}

static tenon_status
range_count (struct tenon_call *call)
{
    return entry (call, "k", range (TENON_U32, 4, 0, 15));
}

static tenon_status
range_overflow (struct tenon_call *call)
{
    return entry (call, "k", range (TENON_U32, 1ull << 62, 0, 0)); /* × 4 is 0 when it wraps */
}

static tenon_status
range_strings (struct tenon_call *call)
{
    return entry (call, "k", range (TENON_STRING, 1, 0, 8)); /* without a length encoding */
}

static tenon_status
range_source (struct tenon_call *call)
{
    struct tenon_value value = range (TENON_U8, 4, 0, 4);
    value.source = 5;
    return entry (call, "k", value);
}

static tenon_status
nested_none (struct tenon_call *call)
{
    struct tenon_value value = {
        .type = TENON_ARRAY, .item_type = TENON_ARRAY, .count = 2, .source = TENON_NO_SOURCE
    };
    return entry (call, "k", value);
}

static tenon_status
nested_number (struct tenon_call *call)
{
    struct tenon_value item = number (TENON_U8, 1);
    struct tenon_value value = {
        .type = TENON_ARRAY, .item_type = TENON_ARRAY, .count = 1, .source = TENON_NO_SOURCE
    };
    value.as.items = &item;
    return entry (call, "k", value);
}

/* An array that contains itself. */
static tenon_status
nested_cycle (struct tenon_call *call)
{
    struct tenon_value value = {
        .type = TENON_ARRAY, .item_type = TENON_ARRAY, .count = 1, .source = TENON_NO_SOURCE
    };
    value.as.items = &value;
    return entry (call, "k", value);
}

static tenon_status
items_beyond (struct tenon_call *call)
{
    struct tenon_value array = range (TENON_U8, 4, 0, 4), items[5];
    return call->host->items (call, &array, 0, 5, items);
}

/* ---- probes ---- */

static int32_t
probe_too_sure (struct tenon_call *call)
{
    (void) call;
    return 1000;
}

static int32_t
probe_negative (struct tenon_call *call)
{
    (void) call;
    return TENON_E_MALFORMED;
}

/* A probe that fails to read does not fail the open. Neither does a service that probes must not call; it has
 * no effect. */
static int32_t
probe_meddles (struct tenon_call *call)
{
    uint8_t byte;
    (void) call->host->read_at (call, 0, 1000, &byte, 1);
    (void) add_tensor (call, good_tensor ("meddled"));
    (void) call->host->put (call, "x", 1);
    (void) tenon_fail (call, TENON_E_MALFORMED, 0, "a probe cannot fail");
    return 0;
}

/* ---- served tensors ---- */

static tenon_status
serve (struct tenon_call *call, const char *name)
{
    struct tenon_tensor tensor = good_tensor (name);
    tensor.storage = TENON_SERVED;
    return add_tensor (call, tensor);
}

static tenon_status
serves_silence (struct tenon_call *call)
{
    return serve (call, "silence");
}

static tenon_status
serves_seven (struct tenon_call *call)
{
    return serve (call, "seven");
}

static tenon_status
serves_lies (struct tenon_call *call)
{
    return serve (call, "lies");
}

static tenon_status
serves_fortran (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.storage = TENON_SERVED;
    tensor.flags = TENON_FORTRAN;
    return add_tensor (call, tensor);
}

static tenon_status
read_served (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
             void *to, uint64_t size)
{
    (void) region;
    memset (to, 0x55, (size_t) size);
    if (strcmp (tensor->name, "seven") == 0)
        return 7;
    if (tensor->name[0] == 's')
        return TENON_E_IO;
    (void) tenon_fail (call, TENON_E_CHECKSUM, TENON_AUTO, "it is not what it seems");
    return add_tensor (call, good_tensor ("late")) < 0 ? TENON_OK : TENON_OK;
}

static const struct tenon_codec table[] = {
    READS (key_empty),
    READS (key_twice),
    READS (key_bad),
    READS (value_type),
    READS (value_bool),
    READS (value_string),
    READS (range_past_end),
    READS (range_count),
    READS (range_overflow),
    READS (range_strings),
    READS (range_source),
    READS (nested_none),
    READS (nested_number),
    READS (nested_cycle),
    READS (items_beyond),
    SERVES (serves_silence, read_served),
    SERVES (serves_lies, read_served),
    SERVES (serves_seven, read_served),
    SERVES (serves_fortran, read_served),
    { .struct_size = sizeof (struct tenon_codec),
      .id = "probe_sure",
      .describe = probed,
      .probe = probe_too_sure },
    { .struct_size = sizeof (struct tenon_codec),
      .id = "probe_minus",
      .describe = probed,
      .probe = probe_negative },
    { .struct_size = sizeof (struct tenon_codec),
      .id = "probe_meddles",
      .describe = probed,
      .probe = probe_meddles },
};

BAD_PLUGIN ("badmeta", table)
