/* SPDX-License-Identifier: MIT */
/* read.c - a tensor's data into memory of the caller, or piece by piece to a function. */
#include "open/reading.h"

TENON_API tenon_status
tenon_request_size (const tenon_file *file, const tenon_request *request, uint64_t *size, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_request made;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, request, "request")
        && TN_GIVEN (&mine, size, "size") && tn_reading_request (file, request, &made, &mine) == TENON_OK)
        *size = made.span;
    return tn_reading_end (file, error, &mine);
}

static tenon_status
read_jobs (struct tn_reading *reading, const tenon_progress *progress, tenon_error *error)
{
    TN_TRY (tn_reading_make (reading, error));
    for (uint64_t i = 0; i < reading->count; i++) {
        tenon_request *request = tn_reading_at (reading->requests, i);
        uint64_t room = request->size, size = reading->jobs[i].request->span;
        request->size = size;
        if (room < size || (!request->data && size > 0)) {
            tn_fail_in (error, NULL, reading->jobs[i].request->tensor->name);
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                            "%llu bytes are needed, there is room for %llu", (unsigned long long) size,
                            (unsigned long long) (request->data ? room : 0));
        }
        reading->jobs[i].to = request->data;
    }
    return tn_reading_run (reading, progress, error);
}

TENON_API tenon_status
tenon_read (tenon_file *file, tenon_request *requests, uint64_t count, const tenon_progress *progress,
            tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tn_reading reading = { .file = file, .requests = requests, .count = count };
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, requests || !count, "requests"))
        read_jobs (&reading, progress, &mine);
    tn_reading_free (&reading);
    return tn_reading_end (file, error, &mine);
}

/* ---- stream ---- */

struct consumer {
    int (*sink) (void *user, const void *data, uint64_t size);
    void *user;
};

static tenon_status
pass_on (void *opaque, const void *bytes, uint64_t length, tenon_error *error)
{
    struct consumer *consumer = opaque;
    return consumer->sink (consumer->user, bytes, length)
               ? tn_fail (error, TENON_E_CANCELLED, TN_NO_OFFSET, "stopped by the program")
               : TENON_OK;
}

static tenon_status
check_stream (const struct tn_request *request, tenon_error *error)
{
    if (!request->scattered)
        return TENON_OK;
    tn_fail_in (error, NULL, request->tensor->name);
    return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a stream is packed, in C order: it has no strides");
}

TENON_API tenon_status
tenon_stream (tenon_file *file, const tenon_request *request,
              int (*sink) (void *user, const void *data, uint64_t size), void *user,
              const tenon_progress *progress, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct consumer consumer = { sink, user };
    struct tn_request made;
    if (TN_GIVEN (&mine, file, "file") && TN_GIVEN (&mine, request, "request")
        && TN_GIVEN (&mine, sink, "sink") && tn_reading_request (file, request, &made, &mine) == TENON_OK
        && check_stream (&made, &mine) == TENON_OK && made.size > 0) {
        struct tn_meter meter;
        tn_request_unpack (&made);
        tn_meter_begin (&meter, progress, made.size);
        tn_transfer_stream (file->context, &made, tn_way_choose (&made, TN_IN_ORDER), pass_on, &consumer,
                            &meter, &mine);
        tn_meter_end (&meter);
    }
    return tn_reading_end (file, error, &mine);
}
