/* SPDX-License-Identifier: MIT */
/* tree.c - a toy keyed codec. The key "tree.index" is text, a line for each thing in the store:
 *
 *     tensor NAME DTYPE KEY DIM…   all bytes of KEY are a tensor
 *     under PREFIX                 each key that begins so is a tensor of bytes, called as the key
 *     include KEY                  another codec describes it
 *     head KEY BYTES               the key begins with so many bytes, or is malformed
 *     note KEY TEXT                metadata: all that follows the key is a string
 *     level KEY PREFIX             metadata: the keys of one level behind the prefix, with blanks between
 * them claim SEPARATOR PREFIX COUNT…    keys that the store may have, though none is opened
 *
 * A key that is missing or cannot be read is a tensor that cannot be read. Written are data/NAME for each
 * tensor, and the index. */
#include <stdio.h>
#include <stdlib.h>
#include <tenon/plugin.h>

#define INDEX "tree.index"
#define WORDS 16

/* ---- reading ---- */

/* Cuts a line into words. */
static int
split_line (char *line, char *words[WORDS])
{
    int count = 0;
    for (char *word = strtok_r (line, " ", &line); word && count < WORDS; word = strtok_r (NULL, " ", &line))
        words[count++] = word;
    return count;
}

static tenon_status
add_tensor (struct tenon_call *call, struct tenon_tensor *tensor, const char *key, uint64_t length)
{
    tenon_status status = call->host->open_key (call, key, length, &tensor->source);
    if (status < 0)
        return call->host->skip_tensor (call, tensor, status, NULL, call->host->answer (call));
    return call->host->add_tensor (call, tensor);
}

static tenon_status
take_tensor (struct tenon_call *call, char **words, int count)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    uint64_t shape[WORDS];
    if (count < 4)
        return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "a tensor has a name, a dtype and a key");
    tensor.name = words[1];
    tensor.name_length = strlen (words[1]);
    tensor.dtype = call->host->dtype_find (call, words[2]);
    tensor.shape = shape;
    tensor.length = TENON_AUTO;
    for (int i = 4; i < count; i++)
        shape[tensor.rank++] = strtoull (words[i], NULL, 10);
    return add_tensor (call, &tensor, words[3], strlen (words[3]));
}

static tenon_status
take_under (struct tenon_call *call, const char *prefix)
{
    struct tenon_key key = TENON_INIT (key);
    tenon_status status;
    while ((status = call->host->next_key (call, prefix, strlen (prefix), &key)) == TENON_OK) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        struct tenon_source_info info = TENON_INIT (info);
        info.size = key.size;
        tensor.dtype = TENON_U8;
        tensor.name = key.key;
        tensor.name_length = key.length;
        tensor.shape = &info.size;
        tensor.rank = 1;
        tensor.length = TENON_AUTO;
        /* in a folder it may be another file than the one that was listed */
        if (call->host->open_key (call, key.key, key.length, &tensor.source) == TENON_OK)
            TENON_TRY (call->host->source_info (call, tensor.source, &info));
        TENON_TRY (add_tensor (call, &tensor, key.key, key.length));
    }
    return status == TENON_E_NOT_FOUND ? TENON_OK : status;
}

static tenon_status
take_include (struct tenon_call *call, const char *key)
{
    struct tenon_include how = { .struct_size = sizeof how,
                                 .flags = TENON_INCLUDE_PREFIX | TENON_INCLUDE_UNREADABLE };
    uint32_t source;
    TENON_TRY (call->host->open_key (call, key, strlen (key), &source));
    return call->host->include (call, source, &how);
}

static tenon_status
take_head (struct tenon_call *call, const char *key, const char *bytes)
{
    struct tenon_cursor cursor;
    uint32_t source;
    uint8_t first;
    TENON_TRY (call->host->open_key (call, key, strlen (key), &source));
    TENON_TRY (tenon_cursor_open (&cursor, call, source, 0));
    TENON_TRY (tenon_take_u8 (&cursor, &first, "its first byte"));
    if (first == '?')
        return tenon_fail_in (call, TENON_E_MALFORMED, source, 0, "its first byte is a question");
    return tenon_skip (&cursor, strtoull (bytes, NULL, 10), "its head");
}

/* "KEY TEXT" */
static tenon_status
take_note (struct tenon_call *call, const char *key)
{
    const char *blank = strchr (key, ' ');
    if (!blank)
        return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "a note has a key and a text");
    struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
    value.as.string = blank + 1;
    value.count = strlen (blank + 1);
    return call->host->add_metadata (call, key, (uint64_t) (blank - key), &value);
}

static tenon_status
take_level (struct tenon_call *call, const char *name, const char *prefix)
{
    struct tenon_key key = TENON_INIT (key);
    struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
    char text[2000] = "";
    tenon_status status;
    key.how = TENON_KEYS_ONE_LEVEL;
    while ((status = call->host->next_key (call, prefix, strlen (prefix), &key)) == TENON_OK) {
        if (key.size != TENON_AUTO || strlen (key.key) != key.length)
            return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "a key of one level has a size");
        value.count += (uint64_t) snprintf (text + value.count, sizeof text - value.count, "%s%s%s",
                                            value.count ? " " : "",
                                            key.flags & TENON_KEY_UNREADABLE ? "!" : "", key.key);
    }
    value.as.string = text;
    return status == TENON_E_NOT_FOUND ? call->host->add_metadata (call, name, strlen (name), &value)
                                       : status;
}

