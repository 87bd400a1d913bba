/* SPDX-License-Identifier: MIT */
/* mlx.h - quantised tensors as MLX has them: q4_0, q4_1 and q8_0 as three tensors each, and the way back.
 *
 *     NAME.weight  u32 [rows, columns × bits / 32]  numbers without a sign, the first one in the lowest bits
 *     NAME.scales  f16 [rows, columns / 32]         one for each group of 32
 *     NAME.biases  f16 [rows, columns / 32]         number × scale + bias is the value
 *
 * The numbers of q4_0 count from -8, of which MLX makes a bias of -8 × scale; those of q8_0 have a sign,
 * which it turns round, with a bias of -128 × scale. q4_1 has biases of its own. */
#ifndef GGUF_MLX_H
#define GGUF_MLX_H

#include "gguf.h"

#define GGUF_MLX_GROUP 32u /* items of a block, in all three */

/* One of the three types. */
struct gguf_mlx_kind {
    uint32_t id;          /* of the type in files */
    uint32_t words;       /* u32 that a group makes */
    uint32_t head, bytes; /* of a block: before its numbers, in all */
    float zero;           /* bias / scale; 0: the block has the bias */
    const char *name;     /* of the dtype */
};
enum { GGUF_MLX_Q4_0, GGUF_MLX_Q4_1, GGUF_MLX_Q8_0, GGUF_MLX_KINDS };
extern const struct gguf_mlx_kind gguf_mlx_kinds[GGUF_MLX_KINDS];

/* Does the option ask for it? */
tenon_status gguf_mlx_wanted (struct tenon_call *call, uint32_t *wanted);
/* The bias that MLX gives a scale. */
uint16_t gguf_mlx_bias (const struct gguf_mlx_kind *kind, uint16_t scale);

/* ---- reading (mlx.c) ---- */

int gguf_mlx_splits (const struct gguf_reader *reader, const struct gguf_type *type);
/* Adds the three in place of one, whose length it sets, as add_tensor would. */
tenon_status gguf_mlx_add (struct gguf_reader *reader, const struct gguf_type *type,
                           struct tenon_tensor *tensor);
tenon_status gguf_mlx_read (struct tenon_call *call, const struct tenon_tensor *tensor,
                            const struct tenon_region *region, void *to, uint64_t size);

/* ---- writing (mlx_write.c) ---- */

/* A tensor that is written: one of the plan, or three of them. */
struct gguf_mlx_item {
    uint64_t index, scales, biases;
    const struct gguf_mlx_kind *kind; /* NULL: as it is */
    uint64_t groups, shape[GGUF_MOST_DIMS];
};
struct gguf_mlx_plan {
    struct tenon_call *call;
    struct gguf_mlx_item *items; /* NULL: the plan as it is */
    uint64_t count;
    uint8_t *scales, *biases, *words, *blocks;
};
/* Changes the number of tensors. Refuses u32 that is no part of three. */
tenon_status gguf_mlx_begin (struct gguf_mlx_plan *plan, struct tenon_call *call, uint64_t *tensors);
/* In place of plan_tensor and put_tensor. */
tenon_status gguf_mlx_tensor (const struct gguf_mlx_plan *plan, uint64_t index, struct tenon_tensor *tensor);
tenon_status gguf_mlx_put (struct gguf_mlx_plan *plan, uint64_t index);

#endif
