/* test_registry.c - what plugins may hand over, what refuses them, and how codecs are configured and found. */
#include "context.h"
#include <check.h>
#include <stdio.h>

static tenon_context *context;
static char why[TN_WHY_ROOM];

static void
setup (void)
{
    tenon_context_options options = { .struct_size = sizeof options, .flags = TENON_CONTEXT_NO_FILES | TENON_CONTEXT_NO_ENVIRONMENT };
    ck_assert_int_eq (tenon_context_new (&context, &options, NULL), TENON_OK);
}

static void
teardown (void)
{
    tenon_context_free (context);
}

/* ---- a plugin that may be spoilt ---- */

static tenon_status
describe (struct tenon_call *call)
{
    (void) call;
    return TENON_OK;
}

static uint64_t
bound (int32_t level, uint64_t size)
{
    return size + (uint64_t) level;
}

static void *
open_state (int32_t level, int32_t is_encoding)
{
    (void) level, (void) is_encoding;
    return NULL;
}

static void
close_state (void *state)
{
    (void) state;
}

static int64_t
encode (void *state, uint32_t flags, const void *from, uint64_t size, void *to, uint64_t room)
{
    (void) state, (void) flags, (void) from, (void) to, (void) room;
    return (int64_t) size;
}

static tenon_status
decode (void *state, uint32_t last, const void *from, uint64_t stored, void *to, uint64_t size)
{
    (void) state, (void) last, (void) from, (void) stored, (void) to, (void) size;
    return TENON_OK;
}

static tenon_status
reset_state (void *state)
{
    (void) state;
    return TENON_OK;
}

static const char *extensions[4];
static struct tenon_magic magics[2];
static struct tenon_option options[3];
static struct tenon_codec codec;
static struct tenon_filter filter;
static struct tenon_swap_field swap;
static struct tenon_dtype dtype;
static struct tenon_plugin plugin;
static const struct tenon_codec *codecs[2] = { &codec };
static const struct tenon_filter *filters[2] = { &filter };
static const struct tenon_dtype *dtypes[2] = { &dtype };

/* All tables good again. */
static void
reset (void)
{
    memcpy (extensions, (const char *[]){ "toy", "tar.toy", NULL, NULL }, sizeof extensions);
    magics[0] = magics[1] = (struct tenon_magic){ .length = 4, .bytes = "TOY!" };
    options[0] = (struct tenon_option){ sizeof options[0], TENON_OPTION_SIZE, "most", "1MiB", NULL, "at most", 1, 1e9, 0, 0 };
    options[1] = (struct tenon_option){ sizeof options[1], TENON_OPTION_CHOICE, "order", "keep", "keep c", NULL, 0, 0, 0, 0 };
    options[2] = (struct tenon_option){ sizeof options[2], TENON_OPTION_TEXT, "some.text", "", NULL, NULL, 0, 0, 0, 0 };
    codec = (struct tenon_codec){ .struct_size = sizeof codec, .id = "toy", .label = "Toy", .extensions = extensions, .magics = magics,
                                  .magic_size = sizeof magics[0], .magic_count = 2, .options = options,
                                  .option_size = sizeof options[0], .option_count = 3, .describe = describe };
    filter = (struct tenon_filter){ .struct_size = sizeof filter, .id = "turn", .open = open_state, .close = close_state,
                                    .bound = bound, .encode = encode, .decode = decode };
    swap = (struct tenon_swap_field){ 0, 2, 4 };
    dtype = (struct tenon_dtype){ .struct_size = sizeof dtype, .kind = TENON_KIND_BLOCK, .name = "q_toy", .block_items = 8,
                                  .block_bytes = 8, .swap = &swap, .swap_size = sizeof swap, .swap_count = 1 };
    plugin = (struct tenon_plugin){ .struct_size = sizeof plugin, .name = "toys", .version = "1", .codecs = codecs,
                                    .filters = filters, .dtypes = dtypes };
}

