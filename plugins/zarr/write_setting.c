/* SPDX-License-Identifier: MIT */
/* write_setting.c - the options that write follows. */
#include "write.h"

static tenon_status
read_number (struct tenon_call *call, uint32_t option, uint32_t *number)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, option, &setting));
    *number = (uint32_t) setting.integer;
    return TENON_OK;
}

static tenon_status
read_word (struct tenon_call *call, uint32_t option, const char **word)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, option, &setting));
    *word = setting.text;
    return TENON_OK;
}

/* Notes that an option was set. */
static tenon_status
read_given (struct tenon_call *call, uint32_t option, uint32_t *given)
{
    struct tenon_setting setting = TENON_INIT (setting);
    TENON_TRY (call->host->option (call, option, &setting));
    *given |= strcmp (setting.origin, "default") != 0;
    return TENON_OK;
}

/* How the keys of chunks are made. */
static tenon_status
read_keys (struct tenon_call *call, struct zarr_settings *settings)
{
    uint32_t separator;
    TENON_TRY (read_number (call, ZARR_OPTION_KEYS, &settings->v2_keys));
    TENON_TRY (read_number (call, ZARR_OPTION_SEPARATOR, &separator));
    if (settings->format == 2)
        settings->v2_keys = 1;
    settings->separator = separator == 1 || (separator == 0 && !settings->v2_keys) ? '/' : '.';
    return TENON_OK;
}

/* What one format only has. */
static tenon_status
check_format (struct tenon_call *call, const struct zarr_settings *settings)
{
    if (settings->format == 2 && settings->checksum)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "zarr.checksum is for zarr.format=3: format 2 has no checksum of chunks");
    if (settings->format == 2 && strcmp (settings->shards, "none") != 0)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "zarr.shards is for zarr.format=3: format 2 has no shards");
    if (settings->format == 3 && settings->fill == ZARR_FILL_NULL)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "zarr.fill=null is for zarr.format=2: in format 3 each array has a fill value");
    if (settings->skip_fill && settings->fill == ZARR_FILL_NULL)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO,
                           "zarr.skip_fill leaves out chunks that are all fill, and with zarr.fill=null "
                           "there is no fill value");
    return TENON_OK;
}

tenon_status
zarr_read_settings (struct tenon_call *call, struct zarr_settings *settings)
{
    uint32_t number;
    memset (settings, 0, sizeof *settings);
    TENON_TRY (read_number (call, ZARR_OPTION_FORMAT, &number));
    settings->format = number == 0 ? 3 : 2;
    TENON_TRY (read_number (call, ZARR_OPTION_COMPRESSION, &settings->compression));
    TENON_TRY (read_word (call, ZARR_OPTION_COMPRESSION, &settings->compression_word));
    TENON_TRY (read_number (call, ZARR_OPTION_LEVEL, &number));
    settings->level = (int32_t) number;
    TENON_TRY (read_number (call, ZARR_OPTION_CNAME, &settings->blosc));
    TENON_TRY (read_number (call, ZARR_OPTION_SHUFFLE, &settings->shuffle));
    TENON_TRY (read_given (call, ZARR_OPTION_LEVEL, &settings->is_tuned));
    TENON_TRY (read_given (call, ZARR_OPTION_CNAME, &settings->is_tuned));
    TENON_TRY (read_given (call, ZARR_OPTION_SHUFFLE, &settings->is_tuned));
    TENON_TRY (read_number (call, ZARR_OPTION_CHECKSUM, &settings->checksum));
    TENON_TRY (read_number (call, ZARR_OPTION_ORDER, &settings->order));
    TENON_TRY (read_number (call, ZARR_OPTION_BYTEORDER, &settings->byteorder));
    TENON_TRY (read_number (call, ZARR_OPTION_FILL, &settings->fill));
    TENON_TRY (read_number (call, ZARR_OPTION_SKIP_FILL, &settings->skip_fill));
    TENON_TRY (read_number (call, ZARR_OPTION_CONSOLIDATE, &settings->consolidate));
    TENON_TRY (read_number (call, ZARR_OPTION_ROOT, &settings->root_array));
    TENON_TRY (read_word (call, ZARR_OPTION_CHUNKS, &settings->chunks));
    TENON_TRY (read_word (call, ZARR_OPTION_SHARDS, &settings->shards));
    TENON_TRY (read_keys (call, settings));
    return check_format (call, settings);
}
