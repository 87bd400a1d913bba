/* SPDX-License-Identifier: MIT */
/* toycards.c - a format whose header has keys twice, and a hidden one that is only of use inside of it.
 *
 *     toycards  "TOYCARDS\n" · lines "KEY text\n" · "END\n" · a member in the format toyslip. The texts of
 * COMMENT are one array of strings; another key that comes again is KEY#2, KEY#3 … toyslip   "SLIP" · the
 * items of one tensor, u8, named like its source */
#include <tenon/plugin.h>

#define MAGIC "TOYCARDS\n"
#define MAGIC_LENGTH 9u
#define LONGEST_KEY 40u

/* ---- toycards: describe ---- */

struct reader {
    struct tenon_call *call;
    uint8_t *comments; /* as TENON_STRINGS_32 */
    uint64_t length, room, count;
};

static tenon_status
keep_comment (struct reader *reader, const char *text, uint64_t length)
{
    TENON_TRY (tenon_grow (reader->call, &reader->comments, &reader->room, reader->length + 4 + length, 1));
    tenon_put_le32 (reader->comments + reader->length, (uint32_t) length);
    memcpy (reader->comments + reader->length + 4, text, length);
    reader->length += 4 + length;
    reader->count++;
    return TENON_OK;
}

static tenon_status
add_card (struct reader *reader, const char *key, uint64_t key_length, const char *text, uint64_t length)
{
    struct tenon_value value = { .type = TENON_STRING, .count = length, .source = TENON_NO_SOURCE };
    char name[LONGEST_KEY + 24];
    tenon_status status;
    value.as.string = text;
    if (key_length == 7 && memcmp (key, "COMMENT", 7) == 0)
        return keep_comment (reader, text, length);
    if (key_length > LONGEST_KEY)
        return tenon_fail (reader->call, TENON_E_MALFORMED, TENON_AUTO, "a key of %llu bytes",
                           (unsigned long long) key_length);
    memcpy (name, key, key_length);
    uint64_t plain = key_length;
    for (unsigned again = 2;
         (status = reader->call->host->find_metadata (reader->call, name, key_length)) == TENON_OK; again++)
        key_length = plain + (uint64_t) snprintf (name + plain, sizeof name - plain, "#%u", again);
    if (status != TENON_E_NOT_FOUND)
        return status;
    return reader->call->host->add_metadata (reader->call, name, key_length, &value);
}

static tenon_status
take_cards (struct reader *reader, const char *text, uint64_t size, uint64_t *end)
{
    uint64_t at = MAGIC_LENGTH;
    while (at < size) {
        const char *line = text + at, *stop = (const char *) memchr (line, '\n', size - at);
        if (!stop)
            break;
        uint64_t length = (uint64_t) (stop - line);
        const char *blank = (const char *) memchr (line, ' ', length);
        at += length + 1;
        if (length == 3 && memcmp (line, "END", 3) == 0) {
            *end = at;
            return TENON_OK;
        }
        if (!blank)
            return tenon_fail (reader->call, TENON_E_MALFORMED, at, "a card without a blank");
        TENON_TRY (
            add_card (reader, line, (uint64_t) (blank - line), blank + 1, (uint64_t) (stop - blank) - 1));
    }
    return tenon_fail (reader->call, TENON_E_TRUNCATED, at, "the cards have no end");
}

static tenon_status
cards_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    struct reader reader = { .call = call };
    struct tenon_include slip = { .struct_size = sizeof slip, .codec = "toyslip" };
    uint64_t end;
    uint32_t source;
    TENON_TRY (call->host->source_info (call, 0, &info));
    const char *text = (const char *) call->host->view (call, 0, 0, info.size);
    if (!text)
        return TENON_E_MEMORY;
    TENON_TRY (take_cards (&reader, text, info.size, &end));
    if (reader.count > 0) {
        struct tenon_value array = { .type = TENON_ARRAY, .item_type = TENON_STRING, .count = reader.count };
        array.encoding = TENON_STRINGS_32;
        array.source = TENON_NO_SOURCE;
        array.as.memory = reader.comments;
        array.length = reader.length;
        TENON_TRY (call->host->add_metadata (call, "COMMENT", 7, &array));
    }
    struct tenon_part part = { .struct_size = sizeof part,
                               .offset = end,
                               .stored = info.size - end,
                               .size = info.size - end,
                               .name = "slip",
                               .name_length = 4 };
    TENON_TRY (call->host->add_part (call, &part, &source));
    return call->host->include (call, source, &slip);
}

