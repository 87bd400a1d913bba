/* SPDX-License-Identifier: MIT */
/* write_pipeline.c - the filters that encode the chunks, and the codecs of Zarr that they are. */
#include "write.h"

/* ---- setups ---- */

static uint32_t
setup_number (const struct tenon_step *step, uint32_t index, uint32_t otherwise)
{
    return step->setup_size >= 4 * (uint64_t) (index + 1)
               ? tenon_le32 ((const uint8_t *) step->setup + 4 * index)
               : otherwise;
}

static int
is_filter (const struct tenon_step *step, const char *id)
{
    return strcmp (step->filter, id) == 0;
}

/* Adds a step whose setup is `count` numbers. */
static void
add_step (struct zarr_stored *stored, const char *filter, int32_t level, const uint32_t *numbers,
          uint32_t count)
{
    struct tenon_step *step = &stored->steps[stored->step_count];
    uint8_t *setup = stored->setups[stored->step_count++];
    *step = (struct tenon_step){ .struct_size = sizeof *step, .level = level, .filter = filter };
    for (uint32_t i = 0; i < count; i++)
        tenon_put_le32 (setup + 4 * i, numbers[i]);
    step->setup = count ? setup : NULL;
    step->setup_size = 4 * count;
}

/* ---- the pipeline that the chunks have already ---- */

/* True if the filter is a codec of format 3. */
static int
has_name_3 (const struct tenon_step *step)
{
    return is_filter (step, "zstd") || is_filter (step, "gzip") || is_filter (step, "blosc")
           || (is_filter (step, "crc32c") && setup_number (step, 0, 0) == 0
               && setup_number (step, 1, TENON_CHECK_CRC32C) == TENON_CHECK_CRC32C);
}

/* True if it is one of format 2. */
static int
has_name_2 (const struct tenon_step *step)
{
    static const char *const ids[] = { "zstd",  "gzip", "zlib", "blosc",   "lz4",
                                       "bzip2", "xz",   "lzma", "shuffle", "delta" };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (is_filter (step, ids[i]))
            return !(is_filter (step, "lz4") && setup_number (step, 0, 0) != 0)
                   && !(is_filter (step, "lzma") && setup_number (step, 0, 0) != 1);
    return is_filter (step, "crc32c");
}

/* True if what the filter does depends on the items, which are others now. */
static int
depends_on_items (const struct tenon_step *step)
{
    return is_filter (step, "shuffle") || is_filter (step, "delta") || is_filter (step, "blosc");
}

/* Takes the steps of the chunks in the tensor's file. Returns 0 if they cannot be used here. */
static int
keep_steps (struct zarr_writer *writer, struct zarr_stored *stored)
{
    const struct tenon_grid *grid = stored->tensor.grid;
    int is_other = (stored->tensor.flags & TENON_CONVERTED)
                   || ((stored->tensor.flags ^ stored->layout.flags) & TENON_BIG_ENDIAN);
    for (uint32_t i = 0; i < grid->step_count; i++) {
        const struct tenon_step *step =
            (const void *) ((const char *) grid->steps + (size_t) i * grid->step_size);
        int named = writer->settings.format == 3 ? has_name_3 (step) : has_name_2 (step);
        if (!named || step->setup_size > ZARR_PLAN_SETUP || (is_other && depends_on_items (step)))
            return 0;
        stored->steps[i] = (struct tenon_step){ .struct_size = sizeof stored->steps[i],
                                                .level = step->level,
                                                .filter = step->filter,
                                                .setup = step->setup,
                                                .setup_size = step->setup_size };
    }
    stored->step_count = grid->step_count;
    return 1;
}

/* ---- a new pipeline ---- */

static void
add_blosc (struct zarr_writer *writer, struct zarr_stored *stored)
{
    const struct zarr_settings *settings = &writer->settings;
    uint32_t item = stored->element.item <= 255 ? stored->element.item : 1;
    uint32_t shuffle = settings->shuffle == ZARR_SHUFFLE_AUTO ? (item > 1 ? 1 : 2) : settings->shuffle - 1;
    uint32_t numbers[] = { item, shuffle, 0, settings->blosc };
    add_step (stored, "blosc", settings->level, numbers, 4);
}

