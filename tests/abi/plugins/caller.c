/* SPDX-License-Identifier: MIT */
/* caller.c - codecs that call one service from one of their functions: the options `call` and `from` name
 * them. "caller" reads and writes 4 bytes, "pail" is an archive of one member, all of the file but its last 4
 * bytes, and "pailer" describes what a pail holds. A pail's describe is called "list". */
#include <tenon/plugin.h>

enum { OPTION_CALL, OPTION_FROM, OPTIONS };

/* ---- one service ---- */

#define CALL(service, ...)                                                                                   \
    if (strcmp (name, #service) == 0)                                                                        \
    return call->host->service (call, __VA_ARGS__)
#define CALL_VOID(service, ...)                                                                              \
    if (strcmp (name, #service) == 0)                                                                        \
    return (void) call->host->service (__VA_ARGS__), TENON_OK

static tenon_status
call_for_every (struct tenon_call *call, const char *name)
{
    struct tenon_setting setting = TENON_INIT (setting);
    struct tenon_dtype dtype = TENON_INIT (dtype);
    struct tenon_source_info info = TENON_INIT (info);
    uint64_t sum;
    uint8_t byte;
    CALL_VOID (fail, call, TENON_E_UNSUPPORTED, 0, TENON_AUTO, "it fails");
    CALL_VOID (note, call, TENON_NOTE, NULL, "a note");
    CALL_VOID (cancelled, call);
    CALL (work, 1);
    CALL_VOID (scratch, call, 1);
    CALL (option, 0, &setting);
    CALL_VOID (limit, call, TENON_LIMIT_DEPTH);
    CALL_VOID (hash, call, "a", 1);
    CALL (checksum, TENON_CHECK_CRC32, NULL, "a", 1, &sum);
    CALL_VOID (dtype_find, call, "u8");
    CALL (dtype_info, TENON_U8, &dtype);
    CALL (source_info, 0, &info);
    CALL (read_at, 0, 0, &byte, 1);
    CALL_VOID (view, call, 0, 0, 1);
    return 1;
}

static tenon_status
visit_item (void *user, const struct tenon_value *item)
{
    (void) user, (void) item;
    return TENON_OK;
}

static tenon_status
call_for_describe (struct tenon_call *call, const char *name)
{
    struct tenon_dtype dtype = { .struct_size = sizeof dtype, .name = "o1", .kind = TENON_KIND_OPAQUE };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = "y" };
    struct tenon_value array = { .type = TENON_ARRAY, .item_type = TENON_U8, .source = TENON_NO_SOURCE };
    struct tenon_value value = { .type = TENON_STRING, .count = 1, .source = TENON_NO_SOURCE }, item;
    struct tenon_part part = { .struct_size = sizeof part, .stored = 1, .size = 1 };
    struct tenon_shard_info shard = TENON_INIT (shard);
    struct tenon_key key = TENON_INIT (key);
    struct tenon_claim claim = { .struct_size = sizeof claim, .prefix = "c", .prefix_length = 1 };
    uint32_t number;
    tensor.name_length = 1;
    tensor.length = TENON_AUTO;
    value.as.string = "v";
    part.name = "two";
    part.name_length = 3;
    CALL (items, &array, 0, 0, &item);
    CALL (each_item, &array, visit_item, NULL);
    CALL (open_key, "one", 3, &number);
    if (strcmp (name, "answer") == 0)
        return call->host->answer (call)[0] ? TENON_E_MISUSE : TENON_OK;
    CALL_VOID (expect, call, 1, 1);
    CALL (add_dtype, &dtype, &number);
    CALL (add_tensor, &tensor);
    CALL (skip_tensor, &tensor, TENON_E_UNSUPPORTED, NULL, "it is not wanted");
    CALL (add_metadata, "k", 1, &value);
    CALL (find_metadata, "k", 1);
    CALL (find, "x", 1, &tensor);
    CALL (described, 0, &tensor);
    CALL (include, 0, NULL);
    CALL (shard_info, &shard);
    CALL (leave_state, NULL, 0);
    CALL (add_part, &part, &number);
    CALL (skip_part, &part, TENON_E_UNSUPPORTED, "it is not wanted");
    CALL (next_key, "", 0, &key);
    CALL (claim_keys, &claim);
    return 1;
}

static tenon_status
call_for_write (struct tenon_call *call, const char *name)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct tenon_tensor tensor = TENON_INIT (tensor);
    struct tenon_value array = { .type = TENON_ARRAY, .item_type = TENON_U8, .source = TENON_NO_SOURCE };
    struct tenon_member member = { .struct_size = sizeof member, .count = 1, .codec = "caller" };
    struct tenon_entry entry = { .struct_size = sizeof entry, .key = "two", .key_length = 3 };
    struct tenon_grid_put grid = TENON_INIT (grid);
    const char *text;
    uint64_t length;
    uint8_t byte;
    CALL (plan_info, &plan);
    CALL (plan_tensor, 0, &tensor);
    CALL (plan_metadata, 0, &text, &length, &array);
    CALL_VOID (plan_metadata_flags, call, 0);
    CALL (put, "", 0);
    CALL (align, 1, 0);
    CALL_VOID (tell, call);
    CALL (patch, 0, "", 0);
    CALL (put_items, &array, 0);
    CALL (put_tensor, 0, NULL);
    CALL (put_grid, &grid);
    CALL (read_tensor, 0, NULL, 0, &byte, 1);
    CALL (put_member, &member, NULL);
    CALL (put_key, &entry);
    CALL (drop_key, "two", 3);
    CALL (put_old, 0);
    CALL (old_part, 0, &text, &length);
    return 1;
}

/* In the function `function`. */
static tenon_status
call_service (struct tenon_call *call, const char *function)
{
    struct tenon_setting name = TENON_INIT (name), from = TENON_INIT (from);
    TENON_TRY (call->host->option (call, OPTION_CALL, &name));
    TENON_TRY (call->host->option (call, OPTION_FROM, &from));
    if (strcmp (from.text, function) != 0)
        return TENON_OK;
    tenon_status status = call_for_every (call, name.text);
    if (status > 0)
        status = call_for_describe (call, name.text);
    if (status > 0)
        status = call_for_write (call, name.text);
    return status > 0 ? tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "caller.c has no service %s", name.text)
                      : status;
}

/* ---- a file ---- */

static int32_t
caller_probe (struct tenon_call *call)
{
    (void) call_service (call, "probe");
    return 0;
}

static tenon_status
caller_describe (struct tenon_call *call)
{
    static const uint64_t shape[1] = { 4 };
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = "x" };
    tensor.name_length = 1;
    tensor.shape = shape;
    tensor.rank = 1;
    tensor.storage = TENON_SERVED;
    tensor.length = TENON_AUTO;
    TENON_TRY (call_service (call, "describe"));
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
caller_read (struct tenon_call *call, const struct tenon_tensor *tensor, const struct tenon_region *region,
             void *to, uint64_t size)
{
    (void) tensor, (void) region;
    memset (to, 0, (size_t) size);
    return call_service (call, "read");
}

static tenon_status
caller_write (struct tenon_call *call)
{
    TENON_TRY (call_service (call, "write"));
    return call->host->put_tensor (call, 0, NULL);
}

/* ---- an archive ---- */

static tenon_status
pail_add (struct tenon_call *call, uint32_t flags)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct tenon_part part = { .struct_size = sizeof part, .name = "one", .name_length = 3, .flags = flags };
    uint32_t source;
    TENON_TRY (call->host->source_info (call, 0, &info));
    part.size = part.stored = info.size - 4;
    return call->host->add_part (call, &part, &source);
}

