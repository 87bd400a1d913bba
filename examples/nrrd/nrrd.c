/* SPDX-License-Identifier: MIT */
/* nrrd.c - NRRD, the "nearly raw raster data" of medical and scientific images (teem.sourceforge.net/nrrd).
 *
 *     NRRD0004 · lines "field: value", "key:=value", "# comment" · an empty line · the data
 *
 * or the lines alone in NAME.nhdr, and the data in the file that the field "data file" names.
 *
 * "sizes" begins with the axis that changes fastest, a shape of tenon with the one that changes slowest: the
 * codec reverses it, and no byte moves. Fields become metadata nrrd.FIELD, unless they tell what the data are
 * and where they lie; keys become metadata KEY (after another "nrrd." if they begin with one). */
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <tenon/number.h>
#include <tenon/plugin.h>

#define PREFIX "nrrd."
#define PREFIX_LENGTH (sizeof PREFIX - 1)
#define MOST_DIMS 16 /* of the library teem */

/* Words that mean the same, each between two bars. The first one is written. */
static const struct {
    uint32_t dtype, bytes;
    const char *words;
} types[] = {
    { TENON_I8, 1, "|int8|int8_t|signed char|" },
    { TENON_U8, 1, "|uint8|uint8_t|uchar|unsigned char|" },
    { TENON_I16, 2, "|int16|int16_t|short|short int|signed short|signed short int|" },
    { TENON_U16, 2, "|uint16|uint16_t|ushort|unsigned short|unsigned short int|" },
    { TENON_I32, 4, "|int32|int32_t|int|signed int|" },
    { TENON_U32, 4, "|uint32|uint32_t|uint|unsigned int|" },
    { TENON_I64, 8,
      "|int64|int64_t|longlong|long long|long long int|signed long long|signed long long int|" },
    { TENON_U64, 8, "|uint64|uint64_t|ulonglong|unsigned long long|unsigned long long int|" },
    { TENON_F32, 4, "|float|" },
    { TENON_F64, 8, "|double|" },
};
#define TYPES (sizeof types / sizeof types[0])

/* The fields that tell what the data are and where they lie. They are no metadata. */
enum { DIMENSION, TYPE, SIZES, ENCODING, ENDIAN, DATA_FILE, LINE_SKIP, BYTE_SKIP, FIELDS = 10 };
static const char *const fields[FIELDS] = { "dimension", "type",     "sizes",    "encoding", "endian",
                                            "datafile",  "lineskip", "byteskip", "number",   "blocksize" };

static int
is_word (const char *words, const char *word)
{
    uint64_t length = strlen (word);
    for (; *words && *++words; words += strcspn (words, "|"))
        if (strcspn (words, "|") == length && strncasecmp (words, word, length) == 0)
            return 1;
    return 0;
}

/* The field of that name, in which neither case nor spaces count; FIELDS: it is none of these. */
static uint32_t
find_field (const char *name, uint64_t length)
{
    uint32_t field = 0, n = 0;
    char bare[16] = "";
    for (uint64_t i = 0; i < length && n < sizeof bare - 1; i++)
        if (name[i] != ' ')
            bare[n++] = name[i];
    while (field < FIELDS && strcasecmp (bare, fields[field]) != 0)
        field++;
    return field;
}

/* ---- reading --------------------------------------------------------------------------------------- */

struct header {
    struct tenon_cursor cursor;
    uint64_t line_at;           /* the place of the present line */
    uint64_t places[FIELDS];    /* and of each field; 0: the file does not have it */
    const char *values[FIELDS]; /* or what stands for it then */
};