static tenon_status
take_claim (struct tenon_call *call, char **words, int count)
{
    struct tenon_claim claim = TENON_INIT (claim);
    uint64_t numbers[WORDS];
    claim.prefix = words[2];
    claim.prefix_length = strlen (words[2]);
    claim.separator = (uint8_t) words[1][0];
    claim.count = numbers;
    for (int i = 3; i < count; i++)
        numbers[claim.rank++] = strtoull (words[i], NULL, 10);
    return call->host->claim_keys (call, &claim);
}

static tenon_status
take_line (struct tenon_call *call, char *line)
{
    char *words[WORDS];
    if (strncmp (line, "note ", 5) == 0)
        return take_note (call, line + 5);
    int count = split_line (line, words);
    if (count == 0)
        return TENON_OK;
    if (strcmp (words[0], "tensor") == 0)
        return take_tensor (call, words, count);
    if (strcmp (words[0], "under") == 0)
        return take_under (call, count > 1 ? words[1] : "");
    if (strcmp (words[0], "include") == 0 && count > 1)
        return take_include (call, words[1]);
    if (strcmp (words[0], "level") == 0 && count > 1)
        return take_level (call, words[1], count > 2 ? words[2] : "");
    if (strcmp (words[0], "claim") == 0 && count > 2)
        return take_claim (call, words, count);
    if (strcmp (words[0], "head") == 0 && count > 2)
        return take_head (call, words[1], words[2]);
    return tenon_fail (call, TENON_E_MALFORMED, TENON_AUTO, "the index has the word '%s'", words[0]);
}

static tenon_status
tree_describe (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    uint32_t source;
    TENON_TRY (call->host->open_key (call, INDEX, strlen (INDEX), &source));
    TENON_TRY (call->host->source_info (call, source, &info));
    char *text = (char *) call->host->scratch (call, info.size + 1);
    if (!text)
        return TENON_E_MEMORY;
    TENON_TRY (call->host->read_at (call, source, 0, text, info.size));
    for (char *line = strtok_r (text, "\n", &text); line; line = strtok_r (NULL, "\n", &text))
        TENON_TRY (take_line (call, line));
    return TENON_OK;
}

/* ---- writing ---- */

static tenon_status
put_text (struct tenon_call *call, const char *text)
{
    return call->host->put (call, text, strlen (text));
}

/* The line of a tensor, at `to`, which has room. */
static void
print_line (struct tenon_call *call, const struct tenon_tensor *tensor, char *to, size_t room)
{
    struct tenon_dtype dtype = TENON_INIT (dtype);
    (void) call->host->dtype_info (call, tensor->dtype, &dtype);
    size_t end = (size_t) snprintf (to, room, "tensor %.*s %s data/%.*s", (int) tensor->name_length,
                                    tensor->name, dtype.name, (int) tensor->name_length, tensor->name);
    for (uint32_t i = 0; i < tensor->rank && end < room; i++)
        end += (size_t) snprintf (to + end, room - end, " %llu", (unsigned long long) tensor->shape[i]);
}

static tenon_status
write_data (struct tenon_call *call, uint64_t index)
{
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_entry entry = TENON_INIT (entry);
    char key[400];
    TENON_TRY (call->host->plan_tensor (call, index, &tensor));
    entry.key = key;
    entry.key_length =
        (uint64_t) snprintf (key, sizeof key, "data/%.*s", (int) tensor.name_length, tensor.name);
    entry.size = tensor.length;
    TENON_TRY (call->host->put_key (call, &entry));
    return call->host->put_tensor (call, index, NULL);
}

static tenon_status
write_note (struct tenon_call *call, uint64_t index)
{
    struct tenon_value value;
    const char *key;
    uint64_t length;
    TENON_TRY (call->host->plan_metadata (call, index, &key, &length, &value));
    if (strpbrk (key, " \n") || memchr (value.as.string, '\n', value.count))
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a note is a line, and its key a word");
    TENON_TRY (put_text (call, "note "));
    TENON_TRY (call->host->put (call, key, length));
    TENON_TRY (put_text (call, " "));
    TENON_TRY (call->host->put (call, value.as.string, value.count));
    return put_text (call, "\n");
}

static tenon_status
tree_write (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct tenon_entry entry = TENON_INIT (entry);
    char line[1000];
    TENON_TRY (call->host->plan_info (call, &plan));
    for (uint64_t i = 0; i < plan.tensors; i++)
        TENON_TRY (write_data (call, i));
    entry.key = INDEX;
    entry.key_length = strlen (INDEX);
    entry.size = TENON_AUTO;
    TENON_TRY (call->host->put_key (call, &entry));
    for (uint64_t i = 0; i < plan.tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        print_line (call, &tensor, line, sizeof line);
        TENON_TRY (put_text (call, line));
        TENON_TRY (put_text (call, "\n"));
    }
    for (uint64_t i = 0; i < plan.metadata; i++)
        TENON_TRY (write_note (call, i));
    return call->host->put_key (call, NULL);
}

/* ---- the tables ---- */

static const char *const root_keys[] = { INDEX, NULL };
static const char *const extensions[] = { "tree", NULL };
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .id = "tree",
    .label = "toy store",
    .extensions = extensions,
    .metadata = TENON_METADATA_STRINGS,
    .describe = tree_describe,
    .write = tree_write,
    .root_keys = root_keys,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "tree",
    .version = "1",
    .license = "MIT",
    .summary = "a toy codec of folders and archives",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
