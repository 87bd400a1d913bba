/* SPDX-License-Identifier: MIT */
/* bad.c - misbehaving describe functions: false descriptions of tensors. */
#include "bad.h"

/* ---- ranges and shapes ---- */

static tenon_status
far_offset (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.offset = UINT64_MAX - 3; /* + 4 would be 0 */
    return add_tensor (call, tensor);
}

static tenon_status
wrong_length (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.length = 5;
    return add_tensor (call, tensor);
}

static tenon_status
overlap (struct tenon_call *call)
{
    struct tenon_tensor first = good_tensor ("first"), second = good_tensor ("second"),
                        between = good_tensor ("between");
    second.offset = 32;
    between.offset = 3; /* the last byte of `first` */
    TENON_TRY (add_tensor (call, first));
    TENON_TRY (add_tensor (call, second));
    return add_tensor (call, between);
}

static tenon_status
alias (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.flags = TENON_ALIAS;
    return add_tensor (call, tensor);
}

static tenon_status
shape_of (struct tenon_call *call, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t shape[3] = { a, b, c };
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.dtype = TENON_F32;
    tensor.shape = shape;
    tensor.rank = 3;
    return add_tensor (call, tensor);
}

static tenon_status
product (struct tenon_call *call)
{
    return shape_of (call, 1ull << 32, 1ull << 31, 2); /* 2^64: 0 when it wraps */
}

static tenon_status
bytes (struct tenon_call *call)
{
    return shape_of (call, 1ull << 62, 1, 1); /* × 4 bytes: 0 when it wraps */
}

static tenon_status
large_dim (struct tenon_call *call)
{
    return shape_of (call, 0, 1ull << 63, 1);
}

static tenon_status
zero_and_large (struct tenon_call *call)
{
    return shape_of (call, 0, 1ull << 62, 1ull << 62);
}

static tenon_status
rank_65 (struct tenon_call *call)
{
    uint64_t shape[65];
    struct tenon_tensor tensor = good_tensor ("x");
    for (unsigned i = 0; i < 65; i++)
        shape[i] = 1;
    tensor.shape = shape;
    tensor.rank = 65;
    return add_tensor (call, tensor);
}

static tenon_status
no_shape (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.shape = NULL;
    return add_tensor (call, tensor);
}

/* ---- names ---- */

static tenon_status
twice (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("same");
    TENON_TRY (add_tensor (call, tensor));
    tensor.offset = 8;
    return add_tensor (call, tensor);
}

static tenon_status
no_name (struct tenon_call *call)
{
    return add_tensor (call, good_tensor (""));
}

static tenon_status
bad_name (struct tenon_call *call)
{
    return add_tensor (call, good_tensor ("caf\xe9"));
}

static tenon_status
nul_name (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("ab");
    tensor.name = "a\0b";
    tensor.name_length = 3;
    return add_tensor (call, tensor);
}

/* ---- dtypes, storage, flags, numbers ---- */

static tenon_status
with_dtype (struct tenon_call *call, uint32_t dtype)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.dtype = dtype;
    return add_tensor (call, tensor);
}

static tenon_status
dtype_none (struct tenon_call *call)
{
    return with_dtype (call, TENON_NONE);
}

static tenon_status
dtype_between (struct tenon_call *call)
{
    return with_dtype (call, 40);
}

static tenon_status
dtype_string (struct tenon_call *call)
{
    return with_dtype (call, TENON_STRING);
}

static tenon_status
dtype_far (struct tenon_call *call)
{
    return with_dtype (call, 100000);
}

static tenon_status
half_block (struct tenon_call *call)
{
    uint64_t shape[1] = { 3 };
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.dtype = TENON_F4; /* two in a byte */
    tensor.shape = shape;
    return add_tensor (call, tensor);
}

static tenon_status
opaque_plain (struct tenon_call *call)
{
    struct tenon_dtype dtype = {
        .struct_size = sizeof dtype, .kind = TENON_KIND_PLAIN, .family = "toy", .text = "t"
    };
    uint32_t number;
    return call->host->add_dtype (call, &dtype, &number);
}

