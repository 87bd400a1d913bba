/* quants.h - the dtypes of blocks: how many items share how many bytes, and what turns them into f32 and back. */
#ifndef GGUF_QUANTS_H
#define GGUF_QUANTS_H

#include <stdint.h>
#include <tenon/plugin.h>

/* decode: whole blocks to floats; encode: the other way. As struct tenon_dtype wants them. */
#define GGUF_DECODE(name) int32_t gguf_decode_##name (const void *blocks, float *items, uint64_t block_count)
#define GGUF_ENCODE(name) int32_t gguf_encode_##name (const float *items, void *blocks, uint64_t block_count)

#endif