static tenon_status
pail_list (struct tenon_call *call)
{
    TENON_TRY (call_service (call, "list"));
    return pail_add (call, TENON_PART_LATER);
}

static tenon_status
pail_locate (struct tenon_call *call, const struct tenon_part *part)
{
    (void) part;
    TENON_TRY (call_service (call, "locate"));
    return pail_add (call, 0);
}

static tenon_status
pail_begin (struct tenon_call *call)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    TENON_TRY (call->host->plan_info (call, &plan));
    TENON_TRY (call_service (call, "begin"));
    return plan.flags & TENON_PLAN_APPENDS ? call->host->put_old (call, 4) : TENON_OK;
}

static tenon_status
pail_drop (struct tenon_call *call, const char *key, uint64_t length)
{
    (void) key, (void) length;
    return call_service (call, "drop");
}

static tenon_status
pail_begin_entry (struct tenon_call *call, const struct tenon_entry *entry)
{
    (void) entry;
    return call_service (call, "begin_entry");
}

static tenon_status
pail_end_entry (struct tenon_call *call, const struct tenon_entry *entry,
                const struct tenon_member_result *result)
{
    if (entry->check != TENON_CHECK_NONE || result->check_value != 0)
        return tenon_fail (call, TENON_E_MISUSE, TENON_AUTO, "the host made a checksum that nothing wants");
    return call_service (call, "end_entry");
}

static tenon_status
pail_finish (struct tenon_call *call)
{
    TENON_TRY (call_service (call, "finish"));
    return call->host->put (call, "PAIL", 4);
}

/* ---- its keys ---- */