static tenon_status
add_compression (struct zarr_writer *writer, struct zarr_stored *stored)
{
    const struct zarr_settings *settings = &writer->settings;
    uint32_t choice = settings->compression;
    int is_old = choice == ZARR_COMPRESSION_ZLIB || choice == ZARR_COMPRESSION_LZ4
                 || choice == ZARR_COMPRESSION_BZ2 || choice == ZARR_COMPRESSION_LZMA;
    if (is_old && settings->format == 3)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "format 3 of Zarr has no codec %s; zarr.format=2 has", settings->compression_word);
    switch (choice) {
    case ZARR_COMPRESSION_NONE: break;
    case ZARR_COMPRESSION_BLOSC: add_blosc (writer, stored); break;
    case ZARR_COMPRESSION_LZMA: add_step (stored, "xz", settings->level, NULL, 0); break;
    case ZARR_COMPRESSION_BZ2: add_step (stored, "bzip2", settings->level, NULL, 0); break;
    case ZARR_COMPRESSION_KEEP: add_step (stored, "zstd", settings->level, NULL, 0); break;
    default: add_step (stored, settings->compression_word, settings->level, NULL, 0); break;
    }
    return TENON_OK;
}

tenon_status
zarr_choose_pipeline (struct zarr_writer *writer, struct zarr_stored *stored, int tells)
{
    const struct tenon_grid *grid = stored->tensor.grid;
    int has_grid = grid && !(grid->flags & TENON_GRID_SUGGESTED) && grid->step_count < ZARR_PLAN_STEPS;
    stored->step_count = 0;
    if (writer->settings.compression == ZARR_COMPRESSION_KEEP && has_grid) {
        if (keep_steps (writer, stored)) {
            if (tells && writer->settings.is_tuned)
                tenon_note (writer->call, TENON_NOTE, stored->tensor.name,
                            "its chunks keep the filters of their store, whatever zarr.level, zarr.cname and "
                            "zarr.shuffle are: zarr.compression encodes them anew");
            goto chosen;
        }
        if (tells)
            tenon_note (
                writer->call, TENON_NOTE, stored->tensor.name,
                "format %u of Zarr cannot state how its chunks are encoded: they are encoded with zstd",
                writer->settings.format);
    }
    TENON_TRY (add_compression (writer, stored));
chosen:
    if (writer->settings.checksum
        && (stored->step_count == 0 || !is_filter (&stored->steps[stored->step_count - 1], "crc32c")))
        add_step (stored, "crc32c", TENON_LEVEL_DEFAULT, NULL, 0);
    return TENON_OK;
}

/* ---- as JSON ---- */

static const char *const blosc_names[] = { "blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd" };

static const char *
blosc_name (const struct tenon_step *step)
{
    uint32_t number = setup_number (step, 3, 1);
    return number < sizeof blosc_names / sizeof blosc_names[0] ? blosc_names[number] : blosc_names[1];
}

/* The level that the metadata state: the usual one of other programs for the default, and at most `most`. */
static int32_t
stated_level (const struct tenon_step *step, int32_t usual, int32_t most)
{
    return step->level == TENON_LEVEL_DEFAULT ? usual : step->level > most ? most : step->level;
}

/* Codecs of format 3: {"name": …, "configuration": {…}} */
static void
put_codec (struct zarr_out *out, const struct zarr_stored *stored, const struct tenon_step *step)
{
    static const char *const shuffles[] = { "noshuffle", "shuffle", "bitshuffle" };
    uint32_t shuffle = setup_number (step, 1, stored->element.item > 1);
    zarr_out_item (out);
    zarr_out_open (out, '{');
    zarr_out_member_word (out, "name", step->filter);
    if (!is_filter (step, "crc32c")) {
        zarr_out_key (out, "configuration");
        zarr_out_open (out, '{');
        if (is_filter (step, "blosc")) {
            zarr_out_member_number (out, "typesize", setup_number (step, 0, stored->element.item));
            zarr_out_member_word (out, "cname", blosc_name (step));
            zarr_out_member_number (out, "clevel", stated_level (step, 5, 9));
            zarr_out_member_word (out, "shuffle", shuffles[shuffle < 3 ? shuffle : 0]);
            zarr_out_member_number (out, "blocksize", setup_number (step, 2, 0));
        } else if (is_filter (step, "zstd")) {
            zarr_out_member_number (out, "level", stated_level (step, 0, 22));
            zarr_out_member_bare (out, "checksum", "false");
        } else
            zarr_out_member_number (out, "level", stated_level (step, 5, 9));
        zarr_out_close (out, '}');
    }
    zarr_out_close (out, '}');
}

void
zarr_put_codecs (struct zarr_out *out, const struct zarr_stored *stored)
{
    for (uint32_t i = 0; i < stored->step_count; i++)
        put_codec (out, stored, &stored->steps[i]);
}

/* NumPy's descr of a dtype of a setup of delta. */
static void
put_number_type (struct zarr_out *out, const char *key, uint32_t dtype, uint32_t big_endian)
{
    static const char *const descrs[TENON_DTYPE_FIXED] = {
        [TENON_U8] = "u1",  [TENON_U16] = "u2", [TENON_U32] = "u4", [TENON_U64] = "u8",
        [TENON_I8] = "i1",  [TENON_I16] = "i2", [TENON_I32] = "i4", [TENON_I64] = "i8",
        [TENON_F16] = "f2", [TENON_F32] = "f4", [TENON_F64] = "f8",
    };
    const char *descr = dtype < TENON_DTYPE_FIXED && descrs[dtype] ? descrs[dtype] : "u1";
    char word[8];
    snprintf (word, sizeof word, "%c%s", descr[1] == '1' ? '|' : big_endian ? '>' : '<', descr);
    zarr_out_member_word (out, key, word);
}

