/* SPDX-License-Identifier: MIT */
/* steps.c - a codec's configuration as a step of a pipeline: numcodecs' names, which version 2 uses and which
 * version 3 has with the prefix "numcodecs.", and two of version 3. */
#include "read.h"

/* Codecs that are a filter without a setup. Their level is only for encoding: one that the filter does not
 * have becomes its default. */
static const struct simple {
    const char *name, *filter, *level;
    int32_t least, most;
} simples[] = {
    { "zlib", "zlib", "level", 0, 9 }, { "gzip", "gzip", "level", 0, 9 }, { "zstd", "zstd", "level", -7, 22 },
    { "bz2", "bzip2", "level", 1, 9 }, { "lz4", "lz4", NULL, 0, 0 },
};

static int32_t
begin_step (struct zarr_reader *reader, struct zarr_array *array, const char *filter, struct zarr_step **step)
{
    if (array->step_count == ZARR_STEPS)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "a chunk has more than %u codecs", ZARR_STEPS);
    *step = &array->steps[array->step_count++];
    memset (*step, 0, sizeof **step);
    (*step)->filter = filter;
    (*step)->level = TENON_LEVEL_DEFAULT;
    return 0;
}

/* Adds a number to the setup of a step. */
static void
add_number (struct zarr_step *step, uint32_t number)
{
    tenon_put_le32 (step->setup + step->setup_size, number);
    step->setup_size += 4;
}

/* The member of a configuration. Absent: the value has no bytes. */
static int32_t
find_member (struct zarr_reader *reader, struct zarr_text configuration, const char *name,
             struct zarr_text *value)
{
    struct zarr_member member = { name, { 0 } };
    if (configuration.bytes)
        ZARR_TRY (
            zarr_take_members (reader, configuration, "the configuration of a codec", &member, 1, NULL));
    *value = member.value;
    return 0;
}

/* A number of a configuration, or `otherwise` if it is absent, null or no number from `least` to `most`. */
static int32_t
find_number (struct zarr_reader *reader, struct zarr_text configuration, const char *name, int64_t least,
             int64_t most, int64_t otherwise, int64_t *number)
{
    struct zarr_text value;
    struct tenon_json json;
    int64_t found;
    *number = otherwise;
    ZARR_TRY (find_member (reader, configuration, name, &value));
    if (!value.bytes)
        return 0;
    zarr_begin (reader, value, &json);
    if (tenon_json_next (&json) == TENON_JSON_NUMBER && tenon_json_i64 (&json, &found) == TENON_OK
        && found >= least && found <= most)
        *number = found;
    return 0;
}

static int32_t
add_simple (struct zarr_reader *reader, struct zarr_array *array, const struct simple *simple,
            struct zarr_text configuration)
{
    struct zarr_step *step;
    int64_t level = TENON_LEVEL_DEFAULT;
    ZARR_TRY (begin_step (reader, array, simple->filter, &step));
    if (simple->level)
        ZARR_TRY (
            find_number (reader, configuration, simple->level, simple->least, simple->most, level, &level));
    step->level = (int32_t) level;
    return 0;
}

/* numcodecs' formats of LZMA: 1 is .xz, 2 the older .lzma, 3 neither. */
static int32_t
add_lzma (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration)
{
    struct zarr_step *step;
    int64_t format, level;
    ZARR_TRY (find_number (reader, configuration, "format", 0, INT32_MAX, 1, &format));
    ZARR_TRY (find_number (reader, configuration, "preset", 0, 9, TENON_LEVEL_DEFAULT, &level));
    if (format != 1 && format != 2)
        return zarr_fault (reader, TENON_E_UNSUPPORTED,
                           "the codec 'lzma' has the format %lld, expected 1 (xz) or 2 (lzma)",
                           (long long) format);
    ZARR_TRY (begin_step (reader, array, format == 1 ? "xz" : "lzma", &step));
    step->level = (int32_t) level;
    if (format == 2)
        add_number (step, 1); /* .lzma, not the framing of zip */
    return 0;
}

