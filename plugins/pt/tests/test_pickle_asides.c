/* SPDX-License-Identifier: MIT */
/* test_pickle_asides.c - values that are left out, beside a tensor that can be read. */
#include "kit.h"

struct aside {
    const char *bytes;
    size_t size;
    const char *words; /* of a note */
    const char *rest;  /* the metadata */
};
#define ASIDE(bytes, words, rest)                                                                            \
    {                                                                                                        \
        bytes, sizeof bytes - 1, words, rest                                                                 \
    }

static const struct aside asides[] = {
    ASIDE ("cos\nsystem\n" TEXT3 ("ls ") "\x85R",
           "needs the global os.system: tenon runs no code, and leaves it out", ""),
    ASIDE ("cposix\nsystem\n" TEXT3 ("ls ") "\x85R", "needs the global posix.system", ""),
    ASIDE ("c__builtin__\neval\n" TEXT3 ("1+1") "\x85R", "needs the global __builtin__.eval", ""),
    ASIDE ("cbuiltins\nexec\n" TEXT3 ("1+1") "\x85R", "needs the global builtins.exec", ""),
    ASIDE ("cbuiltins\ngetattr\n(cos\n__dict__\n" TEXT3 ("run") "tR", "needs the global builtins.getattr",
           ""),
    ASIDE ("(cos\nsystem\n" TEXT3 ("ls ") "o", "needs the global os.system", ""),
    ASIDE ("(" TEXT3 ("ls ") "ios\nsystem\n", "needs the global os.system", ""),
    ASIDE (TEXT1 ("a") TEXT1 ("b") "\x93)R", "needs the global a.b", ""),
    ASIDE ("X\x02\0\0\0os"
           "X\x0b\0\0\0path.system\x93)R",
           "needs the global os.path.system", ""),
    ASIDE ("X\x02\0\0\0os"
           "X\x08\0\0\0sys\ntem\0\x93)R",
           "needs the global os.sys?tem?", ""),
    ASIDE ("ca\nb\n)\x81", "needs the global a.b", ""),
    ASIDE ("ca\nb\n)}" TEXT1 ("k") "K\x01s\x92",
           "needs the global a.b: tenon runs no code, and lists its attributes", "x.k=1"),
    ASIDE ("ca\nb\n)\x81}" TEXT1 ("k") "K\x01sb", "lists its attributes instead", "x.k=1"),
    ASIDE ("ca\nb\n)\x81]K\x01"
           "ab",
           "needs the global a.b", ""),
    ASIDE ("ca\nb\n)\x81N}" TEXT1 ("k") "K\x01s\x86"
                                        "b",
           "lists its attributes instead", "x.k=1"),
    ASIDE ("ca\nb\n)RK\x01"
           "a",
           "lists its attributes instead", "x.0=1"),
    ASIDE ("ca\nb\n)RK\x01K\x02s", "lists its attributes instead", "x.1=2"),
    ASIDE ("ca\nb\n)R)R", "needs the global the result of a call", ""),
    ASIDE ("ca\nb\n)R)R)R)R)R", "needs the global the result of a call", ""),
    ASIDE ("ca\nb\n", "it is the global a.b, which tenon does not look up", ""),
    ASIDE ("\x82\x07", "it is the global copyreg extension.7", ""),
    ASIDE ("\x83\x07\x01", "it is the global copyreg extension.263", ""),
    ASIDE ("\x84\xff\xff\xff\xff", "it is the global copyreg extension.4294967295", ""),
    ASIDE ("Pevil\n", "needs the global persistent id.evil", ""),
    ASIDE ("K\x01Q", "needs the global persistent id.", ""),
    ASIDE ("NQ", "needs the global persistent id.", ""),
    ASIDE ("("
           "X\x06\0\0\0module"
           "tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "K\x01" TEXT1 ("0") TEXT3 ("cpu") "K\x04tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "cos\nsystem\n" TEXT1 ("0") TEXT3 ("cpu") "K\x04tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "ctorch\nFloatStorage\nK\0" TEXT3 ("cpu") "K\x04tQ",
           "needs the global persistent id.", ""),
    ASIDE ("(" TEXT7 ("storage") "ctorch\nFloatStorage\n" TEXT1 ("0") TEXT3 ("cpu") "\x8a\x0a"
                                                                                    "0123456789tQ",
           "needs the global persistent id.", ""),
    ASIDE ("\x8a\x0a"
           "0123456789",
           "an integer of more than 64 bits", ""),
    ASIDE ("L"
           "99999999999999999999999999999999999999L\n",
           "an integer of more than 64 bits", ""),
    ASIDE ("L-9223372036854775809L\n", "an integer of more than 64 bits", ""),
    ASIDE ("]q\x01h\x01"
           "a",
           "it holds itself", ""),
    ASIDE ("}q\x01" TEXT1 ("k") "h\x01s", "it holds itself", ""),
    ASIDE ("]q\x01(h\x01h\x01h\x01"
           "e",
           "it holds itself", ""),
    ASIDE ("]q\x01]q\x02h\x01"
           "ah\x02"
           "0h\x01h\x02"
           "a",
           "it holds itself", ""),
    ASIDE ("ca\nb\n)\x81q\x01}" TEXT1 ("k") "h\x01sb", "it holds itself", ""),
    ASIDE ("ca\nb\n)\x81q\x01h\x01"
           "b",
           "needs the global a.b", ""),
    ASIDE ("ccollections\nOrderedDict\n)Rq\x01" TEXT1 ("k") "h\x01s", "it holds itself", ""),
    ASIDE ("cbuiltins\nset\n]q\x01h\x01\x85"
           "a0h\x01\x85R",
           "it holds itself", ""),
    ASIDE ("}(K\x01K\x02K\x01K\x03u", "a dict has this key twice: the last value counts", "x.1=3"),
    ASIDE ("}(" TEXT1 ("k") "K\x02" TEXT1 ("k") "K\x03u", "a dict has this key twice: the last value counts",
           "x.k=3"),
    ASIDE ("}(K\x01K\x02" TEXT1 ("1") "K\x03u", "another value of the file has the name 'x.1'",
           "x.1=2 x.1#2=3"),
};

