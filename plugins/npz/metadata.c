/* SPDX-License-Identifier: MIT */
/* metadata.c - the member that keeps metadata: an npy file of bytes, which are JSON.
 *
 *     {"tenon":1,"metadata":[
 *      {"key":"name","type":"string","value":"…"},
 *      {"key":"ids","type":"array","items":"u32","value":[1,2]},
 *      {"key":"deep","type":"array","items":"array","value":[{"type":"array","items":"f32","value":[]}]}]}
 *
 * Types and values are those of tenon/json_value.h. The codec of the other members is not asked to write it:
 * the member is an npy file whatever npz.member says. */
#include "npz.h"
#include <tenon/json_value.h>

#define BUFFER_BYTES 4096u

/* The destination of the JSON. It is written twice: its length, which the header has, is counted first. */
struct output {
    struct tenon_json_out json;
    struct tenon_call *call;
    int puts; /* 0: count only */
    uint64_t total;
    struct tenon_json_values values;
};

static tenon_status
flush_output (struct output *output)
{
    struct tenon_json_out *json = &output->json;
    output->total += json->length;
    if (output->puts && json->length > 0)
        TENON_TRY (output->call->host->put (output->call, json->bytes, json->length));
    json->length = 0;
    return TENON_OK;
}

/* grow of the JSON: puts its bytes. */
static tenon_status
make_room (struct tenon_json_out *json, uint64_t more)
{
    struct output *output = json->user;
    struct tenon_call *call = output->call;
    TENON_TRY (flush_output (output));
    if (more <= json->room)
        return TENON_OK;
    json->room = 2 * more;
    json->bytes = call->host->scratch (call, json->room);
    return json->bytes ? TENON_OK : TENON_E_MEMORY;
}

/* ---- the document ---- */

static tenon_status
put_document (struct output *output, uint64_t entries)
{
    struct tenon_call *call = output->call;
    struct tenon_json_out *json = &output->json;
    tenon_json_put_text (json, "{\"tenon\":1,\"metadata\":[");
    for (uint64_t i = 0; i < entries; i++) {
        struct tenon_value value;
        const char *key;
        uint64_t length;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        tenon_json_put_text (json, i ? ",\n{\"key\":" : "\n{\"key\":");
        tenon_json_put_string (json, key, length);
        tenon_json_put_text (json, ",");
        TENON_TRY (tenon_json_put_typed (&output->values, &value));
        tenon_json_put_text (json, "}");
    }
    tenon_json_put_text (json, "]}\n");
    TENON_TRY (json->status);
    return flush_output (output);
}

/* ---- the member ---- */

/* The header as NumPy writes it, for an array of `length` bytes. */
static void
make_npy_header (uint8_t header[NPZ_METADATA_LEAD], uint64_t length)
{
    char text[NPZ_METADATA_LEAD];
    int written = snprintf (text, sizeof text, NPZ_METADATA_HEADER "%llu,), }", (unsigned long long) length);
    memset (header, ' ', NPZ_METADATA_LEAD);
    memcpy (header, "\x93NUMPY\1\0", 8);
    tenon_put_le16 (header + 8, NPZ_METADATA_LEAD - 10);
    memcpy (header + 10, text, (size_t) written);
    header[NPZ_METADATA_LEAD - 1] = '\n';
}

/* Fails if a tensor would become a member of the same name. */
static tenon_status
check_tensor_names (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    const uint64_t stem = strlen (NPZ_METADATA_NAME) - strlen (".npy");
    TENON_TRY (call->host->plan_info (call, &plan));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (tensor.name_length == stem && memcmp (tensor.name, NPZ_METADATA_NAME, stem) == 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "a tensor has the name '%s', which is that of the metadata; rename it",
                               tensor.name);
    }
    return TENON_OK;
}

/* `output` is zero, or was used before. */
static void
begin_output (struct output *output, struct tenon_call *call, char *buffer, int puts)
{
    memset (&output->json, 0, sizeof output->json);
    output->call = call;
    output->puts = puts;
    output->total = 0;
    output->json.bytes = buffer;
    output->json.room = BUFFER_BYTES;
    output->json.grow = make_room;
    output->json.user = output;
    output->values.call = call;
    output->values.out = &output->json;
}

tenon_status
npz_put_metadata (struct tenon_call *call, uint64_t entries)
{
    struct tenon_entry entry = { .struct_size = sizeof entry,
                                 .key = NPZ_METADATA_NAME,
                                 .key_length = strlen (NPZ_METADATA_NAME),
                                 .alignment = NPZ_ALIGNMENT };
    struct output output = { .puts = 0 };
    char *buffer = call->host->scratch (call, BUFFER_BYTES);
    uint8_t header[NPZ_METADATA_LEAD];
    if (!buffer)
        return TENON_E_MEMORY;
    TENON_TRY (check_tensor_names (call));
    begin_output (&output, call, buffer, 0);
    TENON_TRY (put_document (&output, entries));
    uint64_t length = output.total;
    make_npy_header (header, length);
    entry.size = sizeof header + length;
    TENON_TRY (call->host->put_key (call, &entry));
    TENON_TRY (call->host->put (call, header, sizeof header));
    begin_output (&output, call, buffer, 1);
    TENON_TRY (put_document (&output, entries));
    if (output.total != length)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "metadata changed while they were written");
    return call->host->put_key (call, NULL);
}
