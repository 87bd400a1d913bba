/* SPDX-License-Identifier: MIT */
/* stage.c - the state of one filter that decodes. */
#include "source/stage.h"
#include "source/apart.h"

/* ---- exchanges with an isolated process ---- */

static struct tn_channel *
begin_order (struct tn_stage *stage, uint32_t order, tenon_error *error)
{
    struct tn_channel *channel = tn_apart_begin (stage->apart, stage->filter->plugin, error);
    if (!channel) {
        tn_source_fail_in (stage->source, error);
        return NULL;
    }
    if (stage->number == 0)
        stage->number = tn_apart_state (stage->apart);
    tn_channel_put_u32 (channel, order);
    tn_channel_put_u64 (channel, stage->filter->number);
    tn_channel_put_u64 (channel, stage->number);
    return channel;
}

static tenon_status
end_order (struct tn_stage *stage, tenon_error *error)
{
    tenon_status status = tn_apart_end (stage->apart, error);
    if (status < 0)
        tn_source_fail_in (stage->source, error);
    return status;
}

static tenon_status
get_status (struct tn_stage *stage, struct tn_channel *channel)
{
    tn_channel_flush (channel);
    tenon_status said = (tenon_status) tn_channel_get_u32 (channel);
    if (!tn_has_reason (said))
        return said;
    uint64_t length;
    const char *why = tn_channel_get_text (channel, &length);
    tn_escape (stage->why, sizeof stage->why, why ? why : "", why ? length : 0);
    return said;
}

static tenon_status
open_apart (struct tn_stage *stage, const struct tn_step *step, tenon_status *said, tenon_error *error)
{
    struct tn_channel *channel = begin_order (stage, TN_APART_OPEN, error);
    if (!channel)
        return error->status;
    tn_channel_put_u64 (channel, step->setup_size);
    tn_channel_put (channel, step->setup, step->setup_size);
    tn_channel_flush (channel);
    *said = (tenon_status) tn_channel_get_u32 (channel);
    return end_order (stage, error);
}

static tenon_status
decode_apart (struct tn_stage *stage, uint32_t last, const void *from, uint64_t stored, void *to,
              uint64_t size, tenon_status *said, tenon_error *error)
{
    struct tn_channel *channel = begin_order (stage, TN_APART_DECODE, error);
    if (!channel)
        return error->status;
    tn_channel_put_u32 (channel, last);
    tn_channel_put_u64 (channel, stored);
    tn_channel_put_u64 (channel, size);
    tn_channel_put (channel, from, stored);
    *said = get_status (stage, channel);
    if (*said == TENON_OK)
        tn_channel_get (channel, to, size);
    return end_order (stage, error);
}

static tenon_status
step_apart (struct tn_stage *stage, const void *from, uint64_t stored, uint64_t *taken, void *to,
            uint64_t room, uint64_t *made, int32_t *said, tenon_error *error)
{
    struct tn_channel *channel = begin_order (stage, TN_APART_STEP, error);
    if (!channel)
        return error->status;
    stored = TN_MIN (stored, TN_APART_PIECE);
    room = TN_MIN (room, TN_APART_PIECE);
    tn_channel_put_u64 (channel, stored);
    tn_channel_put_u64 (channel, room);
    tn_channel_put (channel, from, stored);
    *said = get_status (stage, channel);
    if (*said >= 0) {
        *taken = tn_channel_get_u64 (channel);
        *made = tn_channel_get_u64 (channel);
        if (*taken > stored || *made > room)
            tn_channel_refuse (channel);
        else
            tn_channel_get (channel, to, *made);
    }
    return end_order (stage, error);
}

static tenon_status
unpack_apart (struct tn_stage *stage, const void *from, uint64_t stored, void *to, uint64_t room,
              int64_t *said, tenon_error *error)
{
    struct tn_channel *channel = begin_order (stage, TN_APART_UNPACK, error);
    if (!channel)
        return error->status;
    tn_channel_put_u64 (channel, stored);
    tn_channel_put_u64 (channel, room);
    tn_channel_put (channel, from, stored);
    tn_channel_flush (channel);
    *said = (int64_t) tn_channel_get_u64 (channel);
    if (*said >= 0 && (uint64_t) *said <= room)
        tn_channel_get (channel, to, (uint64_t) *said);
    return end_order (stage, error);
}

