/* SPDX-License-Identifier: MIT */
/* metadata_text.c - turns text into a metadata value of the type that the user names, exactly, or refuses it.
 * Independent of the locale. */
#include "plan/plan.h"
#include <stdio.h>
#include <tenon/json.h>
#include <tenon/plugin.h>

#define ARRAY_OF "array:"
#define ANY_JSON "json"

/* A key, and the text and type that its value is made from. */
struct assignment {
    const char *key, *text;
    uint64_t length; /* of the text */
    uint64_t item;   /* the number of the item of an array that the text stands for; UINT64_MAX: of none */
    uint32_t type, item_type;
    struct tenon_json json;
    tenon_error *error;
};

/* ---- types ---- */

static uint32_t
find_scalar_type (const char *name)
{
    if (strcmp (name, "string") == 0)
        return TENON_STRING;
    for (uint32_t type = TENON_BOOL; type < TENON_DTYPE_FIXED; type++)
        if (tn_value_width (type) > 0 && strcmp (tn_dtype_fixed[type].name, name) == 0)
            return type;
    return TENON_NONE;
}

static tenon_status
parse_type (struct assignment *given, const char *name)
{
    bool array = strncmp (name, ARRAY_OF, strlen (ARRAY_OF)) == 0;
    uint32_t type = find_scalar_type (array ? name + strlen (ARRAY_OF) : name);
    given->type = array ? TENON_ARRAY : type;
    given->item_type = array ? type : TENON_NONE;
    if (type != TENON_NONE)
        return TENON_OK;
    return tn_fail (given->error, TENON_E_NOT_FOUND, TN_NO_OFFSET,
                    "metadata key '%s': there is no type '%s'; expected is bool, u8, u16, u32, u64, i8, i16, "
                    "i32, i64, f32, f64, string, one of these behind " ARRAY_OF ", or " ANY_JSON,
                    TN_SHOW_SOME (given->key, strnlen (given->key, 200)),
                    TN_SHOW_SOME (name, strnlen (name, 60)));
}

/* Without a type: that of the entry that the plan has, or else string. */
static tenon_status
keep_type (struct assignment *given, const struct tn_catalog *own)
{
    uint64_t index;
    given->type = TENON_STRING;
    if (!tn_catalog_find_key (own, given->key, strlen (given->key), &index))
        return TENON_OK;
    given->type = own->metadata[index].value.type;
    given->item_type = own->metadata[index].value.item_type;
    if (given->type == TENON_NONE || tn_value_has_items (&own->metadata[index].value))
        return tn_fail (given->error, TENON_E_UNSUPPORTED, TN_NO_OFFSET,
                        "metadata key '%s': values of its type, %s, cannot be given as text; name another "
                        "type, such as " ANY_JSON,
                        TN_SHOW_SOME (given->key, strnlen (given->key, 200)),
                        given->type == TENON_NONE         ? "null"
                        : given->type == TENON_MAP        ? "a map"
                        : given->item_type == TENON_MIXED ? "a mixed array"
                                                          : "an array of arrays");
    return TENON_OK;
}

/* ---- numbers ---- */

static uint64_t
largest_integer (uint32_t type)
{
    uint32_t bits = 8 * tn_value_width (type);
    return type >= TENON_I8 && type <= TENON_I64 ? UINT64_MAX >> (65 - bits) : UINT64_MAX >> (64 - bits);
}

static bool
read_integer (struct tenon_json *json, struct tenon_value *value)
{
    uint64_t most = largest_integer (value->type);
    if (value->type <= TENON_U64)
        return tenon_json_u64 (json, &value->as.u) == TENON_OK && value->as.u <= most;
    return tenon_json_i64 (json, &value->as.i) == TENON_OK && value->as.i <= (int64_t) most
           && value->as.i >= -(int64_t) most - 1;
}

static bool
read_floating (struct tenon_json *json, int32_t token, struct tenon_value *value)
{
    static const struct {
        const char *word;
        double value;
    } words[] = { { "NaN", __builtin_nan ("") },
                  { "Infinity", __builtin_inf () },
                  { "-Infinity", -__builtin_inf () } };
    float single;
    for (size_t i = 0; token == TENON_JSON_STRING && i < TN_COUNT (words); i++)
        if (tenon_json_is (json, words[i].word)) {
            value->as.f = words[i].value;
            return true;
        }
    if (token != TENON_JSON_NUMBER)
        return false;
    if (value->type == TENON_F64)
        return tenon_json_f64 (json, &value->as.f) == TENON_OK;
    if (tenon_json_f32 (json, &single) < 0)
        return false;
    value->as.f = (double) single;
    return true;
}

/* Reads a scalar of any type but string. False: the token is no value of the type. */
static bool
read_scalar (struct tenon_json *json, int32_t token, struct tenon_value *value)
{
    value->source = TENON_NO_SOURCE;
    if (value->type == TENON_F32 || value->type == TENON_F64)
        return read_floating (json, token, value);
    if (value->type != TENON_BOOL)
        return token == TENON_JSON_NUMBER && read_integer (json, value);
    value->as.u = token == TENON_JSON_TRUE;
    return token == TENON_JSON_TRUE || token == TENON_JSON_FALSE;
}