/* Items of 3 bytes are no i16. */
static tenon_status
opaque_items (struct tenon_call *call)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype,
                                 .kind = TENON_KIND_OPAQUE,
                                 .block_bytes = 3,
                                 .family = "toy",
                                 .text = "t",
                                 .items_as = TENON_I16 };
    uint32_t number;
    return call->host->add_dtype (call, &dtype, &number);
}

static tenon_status
opaque_nameless (struct tenon_call *call)
{
    struct tenon_dtype dtype = {
        .struct_size = sizeof dtype, .kind = TENON_KIND_OPAQUE, .block_bytes = 3, .text = "t"
    };
    uint32_t number;
    return call->host->add_dtype (call, &dtype, &number);
}

static tenon_status
grid (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.storage = TENON_GRID;
    return add_tensor (call, tensor);
}

static tenon_status
storage_77 (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.storage = 77;
    return add_tensor (call, tensor);
}

static tenon_status
served_without_read (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.storage = TENON_SERVED;
    return add_tensor (call, tensor);
}

static tenon_status
high_flag (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.flags = 0x00010000;
    return add_tensor (call, tensor);
}

static tenon_status
skipped_high_flag (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.flags = 0x00010000;
    return call->host->skip_tensor (call, &tensor, TENON_E_UNSUPPORTED, "odd", "it is odd");
}

static tenon_status
dtype_high_flag (struct tenon_call *call)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype,
                                 .kind = TENON_KIND_OPAQUE,
                                 .block_bytes = 4,
                                 .flags = 0x00010000,
                                 .family = "bad",
                                 .text = "four" };
    uint32_t number;
    return call->host->add_dtype (call, &dtype, &number);
}

static tenon_status
low_flag (struct tenon_call *call) /* fine */
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.flags = 0x00008000;
    return add_tensor (call, tensor);
}

static tenon_status
size_zero (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.struct_size = 0;
    return add_tensor (call, tensor);
}

static tenon_status
size_small (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.struct_size = offsetof (struct tenon_tensor, shape);
    return add_tensor (call, tensor);
}

static tenon_status
info_size_zero (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = 0 };
    return call->host->source_info (call, 0, &info);
}

static tenon_status
tensor_source_9 (struct tenon_call *call)
{
    struct tenon_tensor tensor = good_tensor ("x");
    tensor.source = 9;
    return add_tensor (call, tensor);
}

static tenon_status
read_source_9 (struct tenon_call *call)
{
    uint8_t byte;
    return call->host->read_at (call, 9, 0, &byte, 1);
}

static tenon_status
option_9 (struct tenon_call *call)
{
    struct tenon_setting setting = { .struct_size = sizeof setting };
    return call->host->option (call, 9, &setting);
}

static tenon_status
writes (struct tenon_call *call)
{
    return call->host->put (call, "x", 1);
}

static tenon_status
asks_for_plan (struct tenon_call *call)
{
    struct tenon_plan_info info = { .struct_size = sizeof info };
    return call->host->plan_info (call, &info);
}

static tenon_status
tells (struct tenon_call *call)
{
    call->host->tell (call);
    return add_tensor (call, good_tensor ("x"));
}

static const struct tenon_codec table[] = {
    READS (far_offset),
    READS (wrong_length),
    READS (overlap),
    READS (alias),
    READS (product),
    READS (bytes),
    READS (large_dim),
    READS (zero_and_large),
    READS (rank_65),
    READS (no_shape),
    READS (twice),
    READS (no_name),
    READS (bad_name),
    READS (nul_name),
    READS (dtype_none),
    READS (dtype_between),
    READS (dtype_string),
    READS (dtype_far),
    READS (half_block),
    READS (opaque_plain),
    READS (opaque_nameless),
    READS (opaque_items),
    READS (grid),
    READS (storage_77),
    READS (served_without_read),
    READS (high_flag),
    READS (skipped_high_flag),
    READS (dtype_high_flag),
    READS (low_flag),
    READS (size_zero),
    READS (size_small),
    READS (info_size_zero),
    READS (tensor_source_9),
    READS (read_source_9),
    READS (option_9),
    READS (writes),
    READS (asks_for_plan),
    READS (tells),
};

BAD_PLUGIN ("bad", table)
