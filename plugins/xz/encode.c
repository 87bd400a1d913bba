/* SPDX-License-Identifier: MIT */
/* encode.c - one stream for each block. */
#include "xz_filter.h"

/* Of a dictionary, which need not be larger than the data: an encoder holds about 12 times as much. */
#define LEAST_DICTIONARY ((uint64_t) LZMA_DICT_SIZE_MIN)
/* A block cannot see what is before it, and a larger one takes more memory. */
#define BLOCK_SIZE ((uint64_t) 4 << 20)
/* LZMA has no way to store what cannot become smaller. The headers are a part of it. */
#define SPARE 1024u

uint64_t
xz_bound (const struct tenon_coding *coding, uint64_t size)
{
    /* one number is enough for both: .xz takes less */
    (void) coding;
    return size <= UINT64_MAX / 2 ? size + size / 3 + SPARE : UINT64_MAX;
}

uint64_t
xz_block_size (const struct tenon_coding *coding, uint64_t size)
{
    (void) coding, (void) size;
    return BLOCK_SIZE;
}

/* The preset of the level with a dictionary that is a power of two, as old decoders want it. */
static tenon_status
get_options (const struct xz_state *state, uint64_t size, lzma_options_lzma *options)
{
    uint64_t dictionary = LEAST_DICTIONARY;
    if (lzma_lzma_preset (options, (uint32_t) state->level))
        return TENON_E_UNSUPPORTED;
    while (dictionary < size && dictionary < options->dict_size)
        dictionary *= 2;
    if (dictionary < options->dict_size)
        options->dict_size = (uint32_t) dictionary;
    return TENON_OK;
}

static tenon_status
judge (lzma_ret result)
{
    switch (result) {
    case LZMA_OK:
    case LZMA_STREAM_END: return TENON_OK;
    case LZMA_MEM_ERROR: return TENON_E_MEMORY;
    case LZMA_BUF_ERROR: return TENON_E_MISUSE; /* too little room */
    default: return TENON_E_UNSUPPORTED;
    }
}

static int64_t
encode_stream (lzma_options_lzma *options, const uint8_t *from, uint64_t size, uint8_t *to, uint64_t room)
{
    lzma_filter filters[] = { { LZMA_FILTER_LZMA2, options }, { LZMA_VLI_UNKNOWN, NULL } };
    size_t made = 0;
    TENON_TRY (judge (lzma_stream_buffer_encode (filters, LZMA_CHECK_CRC64, NULL, from, (size_t) size, to,
                                                 &made, (size_t) room)));
    return (int64_t) made;
}

/* The headers of XZ_ZIP. */
static tenon_status
put_head (const lzma_filter *filter, uint8_t *to, uint64_t room)
{
    uint32_t size;
    if (room < XZ_ZIP_HEAD + XZ_PROPERTIES)
        return TENON_E_MISUSE;
    if (lzma_properties_size (&size, filter) != LZMA_OK || size != XZ_PROPERTIES)
        return TENON_E_UNSUPPORTED;
    to[0] = 9, to[1] = 4; /* the version of the LZMA SDK whose format it is */
    tenon_put_le16 (to + 2, XZ_PROPERTIES);
    return judge (lzma_properties_encode (filter, to + XZ_ZIP_HEAD));
}

static int64_t
encode_lzma (struct xz_state *state, lzma_options_lzma *options, const uint8_t *from, uint64_t size,
             uint8_t *to, uint64_t room)
{
    lzma_filter filters[] = { { LZMA_FILTER_LZMA1, options }, { LZMA_VLI_UNKNOWN, NULL } };
    lzma_stream *stream = &state->stream;
    uint64_t head = 0;
    lzma_ret result;
    if (state->framing == XZ_ALONE)
        result = lzma_alone_encoder (stream, options);
    else {
        TENON_TRY (put_head (filters, to, room));
        head = XZ_ZIP_HEAD + XZ_PROPERTIES;
        result = lzma_raw_encoder (stream, filters);
    }
    TENON_TRY (judge (result));
    stream->next_in = from;
    stream->avail_in = (size_t) size;
    stream->next_out = to + head;
    stream->avail_out = (size_t) (room - head);
    do
        result = lzma_code (stream, LZMA_FINISH);
    while (result == LZMA_OK && stream->avail_out > 0);
    if (result == LZMA_OK)
        return TENON_E_MISUSE; /* too little room */
    TENON_TRY (judge (result));
    return (int64_t) (room - stream->avail_out);
}

int64_t
xz_encode (void *opaque, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    struct xz_state *state = (struct xz_state *) opaque;
    lzma_options_lzma options;
    (void) flags; /* each block is a stream */
    TENON_TRY (get_options (state, size, &options));
    return state->framing == XZ_STREAMS
               ? encode_stream (&options, (const uint8_t *) from, size, (uint8_t *) to, room)
               : encode_lzma (state, &options, (const uint8_t *) from, size, (uint8_t *) to, room);
}
