/* SPDX-License-Identifier: MIT */
/* test_bad_stores.c - archives and keyed codecs that misbehave while a file is opened, here and in an
 * isolated child: a failure with words, or nothing that anyone could see. */
#include "kit.h"

static const struct {
    const char *codec;
    tenon_status status;
    const char *words; /* TENON_OK: the names of the tensors */
} bad[] = {
    { "list_good", TENON_OK, "a b/../c" },
    { "list_positive", TENON_E_MISUSE, "the codec list_positive returned 7, which is neither" },
    { "list_fails", TENON_E_UNSUPPORTED, "file: it does not want to (at byte 3)" },
    { "list_mute", TENON_E_UNSUPPORTED, "the codec list_mute failed without saying why" },
    { "list_lies", TENON_E_TRUNCATED, "file: member 'far'" },
    { "list_nothing", TENON_E_UNRECOGNISED, "no codec knows what this list_nothing archive holds" },
    { "list_no_key", TENON_E_MISUSE, "the codec list_no_key: a member of an archive has no key" },
    { "list_nul", TENON_E_MALFORMED, "member 'a\\x00b': its name is not valid UTF-8 without NUL" },
    { "list_no_text", TENON_E_MALFORMED, "member 'caf\\xe9': its name is not valid UTF-8 without NUL" },
    { "list_far_key", TENON_E_LIMIT, "opening it takes more work" },
    { "list_long_key", TENON_OK, "kkkk" },
    { "list_overlap", TENON_E_MALFORMED, "overlap" },
    { "list_flag", TENON_E_UNSUPPORTED, "flags 0x10000, which this version does not know" },
    { "list_skips_well", TENON_E_MISUSE, "it skips a part without a status that says why" },
    { "list_size_zero", TENON_E_MISUSE, "a struct tenon_part has a wrong struct_size" },
    { "locate_none", TENON_E_MISUSE, "it sets TENON_PART_LATER, but has no locate function" },
    { "locate_well", TENON_OK, "a b" },
    { "locate_positive", TENON_E_MISUSE, "the codec locate_positive returned 7, which is neither" },
    { "locate_fails", TENON_E_MALFORMED, "file: no header is here (at byte 16)" },
    { "locate_mute", TENON_E_UNSUPPORTED, "the codec locate_mute failed without saying why" },
    { "locate_forgets", TENON_E_MISUSE, "the codec locate_forgets: it did not locate a member" },
    { "locate_twice", TENON_E_MISUSE, "the codec locate_twice: it locates a member twice" },
    { "locate_other", TENON_E_MISUSE, "it locates another member than the one that it was asked for" },
    { "locate_no_key", TENON_E_MISUSE, "it locates another member than the one that it was asked for" },
    { "locate_later", TENON_E_MISUSE, "it sets TENON_PART_LATER for a member that it must locate now" },
    { "locate_outside", TENON_E_TRUNCATED, "file: member 'a'" },
    { "locate_overlap", TENON_E_MALFORMED, "overlap" },
    { "locate_lies", TENON_E_TRUNCATED, "file: member 'a'" },
    { "locate_skips_well", TENON_E_MISUSE, "it skips a part without a status that says why" },
    { "key_size_zero", TENON_E_MISUSE, "a struct tenon_key has a wrong struct_size" },
    { "key_size_small", TENON_E_MISUSE, "a struct tenon_key has a wrong struct_size" },
    { "key_next_far", TENON_E_NOT_FOUND, "there are no more keys" },
    { "key_beyond", TENON_E_NOT_FOUND, "there are no more keys" },
    { "opens_null", TENON_E_MISUSE, "the codec opens_null: it opens no key" },
    { "opens_none", TENON_E_NOT_FOUND, "the key 'none\\n' is not there" },
    { "opens_prefix", TENON_E_NOT_FOUND, "the key 'b/../' is not there" },
    { "reads_none", TENON_E_MISUSE, "there is no source of the number that it gave" },
};

static void
begin (const char *isolate)
{
    uint8_t bytes[64];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t) i;
    if (isolate)
        setenv ("KIT_ISOLATE", isolate, 1);
    kit_plugins ("badstore", NULL);
    kit_save ("file", bytes, sizeof bytes);
}

static void
has_names (tenon_file *file, const char *names)
{
    char found[200] = "";
    for (uint64_t i = 0; i < tenon_count (file); i++) {
        tenon_tensor_info info;
        KIT_INIT (info);
        ck_assert_int_eq (tenon_get (file, i, &info), TENON_OK);
        size_t end = strlen (found);
        snprintf (found + end, sizeof found - end, "%s%.10s", i ? " " : "", info.name);
    }
    ck_assert_int_eq (strncmp (found, names, strlen (names)), 0);
}

static void
open_bad (unsigned i)
{
    if (bad[i].status < 0) {
        kit_open_fails ("file", bad[i].codec, NULL, bad[i].status, bad[i].words);
        return;
    }
    tenon_file *file = kit_open ("file", bad[i].codec, NULL);
    has_names (file, bad[i].words);
    ck_assert_int_eq (tenon_verify (file, NULL, NULL, &kit_error), TENON_OK);
    tenon_close (file);
}

START_TEST (test_bad)
{
    begin (NULL);
    open_bad ((unsigned) _i);
}
END_TEST

START_TEST (test_isolated)
{
    begin ("1");
    open_bad ((unsigned) _i);
    unsetenv ("KIT_ISOLATE");
}
END_TEST

/* next_key tells both members of a key, which are two tensors of a name. */
START_TEST (test_twice)
{
    begin (NULL);
    kit_open_fails ("file", "list_twice", NULL, TENON_E_MALFORMED, "tensor 'a': the name occurs twice");
}
END_TEST

static void
fill_suite (Suite *suite)
{
    TCase *tests = kit_case (suite, "stores");
    tcase_add_loop_test (tests, test_bad, 0, sizeof bad / sizeof bad[0]);
    tcase_add_loop_test (tests, test_isolated, 0, sizeof bad / sizeof bad[0]);
    tcase_add_test (tests, test_twice);
}

int
main (void)
{
    return kit_main ("badstore", fill_suite);
}
