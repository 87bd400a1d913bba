/* SPDX-License-Identifier: MIT */
/* unfilter.c - the state of a filter that decodes. */
#include "source/unfilter.h"
#include "source/apart.h"

/* ---- exchanges with an isolated process ---- */

static struct tn_channel *
begin_order (struct tn_unfilter *unfilter, uint32_t order, tenon_error *error)
{
    struct tn_channel *channel = tn_apart_begin (unfilter->apart, unfilter->filter->plugin, error);
    if (!channel) {
        tn_source_fail_in (unfilter->source, error);
        return NULL;
    }
    if (unfilter->number == 0)
        unfilter->number = tn_apart_state (unfilter->apart);
    tn_channel_put_u32 (channel, order);
    tn_channel_put_u64 (channel, unfilter->filter->number);
    tn_channel_put_u64 (channel, unfilter->number);
    return channel;
}

static tenon_status
end_order (struct tn_unfilter *unfilter, tenon_error *error)
{
    tenon_status status = tn_apart_end (unfilter->apart, error);
    if (status < 0)
        tn_source_fail_in (unfilter->source, error);
    return status;
}

static tenon_status
get_status (struct tn_unfilter *unfilter, struct tn_channel *channel)
{
    tn_channel_flush (channel);
    tenon_status said = (tenon_status) tn_channel_get_u32 (channel);
    if (!tn_has_reason (said))
        return said;
    uint64_t length;
    const char *why = tn_channel_get_text (channel, &length);
    tn_escape (unfilter->why, sizeof unfilter->why, why ? why : "", why ? length : 0);
    return said;
}

static tenon_status
decode_apart (struct tn_unfilter *unfilter, uint32_t last, const void *from, uint64_t stored, void *to,
              uint64_t size, tenon_status *said, tenon_error *error)
{
    struct tn_channel *channel = begin_order (unfilter, TN_APART_DECODE, error);
    if (!channel)
        return error->status;
    tn_channel_put_u32 (channel, last);
    tn_channel_put_u64 (channel, stored);
    tn_channel_put_u64 (channel, size);
    tn_channel_put (channel, from, stored);
    *said = get_status (unfilter, channel);
    if (*said == TENON_OK)
        tn_channel_get (channel, to, size);
    return end_order (unfilter, error);
}

static tenon_status
step_apart (struct tn_unfilter *unfilter, const void *from, uint64_t stored, uint64_t *taken, void *to,
            uint64_t room, uint64_t *made, int32_t *said, tenon_error *error)
{
    struct tn_channel *channel = begin_order (unfilter, TN_APART_STEP, error);
    if (!channel)
        return error->status;
    stored = TN_MIN (stored, TN_APART_PIECE);
    room = TN_MIN (room, TN_APART_PIECE);
    tn_channel_put_u64 (channel, stored);
    tn_channel_put_u64 (channel, room);
    tn_channel_put (channel, from, stored);
    *said = get_status (unfilter, channel);
    if (*said >= 0) {
        *taken = tn_channel_get_u64 (channel);
        *made = tn_channel_get_u64 (channel);
        if (*taken > stored || *made > room)
            tn_channel_refuse (channel);
        else
            tn_channel_get (channel, to, *made);
    }
    return end_order (unfilter, error);
}

/* ---- states ---- */

/* Leaves the plugin, and asks it for the reason of a refusal that is no damage. */
static void
leave_filter (struct tn_unfilter *unfilter, uint32_t outer, tenon_status said)
{
    const char *why = tn_has_reason (said) && unfilter->filter->table.why
                          ? unfilter->filter->table.why (unfilter->state)
                          : NULL;
    tn_plugin_leave (unfilter->filter->plugin, outer);
    if (why)
        tn_escape (unfilter->why, sizeof unfilter->why, why, strlen (why));
}

tenon_status
tn_unfilter_refusal (const struct tn_unfilter *unfilter, tenon_error *error)
{
    if (!tn_has_reason (unfilter->refusal))
        return TENON_OK;
    tn_source_fail_in (unfilter->source, error);
    return tn_fail (error, unfilter->refusal, TN_NO_OFFSET, "the filter %s cannot decode its data: %s",
                    unfilter->filter->table.id,
                    unfilter->why[0] ? unfilter->why : tenon_status_text (unfilter->refusal));
}

/* Lack of memory is a failure, and so is an answer above `most`, which does not exist. Any other refusal is
 * an answer. */