/* {'w': tensor, 'x': this, 'z': tensor} */
static void
check_asides (int number)
{
    static const char before[] = P2 "}(" TEXT1 ("w") TENSOR TEXT1 ("x"), after[] = TEXT1 ("z") TENSOR "u.";
    const struct aside *aside = &asides[number];
    struct bytes pickle = { .size = 0 };
    put (&pickle, before, sizeof before - 1);
    put (&pickle, aside->bytes, aside->size);
    put (&pickle, after, sizeof after - 1);
    struct bytes bytes = file_around (pickle.data, pickle.size);
    tenon_file *file = open_bytes (&bytes, "m");
    ck_assert_msg (file != NULL, "case %d: %s", number, error.message);
    ck_assert_msg (noted (file, aside->words), "case %d: no note of '%s'", number, aside->words);
    ck_assert_msg (strcmp (listed (file), aside->rest) == 0, "case %d: '%s'", number, listed (file));
    ck_assert_uint_eq (tenon_count (file), 2);
    has_tensor (file, "w");
    has_tensor (file, "z");
    close_file (file);
    free (pickle.data);
    free (bytes.data);
}

START_TEST (a_value_that_is_left_out_hides_no_other)
{
    for (size_t i = 0; i < sizeof asides / sizeof asides[0]; i++)
        check_asides ((int) i);
}
END_TEST

static void
add_tests (TCase *cases)
{
    tcase_add_test (cases, a_value_that_is_left_out_hides_no_other);
}

int
main (void)
{
    return run_suite ("pickle_asides", add_tests);
}