/* Nothing of a refused plugin may be left. */
static void
refused (tenon_status status, const char *words)
{
    uint64_t before = context->registry.codec_count;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "toys", NULL, why), status);
    ck_assert_str_eq (why, words);
    ck_assert (context->registry.codec_count == before && tn_dtype_find (context, "q_toy") == TENON_NONE
               && !tn_filter_find (context, "turn") && context->registry.plugin_count == before);
    reset ();
}
#define SPOILT(change, status, words)                                                                        \
    do {                                                                                                     \
        change;                                                                                              \
        refused (status, words);                                                                             \
    } while (0)

START_TEST (good_ones)
{
    reset ();
    ck_assert_int_eq (tn_registry_add (context, &plugin, "toys", "/a/toys.so", why), TENON_OK);
    const struct tn_codec *copy = context->registry.codecs[0];
    ck_assert (copy->table.magics != magics && copy->table.options != options && copy->plugin->table.license[0] == 0);
    ck_assert_str_eq (copy->table.options[1].help, "");
    ck_assert_str_eq (copy->plugin->file, "/a/toys.so");
    ck_assert_uint_eq (tn_dtype_find (context, "q_toy"), TENON_DTYPE_DYNAMIC);
    ck_assert_ptr_nonnull (tn_filter_find (context, "turn"));
    ck_assert_ptr_nonnull (tn_filter_find (context, "deflate"));
}
END_TEST

START_TEST (spoilt_plugins)
{
    reset ();
    SPOILT (plugin.struct_size = 0, TENON_E_MISUSE, "the struct_size of the plugin's table is 0, too small for any version");
    SPOILT (plugin.struct_size = 40, TENON_E_MISUSE, "the struct_size of the plugin's table is 40, too small for any version");
    SPOILT (plugin.min_host_minor = TENON_ABI_MINOR + 3, TENON_E_UNSUPPORTED, "wants minor 3 of the plugin interface and this is 0");
    SPOILT (plugin.flags = 0x20000, TENON_E_UNSUPPORTED,
            "the plugin has the flags 0x00020000, which this version does not know and must not ignore");
    SPOILT (plugin.name = "a b", TENON_E_MISUSE, "the plugin's name 'a b': 1 to 40 of letters, digits, - and _ are expected");
    SPOILT (plugin.name = NULL, TENON_E_MISUSE, "the plugin's name '(null)': 1 to 40 of letters, digits, - and _ are expected");
    plugin.filters = NULL, plugin.dtypes = NULL;
    SPOILT (plugin.codecs = NULL, TENON_E_MISUSE, "it registers nothing");
    plugin.flags = 0x8000, plugin.abi_minor = 99; /* low flags and newer plugins are fine */
    ck_assert_int_eq (tn_registry_add (context, &plugin, "toys", NULL, why), TENON_OK);
}
END_TEST

START_TEST (spoilt_codecs)
{
    reset ();
    SPOILT (codec.struct_size = 12, TENON_E_MISUSE, "the struct_size of a codec is 12, too small for any version");
    SPOILT (codec.id = "Toy", TENON_E_MISUSE, "codec 'Toy': 1 to 40 of a-z, 0-9, _ and - are expected");
    SPOILT (codec.id = "a.b", TENON_E_MISUSE, "codec 'a.b': 1 to 40 of a-z, 0-9, _ and - are expected");
    SPOILT (codec.id = "save", TENON_E_MISUSE, "codec save: the id is reserved for the configuration");
    SPOILT (codec.flags = 0x80000000u, TENON_E_UNSUPPORTED,
            "codec toy: it has the flags 0x80000000, which this version does not know and must not ignore");
    SPOILT (codec.describe = NULL, TENON_E_MISUSE, "codec toy: it can neither read nor write");
    SPOILT (codec.metadata = 3, TENON_E_UNSUPPORTED, "codec toy: it keeps metadata in the unknown way 3");
    SPOILT (extensions[1] = "Toy", TENON_E_MISUSE,
            "codec toy: extension 'Toy': lower case, without the dot before it and '/', is expected");
    SPOILT (extensions[0] = ".toy", TENON_E_MISUSE,
            "codec toy: extension '.toy': lower case, without the dot before it and '/', is expected");
    SPOILT (magics[1].bytes = NULL, TENON_E_MISUSE, "codec toy: its magic 1 has 4 bytes, 1 to 256 are expected");
    SPOILT (magics[0].length = 0, TENON_E_MISUSE, "codec toy: its magic 0 has 0 bytes, 1 to 256 are expected");
    SPOILT (magics[0].length = 65536, TENON_E_MISUSE, "codec toy: its magic 0 has 65536 bytes, 1 to 256 are expected");
    SPOILT (codec.magic_size = 8, TENON_E_MISUSE, "codec toy: it announces 2 magics of 8 bytes");
    SPOILT (codec.magics = NULL, TENON_E_MISUSE, "codec toy: it announces 2 magics of 24 bytes");
    SPOILT (codec.magic_count = UINT32_MAX, TENON_E_MISUSE, "codec toy: it announces 4294967295 magics of 24 bytes");
}
END_TEST

