/* SPDX-License-Identifier: MIT */
/* kinds.c - the block types that MLX reads as three tensors, and the option that asks for it. */
#include "mlx.h"
#include "quants/half.h"

const struct gguf_mlx_kind gguf_mlx_kinds[GGUF_MLX_KINDS] = {
    [GGUF_MLX_Q4_0] = { 2, 4, 2, 18, -8, "q4_0" },
    [GGUF_MLX_Q4_1] = { 3, 4, 4, 20, 0, "q4_1" },
    [GGUF_MLX_Q8_0] = { 8, 8, 2, 34, -128, "q8_0" },
};

tenon_status
gguf_mlx_wanted (struct tenon_call *call, uint32_t *wanted)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, GGUF_OPTION_MLX, &setting));
    *wanted = setting.integer != 0;
    return TENON_OK;
}

uint16_t
gguf_mlx_bias (const struct gguf_mlx_kind *kind, uint16_t scale)
{
    return gguf_f16_of_f32 (kind->zero * gguf_f32_of_f16 (scale));
}
