/* SPDX-License-Identifier: MIT */
/* reach.c - checks which bytes of its source a described tensor reaches, packed or with strides, and how many
 * more than these it makes of them. */
#include "codec/reach.h"
#include "base/report.h"
#include <stdio.h>

void
tn_call_report_unreadable (struct tn_session *session, const struct tn_tensor *tensor)
{
    const struct tn_catalog *catalog = session->catalog;
    const struct tn_remark *fault = tn_catalog_fault (catalog, tensor);
    tenon_error place = TENON_ERROR_INIT;
    if (!session->report)
        return;
    tn_source_fail_in (catalog->sources[tensor->source], &place);
    tn_report_unreadable (session->report, fault->status, tensor->name, place.file, fault->why);
}

/* Its source ends before it: in a download that is not complete, the others can be read. */
static tenon_status
cut_off (struct tn_call *call, struct tn_tensor *tensor, const struct tn_source *source,
         const struct tenon_dtype *dtype)
{
    struct tn_session *session = call->session;
    char shape[300], why[500];
    uint64_t begin, length;
    tn_tensor_range (session->catalog, tensor, &begin, &length);
    tn_shape_text (shape, sizeof shape, dtype, tensor->rank, tensor->shape);
    snprintf (why, sizeof why, "%s needs %llu bytes at offset %llu, the %s ends at %llu", shape,
              (unsigned long long) length, (unsigned long long) begin,
              source->kind == TN_SOURCE_PART ? "member" : "file", (unsigned long long) source->size);
    TN_TRY (tn_budget_work (session->budget, TN_WORK_NOTE));
    TN_TRY (tn_catalog_spoil (session->catalog, tensor, TENON_E_TRUNCATED, NULL, why, session->error));
    tn_call_report_unreadable (session, tensor);
    return TENON_OK;
}

/* So many bytes may be made of a file of any size. */
#define EXPANDED_FREE ((uint64_t) 1 << 20)

/* Bytes that lie nowhere, `made` of them, must not be many more than the file has: reading all of them would
 * go on for ever. A tensor that is too large hides no other. */
static tenon_status
bound_expansion (struct tn_call *call, struct tn_tensor *tensor, struct tn_source *source, uint64_t made)
{
    struct tn_session *session = call->session;
    const uint64_t *limits = session->context->limits;
    struct tn_source *root = tn_source_root (source);
    uint64_t ratio = tn_ratio_share (limits), total;
    char why[300];
    if (tn_add (root->expanded, made, &total))
        total = UINT64_MAX;
    if (made > limits[TENON_LIMIT_INFLATED_BYTES])
        snprintf (why, sizeof why,
                  "it would expand to %llu bytes; raise inflated_bytes in [limits] to read it",
                  (unsigned long long) made);
    else if (total > EXPANDED_FREE && total / ratio > root->size)
        snprintf (why, sizeof why,
                  "%s would expand to %llu bytes, more than %llu times the %llu that the file has; raise "
                  "inflated_ratio in [limits] to read it",
                  root->expanded > EXPANDED_FREE ? "it and those before it" : "it",
                  (unsigned long long) total, (unsigned long long) ratio, (unsigned long long) root->size);
    else {
        root->expanded = total;
        return TENON_OK;
    }
    TN_TRY (tn_budget_work (session->budget, TN_WORK_NOTE));
    TN_TRY (tn_catalog_spoil (session->catalog, tensor, TENON_E_LIMIT, NULL, why, session->error));
    tn_call_report_unreadable (session, tensor);
    return TENON_OK;
}

/* A tensor takes `span` bytes of its source. What tensors together take more than the source has, they
 * repeat.
 */
static tenon_status
take_span (struct tn_call *call, struct tn_tensor *tensor, struct tn_source *source, uint64_t span)
{
    tn_source_note_tensor (source, span);
    uint64_t taken = source->tensor_bytes, repeated = taken > source->size ? taken - source->size : 0;
    uint64_t made = tensor->length > span ? tensor->length : TN_MIN (repeated, span);
    return made > 0 ? bound_expansion (call, tensor, source, made) : TENON_OK;
}