START_TEST (spoilt_options)
{
    reset ();
    SPOILT (codec.option_size = 4, TENON_E_MISUSE, "codec toy: it announces 3 options of 4 bytes");
    SPOILT (codec.option_count = 100000, TENON_E_MISUSE, "codec toy: it announces 100000 options of 64 bytes");
    SPOILT (options[1].struct_size = 0, TENON_E_MISUSE, "codec toy: the struct_size of an option is 0, too small for any version");
    SPOILT (options[1].name = "Order", TENON_E_MISUSE, "codec toy: option 'Order': 1 to 40 of a-z, 0-9, _ and . are expected");
    SPOILT (options[1].name = "priority", TENON_E_MISUSE, "codec toy: option priority: every codec has that key already");
    SPOILT (options[1].name = "most", TENON_E_MISUSE, "codec toy: it has two options named most");
    SPOILT (options[1].choices = "", TENON_E_MISUSE, "codec toy: option order has nothing to choose from");
    SPOILT (options[1].value = "none", TENON_E_MISUSE, "codec toy: default: order = 'none': expected is one of: keep c");
    SPOILT (options[0].value = NULL, TENON_E_MISUSE, "codec toy: option most has no default");
    SPOILT (options[0].value = "2GB", TENON_E_MISUSE,
            "codec toy: default: most = '2GB': expected is a size (as 4096, 64kB, 64KiB, 1GiB) from 1 to 1000000000");
    SPOILT (options[0].least = 2e9, TENON_E_MISUSE, "codec toy: option most: its range is empty");
    SPOILT (options[2].type = 9, TENON_E_UNSUPPORTED, "codec toy: option some.text has the unknown type 9");
    SPOILT (options[2].flags = 0x10000, TENON_E_UNSUPPORTED,
            "codec toy: some.text has the flags 0x00010000, which this version does not know and must not ignore");
}
END_TEST

START_TEST (spoilt_filters)
{
    reset ();
    SPOILT (filter.struct_size = 4, TENON_E_MISUSE, "the struct_size of a filter is 4, too small for any version");
    SPOILT (filter.id = "", TENON_E_MISUSE, "filter '': 1 to 40 of a-z, 0-9, _ . and - are expected");
    SPOILT (filter.open = NULL, TENON_E_MISUSE, "filter turn: open or close is missing");
    SPOILT (filter.bound = NULL, TENON_E_MISUSE, "filter turn: encode and bound need each other");
    SPOILT (filter.reset = reset_state, TENON_E_MISUSE, "filter turn: step and reset need each other");
    SPOILT (filter.decode = NULL, TENON_E_MISUSE,
            "filter turn: it has neither decode nor step, so nothing could read what it makes");
    SPOILT (filter.default_level = 1, TENON_E_MISUSE, "filter turn: its default level 1 is not between 0 and 0");
    SPOILT (filter.id = "deflate", TENON_E_EXISTS, "filter deflate: the core has that id already");
}
END_TEST

