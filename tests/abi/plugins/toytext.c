/* SPDX-License-Identifier: MIT */
/* toytext.c - two codecs: one reads, one writes.
 *
 * toytext only reads. Its numbers are text, so no range of bytes holds a tensor; read makes any region:
 *
 *     @NAME DTYPE DIM …      (f32, f64, i32 or i64)
 *     numbers, with any blanks and lines between them: -1 2.5 +3
 *     .toytext               (the last line, and the magic, at the end of the file)
 *
 * toylist only writes: a line "NAME DTYPE DIM …" for each tensor, an empty line, then their data one after
 * the other, in C order, little-endian. It never goes back. */
#include <tenon/plugin.h>

#define END ".toytext\n"
#define END_LENGTH 9
#define WORD 64

static int
is_blank (uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t';
}

/* Takes the next word; its length is 0 at the end of the line (or of the text, with `lines`). Blanks after
 * it stay. */
static tenon_status
take_word (struct tenon_cursor *cursor, char word[WORD], uint32_t *length, int lines)
{
    *length = 0;
    while (cursor->position < cursor->end) {
        const uint8_t *byte = tenon_take (cursor, 1, "a word");
        if (!byte)
            return TENON_E_TRUNCATED;
        if (is_blank (*byte) && (*length > 0 || (*byte == '\n' && !lines))) {
            cursor->position -= *length > 0;
            break;
        }
        if (is_blank (*byte))
            continue;
        if (*length == WORD - 1)
            return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position - WORD,
                               "a word of %d bytes or more", WORD);
        word[(*length)++] = (char) *byte;
    }
    word[*length] = 0;
    return TENON_OK;
}

/* Sign, digits, and perhaps a point and more digits, in any locale. */
static tenon_status
parse_number (struct tenon_cursor *cursor, const char *word, double *number)
{
    const char *c = word;
    double sign = *c == '-' ? -1 : 1, parts = 1;
    int point = 0;
    c += *c == '-' || *c == '+';
    *number = 0;
    for (; *c; c++) {
        if (*c == '.' && !point)
            point = 1;
        else if (*c >= '0' && *c <= '9') {
            *number = *number * 10 + (*c - '0');
            parts *= point ? 10 : 1;
        } else
            return tenon_fail (cursor->call, TENON_E_MALFORMED, cursor->position, "'%s' is no number", word);
    }
    *number *= sign;
    *number /= parts;
    return TENON_OK;
}

static tenon_status
describe_tensor (struct tenon_cursor *cursor)
{
    struct tenon_call *call = cursor->call;
    struct tenon_tensor tensor = { .struct_size = sizeof tensor,
                                   .storage = TENON_SERVED,
                                   .length = TENON_AUTO };
    char name[WORD], word[WORD];
    uint64_t shape[64], count = 1;
    uint32_t name_length, length;
    double number;
    TENON_TRY (take_word (cursor, name, &name_length, 0));
    TENON_TRY (take_word (cursor, word, &length, 0));
    tensor.dtype = call->host->dtype_find (call, word);
    if (name_length < 2 || name[0] != '@'
        || (tensor.dtype != TENON_F32 && tensor.dtype != TENON_F64 && tensor.dtype != TENON_I32
            && tensor.dtype != TENON_I64))
        return tenon_fail (call, TENON_E_MALFORMED, cursor->position,
                           "found '%s %s', expected @NAME and a dtype", name, word);
    for (;;) {
        TENON_TRY (take_word (cursor, word, &length, 0));
        if (length == 0)
            break;
        TENON_TRY (parse_number (cursor, word, &number));
        if (tensor.rank == 64 || number < 0 || number > 1e9)
            return tenon_fail (call, TENON_E_MALFORMED, cursor->position, "a dim of %s", word);
        shape[tensor.rank++] = (uint64_t) number;
    }
    tensor.name = name + 1;
    tensor.name_length = name_length - 1;
    tensor.shape = shape;
    tensor.offset = cursor->position;
    TENON_TRY (call->host->add_tensor (call, &tensor));
    for (uint32_t i = 0; i < tensor.rank; i++)
        count *= shape[i]; /* add_tensor has checked the product */
    for (uint64_t i = 0; i < count; i++) {
        TENON_TRY (take_word (cursor, word, &length, 1));
        if (length == 0)
            return tenon_fail (call, TENON_E_TRUNCATED, cursor->position,
                               "%llu numbers are there, %llu are announced", (unsigned long long) i,
                               (unsigned long long) count);
        TENON_TRY (parse_number (cursor, word, &number));
    }
    return TENON_OK;
}

