/* write.c - version 3, little-endian, byte for byte as gguf-py's GGUFWriter writes it: pairs in their order, dims as they are,
 * no padding behind the infos when there are no tensors, zeros behind each tensor up to the alignment. */
#include "gguf.h"

struct writer {
    struct tenon_call *call;
    struct tenon_plan_info plan;
    uint64_t alignment;
    uint64_t pairs; /* that can be written */
};

static tenon_status
put_u32 (struct writer *writer, uint32_t number)
{
    uint8_t bytes[4];
    tenon_put_le32 (bytes, number);
    return writer->call->host->put (writer->call, bytes, sizeof bytes);
}

static tenon_status
put_u64 (struct writer *writer, uint64_t number)
{
    uint8_t bytes[8];
    tenon_put_le64 (bytes, number);
    return writer->call->host->put (writer->call, bytes, sizeof bytes);
}

static tenon_status
put_string (struct writer *writer, const char *text, uint64_t length)
{
    TENON_TRY (put_u64 (writer, length));
    return length ? writer->call->host->put (writer->call, text, length) : TENON_OK;
}

/* ---- values ---- */

/* GGUF_VALUES: the format has no such type. */
static uint32_t
value_type_of (uint32_t type)
{
    for (uint32_t i = 0; i < GGUF_VALUES; i++)
        if (gguf_value_types[i].type == type)
            return i;
    return GGUF_VALUES;
}

/* The float that a double stands for; signalling NaNs stay what they are. */
static uint32_t
narrow (double value)
{
    uint64_t wide;
    uint32_t bits;
    float single = (float) value;
    memcpy (&wide, &value, sizeof wide);
    memcpy (&bits, &single, sizeof bits);
    return value != value ? (uint32_t) (wide >> 63) << 31 | 0x7f800000u | (uint32_t) (wide >> 29 & 0x7fffff)
                          : bits;
}

static tenon_status
put_scalar (struct writer *writer, uint32_t type, const struct tenon_value *value)
{
    uint8_t bytes[8];
    uint64_t number = value->as.u;
    if (type == GGUF_F32)
        number = narrow (value->as.f);
    tenon_put_le64 (bytes, number);
    return writer->call->host->put (writer->call, bytes, gguf_value_types[type].width);
}

static tenon_status put_array (struct writer *writer, const struct tenon_value *value);

static tenon_status
put_nested (struct writer *writer, const struct tenon_value *value)
{
    for (uint64_t i = 0; i < value->count; i++)
        TENON_TRY (put_array (writer, &value->as.items[i]));
    return TENON_OK;
}

static tenon_status
put_array (struct writer *writer, const struct tenon_value *value)
{
    uint32_t type = value_type_of (value->item_type);
    TENON_TRY (put_u32 (writer, type));
    TENON_TRY (put_u64 (writer, value->count));
    if (value->item_type == TENON_ARRAY)
        return put_nested (writer, value);
    return writer->call->host->put_items (writer->call, value,
                                          value->item_type == TENON_STRING
                                              ? TENON_ENCODING_U64 | TENON_ENCODING_LITTLE
                                              : TENON_ENCODING_LITTLE);
}

static int
can_hold (const struct tenon_value *value)
{
    if (value->type != TENON_ARRAY)
        return value_type_of (value->type) < GGUF_VALUES;
    if (value->item_type != TENON_ARRAY)
        return value_type_of (value->item_type) < GGUF_VALUES;
    for (uint64_t i = 0; i < value->count; i++)
        if (!can_hold (&value->as.items[i]))
            return 0;
    return 1;
}

static tenon_status
put_pair (struct writer *writer, const char *key, uint64_t length, const struct tenon_value *value)
{
    uint32_t type = value_type_of (value->type);
    TENON_TRY (put_string (writer, key, length));
    TENON_TRY (put_u32 (writer, type));
    return type == GGUF_ARRAY    ? put_array (writer, value)
           : type == GGUF_STRING ? put_string (writer, value->as.string, value->count)
                                 : put_scalar (writer, type, value);
}

/* ---- the plan ---- */

static int
is_key (const char *key, uint64_t length, const char *name)
{
    return length == strlen (name) && memcmp (key, name, length) == 0;
}

static tenon_status
read_pairs (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (!can_hold (&value)) {
            tenon_note (call, TENON_LOSS, key, "the format has no value of its type: this entry is dropped");
            continue;
        }
        writer->pairs++;
        if (!is_key (key, length, "general.alignment"))
            continue;
        writer->alignment = value.as.u;
        if (value.type != TENON_U32 || value.as.u == 0 || (value.as.u & (value.as.u - 1)) != 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "the metadata key general.alignment is no u32 that is a power of two");
    }
    return TENON_OK;
}

static tenon_status
put_pairs (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    for (uint64_t i = 0; i < writer->plan.metadata; i++) {
        const char *key;
        uint64_t length;
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        if (can_hold (&value))
            TENON_TRY (put_pair (writer, key, length, &value));
    }
    return TENON_OK;
}

static tenon_status
put_infos (struct writer *writer)
{
    struct tenon_call *call = writer->call;
    uint64_t offset = 0, mask = writer->alignment - 1;
    for (uint64_t i = 0; i < writer->plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        const struct gguf_type *type = gguf_type_of (call, tensor.dtype);
        if (!type)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                               "a tensor has a dtype that the format lacks");
        TENON_TRY (put_string (writer, tensor.name, tensor.name_length));
        TENON_TRY (put_u32 (writer, tensor.rank));
        for (uint32_t k = tensor.rank; k-- > 0;) /* innermost first */
            TENON_TRY (put_u64 (writer, tensor.shape[k]));
        TENON_TRY (put_u32 (writer, type->id));
        TENON_TRY (put_u64 (writer, offset));
        offset += (tensor.length + mask) & ~mask;
    }
    return TENON_OK;
}

tenon_status
gguf_write (struct tenon_call *call)
{
    struct writer writer;
    memset (&writer, 0, sizeof writer);
    writer.call = call;
    writer.alignment = GGUF_ALIGNMENT;
    writer.plan.struct_size = sizeof writer.plan;
    TENON_TRY (call->host->plan_info (call, &writer.plan));
    TENON_TRY (read_pairs (&writer));
    TENON_TRY (call->host->put (call, "GGUF", 4));
    TENON_TRY (put_u32 (&writer, GGUF_VERSION));
    TENON_TRY (put_u64 (&writer, writer.plan.tensors));
    TENON_TRY (put_u64 (&writer, writer.pairs));
    TENON_TRY (put_pairs (&writer));
    TENON_TRY (put_infos (&writer));
    for (uint64_t i = 0; i < writer.plan.tensors; i++) {
        TENON_TRY (call->host->align (call, writer.alignment, 0));
        TENON_TRY (call->host->put_tensor (call, i, NULL));
    }
    return writer.plan.tensors > 0 ? call->host->align (call, writer.alignment, 0) : TENON_OK;
}