#define MOST_OFFSET ((uint64_t) 1 << 63)

static tenon_status
fail_nowhere (struct tn_call *call, const struct tn_tensor *to, const struct tenon_dtype *dtype,
              uint64_t bytes, uint64_t offset)
{
    char shape[300];
    tn_shape_text (shape, sizeof shape, dtype, to->rank, to->shape);
    return tn_fail (call->session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                    "%s needs %llu bytes at offset %llu, where no file has any", shape,
                    (unsigned long long) bytes, (unsigned long long) offset);
}

static tenon_status
reach_packed (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
              struct tn_source *source, const struct tenon_dtype *dtype, uint64_t bytes)
{
    if (from->offset >= MOST_OFFSET || bytes >= MOST_OFFSET - from->offset)
        return fail_nowhere (call, to, dtype, bytes, from->offset);
    if (!(to->flags & TENON_ALIAS))
        tn_source_note_range (source, from->offset, bytes);
    if (from->offset > source->size || bytes > source->size - from->offset)
        return cut_off (call, to, source, dtype);
    return take_span (call, to, source, bytes);
}

/* Strides that are those of a packed tensor go. */
static tenon_status
reach_strides (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
               struct tn_source *source, const struct tenon_dtype *dtype, uint64_t bytes)
{
    struct tn_session *session = call->session;
    uint64_t low, span;
    enum tn_lay lay = tn_shape_lay (dtype->block_bytes, from->rank, from->shape, from->strides, &low, &span);
    to->flags |= TENON_ALIAS | (lay == TN_LAY_FORTRAN ? TENON_FORTRAN : 0u);
    if (lay == TN_LAY_WRONG)
        return tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "its strides reach over 2^63 bytes or more");
    if (lay != TN_LAY_STRIDES)
        return reach_packed (call, from, to, source, dtype, bytes);
    if (from->offset < low)
        return tn_fail (session->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                        "its strides reach %llu bytes before its offset, which is %llu",
                        (unsigned long long) low, (unsigned long long) from->offset);
    uint64_t begin = from->offset - low;
    if (begin >= MOST_OFFSET || span >= MOST_OFFSET - begin)
        return fail_nowhere (call, to, dtype, span, begin);
    TN_TRY (tn_budget_work (session->budget, from->rank * sizeof *from->strides));
    TN_TRY (tn_catalog_lay (session->catalog, to, from->strides, low, span, session->error));
    if (begin > source->size || span > source->size - begin)
        return cut_off (call, to, source, dtype);
    return take_span (call, to, source, span);
}

tenon_status
tn_call_check_reach (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to,
                     struct tn_source *source, const struct tenon_dtype *dtype, uint64_t bytes)
{
    char shape[300];
    if (!from->strides && from->length != TENON_AUTO && from->length != bytes) {
        tn_shape_text (shape, sizeof shape, dtype, to->rank, to->shape);
        return tn_fail (call->session->error, TENON_E_MALFORMED, from->offset,
                        "%s needs %llu bytes, the file gives it %llu", shape, (unsigned long long) bytes,
                        (unsigned long long) from->length);
    }
    to->length = bytes;
    if (from->storage == TENON_GRID) /* what a chunk expands to is bounded when it is decoded */
        return TENON_OK;
    if (from->storage == TENON_SERVED)
        return bound_expansion (call, to, source, bytes);
    to->offset = from->offset;
    if ((from->flags & TENON_ALIAS) && !(call->codec->table.flags & TENON_CODEC_ALIASES))
        return tn_call_misuse (call,
                               "it marks a tensor as an alias, but does not declare TENON_CODEC_ALIASES");
    return from->strides ? reach_strides (call, from, to, source, dtype, bytes)
                         : reach_packed (call, from, to, source, dtype, bytes);
}
