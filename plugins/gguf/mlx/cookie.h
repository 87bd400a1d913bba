/* SPDX-License-Identifier: MIT */
/* cookie.h - the cookie of a served tensor: which of the three it is, and where its blocks lie. */
#ifndef GGUF_MLX_COOKIE_H
#define GGUF_MLX_COOKIE_H

#include "mlx.h"

/* One of the three tensors. */
enum { GGUF_MLX_WEIGHT, GGUF_MLX_SCALES, GGUF_MLX_BIASES, GGUF_MLX_ROLES };

struct gguf_mlx_cookie {
    uint64_t offset; /* of the first block in the file */
    const struct gguf_mlx_kind *kind;
    uint32_t role, big_endian;
};
#define GGUF_MLX_COOKIE_BITS 5u /* all fields but the offset */

static inline uint64_t
gguf_mlx_pack_cookie (const struct gguf_mlx_cookie *cookie)
{
    return cookie->offset << GGUF_MLX_COOKIE_BITS | (uint64_t) cookie->big_endian << 4
           | (uint64_t) (cookie->kind - gguf_mlx_kinds) << 2 | cookie->role;
}

static inline struct gguf_mlx_cookie
gguf_mlx_unpack_cookie (uint64_t packed)
{
    return (struct gguf_mlx_cookie){ packed >> GGUF_MLX_COOKIE_BITS,
                                     &gguf_mlx_kinds[(packed >> 2 & 3) % GGUF_MLX_KINDS], packed & 3,
                                     packed >> 4 & 1 };
}

#endif
