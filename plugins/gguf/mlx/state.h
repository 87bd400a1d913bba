/* SPDX-License-Identifier: MIT */
/* state.h - the state of a served tensor: which of the three it is. Its offset is that of the blocks. */
#ifndef GGUF_MLX_STATE_H
#define GGUF_MLX_STATE_H

#include "mlx.h"

/* One of the three tensors. */
enum { GGUF_MLX_WEIGHT, GGUF_MLX_SCALES, GGUF_MLX_BIASES, GGUF_MLX_ROLES };

struct gguf_mlx_state {
    uint32_t kind; /* GGUF_MLX_Q4_0 … */
    uint32_t role, big_endian;
};

#endif
