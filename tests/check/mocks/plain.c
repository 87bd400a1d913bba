/* SPDX-License-Identifier: MIT */
/* plain.c - a mock plugin (mock.h): one codec of files with any number of tensors, and texts as metadata.
 *
 *     "MOCKPLN1" · u32 0 or TENON_BIG_ENDIAN · u32 alignment, a power of two · u32 tensors · u32 entries
 *     each tensor   u16 length, name · u16 length, dtype · u32 rank · rank × u64 dim · u64 offset
 *     each entry    u16 length, key · u32 length, text
 *
 * and the data, in C order. Numbers of the header are little-endian. plain_write.c writes it. */
#include "plain.h"
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_DIMS 64

/* ---- faults of the whole process ---- */

static void *
wait_here (void *nothing)
{
    pause ();
    return nothing;
}

static void
disturb_process (struct tenon_call *call)
{
    static struct tenon_call *kept;
    static uint64_t kept_secret; /* the context of `kept` is still there if its secret is the same */
    struct tenon_source_info info = { .struct_size = sizeof info };
    pthread_t thread;
    if (MOCK (calls_open))
        close (open ("/dev/null", O_RDONLY));
    if (MOCK (leaks)) {
        char *volatile lost = (char *) malloc (300);
        (void) lost;
    }
    if (MOCK (leaves_descriptor))
        (void) !open ("/dev/null", O_RDONLY);
    if (MOCK (leaves_thread) && pthread_create (&thread, NULL, wait_here, NULL) == 0)
        pthread_detach (thread);
    if (MOCK (changes_folder))
        (void) !chdir ("/");
    if (MOCK (sets_environment))
        setenv ("MOCK", "1", 1);
    if (MOCK (sets_locale))
        setlocale (LC_ALL, "C.UTF-8");
    if (MOCK (sets_signal))
        signal (SIGTERM, SIG_IGN);
    if (MOCK (sets_umask))
        umask (0);
    if (MOCK (prints))
        puts ("plain: describing a file");
    if (MOCK (wrong_service))
        (void) call->host->tell (call);
    const int noticed = MOCK (keeps_call) && getenv ("TENON_DEBUG"); /* else the library crashes */
    if (noticed && kept && kept_secret == call->host->hash (call, "x", 1))
        (void) call->host->source_info (kept, 0, &info);
    if (noticed) {
        kept = call;
        kept_secret = call->host->hash (call, "x", 1);
    }
}

/* ---- reading ---- */

/* Records a failure. Not static: -fvisibility=hidden hides it. */
tenon_status
plain_refuse (struct tenon_call *call, tenon_status status, uint64_t offset, const char *words)
{
    if (MOCK (exits))
        exit (3);
    if (MOCK (answers_positive))
        return 5;
    if (MOCK (no_words))
        return status;
    if (MOCK (offset_beyond) && offset != TENON_AUTO)
        offset += (uint64_t) 1 << 40;
    return tenon_fail (call, status, MOCK (no_place) ? TENON_AUTO : offset, "%s", words);
}

/* A text of `size` bytes in scratch memory, with a NUL behind it. */
static const char *
take_text (struct tenon_cursor *cursor, uint64_t size, const char *what)
{
    static char shared[65536];
    char *text = NULL;
    if (!MOCK (ignores_null) && !MOCK (static_buffer))
        return tenon_take_text (cursor, size, what);
    const uint8_t *bytes = tenon_take (cursor, size, what);
    if (!bytes)
        return NULL;
    text = MOCK (static_buffer) ? shared : cursor->call->host->scratch (cursor->call, size + 1);
    memcpy (text, bytes, size < sizeof shared ? size : sizeof shared - 1);
    text[size < sizeof shared ? size : sizeof shared - 1] = 0;
    return text;
}

/* The rest of a tensor, behind its name. */
static tenon_status
take_shape (struct tenon_cursor *cursor, struct tenon_tensor *tensor, uint64_t shape[MOST_DIMS])
{
    uint64_t at = cursor->position;
    TENON_TRY (tenon_take_u32 (cursor, &tensor->rank, "a rank"));
    if (tensor->rank > MOST_DIMS && !MOCK (trusts_rank))
        return plain_refuse (cursor->call, TENON_E_MALFORMED, at, "the rank is above 64");
    memset (shape, 0, sizeof shape[0] * tensor->rank);
    for (uint32_t i = 0; i < tensor->rank; i++)
        TENON_TRY (tenon_take_u64 (cursor, &shape[i], "a dim"));
    tensor->shape = shape;
    return tenon_take_u64 (cursor, &tensor->offset, "an offset");
}