START_TEST (spoilt_dtypes)
{
    reset ();
    SPOILT (dtype.struct_size = 16, TENON_E_MISUSE, "the struct_size of a dtype is 16, too small for any version");
    SPOILT (dtype.name = NULL, TENON_E_MISUSE, "dtype '(null)': 1 to 40 of a-z, 0-9, _ . and - are expected");
    SPOILT (dtype.name = "f32", TENON_E_EXISTS, "dtype f32: the core has that name already");
    SPOILT (dtype.kind = TENON_KIND_PLAIN, TENON_E_MISUSE, "dtype q_toy is of kind 0: plugins register blocks only");
    SPOILT (dtype.block_items = 0, TENON_E_MISUSE, "dtype q_toy: a block of 0 items in 8 bytes");
    SPOILT (dtype.block_bytes = UINT64_MAX, TENON_E_MISUSE, "dtype q_toy: a block of 8 items in 18446744073709551615 bytes");
    SPOILT (dtype.alignment = 3, TENON_E_MISUSE, "dtype q_toy: its alignment 3 is no power of two");
    SPOILT (swap.count = 5, TENON_E_MISUSE, "dtype q_toy: swap field 0 (5 of 2 bytes from 0) is not inside its block");
    SPOILT (swap.offset = UINT32_MAX, TENON_E_MISUSE,
            "dtype q_toy: swap field 0 (4 of 2 bytes from 4294967295) is not inside its block");
    SPOILT (swap.size = 3, TENON_E_MISUSE, "dtype q_toy: swap field 0 (4 of 3 bytes from 0) is not inside its block");
    SPOILT (dtype.swap_size = 8, TENON_E_MISUSE, "dtype q_toy: it announces 1 swap fields of 8 bytes");
}
END_TEST

/* ---- structs of other sizes ---- */

struct long_option {
    struct tenon_option option;
    uint64_t more;
};

START_TEST (longer_and_shorter)
{
    struct {
        struct tenon_codec codec;
        uint64_t more[4];
    } longer;
    struct long_option long_options[2];
    reset ();
    for (int i = 0; i < 2; i++) {
        long_options[i].option = options[i];
        long_options[i].option.struct_size = sizeof long_options[i];
        long_options[i].more = UINT64_MAX;
    }
    memset (&longer, 0xee, sizeof longer);
    longer.codec = codec;
    longer.codec.struct_size = sizeof longer;
    longer.codec.options = &long_options[0].option;
    longer.codec.option_size = sizeof long_options[0];
    longer.codec.option_count = 2;
    codecs[0] = &longer.codec;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "longer", NULL, why), TENON_OK);
    codecs[0] = &codec;
    const struct tn_codec *copy = context->registry.codecs[0];
    ck_assert_uint_eq (copy->table.struct_size, sizeof copy->table);
    ck_assert_str_eq (copy->table.options[1].name, "order");
    /* one that ends before write, and before filters */
    codec.id = "short", codec.struct_size = offsetof (struct tenon_codec, write), codec.write = describe;
    plugin.struct_size = offsetof (struct tenon_plugin, filters);
    ck_assert_int_eq (tn_registry_add (context, &plugin, "shorter", NULL, why), TENON_OK);
    ck_assert (context->registry.codecs[1]->table.describe && !context->registry.codecs[1]->table.write);
    ck_assert_uint_eq (context->registry.filter_count, 2);
}
END_TEST

/* ---- ids that are taken ---- */

START_TEST (second_comer)
{
    reset ();
    ck_assert_int_eq (tn_registry_add (context, &plugin, "first", NULL, why), TENON_OK);
    plugin.filters = NULL, plugin.dtypes = NULL;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "second", NULL, why), TENON_E_EXISTS);
    ck_assert_str_eq (why, "codec toy: plugin first has that id already");
    plugin.codecs = NULL, plugin.filters = filters;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "second", NULL, why), TENON_E_EXISTS);
    ck_assert_str_eq (why, "filter turn: plugin first has that id already");
    plugin.filters = NULL, plugin.dtypes = dtypes;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "second", NULL, why), TENON_E_EXISTS);
    ck_assert_str_eq (why, "dtype q_toy: plugin first has that name already");
    ck_assert (context->registry.plugin_count == 1 && context->registry.codec_count == 1);
}
END_TEST

/* ---- configuring and finding ---- */

static tenon_error error;

/* Two codecs, toy and box, with the extension toy, configured by these settings. */
static tenon_status
configure (const char *const *settings)
{
    error = (tenon_error) TENON_ERROR_INIT;
    reset ();
    ck_assert_int_eq (tn_registry_add (context, &plugin, "first", NULL, why), TENON_OK);
    codec.id = "box", plugin.filters = NULL, plugin.dtypes = NULL;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "second", NULL, why), TENON_OK);
    for (; *settings; settings++)
        ck_assert_int_eq (tn_settings_read_word (&context->settings, *settings, "test", &error), TENON_OK);
    return tn_registry_configure (context, &error);
}
#define CONFIGURE(...) configure ((const char *[]){ __VA_ARGS__, NULL })