/* ---- what a filter said ---- */

/* Leaves the plugin, and asks it for the reason of a refusal that is no damage. */
static void
leave_filter (struct tn_stage *stage, uint32_t outer, tenon_status said)
{
    const struct tenon_filter *table = &stage->filter->table;
    const char *why = tn_has_reason (said) && table->why ? table->why (stage->state) : NULL;
    tn_plugin_leave (stage->filter->plugin, outer);
    if (why)
        tn_escape (stage->why, sizeof stage->why, why, strlen (why));
}

tenon_status
tn_stage_refusal (const struct tn_stage *stage, tenon_error *error)
{
    if (!tn_has_reason (stage->refusal))
        return TENON_OK;
    tn_source_fail_in (stage->source, error);
    return tn_fail (error, stage->refusal, TN_NO_OFFSET, "the filter %s cannot decode its data: %s",
                    stage->filter->table.id, stage->why[0] ? stage->why : tenon_status_text (stage->refusal));
}

tenon_status
tn_stage_fail_sum (const struct tn_stage *stage, tenon_error *error)
{
    tn_source_fail_in (stage->source, error);
    return tn_fail (error, TENON_E_CHECKSUM, TN_NO_OFFSET,
                    "its %s data do not have the checksum that they state", stage->filter->table.id);
}

/* Lack of memory is a failure, and so is an answer above `most`, which does not exist. Any other refusal is
 * an answer. */
static tenon_status
judge_answer (struct tn_stage *stage, tenon_status said, int32_t most, bool *good, tenon_error *error)
{
    *good = said == TENON_OK;
    stage->refusal = TN_MIN (said, 0);
    if (said > most) {
        tn_source_fail_in (stage->source, error);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the filter %s returned %d, which is neither success nor a failure",
                        stage->filter->table.id, (int) said);
    }
    if (said != TENON_E_MEMORY)
        return TENON_OK;
    tn_source_fail_in (stage->source, error);
    return stage->apart ? tn_apart_fail_memory (error) : tn_fail_memory (error);
}

static tenon_status
fail_to_open (struct tn_stage *stage, const struct tenon_coding *coding, tenon_status said,
              tenon_error *error)
{
    tn_source_fail_in (stage->source, error);
    return said == TENON_E_MEMORY ? tn_apart_fail_memory (error)
                                  : tn_filter_fail_open (stage->filter, coding, said, error);
}

/* ---- states ---- */

tenon_status
tn_stage_open (struct tn_stage *stage, const struct tn_step *step, struct tn_apart *apart, tenon_error *error)
{
    struct tenon_coding coding = tn_step_coding (step, false);
    const struct tn_source *source = stage->source;
    tenon_status said = TENON_OK;
    *stage = (struct tn_stage){ .filter = step->filter, .source = source };
    if (!tn_plugin_is_foreign (step->filter->plugin))
        apart = NULL;
    if (!apart && (said = tn_filter_open (step->filter, &coding, &stage->state, error)) < 0)
        tn_source_fail_in (source, error);
    if (apart) {
        stage->apart = apart;
        tenon_status status = open_apart (stage, step, &said, error);
        if (status < 0 || said != TENON_OK)
            said = status < 0 ? status : fail_to_open (stage, &coding, said, error);
    }
    if (said < 0)
        *stage = (struct tn_stage){ .source = source };
    return said;
}

void
tn_stage_close (struct tn_stage *stage)
{
    tenon_error ignored = TENON_ERROR_INIT;
    if (stage->state) {
        uint32_t outer = tn_plugin_enter (stage->filter->plugin);
        stage->filter->table.close (stage->state);
        tn_plugin_leave (stage->filter->plugin, outer);
    }
    stage->source = NULL; /* which may be gone */
    if (stage->apart && begin_order (stage, TN_APART_CLOSE, &ignored))
        end_order (stage, &ignored);
    memset (stage, 0, sizeof *stage);
}