/* ---- blosc ---- */

/* Adds blosc. `shuffle` is 0, 1 or 2. */
static int32_t
add_blosc (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration,
           uint32_t typesize, uint32_t shuffle)
{
    static const char *const compressors[] = { "blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd" };
    struct zarr_step *step;
    struct zarr_text value;
    int64_t level, blocksize;
    uint32_t compressor = 1;
    ZARR_TRY (find_number (reader, configuration, "clevel", 0, 9, TENON_LEVEL_DEFAULT, &level));
    ZARR_TRY (find_number (reader, configuration, "blocksize", 0, INT32_MAX, 0, &blocksize));
    ZARR_TRY (find_member (reader, configuration, "cname", &value));
    for (uint32_t i = 0; value.bytes && i < sizeof compressors / sizeof compressors[0]; i++)
        if (zarr_text_is (reader, value, compressors[i]))
            compressor = i;
    ZARR_TRY (begin_step (reader, array, "blosc", &step));
    step->level = (int32_t) level;
    add_number (step, typesize);
    add_number (step, shuffle);
    add_number (step, (uint32_t) blocksize);
    add_number (step, compressor);
    return 0;
}

/* What blosc takes for the size of an item: one byte if there are more than it has a number for. */
static uint32_t
typesize_of (const struct zarr_array *array)
{
    return array->type.bytes && array->type.bytes <= 255 ? (uint32_t) array->type.bytes : 1;
}

/* numcodecs' blosc: a shuffle of -1 is that of bits for items of one byte, that of bytes for others. */
static int32_t
add_blosc2 (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration)
{
    uint32_t typesize = typesize_of (array);
    int64_t shuffle, given;
    ZARR_TRY (find_number (reader, configuration, "shuffle", -1, 2, 1, &shuffle));
    ZARR_TRY (find_number (reader, configuration, "typesize", 1, 255, typesize, &given));
    if (shuffle < 0)
        shuffle = typesize == 1 ? 2 : 1;
    return add_blosc (reader, array, configuration, (uint32_t) given, (uint32_t) shuffle);
}

int32_t
zarr_add_blosc3 (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration)
{
    struct zarr_text value;
    int64_t typesize;
    ZARR_TRY (find_number (reader, configuration, "typesize", 1, 255, typesize_of (array), &typesize));
    ZARR_TRY (find_member (reader, configuration, "shuffle", &value));
    uint32_t shuffle = !value.bytes                                 ? 0
                       : zarr_text_is (reader, value, "shuffle")    ? 1
                       : zarr_text_is (reader, value, "bitshuffle") ? 2
                                                                    : 0;
    return add_blosc (reader, array, configuration, (uint32_t) typesize, shuffle);
}

/* ---- checksums ---- */

int32_t
zarr_add_crc32c (struct zarr_reader *reader, struct zarr_array *array)
{
    struct zarr_step *step;
    return begin_step (reader, array, "crc32c", &step);
}

/* numcodecs' checksums: four bytes in front of the data, or behind them. */
static int32_t
add_sum (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration, uint32_t kind)
{
    struct zarr_step *step;
    struct zarr_text value;
    ZARR_TRY (find_member (reader, configuration, "location", &value));
    int at_start = kind != TENON_CHECK_CRC32C;
    if (value.bytes && zarr_token (reader, value) != TENON_JSON_NULL) {
        at_start = zarr_text_is (reader, value, "start");
        if (!at_start && !zarr_text_is (reader, value, "end"))
            return zarr_fault (reader, TENON_E_MALFORMED,
                               "the \"location\" of a checksum is neither \"start\" nor \"end\"");
    }
    ZARR_TRY (begin_step (reader, array, "crc32c", &step));
    add_number (step, (uint32_t) at_start);
    add_number (step, kind);
    return 0;
}

/* ---- codecs that change items ---- */

