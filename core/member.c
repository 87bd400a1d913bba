/* member.c - members of containers: another codec writes into a stage, which sums up, cuts into blocks, and
 * encodes them on all threads. */
#include "checksum.h"
#include "write.h"

#define BLOCK_SIZE (1u << 20)

struct stage {
    struct tn_sink sink; /* what the inner codec writes to */
    struct tn_sink *outer;
    tenon_context *context;
    uint64_t base; /* position of the member in the outer sink */
    bool sums;
    uint32_t crc;
    const struct tn_filter *filter;
    int32_t level;
    uint64_t block_size;
    uint8_t *pending; /* up to `width` blocks that are not encoded yet */
    uint64_t filled, room;
    uint8_t **encoded; /* one buffer for each block of a round */
    int64_t *lengths;
    void **states; /* of each thread */
    unsigned width;
    uint64_t bound;
    uint64_t *block_ends, block_count, block_room;
    bool last; /* this round ends the stream */
    uint64_t round_blocks;
};

/* ---- without a filter ---- */

static void
sum (struct stage *stage, const void *bytes, uint64_t length)
{
    if (stage->sums)
        stage->crc = tn_crc32 (stage->crc, bytes, length);
}

static tenon_status
plain_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct stage *stage = (struct stage *) sink;
    sum (stage, bytes, length);
    return tn_sink_write (stage->outer, bytes, length, error);
}

static tenon_status
plain_copy (struct tn_sink *sink, int fd, uint64_t offset, uint64_t length, tenon_error *error)
{
    return tn_sink_copy (((struct stage *) sink)->outer, fd, offset, length, error);
}

static tenon_status
plain_patch (struct tn_sink *sink, uint64_t position, const void *bytes, uint64_t length, tenon_error *error)
{
    struct stage *stage = (struct stage *) sink;
    return tn_sink_patch (stage->outer, stage->base + position, bytes, length, error);
}

/* ---- through a filter ---- */

static tenon_status
encode_item (void *opaque, uint64_t item, unsigned worker)
{
    struct stage *stage = opaque;
    const struct tenon_filter *filter = &stage->filter->table;
    uint64_t at = item * stage->block_size, size = TN_MIN (stage->block_size, stage->filled - at);
    bool last = stage->last && item + 1 == stage->round_blocks;
    if (!stage->states[worker] && !(stage->states[worker] = filter->open (stage->level, 1)))
        return TENON_E_MEMORY;
    if (!stage->encoded[item] && !(stage->encoded[item] = malloc (stage->bound)))
        return TENON_E_MEMORY;
    stage->lengths[item] = filter->encode (stage->states[worker], last ? TENON_FILTER_LAST : 0,
                                           stage->pending + at, size, stage->encoded[item], stage->bound);
    return stage->lengths[item] < 0                         ? (tenon_status) stage->lengths[item]
           : (uint64_t) stage->lengths[item] > stage->bound ? TENON_E_MISUSE
                                                            : TENON_OK;
}

/* Encodes what is pending; whole blocks only, unless it is the end. */
static tenon_status
encode_round (struct stage *stage, bool last, tenon_error *error)
{
    stage->last = last;
    stage->round_blocks = stage->filled / stage->block_size + (stage->filled % stage->block_size > 0);
    if (last && stage->round_blocks == 0)
        stage->round_blocks = 1; /* an empty stream is a stream */
    tenon_status status = tn_pool_run (stage->context->pool, stage->round_blocks, encode_item, stage);
    if (status < 0)
        return status == TENON_E_MEMORY ? tn_fail_memory (error)
                                        : tn_fail (error, status, TN_NO_OFFSET,
                                                   "the filter %s failed to encode", stage->filter->table.id);
    for (uint64_t i = 0; i < stage->round_blocks; i++) {
        if (!tn_grow (&stage->block_ends, &stage->block_room, stage->block_count, sizeof *stage->block_ends))
            return tn_fail_memory (error);
        TN_TRY (tn_sink_write (stage->outer, stage->encoded[i], (uint64_t) stage->lengths[i], error));
        stage->block_ends[stage->block_count++] = stage->outer->position - stage->base;
    }
    stage->filled = 0;
    return TENON_OK;
}

static tenon_status
filter_write (struct tn_sink *sink, const void *bytes, uint64_t length, tenon_error *error)
{
    struct stage *stage = (struct stage *) sink;
    const uint8_t *p = bytes;
    sum (stage, bytes, length);
    while (length > 0) {
        if (stage->filled
            == stage->room) /* more is coming: the last of these blocks does not end the stream */
            TN_TRY (encode_round (stage, false, error));
        uint64_t piece = TN_MIN (length, stage->room - stage->filled);
        memcpy (stage->pending + stage->filled, p, piece);
        stage->filled += piece, p += piece, length -= piece;
    }
    return TENON_OK;
}

