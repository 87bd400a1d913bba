/* SPDX-License-Identifier: MIT */
/* host_skip.c - adds tensors that cannot be read to a catalog, so that the others of their file can. */
#include "catalog/shape.h"
#include "codec/host.h"
#include "codec/reach.h"
#include <stdio.h>

/* What is known of the bytes: nothing, rather than a range whose end no number holds. */
static void
take_place (const struct tenon_tensor *from, struct tn_tensor *to, struct tn_source *source)
{
    uint64_t end;
    bool known = from->length > 0 && from->length != TENON_AUTO && !tn_add (from->offset, from->length, &end)
                 && end < (uint64_t) 1 << 63;
    to->storage = TENON_EXTENT;
    to->offset = known || from->length == 0 ? from->offset : 0;
    to->length = known ? from->length : 0;
    if (known && end <= source->size && !(from->flags & TENON_ALIAS))
        tn_source_note_range (source, to->offset, to->length);
    else
        to->flags |= TENON_ALIAS; /* not compared with other ranges */
}

/* The shape, unless it is not known, or has a dim that no tensor can have: then no program that reads the
 * catalog could rely on what dims are. */
static bool
has_shape (const struct tenon_tensor *from)
{
    bool shaped = !(from->flags & TENON_NO_SHAPE) && from->rank <= 64;
    for (uint32_t i = 0; shaped && from->shape && i < from->rank; i++)
        shaped = from->shape[i] < (uint64_t) 1 << 63;
    return shaped;
}

static tenon_status
take_tensor (struct tn_call *call, const struct tenon_tensor *from, struct tn_tensor *to)
{
    struct tn_catalog *catalog = call->session->catalog;
    struct tn_source *source = tn_call_source (call, from->source);
    if (!source)
        return call->session->error->status;
    if (from->dtype != TENON_NONE && !tn_catalog_dtype (catalog, from->dtype))
        return tn_call_misuse (call, "there is no dtype of the number that it gave");
    bool shaped = has_shape (from);
    if (shaped && from->rank > 0 && !from->shape)
        return tn_call_misuse (call, "a tensor has dims but no shape");
    if (from->flags & TENON_FLAGS_MUST_KNOW)
        return tn_fail (call->session->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "the codec %s skips it with flags %#x that this version does not know",
                        call->codec->table.id, from->flags);
    TN_TRY (tn_call_name_tensor (call, from, to));
    if (!tn_catalog_give_shape (catalog, to, shaped ? from->rank : 0, from->shape))
        return tn_fail_memory (call->session->error);
    to->dtype = from->dtype;
    to->flags = (uint8_t) (from->flags & (TENON_FORTRAN | TENON_BIG_ENDIAN)) | (shaped ? 0 : TENON_NO_SHAPE);
    to->source = source->number;
    to->description = call->description;
    take_place (from, to, source);
    return TENON_OK;
}

tenon_status
tn_call_put_unreadable (struct tn_call *call, const struct tenon_tensor *tensor, tenon_status reason,
                        const char *dtype, const char *why)
{
    struct tn_session *session = call->session;
    struct tn_tensor *slot;
    TN_TRY (tn_call_new_tensor (call, &slot));
    tenon_status status = take_tensor (call, tensor, slot);
    if (status == TENON_OK)
        status = tn_catalog_spoil (session->catalog, slot, reason, slot->dtype == TENON_NONE ? dtype : NULL,
                                   why, session->error);
    if (status == TENON_OK)
        tn_call_report_unreadable (session, slot);
    if (status == TENON_OK)
        status = tn_budget_work (session->budget, TN_WORK_NOTE);
    return tn_call_end_tensor (call, slot, tensor->place, status);
}

tenon_status
tn_host_skip_tensor (struct tenon_call *public, const struct tenon_tensor *tensor, tenon_status reason,
                     const char *dtype, const char *why)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tenon_tensor ours;
    TN_TRY (TN_CALL_MAY (call, skip_tensor));
    if (!tn_copy_struct (&ours, sizeof ours, tensor, offsetof (struct tenon_tensor, chunk_shape)))
        return tn_call_misuse (call, "a struct tenon_tensor has a wrong struct_size");
    if (reason >= 0)
        return tn_call_misuse (call, "it skips a tensor without a status that says why");
    char words[1024], type[256];
    why = why && why[0] ? why : tenon_status_text (reason);
    dtype = dtype && dtype[0] ? dtype : "?";
    tn_escape (words, sizeof words, why, strlen (why));
    tn_escape (type, sizeof type, dtype, strlen (dtype));
    return tn_call_put_unreadable (call, &ours, reason, type, words);
}
