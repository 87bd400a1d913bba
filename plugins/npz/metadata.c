/* metadata.c - the member that keeps metadata: an npy file of bytes, which are JSON.
 *
 *     {"tenon":1,"metadata":[
 *      {"key":"name","type":"string","value":"…"},
 *      {"key":"ids","type":"array","items":"u32","value":[1,2]},
 *      {"key":"deep","type":"array","items":"array","value":[{"type":"array","items":"f32","value":[]}]}]}
 *
 * Types are tenon's names, "string", "array" or "null". What JSON cannot say is an object in the value's place:
 * {"hex":"ff00"} is a string that is not UTF-8, {"bits":9221120237041090560} a double that is no number.
 *
 * The codec that writes members is not asked: this one array has to be there whatever npz.member says. */
#include "npz.h"
#include <tenon/json.h>

#define NPY_BYTES 128u /* of the npy header */
#define BUFFER_BYTES 4096u
#define AT_ONCE 512u /* numbers of an array */
/* Each level takes two of JSON, of which tenon/json.h knows 64; the document takes four. */
#define MOST_DEPTH 30u

/* JSON on its way: first only its length, which comes before it in the file, then its bytes. */
struct output {
    struct tenon_json_out json;
    struct npz_writer *writer;
    int puts;
    uint32_t crc;
    uint64_t total;
    struct tenon_value *items; /* memory that is used again */
    uint64_t room;             /* items */
};

static tenon_status
flush (struct output *output)
{
    struct tenon_json_out *json = &output->json;
    output->total += json->length;
    if (output->puts && json->length > 0) {
        struct tenon_call *call = output->writer->call;
        output->crc = npz_crc32 (output->crc, json->bytes, json->length);
        TENON_TRY (call->host->put (call, json->bytes, json->length));
    }
    json->length = 0;
    return TENON_OK;
}

static tenon_status
grow (struct tenon_json_out *json, uint64_t more)
{
    struct output *output = json->user;
    struct tenon_call *call = output->writer->call;
    TENON_TRY (flush (output));
    if (more <= json->room)
        return TENON_OK;
    json->room = 2 * more;
    json->bytes = call->host->scratch (call, json->room);
    return json->bytes ? TENON_OK : TENON_E_MEMORY;
}

/* ---- values ---- */

static void
put_text (struct tenon_json_out *json, const char *text, uint64_t length)
{
    static const char digits[] = "0123456789abcdef";
    if (tenon_json_is_utf8 (text, length)) {
        tenon_json_put_string (json, text, length);
        return;
    }
    tenon_json_put_text (json, "{\"hex\":\"");
    for (uint64_t i = 0; i < length; i++) {
        const uint8_t byte = (uint8_t) text[i];
        const char pair[2] = { digits[byte >> 4], digits[byte & 15] };
        tenon_json_put (json, pair, 2);
    }
    tenon_json_put_text (json, "\"}");
}

/* As a float has it: a NaN's bits that only a double has room for are dropped. No conversion: that would make
 * signalling NaNs quiet. */
static double
single_of (double value)
{
    const uint64_t beyond = ((uint64_t) 1 << 29) - 1, quiet = (uint64_t) 1 << 51;
    uint64_t bits;
    if (value == value)
        return (double) (float) value;
    memcpy (&bits, &value, sizeof bits);
    bits &= ~beyond;
    if (!(bits & (2 * quiet - 1)))
        bits |= quiet;
    memcpy (&value, &bits, sizeof value);
    return value;
}

static void
put_float (struct tenon_json_out *json, const struct tenon_value *value)
{
    uint64_t bits;
    double number = value->type == TENON_F32 ? single_of (value->as.f) : value->as.f;
    if (number - number == 0) {
        if (value->type == TENON_F32)
            tenon_json_put_f32 (json, (float) number);
        else
            tenon_json_put_f64 (json, number);
        return;
    }
    memcpy (&bits, &number, sizeof bits);
    tenon_json_put_text (json, "{\"bits\":");
    tenon_json_put_u64 (json, bits);
    tenon_json_put_text (json, "}");
}

/* Of an integer just the bytes that its type has, as when it is written in binary. */
static void
put_scalar (struct tenon_json_out *json, const struct tenon_value *value)
{
    uint32_t unused = 64 - npz_integer_bits (value->type);
    switch (value->type) {
    case TENON_NONE: tenon_json_put_text (json, "null"); break;
    case TENON_BOOL: tenon_json_put_text (json, value->as.u ? "true" : "false"); break;
    case TENON_STRING: put_text (json, value->as.string, value->count); break;
    case TENON_F32:
    case TENON_F64: put_float (json, value); break;
    case TENON_I8:
    case TENON_I16:
    case TENON_I32:
    case TENON_I64: tenon_json_put_i64 (json, (int64_t) (value->as.u << unused) >> unused); break;
    default: tenon_json_put_u64 (json, value->as.u << unused >> unused); break;
    }
}

static tenon_status
put_type (struct output *output, const char *key, uint32_t type)
{
    struct tenon_call *call = output->writer->call;
    struct tenon_dtype info = TENON_INIT (info);
    const char *name = type == TENON_NONE ? "null" : type == TENON_STRING ? "string" : "array";
    if (type != TENON_NONE && type != TENON_STRING && type != TENON_ARRAY) {
        TENON_TRY (call->host->dtype_info (call, type, &info));
        name = info.name;
    }
    tenon_json_put_text (&output->json, key);
    tenon_json_put_string (&output->json, name, strlen (name));
    return TENON_OK;
}

static tenon_status put_typed (struct output *output, const struct tenon_value *value, uint32_t depth);