static int32_t
add_shuffle (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration)
{
    struct zarr_step *step;
    int64_t size, usual = reader->version == 2 ? 4 : (int64_t) array->type.bytes;
    ZARR_TRY (find_number (reader, configuration, "elementsize", 0, INT32_MAX, usual, &size));
    if (size <= 1)
        return 0;
    ZARR_TRY (begin_step (reader, array, "shuffle", &step));
    add_number (step, (uint32_t) size);
    return 0;
}

/* The type that a configuration names; `otherwise` if it names none. */
static int32_t
find_type (struct zarr_reader *reader, struct zarr_text configuration, const char *name,
           const struct zarr_type *otherwise, struct zarr_type *type)
{
    struct zarr_text value;
    struct zarr_word word;
    *type = *otherwise;
    ZARR_TRY (find_member (reader, configuration, name, &value));
    if (!value.bytes || zarr_token (reader, value) == TENON_JSON_NULL)
        return 0;
    ZARR_TRY (zarr_take_string (reader, value, "the type of a codec", &word));
    return zarr_take_typestring (reader, word, type);
}

/* Differences between neighbours. In version 3 the codec bytes, which follows, has the byte order. */
static int32_t
add_delta (struct zarr_reader *reader, struct zarr_array *array, struct zarr_text configuration)
{
    struct zarr_type type, stored;
    struct zarr_step *step;
    ZARR_TRY (find_type (reader, configuration, "dtype", &array->type, &type));
    ZARR_TRY (find_type (reader, configuration, "astype", &type, &stored));
    if (!type.dtype || !stored.dtype || !strchr ("iuf", type.kind) || !strchr ("iuf", stored.kind))
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "the codec 'delta' has a type of no numbers");
    if (type.bytes > 1 && stored.bytes > 1 && type.order != stored.order)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "the codec 'delta' has types of two byte orders");
    ZARR_TRY (begin_step (reader, array, "delta", &step));
    add_number (step, type.dtype);
    add_number (step, stored.dtype);
    add_number (step, type.order == '>' || stored.order == '>');
    return 0;
}

/* A codec that rounds: decoding has nothing to do, if what it stores has the type of the array. */
static int32_t
pass_rounding (struct zarr_reader *reader, struct zarr_array *array, struct zarr_word name,
               struct zarr_text configuration)
{
    struct zarr_type type, stored;
    ZARR_TRY (find_type (reader, configuration, "dtype", &array->type, &type));
    ZARR_TRY (find_type (reader, configuration, "astype", &type, &stored));
    if (stored.dtype != type.dtype || type.dtype != array->type.dtype)
        return zarr_fault (reader, TENON_E_UNSUPPORTED, "the codec '%s' stores another type than that read",
                           name.bytes);
    return 0;
}

int32_t
zarr_add_step (struct zarr_reader *reader, struct zarr_array *array, struct zarr_word name,
               struct zarr_text configuration, uint32_t *works_on)
{
    *works_on = ZARR_ON_BYTES;
    for (size_t i = 0; i < sizeof simples / sizeof simples[0]; i++)
        if (zarr_word_is (name, simples[i].name))
            return add_simple (reader, array, &simples[i], configuration);
    if (zarr_word_is (name, "blosc"))
        return add_blosc2 (reader, array, configuration);
    if (zarr_word_is (name, "lzma"))
        return add_lzma (reader, array, configuration);
    if (zarr_word_is (name, "crc32c"))
        return add_sum (reader, array, configuration, TENON_CHECK_CRC32C);
    if (zarr_word_is (name, "crc32"))
        return add_sum (reader, array, configuration, TENON_CHECK_CRC32);
    if (zarr_word_is (name, "adler32"))
        return add_sum (reader, array, configuration, TENON_CHECK_ADLER32);
    if (zarr_word_is (name, "shuffle"))
        return add_shuffle (reader, array, configuration);
    *works_on = ZARR_ON_ARRAY;
    if (zarr_word_is (name, "delta"))
        return add_delta (reader, array, configuration);
    if (zarr_word_is (name, "bitround") || zarr_word_is (name, "quantize"))
        return pass_rounding (reader, array, name, configuration);
    return zarr_fault_unknown (reader, "codec", name);
}