/* Sets *line to the next line without its end; NULL: there is none. */
static tenon_status
take_line (struct header *header, char **line)
{
    struct tenon_cursor *cursor = &header->cursor;
    uint64_t start = header->line_at = cursor->position, length = 0;
    uint8_t byte = 0;
    *line = NULL;
    for (; cursor->position < cursor->end && byte != '\n'; length++)
        TENON_TRY (tenon_take_u8 (cursor, &byte, "a line"));
    cursor->position = start;
    if (length && !(*line = tenon_take_text (cursor, length, "a line")))
        return TENON_E_MEMORY;
    if (length && strlen (*line) < length)
        return tenon_fail (cursor->call, TENON_E_MALFORMED, start, "a line of the header has a NUL in it");
    while (length && strchr ("\r\n", (*line)[length - 1]))
        (*line)[--length] = 0;
    return TENON_OK;
}

/* Adds metadata `prefix``name`, whose value is a text. */
static tenon_status
add_text (struct tenon_call *call, const char *prefix, const char *name, uint64_t length, const char *text)
{
    struct tenon_value value = { .type = TENON_STRING, .count = strlen (text), .as.string = text };
    uint64_t before = strlen (prefix);
    char *key = call->host->scratch (call, before + length + 1);
    if (!key)
        return TENON_E_MEMORY;
    memcpy (key, prefix, before);
    memcpy (key + before, name, length);
    return call->host->add_metadata (call, key, before + length, &value);
}

/* A line "key:=value". In the value \n stands for the end of a line, and \\ for a backslash. */
static tenon_status
take_key (struct tenon_call *call, const char *key, uint64_t length, char *value)
{
    char *to = value;
    for (const char *from = value; *from; from++) {
        int escape = from[0] == '\\' && (from[1] == 'n' || from[1] == '\\');
        from += escape;
        *to++ = escape && *from == 'n' ? '\n' : *from;
    }
    *to = 0;
    return add_text (call, strncmp (key, PREFIX, PREFIX_LENGTH) == 0 ? PREFIX : "", key, length, value);
}

/* A line "field: value". */
static tenon_status
take_field (struct tenon_call *call, struct header *header, const char *name, uint64_t length, char *value)
{
    uint32_t field = find_field (name, length);
    value += strspn (value, " \t");
    for (uint64_t n = strlen (value); n && strchr (" \t", value[n - 1]);)
        value[--n] = 0;
    if (field == FIELDS)
        return add_text (call, PREFIX, name, length, value);
    if (header->places[field])
        return tenon_fail (call, TENON_E_MALFORMED, header->line_at, "\"%s\" is there twice", fields[field]);
    header->values[field] = value;
    header->places[field] = header->line_at;
    return TENON_OK;
}

static tenon_status
take_header (struct tenon_call *call, struct header *header)
{
    char *line;
    TENON_TRY (take_line (header, &line));
    if (!line || strncmp (line, "NRRD000", 7) != 0 || line[7] < '1' || line[7] > '5' || line[8])
        return tenon_fail (call, TENON_E_UNSUPPORTED, 0, "found \"%.40s\", expected NRRD0001 to NRRD0005",
                           line ? line : "");
    for (;;) {
        TENON_TRY (take_line (header, &line));
        if (!line || !*line)
            return TENON_OK;
        uint64_t length = strcspn (line, ":");
        if (*line == '#')
            continue;
        if (!length || !line[length])
            return tenon_fail (call, TENON_E_MALFORMED, header->line_at,
                               "found \"%.40s\", expected a field, a key or a comment", line);
        TENON_TRY (line[length + 1] == '=' ? take_key (call, line, length, line + length + 2)
                                           : take_field (call, header, line, length, line + length + 1));
        if (strncmp (header->values[DATA_FILE], "LIST", 4) == 0)
            return TENON_OK; /* names of files follow up to the end */
    }
}

