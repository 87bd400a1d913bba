/* SPDX-License-Identifier: MIT */
/* test_registry.c - the tables of plugins: what is accepted, what is refused. */
#include "context/cause.h"
#include "toy.h"

/* A refused plugin must leave nothing behind. */
static void
expect_refused (tenon_status status, const char *words)
{
    uint64_t before = context->registry.codec_count;
    ck_assert_int_eq (tn_registry_add (context, &plugin, "toys", NULL, why), status);
    ck_assert_str_eq (why, words);
    ck_assert (context->registry.codec_count == before && tn_dtype_find (context, "q_toy") == TENON_NONE
               && !tn_filter_find (context, "turn") && context->registry.plugin_count == before);
    reset_plugin ();
}
#define SPOILT(change, status, words)                                                                        \
    do {                                                                                                     \
        change;                                                                                              \
        expect_refused (status, words);                                                                      \
    } while (0)

START_TEST (good_ones)
{
    reset_plugin ();
    ck_assert_int_eq (tn_registry_add (context, &plugin, "toys", "/a/toys.so", why), TENON_OK);
    const struct tn_codec *copy = context->registry.codecs[0];
    ck_assert (copy->table.magics != magics && copy->table.options != options
               && copy->plugin->table.license[0] == 0);
    ck_assert_str_eq (copy->table.options[1].help, "");
    ck_assert_str_eq (copy->plugin->file, "/a/toys.so");
    ck_assert_uint_eq (tn_dtype_find (context, "q_toy"), TENON_DTYPE_DYNAMIC);
    ck_assert_ptr_nonnull (tn_filter_find (context, "turn"));
}
END_TEST

START_TEST (spoilt_plugins)
{
    reset_plugin ();
    SPOILT (plugin.struct_size = 0, TENON_E_MISUSE,
            "the struct_size of the plugin's table is 0, too small for any version");
    SPOILT (plugin.struct_size = 40, TENON_E_MISUSE,
            "the struct_size of the plugin's table is 40, too small for any version");
    SPOILT (plugin.min_host_minor = TENON_ABI_MINOR + 3, TENON_E_UNSUPPORTED,
            "wants minor 3 of the plugin interface and this is 0");
    SPOILT (plugin.flags = 0x20000, TENON_E_UNSUPPORTED,
            "the plugin has the flags 0x00020000, which this version does not know and must not ignore");
    SPOILT (plugin.name = "a b", TENON_E_MISUSE,
            "the plugin's name 'a b': 1 to 40 of letters, digits, - and _ are expected");
    SPOILT (plugin.name = NULL, TENON_E_MISUSE,
            "the plugin's name '(null)': 1 to 40 of letters, digits, - and _ are expected");
    plugin.filters = NULL, plugin.dtypes = NULL;
    SPOILT (plugin.codecs = NULL, TENON_E_MISUSE, "it registers nothing");
    plugin.flags = 0x8000, plugin.abi_minor = 99; /* low flags and newer plugins are fine */
    ck_assert_int_eq (tn_registry_add (context, &plugin, "toys", NULL, why), TENON_OK);
}
END_TEST

START_TEST (spoilt_codecs)
{
    reset_plugin ();
    SPOILT (codec.struct_size = 12, TENON_E_MISUSE,
            "the struct_size of a codec is 12, too small for any version");
    SPOILT (codec.id = "Toy", TENON_E_MISUSE, "codec 'Toy': 1 to 40 of a-z, 0-9, _ and - are expected");
    SPOILT (codec.id = "a.b", TENON_E_MISUSE, "codec 'a.b': 1 to 40 of a-z, 0-9, _ and - are expected");
    SPOILT (codec.id = "save", TENON_E_MISUSE, "codec save: the id is reserved for the configuration");
    SPOILT (codec.flags = 0x80000000u, TENON_E_UNSUPPORTED,
            "codec toy: it has the flags 0x80000000, which this version does not know and must not ignore");
    SPOILT (codec.describe = NULL, TENON_E_MISUSE, "codec toy: it can neither read nor write");
    SPOILT (codec.shard_flags = 0x10000, TENON_E_UNSUPPORTED,
            "codec toy: what it says of its sets has the flags 0x00010000, which this version does not know "
            "and must not "
            "ignore");
    SPOILT (codec.shard_flags = TENON_SHARDS_FIRST_OPENS, TENON_E_MISUSE,
            "codec toy: the first shard opens all, but its sets are not numbered");
    SPOILT (codec.set_index = ".index", TENON_E_MISUSE, "codec toy: the extension of its index is '.index'");
    codec.flags = TENON_CODEC_HIDDEN;
    SPOILT (codec.set_index = "index", TENON_E_MISUSE,
            "codec toy: it is hidden, so it cannot have root keys, members or sets");
    SPOILT (codec.metadata = 4, TENON_E_UNSUPPORTED, "codec toy: it keeps metadata in the unknown way 4");
    SPOILT (extensions[1] = "Toy", TENON_E_MISUSE,
            "codec toy: extension 'Toy': lower case, without the dot before it and '/', is expected");
    SPOILT (extensions[0] = ".toy", TENON_E_MISUSE,
            "codec toy: extension '.toy': lower case, without the dot before it and '/', is expected");
    SPOILT (magics[1].bytes = NULL, TENON_E_MISUSE,
            "codec toy: its magic 1 has 4 bytes, 1 to 256 are expected");
    SPOILT (magics[0].length = 0, TENON_E_MISUSE,
            "codec toy: its magic 0 has 0 bytes, 1 to 256 are expected");
    SPOILT (magics[0].length = 65536, TENON_E_MISUSE,
            "codec toy: its magic 0 has 65536 bytes, 1 to 256 are expected");
    static const char *const ids[] = { "deflate", "De Flate", NULL };
    static const struct tenon_archive archive = { .struct_size = sizeof archive, .filters = ids };
    SPOILT (codec.archive_functions = &archive, TENON_E_MISUSE,
            "codec toy: the list of its members' filters does not end in NULL, or has ids that no filter can "
            "have");
    SPOILT (codec.magic_size = 8, TENON_E_MISUSE, "codec toy: it announces 2 magics of 8 bytes");
    SPOILT (codec.magics = NULL, TENON_E_MISUSE, "codec toy: it announces 2 magics of 24 bytes");
    SPOILT (codec.magic_count = UINT32_MAX, TENON_E_MISUSE,
            "codec toy: it announces 4294967295 magics of 24 bytes");
}
END_TEST