/* ---- toycards: write ---- */

struct writer {
    struct tenon_call *call;
    const char *key;
    uint64_t key_length;
};

static tenon_status
put_card (void *user, const struct tenon_value *item)
{
    struct writer *writer = (struct writer *) user;
    const struct tenon_host *host = writer->call->host;
    if (item->type != TENON_STRING)
        return tenon_fail (writer->call, TENON_E_UNSUPPORTED, TENON_AUTO, "a card has a text");
    TENON_TRY (host->put (writer->call, writer->key, writer->key_length));
    TENON_TRY (host->put (writer->call, " ", 1));
    TENON_TRY (host->put (writer->call, item->as.string, item->count));
    return host->put (writer->call, "\n", 1);
}

static tenon_status
cards_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = { .struct_size = sizeof plan };
    struct writer writer = { .call = call };
    struct tenon_value value;
    struct tenon_member member = { .struct_size = sizeof member, .count = 1, .codec = "toyslip" };
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call->host->put (call, MAGIC, MAGIC_LENGTH));
    for (uint64_t i = 0; i < plan.metadata; i++) {
        TENON_TRY (call->host->plan_metadata (call, i, &writer.key, &writer.key_length, &value));
        writer.key_length = strcspn (writer.key, "#");
        if (value.type == TENON_ARRAY)
            TENON_TRY (call->host->each_item (call, &value, put_card, &writer));
        else
            TENON_TRY (put_card (&writer, &value));
    }
    TENON_TRY (call->host->put (call, "END\n", 4));
    return call->host->put_member (call, &member, NULL);
}

/* ---- toyslip ---- */

static tenon_status
slip_describe (struct tenon_call *call)
{
    struct tenon_source_info info = { .struct_size = sizeof info };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .rank = 1, .offset = 4 };
    char magic[4];
    TENON_TRY (call->host->source_info (call, 0, &info));
    TENON_TRY (call->host->read_at (call, 0, 0, magic, 4));
    if (memcmp (magic, "SLIP", 4) != 0)
        return tenon_fail (call, TENON_E_MALFORMED, 0, "no slip");
    uint64_t items = info.size - 4;
    tensor.shape = &items;
    tensor.length = TENON_AUTO;
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
slip_write (struct tenon_call *call)
{
    TENON_TRY (call->host->put (call, "SLIP", 4));
    return call->host->put_tensor (call, 0, NULL);
}

/* ---- the tables ---- */

static const struct tenon_magic cards_magics[] = { { 0, MAGIC_LENGTH, 0, MAGIC } };
static const struct tenon_magic slip_magics[] = { { 0, 4, 0, "SLIP" } };
static const char *const cards_extensions[] = { "toycards", NULL }, *const slip_extensions[] = { "slip",
                                                                                                 NULL };
static const char *const dtypes[] = { "u8", NULL };
static const struct tenon_codec cards = {
    .struct_size = sizeof cards,
    .id = "toycards",
    .extensions = cards_extensions,
    .magics = cards_magics,
    .magic_size = sizeof cards_magics[0],
    .magic_count = 1,
    .dtypes = dtypes,
    .max_tensors = 1,
    .max_rank = 1,
    .metadata = TENON_METADATA_TYPED,
    .describe = cards_describe,
    .write = cards_write,
};
static const struct tenon_codec slip = {
    .struct_size = sizeof slip,
    .flags = TENON_CODEC_HIDDEN | TENON_CODEC_NAMELESS,
    .id = "toyslip",
    .extensions = slip_extensions,
    .magics = slip_magics,
    .magic_size = sizeof slip_magics[0],
    .magic_count = 1,
    .dtypes = dtypes,
    .max_tensors = 1,
    .max_rank = 1,
    .describe = slip_describe,
    .write = slip_write,
};
static const struct tenon_codec *const codecs[] = { &cards, &slip, NULL };

static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "toycards",
    .version = "1.0",
    .license = "MIT",
    .summary = "keys that occur twice, and a hidden format, for the tests",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
