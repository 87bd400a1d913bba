/* SPDX-License-Identifier: MIT */
/* npy.c - the plugin, and describe: NumPy's .npy files hold one array, a text that describes it, then its
 * bytes. */
#include "npy.h"

/* Bytes before the header's text: magic and version, then the text's length, of two or four bytes. */
#define PREFIX 8u
#define MOST_WIDTH 4u

/* The array that is described, of several that may follow one another in a file, as several calls of
 * numpy.save write them. */
struct array {
    struct tenon_call *call;
    uint64_t at, size;     /* where it begins, and where the file ends */
    uint64_t header_bytes; /* the most */
    struct npy_text text;
    struct npy_header header;
    uint8_t *bytes; /* the text's; used again for the next array */
    uint64_t room;
};

/* ---- before the dictionary ---- */

/* Formats the first bytes of a file of another format, for a message; `shown` has at least 19 bytes. */
static void
show_bytes (const uint8_t *bytes, uint64_t length, char *shown)
{
    shown[0] = 0;
    for (uint64_t i = 0; i < length && i < NPY_MAGIC_LENGTH; i++)
        snprintf (shown + 3 * i, 4, " %02x", bytes[i]);
}

/* Reads magic, version and the bytes of the length that follows. *width: the number of those. */
static tenon_status
read_prefix (struct array *array, uint8_t head[PREFIX + MOST_WIDTH], uint64_t *width)
{
    struct npy_text *text = &array->text;
    uint64_t left = array->size - array->at, there = left < PREFIX + MOST_WIDTH ? left : PREFIX + MOST_WIDTH;
    char shown[3 * NPY_MAGIC_LENGTH + 1];
    if (!left)
        return npy_fail (text, TENON_E_TRUNCATED, array->at,
                         "found the end of the file: it is empty, expected \x93NUMPY and a version");
    TENON_TRY (array->call->host->read_at (array->call, 0, array->at, head, there));
    if (memcmp (head, NPY_MAGIC, there < NPY_MAGIC_LENGTH ? there : NPY_MAGIC_LENGTH)) {
        show_bytes (head, there, shown);
        return npy_fail (text, TENON_E_MALFORMED, array->at,
                         "found the bytes%s, expected 93 4e 55 4d 50 59 (\x93NUMPY)", shown);
    }
    if (there < PREFIX)
        return npy_fail (text, TENON_E_TRUNCATED, array->size,
                         "found the end of the file, expected \x93NUMPY and a version");
    if (head[6] < 1 || head[6] > 3 || head[7])
        return npy_fail (text, TENON_E_UNSUPPORTED, array->at + 6,
                         "found version %u.%u, expected 1.0, 2.0 or 3.0", head[6], head[7]);
    text->is_utf8 = head[6] == 3;
    *width = head[6] == 1 ? 2 : 4;
    return TENON_OK;
}

/* Memory for the text and for what the parser emits, in one piece. */
static tenon_status
make_room (struct array *array, uint64_t length)
{
    uint64_t room = length + NPY_OUT_FACTOR * length + NPY_OUT_MORE;
    if (room > array->room) {
        if (!(array->bytes = array->call->host->scratch (array->call, room)))
            return TENON_E_MEMORY;
        array->room = room;
    }
    array->text.bytes = array->bytes;
    array->text.out = (char *) array->bytes + length;
    return TENON_OK;
}

/* Reads the header's text. Its length is checked before anything is read or allocated for it. */
static tenon_status
read_text (struct array *array)
{
    struct npy_text *text = &array->text;
    struct tenon_call *call = array->call;
    uint8_t head[PREFIX + MOST_WIDTH] = { 0 };
    const uint8_t *bytes = head + PREFIX;
    uint64_t width = 0, place = array->at + PREFIX;
    memset (text, 0, sizeof *text);
    TENON_TRY (read_prefix (array, head, &width));
    if (array->size - place < width)
        return npy_fail (text, TENON_E_TRUNCATED, array->size,
                         "found the end of the file, expected the header's length");
    text->call = call;
    text->place = place + width;
    text->length = width == 2 ? tenon_le16 (bytes) : tenon_le32 (bytes);
    if (text->length > array->size - text->place)
        return npy_fail (text, TENON_E_TRUNCATED, place,
                         "found a header of %llu bytes, but %llu bytes are left in the file",
                         (unsigned long long) text->length, (unsigned long long) (array->size - text->place));
    if (text->length > array->header_bytes)
        return npy_fail (text, TENON_E_LIMIT, place,
                         "found a header of %llu bytes, npy.max_header allows %llu",
                         (unsigned long long) text->length, (unsigned long long) array->header_bytes);
    TENON_TRY (make_room (array, text->length));
    return call->host->read_at (call, 0, text->place, array->bytes, text->length);
}

static tenon_status
read_header (struct array *array)
{
    TENON_TRY (read_text (array));
    return npy_parse_dictionary (&array->text, &array->header);
}

/* ---- types of ml_dtypes ---- */

