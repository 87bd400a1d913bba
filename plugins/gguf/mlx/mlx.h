/* SPDX-License-Identifier: MIT */
/* mlx.h - quantised tensors as MLX has them: a tensor of q4_0, q4_1 or q8_0 is read as three, and three are
 * written as one.
 *
 *     NAME.weight  u32 [rows, columns × bits / 32]  unsigned numbers, the first in the lowest bits
 *     NAME.scales  f16 [rows, columns / 32]         one for each group of 32 items
 *     NAME.biases  f16 [rows, columns / 32]         item = number × scale + bias
 *
 * Groups of 64 and 128 items are written, too, as blocks of one scale, and scales of bf16 that f16 can hold.
 *
 * The numbers of q4_0 stand for -8 and more: MLX makes of that a bias of -8 × scale. The numbers of q8_0 are
 * signed: MLX flips the sign bit, with a bias of -128 × scale. q4_1 has biases of its own. */
#ifndef GGUF_MLX_H
#define GGUF_MLX_H

#include "gguf.h"

#define GGUF_MLX_DIMS 8u   /* MLX reads no more */
#define GGUF_MLX_GROUP 32u /* items of a block, in all three types */

/* A block type that MLX reads as three tensors. */
struct gguf_mlx_kind {
    uint32_t id;          /* of the type in files */
    uint32_t words;       /* u32 of a group */
    uint32_t head, bytes; /* of a block: before its numbers, in all */
    float zero;           /* bias / scale; 0: the block has the bias */
    const char *name;     /* of the dtype */
};
enum { GGUF_MLX_Q4_0, GGUF_MLX_Q4_1, GGUF_MLX_Q8_0, GGUF_MLX_KINDS };

/* ---- kinds.c ---- */

extern const struct gguf_mlx_kind gguf_mlx_kinds[GGUF_MLX_KINDS];
/* *wanted: the option asks for triples. */
tenon_status gguf_mlx_wanted (struct tenon_call *call, uint32_t *wanted);
/* The bias that MLX derives from a scale. */
uint16_t gguf_mlx_bias (const struct gguf_mlx_kind *kind, uint16_t scale);

/* ---- triples.c: describing ---- */

/* True if a tensor of this type is described as three. */
int gguf_mlx_splits (const struct gguf_reader *reader, const struct gguf_type *type);
/* Adds the three tensors in place of `tensor`, and sets its length, as add_tensor does. */
tenon_status gguf_mlx_add (struct gguf_reader *reader, const struct gguf_type *type,
                           struct tenon_tensor *tensor);

/* ---- serve.c: reading ---- */

/* tenon_codec.read */
tenon_status gguf_mlx_read (struct tenon_call *call, const struct tenon_tensor *tensor,
                            const struct tenon_region *region, void *to, uint64_t size);

/* ---- plan.c and blocks.c: writing ---- */

/* A tensor that is written: one of the plan, or three of them. */
struct gguf_mlx_item {
    uint64_t index, scales, biases;
    const struct gguf_mlx_kind *kind; /* NULL: one of the plan */
    uint64_t groups, shape[GGUF_MLX_DIMS];
    uint32_t repeat; /* blocks of a group */
    uint32_t bf16;   /* true: of scales and biases */
    uint32_t doubt;  /* true: numbers of 8 bits, or of 4 bits in groups twice as long */
};
struct gguf_mlx_plan {
    struct tenon_call *call;
    struct gguf_mlx_item *items; /* NULL: the tensors of the plan, unchanged */
    uint64_t count;
    uint8_t *scales, *biases, *words, *blocks; /* buffers */
    uint32_t big_endian;                       /* of the blocks that are written */
};
/* Groups whose scales and biases are in memory at once: 8 MiB each. */
#define GGUF_MLX_WINDOW (1u << 22)
/* Groups whose numbers are in memory at once. read_tensor restarts a source whenever the tensor changes. */
#define GGUF_MLX_CHUNK (1u << 12)

/* Finds the triples of the plan, and changes the number of tensors. Refuses a tensor of u32 that is not in a
 * triple. */
tenon_status gguf_mlx_begin (struct gguf_mlx_plan *plan, struct tenon_call *call, uint64_t *tensors);
/* Reads scales and biases of `count` groups, at most GGUF_MLX_WINDOW, into the buffers. */
tenon_status gguf_mlx_read_window (struct gguf_mlx_plan *plan, const struct gguf_mlx_item *item,
                                   uint64_t first, uint64_t count);
/* These take the place of plan_tensor and put_tensor. */
tenon_status gguf_mlx_tensor (const struct gguf_mlx_plan *plan, uint64_t index, struct tenon_tensor *tensor);
tenon_status gguf_mlx_put (struct gguf_mlx_plan *plan, uint64_t index);

/* ---- ../filetype.c ---- */

#define GGUF_FILE_TYPE "general.file_type"
/* Brings the value of that key, entry number `entry` of the plan, up to date with the tensors that are
 * written, and tells it. */
tenon_status gguf_file_type (const struct gguf_mlx_plan *mlx, uint64_t tensors, uint64_t entry,
                             struct tenon_value *value);

#endif