static tenon_status
open_filter (struct stage *stage, const struct tenon_member *member, tenon_error *error)
{
    const struct tenon_filter *filter = &stage->filter->table;
    uint64_t width = tn_pool_width (stage->context->pool), limit = stage->context->limits[TENON_LIMIT_MEMORY];
    stage->level = member->level < 0 ? filter->default_level : member->level;
    if (!filter->encode || stage->level < filter->least_level || stage->level > filter->most_level)
        return tn_fail (error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the filter %s encodes at levels %d … %d, not %d", filter->id, filter->least_level,
                        filter->most_level, stage->level);
    stage->block_size =
        member->block_size ? member->block_size : TN_MIN (BLOCK_SIZE, TN_MAX (limit / (4 * width), 65536));
    stage->bound = filter->bound (stage->level, stage->block_size);
    stage->width = (unsigned) width;
    if (stage->block_size > limit || tn_multiply (stage->block_size, width, &stage->room)
        || stage->room > limit)
        stage->room = stage->block_size; /* one at a time, if that */
    if (stage->block_size > limit)
        return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "blocks of %llu bytes need more memory than allowed; raise memory in [limits]",
                        (unsigned long long) stage->block_size);
    stage->pending = malloc (stage->room);
    stage->encoded = calloc (width + 1, sizeof *stage->encoded);
    stage->lengths = calloc (width + 1, sizeof *stage->lengths);
    stage->states = calloc (width, sizeof *stage->states);
    if (!stage->pending || !stage->encoded || !stage->lengths || !stage->states)
        return tn_fail_memory (error);
    stage->sink.write = filter_write;
    return TENON_OK;
}

static void
close_stage (struct stage *stage)
{
    for (unsigned i = 0; stage->encoded && i < stage->width; i++)
        free (stage->encoded[i]);
    for (unsigned i = 0; stage->states && i < stage->width; i++)
        if (stage->states[i])
            stage->filter->table.close (stage->states[i]);
    free (stage->pending);
    free (stage->encoded);
    free (stage->lengths);
    free (stage->states);
    free (stage->block_ends);
}

/* ---- the service ---- */

static tenon_status
write_member (struct tn_call *call, struct tn_writer *outer, const struct tenon_member *member,
              struct stage *stage)
{
    struct tn_run *run = call->run;
    uint64_t codec;
    if (member->first > outer->count || member->count > outer->count - member->first || !member->codec)
        return tn_call_misuse (call, "a member has tensors that the plan does not have, or no codec");
    if (member->flags & TENON_FLAGS_MUST_KNOW)
        return tn_call_misuse (call, "a member has flags that this version does not know");
    if (member->filter && !(stage->filter = tn_filter_find (run->context, member->filter)))
        return tn_fail (run->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET, "there is no filter '%s'",
                        member->filter);
    TN_TRY (tn_codec_find (run->context, member->codec, TN_TO_WRITE, &codec, run->error));
    if (run->depth >= run->context->limits[TENON_LIMIT_DEPTH] || run->depth >= 60)
        return tn_fail (run->error, TENON_E_LIMIT, TN_NO_OFFSET,
                        "members lie in each other %u deep; raise depth in [limits] to write them",
                        run->depth);
    stage->sink.name = outer->sink->name;
    stage->sink.write = plain_write;
    stage->sink.copy = stage->sums ? NULL : plain_copy;
    stage->sink.patch = plain_patch;
    stage->sink.seekable = !stage->filter && !stage->sums && outer->sink->seekable;
    if (stage->filter) {
        stage->sink.copy = NULL;
        stage->sink.seekable = false;
        TN_TRY (open_filter (stage, member, run->error));
    }
    struct tn_writer inner = *outer;
    inner.first = outer->first + member->first;
    inner.count = member->count;
    inner.sink = &stage->sink;
    inner.save = NULL;
    inner.alone = true;
    inner.dry = outer->dry && !stage->filter && !stage->sums;
    inner.name = member->count ? tn_catalog_tensor (outer->plan->own, inner.first)->name : "";
    inner.name_length = strlen (inner.name);
    /* metadata belong to the container */
    struct tn_catalog *own = outer->plan->own;
    uint64_t metadata = own->metadata_count;
    own->metadata_count = 0;
    run->depth++;
    tenon_status status = tn_write (run, &inner, codec);
    run->depth--;
    own->metadata_count = metadata;
    if (status == TENON_OK && stage->filter)
        status = encode_round (stage, true, run->error);
    return status;
}

tenon_status
tn_host_put_member (struct tenon_call *public, const struct tenon_member *member,
                    struct tenon_member_result *result)
{
    struct tn_call *call = tn_call_of (public);
    struct tn_writer *writer = call->writer;
    struct tenon_member ours;
    if (call->state != TN_CALL_WRITE)
        return tn_call_misuse (call, "it called a service of write from another function");
    if (call->run->error->status < 0)
        return call->run->error->status;
    if (!tn_copy_struct (&ours, sizeof ours, member, offsetof (struct tenon_member, block_size))
        || ours.check > TENON_CHECK_CRC32)
        return tn_call_misuse (call, "a struct tenon_member has a wrong struct_size, or an unknown check");
    struct stage stage = { .outer = writer->sink,
                           .context = call->run->context,
                           .base = writer->sink->position,
                           .sums = ours.check == TENON_CHECK_CRC32 };
    tenon_status status = write_member (call, writer, &ours, &stage);
    uint64_t *ends = NULL;
    if (status == TENON_OK && stage.filter) {
        uint64_t bytes = stage.block_count * sizeof *ends;
        if ((ends = tn_arena_get (&call->run->arena, bytes, false)))
            memcpy (ends, stage.block_ends, bytes);
        else
            status = tn_fail_memory (call->run->error);
    }
    if (status == TENON_OK) {
        struct tenon_member_result found = { .struct_size = sizeof found,
                                             .offset = stage.base,
                                             .stored = writer->sink->position - stage.base,
                                             .size = stage.sink.position,
                                             .check_value = stage.crc,
                                             .block_size = stage.filter ? stage.block_size : 0,
                                             .block_count = stage.block_count,
                                             .block_ends = ends };
        if (!tn_fill_struct (result, &found, sizeof found))
            status = tn_call_misuse (call, "a struct has no struct_size");
    }
    close_stage (&stage);
    return status;
}