/* ml_dtypes stores its types under type strings of NumPy that mean something else. */
static tenon_status
interpret_type (struct tenon_call *call, struct npy_type *type)
{
    struct tenon_setting v1 = TENON_INIT (v1), v2 = TENON_INIT (v2);
    const struct npy_word word = type->text;
    char order = word.bytes[0];
    uint64_t kind = strchr ("<>=|", order) ? 1 : 0;
    if (type->by_machine)
        tenon_note (call, TENON_NOTE, NULL,
                    "the type is a word for another size on other machines; that of 64-bit Linux and macOS, "
                    "%llu bytes, is taken",
                    (unsigned long long) type->bytes);
    if (type->dtype == TENON_F8_E5M2 && word.bytes[kind] == 'f' && word.length == kind + 2)
        tenon_note (call, TENON_NOTE, NULL,
                    "the type '%.*s' is ml_dtypes' word for f8_e5m2; NumPy cannot load it", (int) word.length,
                    word.bytes);
    if (type->dtype || word.bytes[kind] != 'V')
        return TENON_OK;
    TENON_TRY (call->host->option (call, NPY_OPTION_V1, &v1));
    TENON_TRY (call->host->option (call, NPY_OPTION_V2, &v2));
    if (type->bytes == 2 && v2.integer == NPY_V2_BF16) {
        type->dtype = TENON_BF16;
        type->flags = order == '>' ? TENON_BIG_ENDIAN : 0;
    }
    if (type->bytes != 1)
        return TENON_OK;
    /* The choices are "opaque" (0) and names of dtypes. */
    if (v1.integer)
        type->dtype = call->host->dtype_find (call, v1.text);
    else if (order == '<')
        tenon_note (call, TENON_NOTE, NULL,
                    "the type '<V1' is ml_dtypes' word for any of its one-byte types; npy.v1 can say which");
    return TENON_OK;
}

/* Adds a type that only NumPy's text describes. */
static tenon_status
add_opaque (struct tenon_call *call, const struct npy_type *type, uint32_t *number)
{
    struct tenon_dtype dtype = TENON_INIT (dtype);
    char *text = call->host->scratch (call, type->text.length + 1);
    if (!text)
        return TENON_E_MEMORY;
    memcpy (text, type->text.bytes, (size_t) type->text.length);
    dtype.kind = TENON_KIND_OPAQUE;
    dtype.block_items = 1;
    dtype.block_bytes = type->bytes;
    dtype.family = "numpy";
    dtype.text = text;
    dtype.items_as = type->items_as;
    dtype.items_flags = type->items_flags;
    return call->host->add_dtype (call, &dtype, number);
}

/* The failure of the text, or what cannot be read of its type. */
static tenon_status
fail_text (struct array *array, tenon_status status)
{
    const struct npy_text *text = &array->text;
    const struct npy_fault *fault = text->doubt.status < 0 ? &text->doubt : &text->fault;
    return fault->status < 0 ? tenon_fail (array->call, fault->status, fault->place, "%s", fault->words)
                             : status;
}

/* Adds an array whose items cannot be read: its shape and its place are known. */
static tenon_status
skip_array (struct array *array, const struct tenon_tensor *tensor)
{
    struct tenon_call *call = array->call;
    const struct npy_fault *doubt = &array->text.doubt;
    const struct npy_word word = array->header.type.text;
    char why[sizeof doubt->words + 48], dtype[200] = "";
    /* the text of a header in latin1 may be no UTF-8 */
    for (uint64_t i = 0; i < word.length && i + 1 < sizeof dtype; i++)
        dtype[i] = word.bytes[i] >= 0x20 && word.bytes[i] < 0x7f ? word.bytes[i] : '?';
    snprintf (why, sizeof why, "%s (at byte %llu)", doubt->words, (unsigned long long) doubt->place);
    return call->host->skip_tensor (call, tensor, doubt->status, dtype, why);
}

/* Adds the array whose header was read. *end: where it ends, 0 if that is not known. */
static tenon_status
add_array (struct array *array, uint64_t *end)
{
    struct tenon_call *call = array->call;
    struct npy_header *header = &array->header;
    struct tenon_tensor tensor = TENON_INIT (tensor);
    if (header->rank <= NPY_RANK) {
        tensor.shape = header->shape;
        tensor.rank = header->rank;
    } else
        tensor.flags |= TENON_NO_SHAPE;
    tensor.offset = array->text.place + array->text.length;
    /* Of arrays that are the same in both orders MLX states True, NumPy False. */
    if (header->is_fortran && !npy_orders_agree (header->shape, tensor.rank))
        tensor.flags |= TENON_FORTRAN;
    *end = 0;
    if (array->text.doubt.status < 0)
        return TENON_HAS (call, skip_tensor) ? skip_array (array, &tensor)
                                             : fail_text (array, array->text.doubt.status);
    TENON_TRY (interpret_type (call, &header->type));
    tensor.dtype = header->type.dtype;
    if (!tensor.dtype)
        TENON_TRY (add_opaque (call, &header->type, &tensor.dtype));
    tensor.flags |= header->type.flags;
    tensor.length = TENON_AUTO;
    TENON_TRY (call->host->add_tensor (call, &tensor));
    if (tensor.length <= array->size - tensor.offset)
        *end = tensor.offset + tensor.length;
    return TENON_OK;
}