START_TEST (finding)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("box.extensions=.box, toy  tar.gz,", "toy.most=5"), TENON_OK);
    ck_assert (tn_codec_find (context, "box", &found, &error) == TENON_OK && found == 1);
    ck_assert (tn_codec_find (context, "tar.gz", &found, &error) == TENON_OK && found == 1);
    ck_assert (tn_codec_find (context, "tar.toy", &found, &error) == TENON_OK && found == 0);
    ck_assert (tn_codec_find (context, "toy", &found, &error) == TENON_OK && found == 0); /* ids before extensions */
    ck_assert_int_eq (tn_codec_find (context, "tyo", &found, &error), TENON_E_NOT_FOUND);
    ck_assert_str_eq (error.message, "there is no codec 'tyo', and none with that extension; did you mean 'toy'?");
    ck_assert_int_eq (context->registry.codecs[0]->settings[0].integer, 5);
    ck_assert_str_eq (context->registry.codecs[0]->settings[0].origin, "test");
    ck_assert_str_eq (context->registry.codecs[1]->settings[0].text, "1MiB");
}
END_TEST

START_TEST (ties)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("toy.priority=0"), TENON_OK);
    ck_assert_int_eq (tn_codec_find (context, "tar.toy", &found, &error), TENON_E_AMBIGUOUS);
    ck_assert_str_eq (error.message, "the codecs toy and box both have the extension 'tar.toy': name one, or set priority in [codec box]");
}
END_TEST

START_TEST (priorities)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("box.priority=-1"), TENON_OK);
    ck_assert (tn_codec_find (context, "tar.toy", &found, &error) == TENON_OK && found == 0);
}
END_TEST

START_TEST (disabled)
{
    uint64_t found = 99;
    ck_assert_int_eq (CONFIGURE ("toy.enabled=no", "toy.order=c"), TENON_OK);
    ck_assert_uint_eq (tenon_codec_count (context), 1);
    ck_assert (tn_codec_find (context, "tar.toy", &found, &error) == TENON_OK && found == 0);
    tenon_report_entry entry = { .struct_size = sizeof entry };
    uint64_t last = tenon_report_count (context->report) - 1;
    ck_assert_int_eq (tenon_report_get (context->report, last, &entry), TENON_OK);
    ck_assert (entry.kind == TENON_VERDICT && entry.status == TENON_E_CONFIG && entry.chosen == 0);
    ck_assert_str_eq (entry.message, "codec toy is disabled at test");
}
END_TEST

START_TEST (wrong_settings)
{
    static const struct {
        const char *word, *message;
    } wrong[] = {
        { "toy.mots=5", "test: [codec toy] has no key 'mots'; did you mean 'most'?" },
        { "toy.most=0", "test: [codec toy] most = '0': expected is a size (as 4096, 64kB, 64KiB, 1GiB) from 1 to 1000000000" },
        { "toy.enabled=2", "test: [codec toy] enabled = '2': expected is yes or no" },
        { "toy.priority=high", "test: [codec toy] priority = 'high': expected is a whole number from -1000000 to 1000000" },
        { "toy.extensions=a b/c", "test: extensions: 'b/c' is none: expected are lower case and no '/'" },
        { "box.order=f", "test: [codec box] order = 'f': expected is one of: keep c" },
    };
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        ck_assert_int_eq (CONFIGURE (wrong[i].word), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, wrong[i].message);
        teardown ();
        setup ();
    }
}
END_TEST

/* ---- settings of one call ---- */