START_TEST (spoilt_options)
{
    reset_plugin ();
    SPOILT (codec.option_size = 4, TENON_E_MISUSE, "codec toy: it announces 3 options of 4 bytes");
    SPOILT (codec.option_count = 100000, TENON_E_MISUSE,
            "codec toy: it announces 100000 options of 64 bytes");
    SPOILT (options[1].struct_size = 0, TENON_E_MISUSE,
            "codec toy: the struct_size of an option is 0, too small for any version");
    SPOILT (options[1].name = "Order", TENON_E_MISUSE,
            "codec toy: option 'Order': 1 to 40 of a-z, 0-9, _ and . are expected");
    SPOILT (options[1].name = "priority", TENON_E_MISUSE,
            "codec toy: option priority: every codec has that key already");
    SPOILT (options[1].name = "most", TENON_E_MISUSE, "codec toy: it has two options named most");
    SPOILT (options[1].choices = "", TENON_E_MISUSE, "codec toy: option order has nothing to choose from");
    options[1].type = TENON_OPTION_FILTER;
    SPOILT (options[1].choices = "", TENON_E_MISUSE, "codec toy: option order has nothing to choose from");
    options[1].type = TENON_OPTION_FILTER, options[1].choices = NULL;
    SPOILT (options[1].value = "A", TENON_E_MISUSE,
            "codec toy: default: order = 'A': expected is none or the id of a filter");
    SPOILT (options[1].value = "none", TENON_E_MISUSE,
            "codec toy: default: order = 'none': expected is one of: keep c");
    SPOILT (options[0].value = NULL, TENON_E_MISUSE, "codec toy: option most has no default");
    SPOILT (options[0].value = "2GB", TENON_E_MISUSE,
            "codec toy: default: most = '2GB': expected is a size (as 4096, 64kB, 64KiB, 1GiB) from 1 to "
            "1000000000");
    SPOILT (options[0].least = 2e9, TENON_E_MISUSE, "codec toy: option most: its range is empty");
    SPOILT (options[2].type = 9, TENON_E_UNSUPPORTED, "codec toy: option some.text has the unknown type 9");
    SPOILT (options[2].flags = 0x10000, TENON_E_UNSUPPORTED,
            "codec toy: some.text has the flags 0x00010000, which this version does not know and must not "
            "ignore");
}
END_TEST

START_TEST (spoilt_filters)
{
    reset_plugin ();
    SPOILT (filter.struct_size = 4, TENON_E_MISUSE,
            "the struct_size of a filter is 4, too small for any version");
    SPOILT (filter.id = "", TENON_E_MISUSE, "filter '': 1 to 40 of a-z, 0-9, _ . / and - are expected");
    SPOILT (filter.id = "none", TENON_E_MISUSE, "filter none: this id means 'no filter'");
    SPOILT (filter.open = NULL, TENON_E_MISUSE, "filter turn: open or close is missing");
    SPOILT (filter.bound = NULL, TENON_E_MISUSE, "filter turn: encode and bound need each other");
    SPOILT (filter.reset = reset_state, TENON_E_MISUSE, "filter turn: step and reset need each other");
    SPOILT (filter.decode = NULL, TENON_E_MISUSE,
            "filter turn: it has neither decode nor step, so nothing could read what it makes");
    SPOILT (filter.default_level = 1, TENON_E_MISUSE,
            "filter turn: its default level 1 is not between 0 and 0");
}
END_TEST