/* ---- failures ---- */

/* `item`: its number in an array; UINT64_MAX: no item of an array. */
static tenon_status
refuse_value (struct assignment *given, uint32_t type, const char *text, uint64_t length, uint64_t item)
{
    char expected[80] = "a string in quotes", place[64] = "";
    uint64_t most =
        tn_value_width (type) && type != TENON_F32 && type != TENON_F64 ? largest_integer (type) : 0;
    if (type == TENON_BOOL)
        snprintf (expected, sizeof expected, "true or false");
    else if (type == TENON_F32 || type == TENON_F64)
        snprintf (expected, sizeof expected, "a decimal number that it can hold, %s",
                  item == UINT64_MAX || given->item != UINT64_MAX ? "nan, inf or -inf"
                                                                  : "\"NaN\", \"Infinity\" or \"-Infinity\"");
    else if (type >= TENON_I8 && type <= TENON_I64)
        snprintf (expected, sizeof expected, "a whole number from -%llu to %llu",
                  (unsigned long long) most + 1, (unsigned long long) most);
    else if (type != TENON_STRING)
        snprintf (expected, sizeof expected, "a whole number from 0 to %llu", (unsigned long long) most);
    if (given->item != UINT64_MAX)
        snprintf (place, sizeof place, ", the new item %llu,", (unsigned long long) given->item);
    else if (item != UINT64_MAX)
        snprintf (place, sizeof place, ", item %llu of the array,", (unsigned long long) item + 1);
    return tn_fail (given->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                    "metadata key '%s': '%s%s'%s is no %s; expected is %s",
                    TN_SHOW_SOME (given->key, strnlen (given->key, 200)),
                    TN_SHOW_SOME (text, TN_MIN (length, 60)), length > 60 ? "..." : "", place,
                    type == TENON_STRING ? "string" : tn_dtype_fixed[type].name, expected);
}

static tenon_status
refuse_array (struct assignment *given)
{
    return tn_fail (given->error, TENON_E_MALFORMED, TN_NO_OFFSET,
                    "metadata key '%s': '%s%s' is no array in JSON: %s%s%s",
                    TN_SHOW_SOME (given->key, strnlen (given->key, 200)),
                    TN_SHOW_SOME (given->text, TN_MIN (given->length, 60)), given->length > 60 ? "..." : "",
                    *given->json.error ? given->json.error : "it is another value",
                    *given->json.error ? "" : ", expected is ",
                    *given->json.error ? "" : "[item, item, ...]");
}

/* ---- values ---- */

static bool
text_is (const char *text, uint64_t length, const char *word)
{
    return length == strlen (word) && memcmp (text, word, length) == 0;
}

/* nan, inf and -inf, as the command prints them, with white space around them as JSON allows it. */
static bool
parse_special (const struct assignment *given, struct tenon_value *value)
{
    const char *text = given->text;
    uint64_t length = given->length;
    if (value->type != TENON_F32 && value->type != TENON_F64)
        return false;
    for (; length > 0 && strchr (" \t\r\n", text[length - 1]) && text[length - 1]; length--)
        ;
    for (; length > 0 && strchr (" \t\r\n", *text) && *text; length--)
        text++;
    bool minus = length > 0 && *text == '-';
    if (text_is (text, length, "nan"))
        value->as.f = __builtin_nan ("");
    else if (text_is (text + minus, length - minus, "inf"))
        value->as.f = minus ? -__builtin_inf () : __builtin_inf ();
    else
        return false;
    return true;
}

static tenon_status
parse_scalar (struct assignment *given, struct tenon_value *value)
{
    struct tenon_json *json = &given->json;
    value->type = given->type;
    value->source = TENON_NO_SOURCE;
    if (value->type == TENON_STRING) {
        value->as.string = given->text;
        value->count = given->length;
        return TENON_OK;
    }
    if (parse_special (given, value))
        return TENON_OK;
    tenon_json_begin (json, given->text, given->length, TENON_JSON_DEPTH);
    int32_t token = tenon_json_next (json);
    if (token != TENON_JSON_STRING && read_scalar (json, token, value)
        && tenon_json_next (json) == TENON_JSON_END)
        return TENON_OK;
    return refuse_value (given, value->type, given->text, given->length, UINT64_MAX);
}

/* Counts the items of an array whose '[' was read. False: no valid JSON. */
static bool
count_items (struct tenon_json *json, uint64_t *count)
{
    struct tenon_json ahead = *json;
    int32_t token;
    for (*count = 0; (token = tenon_json_next (&ahead)) != TENON_JSON_END_ARRAY; ++*count)
        if (tenon_json_skip (&ahead, token) < 0 || token < 0)
            break;
    if (token == TENON_JSON_END_ARRAY && tenon_json_next (&ahead) == TENON_JSON_END)
        return true;
    *json = ahead;
    return false;
}