START_TEST (overlays)
{
    static const struct {
        const char *word, *message;
    } wrong[] = {
        { "most=1", "the program: 'most=1': CODEC.KEY=VALUE is expected" },
        { "toy.most", "the program: 'toy.most': CODEC.KEY=VALUE is expected" },
        { "tyo.most=1", "the program: there is no codec 'tyo'; did you mean 'toy'?" },
        { "core.threads=1", "the program: core.…: is set for the whole context, not for one file" },
        { "toy.priority=1", "the program: toy.priority is set for the whole context, not for one file" },
        { "toy.odrer=c", "the program: codec toy has no option 'odrer'; did you mean 'order'?" },
        { "toy.order=x", "the program: [codec toy] order = 'x': expected is one of: keep c" },
    };
    struct tn_overlay overlay = { 0 };
    struct tenon_setting setting;
    ck_assert_int_eq (CONFIGURE ("toy.most=7"), TENON_OK);
    ck_assert_int_eq (tn_overlay_read (context, NULL, &overlay, &error), TENON_OK);
    ck_assert (tn_overlay_get (context, NULL, 0, 0, &setting) && setting.integer == 7);
    const char *words[] = { "toy.most=8", "codec.toy.most=9", "box.some.text=a=b", NULL };
    ck_assert_int_eq (tn_overlay_read (context, words, &overlay, &error), TENON_OK);
    ck_assert (tn_overlay_get (context, &overlay, 0, 0, &setting) && setting.integer == 9);
    ck_assert_str_eq (setting.origin, "the program");
    ck_assert (tn_overlay_get (context, &overlay, 1, 2, &setting) && strcmp (setting.text, "a=b") == 0);
    ck_assert (tn_overlay_get (context, &overlay, 1, 0, &setting) && setting.integer == 1048576);
    ck_assert (!tn_overlay_get (context, &overlay, 0, 3, &setting) && !tn_overlay_get (context, &overlay, 2, 0, &setting));
    tn_overlay_free (&overlay);
    for (size_t i = 0; i < TN_COUNT (wrong); i++) {
        const char *list[] = { "toy.most=8", wrong[i].word, NULL };
        error = (tenon_error) TENON_ERROR_INIT;
        ck_assert_int_eq (tn_overlay_read (context, list, &overlay, &error), TENON_E_CONFIG);
        ck_assert_str_eq (error.message, wrong[i].message);
        ck_assert_ptr_null (overlay.entries);
    }
}
END_TEST

/* ---- what applications see ---- */

START_TEST (questions)
{
    tenon_codec_info info = { .struct_size = sizeof info };
    tenon_filter_info seen = { .struct_size = sizeof seen };
    struct tenon_option option = { .struct_size = sizeof option };
    struct tenon_setting setting = { .struct_size = sizeof setting };
    ck_assert_int_eq (CONFIGURE ("toy.most=7", "toy.extensions="), TENON_OK);
    ck_assert_int_eq (tenon_codec_get (context, 0, &info), TENON_OK);
    ck_assert (info.flags == TENON_CAN_READ && info.option_count == 3 && info.extensions[0] == NULL && !info.plugin_file);
    ck_assert_str_eq (info.plugin, "first");
    ck_assert_int_eq (tenon_codec_option (context, 0, 0, &option, &setting), TENON_OK);
    ck_assert (strcmp (option.name, "most") == 0 && setting.integer == 7);
    ck_assert_int_eq (tenon_codec_option (context, 0, 3, &option, NULL), TENON_E_NOT_FOUND);
    ck_assert_int_eq (tenon_codec_get (context, 2, &info), TENON_E_NOT_FOUND);
    ck_assert_uint_eq (tenon_filter_count (context), 2);
    ck_assert_int_eq (tenon_filter_get (context, 0, &seen), TENON_OK);
    ck_assert (strcmp (seen.id, "deflate") == 0 && strcmp (seen.plugin, "core") == 0 && seen.most_level == 9);
    ck_assert_int_eq (tenon_filter_get (context, 1, &seen), TENON_OK);
    ck_assert_str_eq (seen.plugin, "first");
    ck_assert_int_eq (tenon_filter_get (context, 2, &seen), TENON_E_NOT_FOUND);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("registry");
    TCase *tests = tcase_create ("registry");
    const TTest *const all[] = { good_ones, spoilt_plugins, spoilt_codecs, spoilt_options, spoilt_filters, spoilt_dtypes,
                                 longer_and_shorter, second_comer, finding, ties, priorities, disabled, wrong_settings,
                                 overlays, questions };
    tcase_add_checked_fixture (tests, setup, teardown);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