/* A refusal of what the cursor would refuse, and with its place: for a mock. */
static tenon_status
want_bytes (const struct tenon_cursor *cursor, uint64_t length)
{
    return cursor->position > cursor->end || length > cursor->end - cursor->position
               ? plain_refuse (cursor->call, TENON_E_TRUNCATED, cursor->position, "the header ends early")
               : TENON_OK;
}

static tenon_status
take_tensor (struct tenon_cursor *cursor, uint32_t flags)
{
    struct tenon_call *call = cursor->call;
    struct tenon_tensor tensor = {
        .struct_size = sizeof tensor, .flags = flags, .length = TENON_AUTO, .place = cursor->position
    };
    uint64_t shape[MOST_DIMS], at;
    uint16_t length;
    TENON_TRY (tenon_take_u16 (cursor, &length, "the length of a name"));
    TENON_TRY (MOCK (no_place) || MOCK (offset_beyond) ? want_bytes (cursor, length + 20u) : TENON_OK);
    tensor.name = take_text (cursor, length, "a name");
    tensor.name_length = length;
    if (!tensor.name)
        return TENON_E_TRUNCATED;
    at = cursor->position;
    TENON_TRY (tenon_take_u16 (cursor, &length, "the length of a dtype"));
    const char *dtype = tenon_take_text (cursor, length, "a dtype");
    if (!dtype)
        return TENON_E_TRUNCATED;
    tensor.dtype = call->host->dtype_find (call, dtype);
    if (!tensor.dtype)
        return plain_refuse (call, TENON_E_MALFORMED, at, "there is no dtype of this name");
    TENON_TRY (take_shape (cursor, &tensor, shape));
    if (MOCK (static_buffer))
        sched_yield ();
    return call->host->add_tensor (call, &tensor);
}

static tenon_status
take_entry (struct tenon_cursor *cursor)
{
    struct tenon_call *call = cursor->call;
    struct tenon_value value = { .type = TENON_STRING, .source = TENON_NO_SOURCE };
    uint32_t length;
    uint16_t key_length;
    TENON_TRY (tenon_take_u16 (cursor, &key_length, "the length of a key"));
    TENON_TRY (MOCK (no_place) || MOCK (offset_beyond) ? want_bytes (cursor, key_length + 4u) : TENON_OK);
    const char *key = tenon_take_text (cursor, key_length, "a key");
    if (!key)
        return TENON_E_TRUNCATED;
    TENON_TRY (tenon_take_u32 (cursor, &length, "the length of a text"));
    if (MOCK (reads_beyond)) { /* where the next entry begins */
        const uint8_t *rest = call->host->view (call, 0, cursor->position, cursor->end - cursor->position);
        if (!rest || ((const volatile uint8_t *) rest)[length] == 0xff)
            return TENON_E_TRUNCATED;
    }
    value.as.string = tenon_take_text (cursor, length, "a text");
    value.count = length;
    return value.as.string ? call->host->add_metadata (call, key, key_length, &value) : TENON_E_TRUNCATED;
}

static tenon_status
check_header (struct tenon_call *call, uint32_t flags, uint32_t alignment, uint32_t tensors)
{
    if (flags & ~(uint32_t) TENON_BIG_ENDIAN)
        return plain_refuse (call, TENON_E_MALFORMED, 8, "the flags have a bit that has no meaning");
    for (uint32_t power = 1; MOCK (loops_for_ever) && power != alignment;)
        power *= 2;
    if (alignment == 0 || alignment & (alignment - 1))
        return plain_refuse (call, TENON_E_MALFORMED, 12, "the alignment is no power of two");
    if (MOCK (allocates_by_count) && tensors > 0 && tensors < 1u << 26) { /* 512 MiB at most */
        volatile char *table = malloc ((size_t) tensors * 8);
        if (!table)
            return plain_refuse (call, TENON_E_MEMORY, TENON_AUTO, "no memory for the table");
        for (size_t i = 0; i < (size_t) tensors * 8; i += 4096)
            table[i] = 1;
        free ((char *) table);
    }
    return TENON_OK;
}

