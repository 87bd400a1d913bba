/* SPDX-License-Identifier: MIT */
/* metadata_set.c - metadata from the program's own numbers and texts, which need no struct tenon_value. */
#include "plan/plan.h"
#include <tenon/plugin.h>

/* Numbers of the program are in the byte order of the machine. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define OWN_ORDER TENON_ENCODING_BIG
#else
#define OWN_ORDER TENON_ENCODING_LITTLE
#endif

static tenon_status
check_numbers (uint32_t type, const void *numbers, uint64_t count, uint64_t *bytes, tenon_error *error)
{
    const uint32_t width = tn_value_width (type);
    if (width == 0)
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET,
                        "metadata are no numbers of the type %u: it is none of TENON_BOOL, TENON_U8 to "
                        "TENON_I64, TENON_F32 and TENON_F64",
                        type);
    if (tn_multiply (count, width, bytes))
        return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "%llu numbers are more than any memory holds",
                        (unsigned long long) count);
    for (uint64_t i = 0; type == TENON_BOOL && i < count; i++)
        if (((const uint8_t *) numbers)[i] > 1)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "a bool of metadata is 0 or 1, and not %u",
                            ((const uint8_t *) numbers)[i]);
    return TENON_OK;
}

static void
load_number (uint32_t type, const void *number, struct tenon_value *value)
{
    union {
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
    } from = { .u64 = 0 };
    memcpy (&from, number, tn_value_width (type)); /* it need not be aligned */
    switch (type) {
    case TENON_BOOL:
    case TENON_U8: value->as.u = from.u8; break;
    case TENON_U16: value->as.u = from.u16; break;
    case TENON_U32: value->as.u = from.u32; break;
    case TENON_U64: value->as.u = from.u64; break;
    case TENON_I8: value->as.i = from.i8; break;
    case TENON_I16: value->as.i = from.i16; break;
    case TENON_I32: value->as.i = from.i32; break;
    case TENON_I64: value->as.i = from.i64; break;
    case TENON_F32: value->as.f = (double) from.f32; break;
    default: value->as.f = from.f64;
    }
}

TENON_API tenon_status
tenon_plan_set_number (tenon_plan *plan, const char *key, uint64_t key_length, uint32_t type,
                       const void *number, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tenon_value value = { .type = type, .source = TENON_NO_SOURCE };
    uint64_t bytes;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key") && TN_GIVEN (&mine, number, "number")
        && check_numbers (type, number, 1, &bytes, &mine) == TENON_OK) {
        load_number (type, number, &value);
        tn_plan_set_value (plan, key, key_length, &value, &mine);
    }
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_set_numbers (tenon_plan *plan, const char *key, uint64_t key_length, uint32_t type,
                        const void *numbers, uint64_t count, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct tenon_value value = { .type = TENON_ARRAY,
                                 .item_type = type,
                                 .count = count,
                                 .encoding = OWN_ORDER,
                                 .source = TENON_NO_SOURCE };
    value.as.memory = count > 0 ? numbers : "";
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key")
        && TN_GIVEN (&mine, numbers || !count, "numbers")
        && check_numbers (type, numbers, count, &value.length, &mine) == TENON_OK)
        tn_plan_set_value (plan, key, key_length, &value, &mine);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_set_string (tenon_plan *plan, const char *key, uint64_t key_length, const char *text,
                       uint64_t length, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (!TN_GIVEN (&mine, plan, "plan") || !TN_GIVEN (&mine, key, "key")
        || !TN_GIVEN (&mine, text || !length, "text"))
        return tn_error_out (error, &mine);
    struct tenon_value value = { .type = TENON_STRING,
                                 .count = length == TENON_NUL ? strlen (text) : length,
                                 .source = TENON_NO_SOURCE,
                                 .as.string = text ? text : "" };
    tn_plan_set_value (plan, key, key_length, &value, &mine);
    return tn_error_out (error, &mine);
}

/* ---- arrays of strings ---- */

#define PREFIX 8u /* bytes of the length before each string */

static uint64_t
string_length (const char *const *texts, const uint64_t *lengths, uint64_t index)
{
    return !lengths || lengths[index] == TENON_NUL ? strlen (texts[index]) : lengths[index];
}

/* The bytes of the strings with their lengths. A sum beyond the limit of metadata is refused before it is
 * allocated. */
static tenon_status
measure_strings (const tenon_plan *plan, const char *const *texts, const uint64_t *lengths, uint64_t count,
                 uint64_t *bytes, tenon_error *error)
{
    const uint64_t most = plan->context->limits[TENON_LIMIT_METADATA_BYTES];
    *bytes = 0;
    for (uint64_t i = 0; i < count; i++) {
        bool given = texts[i] || (lengths && lengths[i] == 0);
        if (!given)
            return tn_fail (error, TENON_E_MISUSE, TN_NO_OFFSET, "string %llu is NULL",
                            (unsigned long long) i);
        uint64_t length = texts[i] ? string_length (texts, lengths, i) : 0;
        if (tn_add (*bytes, PREFIX, bytes) || tn_add (*bytes, length, bytes) || *bytes > most)
            return tn_fail (error, TENON_E_LIMIT, TN_NO_OFFSET,
                            "more than %llu bytes of metadata; raise metadata_bytes in [limits] to keep them",
                            (unsigned long long) most);
    }
    return TENON_OK;
}

static void
pack_strings (uint8_t *to, const char *const *texts, const uint64_t *lengths, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t length = texts[i] ? string_length (texts, lengths, i) : 0;
        tenon_put_le64 (to, length);
        if (length > 0)
            memcpy (to + PREFIX, texts[i], length);
        to += PREFIX + length;
    }
}

static tenon_status
set_strings (tenon_plan *plan, const char *key, uint64_t key_length, const char *const *texts,
             const uint64_t *lengths, uint64_t count, tenon_error *error)
{
    struct tenon_value value = { .type = TENON_ARRAY,
                                 .item_type = TENON_STRING,
                                 .count = count,
                                 .encoding = TENON_STRINGS_64,
                                 .source = TENON_NO_SOURCE };
    TN_TRY (measure_strings (plan, texts, lengths, count, &value.length, error));
    TN_FREE uint8_t *packed = malloc (value.length + 1);
    if (!packed)
        return tn_fail_memory (error);
    pack_strings (packed, texts, lengths, count);
    value.as.memory = packed;
    return tn_plan_set_value (plan, key, key_length, &value, error);
}

TENON_API tenon_status
tenon_plan_set_strings (tenon_plan *plan, const char *key, uint64_t key_length, const char *const *texts,
                        const uint64_t *lengths, uint64_t count, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key")
        && TN_GIVEN (&mine, texts || !count, "texts"))
        set_strings (plan, key, key_length, texts, lengths, count, &mine);
    return tn_error_out (error, &mine);
}
