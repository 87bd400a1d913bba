/* SPDX-License-Identifier: MIT */
/* host_read.c - hands out the bytes of a tensor of the plan, for codecs that print or index values. */
#include "codec/host.h"
#include "codec/write.h"
#include "source/scan.h"
#include "transfer/range_reader.h"

static void
release_reader (void *call)
{
    tn_range_reader_free (((struct tn_call *) call)->reader);
}

static tenon_status
begin_reader (struct tn_call *call, struct tn_writer *writer, uint64_t index, uint32_t layout)
{
    tenon_error *error = call->session->error;
    const struct tn_origin *origin = &writer->plan->origins[index];
    if (call->reader && call->reader->index == index && call->reader->layout == layout)
        return TENON_OK;
    if (!call->reader)
        tn_call_own (call, release_reader, call);
    tn_range_reader_free (call->reader);
    if (!(call->reader = calloc (1, sizeof *call->reader)))
        return tn_fail_memory (error);
    struct tn_range_reader *reader = call->reader;
    reader->index = index, reader->layout = layout;
    TN_TRY (tn_request_make (&reader->request, origin->catalog, origin->tensor, NULL, origin->target, layout,
                             error));
    reader->request.context = call->session->context;
    reader->request.tally = origin->tally;
    return tn_range_reader_begin (reader, error);
}

tenon_status
tn_host_read_tensor (struct tenon_call *public, uint64_t index, const struct tenon_layout *layout,
                     uint64_t offset, void *to, uint64_t length)
{
    struct tn_call *call = (struct tn_call *) public;
    struct tn_writer *writer = call->writer;
    struct tenon_layout ours = { 0 };
    TN_TRY (TN_CALL_MAY (call, read_tensor));
    if (layout && !tn_copy_struct (&ours, sizeof ours, layout, TN_UP_TO (struct tenon_layout, flags)))
        return tn_call_misuse (call, "a struct tenon_layout has a wrong struct_size");
    if (index >= writer->count || (ours.flags & TENON_FLAGS_MUST_KNOW))
        return tn_call_misuse (
            call,
            "it read a tensor that the plan does not have, or in a layout that this version does not know");
    index += writer->first;
    tenon_status status = begin_reader (call, writer, index, ours.flags & (TENON_FORTRAN | TENON_BIG_ENDIAN));
    if (status == TENON_OK
        && (offset > call->reader->request.size || length > call->reader->request.size - offset))
        status = tn_call_misuse (call, "it read beyond the end of a tensor");
    if (status == TENON_OK)
        status = tn_range_reader_read (call->reader, offset, to, length, call->session->error);
    if (status < 0)
        tn_fail_in (call->session->error, NULL, tn_catalog_tensor (writer->plan->own, index)->name);
    else
        writer->done[index - writer->done_first] = true;
    return status;
}