START_TEST (spoilt_dtypes)
{
    reset_plugin ();
    SPOILT (dtype.struct_size = 16, TENON_E_MISUSE,
            "the struct_size of a dtype is 16, too small for any version");
    SPOILT (dtype.name = NULL, TENON_E_MISUSE, "dtype '(null)': 1 to 40 of a-z, 0-9, _ . and - are expected");
    SPOILT (dtype.name = "f32", TENON_E_EXISTS, "dtype f32: the core has that name already");
    SPOILT (dtype.kind = TENON_KIND_PLAIN, TENON_E_MISUSE,
            "dtype q_toy is of kind 0: plugins register blocks only");
    SPOILT (dtype.block_items = 0, TENON_E_MISUSE, "dtype q_toy: a block of 0 items in 8 bytes");
    SPOILT (dtype.block_bytes = UINT64_MAX, TENON_E_MISUSE,
            "dtype q_toy: a block of 8 items in 18446744073709551615 bytes");
    SPOILT (dtype.alignment = 3, TENON_E_MISUSE, "dtype q_toy: its alignment 3 is no power of two");
    SPOILT (swap.count = 5, TENON_E_MISUSE,
            "dtype q_toy: swap field 0 (5 of 2 bytes from 0) is not inside its block");
    SPOILT (swap.offset = UINT32_MAX, TENON_E_MISUSE,
            "dtype q_toy: swap field 0 (4 of 2 bytes from 4294967295) is not inside its block");
    SPOILT (swap.size = 3, TENON_E_MISUSE,
            "dtype q_toy: swap field 0 (4 of 3 bytes from 0) is not inside its block");
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
    reset_plugin ();
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
    ck_assert_int_eq (register_as ("longer"), TENON_OK);
    codecs[0] = &codec;
    const struct tn_codec *copy = context->registry.codecs[0];
    ck_assert_uint_eq (copy->table.struct_size, sizeof copy->table);
    ck_assert_str_eq (copy->table.options[1].name, "order");
    /* structs that end before write, and before filters */
    codec.id = "short", codec.struct_size = offsetof (struct tenon_codec, write), codec.write = toy_describe;
    plugin.struct_size = offsetof (struct tenon_plugin, filters);
    ck_assert_int_eq (register_as ("shorter"), TENON_OK);
    ck_assert (context->registry.codecs[1]->table.describe && !context->registry.codecs[1]->table.write);
    ck_assert_uint_eq (context->registry.filter_count, 1);
}
END_TEST

/* ---- ids that are taken ---- */

START_TEST (second_comer)
{
    char cause[TN_CAUSE_ROOM];
    reset_plugin ();
    ck_assert_int_eq (register_as ("first"), TENON_OK);
    plugin.filters = NULL, plugin.dtypes = NULL;
    ck_assert_int_eq (register_as ("second"), TENON_E_EXISTS);
    ck_assert_str_eq (why, "codec toy: plugin first has that id already");
    ck_assert (tn_cause_find (context, "x.toy", 5, NULL, cause));
    ck_assert_str_eq (cause, "the codec toy of the plugin second is not in use: refused: codec toy: plugin "
                             "first has that id already");
    ck_assert (!tn_cause_find (context, "x.other", 7, NULL, cause));
    plugin.codecs = NULL, plugin.filters = filters;
    ck_assert_int_eq (register_as ("second"), TENON_E_EXISTS);
    ck_assert_str_eq (why, "filter turn: plugin first has that id already");
    plugin.filters = NULL, plugin.dtypes = dtypes;
    ck_assert_int_eq (register_as ("second"), TENON_E_EXISTS);
    ck_assert_str_eq (why, "dtype q_toy: plugin first has that name already");
    ck_assert (context->registry.plugin_count == 1 && context->registry.codec_count == 1);
}
END_TEST

int
main (void)
{
    Suite *suite = suite_create ("registry");
    TCase *tests = tcase_create ("registry");
    const TTest *const all[] = { good_ones,      spoilt_plugins, spoilt_codecs,      spoilt_options,
                                 spoilt_filters, spoilt_dtypes,  longer_and_shorter, second_comer };
    tcase_add_checked_fixture (tests, set_up, tear_down);
    for (size_t i = 0; i < TN_COUNT (all); i++)
        tcase_add_test (tests, all[i]);
    suite_add_tcase (suite, tests);
    SRunner *runner = srunner_create (suite);
    srunner_run_all (runner, CK_NORMAL);
    int failed = srunner_ntests_failed (runner);
    srunner_free (runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