/* Takes the `count` numbers of a field, the last one first. */
static tenon_status
take_numbers (struct tenon_call *call, const struct header *header, uint32_t field, uint64_t count,
              uint64_t *numbers)
{
    const char *text = header->values[field], *end = text + strlen (text), *next = text;
    for (; count > 0; text = next, count--) {
        next = text += strspn (text, " \t");
        if (tenon_number_u64 (&next, end, &numbers[count - 1]) < 0 || numbers[count - 1] > INT64_MAX)
            break;
    }
    return count || text != end ? tenon_fail (call, TENON_E_MALFORMED, header->places[field],
                                              "\"%s\": found \"%.40s\", expected %s", fields[field], text,
                                              count ? "a number" : "no more")
                                : TENON_OK;
}

/* Sets source and offset of the data, behind the lines and bytes to skip. NOT_FOUND: their file is missing.
 */
static tenon_status
find_data (struct tenon_call *call, struct header *header, uint64_t bytes, struct tenon_tensor *tensor)
{
    const char *name = header->values[DATA_FILE], *encoding = header->values[ENCODING];
    struct tenon_step step = { .struct_size = sizeof step, .level = TENON_LEVEL_DEFAULT };
    struct tenon_part part = { .struct_size = sizeof part,
                               .size = TENON_AUTO,
                               .steps = &step,
                               .step_size = sizeof step,
                               .step_count = 1 };
    struct tenon_cursor cursor = header->cursor;
    uint64_t lines;
    uint8_t byte;
    if (*name) {
        TENON_TRY (call->host->open_key (call, name, strlen (name), &tensor->source));
        TENON_TRY (tenon_cursor_open (&cursor, call, tensor->source, 0));
    }
    TENON_TRY (take_numbers (call, header, LINE_SKIP, 1, &lines));
    while (lines && cursor.position < cursor.end) {
        TENON_TRY (tenon_take_u8 (&cursor, &byte, "a line to skip"));
        lines -= byte == '\n';
    }
    if (!is_word ("|raw|", encoding)) { /* the filter may not be in use: TENON_E_UNSUPPORTED */
        step.filter = is_word ("|gz|gzip|", encoding) ? "gzip" : "bzip2";
        part.source = tensor->source;
        part.offset = cursor.position;
        part.stored = cursor.end - cursor.position;
        TENON_TRY (call->host->add_part (call, &part, &tensor->source));
        TENON_TRY (tenon_cursor_open (&cursor, call, tensor->source, 0));
    }
    if (strcmp (header->values[BYTE_SKIP], "-1") != 0) {
        TENON_TRY (take_numbers (call, header, BYTE_SKIP, 1, &tensor->offset));
        tensor->offset += cursor.position; /* both are below 2^63 */
        return TENON_OK;
    }
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (__builtin_mul_overflow (bytes, tensor->shape[i], &bytes))
            return tenon_fail (call, TENON_E_MALFORMED, tensor->place,
                               "the product of the sizes is too large");
    tensor->offset = bytes < cursor.end ? cursor.end - bytes : 0; /* the data are the last bytes */
    return TENON_OK;
}

static tenon_status
add_data (struct tenon_call *call, struct header *header, uint64_t bytes, struct tenon_tensor *tensor)
{
    const char *name = header->values[DATA_FILE], *endian = header->values[ENDIAN];
    struct tenon_source_info info = { .struct_size = sizeof info };
    if (strncmp (name, "LIST", 4) == 0 || (strchr (name, '%') && strchr (name, ' ')))
        return call->host->skip_tensor (call, tensor, TENON_E_UNSUPPORTED, NULL,
                                        "its data are in more than one file");
    if (!is_word ("|raw|gz|gzip|bz2|bzip2|", header->values[ENCODING]))
        return call->host->skip_tensor (call, tensor, TENON_E_UNSUPPORTED, NULL, "its encoding is text");
    if (strcasecmp (endian, "big") == 0)
        tensor->flags = TENON_BIG_ENDIAN;
    else if (bytes > 1 && strcasecmp (endian, "little") != 0)
        return tenon_fail (call, TENON_E_MALFORMED, header->places[ENDIAN],
                           "found the endian \"%.40s\", expected little or big", endian);
    tenon_status status = find_data (call, header, bytes, tensor);
    if (status == TENON_E_NOT_FOUND || status == TENON_E_UNSUPPORTED)
        return call->host->skip_tensor (call, tensor, status, NULL,
                                        status == TENON_E_NOT_FOUND
                                            ? "the file of its data is not beside the header"
                                            : "the filter of its encoding is not in use");
    TENON_TRY (status);
    TENON_TRY (call->host->add_tensor (call, tensor));
    TENON_TRY (call->host->source_info (call, tensor->source, &info));
    if (info.size > tensor->offset && info.size - tensor->offset > tensor->length)
        tenon_note (call, TENON_LOSS, NULL, "bytes behind the data are not read: %" PRIu64,
                    info.size - tensor->offset - tensor->length);
    return TENON_OK;
}