static tenon_status
put_items (struct output *output, const struct tenon_value *items, uint64_t count, int begins, uint32_t depth)
{
    for (uint64_t i = 0; i < count; i++) {
        if (!begins || i > 0)
            tenon_json_put_text (&output->json, ",");
        if (items[i].type != TENON_ARRAY) {
            put_scalar (&output->json, &items[i]);
            continue;
        }
        tenon_json_put_text (&output->json, "{");
        TENON_TRY (put_typed (output, &items[i], depth + 1));
        tenon_json_put_text (&output->json, "}");
    }
    return output->json.status;
}

/* Strings are found by walking over those before them, so all of them are asked for at once. */
static tenon_status
put_array (struct output *output, const struct tenon_value *array, uint32_t depth)
{
    struct tenon_call *call = output->writer->call;
    uint64_t at_once = array->item_type == TENON_STRING && array->count > AT_ONCE ? array->count : AT_ONCE;
    if (array->item_type == TENON_ARRAY)
        return put_items (output, array->as.items, array->count, 1, depth);
    if (at_once > output->room) {
        if (at_once > UINT64_MAX / sizeof *output->items
            || !(output->items = call->host->scratch (call, at_once * sizeof *output->items)))
            return TENON_E_MEMORY;
        output->room = at_once;
    }
    for (uint64_t first = 0; first < array->count; first += at_once) {
        uint64_t count = array->count - first < at_once ? array->count - first : at_once;
        TENON_TRY (call->host->items (call, array, first, count, output->items));
        TENON_TRY (put_items (output, output->items, count, first == 0, depth));
    }
    return TENON_OK;
}

/* "type":…,"value":… */
static tenon_status
put_typed (struct output *output, const struct tenon_value *value, uint32_t depth)
{
    if (depth > MOST_DEPTH)
        return tenon_fail (output->writer->call, TENON_E_LIMIT, TENON_AUTO, "a metadata value nests %u deep",
                           depth);
    TENON_TRY (put_type (output, "\"type\":", value->type));
    if (value->type == TENON_ARRAY)
        TENON_TRY (put_type (output, ",\"items\":", value->item_type));
    tenon_json_put_text (&output->json, ",\"value\":");
    if (value->type != TENON_ARRAY) {
        put_scalar (&output->json, value);
        return output->json.status;
    }
    tenon_json_put_text (&output->json, "[");
    TENON_TRY (put_array (output, value, depth));
    tenon_json_put_text (&output->json, "]");
    return output->json.status;
}

static tenon_status
put_document (struct output *output, uint64_t entries)
{
    struct tenon_call *call = output->writer->call;
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
        TENON_TRY (put_typed (output, &value, 0));
        tenon_json_put_text (json, "}");
    }
    tenon_json_put_text (json, "]}\n");
    TENON_TRY (json->status);
    return flush (output);
}

/* ---- the member ---- */

/* As NumPy writes it, for `length` bytes. */
static void
make_npy_header (uint8_t header[NPY_BYTES], uint64_t length)
{
    char text[NPY_BYTES];
    int written = snprintf (text, sizeof text, NPZ_METADATA_HEADER "%llu,), }", (unsigned long long) length);
    memset (header, ' ', NPY_BYTES);
    memcpy (header, "\x93NUMPY\1\0", 8);
    tenon_put_le16 (header + 8, NPY_BYTES - 10);
    memcpy (header + 10, text, (size_t) written);
    header[NPY_BYTES - 1] = '\n';
}

static tenon_status
check_names (struct npz_writer *writer)
{
    struct tenon_call *call = writer->call;
    struct tenon_plan_info plan = TENON_INIT (plan);
    const uint64_t stem = strlen (NPZ_METADATA_MEMBER_NAME) - strlen (".npy");
    TENON_TRY (call->host->plan_info (call, &plan));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        if (tensor.name_length == stem && memcmp (tensor.name, NPZ_METADATA_MEMBER_NAME, stem) == 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "a tensor has the name '%s', which is that of the metadata; rename it",
                               tensor.name);
    }
    return TENON_OK;
}

/* The output is zero, or was used before. */
static void
begin_output (struct output *output, struct npz_writer *writer, char *buffer, int puts)
{
    memset (&output->json, 0, sizeof output->json);
    output->writer = writer;
    output->puts = puts;
    output->total = 0;
    output->json.bytes = buffer;
    output->json.room = BUFFER_BYTES;
    output->json.grow = grow;
    output->json.user = output;
}

tenon_status
npz_put_metadata (struct npz_writer *writer, uint64_t entries)
{
    struct tenon_call *call = writer->call;
    struct npz_heading heading = { .name = NPZ_METADATA_MEMBER_NAME,
                                   .name_length = strlen (NPZ_METADATA_MEMBER_NAME) };
    struct tenon_member_result result = TENON_INIT (result);
    struct output output = { .crc = 0 };
    char buffer[BUFFER_BYTES];
    uint8_t header[NPY_BYTES];
    TENON_TRY (check_names (writer));
    begin_output (&output, writer, buffer, 0);
    TENON_TRY (put_document (&output, entries));
    uint64_t length = output.total;
    make_npy_header (header, length);
    heading.wide = npz_may_be_wide (length);
    TENON_TRY (npz_put_local (writer, &heading));
    TENON_TRY (call->host->put (call, header, sizeof header));
    begin_output (&output, writer, buffer, 1);
    output.crc = npz_crc32 (0, header, sizeof header);
    TENON_TRY (put_document (&output, entries));
    if (output.total != length)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "metadata changed while they were written");
    result.stored = result.size = sizeof header + length;
    result.check_value = output.crc;
    TENON_TRY (npz_complete_local (writer, &heading, &result));
    return npz_add_entry (writer, &heading, &result);
}