static tenon_status
text_describe (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 0));
    if (cursor.end < END_LENGTH)
        return tenon_fail (call, TENON_E_TRUNCATED, 0, "it does not end in .toytext");
    cursor.end -= END_LENGTH;
    while (cursor.position < cursor.end) {
        const uint8_t *byte = tenon_take (&cursor, 1, "a line");
        if (!byte)
            return TENON_E_TRUNCATED;
        if (is_blank (*byte))
            continue;
        cursor.position--;
        TENON_TRY (describe_tensor (&cursor));
    }
    return TENON_OK;
}

/* ---- serving ---- */

static uint8_t *
put_item (uint8_t *to, uint32_t dtype, double number)
{
    uint64_t bits = 0;
    float f32 = (float) number;
    uint32_t width = dtype == TENON_F32 || dtype == TENON_I32 ? 4 : 8;
    if (dtype == TENON_F32) {
        uint32_t bits32;
        memcpy (&bits32, &f32, sizeof bits32);
        bits = bits32;
    } else if (dtype == TENON_F64)
        memcpy (&bits, &number, sizeof bits);
    else
        bits = (uint64_t) (int64_t) number;
    for (uint32_t i = 0; i < width; i++)
        *to++ = (uint8_t) (bits >> 8 * i);
    return to;
}

/* True if the item with this number, in C order, is in the region. */
static int
in_region (const struct tenon_tensor *tensor, const struct tenon_region *region, uint64_t item)
{
    for (uint32_t i = region->rank; i-- > 0;) {
        uint64_t index = item % tensor->shape[i], start = region->start[i], step = region->step[i];
        if (index < start || (index - start) % step || (index - start) / step >= region->count[i])
            return 0;
        item /= tensor->shape[i];
    }
    return 1;
}

static tenon_status
read_region (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
             void *to, uint64_t size)
{
    struct tenon_cursor cursor;
    uint8_t *next = (uint8_t *) to, *end = next + size;
    TENON_TRY (tenon_cursor_open (&cursor, call, tensor->source, tensor->offset));
    for (uint64_t item = 0; next < end; item++) {
        char word[WORD];
        uint32_t length;
        double number;
        TENON_TRY (take_word (&cursor, word, &length, 1));
        if (!in_region (tensor, region, item))
            continue;
        TENON_TRY (parse_number (&cursor, word, &number));
        next = put_item (next, tensor->dtype, number);
    }
    return TENON_OK;
}

/* ---- toylist ---- */

static tenon_status
write_list (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    char text[128];
    TENON_TRY (call->host->plan_info (call, &plan));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = { .struct_size = sizeof tensor };
        struct tenon_dtype dtype = { .struct_size = sizeof dtype };
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        TENON_TRY (call->host->dtype_info (call, tensor.dtype, &dtype));
        TENON_TRY (call->host->put (call, tensor.name, tensor.name_length));
        snprintf (text, sizeof text, " %s", dtype.name);
        TENON_TRY (call->host->put (call, text, strlen (text)));
        for (uint32_t k = 0; k < tensor.rank; k++) {
            snprintf (text, sizeof text, " %llu", (unsigned long long) tensor.shape[k]);
            TENON_TRY (call->host->put (call, text, strlen (text)));
        }
        TENON_TRY (call->host->put (call, "\n", 1));
        if (strncmp (tensor.name, "lossy", 5) == 0)
            tenon_note (call, TENON_LOSS, tensor.name, "a listing does it no justice");
        if (strncmp (tensor.name, "noted", 5) == 0)
            tenon_note (call, TENON_NOTE, tensor.name, "is listed");
        if (strncmp (tensor.name, "unlisted", 8) == 0)
            return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a listing has no place for it");
    }
    TENON_TRY (call->host->put (call, "\n", 1));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (call->host->put_tensor (call, i, NULL));
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 1, END_LENGTH, END_LENGTH, END } };
static const char *const text_extensions[] = { "toytext", NULL };
static const char *const list_extensions[] = { "toylist", NULL };
static const char *const list_dtypes[] = { "f32", "f64", "i32", "i64", "u8", "tq8", NULL };

static const struct tenon_codec toytext = {
    .struct_size = sizeof toytext,
    .id = "toytext",
    .label = "numbers, written out",
    .extensions = text_extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .describe = text_describe,
    .read = read_region,
};
static const struct tenon_codec toylist = {
    .struct_size = sizeof toylist,
    .id = "toylist",
    .label = "a listing, and the data",
    .extensions = list_extensions,
    .dtypes = list_dtypes,
    .max_tensors = 3,
    .max_rank = 4,
    .metadata = TENON_METADATA_STRINGS,
    .write = write_list,
};
static const struct tenon_codec *const codecs[] = { &toytext, &toylist, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toytext",
    .version = "1.0",
    .license = "MIT",
    .summary = "a served format and a write-only one, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