static tenon_status
describe_nrrd (struct tenon_call *call)
{
    struct header header = { .values = {
                                 [ENDIAN] = "", [DATA_FILE] = "", [LINE_SKIP] = "0", [BYTE_SKIP] = "0" } };
    uint64_t rank, shape[MOST_DIMS];
    TENON_TRY (tenon_cursor_open (&header.cursor, call, 0, 0));
    TENON_TRY (take_header (call, &header));
    for (uint32_t i = DIMENSION; i <= ENCODING; i++)
        if (!header.values[i])
            return tenon_fail (call, TENON_E_MALFORMED, header.line_at, "\"%s\" is missing", fields[i]);
    TENON_TRY (take_numbers (call, &header, DIMENSION, 1, &rank));
    if (rank < 1 || rank > MOST_DIMS)
        return tenon_fail (call, TENON_E_MALFORMED, header.places[DIMENSION],
                           "found a dimension of %" PRIu64 ", expected 1 to %d", rank, MOST_DIMS);
    TENON_TRY (take_numbers (call, &header, SIZES, rank, shape));
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .shape = shape, .length = TENON_AUTO };
    tensor.rank = (uint32_t) rank;
    tensor.place = header.places[SIZES];
    for (size_t i = 0; i < TYPES; i++)
        if (is_word (types[i].words, header.values[TYPE])) {
            tensor.dtype = types[i].dtype;
            return add_data (call, &header, types[i].bytes, &tensor);
        }
    return call->host->skip_tensor (call, &tensor, TENON_E_UNSUPPORTED, header.values[TYPE],
                                    "tenon has no such type");
}

/* ---- writing --------------------------------------------------------------------------------------- */

__attribute__ ((format (printf, 2, 3))) static tenon_status
put_text (struct tenon_call *call, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start (list, format);
    int length = vsnprintf (text, sizeof text, format, list);
    va_end (list);
    return call->host->put (call, text, (uint64_t) length);
}

/* True if one of the `count` bytes is in the text. */
static int
has_any (const char *text, uint64_t length, const char *bytes, size_t count)
{
    while (length && !memchr (bytes, *text, count))
        text++, length--;
    return length > 0;
}

/* Puts an entry of the metadata as the line that it came from, if a line can hold it. */
static tenon_status
put_entry (struct tenon_call *call, uint64_t index)
{
    struct tenon_value value;
    const char *key;
    uint64_t length;
    TENON_TRY (call->host->plan_metadata (call, index, &key, &length, &value));
    int ours = length > PREFIX_LENGTH && memcmp (key, PREFIX, PREFIX_LENGTH) == 0;
    const char *text = value.as.string, *name = ours ? key + PREFIX_LENGTH : key;
    length -= ours ? PREFIX_LENGTH : 0;
    int field = ours && !(length > PREFIX_LENGTH && memcmp (name, PREFIX, PREFIX_LENGTH) == 0);
    int blank = !value.count || strchr (" \t", text[0]) || strchr (" \t", text[value.count - 1]);
    if (length == 0 || *name == '#' || has_any (name, length, ":\r\n", 4)
        || has_any (text, value.count, "\0\r\n", field ? 3 : 2)
        || (field && (blank || find_field (name, length) < FIELDS))) {
        tenon_note (call, TENON_LOSS, key, "no line of an NRRD header can hold it");
        return TENON_OK;
    }
    TENON_TRY (call->host->put (call, name, length));
    TENON_TRY (put_text (call, field ? ": " : ":="));
    for (; value.count; text++, value.count--)
        TENON_TRY (field || !strchr ("\n\\", *text) ? call->host->put (call, text, 1)
                                                    : put_text (call, *text == '\n' ? "\\n" : "\\\\"));
    return put_text (call, "\n");
}