static void
put_lzma (struct zarr_out *out, const struct tenon_step *step)
{
    zarr_out_member_number (out, "check", -1);
    zarr_out_member_bare (out, "filters", "null");
    zarr_out_member_number (out, "format", is_filter (step, "lzma") ? 2 : 1);
    zarr_out_member_word (out, "id", "lzma");
    if (step->level == TENON_LEVEL_DEFAULT)
        zarr_out_member_bare (out, "preset", "null");
    else
        zarr_out_member_number (out, "preset", step->level);
}

static void
put_delta (struct zarr_out *out, const struct tenon_step *step)
{
    uint32_t dtype = setup_number (step, 0, TENON_U8), big_endian = setup_number (step, 2, 0);
    put_number_type (out, "astype", setup_number (step, 1, dtype), big_endian);
    put_number_type (out, "dtype", dtype, big_endian);
    zarr_out_member_word (out, "id", "delta");
}

/* A checksum. Of its two places the usual one is not stated. */
static void
put_checksum (struct zarr_out *out, const struct tenon_step *step)
{
    uint32_t kind = setup_number (step, 1, TENON_CHECK_CRC32C), is_first = setup_number (step, 0, 0);
    int is_usual = (kind == TENON_CHECK_CRC32C) != (is_first == 1);
    zarr_out_member_word (out, "id",
                          kind == TENON_CHECK_CRC32     ? "crc32"
                          : kind == TENON_CHECK_ADLER32 ? "adler32"
                                                        : "crc32c");
    if (!is_usual)
        zarr_out_member_word (out, "location", is_first ? "start" : "end");
}

/* Codecs of format 2: an object with an id, keys in the order of the alphabet. */
static void
put_numcodec (struct zarr_out *out, const struct zarr_stored *stored, const struct tenon_step *step)
{
    zarr_out_open (out, '{');
    if (is_filter (step, "blosc")) {
        zarr_out_member_number (out, "blocksize", setup_number (step, 2, 0));
        zarr_out_member_number (out, "clevel", stated_level (step, 5, 9));
        zarr_out_member_word (out, "cname", blosc_name (step));
        zarr_out_member_word (out, "id", "blosc");
        zarr_out_member_number (out, "shuffle", setup_number (step, 1, stored->element.item > 1));
    } else if (is_filter (step, "lz4")) {
        zarr_out_member_number (out, "acceleration", stated_level (step, 1, INT32_MAX));
        zarr_out_member_word (out, "id", "lz4");
    } else if (is_filter (step, "shuffle")) {
        zarr_out_member_number (out, "elementsize", setup_number (step, 0, stored->element.item));
        zarr_out_member_word (out, "id", "shuffle");
    } else if (is_filter (step, "xz") || is_filter (step, "lzma"))
        put_lzma (out, step);
    else if (is_filter (step, "delta"))
        put_delta (out, step);
    else if (is_filter (step, "crc32c"))
        put_checksum (out, step);
    else {
        int is_zstd = is_filter (step, "zstd");
        zarr_out_member_word (out, "id", is_filter (step, "bzip2") ? "bz2" : step->filter);
        zarr_out_member_number (out, "level", stated_level (step, is_zstd ? 0 : 1, is_zstd ? 22 : 9));
    }
    zarr_out_close (out, '}');
}

/* True if the last step is a compressor; all before it are filters. */
static int
has_compressor (const struct zarr_stored *stored)
{
    const struct tenon_step *last = stored->step_count > 0 ? &stored->steps[stored->step_count - 1] : NULL;
    return last && !is_filter (last, "shuffle") && !is_filter (last, "delta") && !is_filter (last, "crc32c");
}

void
zarr_put_filters (struct zarr_out *out, const struct zarr_stored *stored)
{
    uint32_t count = stored->step_count - (uint32_t) has_compressor (stored);
    if (count == 0) {
        zarr_out_bare (out, "null");
        return;
    }
    zarr_out_open (out, '[');
    for (uint32_t i = 0; i < count; i++) {
        zarr_out_item (out);
        put_numcodec (out, stored, &stored->steps[i]);
    }
    zarr_out_close (out, ']');
}

void
zarr_put_compressor (struct zarr_out *out, const struct zarr_stored *stored)
{
    if (has_compressor (stored))
        put_numcodec (out, stored, &stored->steps[stored->step_count - 1]);
    else
        zarr_out_bare (out, "null");
}