tenon_status
tn_stage_decode (struct tn_stage *stage, uint32_t last, const void *from, uint64_t stored, void *to,
                 uint64_t size, bool *good, tenon_error *error)
{
    const struct tn_filter *filter = stage->filter;
    tenon_status said = TENON_E_MALFORMED;
    stage->why[0] = 0;
    if (stage->apart)
        TN_TRY (decode_apart (stage, last, from, stored, to, size, &said, error));
    else {
        uint32_t outer = tn_plugin_enter (filter->plugin);
        said = filter->table.decode (stage->state, last, from, stored, to, size);
        leave_filter (stage, outer, said);
    }
    return judge_answer (stage, said, 0, good, error);
}

tenon_status
tn_stage_reset (struct tn_stage *stage, bool *good, tenon_error *error)
{
    const struct tn_filter *filter = stage->filter;
    tenon_status said = TENON_E_MALFORMED;
    stage->why[0] = 0;
    if (stage->apart) {
        struct tn_channel *channel = begin_order (stage, TN_APART_RESET, error);
        if (!channel)
            return error->status;
        said = get_status (stage, channel);
        TN_TRY (end_order (stage, error));
    } else {
        uint32_t outer = tn_plugin_enter (filter->plugin);
        said = filter->table.reset (stage->state);
        leave_filter (stage, outer, said);
    }
    return judge_answer (stage, said, 0, good, error);
}

tenon_status
tn_stage_step (struct tn_stage *stage, const void *from, uint64_t stored, uint64_t *taken, void *to,
               uint64_t room, uint64_t *made, int *result, tenon_error *error)
{
    const struct tn_filter *filter = stage->filter;
    int32_t said = TENON_E_MALFORMED;
    bool good;
    *taken = *made = 0;
    stage->why[0] = 0;
    if (stage->apart)
        TN_TRY (step_apart (stage, from, stored, taken, to, room, made, &said, error));
    else {
        uint32_t outer = tn_plugin_enter (filter->plugin);
        said = filter->table.step (stage->state, from, stored, taken, to, room, made);
        leave_filter (stage, outer, said);
    }
    if (*taken > stored || *made > room)
        said = TENON_E_MALFORMED;
    if (said < 0)
        *taken = *made = 0;
    *result = said < 0 ? -1 : said == TENON_STEP_WRONG_SUM ? TENON_STEP_MORE : said;
    TN_TRY (judge_answer (stage, said, TENON_STEP_WRONG_SUM, &good, error));
    if (said == TENON_STEP_WRONG_SUM)
        stage->refusal = TENON_E_CHECKSUM;
    return TENON_OK;
}

tenon_status
tn_stage_unpack (struct tn_stage *stage, const void *from, uint64_t stored, void *to, uint64_t room,
                 uint64_t *made, bool *good, tenon_error *error)
{
    const struct tn_filter *filter = stage->filter;
    int64_t said = TENON_E_MALFORMED;
    stage->why[0] = 0;
    if (stage->apart)
        TN_TRY (unpack_apart (stage, from, stored, to, room, &said, error));
    else {
        uint32_t outer = tn_plugin_enter (filter->plugin);
        said = filter->table.unpack (stage->state, from, stored, to, room);
        leave_filter (stage, outer, said == TENON_E_UNSUPPORTED ? TENON_E_UNSUPPORTED : TENON_OK);
    }
    *made = said == TENON_E_LIMIT ? UINT64_MAX : said < 0 ? 0 : (uint64_t) said;
    *good = true;
    if (said >= 0 || said == TENON_E_LIMIT)
        return TENON_OK;
    return judge_answer (stage, said < INT32_MIN ? TENON_E_MALFORMED : (tenon_status) said, 0, good, error);
}