static tenon_status
pailer_describe (struct tenon_call *call)
{
    struct tenon_source_info info = TENON_INIT (info);
    struct tenon_tensor tensor = { .struct_size = sizeof tensor, .dtype = TENON_U8, .name = "x" };
    TENON_TRY (call->host->open_key (call, "one", 3, &tensor.source));
    TENON_TRY (call->host->source_info (call, tensor.source, &info));
    tensor.name_length = 1;
    tensor.shape = &info.size;
    tensor.rank = 1;
    tensor.length = TENON_AUTO;
    return call->host->add_tensor (call, &tensor);
}

/* `check`: that it asks for. Where it adds, the old entry goes first. */
static tenon_status
put_one (struct tenon_call *call, uint32_t check)
{
    struct tenon_plan_info plan = TENON_INIT (plan);
    struct tenon_entry entry = { .struct_size = sizeof entry, .key = "one", .key_length = 3 };
    entry.size = TENON_AUTO;
    entry.check = check;
    TENON_TRY (call->host->plan_info (call, &plan));
    if (plan.flags & TENON_PLAN_APPENDS)
        TENON_TRY (call->host->drop_key (call, "one", 3));
    TENON_TRY (call->host->put_key (call, &entry));
    return call->host->put_tensor (call, 0, NULL);
}

static tenon_status
pailer_write (struct tenon_call *call)
{
    return put_one (call, TENON_CHECK_NONE);
}

static tenon_status
summer_write (struct tenon_call *call)
{
    return put_one (call, TENON_CHECK_CRC32);
}

/* `codec`: of the member. */
static tenon_status
put_inner (struct tenon_call *call, const char *codec, uint32_t check)
{
    struct tenon_member member = { .struct_size = sizeof member, .count = 1, .codec = codec, .check = check };
    member.key = "one";
    member.key_length = 3;
    return call->host->put_member (call, &member, NULL);
}

/* A member that asks for a checksum. */
static tenon_status
member_write (struct tenon_call *call)
{
    return put_inner (call, "caller", TENON_CHECK_CRC32);
}

/* An archive of a pack of crate.c; and of itself. */
static tenon_status
packer_write (struct tenon_call *call)
{
    return put_inner (call, "box", TENON_CHECK_NONE);
}

static tenon_status
nester_write (struct tenon_call *call)
{
    return put_inner (call, "nester", TENON_CHECK_NONE);
}

/* ---- the tables ---- */

static const struct tenon_option options[OPTIONS] = {
    [OPTION_CALL] = { .struct_size = sizeof options[0],
                      .type = TENON_OPTION_TEXT,
                      .name = "call",
                      .value = "",
                      .help = "a service" },
    [OPTION_FROM] = { .struct_size = sizeof options[0],
                      .type = TENON_OPTION_TEXT,
                      .name = "from",
                      .value = "",
                      .help = "the function that calls it" },
};
static const struct tenon_archive archive = {
    .struct_size = sizeof archive,
    .locate = pail_locate,
    .begin = pail_begin,
    .drop = pail_drop,
    .begin_entry = pail_begin_entry,
    .end_entry = pail_end_entry,
    .finish = pail_finish,
};
static const struct tenon_magic magics[] = { { 1, 4, 4, "PAIL" } };
static const char *const roots[] = { "one", NULL }, *const never[] = { "never", NULL };
#define WITH_OPTIONS .options = options, .option_size = sizeof options[0], .option_count = OPTIONS
#define KEYED(name, patterns, function)                                                                      \
    {                                                                                                        \
        .struct_size = sizeof (struct tenon_codec), .flags = TENON_CODEC_ARCHIVED | TENON_CODEC_APPENDS,     \
        .id = name, .describe = pailer_describe, .write = function, .root_keys = patterns, .archive = "pail" \
    }
static const struct tenon_codec table[] = {
    { .struct_size = sizeof table[0],
      .id = "caller",
      WITH_OPTIONS,
      .describe = caller_describe,
      .write = caller_write,
      .probe = caller_probe,
      .read = caller_read },
    { .struct_size = sizeof table[0],
      .flags = TENON_CODEC_APPENDS,
      .id = "pail",
      WITH_OPTIONS,
      .magics = magics,
      .magic_size = sizeof magics[0],
      .magic_count = 1,
      .describe = pail_list,
      .archive_functions = &archive },
    KEYED ("pailer", roots, pailer_write),
    KEYED ("summer", never, summer_write),
    KEYED ("memberer", never, member_write),
    KEYED ("packer", never, packer_write),
    KEYED ("nester", never, nester_write),
    { .struct_size = sizeof table[0], .id = "shed", .write = summer_write, .root_keys = never },
};
static const struct tenon_codec *const codecs[] = { &table[0], &table[1], &table[2], &table[3], &table[4],
                                                    &table[5], &table[6], &table[7], NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .name = "caller",
    .version = "1",
    .license = "MIT",
    .summary = "codecs that call any service from any function",
    .codecs = codecs,
};

TENON_PLUGIN (plugin)