/* Packs the next item, little-endian, strings after their length. Returns its size; 0: not of the type. */
static uint64_t
pack_item (struct assignment *given, uint8_t *to)
{
    struct tenon_value item = { .type = given->item_type };
    struct tenon_json *json = &given->json;
    int32_t token = tenon_json_next (json);
    uint32_t width = tn_value_width (item.type);
    if (item.type == TENON_STRING) {
        if (token != TENON_JSON_STRING)
            return 0;
        uint64_t length = tenon_json_unescape (json->text, json->length, to + 8);
        tenon_put_le64 (to, length);
        return 8 + length;
    }
    if (!read_scalar (json, token, &item))
        return 0;
    uint64_t number = item.type == TENON_F32 ? tenon_f32_of_f64 (item.as.f) : item.as.u;
    for (uint32_t i = 0; i < width; i++)
        to[i] = (uint8_t) (number >> 8 * i);
    return width;
}

/* The caller frees *memory, to which the array points. */
static tenon_status
parse_array (struct assignment *given, struct tenon_value *array, uint8_t **memory)
{
    struct tenon_json *json = &given->json;
    uint64_t length = given->length, bytes, size;
    bool strings = given->item_type == TENON_STRING;
    *array = (struct tenon_value){ .type = TENON_ARRAY,
                                   .item_type = given->item_type,
                                   .encoding = strings ? TENON_STRINGS_64 : 0,
                                   .source = TENON_NO_SOURCE };
    tenon_json_begin (json, given->text, length, TENON_JSON_DEPTH);
    if (tenon_json_next (json) != TENON_JSON_BEGIN_ARRAY || !count_items (json, &array->count))
        return refuse_array (given);
    if (tn_multiply (array->count, 8, &bytes) || tn_add (bytes, length + 1, &bytes)
        || !(*memory = malloc (bytes)))
        return tn_fail_memory (given->error);
    for (uint64_t i = 0; i < array->count; i++) {
        if ((size = pack_item (given, *memory + array->length)) == 0)
            return refuse_value (given, given->item_type, (const char *) json->text,
                                 (uint64_t) (json->at - json->text), i);
        array->length += size;
    }
    array->as.memory = *memory;
    return TENON_OK;
}

static tenon_status
assign_text (tenon_plan *plan, struct assignment *given, const char *type)
{
    struct tenon_value value = { 0 };
    TN_FREE uint8_t *memory = NULL;
    if (type && strcmp (type, ANY_JSON) == 0)
        return tn_plan_set_json (plan, given->key, given->text, given->length, given->error);
    TN_TRY (type ? parse_type (given, type) : keep_type (given, plan->own));
    TN_TRY (given->type == TENON_ARRAY ? parse_array (given, &value, &memory) : parse_scalar (given, &value));
    return tenon_plan_add_metadata (plan, given->key, &value, given->error);
}

tenon_status
tn_plan_parse_item (const char *key, uint32_t type, uint64_t item, const char *text, uint64_t length,
                    struct tenon_value *value, tenon_error *error)
{
    struct assignment given = {
        .key = key, .text = text, .length = length, .item = item, .type = type, .error = error
    };
    return parse_scalar (&given, value);
}

TENON_API tenon_status
tenon_plan_set_metadata_text (tenon_plan *plan, const char *key, const char *type, const char *text,
                              uint64_t length, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    struct assignment given = {
        .key = key, .text = text, .length = length, .item = UINT64_MAX, .error = &mine
    };
    if (TN_GIVEN (&mine, plan, "plan") && TN_GIVEN (&mine, key, "key")
        && TN_GIVEN (&mine, text || !length, "text"))
        assign_text (plan, &given, type);
    return tn_error_out (error, &mine);
}

TENON_API tenon_status
tenon_plan_set_metadata (tenon_plan *plan, const char *key, const char *type, const char *text,
                         tenon_error *error)
{
    return tenon_plan_set_metadata_text (plan, key, type, text, text ? strlen (text) : 1, error);
}

TENON_API tenon_status
tenon_plan_remove_metadata (tenon_plan *plan, const char *key, tenon_error *error)
{
    tenon_error mine = TENON_ERROR_INIT;
    uint64_t index;
    if (!TN_GIVEN (&mine, plan, "plan") || !TN_GIVEN (&mine, key, "key"))
        return tn_error_out (error, &mine);
    if (tn_catalog_find_key (plan->own, key, strlen (key), &index)) {
        plan->own->metadata[index].key_length = 0;
        plan->removed = true;
    } else
        tn_fail (&mine, TENON_E_NOT_FOUND, TN_NO_OFFSET, "there is no metadata key '%s'",
                 TN_SHOW_SOME (key, strnlen (key, 200)));
    return tn_error_out (error, &mine);
}
