/* SPDX-License-Identifier: MIT */
/* metadata_json.c - turns any JSON into a metadata value, by the rules of tenon/json_any.h. */
#include "base/hash.h"
#include "plan/plan.h"
#include <tenon/json_any.h>

/* What the functions of json_any.h need of a call. */
struct json_call {
    struct tenon_call public;
    struct tn_arena arena;
    struct tn_hash_key hash_key;
};

static void *
get_scratch (struct tenon_call *public, uint64_t size)
{
    return tn_arena_get (&((struct json_call *) public)->arena, size, false);
}

static uint64_t
hash_text (struct tenon_call *public, const void *bytes, uint64_t length)
{
    return tn_hash (&((struct json_call *) public)->hash_key, bytes, length);
}

static const struct tenon_host json_host = { .struct_size = sizeof json_host,
                                             .scratch = get_scratch,
                                             .hash = hash_text };

/* What is wrong with the text; NULL: nothing. A number that is rounded would be another value. */
static const char *
judge_text (struct tenon_json_any *any, int32_t outcome)
{
    if (outcome == TENON_OK && tenon_json_next (any->json) != TENON_JSON_END)
        outcome = TENON_JSON_OTHER;
    return outcome == TENON_JSON_OTHER ? any->json->error[0] ? any->json->error : "it is no value"
           : any->rounded > 0          ? "it has a number beyond 64 bits"
           : any->repeated > 0         ? "it has a key twice"
                                       : NULL;
}

tenon_status
tn_plan_set_json (tenon_plan *plan, const char *key, const char *text, uint64_t length, tenon_error *error)
{
    struct json_call call = { .public = { .host = &json_host }, .hash_key = plan->context->hash_key };
    struct tenon_json json;
    struct tenon_json_any any = { .call = &call.public, .json = &json };
    struct tenon_value value;
    tenon_json_begin (&json, text, length, TENON_JSON_DEPTH);
    tenon_json_allow_nonfinite (&json);
    int32_t outcome = tenon_json_take_any (&any, tenon_json_next (&json), &value);
    const char *why = outcome < 0 ? NULL : judge_text (&any, outcome);
    if (outcome < 0)
        tn_fail_memory (error);
    else if (why)
        tn_fail (error, TENON_E_MALFORMED, TN_NO_OFFSET, "metadata key '%s': '%s%s' is not taken as JSON: %s",
                 TN_SHOW_SOME (key, strnlen (key, 200)), TN_SHOW_SOME (text, TN_MIN (length, 60)),
                 length > 60 ? "..." : "", why);
    else
        tenon_plan_add_metadata (plan, key, &value, error);
    tn_arena_free (&call.arena);
    return error->status;
}
