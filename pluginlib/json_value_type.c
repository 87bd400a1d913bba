/* SPDX-License-Identifier: MIT */
/* json_value_type.c - the types of <tenon/json_value.h>. */
#include "json_value_flat.h"
#include <tenon/json_value.h>

const char *
tenon_json_type_name (uint32_t type)
{
    static const char *const names[] = { "null", "bool", "u8",  "u16", "u32", "u64", "i8",
                                         "i16",  "i32",  "i64", NULL,  NULL,  "f32", "f64" };
    if (type >= TENON_MAP && type <= TENON_ARRAY)
        return type == TENON_MAP      ? "map"
               : type == TENON_MIXED  ? "mixed"
               : type == TENON_STRING ? "string"
                                      : "array";
    return type < sizeof names / sizeof names[0] ? names[type] : NULL;
}

int32_t
tenon_json_type (const struct tenon_json *json)
{
    for (uint32_t type = 0; type <= TENON_ARRAY; type++) {
        const char *name = tenon_json_type_name (type);
        if (name && tenon_json_is (json, name))
            return (int32_t) type;
    }
    return -1;
}

uint32_t
tenon_json_integer_bits (uint32_t type)
{
    switch (type) {
    case TENON_U16:
    case TENON_I16: return 16;
    case TENON_U32:
    case TENON_I32: return 32;
    case TENON_U64:
    case TENON_I64: return 64;
    default: return 8;
    }
}

int32_t
tenon_json_has_values (const struct tenon_value *value)
{
    return value->type == TENON_MAP
           || (value->type == TENON_ARRAY
               && (value->item_type == TENON_ARRAY || value->item_type == TENON_MIXED));
}