/* Adds the entry of a mock that does so from its second time on. */
static tenon_status
add_count (struct tenon_call *call)
{
    static volatile uint32_t times;
    static const struct tenon_value value = {
        .type = TENON_STRING, .source = TENON_NO_SOURCE, .count = 5, .as.string = "again"
    };
    return times++ > 0 && MOCK (adds_later) ? call->host->add_metadata (call, "seen", 4, &value) : TENON_OK;
}

static tenon_status
describe_plain (struct tenon_call *call)
{
    struct tenon_cursor cursor;
    uint32_t flags, alignment, tensors, entries;
    disturb_process (call);
    TENON_TRY (tenon_cursor_open (&cursor, call, 0, 8));
    TENON_TRY (tenon_take_u32 (&cursor, &flags, "the flags"));
    TENON_TRY (tenon_take_u32 (&cursor, &alignment, "the alignment"));
    TENON_TRY (tenon_take_u32 (&cursor, &tensors, "the number of tensors"));
    TENON_TRY (tenon_take_u32 (&cursor, &entries, "the number of entries"));
    TENON_TRY (check_header (call, flags, alignment, tensors));
    call->host->expect (call, tensors, entries);
    for (uint32_t i = 0; i < tensors; i++) {
        for (uint32_t k = 0; MOCK (quadratic_describe) && k < i;
             k++) { /* looks for the name among all before */
            struct tenon_tensor other = { .struct_size = sizeof other };
            TENON_TRY (call->host->described (call, k, &other));
        }
        TENON_TRY (take_tensor (&cursor, flags));
    }
    for (uint32_t i = 0; i < entries; i++)
        TENON_TRY (take_entry (&cursor));
    return MOCK (adds_later) || MOCK (counts) ? add_count (call) : TENON_OK;
}

/* ---- the tables ---- */

static int32_t
claim_all (struct tenon_call *call)
{
    (void) call;
    return 100;
}

static const struct tenon_magic magics[] = { { 0, 8, 0, PLAIN_MAGIC } };
static const char *const extensions[] = { MOCK (upper_extension)    ? "MockPlain"
                                          : MOCK (dotted_extension) ? ".mockplain"
                                                                    : "mockplain",
                                          NULL };
static const struct tenon_option options[] = {
    { .struct_size = sizeof options[0],
      .type = TENON_OPTION_CHOICE,
      .name = "order",
      .value = "little",
      .choices = "little big",
      .help = "the order of the bytes of an item",
      .flags = TENON_OPTION_FOR_WRITING },
    { .struct_size = sizeof options[0],
      .type = TENON_OPTION_INTEGER,
      .name = "log_alignment",
      .value = MOCK (bad_default) ? "13" : "4",
      .help =
          MOCK (no_help) ? "" : "the data of a tensor begin at a multiple of 2 to the power of this number",
      .least = 0,
      .most = 12,
      .flags = TENON_OPTION_FOR_WRITING },
};
static const struct tenon_codec codec = {
    .struct_size = sizeof codec,
    .flags = MOCK (shares_bytes) ? TENON_CODEC_ALIASES : 0,
    .id = MOCK (bad_id) ? "mock plain" : "mockplain",
    .label = "a plain mock",
    .extensions = extensions,
    .magics = magics,
    .magic_size = sizeof magics[0],
    .magic_count = 1,
    .options = options,
    .option_size = sizeof options[0],
    .option_count = sizeof options / sizeof options[0],
    .metadata = TENON_METADATA_STRINGS,
    .describe = describe_plain,
    .write = plain_write,
    .probe = MOCK (claims_all) ? claim_all : NULL,
};
static const struct tenon_codec *const codecs[] = { &codec, NULL };
static const struct tenon_plugin plugin = {
    .struct_size = sizeof plugin,
    .abi_minor = TENON_ABI_MINOR,
    .min_host_minor = MOCK (too_new) ? 999 : 0,
    .name = MOCK (other_name) ? "plane" : "plain",
    .version = "1.0",
    .license = MOCK (no_license) ? "" : "MIT",
    .summary = "a plain codec for the tests of tenon check-plugin",
    .codecs = codecs,
};

const struct tenon_plugin *
TENON_PLUGIN_SYMBOL (const struct tenon_host *host)
{
    (void) host;
    if (MOCK (waits_at_load))
        pause ();
    return &plugin;
}