static tenon_status
describe_npy (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct tenon_setting most = TENON_INIT (most);
    struct array *array = call->host->scratch (call, sizeof *array);
    uint64_t end = 0;
    if (!array)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->option (call, NPY_OPTION_MAX_HEADER, &most));
    TENON_TRY (call->host->source_info (call, 0, &info));
    array->call = call;
    array->size = info.size;
    array->header_bytes = (uint64_t) most.integer;
    tenon_status status = read_header (array);
    if (status < 0)
        return fail_text (array, status);
    TENON_TRY (add_array (array, &end));
    /* the array may be unknown, or cut off */
    uint64_t behind = end > 0 && info.size > end ? info.size - end : 0;
    if (behind > 0)
        tenon_note (call, TENON_LOSS, NULL, "%llu byte%s after the array, from offset %llu on, %s not read",
                    (unsigned long long) behind, behind == 1 ? "" : "s", (unsigned long long) end,
                    behind == 1 ? "is" : "are");
    return TENON_OK;
}

/* ---- the tables ---- */

static const struct tenon_magic magics[] = { { 0, NPY_MAGIC_LENGTH, 0, NPY_MAGIC } };
static const char *const extensions[] = { "npy", NULL };
static const char *const dtypes[] = { "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f16",
                                      "bf16", "f32", "f64", "c64", "c128",
                                      /* these with the option fp8 */
                                      "f8_e4m3", "f8_e5m2", "f8_e4m3fnuz", "f8_e5m2fnuz", "f8_e8m0", NULL };
static const char *const default_dtypes[] = { "bool", "u8",  "u16",  "u32", "u64", "i8",  "i16",  "i32",
                                              "i64",  "f16", "bf16", "f32", "f64", "c64", "c128", NULL };

#define OPTION(type, name, value, choices, help, least, most, flags)                                         \
    {                                                                                                        \
        sizeof (struct tenon_option), type, name, value, choices, help, least, most, flags, 0                \
    }
static const struct tenon_option options[] = {
    [NPY_OPTION_MAX_HEADER] =
        OPTION (TENON_OPTION_SIZE, "max_header", "1MiB", NULL, "longest header that is read", 16,
                4294967295.0, TENON_OPTION_FOR_READING),
    [NPY_OPTION_V1] =
        OPTION (TENON_OPTION_CHOICE, "v1", "opaque", "opaque f8_e4m3 f8_e5m2 f8_e4m3fnuz f8_e5m2fnuz f8_e8m0",
                "what one-byte voids are, '<V1' and '|V1'", 0, 0, TENON_OPTION_FOR_READING),
    [NPY_OPTION_V2] = OPTION (TENON_OPTION_CHOICE, "v2", "bf16", "bf16 opaque",
                              "what two-byte voids are, '<V2' and '|V2'", 0, 0, TENON_OPTION_FOR_READING),
    [NPY_OPTION_FP8] =
        OPTION (TENON_OPTION_CHOICE, "fp8", "refuse", "refuse void name",
                "how f8 tensors are written: not, as ml_dtypes does ('<f1' and '<V1'), or with "
                "its names ('float8_e5m2')",
                0, 0, TENON_OPTION_FOR_WRITING),
    [NPY_OPTION_ORDER] = OPTION (TENON_OPTION_CHOICE, "order", "keep", "keep c fortran",
                                 "order of the items that is written", 0, 0, TENON_OPTION_FOR_WRITING),
    [NPY_OPTION_BYTEORDER] =
        OPTION (TENON_OPTION_CHOICE, "byteorder", "keep", "keep little big",
                "byte order that is written; that of strings, dates and structures is kept", 0, 0,
                TENON_OPTION_FOR_WRITING),
};

static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = TENON_CODEC_NAMELESS,
    .id = "npy",
    .label = "NumPy array",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = sizeof options / sizeof options[0],
    .dtypes = dtypes,
    .opaque_family = "numpy",
    .max_tensors = 1,
    .max_rank = NPY_RANK,
    .metadata = TENON_METADATA_NONE,
    .default_dtypes = default_dtypes,
    .dtypes_option = "fp8",
    .dtypes_words =
        "npy.fp8=void writes it as ml_dtypes does ('<V1', which does not say which of its types it is, "
        "and '<f1', which NumPy cannot load), npy.fp8=name with its name",
    .describe = describe_npy,
    .write = npy_write,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = 0,
    .name = "npy",
    .version = "0.1.0",
    .license = "MIT",
    .summary = "NumPy's .npy files, all dtypes, both orders; bf16 and f8 as ml_dtypes and MLX have them",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