static tenon_status
put_header (struct tenon_call *call, uint64_t entries, const struct tenon_tensor *tensor, const char *data)
{
    size_t type = 0;
    while (types[type].dtype != tensor->dtype) /* the host refuses all but `dtypes` */
        type++;
    TENON_TRY (put_text (call, "NRRD0005\ntype: %.*s\ndimension: %" PRIu32 "\nsizes:",
                         (int) strcspn (types[type].words + 1, "|"), types[type].words + 1, tensor->rank));
    for (uint32_t i = tensor->rank; i-- > 0;)
        TENON_TRY (put_text (call, " %" PRIu64, tensor->shape[i]));
    TENON_TRY (put_text (call, "\nendian: %s\nencoding: raw\n",
                         tensor->flags & TENON_BIG_ENDIAN ? "big" : "little"));
    for (uint64_t i = 0; i < entries; i++)
        TENON_TRY (put_entry (call, i));
    return data ? put_text (call, "data file: %s\n", data) : put_text (call, "\n");
}

static tenon_status
write_nrrd (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor };
    char name[256];
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call->host->plan_tensor (call, 0, &tensor));
    struct tenon_layout layout = { sizeof layout, tensor.flags & TENON_BIG_ENDIAN };
    for (uint32_t i = 0; i < tensor.rank; i++)
        tensor.rank = tensor.shape[i] ? tensor.rank : 0;
    if (tensor.rank == 0)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "NRRD has no scalars, and no arrays without items");
    if (plan.extension_length != 4 || memcmp (plan.extension, "nhdr", 4) != 0) {
        TENON_TRY (put_header (call, plan.metadata, &tensor, NULL));
        return call->host->put_tensor (call, 0, &layout);
    }
    int length = snprintf (name, sizeof name, "%.*s.raw", (int) plan.name_length, plan.name);
    if (length >= (int) sizeof name || has_any (name, plan.name_length, "\n%", 2)
        || strncmp (name, "LIST", 4) == 0)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "no header can name a data file \"%s\"",
                           name);
    struct tenon_entry file = { .struct_size = sizeof file, .key = name, .key_length = (uint64_t) length };
    TENON_TRY (call->host->put_key (call, &file));
    TENON_TRY (call->host->put_tensor (call, 0, &layout));
    TENON_TRY (call->host->put_key (call, NULL));
    return put_header (call, plan.metadata, &tensor, name);
}

/* clang-format off */
static const char *const extensions[] = { "nrrd", "nhdr", NULL };
static const char *const dtypes[] = { "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "f32", "f64", NULL };
static const struct tenon_magic magics[] = { { 0, 7, 0, "NRRD000" } };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec, .flags = TENON_CODEC_NAMELESS, .id = "nrrd", .label = "nearly raw raster data",
    .extensions = extensions, .magics = magics, .magic_size = sizeof magics[0], .magic_count = 1,
    .dtypes = dtypes, .max_tensors = 1, .max_rank = MOST_DIMS, .metadata = TENON_METADATA_STRINGS,
    .describe = describe_nrrd, .write = write_nrrd
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin, .abi_minor = TENON_ABI_MINOR, .name = "nrrd", .version = "1.0", .license = "MIT",
    .summary = "NRRD images, with attached and detached headers", .codecs = codecs
};
TENON_PLUGIN (plugin)