static tenon_status
judge_answer (struct tn_unfilter *unfilter, tenon_status said, int32_t most, bool *good, tenon_error *error)
{
    *good = said == TENON_OK;
    unfilter->refusal = TN_MIN (said, 0);
    if (said > most) {
        tn_source_fail_in (unfilter->source, error);
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "the filter %s returned %d, which is neither success nor a failure",
                        unfilter->filter->table.id, (int) said);
    }
    if (said != TENON_E_MEMORY)
        return TENON_OK;
    tn_source_fail_in (unfilter->source, error);
    return unfilter->apart ? tn_apart_fail_memory (error) : tn_fail_memory (error);
}

tenon_status
tn_unfilter_open (struct tn_unfilter *unfilter, struct tn_source *source, tenon_error *error)
{
    const struct tn_filter *filter = source->filter;
    struct tn_apart *apart = tn_plugin_is_foreign (filter->plugin) ? tn_source_root (source)->apart : NULL;
    unfilter->source = source;
    if (unfilter->filter == filter && unfilter->apart == apart)
        return TENON_OK;
    tn_unfilter_close (unfilter);
    void *state = NULL;
    if (!apart
        && tn_filter_open (filter, &(struct tenon_coding){ .struct_size = sizeof (struct tenon_coding) },
                           &state, error)
               < 0) {
        tn_source_fail_in (source, error);
        return error->status;
    }
    *unfilter = (struct tn_unfilter){ .filter = filter, .state = state, .apart = apart, .source = source };
    return TENON_OK;
}

void
tn_unfilter_close (struct tn_unfilter *unfilter)
{
    tenon_error ignored = TENON_ERROR_INIT;
    if (unfilter->state)
        unfilter->filter->table.close (unfilter->state);
    unfilter->source = NULL; /* which may be gone */
    if (unfilter->number > 0 && begin_order (unfilter, TN_APART_CLOSE, &ignored))
        end_order (unfilter, &ignored);
    memset (unfilter, 0, sizeof *unfilter);
}

tenon_status
tn_unfilter_decode (struct tn_unfilter *unfilter, uint32_t last, const void *from, uint64_t stored, void *to,
                    uint64_t size, bool *good, tenon_error *error)
{
    tenon_status said = TENON_E_MALFORMED;
    unfilter->why[0] = 0;
    if (unfilter->apart)
        TN_TRY (decode_apart (unfilter, last, from, stored, to, size, &said, error));
    else {
        uint32_t outer = tn_plugin_enter (unfilter->filter->plugin);
        said = unfilter->filter->table.decode (unfilter->state, last, from, stored, to, size);
        leave_filter (unfilter, outer, said);
    }
    return judge_answer (unfilter, said, 0, good, error);
}

tenon_status
tn_unfilter_reset (struct tn_unfilter *unfilter, bool *good, tenon_error *error)
{
    tenon_status said = TENON_E_MALFORMED;
    unfilter->why[0] = 0;
    if (unfilter->apart) {
        struct tn_channel *channel = begin_order (unfilter, TN_APART_RESET, error);
        if (!channel)
            return error->status;
        said = get_status (unfilter, channel);
        TN_TRY (end_order (unfilter, error));
    } else {
        uint32_t outer = tn_plugin_enter (unfilter->filter->plugin);
        said = unfilter->filter->table.reset (unfilter->state);
        leave_filter (unfilter, outer, said);
    }
    return judge_answer (unfilter, said, 0, good, error);
}

tenon_status
tn_unfilter_step (struct tn_unfilter *unfilter, const void *from, uint64_t stored, uint64_t *taken, void *to,
                  uint64_t room, uint64_t *made, int *result, tenon_error *error)
{
    int32_t said = TENON_E_MALFORMED;
    bool good;
    *taken = *made = 0;
    unfilter->why[0] = 0;
    if (unfilter->apart)
        TN_TRY (step_apart (unfilter, from, stored, taken, to, room, made, &said, error));
    else {
        uint32_t outer = tn_plugin_enter (unfilter->filter->plugin);
        said = unfilter->filter->table.step (unfilter->state, from, stored, taken, to, room, made);
        leave_filter (unfilter, outer, said);
    }
    if (*taken > stored || *made > room)
        said = TENON_E_MALFORMED;
    if (said < 0)
        *taken = *made = 0;
    *result = said < 0 ? -1 : said;
    return judge_answer (unfilter, said, TENON_STEP_MAY_END, &good, error);
}
