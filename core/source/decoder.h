/* SPDX-License-Identifier: MIT */
/* decoder.h - what one thread needs to decode sources: the state of a filter, and stored bytes.
 *
 * A decoder serves one source after another and keeps its buffers. It remembers how far it has read in the
 * last one, so that reading on is cheap. All members of the struct are decoder*.c's own. */
#ifndef TN_DECODER_H
#define TN_DECODER_H
#include "base/budget.h"
#include "source/unfilter.h"

/* Zero it at first. */
struct tn_decoder {
    struct tn_budget
        *budget; /* the caller's: what is decoded, and held, while a file is opened; NULL: none */
    /* kept from source to source */
    struct tn_unfilter unfilter;
    struct {
        struct tn_source *root; /* NULL: nothing */
        uint8_t *bytes;
        uint64_t start, length, room;
    } stored;       /* bytes of a root, as they are stored */
    uint8_t *spare; /* decoded bytes that are not wanted */
    /* of the source that was read last */
    struct tn_source *source;
    struct tn_source *backing; /* the encoded source that it lies in, or NULL: plain reads */
    struct {
        uint8_t *to;
        uint64_t begin, end; /* in `backing` */
    } read;                  /* what is being read */
    uint8_t *input;
    uint64_t input_at, input_length; /* unused bytes in `input` */
    uint64_t taken;                  /* stored bytes that were read into `input` */
    uint64_t made;                   /* decoded bytes so far: the position in `backing` */
    bool running;                    /* the filter's state stands at this position */
    bool ended;                      /* the filter has said that there is no more … */
    bool may_end;                    /* … or that this may be all */
    uint32_t sum;                    /* of all that was read of `source` in order */
    uint64_t summed;                 /* how much that is */
    uint8_t *block;                  /* decoded, of a source with blocks … */
    uint64_t block_number;           /* … and which, counted from 1 */
    uint8_t *whole;                  /* of a filter that cannot go in pieces: everything, decoded */
};
/* Frees what it holds and zeroes it. */
void tn_decoder_free (struct tn_decoder *decoder);

/* The source, which was read, is about to go away: another one may get its address. */
void tn_decoder_leave (struct tn_decoder *decoder, const struct tn_source *source);

/* ---- any range ---- */

/* Bytes at any offset. Going on where the last read of the same source ended is cheap; going back in an
 * encoded source starts again. When a source has been read from its first byte to its last in order, its
 * checksum has been compared. */
tenon_status tn_decoder_read (struct tn_decoder *decoder, struct tn_source *source, uint64_t offset, void *to,
                              uint64_t length, tenon_error *error);
/* How many bytes such a read decodes, blocks aside. */
uint64_t tn_decoder_cost (const struct tn_decoder *decoder, const struct tn_source *source, uint64_t offset,
                          uint64_t length);
/* Reads what has not been read in order, up to the end, for the checksum's sake. */
tenon_status tn_decoder_finish (struct tn_decoder *decoder, struct tn_source *source, tenon_error *error);
/* The next read starts again, and so does the checksum. */
void tn_decoder_restart (struct tn_decoder *decoder);

/* Of an encoded source whose size is not known yet: its next bytes, which must be in pieces
 * (tn_pipeline.in_pieces). *made is less than `room` only at its end. */
tenon_status tn_decoder_next (struct tn_decoder *decoder, struct tn_source *source, void *to, uint64_t room,
                              uint64_t *made, tenon_error *error);
/* Of such a source: all of it, at most `most` bytes, which the limit of that name allows. The caller frees
 * *bytes. */
tenon_status tn_decoder_unpack (struct tn_decoder *decoder, struct tn_source *source, uint64_t most,
                                const char *limit, uint8_t **bytes, uint64_t *size, tenon_error *error);

/* ---- in one piece ---- */

/* True if blocks can be decoded by themselves, as far as is known. */
bool tn_has_blocks (const struct tn_source *source);
/* Blocks first … first + count - 1 decoded by themselves: they are proven if all before them are. A block
 * that decodes proves nothing alone: a table may point into the middle of the stream, at bytes that are a
 * stream, too. Only where the proven block before it ends does it begin where every other reader gets to. */
void tn_note_blocks (struct tn_source *source, uint64_t first, uint64_t count);
/* Decodes whole blocks first … first + count - 1 of a source with a table of blocks into `to`. *good is false
 * when the table does not hold: the source can be read in order only. The bytes may be used only if the
 * blocks before `first` are proven, or turn out good at the same time. */
tenon_status tn_decoder_blocks (struct tn_decoder *decoder, struct tn_source *source, uint64_t first,
                                uint64_t count, void *to, bool *good, tenon_error *error);

/* True if tn_decoder_whole can take the source with no more than `most` bytes of memory: a part of a source
 * that is not encoded. */
bool tn_whole_fits (const struct tn_source *source, uint64_t most);
/* All bytes of a part, decoded, its checksum compared: source->size of them. */
tenon_status tn_decoder_whole (struct tn_decoder *decoder, struct tn_source *source, void *to,
                               tenon_error *error);

/* A member of at most so many bytes, stored and decoded, is small: it is decoded whole for its beginning. */
#define TN_SMALL_MEMBER 8192u
/* The first bytes of an encoded part, as many as its first `input` stored bytes give, at most `room`. Returns
 * their number; 0: the bytes were not fetched, or cannot be decoded, which tn_decoder_read will explain. */
uint64_t tn_decoder_head (struct tn_decoder *decoder, struct tn_source *source, uint64_t input, uint8_t *to,
                          uint64_t room);

/* Reads the bytes [begin, end) of a root, in which several small members or tensors lie that are read next. A
 * failure is left to the read that needs the bytes. */
void tn_decoder_fetch (struct tn_decoder *decoder, struct tn_source *root, uint64_t begin, uint64_t end);
/* Forgets these bytes: their root may go away. */
void tn_decoder_drop_window (struct tn_decoder *decoder);
/* The address of bytes of a root that were fetched; NULL: they must be read. */
const uint8_t *tn_decoder_window (const struct tn_decoder *decoder, const struct tn_source *root,
                                  uint64_t begin, uint64_t length);

#endif
